//! `sr_check_status`: whether a part of the server is ready.
use crate::base::Str;
use crate::script_fns;
use crate::vm::{Cx, Function, Vocabulary, Words};
use std::sync::atomic::Ordering;

pub const FUNCTIONS: &[Function] = script_fns! {
    /// The status of a part of the server: positive when it is ready. `core` is 1, and -1 until the startup route is done.
    fn sr_check_status(group: Words<Group>, identifier: Option<Str>) in ALL => check;
};

/// What modules report about is not there: none of them has anything to load yet.
#[derive(Clone, Copy)]
pub enum Group {
    Core,
}

impl Vocabulary for Group {
    fn parse(text: &[u8]) -> Result<Group, String> {
        match text {
            b"core" => Ok(Group::Core),
            other => Err(format!("`{}` reports no status here; `core` does", String::from_utf8_lossy(other))),
        }
    }
}

const READY: i32 = 1;
const NOT_READY: i32 = -1;

/// OpenSIPS hands its own mark out.
const NOT_FOUND: i32 = i32::MIN;

/// The only identifier of the core, which stands for the group when none is named.
const MAIN: &[u8] = b"main";

fn check(cx: &mut Cx<'_>, Words(Group::Core): Words<Group>, identifier: Option<Str>) -> i32 {
    let is_known = identifier.is_none_or(|name| *name == *MAIN || name.eq_ignore_ascii_case(b"all"));
    match (is_known, cx.core.started.load(Ordering::Acquire)) {
        (false, _) => NOT_FOUND,
        (true, true) => READY,
        (true, false) => NOT_READY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::core::MODULE;
    use crate::modules::fixture::{Fixture, text};

    #[test]
    fn the_core_is_ready_once_it_has_started() {
        let mut f = Fixture::new("OPTIONS sip:h SIP/2.0\ni: 1");
        let mut check = |started, args: &[&str]| {
            f.core.started.store(started, Ordering::Release);
            let args: Vec<_> = args.iter().map(|a| text(a)).collect();
            f.call(&MODULE, "sr_check_status", &args)
        };
        assert_eq!((check(true, &["core"]), check(true, &["core", "main"]), check(true, &["core", "ALL"])), (1, 1, 1));
        assert_eq!((check(false, &["core"]), check(false, &["core", "all"])), (-1, -1));
        assert_eq!((check(true, &["core", "x"]), check(true, &["drouting"])), (i32::MIN, -1));
    }
}
