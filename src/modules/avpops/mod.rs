//! `avpops`: what OpenSIPS 3.1 does with AVPs by functions; later releases have operators and variables for it.
//!
//! `notation.rs` reads the arguments, which are taken as they are written; `changes.rs` copies, computes and deletes,
//! `comparison.rs` compares. What loads and stores AVPs in a database is absent.
mod changes;
mod comparison;
mod notation;

use crate::base::Str;
use crate::context::{AvpName, Value};
use crate::modules::core::functions::message;
use crate::registry::{ParamSignature, ValueType};
use crate::script_fns;
use crate::vm::{Cx, Function, Module, Notation, SubstitutionArg};
use notation::{Asked, Between, Check, Copied, Deleted, Destination, Operand, Operation, Source, Subject};

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    params: PARAMS,
    examples: &[include_str!("examples.md")],
    ..Module::empty("avpops")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Whether a value, `$avp(name)` or another variable, stands a test: `operator/value[/flags]`.
    fn avp_check(param: Notation<Subject>, check: Notation<Check>)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT => comparison::check;
    /// Copies the newest value of an AVP, or with `g` all, to another name.
    fn avp_copy(name1: Notation<Source>, name2: Notation<Copied>)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [MayFail] => changes::copy;
    /// Deletes the newest value of an AVP, or with `g` all; `*` is any AVP.
    fn avp_delete(param: Notation<Deleted>)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT => changes::delete;
    /// Computes with an AVP that is a number: `operator/value[/flags]`.
    fn avp_op(param: Notation<Between>, op: Notation<Operation>)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [MayFail] => changes::compute;
    /// Logs every AVP.
    fn avp_print() in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT => message::avp_print;
    /// Puts a value into the Request-URI, the destination URI or a new branch.
    fn avp_pushto(destination: Notation<Destination>, param: Notation<Subject>)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [MayFail] => changes::push;
    /// Substitutes in the newest value of an AVP that is a string, or with `g` in all.
    fn avp_subst(src: Notation<Between>, subst: SubstitutionArg)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [MayFail] => changes::substitute;
    /// Whether an AVP has a value: with `e` an empty one, with `s` a string, with `n` a number.
    fn is_avp_set(param: Notation<Asked>)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT => comparison::is_set;
};

const NO_DATABASE: &str = "there are no databases yet";

const fn idle(name: &'static str, ty: ValueType, doc: &'static str) -> ParamSignature {
    ParamSignature::new(name, ty, doc).idle(NO_DATABASE)
}

static PARAMS: &[ParamSignature] = &[
    idle("db_url", ValueType::Str, "The database of AVPs."),
    idle("avp_table", ValueType::Str, "The table of AVPs."),
    idle("use_domain", ValueType::Int, "Users have domains."),
    idle("uuid_column", ValueType::Str, "Column of identifiers."),
    idle("username_column", ValueType::Str, "Column of users."),
    idle("domain_column", ValueType::Str, "Column of domains."),
    idle("attribute_column", ValueType::Str, "Column of names."),
    idle("value_column", ValueType::Str, "Column of values."),
    idle("type_column", ValueType::Str, "Column of types."),
    idle("db_scheme", ValueType::Str, "Another table that AVPs are loaded from."),
];

fn named(cx: &Cx<'_>, name: &Str) -> Option<AvpName> {
    cx.core.avp_names.intern(name)
}

/// Every value of an AVP, newest first.
fn values(cx: &Cx<'_>, name: &Str) -> Vec<Value> {
    named(cx, name).map_or_else(Vec::new, |name| cx.run.avps.all(name).cloned().collect())
}

/// The values that an operand of `notation` has now: those of an AVP, newest first, or the one of what else it is.
fn operands<T>(cx: &mut Cx<'_>, operand: &Operand, notation: &Notation<T>) -> Vec<Value> {
    match operand {
        Operand::Int(n) => vec![Value::Int(*n)],
        Operand::Text(text) => vec![Value::Str(text.clone())],
        Operand::Avp(name) => values(cx, name),
        Operand::Var(text) => {
            let value = notation.var(text).map(|var| cx.read(&var).stored());
            value.filter(|value| !value.is_null()).into_iter().collect()
        }
    }
}
