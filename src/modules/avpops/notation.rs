//! What the arguments of `avp_*` write: AVPs with flags, operators with values (the manual of OpenSIPS 3.1, `avpops`).
use crate::base::Str;
use crate::modules::core::avp_list;
use crate::registry::NotationVars;
use crate::syntax::ere::{Flags as PatternFlags, Pattern};
use crate::syntax::origin::Origin;
use crate::syntax::pvar::{Index, VarRef};
use crate::vm::Vocabulary;
use std::sync::Arc;

/// `$avp(name)[/g]`; `*` and `a` are any name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// `None`: whatever its name.
    pub name: Option<Str>,
    pub all: bool,
}

impl Vocabulary for Deleted {
    fn parse(text: &[u8]) -> Result<Deleted, String> {
        let (parts, flags) = with_flags(text, 1, b"g")?;
        let name = match parts.first().copied() {
            Some(b"*" | b"a") => None,
            Some(avp) => Some(avp_list::name(avp)?),
            None => return Err("names no AVP".to_owned()),
        };
        Ok(Deleted { name, all: flags.has(b'g') })
    }
}

/// `$avp(name)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(pub Str);

impl Vocabulary for Source {
    fn parse(text: &[u8]) -> Result<Source, String> {
        avp_list::name(text.trim_ascii()).map(Source)
    }
}

/// `$avp(name)[/flags]`: all of them, delete the old ones, make them numbers or strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    pub name: Str,
    pub all: bool,
    pub delete: bool,
    pub to_number: bool,
    pub to_string: bool,
}

impl Vocabulary for Copied {
    fn parse(text: &[u8]) -> Result<Copied, String> {
        let (parts, flags) = with_flags(text, 1, b"gdns")?;
        let name = avp_list::name(parts.first().ok_or("names no AVP")?)?;
        let (all, delete) = (flags.has(b'g'), flags.has(b'd'));
        Ok(Copied { name, all, delete, to_number: flags.has(b'n'), to_string: flags.has(b's') })
    }
}

/// `$avp(source)[/$avp(target)[/gd]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Between {
    pub source: Str,
    /// `None`: the source itself.
    pub target: Option<Str>,
    pub all: bool,
    pub delete: bool,
}

impl Vocabulary for Between {
    fn parse(text: &[u8]) -> Result<Between, String> {
        let (parts, flags) = with_flags(text, 2, b"gd")?;
        let source = avp_list::name(parts.first().ok_or("names no AVP")?)?;
        let target = parts.get(1).filter(|part| !part.is_empty()).map(|part| avp_list::name(part)).transpose()?;
        Ok(Between { source, target, all: flags.has(b'g'), delete: flags.has(b'd') })
    }
}

/// `$avp(name)` or `$(avp(name)[i])` with `/e`, `/s`, `/n`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub name: Str,
    pub index: usize,
    pub empty: bool,
    pub string: bool,
    pub number: bool,
}

impl Vocabulary for Asked {
    fn parse(text: &[u8]) -> Result<Asked, String> {
        let (parts, flags) = with_flags(text, 1, b"esng")?;
        let text = parts.first().copied().unwrap_or_default();
        let bad = || format!("`{}` is not an AVP such as `$avp(name)`", String::from_utf8_lossy(text));
        let var = VarRef::parse(text, Origin::At(0)).map_err(|_| bad())?;
        let index = match var.index {
            None | Some(Index::All) => 0,
            Some(Index::Int(i)) => usize::try_from(i).unwrap_or(0),
            Some(Index::Append | Index::Word(_) | Index::Var(_)) => return Err(bad()),
        };
        let sub = var.sub.filter(|sub| var.name == "avp" && sub.dynamic.is_none() && var.trailing.is_none());
        let name = Str::new(sub.ok_or_else(bad)?.text.trim_ascii());
        Ok(Asked { name, index, empty: flags.has(b'e'), string: flags.has(b's'), number: flags.has(b'n') })
    }
}

/// A value: as written, an AVP's, another variable's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    Int(i32),
    /// Compared with a number it is one when it looks like one.
    Text(Str),
    Avp(Str),
    /// The variable that stands so in the argument.
    Var(Str),
}

impl Operand {
    fn parse(text: &[u8]) -> Result<Operand, String> {
        if text.starts_with(b"$") {
            return variable(text);
        }
        match text.strip_prefix(b"i:") {
            Some(number) => integer(number)
                .map(Operand::Int)
                .ok_or_else(|| format!("`{}` is no integer", String::from_utf8_lossy(number))),
            None => Ok(Operand::Text(Str::new(text.strip_prefix(b"s:").unwrap_or(text)))),
        }
    }
}

fn variable(text: &[u8]) -> Result<Operand, String> {
    if let Ok(name) = avp_list::name(text) {
        return Ok(Operand::Avp(name));
    }
    let bad = || format!("`{}` is no variable", String::from_utf8_lossy(text));
    let var = VarRef::parse(text, Origin::At(0)).map_err(|_| bad())?;
    if var.trailing.is_some() { Err(bad()) } else { Ok(Operand::Var(Str::from(var.to_string()))) }
}

/// Decimal, or hexadecimal behind `0x`.
pub fn integer(text: &[u8]) -> Option<i32> {
    let text = std::str::from_utf8(text).ok()?;
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok().map(|n| n as i32),
        None => text.parse().ok(),
    }
}

/// A variable whose value is looked at or pushed, with `/g` for every value of an AVP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub value: Operand,
    pub all: bool,
}

impl Vocabulary for Subject {
    fn parse(text: &[u8]) -> Result<Subject, String> {
        let (parts, flags) = with_flags(text, 1, b"g")?;
        let value = variable(parts.first().copied().unwrap_or_default())?;
        Ok(Subject { value, all: flags.has(b'g') })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Regex,
    Glob,
    And,
    Or,
    Xor,
}

const TESTS: &[(&str, Test)] = &[
    ("eq", Test::Eq),
    ("ne", Test::Ne),
    ("lt", Test::Lt),
    ("le", Test::Le),
    ("gt", Test::Gt),
    ("ge", Test::Ge),
    ("re", Test::Regex),
    ("fm", Test::Glob),
    ("and", Test::And),
    ("or", Test::Or),
    ("xor", Test::Xor),
];

/// `operator/value[/flags]` of `avp_check`.
#[derive(Clone)]
pub struct Check {
    pub test: Test,
    pub value: Operand,
    /// Of a regular expression that is no variable.
    pub pattern: Option<Arc<Pattern>>,
    /// Every value of the AVP may fit.
    pub all: bool,
    pub ignores_case: bool,
}

impl Vocabulary for Check {
    fn parse(text: &[u8]) -> Result<Check, String> {
        let (test, value, flags) = operation(text, TESTS, b"gi")?;
        let ignores_case = flags.has(b'i');
        let pattern = match (&value, test) {
            (Operand::Text(text), Test::Regex) => {
                let flags = PatternFlags { icase: ignores_case, newline: false };
                Some(Arc::new(Pattern::new(text, flags).map_err(|e| format!("bad regular expression: {}", e.kind))?))
            }
            _ => None,
        };
        Ok(Check { test, value, pattern, all: flags.has(b'g'), ignores_case })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    And,
    Or,
    Xor,
    Not,
}

const ARITHMETIC: &[(&str, Arithmetic)] = &[
    ("add", Arithmetic::Add),
    ("sub", Arithmetic::Sub),
    ("mul", Arithmetic::Mul),
    ("div", Arithmetic::Div),
    ("mod", Arithmetic::Mod),
    ("and", Arithmetic::And),
    ("or", Arithmetic::Or),
    ("xor", Arithmetic::Xor),
    ("not", Arithmetic::Not),
];

/// `operator/value[/flags]` of `avp_op`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub arithmetic: Arithmetic,
    pub value: Operand,
    pub all: bool,
    pub delete: bool,
}

impl Vocabulary for Operation {
    fn parse(text: &[u8]) -> Result<Operation, String> {
        let (arithmetic, value, flags) = operation(text, ARITHMETIC, b"gd")?;
        let value = match value {
            Operand::Text(text) => {
                let number = integer(&text).ok_or_else(|| format!("`{text}` is no integer"))?;
                Operand::Int(number)
            }
            other => other,
        };
        Ok(Operation { arithmetic, value, all: flags.has(b'g'), delete: flags.has(b'd') })
    }
}

/// Where `avp_pushto` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    RequestUri,
    User,
    Domain,
    NextHop,
    Branch,
}

impl Vocabulary for Destination {
    /// They are places here, of which `$br` is no variable any more.
    const VARS: NotationVars = NotationVars::Plain;

    fn parse(text: &[u8]) -> Result<Destination, String> {
        const NAMED: [(&str, Destination); 5] = [
            ("$ru", Destination::RequestUri),
            ("$ru/username", Destination::User),
            ("$ru/domain", Destination::Domain),
            ("$du", Destination::NextHop),
            ("$br", Destination::Branch),
        ];
        let found = NAMED.iter().find(|(name, _)| name.as_bytes() == text.trim_ascii());
        found.map(|(_, destination)| *destination).ok_or_else(|| {
            let names = NAMED.map(|(name, _)| format!("`{name}`"));
            format!("`{}` is none of {}", String::from_utf8_lossy(text), names.join(", "))
        })
    }
}

/// Letters behind the last slash, in lower case.
struct Letters(Vec<u8>);

impl Letters {
    fn read(text: &[u8], known: &[u8]) -> Result<Letters, String> {
        let letters = text.to_ascii_lowercase();
        match letters.iter().find(|letter| !known.contains(letter)) {
            None => Ok(Letters(letters)),
            Some(letter) => Err(format!("`{}` is no flag here", char::from(*letter))),
        }
    }

    fn has(&self, letter: u8) -> bool {
        self.0.contains(&letter)
    }
}

/// Up to `most` parts, and the flags behind them.
fn with_flags<'a>(text: &'a [u8], most: usize, known: &[u8]) -> Result<(Vec<&'a [u8]>, Letters), String> {
    let mut parts = parts(text.trim_ascii());
    if parts.len() > most + 1 {
        return Err(format!("`{}` has too many parts", String::from_utf8_lossy(text)));
    }
    let flags = if parts.len() > most { parts.pop().unwrap_or_default() } else { b"" };
    Ok((parts, Letters::read(flags, known)?))
}

/// Cut at slashes that stand in no parentheses.
fn parts(text: &[u8]) -> Vec<&[u8]> {
    let mut depth = 0usize;
    text.split(|b| {
        match b {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *b == b'/' && depth == 0
    })
    .collect()
}

/// `operator/value[/flags]`: a value may have slashes, as long as no letters of flags stand behind the last one.
fn operation<T: Copy>(text: &[u8], operators: &[(&str, T)], known: &[u8]) -> Result<(T, Operand, Letters), String> {
    let bad = || format!("`{}` is not like `operator/value/flags`", String::from_utf8_lossy(text));
    let slash = memchr::memchr(b'/', text).ok_or_else(bad)?;
    let (name, rest) = (text.get(..slash).ok_or_else(bad)?, text.get(slash + 1..).ok_or_else(bad)?);
    let operator = operators.iter().find(|(own, _)| own.as_bytes() == name).ok_or_else(|| {
        let names: Vec<&str> = operators.iter().map(|(name, _)| *name).collect();
        format!("`{}` is none of {}", String::from_utf8_lossy(name), names.join(", "))
    })?;
    let behind = memchr::memrchr(b'/', rest).and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?)));
    let (value, flags) = match behind {
        Some((value, flags)) if Letters::read(flags, known).is_ok() => (value, Letters::read(flags, known)?),
        _ => (rest, Letters(Vec::new())),
    };
    if value.is_empty() {
        return Err(bad());
    }
    Ok((operator.1, Operand::parse(value)?, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_with_flags() {
        assert_eq!(Deleted::parse(b"$avp(a)/G"), Ok(Deleted { name: Some("a".into()), all: true }));
        assert_eq!(Deleted::parse(b"*"), Ok(Deleted { name: None, all: false }));
        let between = Between { source: "a/b".into(), target: Some("c".into()), all: true, delete: true };
        assert_eq!(Between::parse(b"$avp(a/b)/$avp(c)/gd"), Ok(between));
        assert_eq!(Asked::parse(b"$(avp(a)[2])/s").map(|a| (a.index, a.string, a.number)), Ok((2, true, false)));
        for bad in ["", "b", "$var(a)", "$avp(a)/x", "$avp(a)/g/g", "$avp($var(n))"] {
            assert!(Deleted::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_are_numbers_texts_or_variables() {
        let value = |text: &str| Check::parse(text.as_bytes()).map(|check| (check.test, check.value));
        assert_eq!(value("eq/i:0x1f"), Ok((Test::Eq, Operand::Int(31))));
        assert_eq!(value("lt/345/g"), Ok((Test::Lt, Operand::Text("345".into()))));
        assert_eq!(value("eq/$td/I"), Ok((Test::Eq, Operand::Var("$td".into()))));
        assert_eq!(value("gt/$avp(b)/g"), Ok((Test::Gt, Operand::Avp("b".into()))));
        assert_eq!(value("fm/a/b*"), Ok((Test::Glob, Operand::Text("a/b*".into()))));
        for bad in ["eq", "eq/", "is/1", "re/(", "eq/i:x", "eq/$"] {
            assert!(value(bad).is_err(), "{bad}");
        }
        assert!(Operation::parse(b"add/x").is_err() && Operation::parse(b"sub/$avp(n)/d").is_ok());
        assert!(Destination::parse(b"$ru/domain").is_ok() && Destination::parse(b"$rd").is_err());
    }
}
