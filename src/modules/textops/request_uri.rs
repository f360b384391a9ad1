//! Substitution in the Request-URI.
use super::matches;
use super::search::refused;
use crate::base::Str;
use crate::modules::core::uri_text::{edit_request_uri, set_request_uri};
use crate::vm::{Cx, SubstitutionArg};

pub fn subst_uri(cx: &mut Cx<'_>, substitution: SubstitutionArg) -> bool {
    if !cx.run.msg.is_request() {
        return false;
    }
    let uri = cx.run.request_uri();
    let Some(new) = substituted(cx, "subst_uri", &uri, &substitution) else { return false };
    set_request_uri(cx.run, new).is_ok()
}

pub fn subst_user(cx: &mut Cx<'_>, substitution: SubstitutionArg) -> bool {
    let uri = cx.run.request_uri();
    let Some(user) = crate::sip::UriView::parse(&uri).map(|view| Str::new(view.user())) else { return false };
    let Some(new) = substituted(cx, "subst_user", &user, &substitution) else { return false };
    let new = Some(new).filter(|user| !user.is_empty());
    edit_request_uri(cx.run, |uri| Some(uri.with_user(new.as_deref()))).is_ok()
}

/// The text with the matches replaced; `None` when nothing matches.
pub fn substituted(
    cx: &mut Cx<'_>,
    function: &'static str,
    subject: &[u8],
    SubstitutionArg(linked): &SubstitutionArg,
) -> Option<Str> {
    let substitution = &linked.substitution;
    let Ok(found) = matches::replaced(&substitution.pattern, subject, substitution.every) else {
        refused(cx, function);
        return None;
    };
    if found.is_empty() {
        return None;
    }
    let values = linked.values(cx);
    let (mut out, mut done) = (Vec::with_capacity(subject.len() + 16), 0);
    for captures in &found {
        let whole = captures.whole();
        out.extend_from_slice(subject.get(done..whole.start)?);
        substitution.replacement.write(subject, captures, &values, &mut out);
        done = whole.end;
    }
    out.extend_from_slice(subject.get(done..)?);
    Some(Str::from(out))
}

#[cfg(test)]
mod tests {
    use crate::modules::fixture::{Fixture, text};
    use crate::modules::textops::MODULE;

    fn check(function: &str, substitution: &str, code: i32, uri: &str) {
        let mut f = Fixture::new("INVITE sip:+4930:pw@h;x=1 SIP/2.0\ni: 1");
        assert_eq!(f.call(&MODULE, function, &[text(substitution)]), code, "{substitution}");
        assert_eq!(f.expanded("$ru"), uri, "{substitution}");
    }

    #[test]
    fn the_uri_or_its_user_is_changed() {
        check("subst_uri", "/x=1$/y/", 1, "sip:+4930:pw@h;y");
        check("subst_uri", r"/^sip:\+(.*)@/sip:00\1@/", 1, "sip:004930:pw@h;x=1");
        check("subst_uri", "/nothing/x/", -1, "sip:+4930:pw@h;x=1");
        check("subst_user", r"/^\+/00/", 1, "sip:004930:pw@h;x=1");
        check("subst_user", "/[0-9]/n/g", 1, "sip:+nnnn:pw@h;x=1");
        check("subst_user", "/sip/x/", -1, "sip:+4930:pw@h;x=1");
        check("subst_user", "/.+//", 1, "sip:h;x=1");
    }

    #[test]
    fn a_reply_has_no_request_uri() {
        let mut f = Fixture::new("SIP/2.0 200 OK\nCSeq: 1 INVITE");
        assert_eq!(f.call(&MODULE, "subst_uri", &[text("/a/b/")]), -1);
        assert_eq!(f.call(&MODULE, "subst_user", &[text("/a/b/")]), -1);
    }
}
