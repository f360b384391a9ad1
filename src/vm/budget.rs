//! What a task may spend: operations before others get a turn, operations in all, bytes of values.
use super::run_loop::Exit;
use super::task::FaultKind;
use crate::context::{Run, Value};

/// What is left of it.
#[derive(Clone, Debug)]
pub struct Budget {
    fuel: u32,
    /// What is left of the turn while single operations are looked at; `fuel` is 0 meanwhile.
    watched: Option<u32>,
    turns: u32,
    /// Bytes of values stored since they were last counted.
    stored: usize,
}

impl Budget {
    const TURN: u32 = 10_000;
    const TURNS: u32 = 2_000;
    const MEMORY: usize = 16 << 20;

    /// Whether one more operation fits into this turn.
    #[inline]
    pub fn spend(&mut self) -> bool {
        let left = self.fuel.checked_sub(1);
        self.fuel = left.unwrap_or(0);
        left.is_some()
    }

    /// A new turn begins.
    pub fn refuel(&mut self) {
        self.fuel = Self::TURN;
        self.watched = None;
    }

    /// Whether `spend` is to fail at each operation, so that it can be looked at.
    pub fn watch(&mut self, on: bool) {
        match (on, self.watched) {
            (true, None) => self.watched = Some(std::mem::take(&mut self.fuel)),
            (false, Some(left)) => {
                self.fuel = left;
                self.watched = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// `spend` for an operation that is looked at.
    pub fn spend_watched(&mut self) -> bool {
        match &mut self.watched {
            Some(left @ 1..) => {
                *left -= 1;
                true
            }
            Some(_) | None => false,
        }
    }

    pub fn turn_over(&mut self, run: &Run) -> Exit {
        self.turns += 1;
        if self.turns >= Self::TURNS {
            return Exit::Fault(FaultKind::TooManyOperations);
        }
        match self.audit(run) {
            Some(fault) => Exit::Fault(fault),
            None => Exit::Yield,
        }
    }

    /// Notes stored bytes; they are counted in full only when enough has come together.
    pub fn store(&mut self, bytes: usize, run: &Run) -> Option<FaultKind> {
        self.stored += bytes;
        if self.stored > Self::MEMORY { self.audit(run) } else { None }
    }

    fn audit(&mut self, run: &Run) -> Option<FaultKind> {
        let vars: usize = run.vars.iter().map(Value::heap_len).sum();
        let extras: usize = run.reply_extras.headers.iter().map(|line| line.len()).sum();
        self.stored = vars + run.avps.heap_len() + run.edits.heap_len() + extras;
        (self.stored > Self::MEMORY).then_some(FaultKind::TooMuchMemory)
    }
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { fuel: Budget::TURN, watched: None, turns: 0, stored: 0 }
    }
}
