//! Events for `event_route`: raised by modules, queued with the worker, run after the message at work.
use super::run::EventParam;

#[derive(Clone, Debug)]
pub struct ScriptEvent {
    /// `E_DLG_STATE_CHANGED` and its kind.
    pub name: &'static str,
    pub params: Vec<EventParam>,
}
