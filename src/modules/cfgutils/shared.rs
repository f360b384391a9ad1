//! `$shv`: variables that all messages share, and the values that variables begin with.
use super::State;
use crate::base::Str;
use crate::context::Value;
use crate::vm::{Cx, Store, Var, WriteError};
use dashmap::DashMap;

/// More names than this are refused: a script that makes names out of messages cannot fill the memory.
const LIMIT: usize = 1 << 20;

#[derive(Default)]
pub struct SharedVars(DashMap<Str, Value, ahash::RandomState>);

impl SharedVars {
    pub fn get(&self, name: &[u8]) -> Value {
        self.0.get(name).map_or(Value::Int(0), |value| value.clone())
    }

    /// A number or a text; NULL sets back to 0.
    pub fn set(&self, name: Str, value: Value) -> Result<(), WriteError> {
        if value.is_null() {
            self.0.remove(&name);
            return Ok(());
        }
        if self.0.len() >= LIMIT && !self.0.contains_key(&name) {
            return Err(WriteError::new("there are too many shared variables"));
        }
        self.0.insert(name, value.stored());
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

pub fn read(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(name) = var.name_text(cx) else { return Value::Null };
    cx.core.state::<State>().shared.get(&name)
}

pub fn write(cx: &mut Cx<'_>, var: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let name = var.name_text(cx).ok_or_else(|| WriteError::new("has NULL as name"))?;
    cx.core.state::<State>().shared.set(name, value)
}

/// `name=i:7` or `name=s:text`.
pub fn parse(text: &[u8]) -> Result<(Str, Value), String> {
    let wrong = || format!("`{}` is not `name=i:number` or `name=s:text`", String::from_utf8_lossy(text));
    let at = memchr::memchr(b'=', text).filter(|at| *at > 0).ok_or_else(wrong)?;
    let (name, rest) = text.split_at(at);
    let value = match rest.get(1..).unwrap_or_default() {
        [b's' | b'S', b':', text @ ..] => Value::text(text),
        [b'i' | b'I', b':', number @ ..] => {
            let number = std::str::from_utf8(number).ok().and_then(|n| n.parse().ok());
            Value::Int(number.ok_or_else(wrong)?)
        }
        _ => return Err(wrong()),
    };
    Ok((Str::new(name), value))
}

pub fn check(text: &[u8]) -> Result<(), String> {
    parse(text).map(drop)
}

/// The variable that a parameter's value gives a value.
pub fn names(text: &[u8]) -> Vec<String> {
    parse(text).map(|(name, _)| name.to_string()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::cfgutils::MODULE;
    use crate::modules::fixture::Fixture;
    use crate::registry::Setting;

    #[test]
    fn a_value_has_a_name_and_a_type() {
        assert_eq!(parse(b"a=i:-7"), Ok(("a".into(), Value::Int(-7))));
        assert_eq!(parse(b"gw=s:sip:10.0.0.1"), Ok(("gw".into(), Value::text(b"sip:10.0.0.1"))));
        assert_eq!(parse(b"e=s:"), Ok(("e".into(), Value::text(b""))));
        for bad in ["", "a", "=i:1", "a=1", "a=i:x", "a=i:", "a=x:1", "a=i1"] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn shared_variables_begin_with_zero_or_what_a_parameter_says() {
        let set: &[(&str, Setting)] = &[("shvset", Setting::Str(b"gw=s:sip:a".to_vec()))];
        let mut f = Fixture::with("OPTIONS sip:h SIP/2.0\ni: 1", &[(&MODULE, set)]);
        assert_eq!((f.value("$shv(gw)"), f.value("$shv(new)")), (Value::text(b"sip:a"), Value::Int(0)));
        f.set("$shv(new)", Value::text(b"x")).expect("a shared variable is set");
        assert_eq!(f.value("$shv(new)"), Value::text(b"x"));
        f.set("$shv(new)", Value::Null).expect("a shared variable is set");
        assert_eq!(f.value("$shv(new)"), Value::Int(0));
    }

    #[test]
    fn a_name_may_be_made_at_run_time() {
        let mut f = Fixture::with("OPTIONS sip:h SIP/2.0\ni: 1", &[(&MODULE, &[])]);
        f.set("$var(name)", Value::text(b"k")).expect("a variable is set");
        f.set("$shv($var(name))", Value::Int(3)).expect("a shared variable is set");
        assert_eq!(f.value("$shv(k)"), Value::Int(3));
        assert_eq!(f.value("$shv($var(nul))"), Value::Null);
        assert!(f.set("$shv($var(nul))", Value::Int(3)).is_err());
    }
}
