//! `$avp`: stacks of values that travel with the message and its transaction (language reference 11.3).
use crate::context::Value;
use crate::vm::{Cx, Index, NameKind, Pvar, Store, Var, WriteError};

pub const PVARS: &[Pvar] = &[Pvar::new("avp", read, "A stack of values; assignment adds on top, 0 is the newest.")
    .dynamic(NameKind::Avp)
    .indexed()
    .writable(write)];

fn read(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(name) = var.avp_name(cx) else { return Value::Null };
    let value = match var.index(cx) {
        Index::None => cx.run.avps.first(name),
        Index::Int(i) => cx.run.avps.get(name, i),
        Index::All => return cx.join_all(|cx, i| cx.run.avps.get(name, i).cloned().unwrap_or_default()),
        Index::Append | Index::Word(_) | Index::Bad => None,
    };
    value.cloned().unwrap_or_default()
}

fn write(cx: &mut Cx<'_>, var: &Var, store: Store, value: Value) -> Result<(), WriteError> {
    let name = var.avp_name(cx).ok_or_else(|| WriteError::new("its name is NULL"))?;
    let index = var.index(cx);
    let avps = &mut cx.run.avps;
    let value = value.stored();
    match (store, index) {
        (_, Index::Bad | Index::Word(_)) => return Err(WriteError::new("its index is no integer")),
        (Store::Replace, _) | (_, Index::All) => {
            avps.remove_all(name);
            if !value.is_null() {
                avps.push(name, value);
            }
        }
        (Store::Set, Index::None | Index::Append) if value.is_null() => avps.remove(name, 0),
        (Store::Set, Index::None) => avps.push(name, value),
        (Store::Set, Index::Int(i)) if value.is_null() => avps.remove(name, i),
        (Store::Set, Index::Int(i)) => {
            if !avps.replace(name, i, value) {
                return Err(WriteError::new("has no value at that index"));
            }
        }
        (Store::Set, Index::Append) => avps.push_bottom(name, value),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::Fixture;

    fn fixture() -> Fixture {
        let mut f = Fixture::new("OPTIONS sip:h SIP/2.0\ni: 1");
        for value in ["1", "2", "3"] {
            f.set("$avp(a)", Value::text(value.as_bytes())).expect("assignment pushes");
        }
        f
    }

    #[test]
    fn assignment_pushes_and_index_zero_is_the_newest() {
        let mut f = fixture();
        assert_eq!(f.expanded("$avp(a) $(avp(a)[0]) $(avp(a)[-1]) $(avp(a)[3]) $(avp(a)[*])"), "3 3 1 <null> 3, 2, 1");
    }

    #[test]
    fn an_index_replaces_and_a_missing_one_is_an_error() {
        let mut f = fixture();
        f.set("$(avp(a)[1])", Value::text(b"x")).expect("the value is there");
        assert_eq!(f.expanded("$(avp(a)[*])"), "3, x, 1");
        assert!(f.set("$(avp(a)[9])", Value::text(b"x")).is_err());
        f.set("$(avp(a)[append])", 7).expect("append always works");
        assert_eq!(f.expanded("$(avp(a)[*])"), "3, x, 1, 7");
    }

    #[test]
    fn null_deletes() {
        let mut f = fixture();
        f.set("$avp(a)", Value::Null).expect("the newest goes");
        assert_eq!(f.expanded("$(avp(a)[*])"), "2, 1");
        f.set("$(avp(a)[1])", Value::Null).expect("that one goes");
        f.set("$(avp(a)[5])", Value::Null).expect("a missing one is no error");
        assert_eq!(f.expanded("$(avp(a)[*])"), "2");
        f.store("$avp(a)", Store::Replace, Value::Null).expect("all go");
        assert_eq!(f.value("$avp(a)"), Value::Null);
    }

    #[test]
    fn replacing_leaves_one_value() {
        let mut f = fixture();
        f.store("$avp(a)", Store::Replace, Value::Int(5)).expect("all are replaced");
        assert_eq!(f.value("$(avp(a)[*])"), Value::text(b"5"));
        assert_eq!(f.value("$avp(a)"), Value::Int(5));
        f.set("$(avp(a)[*])", Value::text(b"")).expect("all are replaced");
        assert_eq!(f.value("$avp(a)"), Value::text(b""));
    }

    #[test]
    fn names_may_be_made_by_variables() {
        let mut f = fixture();
        f.set("$var(name)", Value::text(b"a")).expect("a variable is set");
        assert_eq!(f.expanded("$avp($var(name))"), "3");
        f.set("$avp($var(name))", 4).expect("the same AVP");
        assert_eq!(f.expanded("$avp(a)"), "4");
        assert!(f.set("$avp($var(none))", 4).is_err());
        assert_eq!(f.value("$avp($var(none))"), Value::Null);
    }

    #[test]
    fn a_join_ends_at_511_bytes() {
        let mut f = fixture();
        f.set("$avp(a)", Value::from(crate::base::Str::from("x".repeat(502)))).expect("assignment pushes");
        assert_eq!(f.value("$(avp(a)[*])").str_face().map(|s| s.len()), Some(511));
        f.set("$avp(a)", 1).expect("assignment pushes");
        assert_eq!(f.value("$(avp(a)[*])"), Value::Null);
    }
}
