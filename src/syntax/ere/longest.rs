//! The longest of the matches that begin at one place, which is what POSIX asks for.
//!
//! All threads of the automaton are followed to their ends; the last to match is the longest. Among matches of the same
//! length the groups are those of the first alternatives, which agrees with POSIX for all but contrived patterns.
use super::{Captures, EreErrorKind, Flags, MAX_PROGRAM};
use regex_automata::nfa::thompson::{self, pikevm};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(super) struct Longest {
    machine: Arc<pikevm::PikeVM>,
}

impl Longest {
    /// Compiles what the translation made, once more.
    pub(super) fn new(regex: &str, flags: Flags) -> Result<Longest, EreErrorKind> {
        let machine = pikevm::PikeVM::builder()
            .syntax(syntax::Config::new().unicode(false).utf8(false).case_insensitive(flags.icase))
            .thompson(thompson::Config::new().utf8(false).nfa_size_limit(Some(MAX_PROGRAM)))
            .configure(pikevm::Config::new().match_kind(MatchKind::All))
            .build(regex);
        machine.map(|machine| Longest { machine: Arc::new(machine) }).map_err(|_| EreErrorKind::TooLarge)
    }

    pub(super) fn states(&self) -> usize {
        self.machine.get_nfa().states().len()
    }

    /// The longest match that begins at `start`.
    pub(super) fn captures(&self, subject: &[u8], start: usize) -> Option<Captures> {
        let mut cache = self.machine.create_cache();
        let mut found = self.machine.create_captures();
        let input = Input::new(subject).range(start..).anchored(Anchored::Yes);
        self.machine.captures(&mut cache, input, &mut found);
        found.is_match().then(|| Captures(found.iter().map(|group| Some(group?.range())).collect()))
    }
}
