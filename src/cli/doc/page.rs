//! What is told about one name, whatever it is written in.
use crate::registry::examples::Shown;
use crate::registry::opensips::Releases;
use serde_json::{Value, json};

#[derive(Clone, Debug, Default)]
pub struct Page {
    /// As scripts write it.
    pub name: String,
    pub module: &'static str,
    /// `function`, `variable`...
    pub sort: &'static str,
    /// How it is written, one form each.
    pub forms: Vec<String>,
    /// `None` where routes do not matter.
    pub routes: Option<String>,
    pub releases: Option<Releases>,
    /// Known to OpenSIPS and not built here.
    pub is_missing: bool,
    pub text: String,
    /// What else is to be known, a line each.
    pub notes: Vec<String>,
    pub example: Shown,
    pub bad_input: Shown,
}

impl Page {
    pub fn json(&self) -> Value {
        let shown = |shown: &Shown| {
            let pieces = shown.pieces.iter();
            pieces.map(|p| json!({ "text": p.prose, "kind": p.info, "block": p.body })).collect::<Vec<_>>()
        };
        json!({
            "name": self.name,
            "kind": self.sort,
            "module": self.module,
            "forms": self.forms,
            "routes": self.routes,
            "opensips": self.releases.map(releases),
            "built": !self.is_missing,
            "text": self.text,
            "notes": self.notes,
            "example": shown(&self.example),
            "bad_input": shown(&self.bad_input),
        })
    }
}

/// Which releases of OpenSIPS have a name.
pub const fn releases(releases: Releases) -> &'static str {
    match releases {
        Releases::Both => "3.1 and 4.1",
        Releases::Only31 => "3.1",
        Releases::Only41 => "4.1",
    }
}
