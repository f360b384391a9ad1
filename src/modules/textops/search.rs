//! Searching and replacing in header fields and body.
use super::matches::{self, EmptyMatch, LineStart};
use crate::base::Str;
use crate::context::Level;
use crate::sip::Range;
use crate::syntax::ere::{Captures, Pattern};
use crate::vm::{Cx, PatternArg, SubstitutionArg};

pub fn search(cx: &mut Cx<'_>, re: PatternArg) -> bool {
    re.0.is_match(cx.run.msg.raw())
}

pub fn search_body(cx: &mut Cx<'_>, re: PatternArg) -> bool {
    body(cx).is_some_and(|part| re.0.is_match(part.of(cx.run.msg.raw())))
}

pub fn search_append(cx: &mut Cx<'_>, re: PatternArg, txt: Str) -> bool {
    let part = below_first_line(cx);
    append(cx, Some(part), &re.0, txt)
}

pub fn search_append_body(cx: &mut Cx<'_>, re: PatternArg, txt: Str) -> bool {
    let part = body(cx);
    append(cx, part, &re.0, txt)
}

pub fn replace(cx: &mut Cx<'_>, re: PatternArg, txt: Str) -> bool {
    let part = below_first_line(cx);
    replace_first(cx, Some(part), &re.0, txt)
}

pub fn replace_body(cx: &mut Cx<'_>, re: PatternArg, txt: Str) -> bool {
    let part = body(cx);
    replace_first(cx, part, &re.0, txt)
}

pub fn replace_all(cx: &mut Cx<'_>, re: PatternArg, txt: Str) -> bool {
    let part = below_first_line(cx);
    replace_each(cx, "replace_all", Some(part), &re.0, &txt, LineStart::AfterMatch)
}

pub fn replace_body_all(cx: &mut Cx<'_>, re: PatternArg, txt: Str) -> bool {
    let part = body(cx);
    replace_each(cx, "replace_body_all", part, &re.0, &txt, LineStart::AfterMatch)
}

pub fn replace_body_atonce(cx: &mut Cx<'_>, re: PatternArg, txt: Str) -> bool {
    let part = body(cx);
    replace_each(cx, "replace_body_atonce", part, &re.0, &txt, LineStart::SubjectOnly)
}

pub fn subst(cx: &mut Cx<'_>, substitution: SubstitutionArg) -> bool {
    let part = below_first_line(cx);
    substitute(cx, "subst", Some(part), &substitution)
}

pub fn subst_body(cx: &mut Cx<'_>, substitution: SubstitutionArg) -> bool {
    let part = body(cx);
    substitute(cx, "subst_body", part, &substitution)
}

/// Header fields and body: the first line is never changed, for its parts have functions of their own.
fn below_first_line(cx: &Cx<'_>) -> Range {
    let msg = &cx.run.msg;
    Range { start: msg.head_start(), end: msg.body_range().end }
}

fn body(cx: &Cx<'_>) -> Option<Range> {
    Some(cx.run.msg.body_range()).filter(|range| !range.is_empty())
}

fn append(cx: &mut Cx<'_>, part: Option<Range>, pattern: &Pattern, text: Str) -> bool {
    let Some((part, found)) = first(cx, part, pattern) else { return false };
    cx.run.edits.insert(place(part, &found).end, text);
    true
}

fn replace_first(cx: &mut Cx<'_>, part: Option<Range>, pattern: &Pattern, text: Str) -> bool {
    let Some((part, found)) = first(cx, part, pattern) else { return false };
    cx.run.edits.replace(place(part, &found), text);
    true
}

fn first(cx: &Cx<'_>, part: Option<Range>, pattern: &Pattern) -> Option<(Range, Captures)> {
    let part = part?;
    Some((part, pattern.captures(part.of(cx.run.msg.raw()))?))
}

/// What was found before an empty match stays replaced.
fn replace_each(
    cx: &mut Cx<'_>,
    function: &'static str,
    part: Option<Range>,
    pattern: &Pattern,
    text: &Str,
    lines: LineStart,
) -> bool {
    let Some(part) = part else { return false };
    let (found, outcome) = matches::all(pattern, part.of(cx.run.msg.raw()), lines);
    for captures in &found {
        cx.run.edits.replace(place(part, captures), text.clone());
    }
    match outcome {
        Ok(()) => !found.is_empty(),
        Err(EmptyMatch) => refused(cx, function),
    }
}

fn substitute(cx: &mut Cx<'_>, function: &'static str, part: Option<Range>, linked: &SubstitutionArg) -> bool {
    let Some(part) = part else { return false };
    let msg = cx.run.msg.clone();
    let (subject, substitution) = (part.of(msg.raw()), &linked.0.substitution);
    let Ok(found) = matches::replaced(&substitution.pattern, subject, substitution.every) else {
        return refused(cx, function);
    };
    let values = linked.0.values(cx);
    for captures in &found {
        let mut text = Vec::new();
        substitution.replacement.write(subject, captures, &values, &mut text);
        cx.run.edits.replace(place(part, captures), Str::from(text));
    }
    !found.is_empty()
}

/// The place of a match in the message.
fn place(part: Range, found: &Captures) -> Range {
    let at = |offset: usize| part.start.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX)).min(part.end);
    let whole = found.whole();
    Range { start: at(whole.start), end: at(whole.end) }
}

pub fn refused(cx: &Cx<'_>, function: &'static str) -> bool {
    cx.log(Level::Error, "textops", function, format_args!("the expression matches the empty text"));
    false
}

#[cfg(test)]
mod tests {
    use crate::modules::fixture::{Fixture, text};
    use crate::modules::textops::MODULE;
    use crate::syntax::ere::{Flags, Pattern};
    use crate::vm::Arg;
    use std::sync::Arc;

    const INVITE: &str = "INVITE sip:bob@h SIP/2.0\nVia: SIP/2.0/UDP a\nSubject: one two one\n\none\ntwo\none\n";

    fn re(expression: &str) -> Arg {
        let flags = Flags { icase: true, newline: true };
        Arg::Pattern(Arc::new(Pattern::new(expression.as_bytes(), flags).unwrap()))
    }

    fn check(function: &str, args: &[Arg], code: i32, leaves: &str) {
        let mut f = Fixture::new(INVITE);
        assert_eq!(f.call(&MODULE, function, args), code, "{function}");
        assert_eq!(f.written().replace("\r\n", "|"), leaves, "{function}");
    }

    const SAME: &str = "Via: SIP/2.0/UDP a|Subject: one two one||one|two|one|";

    #[test]
    fn searches_in_the_message_or_its_body() {
        check("search", &[re("^INVITE SIP:BOB")], 1, SAME);
        check("search", &[re("three")], -1, SAME);
        check("search_body", &[re("^two")], 1, SAME);
        check("search_body", &[re("Subject")], -1, SAME);
        let mut f = Fixture::new("OPTIONS sip:h SIP/2.0\ni: 1");
        assert_eq!(f.call(&MODULE, "search_body", &[re(".*")]), -1, "no body");
    }

    #[test]
    fn puts_a_text_behind_the_first_match() {
        check("search_append", &[re("one"), text("!")], 1, "Via: SIP/2.0/UDP a|Subject: one! two one||one|two|one|");
        check("search_append", &[re("bob"), text("!")], -1, SAME);
        check(
            "search_append_body",
            &[re("two"), text("!")],
            1,
            "Via: SIP/2.0/UDP a|Subject: one two one|Content-Length: 16||one|two!|one|",
        );
    }

    #[test]
    fn replaces_the_first_match_or_every_one() {
        check("replace", &[re("ONE"), text("1")], 1, "Via: SIP/2.0/UDP a|Subject: 1 two one||one|two|one|");
        check(
            "replace_body",
            &[re("one"), text("1")],
            1,
            "Via: SIP/2.0/UDP a|Subject: one two one|Content-Length: 13||1|two|one|",
        );
        check(
            "replace_all",
            &[re("one"), text("1")],
            1,
            "Via: SIP/2.0/UDP a|Subject: 1 two 1|Content-Length: 11||1|two|1|",
        );
        check(
            "replace_body_all",
            &[re("^one.\n"), text("1")],
            1,
            "Via: SIP/2.0/UDP a|Subject: one two one|Content-Length: 7||1two|1",
        );
        check("replace_body_atonce", &[re("three"), text("3")], -1, SAME);
    }

    #[test]
    fn a_line_begins_behind_a_match_but_not_at_once() {
        let body = |function: &str| {
            let mut f = Fixture::new("INVITE sip:h SIP/2.0\ni: 1\n\na\na\nb");
            assert_eq!(f.call(&MODULE, function, &[re("^a.\n"), text("-")]), 1);
            f.run.edits.body_of(&f.run.msg)
        };
        assert_eq!(body("replace_body_all"), b"--b");
        assert_eq!(body("replace_body_atonce"), b"-a\r\nb");
    }

    #[test]
    fn an_empty_match_is_an_error_where_all_are_replaced() {
        check("replace_all", &[re("x*"), text("1")], -1, SAME);
        check("subst", &[text("/x*/1/")], -1, SAME);
        check("replace", &[re("^"), text("X: 1 ")], 1, "X: 1 Via: SIP/2.0/UDP a|Subject: one two one||one|two|one|");
    }

    #[test]
    fn substitutes_with_groups_and_flags() {
        check(
            "subst",
            &[text(r"/^(Subject): ([a-z ]*)/\1: <\2>/")],
            1,
            "Via: SIP/2.0/UDP a|Subject: <one two one>||one|two|one|",
        );
        check("subst", &[text(r"/subject: o/\u/")], -1, SAME);
        check("subst", &[text(r"/subject: o/\u/i")], 1, "Via: SIP/2.0/UDP a|sip:bob@hne two one||one|two|one|");
        check(
            "subst_body",
            &[text("/o(n)e/<\\1>/g")],
            1,
            "Via: SIP/2.0/UDP a|Subject: one two one|Content-Length: 15||<n>|two|<n>|",
        );
        check("subst_body", &[text("/Subject/x/")], -1, SAME);
    }

    #[test]
    fn what_is_no_substitution_keeps_the_call_from_happening() {
        check("subst", &[text("/a/b")], -1, SAME);
        check("subst", &[text("/(/b/")], -1, SAME);
    }
}
