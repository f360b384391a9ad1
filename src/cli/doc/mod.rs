//! `sipscript doc`: what a name of the language means, shown by an example, and how much of OpenSIPS is here.
//!
//! `topics` finds what a name means, `page` is what is told about it, `text` writes pages for people, `coverage` counts.
//! Facts come from the rows, examples from the modules' pages (`registry::examples`): nothing is written here by hand.
mod coverage;
mod page;
mod text;
mod topics;

use crate::modules;
use crate::registry::coverage::{Coverage, Entries};
use crate::registry::opensips::KnownNames;
use crate::registry::{Catalog, ModuleId};
use clap::{Args, ValueEnum};
use serde_json::Value;
use std::io::{self, Write};
use std::process::ExitCode;
use text::Style;

#[derive(Args, Debug)]
pub struct DocArgs {
    /// A function, `$variable`, `{transformation}`, parameter, statement or module.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Lists what OpenSIPS has and this build has not, of all modules or of the one named.
    #[arg(long)]
    missing: bool,
    /// How it is shown.
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Full,
    /// One JSON value.
    Json,
}

/// What every part of the command looks at.
struct Shelf {
    catalog: Catalog,
    known: &'static KnownNames,
    entries: Entries,
}

impl Shelf {
    fn new() -> Shelf {
        let catalog = modules::catalog();
        Shelf { entries: Entries::of(&catalog), known: KnownNames::get(), catalog }
    }

    fn module_name(&self, id: ModuleId) -> &'static str {
        self.catalog.module_signature(id).name
    }
}

/// Ends with 1 when nothing has the name.
pub fn run(args: &DocArgs) -> ExitCode {
    let shelf = Shelf::new();
    match (&args.name, args.missing) {
        (name, true) => missing(&shelf, name.as_deref(), args.format),
        (None, false) => {
            let coverage = Coverage::of(&shelf.catalog, shelf.known);
            print(
                args.format,
                |style, out| coverage::modules(&coverage, style, out),
                || coverage::json(&coverage, None),
            )
        }
        (Some(name), false) => about(&shelf, name, args.format),
    }
}

fn about(shelf: &Shelf, name: &str, format: Format) -> ExitCode {
    let pages = topics::find(shelf, name);
    if pages.is_empty() {
        let nearest = topics::nearest(shelf, name);
        let hint = if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", nearest.join(", ")) };
        super::tell(format_args!("sipscript: nothing is called `{name}`{hint}"));
        return ExitCode::from(1);
    }
    print(
        format,
        |style, out| pages.iter().try_for_each(|page| text::write(page, style, out)),
        || Value::Array(pages.iter().map(page::Page::json).collect()),
    )
}

fn missing(shelf: &Shelf, module: Option<&str>, format: Format) -> ExitCode {
    let coverage = Coverage::of(&shelf.catalog, shelf.known);
    if let Some(name) = module.filter(|name| coverage.of_module(name).next().is_none()) {
        let known = crate::diag::near::nearest(name, coverage.modules());
        let hint = known.map(|k| format!("; did you mean {k}?")).unwrap_or_default();
        super::tell(format_args!("sipscript: no module is called `{name}`{hint}"));
        return ExitCode::from(1);
    }
    print(
        format,
        |style, out| coverage::missing(&coverage, &shelf.catalog, module, style, out),
        || coverage::json(&coverage, module),
    )
}

/// A reader that went away wants no more: that changes no exit code.
fn print(
    format: Format,
    text: impl FnOnce(Style, &mut dyn Write) -> io::Result<()>,
    json: impl FnOnce() -> Value,
) -> ExitCode {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match format {
        Format::Full => text(Style::of(super::check::colours()), &mut out),
        Format::Json => writeln!(out, "{:#}", json()),
    };
    let _closed = written.and_then(|()| out.flush());
    ExitCode::SUCCESS
}
