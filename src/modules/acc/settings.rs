//! The module's parameters.
use super::fields::{self, Fields, MAX_EXTRA, MAX_LEG};
use crate::context::{Backend, Level};
use crate::registry::param::{idle, int, string};
use crate::registry::{Constraint, DeclaredName, ParamSignature, Setting, Setup};
use crate::vm::{InitCx, Params};

pub struct Settings {
    pub level: Level,
    pub early_media: bool,
    pub report_cancels: bool,
    pub detect_direction: bool,
    /// The `dialog` module is loaded: CDRs are possible.
    pub dialogs: bool,
    pub extra: Fields,
    pub leg: Fields,
}

pub fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    let params = cx.params;
    let settings = Settings {
        level: Level::from_number(params.int("log_level", Level::Notice as i32)),
        early_media: params.flag("early_media", false),
        report_cancels: params.flag("report_cancels", false),
        detect_direction: params.flag("detect_direction", false),
        dialogs: cx.loaded.iter().any(|m| m == "dialog"),
        extra: Fields::declared(params, "extra_fields", MAX_EXTRA)?,
        leg: Fields::declared(params, "leg_fields", MAX_LEG)?,
    };
    cx.states.set(settings);
    Ok(())
}

const fn declaring(name: &'static str, declared: DeclaredName, doc: &'static str) -> ParamSignature {
    ParamSignature {
        check: Some(fields::check),
        declares: Some((declared, fields::declared_names)),
        ..string(name, doc)
    }
}

const NO_DB: &str = "records go to the log only";
const NO_AAA: &str = "records are not sent to AAA servers";

pub static PARAMS: &[ParamSignature] = &[
    int("early_media", "1: a provisional reply with a body is accounted."),
    int("report_cancels", "1: CANCELs can be accounted."),
    int("detect_direction", "1: From and To tags are swapped in records of requests towards the caller."),
    declaring("extra_fields", DeclaredName::AccExtra, "Values of `$acc_extra`: `log:tag[->label];..`, several times."),
    declaring("leg_fields", DeclaredName::AccLeg, "Values of `$acc_leg`: `log:tag[->label];..`, several times."),
    int("log_level", "Level of the `log` backend's lines; 2, notice."),
    idle(
        string("acc_created_avp_name", "3.1: name of an AVP for the time of creation."),
        "the time is kept with the call",
    ),
    idle(string("log_facility", "Syslog facility of the records."), "records go where all log lines go"),
    idle(string("aaa_url", "AAA server."), NO_AAA),
    idle(int("service_type", "Service-Type of AAA records."), NO_AAA),
    idle(string("db_url", "Database of the records."), NO_DB),
    idle(string("db_table_acc", "Table of answered transactions and CDRs."), NO_DB),
    idle(string("db_table_missed_calls", "Table of missed calls."), NO_DB),
    idle(string("db_table_avp", "Name of an AVP."), NO_DB),
    idle(string("acc_method_column", "Column of the records' tables."), NO_DB),
    idle(string("acc_from_tag_column", "Column of the records' tables."), NO_DB),
    idle(string("acc_to_tag_column", "Column of the records' tables."), NO_DB),
    idle(string("acc_callid_column", "Column of the records' tables."), NO_DB),
    idle(string("acc_sip_code_column", "Column of the records' tables."), NO_DB),
    idle(string("acc_sip_reason_column", "Column of the records' tables."), NO_DB),
    idle(string("acc_time_column", "Column of the records' tables."), NO_DB),
];

pub static CONSTRAINTS: &[Constraint] = &[
    Constraint { check: |setup| fields_fit(Params { set: setup.params }) },
    Constraint { check: |setup| backend_set_up(setup, Backend::Db, "db_url", Some("db_default_url")) },
    Constraint { check: |setup| backend_set_up(setup, Backend::Aaa, "aaa_url", None) },
];

/// A value that cannot be read is the parameter's own finding.
fn fields_fit(params: Params<'_>) -> Result<(), String> {
    for (name, max) in [("extra_fields", MAX_EXTRA), ("leg_fields", MAX_LEG)] {
        if params.all(name).all(|text| fields::check(text).is_ok()) {
            Fields::declared(params, name, max)?;
        }
    }
    Ok(())
}

/// Fields of a backend need the parameter that says where the backend is, or the global one that stands in for it.
fn backend_set_up(setup: Setup<'_>, backend: Backend, needed: &str, global: Option<&str>) -> Result<(), String> {
    let declares = |(name, value): &(String, Setting)| match value {
        Setting::Str(text) if name == "extra_fields" || name == "leg_fields" => fields::names_backend(text, backend),
        _ => false,
    };
    let given = setup.params.iter().any(|(name, _)| name == needed) || setup.globals.iter().any(|g| Some(*g) == global);
    if setup.params.iter().any(declares) && !given {
        return Err(format!("fields of the `{}` backend need the parameter `{needed}`", backend.name()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_fields_need_a_database() {
        let set = |name: &str, text: &str| (name.to_owned(), Setting::Str(text.as_bytes().to_vec()));
        let fields = set("extra_fields", "db:a");
        let check = |params: &[_], globals: &[_]| {
            CONSTRAINTS.iter().try_for_each(|c| (c.check)(Setup { params, globals, ..Setup::default() }))
        };
        let error = "fields of the `db` backend need the parameter `db_url`".to_owned();
        assert_eq!(check(std::slice::from_ref(&fields), &[]), Err(error));
        assert_eq!(check(std::slice::from_ref(&fields), &["db_default_url"]), Ok(()));
        assert_eq!(check(&[fields, set("db_url", "x")], &[]), Ok(()));
        assert_eq!(check(&[set("extra_fields", "log:a")], &[]), Ok(()));
    }
}
