//! `regex`: Perl-compatible regular expressions.
//!
//! `pcre.rs` compiles a pattern, `dialect.rs` writes it for the engine, `groups.rs` reads the file of groups, `subst.rs` is
//! `{pcre.subst}`. Patterns that are made at run time are kept compiled (`Recent`).
mod dialect;
mod groups;
mod pcre;
mod subst;

use crate::base::Str;
use crate::context::{Level, Value};
use crate::registry::ParamSignature;
use crate::registry::param::{int, string};
use crate::script_fns;
use crate::vm::{Cx, Function, InitCx, Module, Store, VarOut};
use ahash::AHashMap;
use parking_lot::Mutex;
use pcre::{Options, Pcre};
use std::sync::Arc;

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    transforms: subst::TRANSFORMS,
    params: PARAMS,
    examples: &[include_str!("examples.md")],
    init: Some(init),
    ..Module::empty("regex")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Whether a text matches; `found` gets the part that does, or NULL. -4: the expression is bad.
    fn pcre_match(string: Str, pcre_regex: Str, found: Option<VarOut>)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [MayFail] => pcre_match;

    /// Whether a text matches one of the expressions of a group. -2: there is no `file`; -4: no such group.
    fn pcre_match_group(string: Str, group: Option<i32>)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [MayFail] => pcre_match_group;
};

static PARAMS: &[ParamSignature] = &[
    string("file", "A file with groups of expressions, for `pcre_match_group`."),
    int("max_groups", "Groups that the file may have (20)."),
    int("group_max_size", "Bytes that a group may have (8192)."),
    int("pcre_caseless", "Letters match either case (0)."),
    int("pcre_multiline", "`^` and `$` match at line breaks (0)."),
    int("pcre_dotall", "`.` matches line breaks (0)."),
    int("pcre_extended", "Blanks and comments in expressions mean nothing (0)."),
];

struct State {
    options: Options,
    /// `None` without a file.
    groups: Option<Vec<Pcre>>,
    recent: Recent,
}

/// Patterns that scripts made, the most recent ones compiled.
#[derive(Default)]
struct Recent(Mutex<AHashMap<Str, Result<Arc<Pcre>, String>>>);

impl Recent {
    const LIMIT: usize = 256;

    fn get(&self, text: &Str, options: Options) -> Result<Arc<Pcre>, String> {
        self.made(text, || Pcre::new(text, options))
    }

    fn made(&self, key: &Str, make: impl FnOnce() -> Result<Pcre, String>) -> Result<Arc<Pcre>, String> {
        if let Some(known) = self.0.lock().get(&key[..]) {
            return known.clone();
        }
        let made = make().map(Arc::new);
        let mut recent = self.0.lock();
        if recent.len() >= Self::LIMIT {
            recent.clear();
        }
        recent.insert(key.clone(), made.clone());
        made
    }
}

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    let flag = |name| cx.params.flag(name, false);
    let options = Options {
        caseless: flag("pcre_caseless"),
        multiline: flag("pcre_multiline"),
        dotall: flag("pcre_dotall"),
        extended: flag("pcre_extended"),
    };
    let limits = groups::Limits {
        groups: usize::try_from(cx.params.int("max_groups", 20)).unwrap_or_default(),
        size: usize::try_from(cx.params.int("group_max_size", 8192)).unwrap_or_default(),
    };
    let groups = match cx.params.str("file") {
        None => None,
        Some(path) => {
            let shown = String::from_utf8_lossy(path);
            let text = (cx.settings.read_file)(path).map_err(|why| format!("`{shown}`: {why}"))?;
            Some(groups::compile(&text, limits, options).map_err(|why| format!("`{shown}`: {why}"))?)
        }
    };
    cx.states.set(State { options, groups, recent: Recent::default() });
    Ok(())
}

fn pcre_match(cx: &mut Cx<'_>, text: Str, pattern: Str, found: Option<VarOut>) -> i32 {
    let state = cx.core.state::<State>();
    let pcre = match state.recent.get(&pattern, state.options) {
        Ok(pcre) => pcre,
        Err(why) => {
            cx.log(Level::Error, "regex", "pcre_match", format_args!("`{pattern}`: {why}"));
            return -4;
        }
    };
    let Some(out) = found else { return if pcre.is_match(&text) { 1 } else { -1 } };
    let captures = pcre.captures_at(&text, 0);
    let matched = captures.as_ref().map(|c| c.text(0, &text));
    let value = matched.map_or(Value::Null, |part| Value::Str(text.part(part)));
    if cx.write(&out.0, Store::Set, value).is_err() || matched.is_none() {
        return -1;
    }
    1
}

fn pcre_match_group(cx: &mut Cx<'_>, text: Str, group: Option<i32>) -> i32 {
    let state = cx.core.state::<State>();
    let Some(groups) = &state.groups else {
        cx.log(Level::Error, "regex", "pcre_match_group", format_args!("there are no groups: `file` is not set"));
        return -2;
    };
    let group = group.unwrap_or(0);
    match usize::try_from(group).ok().and_then(|at| groups.get(at)) {
        Some(pcre) if pcre.is_match(&text) => 1,
        Some(_) => -1,
        None => {
            let text = format_args!("there is no group {group}, only {}", groups.len());
            cx.log(Level::Error, "regex", "pcre_match_group", text);
            -4
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::{Fixture, text};
    use crate::registry::Setting;
    use crate::vm::Arg;

    fn fixture(params: &[(&str, Setting)]) -> Fixture {
        Fixture::with("OPTIONS sip:h SIP/2.0\ni: 1", &[(&MODULE, params)])
    }

    #[test]
    fn a_match_is_handed_out() {
        let mut f = fixture(&[]);
        let args = [text("call 4711 now"), text(r"\d+"), f.by_ref("$var(m)")];
        assert_eq!(f.call(&MODULE, "pcre_match", &args), 1);
        assert_eq!(f.value("$var(m)"), Value::text(b"4711"));
        let args = [text("none"), text(r"\d+"), f.by_ref("$var(m)")];
        assert_eq!(f.call(&MODULE, "pcre_match", &args), -1);
        assert_eq!(f.value("$var(m)"), Value::Null);
        assert_eq!(f.call(&MODULE, "pcre_match", &[text("a"), text("(")]), -4);
    }

    #[test]
    fn parameters_are_options_of_every_pattern() {
        let mut f = fixture(&[("pcre_caseless", Setting::Int(1)), ("pcre_extended", Setting::Int(1))]);
        assert_eq!(f.call(&MODULE, "pcre_match", &[text("TWINKLE"), text("twin kle # a phone")]), 1);
    }

    #[test]
    fn groups_need_a_file() {
        let mut f = fixture(&[]);
        assert_eq!(f.call(&MODULE, "pcre_match_group", &[text("a"), Arg::Int(0)]), -2);
    }
}
