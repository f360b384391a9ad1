//! Rows of functions: `script_fns!` binds a name, its facts and a Rust function whose types are the signature.
use super::arg::{Arg, ArgError, Prepare};
use super::cx::Cx;
use super::ret::Ret;
use crate::registry::Signature;

/// Calls a builtin with linked arguments; `Err` names the argument that kept it from being called.
pub type Body = fn(&mut Cx<'_>, &[Arg]) -> Result<Ret, (usize, ArgError)>;

#[derive(Clone, Copy)]
pub struct Function {
    pub sig: Signature,
    /// For each parameter, how a literal is prepared at start.
    pub prepare: &'static [Option<Prepare>],
    pub body: Body,
}

/// An argument beyond those written counts as omitted.
pub fn arg(args: &[Arg], at: usize) -> &Arg {
    args.get(at).unwrap_or(&Arg::Omitted)
}

/// Makes a table of functions:
///
/// ```ignore
/// pub static FUNCTIONS: &[Function] = script_fns! {
///     /// Adds a Record-Route header field in front of any other.
///     fn record_route(params: Option<Str>) in REQUEST | BRANCH | FAILURE, roles [MayFail] => record::record_route;
/// };
/// ```
///
/// `record::record_route` is `fn(&mut Cx<'_>, Option<Str>) -> impl Into<Ret>`. The name may be a string literal where it
/// is no Rust identifier.
#[macro_export]
macro_rules! script_fns {
    ($( $(#[doc = $doc:literal])* fn $name:ident ( $($param:ident : $ty:ty),* $(,)? ) in $($route:ident)|+ $(, roles [$($role:expr),* $(,)?])? => $body:path; )*) => {
        &[$( $crate::vm::Function {
            sig: $crate::registry::Signature {
                name: stringify!($name),
                params: &[$( $crate::registry::Param {
                    name: stringify!($param),
                    ty: <$ty as $crate::vm::FromArg>::TY,
                    rule: <$ty as $crate::vm::FromArg>::RULE,
                    earlier: <$ty as $crate::vm::FromArg>::EARLIER,
                    optional: <$ty as $crate::vm::FromArg>::OPTIONAL,
                } ),*],
                routes: $crate::registry::RouteMask(0 $(| $crate::registry::RouteMask::$route.0)+),
                roles: { #[allow(unused_imports)] use $crate::registry::{ContextKind::*, Role::*}; &[$($($role),*)?] },
                doc: concat!($($doc, "\n"),*),
            },
            prepare: &[$( <$ty as $crate::vm::FromArg>::PREPARE ),*],
            body: |_cx, _args| {
                let mut _at = 0usize;
                $(
                    let $param = <$ty as $crate::vm::FromArg>::from_arg(_cx, $crate::vm::function::arg(_args, _at))
                        .map_err(|e| (_at, e))?;
                    _at += 1;
                )*
                Ok($crate::vm::Ret::from($body(_cx $(, $param)*)))
            },
        } ),*]
    };
}
