//! Script text to syntax tree: includes, pest grammar, AST with trivia, variable references, format strings, patterns.
pub mod ast;
pub mod ere;
pub mod format_string;
mod grammar;
pub mod keywords;
pub mod origin;
pub mod pvar;
pub mod scan;
pub mod source;
pub mod transform;

use crate::diag::Diagnostic;

/// What reading a script yields: always a tree, and everything that is wrong with the text.
#[derive(Clone, Debug, Default)]
pub struct Parse {
    pub ast: ast::Ast,
    pub errors: Vec<Diagnostic>,
}
