//! Answers on their way to a worker, and the bell that wakes it.
use crate::context::{EffectAnswer, WaitId};
use parking_lot::Mutex;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Filled from any thread, emptied by one worker.
pub struct Inbox {
    answers: Mutex<Vec<(WaitId, EffectAnswer)>>,
    bell: OwnedFd,
}

impl Inbox {
    pub fn new() -> io::Result<Inbox> {
        // SAFETY: eventfd takes numbers and returns a descriptor that nobody else owns.
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just made.
        Ok(Inbox { answers: Mutex::new(Vec::new()), bell: unsafe { OwnedFd::from_raw_fd(fd) } })
    }

    pub fn put(&self, id: WaitId, answer: EffectAnswer) {
        self.answers.lock().push((id, answer));
        self.ring();
    }

    /// Wakes the worker.
    pub fn ring(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: eight bytes from a live buffer. The only failure, a full counter, means that the bell rings already.
        unsafe { libc::write(self.bell.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    /// What poll waits for.
    pub fn bell(&self) -> RawFd {
        self.bell.as_raw_fd()
    }

    /// Silences the bell and takes everything.
    pub fn take(&self) -> Vec<(WaitId, EffectAnswer)> {
        let mut count = [0u8; 8];
        // SAFETY: eight bytes into a live buffer; an empty counter is no error worth telling.
        unsafe { libc::read(self.bell.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
        std::mem::take(&mut *self.answers.lock())
    }
}
