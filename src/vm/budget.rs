//! What a task may spend: operations before others get a turn, operations in all, bytes of values.
use super::run_loop::Exit;
use super::task::FaultKind;
use crate::context::{Run, Value};

/// What is left of it.
#[derive(Clone, Debug)]
pub struct Budget {
    fuel: u32,
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
        self.stored = vars + run.avps.heap_len();
        (self.stored > Self::MEMORY).then_some(FaultKind::TooMuchMemory)
    }
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { fuel: Budget::TURN, turns: 0, stored: 0 }
    }
}
