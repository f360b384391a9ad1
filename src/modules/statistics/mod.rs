//! `statistics`: counters of scripts, and every counter of the server as `$stat`.
//!
//! The counters are the core's (`context::Stats`); here are those that scripts make, in groups that `settings.rs` reads, and
//! series of values over time (`series.rs`). A name is looked up without regard to case, in its group or in all.
mod series;
mod settings;

use crate::base::Str;
use crate::context::{Counter, Level, Statistic, Value};
use crate::registry::{Constraint, SubName, VarKind};
use crate::script_fns;
use crate::vm::{Cx, Function, InitCx, Module, NameKind, Pvar, Ruled, Store, Var, VarInto, VarName, WriteError};
use ahash::AHashMap;
use parking_lot::Mutex;
use series::{Profile, Series};
use settings::{DYNAMIC, GroupName, ProfileName, StatName, split};
use std::sync::Arc;

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    pvars: PVARS,
    params: settings::PARAMS,
    constraints: &[Constraint { check: settings::profiles_differ }],
    init: Some(init),
    examples: &[include_str!("examples.md")],
    ..Module::empty("statistics")
};

/// Statistics that scripts make at run time, at most: names may be made of what peers send.
const MOST: usize = 100_000;

/// The code of a call that names a group that nobody declared.
const NO_GROUP: i32 = -6;

static FUNCTIONS: &[Function] = script_fns! {
    /// Adds to a statistic, `[group:]name`, which is made when there is none yet.
    fn update_stat(variable: Ruled<StatName>, value: i32) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT
        => update_stat;
    /// Sets a statistic to 0; one that cannot be reset stays as it is.
    fn reset_stat(variable: Ruled<StatName>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT => reset_stat;
    /// Begins a walk over the statistics of a group, as they are now.
    fn stat_iter_init(group: Ruled<GroupName>, iter: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT,
        roles [MayFail] => iter_init;
    /// Takes the next statistic of a walk: its name and its value. -1 when there is none left.
    fn stat_iter_next(name: VarInto, val: VarInto, iter: Str)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [MayFail] => iter_next;
    /// Adds a value to a series, which its profile tells how to keep.
    fn update_stat_series(profile: Ruled<ProfileName>, variable: Str, value: i32) in ALL, roles [MayFail] => update_series;
};

static PVARS: &[Pvar] = &[Pvar::new("stat", read, "A statistic, `[group:]name`; a write sets it to 0.")
    .named(SubName::Required, NameKind::Pieces)
    .kind(VarKind::Path)
    .writable(write)];

struct State {
    groups: Vec<String>,
    /// Of `variable`, what cannot be reset.
    lasting: Vec<Arc<Counter>>,
    profiles: Vec<Family>,
}

/// A profile and its series by name.
struct Family {
    profile: Profile,
    series: Mutex<AHashMap<Str, Series>>,
}

/// The walks of a run by name: what is left of each, the next one last.
#[derive(Default)]
struct Walks(AHashMap<Str, Vec<(String, i32)>>);

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    let mut groups = settings::groups(cx.params);
    let profiles = settings::profiles(cx.params)?;
    groups.extend(profiles.iter().map(|profile| profile.group.clone()));
    let mut lasting = Vec::new();
    for value in cx.params.all("variable") {
        let variable = settings::variable(value)?;
        let group = variable.group.as_deref().unwrap_or(DYNAMIC);
        if !groups.iter().any(|known| known.eq_ignore_ascii_case(group)) {
            return Err(format!("the group `{group}` is not declared by `stat_groups`"));
        }
        let counter = cx.stats.counter(group, &variable.name);
        if !variable.resets {
            lasting.push(counter);
        }
    }
    let family = |profile| Family { profile, series: Mutex::default() };
    cx.states.set(State { groups, lasting, profiles: profiles.into_iter().map(family).collect() });
    Ok(())
}

impl State {
    fn has_group(&self, cx: &Cx<'_>, group: &str) -> bool {
        self.groups.iter().any(|known| known.eq_ignore_ascii_case(group)) || cx.core.stats.has_group(group)
    }

    /// The value of a series by group and name.
    fn series(&self, cx: &Cx<'_>, group: Option<&str>, name: &str) -> Option<i64> {
        let fits = |family: &&Family| group.is_none_or(|group| family.profile.group.eq_ignore_ascii_case(group));
        self.profiles.iter().filter(fits).find_map(|family| {
            let mut all = family.series.lock();
            let series = all.get_mut(name.to_ascii_lowercase().as_bytes())?;
            Some(series.value(&family.profile, cx.now.unix_us))
        })
    }
}

/// What a script means by a name.
enum Named {
    Kept(Statistic),
    Series(i64),
    /// Nobody keeps it yet.
    New,
    NoGroup,
}

fn look_up(cx: &Cx<'_>, function: &'static str, text: &str) -> Named {
    let state: &State = cx.core.state();
    let (group, name) = split(text);
    if let Some(group) = group.filter(|group| !state.has_group(cx, group)) {
        let why = format_args!("the group `{group}` is not declared by `stat_groups`");
        cx.log(Level::Error, MODULE.name, function, why);
        return Named::NoGroup;
    }
    let kept = cx.core.stats.find(group, name).map(Named::Kept);
    kept.or_else(|| state.series(cx, group, name).map(Named::Series)).unwrap_or(Named::New)
}

/// Changes the counter of that name, made when there is none; what is computed stays what it is.
fn change(cx: &Cx<'_>, function: &'static str, text: &Str, change: impl FnOnce(&Arc<Counter>)) -> i32 {
    let text = text.to_string_lossy();
    match look_up(cx, function, &text) {
        Named::Kept(Statistic::Counted(counter)) => change(&counter),
        Named::Kept(Statistic::Computed(_)) | Named::Series(_) => {}
        Named::NoGroup => return NO_GROUP,
        Named::New => {
            let (group, name) = split(&text);
            if name.is_empty() || cx.core.stats.len() >= MOST {
                cx.log(Level::Error, MODULE.name, function, format_args!("there is no room for `{text}`"));
                return -1;
            }
            change(&cx.core.stats.counter(group.unwrap_or(DYNAMIC), name));
        }
    }
    1
}

fn update_stat(cx: &mut Cx<'_>, Ruled(name): Ruled<StatName>, value: i32) -> i32 {
    change(cx, "update_stat", &name, |counter| counter.change(value.into()))
}

fn reset_stat(cx: &mut Cx<'_>, Ruled(name): Ruled<StatName>) -> i32 {
    reset(cx, "reset_stat", &name)
}

fn reset(cx: &Cx<'_>, function: &'static str, name: &Str) -> i32 {
    let state: &State = cx.core.state();
    change(cx, function, name, |counter| {
        if !state.lasting.iter().any(|lasting| Arc::ptr_eq(lasting, counter)) {
            counter.reset();
        }
    })
}

fn iter_init(cx: &mut Cx<'_>, Ruled(group): Ruled<GroupName>, iter: Str) -> bool {
    let state: &State = cx.core.state();
    let group = group.to_string_lossy();
    if !state.has_group(cx, &group) {
        cx.log(Level::Error, MODULE.name, "stat_iter_init", format_args!("there is no group `{group}`"));
        return false;
    }
    let kept = cx.core.stats.of_group(&group).into_iter();
    let mut left: Vec<(String, i32)> = kept.map(|(name, statistic)| (name, statistic.value(cx.core) as i32)).collect();
    for family in state.profiles.iter().filter(|family| family.profile.group.eq_ignore_ascii_case(&group)) {
        for series in family.series.lock().values_mut() {
            let value = series.value(&family.profile, cx.now.unix_us);
            left.push((series.name.to_string(), value as i32));
        }
    }
    left.reverse();
    cx.run.slots.get_or_default::<Walks>().0.insert(iter, left);
    true
}

fn iter_next(cx: &mut Cx<'_>, name: VarInto, value: VarInto, iter: Str) -> bool {
    let next = cx.run.slots.get_mut::<Walks>().and_then(|walks| walks.0.get_mut(&iter[..])?.pop());
    let Some((text, n)) = next else { return false };
    let written = cx.write(&name.0, Store::Set, Value::text(text.as_bytes()));
    written.and_then(|()| cx.write(&value.0, Store::Set, Value::Int(n))).is_ok()
}

fn update_series(cx: &mut Cx<'_>, Ruled(profile): Ruled<ProfileName>, name: Str, value: i32) -> bool {
    let state: &State = cx.core.state();
    let fits = |family: &&Family| family.profile.name.as_bytes().eq_ignore_ascii_case(&profile);
    let Some(family) = state.profiles.iter().find(fits) else {
        cx.log(Level::Error, MODULE.name, "update_stat_series", format_args!("there is no profile `{profile}`"));
        return false;
    };
    let text = name.to_string_lossy();
    let mut all = family.series.lock();
    let key = Str::from(text.to_ascii_lowercase());
    let is_new = !all.contains_key(&key[..]);
    if is_new && (cx.core.stats.find(None, &text).is_some() || all.len() >= MOST) {
        cx.log(Level::Error, MODULE.name, "update_stat_series", format_args!("`{text}` is a statistic already"));
        return false;
    }
    let series = all.entry(key).or_insert_with(|| Series::new(&family.profile, Str::new(&name)));
    series.add(&family.profile, cx.now.unix_us, value);
    true
}

fn read(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(name) = name(cx, var) else { return Value::Null };
    match look_up(cx, "stat", &name.to_string_lossy()) {
        Named::Kept(statistic) => Value::Int(statistic.value(cx.core) as i32),
        Named::Series(value) => Value::Int(value as i32),
        Named::New | Named::NoGroup => Value::Null,
    }
}

/// Whatever the value: the statistic becomes 0.
fn write(cx: &mut Cx<'_>, var: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let name = name(cx, var).ok_or_else(|| WriteError::new("has no name"))?;
    if value.int_face().is_some_and(|n| n != 0) {
        cx.log(Level::Warning, MODULE.name, "stat", format_args!("`{}` can only become 0", var.text));
    }
    if reset(cx, "stat", &name) == 1 { Ok(()) } else { Err(WriteError::new("cannot be made")) }
}

fn name(cx: &mut Cx<'_>, var: &Var) -> Option<Str> {
    match &var.name {
        VarName::Pieces(pieces) => cx.expand(pieces),
        _ => var.name_text(cx),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::{Fixture, text};
    use crate::registry::Setting;
    use crate::vm::Arg;

    fn fixture() -> Fixture {
        let string = |value: &str| Setting::Str(value.as_bytes().to_vec());
        let params = [
            ("stat_groups", string("method, packet")),
            ("variable", string("packet:all/no_reset")),
            ("stat_series_profile", string("avg: algorithm=average group=times")),
        ];
        let f = Fixture::with("OPTIONS sip:h SIP/2.0\ni: 1", &[(&MODULE, &params)]);
        f.core.stats.compute("tm", "busy", |_| 3);
        f
    }

    fn update(f: &mut Fixture, name: &str, n: i32) -> i32 {
        f.call(&MODULE, "update_stat", &[text(name), Arg::Int(n)])
    }

    #[test]
    fn a_statistic_is_made_when_it_is_first_updated() {
        let mut f = fixture();
        assert_eq!(f.value("$stat(calls)"), Value::Null);
        assert_eq!((update(&mut f, "calls", 2), update(&mut f, "Calls", -5)), (1, 1));
        assert_eq!(f.expanded("$stat(calls) $stat(dynamic:CALLS)"), "-3 -3");
        assert_eq!((update(&mut f, "method:invite", 1), update(&mut f, "nosuch:x", 1)), (1, NO_GROUP));
        f.set("$var(m)", Value::text(b"invite")).expect("a variable is set");
        assert_eq!(f.expanded("$stat(method:$var(m)) $stat(nosuch:x)"), "1 <null>");
        assert_eq!(update(&mut f, "method:", 1), -1);
    }

    #[test]
    fn the_servers_own_statistics_are_there_too() {
        let mut f = fixture();
        f.core.counts.rcv_requests.add(7);
        assert_eq!(f.expanded("$stat(rcv_requests) $stat(core:rcv_requests) $stat(busy)"), "7 7 3");
        assert_eq!((update(&mut f, "busy", 1), f.expanded("$stat(busy)")), (1, "3".to_owned()));
        assert_eq!(f.call(&MODULE, "reset_stat", &[text("rcv_requests")]), 1);
        assert_eq!(f.expanded("$stat(rcv_requests)"), "0");
    }

    #[test]
    fn a_write_resets_what_can_be_reset() {
        let mut f = fixture();
        for name in ["packet:all", "packet:some"] {
            assert_eq!(update(&mut f, name, 4), 1);
        }
        f.set("$stat(packet:some)", 9).expect("it becomes 0");
        f.set("$stat(packet:all)", 0).expect("it stays");
        assert!(f.set("$stat(nosuch:x)", 0).is_err());
        assert_eq!(f.expanded("$stat(packet:some) $stat(packet:all)"), "0 4");
    }

    #[test]
    fn a_walk_goes_over_a_group_as_it_was() {
        let mut f = fixture();
        update(&mut f, "packet:a", 1);
        update(&mut f, "packet:b", 2);
        assert_eq!(f.call(&MODULE, "stat_iter_init", &[text("packet"), text("i")]), 1);
        update(&mut f, "packet:c", 3);
        let mut seen = Vec::new();
        loop {
            let args = [f.by_ref("$var(n)"), f.by_ref("$var(v)"), text("i")];
            if f.call(&MODULE, "stat_iter_next", &args) != 1 {
                break;
            }
            seen.push(f.expanded("$var(n)=$var(v)"));
        }
        assert_eq!(seen, ["all=0", "a=1", "b=2"]);
        assert_eq!(f.call(&MODULE, "stat_iter_init", &[text("nosuch"), text("i")]), -1);
    }

    #[test]
    fn a_series_is_read_like_a_statistic() {
        let mut f = fixture();
        let add = |f: &mut Fixture, profile, name, n| {
            f.call(&MODULE, "update_stat_series", &[text(profile), text(name), Arg::Int(n)])
        };
        assert_eq!((add(&mut f, "avg", "pdd", 100), add(&mut f, "AVG", "PDD", 300)), (1, 1));
        assert_eq!(f.expanded("$stat(pdd) $stat(times:PDD)"), "200 200");
        assert_eq!((add(&mut f, "nosuch", "x", 1), add(&mut f, "avg", "rcv_requests", 1)), (-1, -1));
        f.now.unix_us += 60_000_000;
        assert_eq!(f.expanded("$stat(pdd)"), "0");
    }
}
