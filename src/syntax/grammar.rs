//! The parser that pest makes of `grammar/opensips.pest`.
#[derive(pest_derive::Parser)]
#[grammar = "../grammar/opensips.pest"]
pub(crate) struct Grammar;
