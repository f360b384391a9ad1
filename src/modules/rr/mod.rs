//! `rr`: record routing, so that the requests of a call come through here again, and the routing of those requests.
//!
//! `record.rs` keeps what the script wants recorded and writes it into each branch when its socket is known;
//! `loose_route.rs` decides by the Route header fields where a request goes, and tells who follows `RouteMatched` the
//! parameters of the Route that was ours; `own_route.rs` answers questions about those. Other modules put their
//! parameters into our Record-Route with `add_param`.
mod loose_route;
mod own_route;
mod record;

pub use own_route::is_upstream;
pub use record::add_param;

use crate::base::Str;
use crate::registry::{ParamSignature, ValueType};
use crate::script_fns;
use crate::vm::{Function, InitCx, Module, PatternArg, Pvar, Ruled};

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    pvars: PVARS,
    params: PARAMS,
    hooks: &[record::follow],
    init: Some(init),
    examples: &[include_str!("examples.md")],
    ..Module::empty("rr")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Puts a Record-Route header field of this server in front of the others, with `params` (`;name=value`) in its URI.
    /// Two fields when the request leaves by another socket than it came in. -1: it is done already, or bad parameters.
    fn record_route(params: Option<Str>) in REQUEST | FAILURE | BRANCH => record::record_route;

    /// Record-Route with the given `host[:port][;params]` as it is; the second one is that of the inbound side.
    fn record_route_preset(outbound: Str, inbound: Option<Str>) in REQUEST | FAILURE | BRANCH => record::record_route_preset;

    /// Adds `;name=value` to the Record-Route URI, before or after `record_route`.
    fn add_rr_param(param: Str) in REQUEST | FAILURE | BRANCH => record::add_rr_param;

    /// Routes by the Route header fields, taking out our own. 1: the next hop is set; -1: there are none, or only ours in a
    /// request outside of a dialog.
    fn loose_route() in REQUEST, roles [MayFail, SeesOwn] => loose_route::loose_route;

    /// Whether the parameters of the Route that was ours match.
    fn check_route_param(re: PatternArg) in REQUEST, roles [MayFail] => own_route::check_route_param;

    /// Whether the request flows `upstream` (to the caller) or `downstream`, by the `ftag` of the Route that was ours.
    fn is_direction(dir: Ruled<own_route::Direction>) in REQUEST => own_route::is_direction;
};

static PVARS: &[Pvar] = &[Pvar::new(
    "rr_params",
    own_route::rr_params,
    "Parameters of the Route that was ours; NULL before `loose_route`.",
)];

static PARAMS: &[ParamSignature] = &[
    ParamSignature::new("append_fromtag", ValueType::Int, "Puts the caller's tag into Record-Route; on by default."),
    ParamSignature::new("enable_double_rr", ValueType::Int, "Two fields when the socket changes; on by default."),
    ParamSignature::new("add_username", ValueType::Int, "Puts the user of the Request-URI into Record-Route."),
    ParamSignature::new(
        "enable_socket_mismatch_warning",
        ValueType::Int,
        "Warns when a Route of ours names none of our sockets; on by default.",
    ),
    ParamSignature::new("ignore_user", ValueType::Str, "User part of Routes that are not ours although the host is.")
        .idle("OpenSIPS reads it only when it is built with user checks"),
];

struct Settings {
    append_fromtag: bool,
    double: bool,
    add_username: bool,
    warn_of_mismatch: bool,
}

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    cx.states.set(Settings {
        append_fromtag: cx.params.flag("append_fromtag", true),
        double: cx.params.flag("enable_double_rr", true),
        add_username: cx.params.flag("add_username", false),
        warn_of_mismatch: cx.params.flag("enable_socket_mismatch_warning", true),
    });
    Ok(())
}
