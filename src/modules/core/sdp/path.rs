//! The name of a `$sdp.*` variable: steps `prefix[index]` with slashes between them; what is left out of a step is an empty
//! prefix and 0. `\/` and `\\` stand for the sign itself. An index may be a variable; what one holds is never structure.
use crate::context::Value;
use crate::syntax::format_string::{FormatString, Piece as SyntaxPiece};
use crate::syntax::origin::Origin;
use crate::vm::{Cx, Piece, Var, VarName};

/// What is looked for among lines or tokens: the `index`th that begins with `prefix`, in any case of letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    pub prefix: Vec<u8>,
    pub index: i32,
}

/// The steps of a variable's name as they are now.
pub fn of(cx: &mut Cx<'_>, var: &Var, most: usize) -> Option<Vec<Step>> {
    let atoms: Vec<Atom> = match &var.name {
        VarName::Text(text) => text.iter().copied().map(Atom::Byte).collect(),
        VarName::Pieces(pieces) => pieces.iter().flat_map(|piece| atoms_of(cx, piece)).collect(),
        VarName::None
        | VarName::Slot(_)
        | VarName::Avp(_)
        | VarName::Flag(_)
        | VarName::Custom(_)
        | VarName::Dynamic(_) => return None,
    };
    steps(&atoms, most).ok()
}

/// Checks a name as written in a script; variables in it count as good indexes.
pub fn check(text: &[u8]) -> Result<(), String> {
    if let Some(sign @ (b'$' | b'@')) = text.first() {
        return Err(format!("the path cannot begin with `{}`", char::from(*sign)));
    }
    let atoms: Vec<Atom> = match FormatString::parse(text, Origin::At(0)) {
        Ok(format) => format.pieces.iter().flat_map(sample).collect(),
        Err(_) => text.iter().copied().map(Atom::Byte).collect(),
    };
    steps(&atoms, MOST).map(drop)
}

/// Stream, line and token.
const MOST: usize = 3;

/// A byte of the name, or the value of a variable in it.
#[derive(Clone, Debug)]
enum Atom {
    Byte(u8),
    Value(Value),
}

fn atoms_of(cx: &mut Cx<'_>, piece: &Piece) -> Vec<Atom> {
    match piece {
        Piece::Text(text) => text.iter().copied().map(Atom::Byte).collect(),
        Piece::Var(var) => vec![Atom::Value(cx.read(var))],
    }
}

fn sample(piece: &SyntaxPiece) -> Vec<Atom> {
    match piece {
        SyntaxPiece::Text(text) => text.iter().copied().map(Atom::Byte).collect(),
        SyntaxPiece::Var(_) => vec![Atom::Value(Value::Int(0))],
    }
}

fn steps(atoms: &[Atom], most: usize) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = Some(atoms);
    while let Some(atoms) = rest.filter(|_| steps.len() < most) {
        let (step, behind) = step(atoms)?;
        steps.push(step);
        rest = behind;
    }
    Ok(steps)
}

/// One step and what stands behind its slash.
fn step(mut atoms: &[Atom]) -> Result<(Step, Option<&[Atom]>), String> {
    let mut prefix = Vec::new();
    while let [first, behind @ ..] = atoms {
        atoms = behind;
        match first {
            Atom::Byte(b'\\') => match behind {
                [Atom::Byte(sign @ (b'/' | b'\\')), behind @ ..] => {
                    prefix.push(*sign);
                    atoms = behind;
                }
                _ => prefix.push(b'\\'),
            },
            Atom::Byte(b'/') => return Ok((Step { prefix: trimmed(prefix), index: 0 }, Some(behind))),
            Atom::Byte(b'[') => {
                let (index, behind) = index(behind)?;
                let slash = behind.iter().position(|a| matches!(a, Atom::Byte(b'/')));
                let next = slash.and_then(|at| behind.get(at + 1..));
                return Ok((Step { prefix: trimmed(prefix), index }, next));
            }
            Atom::Byte(byte) => prefix.push(*byte),
            Atom::Value(value) => prefix.extend_from_slice(&value.str_face().unwrap_or_default()),
        }
    }
    Ok((Step { prefix: trimmed(prefix), index: 0 }, None))
}

/// What stands in brackets. A variable that is no integer counts as negative: it finds nothing by number alone.
fn index(atoms: &[Atom]) -> Result<(i32, &[Atom]), String> {
    const PROBLEM: &str = "an index is a number or a variable in `[]`";
    let Some(end) = atoms.iter().position(|a| matches!(a, Atom::Byte(b']'))) else {
        return Err("an index is not closed".to_owned());
    };
    let (inside, behind) = atoms.split_at(end);
    let index = match inside {
        [Atom::Value(value), blanks @ ..] if blanks.iter().all(is_blank) => value.int_face().unwrap_or(-1),
        inside => {
            let byte = |atom: &Atom| match atom {
                Atom::Byte(byte) => Some(*byte),
                Atom::Value(_) => None,
            };
            let text = inside.iter().map(byte).collect::<Option<Vec<u8>>>().ok_or(PROBLEM)?;
            match text.trim_ascii() {
                b"" => 0,
                digits => std::str::from_utf8(digits).ok().and_then(|t| t.parse().ok()).ok_or(PROBLEM)?,
            }
        }
    };
    Ok((index, behind.get(1..).unwrap_or_default()))
}

fn is_blank(atom: &Atom) -> bool {
    matches!(atom, Atom::Byte(b' ' | b'\t'))
}

fn trimmed(prefix: Vec<u8>) -> Vec<u8> {
    let blanks = prefix.iter().take_while(|b| b.is_ascii_whitespace()).count();
    prefix.get(blanks..).map(<[u8]>::to_vec).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<(String, i32)>, String> {
        let atoms: Vec<Atom> = text.bytes().map(Atom::Byte).collect();
        let shown = |step: Step| (String::from_utf8_lossy(&step.prefix).into_owned(), step.index);
        Ok(steps(&atoms, MOST)?.into_iter().map(shown).collect())
    }

    fn step(prefix: &str, index: i32) -> (String, i32) {
        (prefix.to_owned(), index)
    }

    #[test]
    fn steps_have_prefix_and_index() {
        assert_eq!(parsed("a="), Ok(vec![step("a=", 0)]));
        assert_eq!(parsed(" a=ptime[2]"), Ok(vec![step("a=ptime", 2)]));
        assert_eq!(parsed("[1]/a=x/[3]"), Ok(vec![step("", 1), step("a=x", 0), step("", 3)]));
        assert_eq!(parsed("/a=ptime"), Ok(vec![step("", 0), step("a=ptime", 0)]));
        assert_eq!(parsed(r"m=audio[1]/RTP\/AVP\\\x[ 1 ]"), Ok(vec![step("m=audio", 1), step(r"RTP/AVP\\x", 1)]));
        assert_eq!(parsed("a=[]junk/"), Ok(vec![step("a=", 0), step("", 0)]));
        assert_eq!(parsed("a/b/c/d"), Ok(vec![step("a", 0), step("b", 0), step("c", 0)]));
    }

    #[test]
    fn an_index_is_a_number_in_brackets() {
        assert!(check(b"a=[x]").is_err() && check(b"a=[1").is_err() && check(b"a=[1x]").is_err());
        assert!(check(b"a=[-2]").is_ok() && check(b"a=[$var(i)]/x[$var(j) ]").is_ok());
        assert!(check(b"$var(x)").is_err() && check(b"@x").is_err());
    }
}
