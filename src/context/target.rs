//! Where a request goes: the R-URI and destination of branch 0, and the added branches (language reference 11.4).
use super::sockets::SocketId;
use super::value::Value;
use crate::base::Str;
use smallvec::SmallVec;

/// Branches beside the R-URI's own.
pub const MAX_ADDED: usize = 11;

/// Destination of one branch. In branch 0 every `None` means "as received".
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Request-URI.
    pub uri: Option<Str>,
    /// Destination URI: where to send, when that is not the R-URI.
    pub dst: Option<Str>,
    pub path: Option<Str>,
    /// 0..=1000.
    pub q: Option<u16>,
    /// Forced sending socket.
    pub socket: Option<SocketId>,
    pub flags: u32,
    /// `$msg.branch.attr(n)`
    pub attrs: Vec<(Str, Value)>,
}

/// What a request will be sent to.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// Branch 0, the message itself.
    pub main: Target,
    pub added: SmallVec<[Target; 1]>,
}

impl Targets {
    /// False when the set is full.
    pub fn add(&mut self, target: Target) -> bool {
        if self.added.len() >= MAX_ADDED {
            return false;
        }
        self.added.push(target);
        true
    }

    /// 0 is the R-URI's branch.
    pub fn get(&self, index: usize) -> Option<&Target> {
        match index.checked_sub(1) {
            None => Some(&self.main),
            Some(i) => self.added.get(i),
        }
    }

    pub fn get_mut(&mut self, index: usize) -> Option<&mut Target> {
        match index.checked_sub(1) {
            None => Some(&mut self.main),
            Some(i) => self.added.get_mut(i),
        }
    }
}
