//! Header fields of the received message: `$hdr`, `$hdrcnt`, `$hdr_name`, `$ct`.
use crate::base::Str;
use crate::context::Value;
use crate::registry::SubName;
use crate::sip::header::NameAddr;
use crate::sip::scan::unquoted;
use crate::sip::{Header, HeaderId, Message, Range};
use crate::vm::{Cx, Index, NameKind, Pvar, Var, position};
use std::sync::Arc;

pub const PVARS: &[Pvar] = &[
    Pvar::new("hdr", hdr, "Value of a header field line, as received; later edits are not seen.")
        .dynamic(NameKind::Text)
        .indexed(),
    Pvar::new("hdrcnt", hdrcnt, "How many lines of that name there are.").dynamic(NameKind::Text),
    Pvar::new("hdr_name", hdr_name, "Name of the n-th header field.").indexed(),
    Pvar::new("ct", |cx, var| contact(cx, var, Field::Whole), "A value of Contact, across all its header fields.")
        .indexed(),
    Pvar::new("ct.fields", contact_field, "A part of a value of Contact.")
        .named(SubName::Required, NameKind::Custom(|name| Some(Arc::new(Field::named(name)?))))
        .checked(check_field)
        .indexed(),
];

fn hdr(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(name) = var.lent_name(cx) else { return Value::Null };
    let at = |cx: &mut Cx<'_>, index| {
        let msg = &cx.run.msg;
        nth(msg, index, || msg.by_name(&name)).map_or(Value::Null, |h| Value::Str(msg.text(h.value)))
    };
    match var.index(cx) {
        Index::All => cx.join_all(|cx, i| at(cx, Index::Int(i))),
        index => at(cx, index),
    }
}

fn hdrcnt(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(name) = var.lent_name(cx) else { return Value::Int(0) };
    Value::Int(cx.run.msg.by_name(&name).count() as i32)
}

fn hdr_name(cx: &mut Cx<'_>, var: &Var) -> Value {
    let at = |cx: &mut Cx<'_>, index| {
        let msg = &cx.run.msg;
        nth(msg, index, || msg.headers().iter()).map_or(Value::Null, |h| Value::Str(msg.text(h.name)))
    };
    match var.index(cx) {
        Index::All => cx.join_all(|cx, i| at(cx, Index::Int(i))),
        index => at(cx, index),
    }
}

/// The field at `index`; the fields are counted only for a negative one.
fn nth<'a, I>(_: &'a Message, index: Index, fields: impl Fn() -> I) -> Option<&'a Header>
where
    I: Iterator<Item = &'a Header>,
{
    match index {
        Index::None => fields().next(),
        Index::Int(i) if i >= 0 => fields().nth(i as usize),
        index => fields().nth(position(index, fields().count())?),
    }
}

/// A part of a Contact value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Whole,
    Name,
    Uri,
    /// A header parameter.
    Param(&'static str),
}

impl Field {
    const NAMED: &[(&str, Field)] = &[
        ("name", Field::Name),
        ("uri", Field::Uri),
        ("q", Field::Param("q")),
        ("expires", Field::Param("expires")),
        ("methods", Field::Param("methods")),
        ("received", Field::Param("received")),
        ("params", Field::Param("")),
    ];

    fn named(name: &[u8]) -> Option<Field> {
        Field::NAMED.iter().find(|(n, _)| n.as_bytes() == name).map(|(_, field)| *field)
    }
}

fn check_field(name: &[u8]) -> Result<(), String> {
    let names: Vec<&str> = Field::NAMED.iter().map(|(n, _)| *n).collect();
    Field::named(name).map(drop).ok_or_else(|| format!("a Contact has the fields {}", names.join(", ")))
}

fn contact_field(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(field) = var.custom::<Field>().copied() else { return Value::Null };
    contact(cx, var, field)
}

fn contact(cx: &mut Cx<'_>, var: &Var, field: Field) -> Value {
    match var.index(cx) {
        Index::All => join_contacts(&cx.run.msg, field),
        index => contact_at(&cx.run.msg, index).map_or(Value::Null, |at| part(&cx.run.msg, at, field)),
    }
}

fn contacts(msg: &Message) -> impl Iterator<Item = Range> + '_ {
    msg.list(HeaderId::Contact).map(|(_, value)| value).filter(|value| !value.is_empty())
}

fn contact_at(msg: &Message, index: Index) -> Option<Range> {
    match index {
        Index::None => contacts(msg).next(),
        index => contacts(msg).nth(position(index, contacts(msg).count())?),
    }
}

fn part(msg: &Message, value: Range, field: Field) -> Value {
    let text = |range: Range| if range.is_empty() { Value::Null } else { Value::Str(msg.text(range)) };
    if field == Field::Whole {
        return text(value);
    }
    let Some(contact) = NameAddr::parse(msg.raw(), value) else { return Value::Null };
    match field {
        Field::Whole => text(contact.whole),
        Field::Name => text(contact.display),
        // `*` stands for every binding, it is no address (RFC 3261 10.2.2).
        Field::Uri if msg.bytes(contact.uri) == b"*" => Value::Null,
        Field::Uri => text(contact.uri),
        Field::Param("") => params(msg, &contact),
        Field::Param(name) => contact
            .params(msg.raw())
            .value(name.as_bytes())
            .map_or(Value::Null, |v| Value::Str(Str::slice_of(msg.raw(), unquoted(v)))),
    }
}

/// All parameters, without the first `;`.
fn params(msg: &Message, contact: &NameAddr) -> Value {
    let text = msg.bytes(contact.params).trim_ascii();
    let text = text.strip_prefix(b";").unwrap_or(text).trim_ascii();
    if text.is_empty() { Value::Null } else { Value::Str(Str::slice_of(msg.raw(), text)) }
}

/// Every contact's field; one that lacks it leaves its place empty.
fn join_contacts(msg: &Message, field: Field) -> Value {
    let mut out = Vec::new();
    for (n, value) in contacts(msg).enumerate() {
        if n > 0 {
            out.extend_from_slice(b", ");
        }
        let part = part(msg, value, field);
        if !part.is_null() {
            part.print(&mut out);
        }
    }
    // Language reference 8.1: a joined value has at most 511 bytes.
    if out.is_empty() || out.len() > 511 { Value::Null } else { Value::Str(Str::from(out)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::Fixture;

    const OPTIONS: &str = "OPTIONS sip:h SIP/2.0
v: SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b
X-Foo: one,
 two
Via: SIP/2.0/UDP c
m: \"B, x\" <sip:b@x>;q=0.5;expires=60, <sip:c@x>;methods=\"INVITE\"
Contact: sip:d@x;received=\"sip:1.2.3.4\"";

    #[test]
    fn fields_are_lines_found_by_any_name_of_theirs() {
        let mut f = Fixture::new(OPTIONS);
        assert_eq!(f.expanded("$hdr(Via)"), "SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b");
        assert_eq!(f.expanded("$(hdr(V)[1])|$(hdr(via)[-1])|$(hdr(via)[-3])"), "SIP/2.0/UDP c|SIP/2.0/UDP c|<null>");
        assert_eq!(f.expanded("$(hdr(Via)[*])"), "SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b, SIP/2.0/UDP c");
        assert_eq!(f.expanded("$hdr(x-foo)"), "one,\r\n two");
        assert_eq!(f.expanded("$hdr(Nosuch) $(hdr(Nosuch)[*])"), "<null> <null>");
        assert_eq!(f.expanded("$hdrcnt(v) $hdrcnt(X-Foo) $hdrcnt(Nosuch)"), "2 1 0");
        assert_eq!(f.expanded("$hdr_name $(hdr_name[1]) $(hdr_name[-1])"), "v X-Foo Contact");
    }

    #[test]
    fn names_may_be_made_by_variables() {
        let mut f = Fixture::new(OPTIONS);
        f.set("$var(n)", Value::text(b"X-Foo")).expect("a variable is set");
        f.set("$var(i)", 1).expect("a variable is set");
        assert_eq!(f.expanded("$hdrcnt($var(n)) $(hdr(Via)[$var(i)])"), "1 SIP/2.0/UDP c");
        assert_eq!(f.expanded("$hdr($var(none)) $(hdr(Via)[$var(n)])"), "<null> <null>");
    }

    #[test]
    fn contacts_are_counted_across_fields() {
        let mut f = Fixture::new(OPTIONS);
        assert_eq!(f.expanded("$ct"), "\"B, x\" <sip:b@x>;q=0.5;expires=60");
        assert_eq!(
            f.expanded("$(ct[1])|$(ct[-1])|$(ct[3])"),
            "<sip:c@x>;methods=\"INVITE\"|sip:d@x;received=\"sip:1.2.3.4\"|<null>"
        );
        assert_eq!(f.expanded("$ct.fields(name)|$ct.fields(uri)|$ct.fields(q)"), "\"B, x\"|sip:b@x|0.5");
        assert_eq!(
            f.expanded("$ct.fields(expires)|$ct.fields(params)|$ct.fields(methods)"),
            "60|q=0.5;expires=60|<null>"
        );
        assert_eq!(f.expanded("$(ct.fields(uri)[*])"), "sip:b@x, sip:c@x, sip:d@x");
        assert_eq!(f.expanded("$(ct.fields(methods)[1])|$(ct.fields(received)[2])"), "INVITE|sip:1.2.3.4");
        assert!(check_field(b"tag").is_err() && check_field(b"uri").is_ok());
    }

    #[test]
    fn a_star_is_a_contact() {
        assert_eq!(Fixture::new("REGISTER sip:h SIP/2.0\nContact: *").expanded("$ct $ct.fields(q)"), "* <null>");
    }
}
