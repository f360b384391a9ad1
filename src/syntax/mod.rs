//! Script text to syntax tree: includes, pest grammar, AST with trivia, variable references, format strings, patterns.
