//! Switches that break one release rule each. Tests set them, to show that the soak test would notice such a defect.
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Debug, Default)]
pub struct Faults {
    /// The end of a run, or of a route within one, does not release its frames.
    pub keep_frames: Fault,
    /// The end of a transaction does not give up its dialog.
    pub keep_transaction_reference: Fault,
    /// The end of a dialog does not take it out of its profiles.
    pub keep_profiles: Fault,
}

#[derive(Debug, Default)]
pub struct Fault(AtomicBool);

impl Fault {
    pub fn inject(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_injected(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
