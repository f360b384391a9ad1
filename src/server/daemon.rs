//! Becoming a daemon: the parent waits until the server is up and ends with what that led to.
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};

/// The daemon's end of the line to its waiting parent.
pub struct Parent(File);

impl Parent {
    /// The server is up: the parent ends with 0.
    pub fn up(mut self) {
        // A parent that was killed meanwhile needs no answer.
        let _ = self.0.write_all(&[1]);
    }
}

/// What `fork` returned as.
pub enum Side {
    /// The waiting parent: whether the daemon came up.
    Parent {
        up: bool,
    },
    Daemon(Parent),
}

/// Splits the process. Must be called while it has one thread.
pub fn fork() -> std::io::Result<Side> {
    let mut ends = [0; 2];
    // SAFETY: pipe fills the two descriptors; they are owned by nobody else.
    let (reader, writer) = unsafe {
        if libc::pipe(ends.as_mut_ptr()) != 0 {
            return Err(std::io::Error::last_os_error());
        }
        (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
    };
    // SAFETY: the process has one thread, so the child's copy is consistent.
    match unsafe { libc::fork() } {
        -1 => Err(std::io::Error::last_os_error()),
        0 => {
            drop(reader);
            detach();
            Ok(Side::Daemon(Parent(File::from(writer))))
        }
        _ => {
            drop(writer);
            let mut answer = [0];
            // End of file without a byte: the daemon ended before it was up.
            let up = File::from(reader).read(&mut answer).is_ok_and(|n| n == 1);
            Ok(Side::Parent { up })
        }
    }
}

/// A session of its own, so that the terminal's end is not the daemon's.
fn detach() {
    // SAFETY: setsid takes nothing and fails only for a group leader, which a fresh child is not.
    unsafe { libc::setsid() };
}

/// Lets go of the terminal. stderr stays when the script logs there.
pub fn release_terminal(keep_stderr: bool) {
    // SAFETY: descriptors are plain numbers; a failed dup2 leaves the old one in place.
    unsafe {
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
        if null < 0 {
            return;
        }
        libc::dup2(null, 0);
        libc::dup2(null, 1);
        if !keep_stderr {
            libc::dup2(null, 2);
        }
        if null > 2 {
            libc::close(null);
        }
    }
}
