//! `textops`: searching and changing the text of a message.
//!
//! Everything is matched against the message as it came in; changes go to its edit list, so that two calls see the same
//! text. `search.rs` holds the bodies over header fields and body, `request_uri.rs` those over the Request-URI,
//! `matches.rs` finds the matches one after the other.
mod matches;
mod request_uri;
mod search;

use crate::base::Str;
use crate::script_fns;
use crate::vm::{Function, Module, PatternArg, SubstitutionArg};
pub use request_uri::substituted;

pub static MODULE: Module =
    Module { functions: FUNCTIONS, examples: &[include_str!("examples.md")], ..Module::empty("textops") };

static FUNCTIONS: &[Function] = script_fns! {
    /// Whether the message, with its first line, matches.
    fn search(re: PatternArg) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => search::search;

    /// Whether the body matches.
    fn search_body(re: PatternArg) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => search::search_body;

    /// Puts a text behind the first match, the first line excepted.
    fn search_append(re: PatternArg, txt: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => search::search_append;

    /// Puts a text behind the first match in the body.
    fn search_append_body(re: PatternArg, txt: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => search::search_append_body;

    /// Replaces the first match, the first line excepted.
    fn replace(re: PatternArg, txt: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => search::replace;

    /// Replaces the first match in the body.
    fn replace_body(re: PatternArg, txt: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => search::replace_body;

    /// Replaces every match, the first line excepted.
    fn replace_all(re: PatternArg, txt: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => search::replace_all;

    /// Replaces every match in the body.
    fn replace_body_all(re: PatternArg, txt: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => search::replace_body_all;

    /// Replaces every match in the body, where `^` does not match behind a match.
    fn replace_body_atonce(re: PatternArg, txt: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => search::replace_body_atonce;

    /// Replaces by `/expression/replacement/flags`, the first line excepted.
    fn subst(re_repl_flags: SubstitutionArg) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => search::subst;

    /// Replaces by `/expression/replacement/flags` in the body.
    fn subst_body(re_repl_flags: SubstitutionArg) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => search::subst_body;

    /// Replaces by `/expression/replacement/flags` in the Request-URI.
    fn subst_uri(re_repl_flags: SubstitutionArg) in REQUEST | FAILURE | ONREPLY | BRANCH, roles [MayFail] => request_uri::subst_uri;

    /// Replaces by `/expression/replacement/flags` in the user of the Request-URI.
    fn subst_user(re_repl_flags: SubstitutionArg) in REQUEST | FAILURE | ONREPLY | BRANCH, roles [MayFail] => request_uri::subst_user;
};
