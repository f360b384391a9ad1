//! Script text to syntax tree: includes, pest grammar, AST with trivia, variable references, format strings, patterns.
//!
//! `source` flattens files into one text with a map; `scan` walks it once for what a recursive parser must not meet;
//! `grammar` (pest, `grammar/opensips.pest`) finds shapes and recovers; `lower` makes the tree and says what is wrong.
//! Reading is total: [`parse()`] always returns a tree, with every error of the script. Deliberately absent: what names
//! mean. A new construct is a shape in the grammar, a node in `ast` and a function in `lower`.
pub mod ast;
pub mod ere;
pub mod format_string;
mod grammar;
pub mod keywords;
mod lower;
pub mod origin;
mod parse;
pub mod pvar;
pub mod scan;
pub mod source;
pub mod substitution;
pub mod transform;
pub mod visit;

pub use parse::{Parse, format, parse};
pub use source::{Source, Sources, bytes_of};
