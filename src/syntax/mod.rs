//! Script text to syntax tree: includes, pest grammar, AST with trivia, variable references, format strings, patterns.
pub mod format_string;
pub mod origin;
pub mod pvar;
pub mod transform;
