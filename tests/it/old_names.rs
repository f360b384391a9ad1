//! Names of older releases: they mean what their successors mean, are found, and a tool can write the new ones.
use sipscript::diag::{Applicability, Diagnostic, Fix, codes};
use sipscript::registry::opensips::{KnownNames, Meaning, NameKind};
use sipscript::syntax::{Source, parse};
use sipscript::{analysis, modules};

const HEAD: &str = "loadmodule \"proto_udp.so\"\nsocket = udp:127.0.0.1:5060\n";

/// A route that uses the name; arguments that fit every function with an old name.
fn script(kind: NameKind, name: &str) -> String {
    let used = match kind {
        NameKind::Function if name == "remove_branch" => format!("{name}(0);"),
        NameKind::Function => format!("{name}(\"7\");"),
        _ => format!("xlog(\"a ${name}, b\"); $var(x) = $({name}{{s.len}}); if (${name} == NULL) exit;"),
    };
    format!("{HEAD}route {{ {used} }}\n")
}

fn found(text: &str) -> Vec<Diagnostic> {
    analysis::check(&parse(&Source::single("old.cfg", text.as_bytes())).ast, &modules::catalog())
}

fn fixed(text: &str, fixes: &[Fix]) -> String {
    let mut text = text.to_owned();
    let mut fixes: Vec<&Fix> = fixes.iter().collect();
    fixes.sort_by_key(|fix| std::cmp::Reverse(fix.span.start));
    for fix in fixes {
        text.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
    }
    text
}

#[test]
fn an_old_name_works_is_found_and_can_be_replaced_by_a_tool() {
    let catalog = modules::catalog();
    let mut seen = 0;
    for row in &KnownNames::get().replaced {
        let here = match row.kind {
            NameKind::Function => !catalog.functions_named(row.old).is_empty(),
            NameKind::Pvar => !catalog.pvars_named(row.old).is_empty(),
            NameKind::Module | NameKind::CoreParam => false,
        };
        if !here || row.meaning != Meaning::Same {
            continue;
        }
        let text = script(row.kind, row.old);
        let all = found(&text);
        assert!(all.iter().all(|d| !d.refuses()), "{text}{all:?}");
        let fixes: Vec<Fix> = all.into_iter().filter(|d| d.code == codes::OLD_NAME).filter_map(|d| d.fix).collect();
        assert!(!fixes.is_empty(), "{text}");
        assert!(fixes.iter().all(|fix| fix.applicability == Applicability::MachineApplicable), "{text}");
        let new = fixed(&text, &fixes);
        let left: Vec<_> = found(&new).into_iter().filter(|d| d.refuses() || d.code == codes::OLD_NAME).collect();
        assert!(left.is_empty(), "{new}{left:?}");
        seen += 1;
    }
    assert!(seen >= 14, "{seen} old names were tried");
}
