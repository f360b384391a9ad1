//! A layer imports only what stands above it in the list.
use std::path::Path;

const LAYERS: &[&str] = &[
    "base", "diag", "syntax", "registry", "sip", "analysis", "format", "proto", "context", "ir", "vm", "modules",
    "engine", "server", "testing", "lsp", "cli",
];

fn sources(dir: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("the source folder is readable") {
        let path = entry.expect("a folder entry is readable").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn violations(text: &str, layer: &str) -> Vec<String> {
    let rank = LAYERS.iter().position(|l| *l == layer);
    let mut bad = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or("");
        for (at, _) in code.match_indices("crate::") {
            let used: String = code[at + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let used_rank = LAYERS.iter().position(|l| *l == used);
            if let (Some(own), Some(other)) = (rank, used_rank)
                && other > own
            {
                bad.push(format!("line {}: `{layer}` imports `{used}`", n + 1));
            }
        }
    }
    bad
}

#[test]
fn layers_import_only_upwards() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut bad = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&root).expect("found below the root");
        let layer = relative.components().next().map(|c| c.as_os_str().to_string_lossy().into_owned());
        let layer = layer.unwrap_or_default();
        let text = std::fs::read_to_string(&file).expect("a source file is readable");
        bad.extend(violations(&text, &layer).into_iter().map(|v| format!("{}: {v}", relative.display())));
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn notices_an_import_of_a_lower_layer() {
    assert_eq!(violations("use crate::engine::Engine;", "proto"), ["line 1: `proto` imports `engine`"]);
    assert!(violations("use crate::base::Str;", "proto").is_empty());
}
