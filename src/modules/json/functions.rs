//! Linking and merging.
use super::documents::Documents;
use super::path;
use super::variables::parse;
use crate::base::Str;
use crate::context::{Level, Value};
use crate::vm::{Cx, DocumentIn, DocumentOut, Store, VarInto};
use serde_json::{Map, Value as Parsed};

pub fn json_link(cx: &mut Cx<'_>, dest: DocumentOut, src: DocumentIn) -> bool {
    match link(cx, &dest, &src) {
        Ok(()) => true,
        Err(why) => {
            cx.log(Level::Notice, "json", "json_link", format_args!("`{}` is not linked: {why}", dest.0.text));
            false
        }
    }
}

fn link(cx: &mut Cx<'_>, dest: &DocumentOut, src: &DocumentIn) -> Result<(), String> {
    if !super::is_json(dest.0.row) || !super::is_json(src.0.row) {
        return Err("both must be JSON variables".to_owned());
    }
    let (dest, src) = (path::of(cx, &dest.0)?, path::of(cx, &src.0)?);
    let documents = cx.run.slots.get_or_default::<Documents>();
    let node = documents.find(&src).cloned().ok_or("the source has no value")?;
    documents.set(&dest, Some(node)).map_err(|e| e.text().to_owned())
}

pub fn json_merge(cx: &mut Cx<'_>, main: Str, patch: Str, output: VarInto) -> bool {
    let (Some(main), Some(patch)) = (parse(&main), parse(&patch)) else {
        cx.log(Level::Error, "json", "json_merge", format_args!("a document is no JSON text"));
        return false;
    };
    let merged = Value::Str(Str::from(merge(main, patch).to_string()));
    cx.write(&output.0, Store::Set, merged).is_ok()
}

/// RFC 7396. The parser bounds the depth of both.
fn merge(target: Parsed, patch: Parsed) -> Parsed {
    let Parsed::Object(patch) = patch else { return patch };
    let mut fields = match target {
        Parsed::Object(fields) => fields,
        _ => Map::new(),
    };
    for (key, value) in patch {
        if value.is_null() {
            fields.shift_remove(&key);
            continue;
        }
        let old = fields.get_mut(&key).map_or(Parsed::Null, Parsed::take);
        fields.insert(key, merge(old, value));
    }
    Parsed::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::{Fixture, pieces, text, var};
    use crate::modules::json::{MODULE, PVARS};
    use crate::vm::{Arg, Pvar, Var, VarIndex, VarName};
    use std::sync::Arc;

    const REQUEST: &str = "OPTIONS sip:a SIP/2.0";
    static TWO: Pvar = Pvar::new("two", |_, _| Value::Int(2), "");
    static KEY: Pvar = Pvar::new("key", |_, _| Value::Str("a/b".into()), "");

    fn json(name: &str) -> Var {
        let row = PVARS.iter().find(|row| row.sig.name == "json").unwrap();
        var(row, VarName::Text(name.into()), VarIndex::None)
    }

    fn fixture(documents: &[(&str, &str)]) -> Fixture {
        let mut f = Fixture::new(REQUEST);
        for (name, text) in documents {
            f.cx().write(&json(name), Store::Replace, Value::text(text.as_bytes())).unwrap();
        }
        f
    }

    fn get(f: &mut Fixture, name: &str) -> Value {
        f.cx().read(&json(name))
    }

    fn shown(f: &mut Fixture, name: &str) -> String {
        get(f, name).str_face().map_or("<null>".to_owned(), |s| s.to_string())
    }

    #[test]
    fn values_read_as_what_they_are() {
        let mut f = fixture(&[("a", r#"{"i":7,"big":4294967296,"s":"x","n":null,"t":true,"f":1.5,"l":[1,null,3]}"#)]);
        assert_eq!(get(&mut f, "a/i"), Value::Int(7));
        assert_eq!(get(&mut f, "a/big"), Value::text(b"4294967296"));
        assert_eq!(get(&mut f, "a/s"), Value::text(b"x"));
        assert_eq!(get(&mut f, "a/n"), Value::Null);
        assert_eq!(get(&mut f, "a/t"), Value::text(b"true"));
        assert_eq!(get(&mut f, "a/f"), Value::text(b"1.5"));
        assert_eq!(get(&mut f, "a/l"), Value::text(b"[ 1, null, 3 ]"));
        assert_eq!(
            (get(&mut f, "a/l[-1]"), get(&mut f, "a/l[3]"), get(&mut f, "a/l[]")),
            (Value::Int(3), Value::Null, Value::Null)
        );
        assert_eq!(
            (get(&mut f, "a/i/x"), get(&mut f, "a/x"), get(&mut f, "b")),
            (Value::Null, Value::Null, Value::Null)
        );
    }

    #[test]
    fn places_are_set_added_and_deleted() {
        let mut f = fixture(&[("a", "{}"), ("a/l", "[1,2,3]")]);
        let set = |f: &mut Fixture, name: &str, value: Value| f.cx().write(&json(name), Store::Set, value).is_ok();
        assert!(set(&mut f, "a/k", Value::text(b"{}")));
        assert!(set(&mut f, "a/l[]", Value::Int(4)));
        assert!(set(&mut f, "a/l[-2]", Value::Both("5070".into(), 5070)));
        assert!(set(&mut f, "a/l[0]", Value::Null));
        assert_eq!(shown(&mut f, "a"), r#"{ "l": [ 2, "5070", 4 ], "k": "{}" }"#);
        assert!(set(&mut f, "a/l", Value::Null));
        assert_eq!(shown(&mut f, "a"), r#"{ "k": "{}" }"#);
        for bad in ["a/l[0]", "a/k/x", "a[0]", "a/k[]", "b/c", "a/x/y"] {
            assert!(!set(&mut f, bad, Value::Int(1)), "{bad}");
        }
        assert!(set(&mut f, "a", Value::Null));
        assert_eq!(get(&mut f, "a"), Value::Null);
    }

    #[test]
    fn a_text_that_does_not_parse_deletes() {
        let mut f = fixture(&[("a", "{\"k\":1} and more")]);
        assert_eq!(shown(&mut f, "a"), r#"{ "k": 1 }"#);
        for bad in ["{", "", "nonsense"] {
            assert!(f.cx().write(&json("a/k"), Store::Replace, Value::text(bad.as_bytes())).is_err(), "{bad}");
            assert_eq!(shown(&mut f, "a"), "{ }");
        }
        let deep = "[".repeat(100_000);
        assert!(f.cx().write(&json("a"), Store::Replace, Value::text(deep.as_bytes())).is_err());
    }

    #[test]
    fn variables_stand_for_keys_and_indexes() {
        let mut f = fixture(&[("a", r#"{"a/b":[0,1,{"x":9}]}"#)]);
        let name = VarName::Pieces(pieces(&[Ok("a/"), Err(&KEY), Ok("["), Err(&TWO), Ok("]/x")]));
        let row = json("a").row;
        assert_eq!(f.cx().read(&var(row, name, VarIndex::None)), Value::Int(9));
    }

    #[test]
    fn iteration_yields_values_or_keys_in_order() {
        let mut f = fixture(&[("o", r#"{"b":1,"a":null}"#), ("l", r#"["x",null]"#)]);
        let mut all = |name: &str| -> Vec<String> {
            let at = |i| Var { index: VarIndex::Int(i), ..json(name) };
            let values = (0..).map(|i| f.cx().read(&at(i)).str_face()).take_while(Option::is_some);
            values.flatten().map(|s| s.to_string()).collect()
        };
        assert_eq!(all("o"), ["1", "null"]);
        assert_eq!(all("o.values"), ["1", "null"]);
        assert_eq!(all("o.keys"), ["b", "a"]);
        assert_eq!(all("l"), ["x", "null"]);
        assert!(all("l.keys").is_empty() && all("l.values").is_empty() && all("o/b").is_empty());
        let whole = Var { index: VarIndex::All, ..json("l") };
        assert_eq!(f.cx().read(&whole), Value::Null);
    }

    fn link_of(f: &mut Fixture, dest: &str, src: &str) -> i32 {
        f.call(&MODULE, "json_link", &[Arg::Var(Arc::new(json(dest))), Arg::Var(Arc::new(json(src)))])
    }

    #[test]
    fn linked_places_share_changes_until_one_is_replaced() {
        let mut f = fixture(&[("b", "[{},{}]")]);
        assert_eq!(link_of(&mut f, "stub", "b[0]"), 1);
        f.cx().write(&json("stub/ana"), Store::Set, Value::text(b"are")).unwrap();
        assert_eq!(shown(&mut f, "b"), r#"[ { "ana": "are" }, { } ]"#);
        f.cx().write(&json("b[0]/ana"), Store::Set, Value::Null).unwrap();
        assert_eq!(shown(&mut f, "stub"), "{ }");
        f.cx().write(&json("stub"), Store::Set, Value::Null).unwrap();
        assert_eq!(shown(&mut f, "b"), "[ { }, { } ]");
    }

    #[test]
    fn bad_links_change_nothing() {
        let mut f = fixture(&[("b", "[1]")]);
        assert_eq!(link_of(&mut f, "x", "missing"), -1);
        assert_eq!(link_of(&mut f, "x/y", "b"), -1);
        let other = f.avp_out("x");
        assert_eq!(f.call(&MODULE, "json_link", &[other, Arg::Var(Arc::new(json("b")))]), -1);
        assert_eq!(shown(&mut f, "b"), "[ 1 ]");
    }

    #[test]
    fn a_circle_of_links_reads_as_null() {
        let mut f = fixture(&[("b", "[1,[]]")]);
        assert_eq!(link_of(&mut f, "b[1]", "b"), 1);
        assert_eq!(get(&mut f, "b"), Value::Null);
        assert_eq!(get(&mut f, "b[1][1][1][0]"), Value::Int(1));
    }

    #[test]
    fn a_patch_adds_replaces_and_deletes() {
        let mut f = Fixture::new(REQUEST);
        let mut merged = |main: &str, patch: &str| {
            let out = f.avp_out("out");
            f.call(&MODULE, "json_merge", &[text(main), text(patch), out])
        };
        assert_eq!(merged(r#"{"a":{"x":1,"y":2},"b":3}"#, r#"{"a":{"x":null,"z":"/"},"c":[1]}"#), 1);
        assert_eq!(merged("{", "{}"), -1);
        assert_eq!(f.avps("out"), [Value::text(br#"{"a":{"y":2,"z":"/"},"b":3,"c":[1]}"#)]);
    }
}
