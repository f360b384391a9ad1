//! Contexts of other calls: loaded and not unloaded on some path, nested, loaded or used where OpenSIPS goes wrong.
use crate::analysis::flow::{Hazard, Leak, Told, follow};
use crate::analysis::routes::title;
use crate::analysis::script::Script;
use crate::diag::{Diagnostic, codes};
use crate::registry::ContextKind;

pub fn followed(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    found.extend(follow(script).into_iter().map(|hazard| report(script, hazard)));
}

fn report(script: &Script<'_>, hazard: Hazard) -> Diagnostic {
    match hazard {
        Hazard::Leak(leak) => leaked(script, leak),
        Hazard::Nested { kind, load, over } => {
            let message = format!("{} is loaded over another", name(kind));
            Diagnostic::new(codes::NESTED_CONTEXT, load, message)
                .label(over, "still loaded from here")
                .note("contexts nest here; OpenSIPS refuses the second load with -1")
        }
        Hazard::WithoutDialog { load } => {
            let message = "an accounting context is loaded where no dialog context may be";
            Diagnostic::new(codes::ACC_CONTEXT_WITHOUT_DIALOG, load, message)
                .note("without a loaded dialog this is the accounting of the own call, if it has any")
                .help("load the dialog context first and test that it succeeded")
        }
        Hazard::OwnWhileLoaded { call, load } => {
            let message = "this function works on the own dialog while another is loaded";
            Diagnostic::new(codes::OWN_WHILE_LOADED, call, message)
                .label(load, "loaded here")
                .note("OpenSIPS takes the loaded dialog for the own one here")
                .help("call it before the load or behind the unload")
        }
    }
}

fn leaked(script: &Script<'_>, leak: Leak) -> Diagnostic {
    let what = name(leak.kind);
    let entry = script.routes.get(leak.entry).map(title).unwrap_or_default();
    let mut found = Diagnostic::new(
        codes::LEAKED_CONTEXT,
        leak.load,
        format!("{what} is still loaded where a run of `{entry}` ends"),
    );
    for (span, told) in leak.steps {
        let text = match told {
            Told::Load(kind) => format!("{} is loaded", name(kind)),
            Told::Text(text) => text,
        };
        found = found.step(span, text);
    }
    let (at, how) = leak.end;
    found
        .step(at, format!("{how} and {what} is still loaded"))
        .note("the context is released at the end of the run; OpenSIPS keeps it and refuses every later load of its worker")
        .help("unload it before the run ends")
}

const fn name(kind: ContextKind) -> &'static str {
    match kind {
        ContextKind::Dialog => "a dialog context",
        ContextKind::Accounting => "an accounting context",
    }
}
