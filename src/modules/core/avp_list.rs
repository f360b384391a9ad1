//! Lists of AVPs in a quoted argument: `"$avp(a); $avp(b)"`, taken as written.
use crate::base::Str;
use crate::syntax::origin::Origin;
use crate::syntax::pvar::VarRef;
use crate::vm::Vocabulary;

/// Names, in the order of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AvpList {
    pub names: Vec<Str>,
}

impl Vocabulary for AvpList {
    fn parse(text: &[u8]) -> Result<AvpList, String> {
        let items = text.split(|b| *b == b';').map(<[u8]>::trim_ascii).filter(|item| !item.is_empty());
        let names: Vec<Str> = items.map(name).collect::<Result<_, _>>()?;
        if names.is_empty() { Err("names no AVP".to_owned()) } else { Ok(AvpList { names }) }
    }
}

/// The name in `$avp(name)`.
pub fn name(text: &[u8]) -> Result<Str, String> {
    let bad = || format!("`{}` is not an AVP such as `$avp(name)`", String::from_utf8_lossy(text));
    let var = VarRef::parse(text, Origin::At(0)).map_err(|_| bad())?;
    let plain = var.name == "avp" && var.index.is_none() && var.transforms.is_empty() && var.trailing.is_none();
    match var.sub {
        Some(sub) if plain && sub.dynamic.is_none() => Ok(Str::new(sub.text.trim_ascii())),
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_is_written() {
        let names = |text: &str| AvpList::parse(text.as_bytes()).map(|list| list.names);
        assert_eq!(names("$avp(a);$avp( b c ) ;"), Ok(vec!["a".into(), "b c".into()]));
        for bad in ["", ";", "a", "$var(a)", "$avp(a)x", "$(avp(a)[1])", "$avp($var(x))", "$avp(a),$avp(b)"] {
            assert!(names(bad).is_err(), "{bad}");
        }
    }
}
