//! Rows of module parameters, as modules write them in their tables.
use super::signature::{ParamSignature, ValueType};

pub const fn int(name: &'static str, doc: &'static str) -> ParamSignature {
    ParamSignature::new(name, ValueType::Int, doc)
}

pub const fn string(name: &'static str, doc: &'static str) -> ParamSignature {
    ParamSignature::new(name, ValueType::Str, doc)
}

/// Accepted and named at start; `why` says why nothing follows from it.
pub const fn idle(row: ParamSignature, why: &'static str) -> ParamSignature {
    row.idle(why)
}
