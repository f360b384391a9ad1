//! Events for `event_route`: raised by scripts and modules, queued with the worker, run after the message at work.
use super::run::EventParam;
use super::value::Value;
use crate::base::Str;
use std::collections::VecDeque;

#[derive(Clone, Debug)]
pub struct ScriptEvent {
    /// `E_DLG_STATE_CHANGED` and its kind.
    pub name: Str,
    pub params: Vec<EventParam>,
}

impl EventParam {
    pub fn text(name: &'static str, value: impl Into<Str>) -> EventParam {
        EventParam { name: Str::from_static(name), value: Value::Str(value.into()) }
    }

    pub fn int(name: &'static str, value: i32) -> EventParam {
        EventParam { name: Str::from_static(name), value: Value::Int(value) }
    }
}

/// Events that wait for their routes, oldest first.
#[derive(Debug, Default)]
pub struct Events(VecDeque<ScriptEvent>);

impl Events {
    const LIMIT: usize = 10_000;

    /// False when there is no room.
    pub fn push(&mut self, event: ScriptEvent) -> bool {
        let has_room = self.0.len() < Self::LIMIT;
        if has_room {
            self.0.push_back(event);
        }
        has_room
    }

    pub fn pop(&mut self) -> Option<ScriptEvent> {
        self.0.pop_front()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_takes_no_more() {
        let mut events = Events::default();
        let event = |n: usize| ScriptEvent { name: Str::from(n.to_string()), params: Vec::new() };
        let taken = (0..Events::LIMIT + 5).filter(|n| events.push(event(*n))).count();
        assert_eq!(taken, Events::LIMIT);
        assert_eq!(events.pop().map(|e| e.name), Some(Str::from("0")));
        assert!(events.push(event(1)));
    }
}
