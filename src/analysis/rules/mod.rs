//! The rules, one file a rule or a few that read the same facts.
//!
//! A rule reads `Script` and pushes findings; it has no state and knows no name of a module. A new rule is a function
//! here, its codes in `diag::codes` and its cases in `tests/spec/`.
mod arguments;
mod asynchronous;
mod blacklists;
mod conditions;
mod contexts;
mod declared;
mod events;
mod flags;
mod functions;
mod globals;
mod message_context;
mod modparams;
mod modules;
mod patterns;
mod recursion;
mod route_types;
mod routes;
mod sockets;
mod texts;
mod unreachable;
mod unset_variables;
mod unused_routes;
mod variables;
mod xlog_levels;

use super::script::Script;
use crate::diag::Diagnostic;

pub type Rule = fn(&Script<'_>, &mut Vec<Diagnostic>);

pub static ALL: &[Rule] = &[
    functions::names,
    functions::arity,
    arguments::types,
    variables::names,
    message_context::needs_transactions,
    asynchronous::suspended,
    patterns::compile,
    xlog_levels::known,
    flags::limit,
    declared::profiles,
    blacklists::declarations,
    blacklists::named,
    routes::defined,
    routes::once,
    routes::main,
    route_types::through_calls,
    recursion::circles,
    unused_routes::unused,
    unreachable::after_the_end,
    conditions::assignments,
    conditions::precedence,
    conditions::sums,
    conditions::empty_loops,
    conditions::zero_divisors,
    conditions::pushed_sums,
    conditions::fall_through,
    texts::unexpanded,
    texts::order,
    texts::numbers_of_texts,
    texts::numbers_for_texts,
    texts::labels_of_texts,
    texts::sources_of_loops,
    unset_variables::read_before_set,
    contexts::followed,
    modules::loaded,
    modules::demands,
    modparams::settings,
    globals::values,
    globals::barred,
    sockets::protocols,
    sockets::options,
    sockets::bond_members,
    sockets::bonds_named,
    events::known,
];
