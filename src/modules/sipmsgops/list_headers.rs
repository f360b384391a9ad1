//! Options in header fields that are comma lists (Supported, Require), read as they will leave.
use super::headers::FieldName;
use crate::base::Str;
use crate::script_fns;
use crate::sip::scan::commas;
use crate::sip::{Header, Range};
use crate::vm::{Cx, Function, Ruled};

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Whether an option stands in one of the header fields of this name.
    fn list_hdr_has_option(hdr_name: Ruled<FieldName>, option: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => has_option;

    /// Adds an option behind those of the first header field of this name. -1: there is no such field.
    fn list_hdr_add_option(hdr_name: Ruled<FieldName>, option: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => add_option;

    /// Removes the last occurrence of an option in each header field of this name; a field without options goes.
    fn list_hdr_remove_option(hdr_name: Ruled<FieldName>, option: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => remove_option;
};

fn has_option(cx: &mut Cx<'_>, Ruled(name): Ruled<FieldName>, option: Str) -> bool {
    let run = &cx.run;
    run.msg
        .by_name(&name)
        .filter_map(|field| run.edits.value_of(&run.msg, field))
        .any(|value| options(&value).any(|o| o.of(&value).eq_ignore_ascii_case(&option)))
}

fn add_option(cx: &mut Cx<'_>, Ruled(name): Ruled<FieldName>, option: Str) -> bool {
    let Some(field) = fields(cx, &name).first().copied() else { return false };
    if !is_option(&option) {
        return false;
    }
    let message = &cx.run.msg;
    match cx.run.edits.value_of(message, &field).filter(|value| !value.is_empty()) {
        Some(value) => {
            let end = options(&value).last().map_or(value.len(), |last| last.end as usize);
            let (kept, tail) = value.split_at_checked(end).unwrap_or((&value, b""));
            let new = [kept, b",", &option, tail].concat();
            cx.run.edits.set_value(&field, Str::from(new));
        }
        // Nothing is left that could be changed: the option gets a field of its own.
        None => {
            let line = [message.bytes(field.name), b": ", &option, b"\r\n"].concat();
            cx.run.edits.append_header(message, Str::from(line));
        }
    }
    true
}

fn remove_option(cx: &mut Cx<'_>, Ruled(name): Ruled<FieldName>, option: Str) -> bool {
    let mut any = false;
    for field in fields(cx, &name) {
        let Some(value) = cx.run.edits.value_of(&cx.run.msg, &field) else { continue };
        let all: Vec<Range> = options(&value).collect();
        let Some(at) = all.iter().rposition(|o| o.of(&value).eq_ignore_ascii_case(&option)) else { continue };
        any = true;
        match without(&value, &all, at) {
            Some(rest) => cx.run.edits.set_value(&field, Str::from(rest)),
            None => cx.run.edits.remove_header(&field),
        }
    }
    any
}

/// The list without one option and the comma behind it, or before it when it is the last; `None` when nothing is left.
fn without(value: &[u8], all: &[Range], at: usize) -> Option<Vec<u8>> {
    let gone = match (at.checked_sub(1).and_then(|b| all.get(b)), all.get(at)?, all.get(at + 1)) {
        (_, own, Some(next)) => Range { start: own.start, end: next.start },
        (Some(before), own, None) => Range { start: before.end, end: own.end },
        (None, _, None) => return None,
    };
    Some([value.get(..gone.start as usize)?, value.get(gone.end as usize..)?].concat())
}

fn options(value: &[u8]) -> impl Iterator<Item = Range> {
    commas(value, Range::all(value)).filter(|o| !o.is_empty())
}

fn fields(cx: &Cx<'_>, name: &[u8]) -> Vec<Header> {
    cx.run.msg.by_name(name).copied().collect()
}

fn is_option(text: &[u8]) -> bool {
    !text.is_empty() && !text.iter().any(|b| matches!(b, b'\r' | b'\n'))
}

#[cfg(test)]
mod tests {
    use super::super::MODULE;
    use crate::modules::fixture::{Fixture, text};

    const REQUEST: &str = "OPTIONS sip:a SIP/2.0\nSupported: 100rel, path ,100rel\nX: 1\nk: timer\nRequire:";

    fn call(f: &mut Fixture, name: &str, field: &str, option: &str) -> i32 {
        f.call(&MODULE, name, &[text(field), text(option)])
    }

    #[test]
    fn options_are_found_in_every_field_of_the_name() {
        let mut f = Fixture::new(REQUEST);
        let mut has = |field: &str, option: &str| call(&mut f, "list_hdr_has_option", field, option);
        assert_eq!((has("k", "PATH"), has("supported", "timer"), has("Supported", "100")), (1, 1, -1));
        assert_eq!((has("Missing", "x"), has("Require", "x")), (-1, -1));
    }

    #[test]
    fn an_option_goes_behind_the_others() {
        let mut f = Fixture::new(REQUEST);
        let mut add = |field: &str, option: &str| call(&mut f, "list_hdr_add_option", field, option);
        assert_eq!((add("Supported", "a"), add("Supported", "b"), add("Require", "r")), (1, 1, 1));
        assert_eq!((add("Missing", "x"), add("Supported", ""), add("Supported", "x\r\nY: z")), (-1, -1, -1));
        assert_eq!(
            f.written(),
            "Supported: 100rel, path ,100rel,a,b\r\nX: 1\r\nk: timer\r\nRequire:\r\nRequire: r\r\n\r\n"
        );
    }

    #[test]
    fn an_option_leaves_each_field_once() {
        let mut f = Fixture::new(REQUEST);
        let remove = |f: &mut Fixture, option: &str| call(f, "list_hdr_remove_option", "Supported", option);
        assert_eq!((remove(&mut f, "100REL"), remove(&mut f, "timer"), remove(&mut f, "other")), (1, 1, -1));
        assert_eq!(f.written(), "Supported: 100rel, path\r\nX: 1\r\nRequire:\r\n\r\n");
        assert_eq!((remove(&mut f, "100rel"), remove(&mut f, "timer")), (1, -1));
        assert_eq!(f.written(), "Supported: path\r\nX: 1\r\nRequire:\r\n\r\n");
        assert_eq!((remove(&mut f, "path"), call(&mut f, "list_hdr_add_option", "Supported", "new")), (1, 1));
        assert_eq!(f.written(), "X: 1\r\nRequire:\r\nSupported: new\r\n\r\n");
    }
}
