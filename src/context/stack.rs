//! The two context stacks of a run (design, "Cross-dialog contexts").
//!
//! A frame is an `Arc` and the place of the load. The stacks are independent: unloading a dialog never touches an
//! accounting frame, and the other way round. Nested routes (branch_route, error_route) see the frames of the run they
//! run in and cannot pop below their entry.
use super::accounting::AccCtx;
use super::dialog::Dialog;
use crate::base::Span;
use smallvec::SmallVec;
use std::sync::Arc;

/// Frames a stack holds at most.
pub const DEPTH: usize = 16;

#[derive(Clone, Debug)]
pub struct Frame<T> {
    pub context: Arc<T>,
    /// Where the script loaded it.
    pub loaded_at: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushError {
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PopError {
    /// Nothing that this route loaded is on the stack.
    Empty,
}

#[derive(Debug)]
pub struct Stack<T> {
    frames: SmallVec<[Frame<T>; 1]>,
    /// Frames below this belong to the route that a nested route runs in.
    floor: usize,
}

impl<T> Default for Stack<T> {
    fn default() -> Self {
        Stack { frames: SmallVec::new(), floor: 0 }
    }
}

impl<T> Stack<T> {
    pub fn top(&self) -> Option<&Arc<T>> {
        self.frames.last().map(|f| &f.context)
    }

    pub fn len(&self) -> usize {
        self.frames.len()
    }

    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub fn push(&mut self, context: Arc<T>, loaded_at: Span) -> Result<(), PushError> {
        if self.frames.len() >= DEPTH {
            return Err(PushError::Full);
        }
        self.frames.push(Frame { context, loaded_at });
        Ok(())
    }

    pub fn pop(&mut self) -> Result<Frame<T>, PopError> {
        if self.frames.len() <= self.floor {
            return Err(PopError::Empty);
        }
        self.frames.pop().ok_or(PopError::Empty)
    }

    /// Hides what is loaded now from `pop` until `leave` gets the returned mark back.
    pub fn enter(&mut self) -> usize {
        std::mem::replace(&mut self.floor, self.frames.len())
    }

    /// Ends a nested route: what it left loaded is handed out, newest first.
    pub fn leave(&mut self, mark: usize) -> SmallVec<[Frame<T>; 1]> {
        let leaked = self.release();
        self.floor = mark;
        leaked
    }

    /// Takes every frame above the floor, newest first.
    pub fn release(&mut self) -> SmallVec<[Frame<T>; 1]> {
        let mut leaked = SmallVec::new();
        while self.frames.len() > self.floor {
            leaked.extend(self.frames.pop());
        }
        leaked
    }
}

/// What a run has loaded.
#[derive(Debug, Default)]
pub struct ContextStacks {
    pub dialogs: Stack<Dialog>,
    pub accounting: Stack<AccCtx>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(n: u32) -> Span {
        Span::at(n)
    }

    #[test]
    fn pops_in_reverse_and_then_says_empty() {
        let mut stack = Stack::default();
        stack.push(Arc::new('a'), place(1)).unwrap();
        stack.push(Arc::new('b'), place(2)).unwrap();
        assert_eq!(stack.top().map(|c| **c), Some('b'));
        assert_eq!(stack.pop().map(|f| *f.context), Ok('b'));
        assert_eq!(stack.pop().map(|f| f.loaded_at), Ok(place(1)));
        assert_eq!(stack.pop().map(|f| f.loaded_at), Err(PopError::Empty));
    }

    #[test]
    fn the_seventeenth_frame_is_refused() {
        let mut stack = Stack::default();
        for i in 0..DEPTH {
            stack.push(Arc::new(i), place(0)).unwrap();
        }
        assert_eq!(stack.push(Arc::new(99), place(0)), Err(PushError::Full));
        assert_eq!(stack.len(), DEPTH);
    }

    #[test]
    fn a_nested_route_sees_but_cannot_pop_its_callers_frames() {
        let mut stack = Stack::default();
        stack.push(Arc::new('a'), place(1)).unwrap();
        let mark = stack.enter();
        assert_eq!(stack.top().map(|c| **c), Some('a'));
        assert!(stack.pop().is_err());
        stack.push(Arc::new('b'), place(2)).unwrap();
        stack.push(Arc::new('c'), place(3)).unwrap();
        let leaked: Vec<char> = stack.leave(mark).into_iter().map(|f| *f.context).collect();
        assert_eq!(leaked, ['c', 'b']);
        assert_eq!(stack.pop().map(|f| *f.context), Ok('a'));
    }
}
