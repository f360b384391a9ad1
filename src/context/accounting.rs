//! The accounting context of one call: what is accounted, and the extra and leg values its records carry.
//!
//! One object for a call, shared by the message that made it, its transaction and its dialog; `acc_load_ctx_from_dlg`
//! pushes another call's. The records themselves are written by the `acc` module.
use crate::base::Str;
use parking_lot::Mutex;

#[derive(Debug, Default)]
pub struct AccCtx {
    pub state: Mutex<AccState>,
}

/// Values are by number of the declared field.
#[derive(Clone, Debug, Default)]
pub struct AccState {
    /// What `do_accounting` switched on, by backend.
    pub backends: [BackendFlags; Backend::COUNT],
    /// Table of the database backend.
    pub table: Option<Str>,
    /// When `do_accounting(.., "cdr")` or the first `do_accounting` ran, microseconds since 1970.
    pub created_us: Option<u64>,
    pub extra: Vec<Option<Str>>,
    /// One row a leg; there is a first leg as soon as leg fields are declared.
    pub legs: Vec<Vec<Option<Str>>>,
    /// When a provisional reply was accounted (`early_media`): the call's start in its CDR.
    pub early_us: Option<u64>,
    /// When the BYE came, microseconds since 1970.
    pub ended_us: Option<u64>,
    /// What the CDR takes from the INVITE and its answer.
    pub core: Option<CdrCore>,
    /// The CDR is written once.
    pub cdr_written: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    Log,
    Aaa,
    Db,
    Evi,
}

impl Backend {
    pub const COUNT: usize = 4;
    pub const ALL: [Backend; Self::COUNT] = [Backend::Log, Backend::Aaa, Backend::Db, Backend::Evi];

    pub const fn name(self) -> &'static str {
        match self {
            Backend::Log => "log",
            Backend::Aaa => "aaa",
            Backend::Db => "db",
            Backend::Evi => "evi",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackendFlags {
    pub on: bool,
    pub cdr: bool,
    pub missed: bool,
    pub failed: bool,
}

/// What an answered call's record says, kept from the answer to the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CdrCore {
    pub method: Str,
    pub from_tag: Str,
    pub to_tag: Str,
    pub call_id: Str,
    pub code: u16,
    pub reason: Str,
    /// Microseconds since 1970.
    pub answered_us: u64,
}

impl AccState {
    pub fn any_on(&self) -> bool {
        self.backends.iter().any(|b| b.on)
    }

    pub fn wants_cdr(&self) -> bool {
        self.backends.iter().any(|b| b.on && b.cdr)
    }
}
