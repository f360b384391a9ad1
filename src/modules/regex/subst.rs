//! `{pcre.subst,/expression/replacement/flags}`
use super::State;
use super::pcre::{Options, Pcre};
use crate::base::Str;
use crate::context::Value;
use crate::syntax::origin::Origin;
use crate::syntax::substitution::{self, Form};
use crate::syntax::transform::ArgShape::Rest;
use crate::vm::substitution::{Replacement, Values};
use crate::vm::{Cx, TransformArg, TransformRow};
use std::sync::Arc;

pub static TRANSFORMS: &[TransformRow] = &[TransformRow::new(
    "pcre",
    "subst",
    subst,
    "`/expression/replacement/flags`: `i` ignores case, `s` lets `.` match line breaks, `m` lets `^` and `$` match at them, `x` skips blanks, `g` replaces every match.",
)
.args(&[Rest])
.prepared(|text| Some(Arc::new(parsed(text))))];

type Parsed = Option<substitution::Substitution>;

fn parsed(text: &[u8]) -> Parsed {
    substitution::Substitution::parse(text, Form::PcreTransformation, Origin::At(0))
}

/// A bad expression is NULL, as is one that matches the empty text; without a match the text stays.
fn subst(cx: &mut Cx<'_>, value: Value, _: Option<i32>, args: &[TransformArg]) -> Value {
    let (Some(subject), Some((arg, vars))) = (value.str_face(), args.split_first()) else { return Value::Null };
    // Variables are known by their places in the script: a text made at run time has none.
    let substitution = match arg.prepared::<Parsed>() {
        Some(prepared) => prepared.clone(),
        None => {
            arg.text().and_then(|text| parsed(&text)).filter(|s| !Replacement::new(s.replacement.clone()).has_vars())
        }
    };
    let Some(substitution) = substitution else { return Value::Null };
    let Ok(pcre) = compiled(cx, &substitution) else { return Value::Null };
    let vars = vars.iter().map(|var| var.text().unwrap_or_default()).collect();
    let values = Values { vars, request_uri: cx.run.request_uri() };
    match replaced(&pcre, &substitution, &subject, &values) {
        Ok(None) => value,
        Ok(Some(text)) => Value::Str(Str::from(text)),
        Err(EmptyMatch) => Value::Null,
    }
}

/// Recent expressions are kept: the options of the expression stand in front of it.
fn compiled(cx: &Cx<'_>, substitution: &substitution::Substitution) -> Result<Arc<Pcre>, String> {
    let state = cx.core.state::<State>();
    let flags = [
        (substitution.ignores_case, b'i'),
        (substitution.crosses_lines, b's'),
        (substitution.by_lines, b'm'),
        (substitution.extended, b'x'),
    ];
    let letters: Vec<u8> = flags.iter().filter(|(set, _)| *set).map(|(_, letter)| *letter).collect();
    if letters.is_empty() {
        return state.recent.get(&substitution.expression, state.options);
    }
    let options = Options {
        caseless: state.options.caseless || substitution.ignores_case,
        multiline: state.options.multiline || substitution.by_lines,
        dotall: state.options.dotall || substitution.crosses_lines,
        extended: state.options.extended || substitution.extended,
    };
    // A name that no pattern has: patterns hold no NUL.
    let key = Str::from([b"\0", letters.as_slice(), b"\0", &substitution.expression].concat());
    state.recent.made(&key, || Pcre::new(&substitution.expression, options))
}

struct EmptyMatch;

/// `None` when nothing matches.
fn replaced(
    pcre: &Pcre,
    substitution: &substitution::Substitution,
    subject: &[u8],
    values: &Values,
) -> Result<Option<Vec<u8>>, EmptyMatch> {
    let replacement = Replacement::new(substitution.replacement.clone());
    let (mut out, mut done) = (Vec::with_capacity(subject.len() + 16), 0);
    while let Some(found) = pcre.captures_at(subject, done) {
        let whole = found.whole();
        if whole.is_empty() {
            return Err(EmptyMatch);
        }
        out.extend_from_slice(subject.get(done..whole.start).unwrap_or_default());
        replacement.write(subject, &found, values, &mut out);
        done = whole.end;
        if !substitution.every {
            break;
        }
    }
    if done == 0 {
        return Ok(None);
    }
    out.extend_from_slice(subject.get(done..).unwrap_or_default());
    Ok(Some(out))
}
