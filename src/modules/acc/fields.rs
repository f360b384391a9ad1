//! Extra and leg fields: what `extra_fields` and `leg_fields` declare, and where each goes.
//!
//! `"log:caller_id; db:caller_id->clid"` declares one value, `$acc_extra(caller_id)`, that stands under two labels.
use crate::base::Str;
use crate::context::Backend;
use crate::vm::Params;

/// More extra fields than this are refused.
pub const MAX_EXTRA: usize = 64;
pub const MAX_LEG: usize = 16;

/// A field of one backend's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Which value.
    pub value: usize,
    pub label: Str,
}

#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// Script names; a value's number is its place here.
    tags: Vec<Str>,
    columns: [Vec<Column>; Backend::COUNT],
}

impl Fields {
    /// All that a parameter declared, in its order.
    pub fn declared(params: Params<'_>, name: &str, max: usize) -> Result<Fields, String> {
        let mut fields = Fields::default();
        for text in params.all(name) {
            for field in parse(text)? {
                fields.add(field);
            }
        }
        if fields.tags.len() > max {
            return Err(format!("`{name}` declares {} fields; {max} are possible", fields.tags.len()));
        }
        Ok(fields)
    }

    fn add(&mut self, field: Field) {
        let value = self.index(&field.tag).unwrap_or_else(|| {
            self.tags.push(field.tag.clone());
            self.tags.len() - 1
        });
        if let Some(columns) = self.columns.get_mut(field.backend as usize) {
            columns.push(Column { value, label: field.label });
        }
    }

    pub fn len(&self) -> usize {
        self.tags.len()
    }

    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    pub fn index(&self, tag: &[u8]) -> Option<usize> {
        self.tags.iter().position(|t| **t == *tag)
    }

    pub fn of(&self, backend: Backend) -> &[Column] {
        self.columns.get(backend as usize).map_or(&[], Vec::as_slice)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    backend: Backend,
    tag: Str,
    label: Str,
}

/// `backend:tag[->label]; tag; backend:tag ..`: a field without a backend has that of the one before it.
fn parse(text: &[u8]) -> Result<Vec<Field>, String> {
    let items = text.split(|b| *b == b';').map(<[u8]>::trim_ascii).filter(|item| !item.is_empty());
    let mut fields = Vec::new();
    let mut current = None;
    for item in items {
        let (backend, rest) = parse_backend(item, current)?;
        current = Some(backend);
        fields.push(parse_field(item, backend, rest)?);
    }
    Ok(fields)
}

/// The backend that an item names, or `before`, and the rest of the item.
fn parse_backend(item: &[u8], before: Option<Backend>) -> Result<(Backend, &[u8]), String> {
    let parted = memchr::memchr(b':', item).and_then(|at| Some((item.get(..at)?.trim_ascii(), item.get(at + 1..)?)));
    let named =
        parted.and_then(|(name, rest)| Some((Backend::ALL.into_iter().find(|b| b.name().as_bytes() == name)?, rest)));
    match (named, before, parted) {
        (Some(found), _, _) => Ok(found),
        (None, Some(before), _) => Ok((before, item)),
        (None, None, Some((name, _))) => {
            let names = Backend::ALL.map(|b| format!("`{}`", b.name())).join(", ");
            Err(format!("`{}` is no accounting backend; these are: {names}", Str::new(name)))
        }
        (None, None, None) => {
            let shown = Str::new(item);
            Err(format!("field `{shown}` does not say for which backend it is, as in `log:{shown}`"))
        }
    }
}

fn parse_field(item: &[u8], backend: Backend, rest: &[u8]) -> Result<Field, String> {
    let (tag, label) = match memchr::memmem::find(rest, b"->") {
        Some(arrow) => (rest.get(..arrow).unwrap_or_default(), rest.get(arrow + 2..).unwrap_or_default()),
        None => (rest, rest),
    };
    let (tag, label) = (tag.trim_ascii(), label.trim_ascii());
    if tag.is_empty() || label.is_empty() {
        return Err(format!("field `{}` lacks a name", Str::new(item)));
    }
    Ok(Field { backend, tag: Str::new(tag), label: Str::new(label) })
}

pub fn check(text: &[u8]) -> Result<(), String> {
    parse(text).map(drop)
}

/// For the checker: the names a value may be used under.
pub fn declared_names(text: &[u8]) -> Vec<String> {
    parse(text).unwrap_or_default().into_iter().map(|f| f.tag.to_string()).collect()
}

/// Whether a parameter declares a field of this backend.
pub fn names_backend(text: &[u8], backend: Backend) -> bool {
    parse(text).is_ok_and(|fields| fields.iter().any(|f| f.backend == backend))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Setting;

    fn fields(texts: &[&str]) -> Result<Fields, String> {
        let set: Vec<_> =
            texts.iter().map(|t| ("extra_fields".to_owned(), Setting::Str(t.as_bytes().to_vec()))).collect();
        Fields::declared(Params { set: &set }, "extra_fields", 3)
    }

    #[test]
    fn one_tag_of_several_backends_is_one_value() {
        let fields = fields(&["log:a; db:a -> col_a;", "log:b->B"]).expect("well formed");
        assert_eq!(
            (fields.len(), fields.index(b"a"), fields.index(b"b"), fields.index(b"B")),
            (2, Some(0), Some(1), None)
        );
        let log = [Column { value: 0, label: "a".into() }, Column { value: 1, label: "B".into() }];
        assert_eq!(fields.of(Backend::Log), log);
        assert_eq!(fields.of(Backend::Db), [Column { value: 0, label: "col_a".into() }]);
        assert!(fields.of(Backend::Evi).is_empty());
    }

    #[test]
    fn a_backend_holds_until_another_is_named() {
        let fields = fields(&["log: a; b -> B; db: c"]).expect("well formed");
        let log = [Column { value: 0, label: "a".into() }, Column { value: 1, label: "B".into() }];
        assert_eq!(fields.of(Backend::Log), log);
        assert_eq!(fields.of(Backend::Db), [Column { value: 2, label: "c".into() }]);
    }

    #[test]
    fn malformed_declarations_say_why() {
        let error = |text: &str| fields(&[text]).expect_err("malformed");
        assert_eq!(error("a"), "field `a` does not say for which backend it is, as in `log:a`");
        assert_eq!(error("LOG:a"), "`LOG` is no accounting backend; these are: `log`, `aaa`, `db`, `evi`");
        assert_eq!(error("log:->x"), "field `log:->x` lacks a name");
        assert_eq!(error("log:a;log:b;log:c;log:d"), "`extra_fields` declares 4 fields; 3 are possible");
    }

    #[test]
    fn the_checker_gets_tags_not_labels() {
        assert_eq!(declared_names(b"log:a->x; db:b"), ["a", "b"]);
        assert!(names_backend(b"log:a; db:b", Backend::Db) && !names_backend(b"log:a", Backend::Db));
    }
}
