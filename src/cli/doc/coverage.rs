//! How much of OpenSIPS is here, in tables and lists.
use super::text::{Style, wrapped};
use crate::registry::Catalog;
use crate::registry::coverage::{Coverage, Name, Sort, State};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Of one sort of names.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    all: usize,
    there: usize,
    untested: usize,
    without_effect: usize,
    missing: usize,
}

impl Tally {
    fn add(&mut self, state: State) {
        self.all += 1;
        match state {
            State::There => self.there += 1,
            State::Untested { .. } => self.untested += 1,
            State::WithoutEffect(_) => self.without_effect += 1,
            State::Missing => self.missing += 1,
        }
    }

    fn of<'a>(names: impl Iterator<Item = &'a Name>) -> Tally {
        names.fold(Tally::default(), |mut tally, name| {
            tally.add(name.state);
            tally
        })
    }

    /// `built of all`
    fn cell(self) -> String {
        match self.all {
            0 => "-".to_owned(),
            all => format!("{} of {all}", all - self.missing),
        }
    }
}

/// What `doc` without a name shows: the modules that are built.
pub fn modules(coverage: &Coverage, style: Style, out: &mut dyn Write) -> io::Result<()> {
    table(coverage, style, out)?;
    writeln!(out, "\n`sipscript doc NAME` tells about a name, `sipscript doc --missing` what is not there.")
}

/// Everything that is missing, untested or without effect: of one module, or of all that are built, and the others by
/// their counts.
pub fn missing(
    coverage: &Coverage,
    catalog: &Catalog,
    module: Option<&str>,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    if let Some(module) = module {
        return details(coverage, module, style, out);
    }
    table(coverage, style, out)?;
    writeln!(out)?;
    let (built, others): (Vec<&str>, Vec<&str>) =
        coverage.modules().into_iter().partition(|m| catalog.module(m).is_some());
    for module in built {
        details(coverage, module, style, out)?;
    }
    writeln!(out, "{}", style.strong("modules that are not built, with the names they have"))?;
    let counted = |m: &&str| format!("{m} {}", coverage.of_module(m).count());
    let list: Vec<String> = others.iter().map(counted).collect();
    for line in wrapped_list(&list) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// Entries are not broken over lines.
fn wrapped_list(entries: &[String]) -> Vec<String> {
    let glued: Vec<String> = entries.iter().map(|e| e.replace(' ', "\u{a0}")).collect();
    let text = glued.join(", ");
    // `split_whitespace` takes a no-break space for white space, so it is put back behind the wrapping.
    let marked = text.replace('\u{a0}', "\u{1}");
    wrapped(&marked, 92).into_iter().map(|line| line.replace('\u{1}', " ")).collect()
}

/// A line for each module of which something is built, and the sum over everything OpenSIPS has.
fn table(coverage: &Coverage, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let head: Vec<String> = Sort::ALL.iter().map(|s| format!("{:>16}", s.plural())).collect();
    writeln!(out, "{}", style.strong(&format!("{:<16}{}", "module", head.concat())))?;
    for module in coverage.modules() {
        let is_built = coverage.of_module(module).any(|n| n.state != State::Missing);
        if is_built {
            let cells = Sort::ALL.map(|s| Tally::of(coverage.of_module(module).filter(|n| n.sort == s)).cell());
            writeln!(out, "{module:<16}{}", row(&cells))?;
        }
    }
    let all = |s: Sort| Tally::of(coverage.names.iter().filter(move |n| n.sort == s));
    writeln!(out, "{:<16}{}", "all of OpenSIPS", row(&Sort::ALL.map(|s| all(s).cell())))?;
    let total = Tally::of(coverage.names.iter());
    writeln!(
        out,
        "\nBuilt, of what OpenSIPS 3.1 and 4.1 have. Of {} names {} ({} %) are there, {} are untested, {} parameters are\n\
         accepted without effect, and {} are missing.",
        total.all,
        total.there,
        total.there * 100 / total.all.max(1),
        total.untested,
        total.without_effect,
        total.missing
    )
}

fn row(cells: &[String; 5]) -> String {
    cells.iter().map(|cell| format!("{cell:>16}")).collect()
}

fn details(coverage: &Coverage, module: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let tally = Tally::of(coverage.of_module(module));
    writeln!(out, "{}  {}", style.strong(module), style.faint(&summary(tally)))?;
    let lists = [
        ("missing", names(coverage, module, |s| s == State::Missing)),
        ("without an example", names(coverage, module, |s| matches!(s, State::Untested { example: false, .. }))),
        (
            "without bad input",
            names(coverage, module, |s| matches!(s, State::Untested { example: true, bad_input: false })),
        ),
        ("without effect", names(coverage, module, |s| matches!(s, State::WithoutEffect(_)))),
    ];
    for (title, of_sort) in lists {
        for (sort, names) in of_sort {
            writeln!(out, "  {} {title} ({})", sort.plural(), names.len())?;
            for line in wrapped_list(&names) {
                writeln!(out, "    {line}")?;
            }
        }
    }
    writeln!(out)
}

fn summary(tally: Tally) -> String {
    let parts = [
        (tally.there, "there"),
        (tally.untested, "untested"),
        (tally.without_effect, "without effect"),
        (tally.missing, "missing"),
    ];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    parts.join(", ")
}

fn names(coverage: &Coverage, module: &str, wanted: impl Fn(State) -> bool) -> BTreeMap<Sort, Vec<String>> {
    let mut found: BTreeMap<Sort, Vec<String>> = BTreeMap::new();
    for name in coverage.of_module(module).filter(|n| wanted(n.state)) {
        found.entry(name.sort).or_default().push(name.name.clone());
    }
    found
}

/// By module: each sort's counts, and the names that are not there, by what is wrong with them.
pub fn json(coverage: &Coverage, module: Option<&str>) -> Value {
    let wanted = coverage.modules().into_iter().filter(|m| module.is_none_or(|only| only == *m));
    let told: Map<String, Value> = wanted.map(|m| (m.to_owned(), module_json(coverage, m))).collect();
    Value::Object(told)
}

fn module_json(coverage: &Coverage, module: &str) -> Value {
    let sorts = Sort::ALL.map(|sort| {
        let tally = Tally::of(coverage.of_module(module).filter(|n| n.sort == sort));
        let listed = |wanted: fn(State) -> bool| names(coverage, module, wanted).remove(&sort).unwrap_or_default();
        let told = json!({
            "all": tally.all,
            "there": tally.there,
            "missing": listed(|s| s == State::Missing),
            "untested": listed(|s| matches!(s, State::Untested { .. })),
            "without_effect": listed(|s| matches!(s, State::WithoutEffect(_))),
        });
        (sort.plural().to_owned(), told)
    });
    Value::Object(sorts.into_iter().collect())
}
