//! Every name OpenSIPS knows, 4.1's and those only 3.1 has, whether or not it is implemented here.
//!
//! With it a name is never called unknown that OpenSIPS knows, and a misspelt one gets the nearest. The tables beside this
//! file are the source, one name a line and sorted; they are read once. What a name means is absent: the rows of
//! `modules/*` say that for what is implemented. A new name is a line in its table.
mod rows;

pub use rows::{
    CallMode, KnownCoreParam, KnownEvent, KnownFunction, KnownMiCommand, KnownModparam, KnownModule, KnownParam,
    KnownPvar, KnownStatistic, KnownTransformation, KnownType, Meaning, NameKind, Releases, Replaced, SettingType,
};

use rows::{KINDS, MEANINGS, MODES, RELEASES, SETTING_TYPES, named, optional, params, routes, words};
use std::sync::OnceLock;

const FUNCTIONS: &str = include_str!("functions.tsv");
const PVARS: &str = include_str!("pvars.tsv");
const MODPARAMS: &str = include_str!("modparams.tsv");
const MODULES: &str = include_str!("modules.tsv");
const TRANSFORMATIONS: &str = include_str!("transformations.tsv");
const EVENTS: &str = include_str!("events.tsv");
const STATISTICS: &str = include_str!("statistics.tsv");
const MI_COMMANDS: &str = include_str!("mi_commands.tsv");
const CORE_PARAMS: &str = include_str!("core_params.tsv");
const RESERVED_WORDS: &str = include_str!("reserved_words.tsv");
const REPLACED: &str = include_str!("replaced.tsv");

/// The tables, each sorted for its look-ups. What needs no `loadmodule` has the module `core`.
#[derive(Debug)]
pub struct KnownNames {
    /// By name; a name that several modules have, or that has several signatures, stands there several times.
    pub functions: Vec<KnownFunction>,
    /// By name.
    pub pvars: Vec<KnownPvar>,
    /// By module, then name.
    pub modparams: Vec<KnownModparam>,
    /// By name.
    pub modules: Vec<KnownModule>,
    /// By class, then function.
    pub transformations: Vec<KnownTransformation>,
    /// By name.
    pub events: Vec<KnownEvent>,
    /// By group, then name.
    pub statistics: Vec<KnownStatistic>,
    pub mi_commands: Vec<KnownMiCommand>,
    pub core_params: Vec<KnownCoreParam>,
    /// Words that are no identifiers, sorted.
    pub reserved_words: Vec<&'static str>,
    pub replaced: Vec<Replaced>,
}

impl KnownNames {
    /// The names, read at the first call.
    pub fn get() -> &'static KnownNames {
        static NAMES: OnceLock<KnownNames> = OnceLock::new();
        NAMES.get_or_init(KnownNames::read)
    }

    /// Every function of that name, in whichever module.
    pub fn functions_named(&self, name: &str) -> &[KnownFunction] {
        range(&self.functions, |f| f.name, name)
    }

    /// Every form of the variable of that name.
    pub fn pvars_named(&self, name: &str) -> &[KnownPvar] {
        range(&self.pvars, |v| v.name, name)
    }

    pub fn module(&self, name: &str) -> Option<&KnownModule> {
        range(&self.modules, |m| m.name, name).first()
    }

    pub fn modparams_of(&self, module: &str) -> &[KnownModparam] {
        range(&self.modparams, |p| p.module, module)
    }

    pub fn modparam(&self, module: &str, name: &str) -> Option<&KnownModparam> {
        range(self.modparams_of(module), |p| p.name, name).first()
    }

    /// The transformations of a class, in lower case as `Transform` has it.
    pub fn transformations_of(&self, class: &str) -> &[KnownTransformation] {
        range(&self.transformations, |t| t.class, class)
    }

    pub fn transformation(&self, class: &str, function: &str) -> Option<&KnownTransformation> {
        range(self.transformations_of(class), |t| t.function, function).first()
    }

    pub fn event(&self, name: &str) -> Option<&KnownEvent> {
        range(&self.events, |e| e.name, name).first()
    }

    pub fn statistic(&self, group: &str, name: &str) -> Option<&KnownStatistic> {
        range(range(&self.statistics, |s| s.group, group), |s| s.name, name).first()
    }

    /// By `group:command` or by the name of an older release.
    pub fn mi_command(&self, name: &str) -> Option<&KnownMiCommand> {
        self.mi_commands.iter().find(|c| c.name == name || c.aliases.contains(&name))
    }

    /// By name or alias.
    pub fn core_param(&self, name: &str) -> Option<&KnownCoreParam> {
        self.core_params.iter().find(|p| p.name == name || p.aliases.contains(&name))
    }

    /// Whether a word cannot name a route, a tag or a profile without quotes.
    pub fn is_reserved(&self, word: &str) -> bool {
        self.reserved_words.binary_search(&word).is_ok()
    }

    /// What became of a name of an older release.
    pub fn replaced(&self, kind: NameKind, old: &str) -> Option<&Replaced> {
        self.replaced.iter().find(|r| r.kind == kind && r.old == old)
    }

    fn read() -> KnownNames {
        KnownNames {
            functions: sorted(functions(), |f| (f.name, f.module)),
            pvars: sorted(pvars(), |v| (v.name, v.module)),
            modparams: sorted(modparams(), |p| (p.module, p.name)),
            modules: sorted(modules(), |m| (m.name, "")),
            transformations: sorted(transformations(), |t| (t.class, t.function)),
            events: sorted(events(), |e| (e.name, e.module)),
            statistics: sorted(statistics(), |s| (s.group, s.name)),
            mi_commands: mi_commands().collect(),
            core_params: core_params().collect(),
            reserved_words: sorted(rows::rows(RESERVED_WORDS).map(|[word]| word), |word| (word, "")),
            replaced: replaced().collect(),
        }
    }
}

/// The items that have this key in a slice sorted by it.
fn range<'a, T>(items: &'a [T], key: impl Fn(&T) -> &'static str, name: &str) -> &'a [T] {
    let start = items.partition_point(|item| key(item) < name);
    let end = items.partition_point(|item| key(item) <= name);
    items.get(start..end).unwrap_or_default()
}

fn sorted<T>(items: impl Iterator<Item = T>, key: fn(&T) -> (&'static str, &'static str)) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_by_key(key);
    items
}

fn functions() -> impl Iterator<Item = KnownFunction> {
    rows::rows(FUNCTIONS).filter_map(|[module, name, args, from, mode, releases]| {
        let (mode, releases) = (named(&MODES, mode)?, named(&RELEASES, releases)?);
        Some(KnownFunction { module, name, params: params(args), routes: routes(from), mode, releases })
    })
}

fn pvars() -> impl Iterator<Item = KnownPvar> {
    rows::rows(PVARS).filter_map(|[module, name, sub, index, access, releases]| {
        let (takes_sub, takes_index) = (!sub.is_empty(), !index.is_empty());
        let releases = named(&RELEASES, releases)?;
        Some(KnownPvar { module, name, takes_sub, takes_index, writable: access == "rw", releases })
    })
}

fn modparams() -> impl Iterator<Item = KnownModparam> {
    rows::rows(MODPARAMS).filter_map(|[module, name, ty, releases]| {
        let (ty, releases) = (named(&SETTING_TYPES, ty)?, named(&RELEASES, releases)?);
        Some(KnownModparam { module, name, ty, releases })
    })
}

fn modules() -> impl Iterator<Item = KnownModule> {
    rows::rows(MODULES).filter_map(|[name, kind, releases]| {
        Some(KnownModule { name, builtin: kind == "builtin", releases: named(&RELEASES, releases)? })
    })
}

fn transformations() -> impl Iterator<Item = KnownTransformation> {
    rows::rows(TRANSFORMATIONS).map(|[module, class, function, args]| KnownTransformation {
        module,
        class,
        function,
        params: params(args),
    })
}

fn events() -> impl Iterator<Item = KnownEvent> {
    rows::rows(EVENTS).map(|[module, name, params]| KnownEvent { module, name, params: words(params) })
}

fn statistics() -> impl Iterator<Item = KnownStatistic> {
    rows::rows(STATISTICS).map(|[module, group, name, kind]| KnownStatistic {
        module,
        group,
        name,
        gauge: kind == "gauge",
    })
}

fn mi_commands() -> impl Iterator<Item = KnownMiCommand> {
    rows::rows(MI_COMMANDS).map(|[module, name, aliases, params]| {
        let params = words(params).into_iter().map(optional).collect();
        KnownMiCommand { module, name, aliases: words(aliases), params }
    })
}

fn core_params() -> impl Iterator<Item = KnownCoreParam> {
    rows::rows(CORE_PARAMS).filter_map(|[name, aliases, ty, releases]| {
        Some(KnownCoreParam { name, aliases: words(aliases), ty, releases: named(&RELEASES, releases)? })
    })
}

fn replaced() -> impl Iterator<Item = Replaced> {
    rows::rows(REPLACED).filter_map(|[kind, old, new, gone, meaning]| {
        let (kind, meaning) = (named(&KINDS, kind)?, named(&MEANINGS, meaning)?);
        Some(Replaced { kind, old, new: (!new.is_empty()).then_some(new), gone, meaning })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::signature::RouteMask;

    #[test]
    fn every_line_of_every_table_is_read() {
        let names = KnownNames::get();
        for (table, read, expected) in [
            (FUNCTIONS, names.functions.len(), 618),
            (PVARS, names.pvars.len(), 296),
            (MODPARAMS, names.modparams.len(), 1748),
            (MODULES, names.modules.len(), 199),
            (TRANSFORMATIONS, names.transformations.len(), 103),
            (EVENTS, names.events.len(), 63),
            (STATISTICS, names.statistics.len(), 122),
            (MI_COMMANDS, names.mi_commands.len(), 277),
            (CORE_PARAMS, names.core_params.len(), 106),
            (RESERVED_WORDS, names.reserved_words.len(), 167),
            (REPLACED, names.replaced.len(), 36),
        ] {
            let head = table.lines().next().unwrap_or_default();
            assert!(head.starts_with("# "), "{head}");
            assert_eq!(read, table.lines().count() - 1, "{head}");
            assert_eq!(read, expected, "{head}");
        }
    }

    #[test]
    fn every_parameter_and_route_of_a_function_is_read() {
        let counted: usize = rows::rows(FUNCTIONS).map(|[_, _, params, ..]: [&str; 6]| words(params).len()).sum();
        assert_eq!(KnownNames::get().functions.iter().map(|f| f.params.len()).sum::<usize>(), counted);
        for function in &KnownNames::get().functions {
            assert_ne!(function.routes, RouteMask::default(), "{}", function.name);
            assert!(function.params.len() <= 8, "{}", function.name);
        }
    }

    #[test]
    fn tables_are_sorted_and_without_doubles() {
        for table in [FUNCTIONS, PVARS, MODPARAMS, MODULES, TRANSFORMATIONS, EVENTS, STATISTICS, CORE_PARAMS, REPLACED]
        {
            let lines: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split('\t').collect()).collect();
            assert!(lines.is_sorted_by(|a, b| a < b), "{:?}", table.lines().next());
        }
    }

    #[test]
    fn every_module_of_a_table_is_a_module() {
        let names = KnownNames::get();
        let tables = [
            names.functions.iter().map(|f| f.module).collect::<Vec<_>>(),
            names.pvars.iter().map(|v| v.module).collect(),
            names.modparams.iter().map(|p| p.module).collect(),
            names.transformations.iter().map(|t| t.module).collect(),
        ];
        for module in tables.concat() {
            assert!(module == "core" || names.module(module).is_some(), "{module}");
        }
    }

    #[test]
    fn knows_functions_by_name() {
        let names = KnownNames::get();
        let [relay] = names.functions_named("t_relay") else { panic!("one t_relay") };
        assert_eq!((relay.module, relay.mode, relay.releases), ("tm", CallMode::Sync, Releases::Both));
        assert!(relay.params.iter().all(|p| p.optional));
        let [load] = names.functions_named("load_dialog_ctx") else { panic!("one load_dialog_ctx") };
        assert_eq!(load.params.iter().map(|p| p.optional).collect::<Vec<_>>(), [false, true, true]);
        assert_eq!(names.functions_named("call_transfer").len(), 2);
        assert_eq!(names.functions_named("t_rely").len(), 0);
        assert_eq!(names.functions_named("avp_db_query").first().map(|f| f.releases), Some(Releases::Only31));
    }

    #[test]
    fn knows_variables_with_and_without_a_name() {
        let names = KnownNames::get();
        let [avp] = names.pvars_named("avp") else { panic!("one avp") };
        assert!(avp.takes_sub && avp.takes_index && avp.writable);
        assert_eq!(names.pvars_named("socket_in").len(), 2);
        assert_eq!(names.pvars_named("dlg_val").first().map(|v| v.module), Some("dialog"));
        assert_eq!(names.pvars_named("Ri").first().map(|v| v.releases), Some(Releases::Only31));
    }

    #[test]
    fn knows_modules_and_their_parameters() {
        let names = KnownNames::get();
        assert_eq!(names.module("proto_udp").map(|m| m.builtin), Some(true));
        assert_eq!(names.module("avpops").map(|m| m.releases), Some(Releases::Only31));
        assert_eq!(names.module("core"), None);
        assert_eq!(names.modparam("tm", "fr_timeout").map(|p| p.ty), Some(SettingType::Int));
        assert_eq!(names.modparam("dialog", "db_url").map(|p| p.ty), Some(SettingType::Str));
        assert_eq!(names.modparam("tm", "db_url"), None);
        assert!(names.modparams_of("dialog").len() > 40);
    }

    #[test]
    fn knows_transformations_events_statistics_and_commands() {
        let names = KnownNames::get();
        let params = |class: &str, function: &str| names.transformation(class, function).map(|t| t.params.len());
        assert_eq!((params("s", "substr"), params("uri", "user"), params("s", "foo")), (Some(2), Some(0), None));
        assert_eq!(names.event("E_ACC_CDR").map(|e| e.module), Some("acc"));
        assert_eq!(names.statistic("dialog", "active_dialogs").map(|s| s.module), Some("dialog"));
        assert_eq!(names.mi_command("dlg_list").map(|c| c.name), Some("dialog:list"));
        assert_eq!(names.mi_command("dialog:list").map(|c| c.module), Some("dialog"));
    }

    #[test]
    fn knows_core_parameters_and_reserved_words() {
        let names = KnownNames::get();
        assert_eq!(names.core_param("log_level").map(|p| p.ty), Some("int"));
        assert_eq!(names.core_param("workdir").map(|p| p.name), Some("wdir"));
        assert_eq!(names.core_param("listen").map(|p| p.releases), Some(Releases::Only31));
        assert!(["route", "log", "tos", "NULL", "mem-group", "tcp_workers"].iter().all(|word| names.is_reserved(word)));
        assert!(!["router", "t_relay", "include_file"].iter().any(|word| names.is_reserved(word)));
    }

    #[test]
    fn a_replacement_is_a_name_of_today() {
        let names = KnownNames::get();
        assert_eq!(names.replaced(NameKind::CoreParam, "fork").map(|r| r.new), Some(None));
        assert_eq!(names.replaced(NameKind::Function, "rewriteuri").and_then(|r| r.new), Some("seturi"));
        for Replaced { kind, old, new, .. } in &names.replaced {
            let Some(new) = new else { continue };
            let known = match kind {
                NameKind::Function => names.functions_named(new).first().map(|f| f.releases),
                NameKind::Pvar => names.pvars_named(new.split('(').next().unwrap_or(new)).first().map(|v| v.releases),
                NameKind::Module => names.module(new).map(|m| m.releases),
                NameKind::CoreParam => names.core_param(new).map(|p| p.releases),
            };
            assert!(matches!(known, Some(Releases::Both | Releases::Only41)), "{old} -> {new}");
        }
    }
}
