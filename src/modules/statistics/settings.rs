//! Statistics, groups and series that a script declares.
use super::series::Profile;
use crate::base::Str;
use crate::registry::{Literal, ParamSignature, Setting, Setup, ValueType};
use crate::vm::{Params, Rule};

/// The group of statistics that name none.
pub const DYNAMIC: &str = "dynamic";

pub static PARAMS: &[ParamSignature] = &[
    ParamSignature {
        check: Some(|value| variable(value).map(drop)),
        ..ParamSignature::new(
            "variable",
            ValueType::Str,
            "A statistic, `[group:]name[/no_reset]`, that is there at start.",
        )
    },
    ParamSignature::new("stat_groups", ValueType::Str, "Groups of statistics, separated by commas."),
    ParamSignature {
        check: Some(|value| Profile::parse(value).map(drop)),
        ..ParamSignature::new(
            "stat_series_profile",
            ValueType::Str,
            "`name: [algorithm=.. window=.. slots=.. group=.. percentage_factor=..]`: how values of a series become one.",
        )
    },
];

/// A statistic by name, and whether it can be set to 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub group: Option<String>,
    pub name: String,
    pub resets: bool,
}

pub fn variable(text: &[u8]) -> Result<Variable, String> {
    let text = String::from_utf8_lossy(text);
    let (name, flag) = text.split_once('/').unwrap_or((&text, ""));
    let resets = match flag.trim() {
        "" => true,
        "no_reset" => false,
        other => return Err(format!("`{other}` is no flag of a statistic: there is `no_reset`")),
    };
    let (group, name) = split(name.trim());
    if name.is_empty() {
        return Err("a statistic needs a name".to_owned());
    }
    Ok(Variable { group: group.map(str::to_owned), name: name.to_owned(), resets })
}

/// `group:name`, or a name alone.
pub fn split(text: &str) -> (Option<&str>, &str) {
    match text.split_once(':') {
        Some((group, name)) => (Some(group.trim()), name.trim()),
        None => (None, text.trim()),
    }
}

pub fn groups(params: Params<'_>) -> Vec<String> {
    let mut groups = vec![DYNAMIC.to_owned()];
    for value in params.all("stat_groups") {
        let names = value.split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty());
        groups.extend(names.map(|name| String::from_utf8_lossy(name).into_owned()));
    }
    groups
}

pub fn profiles(params: Params<'_>) -> Result<Vec<Profile>, String> {
    let mut profiles: Vec<Profile> = Vec::new();
    for value in params.all("stat_series_profile") {
        let profile = Profile::parse(value)?;
        if profiles.iter().any(|p| p.name.eq_ignore_ascii_case(&profile.name)) {
            return Err(format!("profile `{}` is declared twice", profile.name));
        }
        profiles.push(profile);
    }
    Ok(profiles)
}

/// Groups that the core has.
const CORE_GROUPS: [&str; 7] = ["core", "net", "dns", "shmem", "pkmem", "load", DYNAMIC];

/// A group that is declared, or that the core or a loaded module has.
pub struct GroupName;

impl Rule for GroupName {
    type Value = Str;

    fn check(literal: Literal<'_>, setup: Setup<'_>) -> Result<(), String> {
        match literal {
            Literal::Text(text) => has_group(&String::from_utf8_lossy(text), setup),
            Literal::Int(_) => Ok(()),
        }
    }
}

/// `[group:]name`
pub struct StatName;

impl Rule for StatName {
    type Value = Str;

    fn check(literal: Literal<'_>, setup: Setup<'_>) -> Result<(), String> {
        let Literal::Text(text) = literal else { return Ok(()) };
        let text = String::from_utf8_lossy(text);
        split(&text).0.map_or(Ok(()), |group| has_group(group, setup))
    }
}

fn has_group(group: &str, setup: Setup<'_>) -> Result<(), String> {
    let params = Params { set: setup.params };
    let mut declared = groups(params);
    declared.extend(profiles(params).unwrap_or_default().into_iter().map(|profile| profile.group));
    let names = declared.iter().chain(setup.modules).map(String::as_str).chain(CORE_GROUPS);
    if { names }.any(|name| name.eq_ignore_ascii_case(group)) {
        return Ok(());
    }
    Err(format!("there is no group `{group}` of statistics; `stat_groups` declares groups"))
}

/// A declared profile of series.
pub struct ProfileName;

impl Rule for ProfileName {
    type Value = Str;

    fn check(literal: Literal<'_>, setup: Setup<'_>) -> Result<(), String> {
        let Literal::Text(text) = literal else { return Ok(()) };
        let known = profiles(Params { set: setup.params }).unwrap_or_default();
        if known.iter().any(|profile| profile.name.as_bytes().eq_ignore_ascii_case(text)) {
            return Ok(());
        }
        Err(format!("there is no profile `{}`; `stat_series_profile` declares profiles", Str::new(text)))
    }
}

/// A profile is declared once.
pub fn profiles_differ(setup: Setup<'_>) -> Result<(), String> {
    let readable = setup.params.iter().all(|(name, value)| match value {
        Setting::Str(text) if name == "stat_series_profile" => Profile::parse(text).is_ok(),
        _ => true,
    });
    if readable { profiles(Params { set: setup.params }).map(drop) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_has_a_group_and_a_flag() {
        let read = |text: &str| variable(text.as_bytes());
        let expected = Variable { group: Some("g".to_owned()), name: "n".to_owned(), resets: false };
        assert_eq!(read("g:n/no_reset"), Ok(expected));
        assert_eq!(read(" n ").map(|v| (v.group, v.resets)), Ok((None, true)));
        assert!(read("n/x").is_err() && read("/no_reset").is_err() && read("g:").is_err());
    }

    #[test]
    fn groups_add_up_and_profiles_differ() {
        let set = |name: &str, value: &str| (name.to_owned(), Setting::Str(value.as_bytes().to_vec()));
        let params = [set("stat_groups", "a, b,"), set("stat_groups", "c")];
        assert_eq!(groups(Params { set: &params }), ["dynamic", "a", "b", "c"]);
        let twice = [set("stat_series_profile", "p"), set("stat_series_profile", "P: window=5")];
        assert!(profiles_differ(Setup { params: &twice, ..Setup::default() }).is_err());
    }
}
