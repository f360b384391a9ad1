//! The lines of the tables beside this file, as types. `-` is an empty column.
use crate::registry::signature::{RouteKind, RouteMask};

/// Which release lines have a name: 3.1, 4.1 or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Releases {
    Both,
    /// Removed or renamed since.
    Only31,
    /// Not yet in 3.1.
    Only41,
}

#[derive(Clone, Debug)]
pub struct KnownFunction {
    pub module: &'static str,
    pub name: &'static str,
    pub params: Vec<KnownParam>,
    /// Where it may be called directly; a function only for `async()` has no such limit.
    pub routes: RouteMask,
    pub mode: CallMode,
    pub releases: Releases,
}

/// Whether a function can be called directly, through `async()`, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallMode {
    Sync,
    Async,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownParam {
    pub name: &'static str,
    pub ty: KnownType,
    pub optional: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownType {
    Int,
    /// A format string or a variable.
    Str,
    /// A string without variables.
    Static,
    /// A string taken as it is, or a variable.
    Verbatim,
    Var,
    Regex,
}

/// A variable in one of its forms: some have a row with and one without a name in parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownPvar {
    pub module: &'static str,
    pub name: &'static str,
    pub takes_sub: bool,
    pub takes_index: bool,
    pub writable: bool,
    pub releases: Releases,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownModparam {
    pub module: &'static str,
    pub name: &'static str,
    pub ty: SettingType,
    pub releases: Releases,
}

/// What a module parameter can be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingType {
    Int,
    Str,
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownModule {
    pub name: &'static str,
    /// Usable without `loadmodule`.
    pub builtin: bool,
    pub releases: Releases,
}

#[derive(Clone, Debug)]
pub struct KnownTransformation {
    pub module: &'static str,
    pub class: &'static str,
    pub function: &'static str,
    pub params: Vec<KnownParam>,
}

#[derive(Clone, Debug)]
pub struct KnownEvent {
    pub module: &'static str,
    pub name: &'static str,
    pub params: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownStatistic {
    pub module: &'static str,
    pub group: &'static str,
    pub name: &'static str,
    /// Computed when read, not counted.
    pub gauge: bool,
}

#[derive(Clone, Debug)]
pub struct KnownMiCommand {
    pub module: &'static str,
    /// `group:command`.
    pub name: &'static str,
    /// Names of older releases.
    pub aliases: Vec<&'static str>,
    /// Name and whether it may be left out.
    pub params: Vec<(&'static str, bool)>,
}

#[derive(Clone, Debug)]
pub struct KnownCoreParam {
    pub name: &'static str,
    pub aliases: Vec<&'static str>,
    /// `int`, `bool`, `string`, `id` or a word of its own, several joined by commas.
    pub ty: &'static str,
    pub releases: Releases,
}

/// A name of an older release, and what to write instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replaced {
    pub kind: NameKind,
    pub old: &'static str,
    /// As scripts write it, a variable without its `$`; `None` when it went without replacement.
    pub new: Option<&'static str>,
    /// The first release without the old name, none of them older than 3.1.
    pub gone: &'static str,
    pub meaning: Meaning,
}

/// Whether a new name can be written in the place of an old one, with all that stands around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    Same,
    /// Arguments, values or what must be loaded differ.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    Function,
    Pvar,
    Module,
    CoreParam,
}

/// The rows of a table; a line that has not `N` columns is left out, and a test counts.
pub(super) fn rows<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    table.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let columns: Vec<_> = line.split('\t').map(|column| if column == "-" { "" } else { column }).collect();
        columns.try_into().ok()
    })
}

pub(super) fn words(column: &'static str) -> Vec<&'static str> {
    column.split_ascii_whitespace().collect()
}

/// `name:type`, with `?` behind an optional name.
pub(super) fn params(column: &'static str) -> Vec<KnownParam> {
    column.split_ascii_whitespace().filter_map(param).collect()
}

fn param(word: &'static str) -> Option<KnownParam> {
    let (name, ty) = word.split_once(':')?;
    let (name, optional) = optional(name);
    Some(KnownParam { name, ty: named(&TYPES, ty)?, optional })
}

pub(super) fn optional(name: &'static str) -> (&'static str, bool) {
    name.strip_suffix('?').map_or((name, false), |name| (name, true))
}

pub(super) fn routes(column: &str) -> RouteMask {
    if column == "any" {
        return RouteMask::ALL;
    }
    let of = |word: &str| RouteKind::ALL.into_iter().find(|kind| route_word(*kind) == word);
    column.split(',').filter_map(of).fold(RouteMask::default(), |mask, kind| mask | kind.mask())
}

/// The word that opens the route, without `_route`; `request` for `route` itself.
fn route_word(kind: RouteKind) -> &'static str {
    match kind.keyword().strip_suffix("_route") {
        Some(word) => word,
        None => "request",
    }
}

/// The value that a word of a table stands for.
pub(super) fn named<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table.iter().find(|(name, _)| *name == word).map(|(_, value)| *value)
}

const TYPES: [(&str, KnownType); 6] = [
    ("int", KnownType::Int),
    ("str", KnownType::Str),
    ("static", KnownType::Static),
    ("verbatim", KnownType::Verbatim),
    ("var", KnownType::Var),
    ("regex", KnownType::Regex),
];

pub(super) const RELEASES: [(&str, Releases); 3] =
    [("both", Releases::Both), ("3.1", Releases::Only31), ("4.1", Releases::Only41)];

pub(super) const MODES: [(&str, CallMode); 3] =
    [("sync", CallMode::Sync), ("async", CallMode::Async), ("both", CallMode::Both)];

pub(super) const SETTING_TYPES: [(&str, SettingType); 3] =
    [("int", SettingType::Int), ("str", SettingType::Str), ("any", SettingType::Any)];

pub(super) const MEANINGS: [(&str, Meaning); 3] =
    [("same", Meaning::Same), ("other", Meaning::Other), ("", Meaning::Other)];

pub(super) const KINDS: [(&str, NameKind); 4] = [
    ("function", NameKind::Function),
    ("pvar", NameKind::Pvar),
    ("module", NameKind::Module),
    ("core_param", NameKind::CoreParam),
];
