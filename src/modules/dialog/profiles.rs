//! Dialog profiles: declarations, and the functions that join, leave, ask and count.
use super::settings::Settings;
use crate::base::Str;
use crate::context::{Current, Dialogs, Level, Log, Membership, ProfileId, Value};
use crate::vm::{Cx, Params, Store, VarOut};

/// Who shares a profile, as its declaration asks. Nobody does yet; the suffix remains part of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    Local,
    /// `/s`, through `cachedb_url`.
    Store,
    /// `/b`, in the cluster `profile_replication_cluster`.
    Cluster,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    pub name: Str,
    pub sharing: Sharing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub name: Str,
    pub has_value: bool,
    pub sharing: Sharing,
}

/// The declared profiles; a `ProfileId` is the place in here.
#[derive(Clone, Debug, Default)]
pub struct Profiles(Vec<Profile>);

impl Profiles {
    pub fn declared(params: Params<'_>) -> Result<Profiles, String> {
        let mut profiles = Profiles::default();
        for (param, has_value) in PARAMS {
            for declaration in parse_declarations(params.str(param).unwrap_or_default())? {
                let sharing = if is_backed(&declaration, params) { declaration.sharing } else { Sharing::Local };
                profiles.add(Profile { name: declaration.name, has_value, sharing })?;
            }
        }
        Ok(profiles)
    }

    fn add(&mut self, profile: Profile) -> Result<(), String> {
        if self.0.iter().any(|p| p.name == profile.name) {
            return Err(format!("profile `{}` is declared twice", profile.name));
        }
        self.0.push(profile);
        Ok(())
    }

    /// By the name a script uses: a shared profile's has its suffix.
    pub fn find(&self, text: &[u8]) -> Option<(ProfileId, &Profile)> {
        let wanted = parse_name(text);
        let at = self.0.iter().position(|p| p.name == wanted.name && p.sharing == wanted.sharing)?;
        Some((ProfileId(u16::try_from(at).ok()?), self.0.get(at)?))
    }

    pub fn get(&self, id: ProfileId) -> Option<&Profile> {
        self.0.get(usize::from(id.0))
    }
}

const PARAMS: [(&str, bool); 2] = [("profiles_with_value", true), ("profiles_no_value", false)];

/// A shared profile without what it is shared through is a local one.
fn is_backed(declaration: &Declaration, params: Params<'_>) -> bool {
    match declaration.sharing {
        Sharing::Local => true,
        Sharing::Store => params.str("cachedb_url").is_some_and(|url| !url.is_empty()),
        Sharing::Cluster => params.int("profile_replication_cluster", 0) > 0,
    }
}

/// Says of each profile that is to be shared that it is not.
pub fn warn_of_unshared(params: Params<'_>, log: &Log) {
    let declared = PARAMS.iter().filter_map(|(param, _)| parse_declarations(params.str(param)?).ok()).flatten();
    for declaration in declared.filter(|d| d.sharing != Sharing::Local) {
        let name = &declaration.name;
        let facility =
            if declaration.sharing == Sharing::Store { "cachedb_url" } else { "profile_replication_cluster" };
        let why = match is_backed(&declaration, params) {
            true => format!("`{facility}` has no effect yet"),
            false => format!("`{facility}` is not set"),
        };
        let text = format_args!("profile `{name}` counts the calls of this server only: {why}");
        log.part(Level::Warning, "dialog", "profiles", text);
    }
}

/// `name[/s|/b];name..`; empty names are skipped.
pub fn parse_declarations(text: &[u8]) -> Result<Vec<Declaration>, String> {
    let items = text.split(|b| *b == b';').map(<[u8]>::trim_ascii).filter(|item| !item.is_empty());
    items.map(parse_declaration).collect()
}

fn parse_declaration(item: &[u8]) -> Result<Declaration, String> {
    let declaration = parse_name(item);
    let legal = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if declaration.name.is_empty() || !declaration.name.iter().all(legal) {
        return Err(format!("profile name `{}` is not made of letters, digits, `_` and `-`", declaration.name));
    }
    let suffix = suffix(item).unwrap_or_default();
    if suffix.first().is_some_and(u8::is_ascii_alphanumeric) && declaration.sharing == Sharing::Local {
        return Err(format!("profile suffix `/{}` is neither `/s` nor `/b`", Str::new(suffix)));
    }
    Ok(declaration)
}

fn parse_name(text: &[u8]) -> Declaration {
    let end = memchr::memchr(b'/', text).unwrap_or(text.len());
    let name = Str::new(text.get(..end).unwrap_or_default().trim_ascii());
    let sharing = match suffix(text).and_then(<[u8]>::first) {
        Some(b's') => Sharing::Store,
        Some(b'b') => Sharing::Cluster,
        _ => Sharing::Local,
    };
    Declaration { name, sharing }
}

/// What follows the `/`.
fn suffix(text: &[u8]) -> Option<&[u8]> {
    let slash = memchr::memchr(b'/', text)?;
    text.get(slash + 1..).map(<[u8]>::trim_ascii)
}

/// For the checker: every name under which a script may mean a declared profile.
pub fn declared_names(text: &[u8]) -> Vec<String> {
    let names = |d: Declaration| {
        let plain = d.name.to_string();
        match d.sharing {
            Sharing::Local => vec![plain],
            Sharing::Store => vec![format!("{plain}/s"), plain],
            Sharing::Cluster => vec![format!("{plain}/b"), plain],
        }
    };
    parse_declarations(text).unwrap_or_default().into_iter().flat_map(names).collect()
}

/// What a profile function was asked about.
struct Named {
    id: ProfileId,
    has_value: bool,
    /// Dropped for profiles without values.
    value: Option<Str>,
}

fn named(cx: &Cx<'_>, function: &'static str, profile: &Str, value: Option<Str>) -> Option<Named> {
    let settings: &Settings = cx.core.state();
    let Some((id, found)) = settings.profiles.find(profile) else {
        cx.log(Level::Error, "dialog", function, format_args!("profile `{profile}` is not declared"));
        return None;
    };
    let value = value.filter(|_| found.has_value).map(|v| Str::new(&v));
    Some(Named { id, has_value: found.has_value, value })
}

fn current(cx: &Cx<'_>, function: &'static str) -> Option<Current> {
    let current = cx.run.current();
    if current.is_none() {
        cx.log(Level::Critical, "dialog", function, format_args!("there is no dialog"));
    }
    current
}

pub fn set_dlg_profile(cx: &mut Cx<'_>, profile: Str, value: Option<Str>, clear: Option<i32>) -> bool {
    let Some(dialog) = current(cx, "set_dlg_profile") else { return false };
    let Some(named) = named(cx, "set_dlg_profile", &profile, value) else { return false };
    if named.has_value && named.value.is_none() {
        cx.log(Level::Error, "dialog", "set_dlg_profile", format_args!("profile `{profile}` needs a value"));
        return false;
    }
    let joined = join(&cx.core.dialogs, &dialog, named, clear.is_some_and(|c| c != 0));
    if !joined {
        let did = dialog.0.did;
        cx.log(
            Level::Warning,
            "dialog",
            "set_dlg_profile",
            format_args!("dialog {did} has ended and joins no profile"),
        );
    }
    joined
}

fn join(dialogs: &Dialogs, Current(dialog): &Current, named: Named, clear: bool) -> bool {
    dialogs.join(dialog, Membership { profile: named.id, value: named.value }, clear)
}

pub fn unset_dlg_profile(cx: &mut Cx<'_>, profile: Str, value: Option<Str>) -> bool {
    let Some(Current(dialog)) = current(cx, "unset_dlg_profile") else { return false };
    let Some(named) = named(cx, "unset_dlg_profile", &profile, value) else { return false };
    cx.core.dialogs.leave(&dialog, named.id, named.value.as_ref())
}

pub fn is_in_profile(cx: &mut Cx<'_>, profile: Str, value: Option<Str>) -> bool {
    let Some(dialog) = cx.run.current() else { return false };
    let Some(named) = named(cx, "is_in_profile", &profile, value) else { return false };
    is_member(&dialog, &named)
}

fn is_member(Current(dialog): &Current, named: &Named) -> bool {
    let state = dialog.state.lock();
    state.profiles().iter().any(|m| m.profile == named.id && (named.value.is_none() || m.value == named.value))
}

/// Counts entries; a value profile without a value counts all of them.
pub fn get_profile_size(cx: &mut Cx<'_>, profile: Str, value: Option<Str>, size: VarOut) -> bool {
    let Some(named) = named(cx, "get_profile_size", &profile, value) else { return false };
    let count = cx.core.dialogs.profile_count(named.id, named.value.as_ref());
    let count = Value::Int(i32::try_from(count).unwrap_or(i32::MAX));
    cx.write(&size.0, Store::Set, count).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(text: &str) -> Vec<(String, Sharing)> {
        let parsed = parse_declarations(text.as_bytes()).expect("well formed");
        parsed.into_iter().map(|d| (d.name.to_string(), d.sharing)).collect()
    }

    #[test]
    fn declarations_have_names_and_suffixes() {
        let expected = [("a", Sharing::Local), ("b-1", Sharing::Store), ("c_2", Sharing::Cluster)];
        assert_eq!(declared(" a ;; b-1 / s; c_2/b ;"), expected.map(|(n, s)| (n.to_owned(), s)));
        assert_eq!(declared(""), []);
    }

    #[test]
    fn bad_declarations_say_why() {
        let error = |text: &str| parse_declarations(text.as_bytes()).expect_err("malformed");
        assert_eq!(error("a b"), "profile name `a b` is not made of letters, digits, `_` and `-`");
        assert_eq!(error("a/x"), "profile suffix `/x` is neither `/s` nor `/b`");
        assert_eq!(error("/s"), "profile name `` is not made of letters, digits, `_` and `-`");
    }

    #[test]
    fn a_shared_profile_is_found_with_its_suffix_only() {
        let mut profiles = Profiles::default();
        let profile = |name: &str, sharing| Profile { name: name.into(), has_value: true, sharing };
        profiles.add(profile("grp", Sharing::Store)).expect("new");
        profiles.add(profile("plain", Sharing::Local)).expect("new");
        assert_eq!(profiles.find(b"grp/s").map(|(id, _)| id), Some(ProfileId(0)));
        assert_eq!(profiles.find(b"plain").map(|(id, _)| id), Some(ProfileId(1)));
        for text in ["grp", "grp/b", "plain/s", "GRP/s", ""] {
            assert!(profiles.find(text.as_bytes()).is_none(), "{text}");
        }
        assert!(profiles.add(profile("grp", Sharing::Local)).is_err());
    }

    #[test]
    fn the_checker_knows_both_spellings_of_a_shared_name() {
        assert_eq!(declared_names(b"a;b/s"), ["a", "b/s", "b"]);
    }
}
