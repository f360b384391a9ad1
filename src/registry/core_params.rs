//! Global parameters: what each does here, and which values it takes. The checker, start-up and the documentation read
//! this table; the form of a value (`number`, `string`, `word`) is the syntax's (`syntax/keywords.rs`).
use super::signature::{Role, Setting};

/// A global parameter as a script sets it.
#[derive(Clone, Copy, Debug)]
pub struct CoreParam {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// Why setting it changes nothing; `None` when it does.
    pub no_effect: Option<&'static str>,
    /// What functions of this role are refused for when it is set.
    pub bars: Option<Role>,
    /// An older name that set this parameter, and another one to the opposite.
    pub split_from: Option<(&'static str, &'static str)>,
    values: Values,
    pub doc: &'static str,
}

/// A word that OpenSIPS takes for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misread {
    pub why: String,
    /// What means the same everywhere.
    pub instead: String,
    /// It is one of the words that exist.
    pub is_known: bool,
}

/// Values beyond the form that the syntax asks for.
#[derive(Clone, Copy, Debug)]
enum Values {
    Any,
    Between(i32, i32),
    Words(&'static [&'static str]),
    /// Numbers, or types of service by name.
    Services,
}

impl CoreParam {
    const fn new(name: &'static str, doc: &'static str) -> CoreParam {
        CoreParam { name, aliases: &[], no_effect: None, bars: None, split_from: None, values: Values::Any, doc }
    }

    const fn idle(mut self, why: &'static str) -> CoreParam {
        self.no_effect = Some(why);
        self
    }

    const fn aliases(mut self, aliases: &'static [&'static str]) -> CoreParam {
        self.aliases = aliases;
        self
    }

    const fn split_from(mut self, old: &'static str, opposite: &'static str) -> CoreParam {
        self.split_from = Some((old, opposite));
        self
    }

    const fn bars(mut self, role: Role) -> CoreParam {
        self.bars = Some(role);
        self
    }

    const fn services(mut self) -> CoreParam {
        self.values = Values::Services;
        self
    }

    const fn between(mut self, low: i32, high: i32) -> CoreParam {
        self.values = Values::Between(low, high);
        self
    }

    const fn words(mut self, words: &'static [&'static str]) -> CoreParam {
        self.values = Values::Words(words);
        self
    }

    /// OpenSIPS tests the names of types of service the wrong way round.
    pub fn misread(&self, word: &str) -> Option<Misread> {
        if !matches!(self.values, Values::Services) {
            return None;
        }
        let number = tos_named(word);
        let why = match number {
            Some(_) => format!("OpenSIPS takes `{word}` for another type of service; a number is read as it stands"),
            None => format!("`{word}` is no type of service; OpenSIPS takes it for IPTOS_LOWDELAY"),
        };
        let instead = format!("{:#04x}", number.unwrap_or(LOW_DELAY));
        Some(Misread { why, instead, is_known: number.is_some() })
    }

    /// What is wrong with a value that OpenSIPS would not start with.
    pub fn check(&self, value: &Setting) -> Result<(), String> {
        match (self.values, value) {
            (Values::Between(low, high), Setting::Int(n)) if !(low..=high).contains(n) => Err(match high {
                i32::MAX => format!("`{}` is at least {low}", self.name),
                high => format!("`{}` lies between {low} and {high}", self.name),
            }),
            (Values::Words(words), Setting::Str(text)) if !words.iter().any(|w| w.as_bytes() == text) => {
                Err(format!("`{}` is one of {}", self.name, words.join(", ")))
            }
            _ => Ok(()),
        }
    }
}

/// The parameter of this name or alias.
pub fn core_param(name: &str) -> Option<&'static CoreParam> {
    CORE_PARAMS.iter().find(|p| p.name == name || p.aliases.contains(&name))
}

const NO_TCP: &str = "there are no TCP connections yet";
const NO_DATABASE: &str = "there are no databases yet";
const NO_SCALING: &str = "workers are threads, as many as configured or as there are cores";
const NO_POOLS: &str = "memory is not divided into pools that could be tuned or watched";
const NO_SRV: &str = "SRV and NAPTR records are not asked for yet";
const BOTH_FAMILIES: &str = "A and AAAA records are always asked for";
const ALWAYS_RECEIVED: &str =
    "`received` is added wherever Via and source differ, as RFC 3261 18.2.1 asks; no name is looked up for that";
const NO_PERSISTENCE: &str = "nothing is kept over a restart yet";
const NO_PROVISIONING: &str = "there is no provisioning interface";
const OS_DECIDES: &str = "the runtime chooses what the system does best";

/// Type of service of what is sent when nothing else is said.
pub const LOW_DELAY: u32 = 0x10;

/// Types of service by the names they have in the system's headers.
const SERVICES: &[(&str, u32)] =
    &[("IPTOS_LOWDELAY", LOW_DELAY), ("IPTOS_THROUGHPUT", 0x08), ("IPTOS_RELIABILITY", 0x04), ("IPTOS_MINCOST", 0x02)];

/// The number of a type of service.
pub fn tos_named(name: &str) -> Option<u32> {
    SERVICES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, number)| *number)
}

const LOG_FORMATS: &[&str] = &["plain_text", "json", "json_cee"];
const FACILITIES: &[&str] = &[
    "LOG_AUTH",
    "LOG_AUTHPRIV",
    "LOG_CRON",
    "LOG_DAEMON",
    "LOG_FTP",
    "LOG_KERN",
    "LOG_LOCAL0",
    "LOG_LOCAL1",
    "LOG_LOCAL2",
    "LOG_LOCAL3",
    "LOG_LOCAL4",
    "LOG_LOCAL5",
    "LOG_LOCAL6",
    "LOG_LOCAL7",
    "LOG_LPR",
    "LOG_MAIL",
    "LOG_NEWS",
    "LOG_SYSLOG",
    "LOG_USER",
    "LOG_UUCP",
];

/// More lists of destinations than this have no place in a run.
pub const MOST_BLACKLISTS: usize = 32;

/// The list of destinations that did not serve, which `disable_dns_blacklist = no` switches on.
pub const LEARNED_BLACKLIST: &str = "dns";

use CoreParam as P;

/// By name.
pub static CORE_PARAMS: &[CoreParam] = &[
    P::new("abort_on_assert", "A failed `assert` ends the process.")
        .idle("a script cannot end the process; a failed `assert` ends its own run"),
    P::new("advertised_address", "Address that Via and Record-Route show for every socket."),
    P::new("advertised_port", "Port that Via and Record-Route show for every socket.").between(0, 65535),
    P::new("alias", "Names that count as this server's own."),
    P::new("auto_aliases", "The names that DNS has for the sockets' addresses count as this server's own."),
    P::new("auto_scaling_cycle", "Seconds between two looks at the load.").idle(NO_SCALING),
    P::new("auto_scaling_profile", "When to add and remove workers.").idle(NO_SCALING),
    P::new("check_via", "Replies must carry an address of ours in their first Via.")
        .idle("a reply without transaction is forwarded only when its first Via is ours, whatever is set"),
    P::new("chroot", "Folder that becomes the root."),
    P::new("db_default_url", "Database of modules that name none.").idle(NO_DATABASE),
    P::new("db_max_async_connections", "Waiting database queries of a worker.").idle(NO_DATABASE),
    P::new("db_version_table", "Table of schema versions.").idle(NO_DATABASE),
    P::new("debug_mode", "Foreground, debug level, logs on stderr, two workers."),
    P::new("disable_503_translation", "A 503 from downstream is not turned into a 500."),
    P::new("disable_core_dump", "No core files."),
    P::new(
        "disable_dns_blacklist",
        "Destinations that did not serve are not avoided afterwards; on unless set to `no`.",
    ),
    P::new("disable_dns_failover", "Only the first address of a name is tried.").idle(NO_SRV),
    P::new("disable_stateless_fwd", "Replies without transaction are dropped, `forward()` is refused.")
        .bars(Role::Stateless),
    P::new("dns", "The host of the first Via is looked up before `received` is added.").idle(ALWAYS_RECEIVED),
    P::new("dns_retr_no", "How often a name is asked for."),
    P::new("dns_retr_time", "Seconds between two tries."),
    P::new("dns_servers_no", "How many servers are asked."),
    P::new("dns_try_ipv6", "AAAA records when there are no A records.").idle(BOTH_FAMILIES),
    P::new("dns_try_naptr", "NAPTR records first.").idle(NO_SRV),
    P::new("dns_use_search_list", "Names are completed by the system's search list."),
    P::new("dst_blacklist", "Destinations that nothing is sent to."),
    P::new("enable_asserts", "`assert` is executed."),
    P::new("event_pkg_threshold", "Use of private memory that raises an event, in percent.")
        .between(0, 100)
        .idle(NO_POOLS),
    P::new("event_shm_threshold", "Use of shared memory that raises an event, in percent.")
        .between(0, 100)
        .idle(NO_POOLS),
    P::new("exec_dns_threshold", "Microseconds after which a look-up is logged as slow.")
        .aliases(&["execdnsthreshold"]),
    P::new("exec_msg_threshold", "Microseconds after which a message is logged as slow.")
        .aliases(&["execmsgthreshold"]),
    P::new("log_event_enabled", "Log lines raise the event `E_CORE_LOG`."),
    P::new("log_event_level_filter", "Level up to which log lines raise events; 0 for all."),
    P::new("log_json_buf_size", "Room for a log line in JSON.").idle("log lines take the room they need"),
    P::new("log_level", "What is logged: -3 alert, -2 critical, -1 error, 1 warning, 2 notice, 3 info, 4 debug."),
    P::new("log_msg_buf_size", "Longest text of a log line in JSON."),
    P::new("log_prefix", "Stands in front of every log line."),
    P::new("log_stdout", "Standard output stays open.")
        .idle("nothing is written to standard output while the server runs"),
    P::new("max_while_loops", "Rounds after which a loop is left."),
    P::new("maxbuffer", "Receive buffer of UDP sockets."),
    P::new("mcast_loopback", "Multicast messages are received by their sender."),
    P::new("mcast_ttl", "Reach of multicast messages."),
    P::new("mem-group", "Modules whose memory is counted together.").idle(NO_POOLS),
    P::new("mem_warming", "Memory is divided at start as it was divided before.")
        .aliases(&["mem_warming_enabled"])
        .idle(NO_POOLS),
    P::new("mem_warming_pattern_file", "Where that division is kept.").idle(NO_POOLS),
    P::new("mem_warming_percentage", "How much memory is divided at start.").idle(NO_POOLS),
    P::new("memdump", "Level at which the state of memory is logged.").aliases(&["mem_dump"]).idle(NO_POOLS),
    P::new("memlog", "Level at which memory is logged.").aliases(&["mem_log"]).idle(NO_POOLS),
    P::new("mhomed", "The sending socket is the one whose address the system sends from."),
    P::new("mpath", "Folders of modules, which are built in here: never looked at."),
    P::new("open_files_limit", "How many files the process may have open."),
    P::new("pi_framework", "Description of the provisioning interface.").idle(NO_PROVISIONING),
    P::new("poll_method", "How sockets are waited for.")
        .words(&["poll", "epoll", "epoll_lt", "epoll_et", "sigio_rt", "select", "kqueue", "/dev/poll", "devpoll"])
        .idle(OS_DECIDES),
    P::new("pv_print_buf_size", "Longest text that a format string expands to.").between(1, i32::MAX),
    P::new("query_buffer_size", "Rows gathered into one insertion.").idle(NO_DATABASE),
    P::new("query_flush_time", "Seconds after which gathered rows are written.").idle(NO_DATABASE),
    P::new("restart_persistency_cache_file", "What is kept over a restart.").idle(NO_PERSISTENCE),
    P::new("restart_persistency_size", "How much is kept over a restart.").idle(NO_PERSISTENCE),
    P::new("rev_dns", "The source of a message is checked by DNS.").idle(ALWAYS_RECEIVED),
    P::new("server_header", "The whole Server header field, name included."),
    P::new("server_signature", "Replies made here carry a Server header field."),
    P::new("shm_hash_split_percentage", "Division of shared memory.").idle(NO_POOLS),
    P::new("shm_memlog_size", "Kept history of shared memory.").idle(NO_POOLS),
    P::new("shm_secondary_hash_size", "Division of shared memory.").idle(NO_POOLS),
    P::new("sip_warning", "Replies made here carry a Warning header field."),
    P::new("socket", "Where the server listens.").aliases(&["listen"]),
    P::new("stderror_enabled", "Logs go to standard error.")
        .aliases(&["log_stderror"])
        .split_from("log_stderror", "syslog_enabled"),
    P::new("stderror_level_filter", "Level of what goes to standard error."),
    P::new("stderror_log_format", "Form of what goes to standard error.").words(LOG_FORMATS),
    P::new("syslog_enabled", "Logs go to syslog."),
    P::new("syslog_facility", "Facility of what goes to syslog.").aliases(&["log_facility"]).words(FACILITIES),
    P::new("syslog_level_filter", "Level of what goes to syslog."),
    P::new("syslog_log_format", "Form of what goes to syslog.").words(LOG_FORMATS),
    P::new("syslog_name", "Name in syslog.").aliases(&["log_name"]),
    P::new("tcp_accept_aliases", "Connections are used for other ports of the peer (RFC 5923).")
        .between(0, 2)
        .idle(NO_TCP),
    P::new("tcp_connect_timeout", "Milliseconds to wait for a connection.").between(1, i32::MAX).idle(NO_TCP),
    P::new("tcp_connection_lifetime", "Seconds a connection stays without messages.").idle(NO_TCP),
    P::new("tcp_keepalive", "Connections are kept alive.").idle(NO_TCP),
    P::new("tcp_keepcount", "Lost keep-alives that end a connection.").idle(NO_TCP),
    P::new("tcp_keepidle", "Seconds before the first keep-alive.").idle(NO_TCP),
    P::new("tcp_keepinterval", "Seconds between keep-alives.").idle(NO_TCP),
    P::new("tcp_max_connections", "How many connections are accepted.").idle(NO_TCP),
    P::new("tcp_max_msg_time", "Seconds a message may take to arrive.").idle(NO_TCP),
    P::new("tcp_no_new_conn_bflag", "Branch flag of requests that open no connection.").idle(NO_TCP),
    P::new("tcp_no_new_conn_rplflag", "Message flag of replies that open no connection.").idle(NO_TCP),
    P::new("tcp_socket_backlog", "Connections waiting to be accepted.").aliases(&["tcp_listen_backlog"]).idle(NO_TCP),
    P::new("tcp_threads", "Threads that read connections.").idle(NO_TCP),
    P::new("tcp_threshold", "Microseconds after which TCP work is logged as slow.")
        .aliases(&["tcpthreshold"])
        .idle(NO_TCP),
    P::new("tcp_workers", "Processes that serve TCP.").idle(NO_TCP),
    P::new("timer_workers", "Processes that serve timers.").idle("timers run on the workers"),
    P::new("tos", "Type of service of what is sent.").services(),
    P::new("udp_workers", "Threads that serve UDP, at most as many as there are cores."),
    P::new("user_agent_header", "The whole User-Agent header field, name included."),
    P::new("wdir", "Working folder.").aliases(&["workdir"]),
    P::new("worker_reactor_timeout", "Milliseconds a worker waits for sockets.")
        .aliases(&["workerreactortimeout"])
        .idle(OS_DECIDES),
    P::new("xlog_buf_size", "Longest line of `xlog`.").between(1, i32::MAX),
    P::new("xlog_force_color", "`$C` writes colours."),
    P::new("xlog_level", "What `xlog` logs."),
    P::new("xlog_print_level", "Level of an `xlog` without one."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::opensips::KnownNames;
    use crate::syntax::keywords;

    fn int(name: &str, value: i32) -> bool {
        core_param(name).is_some_and(|p| p.check(&Setting::Int(value)).is_ok())
    }

    fn text(name: &str, value: &str) -> bool {
        core_param(name).is_some_and(|p| p.check(&Setting::Str(value.as_bytes().to_vec())).is_ok())
    }

    #[test]
    fn every_parameter_of_the_syntax_has_a_row_and_no_other() {
        for name in keywords::globals() {
            assert!(core_param(name).is_some(), "{name}");
        }
        for row in CORE_PARAMS {
            assert!(keywords::form(row.name).is_some(), "{}", row.name);
        }
        assert!(CORE_PARAMS.is_sorted_by_key(|p| p.name));
    }

    #[test]
    fn every_parameter_that_opensips_knows_has_a_row_or_was_replaced() {
        let known = KnownNames::get();
        for param in &known.core_params {
            // Directives of the include step, which never reach the parser.
            let is_directive = matches!(param.name, "import_file" | "include_file");
            let row = core_param(param.name);
            assert!(row.is_some() || is_directive, "{}", param.name);
            for alias in &param.aliases {
                assert!(row.is_some_and(|r| r.aliases.contains(alias)), "{alias}");
            }
        }
    }

    #[test]
    fn values_that_opensips_refuses_are_refused() {
        assert!(int("event_pkg_threshold", 100) && !int("event_pkg_threshold", 101));
        assert!(int("tcp_connect_timeout", 1) && !int("tcp_connect_timeout", 0));
        assert!(int("log_level", -3) && int("max_while_loops", 0));
        assert!(text("stderror_log_format", "json") && !text("stderror_log_format", "xml"));
        assert!(text("syslog_facility", "LOG_LOCAL7") && !text("syslog_facility", "local7"));
        assert!(text("server_header", "anything"));
    }

    #[test]
    fn an_alias_is_the_parameter() {
        assert_eq!(core_param("workdir").map(|p| p.name), Some("wdir"));
        assert!(core_param("nosuch").is_none());
    }
}
