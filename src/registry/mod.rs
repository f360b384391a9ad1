//! What every script-facing name means: signatures, roles, the catalog of what is built in and of what OpenSIPS knows.
//!
//! A module's rows (`modules/*`) are collected into one `Catalog`; the checker, the linker and the documentation read
//! that and nothing else. `opensips` has the names OpenSIPS knows, also those not implemented here, and `diag::near` finds
//! the name somebody meant. Bodies are absent: they are the VM's.
pub mod catalog;
pub mod core_params;
pub mod coverage;
pub mod examples;
pub mod opensips;
pub mod param;
pub mod signature;
pub mod statements;

pub use catalog::{Catalog, FunctionId, ModuleId, PvarId, TransformId};
pub use core_params::{CORE_PARAMS, CoreParam, LEARNED_BLACKLIST, LOW_DELAY, MOST_BLACKLISTS, core_param, tos_named};
pub use signature::{
    ArgumentRule, Constraint, ConstraintCheck, ContextKind, DeclaredName, EarlierForm, FlagFamily, Literal,
    LiteralCheck, ModuleSignature, NamesIn, NotationVars, Param, ParamSignature, ParamType, PvarSignature, Role,
    RouteKind, RouteMask, Setting, Setup, Signature, SubName, TransformSignature, ValueType, VarKind, VarUse,
};
