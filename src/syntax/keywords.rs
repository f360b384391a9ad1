//! The words of the language as data: global parameters with the forms of their values, what OpenSIPS removed, and the
//! words that cannot be bare names.

/// What may stand behind `name =`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Number,
    Signed,
    Text,
    Word,
    TextOrWord,
    NumberOrWord,
    /// A number, perhaps with an auto-scaling profile.
    Workers,
    Host,
    Aliases,
    Socket,
    Paths,
    MemGroup,
    AutoScaling,
    Blacklist,
}

impl Form {
    /// For messages: what is expected.
    pub const fn expected(self) -> &'static str {
        match self {
            Form::Number => "a number or boolean",
            Form::Signed => "a number",
            Form::Text => "a string in quotes",
            Form::Word => "a bare word",
            Form::TextOrWord => "a string in quotes or a bare word",
            Form::NumberOrWord => "a number or a bare word",
            Form::Workers => "a number, with or without `use_auto_scaling_profile NAME`",
            Form::Host => "an address or host name",
            Form::Aliases => "host names: `[protocol:]host[:port]`",
            Form::Socket => "`protocol:address[:port]`",
            Form::Paths => "folders in quotes, separated by `:`",
            Form::MemGroup => "`\"group\" : \"module\" ...`",
            Form::AutoScaling => "`NAME scale up to N on P % for C cycles ...`",
            Form::Blacklist => "`NAME [/flags] [: { rules }]`",
        }
    }
}

/// The form of the value of a global parameter, by any of its names, those of 3.1 included.
pub fn form(name: &str) -> Option<Form> {
    let name = renamed(name).unwrap_or(name);
    GLOBALS.binary_search_by(|(n, _)| n.cmp(&name)).ok().and_then(|i| GLOBALS.get(i)).map(|(_, f)| *f)
}

/// Names of global parameters, with their aliases.
pub fn globals() -> impl Iterator<Item = &'static str> {
    GLOBALS.iter().map(|(n, _)| *n)
}

/// What a name that OpenSIPS 3.1 still took is called since: it works as that.
pub fn renamed(name: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(n, _)| *n == name).map(|(_, to)| *to)
}

/// What to write instead of a parameter that was gone before 3.1.
pub fn removed(name: &str) -> Option<Instead> {
    REMOVED.iter().find(|(n, _)| *n == name).map(|(_, i)| *i)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// Another parameter with the same value.
    Rename(&'static str),
    /// A parameter of this module, of the same name and value.
    Modparam(&'static str),
    /// Nothing: the words say why.
    Nothing(&'static str),
    /// Something else, said in words.
    Advice(&'static str),
}

/// Whether a bare word has a meaning of its own and cannot be a name: it must be quoted.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word) || (form(word).is_some() && renamed(word).is_none())
}

/// The value of a boolean word.
pub fn boolean(word: &str) -> Option<i32> {
    match word {
        "yes" | "true" | "on" | "enable" => Some(1),
        "no" | "false" | "off" | "disable" => Some(0),
        _ => None,
    }
}

/// Sorted by name.
static GLOBALS: &[(&str, Form)] = &[
    ("abort_on_assert", Form::Number),
    ("advertised_address", Form::Host),
    ("advertised_port", Form::Number),
    ("alias", Form::Aliases),
    ("auto_aliases", Form::Number),
    ("auto_scaling_cycle", Form::Number),
    ("auto_scaling_profile", Form::AutoScaling),
    ("check_via", Form::Number),
    ("chroot", Form::TextOrWord),
    ("db_default_url", Form::Text),
    ("db_max_async_connections", Form::Number),
    ("db_version_table", Form::Text),
    ("debug_mode", Form::Number),
    ("disable_503_translation", Form::Number),
    ("disable_core_dump", Form::Number),
    ("disable_dns_blacklist", Form::Number),
    ("disable_dns_failover", Form::Number),
    ("disable_stateless_fwd", Form::Number),
    ("dns", Form::Number),
    ("dns_retr_no", Form::Number),
    ("dns_retr_time", Form::Number),
    ("dns_servers_no", Form::Number),
    ("dns_try_ipv6", Form::Number),
    ("dns_try_naptr", Form::Number),
    ("dns_use_search_list", Form::Number),
    ("dst_blacklist", Form::Blacklist),
    ("enable_asserts", Form::Number),
    ("event_pkg_threshold", Form::Number),
    ("event_shm_threshold", Form::Number),
    ("exec_dns_threshold", Form::Number),
    ("exec_msg_threshold", Form::Number),
    ("execdnsthreshold", Form::Number),
    ("execmsgthreshold", Form::Number),
    ("log_event_enabled", Form::Number),
    ("log_event_level_filter", Form::Signed),
    ("log_json_buf_size", Form::Number),
    ("log_level", Form::Signed),
    ("log_msg_buf_size", Form::Number),
    ("log_prefix", Form::Text),
    ("log_stdout", Form::Number),
    ("max_while_loops", Form::Number),
    ("maxbuffer", Form::Number),
    ("mcast_loopback", Form::Number),
    ("mcast_ttl", Form::Number),
    ("mem-group", Form::MemGroup),
    ("mem_dump", Form::Signed),
    ("mem_log", Form::Signed),
    ("mem_warming", Form::Number),
    ("mem_warming_enabled", Form::Number),
    ("mem_warming_pattern_file", Form::Text),
    ("mem_warming_percentage", Form::Number),
    ("memdump", Form::Signed),
    ("memlog", Form::Signed),
    ("mhomed", Form::Number),
    ("mpath", Form::Paths),
    ("open_files_limit", Form::Number),
    ("pi_framework", Form::Text),
    ("poll_method", Form::TextOrWord),
    ("pv_print_buf_size", Form::Number),
    ("query_buffer_size", Form::Number),
    ("query_flush_time", Form::Number),
    ("restart_persistency_cache_file", Form::Text),
    ("restart_persistency_size", Form::Number),
    ("rev_dns", Form::Number),
    ("server_header", Form::Text),
    ("server_signature", Form::Number),
    ("shm_hash_split_percentage", Form::Number),
    ("shm_memlog_size", Form::Signed),
    ("shm_secondary_hash_size", Form::Number),
    ("sip_warning", Form::Number),
    ("socket", Form::Socket),
    ("stderror_enabled", Form::Number),
    ("stderror_level_filter", Form::Signed),
    ("stderror_log_format", Form::Text),
    ("syslog_enabled", Form::Number),
    ("syslog_facility", Form::Word),
    ("syslog_level_filter", Form::Signed),
    ("syslog_log_format", Form::Text),
    ("syslog_name", Form::Text),
    ("tcp_accept_aliases", Form::Number),
    ("tcp_connect_timeout", Form::Number),
    ("tcp_connection_lifetime", Form::Number),
    ("tcp_keepalive", Form::Number),
    ("tcp_keepcount", Form::Number),
    ("tcp_keepidle", Form::Number),
    ("tcp_keepinterval", Form::Number),
    ("tcp_max_connections", Form::Number),
    ("tcp_max_msg_time", Form::Number),
    ("tcp_no_new_conn_bflag", Form::Word),
    ("tcp_no_new_conn_rplflag", Form::Word),
    ("tcp_socket_backlog", Form::Number),
    ("tcp_threads", Form::Number),
    ("tcp_threshold", Form::Number),
    ("tcp_workers", Form::Workers),
    ("tcpthreshold", Form::Number),
    ("timer_workers", Form::Workers),
    ("tos", Form::NumberOrWord),
    ("udp_workers", Form::Workers),
    ("user_agent_header", Form::Text),
    ("wdir", Form::TextOrWord),
    ("workdir", Form::TextOrWord),
    ("worker_reactor_timeout", Form::Number),
    ("workerreactortimeout", Form::Number),
    ("xlog_buf_size", Form::Number),
    ("xlog_force_color", Form::Number),
    ("xlog_level", Form::Signed),
    ("xlog_print_level", Form::Number),
];

/// Names of 3.1 that 4.x no longer has.
static RENAMED: &[(&str, &str)] = &[
    ("listen", "socket"),
    ("log_facility", "syslog_facility"),
    ("log_name", "syslog_name"),
    ("log_stderror", "stderror_enabled"),
    ("tcp_listen_backlog", "tcp_socket_backlog"),
];

const ON_COMMAND_LINE: &str = "remove it; `-u` and `-g` on the command line say who the server runs as";
const TLS_DOMAIN: &str = "TLS domains are parameters of `tls_mgm`: `modparam(\"tls_mgm\", ...)`";
const BIN_SOCKET: &str = "load `proto_bin` and write `socket = bin:ADDRESS:PORT`";

/// Names that OpenSIPS had before 3.1.
static REMOVED: &[(&str, Instead)] = &[
    ("avp_aliases", Instead::Nothing("AVPs need no aliases")),
    ("bin_children", Instead::Nothing("TCP workers serve it")),
    ("bin_listen", Instead::Advice(BIN_SOCKET)),
    ("children", Instead::Rename("udp_workers")),
    ("debug", Instead::Rename("log_level")),
    ("disable_tcp", Instead::Nothing("TCP is used when a `socket` says so and `proto_tcp` is loaded")),
    ("disable_tls", Instead::Nothing("TLS is used when a `socket` says so and `proto_tls` is loaded")),
    ("fork", Instead::Nothing("`-F` on the command line or `debug_mode = yes` stays in the foreground")),
    ("gid", Instead::Advice(ON_COMMAND_LINE)),
    ("group", Instead::Advice(ON_COMMAND_LINE)),
    ("port", Instead::Advice("the port stands in `socket = udp:ADDRESS:PORT`")),
    ("tcp_async", Instead::Modparam("proto_tcp")),
    ("tcp_async_local_connect_timeout", Instead::Modparam("proto_tcp")),
    ("tcp_async_local_write_timeout", Instead::Modparam("proto_tcp")),
    ("tcp_async_max_postponed_chunks", Instead::Modparam("proto_tcp")),
    ("tcp_children", Instead::Rename("tcp_workers")),
    ("tcp_crlf_pingpong", Instead::Modparam("proto_tcp")),
    ("tcp_max_msg_chunks", Instead::Modparam("proto_tcp")),
    ("tcp_poll_method", Instead::Rename("poll_method")),
    ("tcp_send_timeout", Instead::Modparam("proto_tcp")),
    ("tls_ca_dir", Instead::Advice(TLS_DOMAIN)),
    ("tls_ca_list", Instead::Advice(TLS_DOMAIN)),
    ("tls_certificate", Instead::Advice(TLS_DOMAIN)),
    ("tls_ciphers_list", Instead::Advice(TLS_DOMAIN)),
    ("tls_client_domain", Instead::Advice(TLS_DOMAIN)),
    ("tls_client_domain_avp", Instead::Advice(TLS_DOMAIN)),
    ("tls_dh_params", Instead::Advice(TLS_DOMAIN)),
    ("tls_ec_curve", Instead::Advice(TLS_DOMAIN)),
    ("tls_handshake_timeout", Instead::Modparam("proto_tls")),
    ("tls_log", Instead::Nothing("`log_level` decides")),
    ("tls_method", Instead::Advice(TLS_DOMAIN)),
    ("tls_port_no", Instead::Advice("write `modparam(\"proto_tls\", \"tls_port\", PORT)`, or the port in `socket`")),
    ("tls_private_key", Instead::Advice(TLS_DOMAIN)),
    ("tls_require_client_certificate", Instead::Advice(TLS_DOMAIN)),
    ("tls_send_timeout", Instead::Modparam("proto_tls")),
    ("tls_server_domain", Instead::Advice(TLS_DOMAIN)),
    ("tls_verify_client", Instead::Advice(TLS_DOMAIN)),
    ("tls_verify_server", Instead::Advice(TLS_DOMAIN)),
    ("tlslog", Instead::Nothing("`log_level` decides")),
    ("uid", Instead::Advice(ON_COMMAND_LINE)),
    ("user", Instead::Advice(ON_COMMAND_LINE)),
    ("xlog_default_level", Instead::Rename("xlog_print_level")),
];

/// Besides the names of the global parameters. Booleans are numbers and may stand where a number may.
static RESERVED: &[&str] = &[
    "ACCEPT_SUBDOMAIN",
    "ANYCAST",
    "BOND",
    "FRAG",
    "NULL",
    "REUSE_PORT",
    "accept_subdomain",
    "and",
    "any",
    "anycast",
    "assert",
    "async",
    "bond",
    "branch_route",
    "break",
    "case",
    "default",
    "drop",
    "else",
    "error",
    "error_route",
    "event_route",
    "exit",
    "expire",
    "failure_route",
    "for",
    "frag",
    "if",
    "in",
    "launch",
    "loadmodule",
    "local_route",
    "log",
    "modparam",
    "not",
    "null",
    "onreply_route",
    "or",
    "proxy",
    "PROXY",
    "proxy_protocol",
    "PROXY_PROTOCOL",
    "allow_proxy",
    "ALLOW_PROXY",
    "allow_proxy_protocol",
    "ALLOW_PROXY_PROTOCOL",
    "send_proxy",
    "SEND_PROXY",
    "send_proxy_protocol",
    "SEND_PROXY_PROTOCOL",
    "readonly",
    "return",
    "reuse_port",
    "route",
    "startup_route",
    "switch",
    "sync",
    "tag",
    "timer_route",
    "while",
    "xdbg",
    "xlog",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globals_are_sorted_and_no_removed_name_is_among_them() {
        assert!(GLOBALS.windows(2).all(|w| w[0].0 < w[1].0));
        assert!(REMOVED.iter().all(|(n, _)| form(n).is_none()));
        assert_eq!(form("workdir"), Some(Form::TextOrWord));
        assert_eq!((form("listen"), form("children")), (Some(Form::Socket), None));
        assert!(!is_reserved("listen"), "4.x took it off the reserved words");
    }

    #[test]
    fn renames_lead_to_known_parameters() {
        for (name, instead) in REMOVED {
            if let Instead::Rename(to) = instead {
                assert!(form(to).is_some(), "{name} -> {to}");
            }
        }
        assert!(RENAMED.iter().all(|(name, to)| form(name).is_some() && renamed(to).is_none()));
    }
}
