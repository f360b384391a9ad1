//! The name of a JSON variable: `name(/key | [index] | [])*` and perhaps `.keys` or `.values`. Keys and indexes may be
//! variables; what a variable holds is never read as structure.
use crate::base::Str;
use crate::context::Value;
use crate::syntax::format_string::{FormatString, Piece as SyntaxPiece};
use crate::syntax::origin::Origin;
use crate::vm::{Cx, Piece, Var, VarName};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub name: Str,
    pub steps: Vec<Step>,
    pub each: Each,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Key(Str),
    /// Negative counts from the end.
    Index(i32),
    /// `[]`: behind the last.
    Append,
}

/// What iteration over an object yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Each {
    Value,
    Key,
    /// `.values` was written: for objects alone.
    ObjectValue,
}

/// What the path of a variable is now.
pub fn of(cx: &mut Cx<'_>, var: &Var) -> Result<Path, String> {
    let atoms = match &var.name {
        VarName::Text(text) => text.iter().copied().map(Atom::Byte).collect(),
        VarName::Pieces(pieces) => atoms_of(cx, pieces),
        VarName::None
        | VarName::Slot(_)
        | VarName::Avp(_)
        | VarName::Flag(_)
        | VarName::Custom(_)
        | VarName::Dynamic(_) => Vec::new(),
    };
    Reader { atoms: &atoms }.path()
}

/// Checks a name as written in a script; variables in it count as good keys and indexes.
pub fn check(text: &[u8]) -> Result<(), String> {
    let atoms: Vec<Atom> = match FormatString::parse(text, Origin::At(0)) {
        Ok(format) => format.pieces.iter().flat_map(sample).collect(),
        Err(_) => text.iter().copied().map(Atom::Byte).collect(),
    };
    Reader { atoms: &atoms }.path().map(drop)
}

/// A byte of the name, or the value of a variable in it.
#[derive(Clone, Debug)]
enum Atom {
    Byte(u8),
    Value(Value),
}

fn atoms_of(cx: &mut Cx<'_>, pieces: &[Piece]) -> Vec<Atom> {
    let mut atoms = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => atoms.extend(text.iter().copied().map(Atom::Byte)),
            Piece::Var(var) => atoms.push(Atom::Value(cx.read(var))),
        }
    }
    atoms
}

fn sample(piece: &SyntaxPiece) -> Vec<Atom> {
    match piece {
        SyntaxPiece::Text(text) => text.iter().copied().map(Atom::Byte).collect(),
        SyntaxPiece::Var(_) => vec![Atom::Value(Value::Int(0))],
    }
}

struct Reader<'a> {
    atoms: &'a [Atom],
}

impl Reader<'_> {
    fn path(mut self) -> Result<Path, String> {
        let name = self.text(b"/[.")?;
        if name.is_empty() {
            return Err("a JSON variable needs a name".to_owned());
        }
        let mut path = Path { name, steps: Vec::new(), each: Each::Value };
        while let Some(mark) = self.byte() {
            match mark {
                b'/' => path.steps.push(Step::Key(self.text(b"/[.")?)),
                b'[' => path.steps.push(self.index()?),
                b'.' => path.each = self.each()?,
                _ => return Err("`/`, `[` or `.` must follow an index".to_owned()),
            }
        }
        if self.atoms.is_empty() { Ok(path) } else { Err("a variable must stand behind `/` or in `[]`".to_owned()) }
    }

    fn index(&mut self) -> Result<Step, String> {
        if let [Atom::Value(value), Atom::Byte(b']'), rest @ ..] = self.atoms {
            self.atoms = rest;
            return value.int_face().map(Step::Index).ok_or_else(|| "an index must be an integer".to_owned());
        }
        let text = self.text(b"]")?;
        if self.byte() != Some(b']') {
            return Err("`]` is missing".to_owned());
        }
        match text.trim_ascii() {
            b"" => Ok(Step::Append),
            digits => {
                let number = std::str::from_utf8(digits).ok().and_then(|d| d.parse().ok());
                number.map(Step::Index).ok_or_else(|| format!("`{text}` is no index"))
            }
        }
    }

    fn each(&mut self) -> Result<Each, String> {
        match self.text(b"")?.as_bytes() {
            b"keys" => Ok(Each::Key),
            b"values" => Ok(Each::ObjectValue),
            _ => Err("behind `.` stands `keys` or `values`".to_owned()),
        }
    }

    /// The text up to a byte of `ends`.
    fn text(&mut self, ends: &[u8]) -> Result<Str, String> {
        let mut text = Vec::new();
        while let [first, rest @ ..] = self.atoms {
            match first {
                Atom::Byte(b) if ends.contains(b) => break,
                Atom::Byte(b) => text.push(*b),
                Atom::Value(value) => {
                    let part = value.str_face().ok_or_else(|| "a variable in the path is NULL".to_owned())?;
                    text.extend_from_slice(&part);
                }
            }
            self.atoms = rest;
        }
        Ok(Str::from(text))
    }

    fn byte(&mut self) -> Option<u8> {
        let [Atom::Byte(b), rest @ ..] = self.atoms else { return None };
        self.atoms = rest;
        Some(*b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Path, String> {
        let atoms: Vec<Atom> = text.bytes().map(Atom::Byte).collect();
        Reader { atoms: &atoms }.path()
    }

    fn key(text: &str) -> Step {
        Step::Key(text.into())
    }

    #[test]
    fn paths_have_keys_and_indexes() {
        let check = |text: &str, steps: &[Step], each: Each| {
            assert_eq!(read(text), Ok(Path { name: "a".into(), steps: steps.to_vec(), each }), "{text}");
        };
        check("a", &[], Each::Value);
        check("a/b c[0][-1]/d[]", &[key("b c"), Step::Index(0), Step::Index(-1), key("d"), Step::Append], Each::Value);
        check("a[ 2 ]", &[Step::Index(2)], Each::Value);
        check("a/b.keys", &[key("b")], Each::Key);
        check("a.values", &[], Each::ObjectValue);
        check("a/", &[key("")], Each::Value);
    }

    #[test]
    fn other_names_are_refused_before_the_first_message() {
        for bad in ["", "/a", "a[", "a[x]", "a[1", "a[1]b", "a.key", "a.keys/b", "a[$var(x)"] {
            assert!(check(bad.as_bytes()).is_err(), "{bad}");
        }
        for good in ["a[$var(i)]/$var(k)[$avp(x.y)]", "a/$var(a/b).keys"] {
            assert_eq!(check(good.as_bytes()), Ok(()), "{good}");
        }
    }

    #[test]
    fn the_text_of_a_variable_is_no_structure() {
        let value = |v: Value| [b'a', b'/'].map(Atom::Byte).into_iter().chain([Atom::Value(v)]).collect::<Vec<_>>();
        let path = |atoms: &[Atom]| Reader { atoms }.path().map(|p| p.steps);
        assert_eq!(path(&value(Value::text(b"x/y[0].keys"))), Ok(vec![key("x/y[0].keys")]));
        assert_eq!(path(&value(Value::Int(7))), Ok(vec![key("7")]));
        assert!(path(&value(Value::Null)).is_err());
        let index = |v: Value| [Atom::Byte(b'a'), Atom::Byte(b'['), Atom::Value(v), Atom::Byte(b']')];
        assert_eq!(path(&index(Value::Int(-2))), Ok(vec![Step::Index(-2)]));
        assert!(path(&index(Value::text(b"1"))).is_err());
    }
}
