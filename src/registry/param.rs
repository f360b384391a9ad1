//! Rows of module parameters, as modules write them in their tables.
use super::signature::{ParamSignature, ValueType};

pub const fn int(name: &'static str, doc: &'static str) -> ParamSignature {
    ParamSignature::new(name, ValueType::Int, doc)
}

pub const fn string(name: &'static str, doc: &'static str) -> ParamSignature {
    ParamSignature::new(name, ValueType::Str, doc)
}

/// A number from `LOW` to `HIGH`.
pub const fn int_within<const LOW: i32, const HIGH: i32>(name: &'static str, doc: &'static str) -> ParamSignature {
    ParamSignature { check: Some(within::<LOW, HIGH>), ..int(name, doc) }
}

fn within<const LOW: i32, const HIGH: i32>(value: &[u8]) -> Result<(), String> {
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    match number {
        Some(n) if (LOW..=HIGH).contains(&n) => Ok(()),
        _ if HIGH == i32::MAX => Err(format!("it may be {LOW} or more")),
        _ => Err(format!("it may be {LOW} to {HIGH}")),
    }
}

/// Accepted and named at start; `why` says why nothing follows from it.
pub const fn idle(row: ParamSignature, why: &'static str) -> ParamSignature {
    row.idle(why)
}
