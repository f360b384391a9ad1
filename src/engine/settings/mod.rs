//! Global parameters of a script become settings: one table row a parameter.
//!
//! Types were checked before; a value of the wrong shape is left alone here. A parameter without a row has no effect:
//! `registry::core_params` says why, and it is named at start. Sockets and aliases are in `sockets`.
mod blacklists;
mod listening;
mod server;
mod sockets;

pub use listening::Listening;
pub use server::{Dns, LogFormat, Multicast, ServerSettings};
pub use sockets::{BondSpec, ListenOptions, SocketSpec};

use blacklists::blacklist;

use crate::base::{Span, Str};
use crate::context::{Alias, Blacklists, CoreSettings};
use crate::registry::{LOW_DELAY, core_param, tos_named};
use crate::syntax::ast::{self, Ast, GlobalValue, HostKind};
use std::time::Duration;

/// Everything that the globals of a script and the command line decide.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub core: CoreSettings,
    pub server: ServerSettings,
    pub sockets: Vec<SocketSpec>,
    pub bonds: Vec<BondSpec>,
    pub aliases: Vec<Alias>,
    /// Known parameters that have no effect here, in the order of the script.
    pub without_effect: Vec<(String, Span)>,
}

type Setter = fn(&mut Settings, &GlobalValue);

macro_rules! setters {
    ($( $name:literal => |$s:ident, $v:ident : $reader:ident| $set:expr; )*) => {
        &[$( ($name, |$s: &mut Settings, value: &GlobalValue| {
            if let Some($v) = $reader(value) { $set; }
        }) ),*]
    };
}

static SETTERS: &[(&str, Setter)] = setters! {
    "log_level" => |s, v: int| s.core.log_level = v;
    "xlog_level" => |s, v: int| s.core.xlog_level = v;
    "xlog_print_level" => |s, v: int| s.core.xlog_print_level = v;
    "xlog_buf_size" => |s, v: size| s.core.xlog_buf_size = v;
    "pv_print_buf_size" => |s, v: size| s.core.pv_print_buf_size = v;
    "max_while_loops" => |s, v: int| s.core.max_while_loops = u32::try_from(v).unwrap_or(0);
    "server_header" => |s, v: text| s.core.server_header = Some(v);
    "server_signature" => |s, v: int| s.server.signature = v != 0;
    "user_agent_header" => |s, v: text| s.core.user_agent_header = v;
    "advertised_address" => |s, v: host| s.core.advertised_address = Some(v);
    "advertised_port" => |s, v: int| s.core.advertised_port = u16::try_from(v).ok();
    "enable_asserts" => |s, v: int| s.core.enable_asserts = v != 0;
    "sip_warning" => |s, v: int| s.core.sip_warning = v != 0;
    "disable_503_translation" => |s, v: int| s.core.disable_503_translation = v != 0;
    "disable_stateless_fwd" => |s, v: int| s.core.stateless_forwarding = Some(v == 0);
    "xlog_force_color" => |s, v: int| s.core.xlog_force_color = v != 0;
    "udp_workers" => |s, v: workers| s.server.udp_workers = v.max(1);
    "log_stderror" => |s, v: int| {
        s.server.stderr_enabled = v != 0;
        s.server.syslog_enabled = v == 0;
    };
    "stderror_enabled" => |s, v: int| s.server.stderr_enabled = v != 0;
    "syslog_enabled" => |s, v: int| s.server.syslog_enabled = v != 0;
    "stderror_log_format" => |s, v: log_format| s.server.stderr_format = v;
    "syslog_log_format" => |s, v: log_format| s.server.syslog_format = v;
    "stderror_level_filter" => |s, v: int| s.server.stderr_level = Some(v);
    "syslog_level_filter" => |s, v: int| s.server.syslog_level = Some(v);
    "syslog_facility" => |s, v: word| s.server.syslog_facility = v;
    "syslog_name" => |s, v: word| s.server.syslog_name = Some(v);
    "log_msg_buf_size" => |s, v: size| s.server.log_message_room = v;
    "log_prefix" => |s, v: word| { s.core.log_prefix = v.as_str().into(); s.server.log_prefix = v };
    "log_event_enabled" => |s, v: int| s.core.log_event_enabled = v != 0;
    "log_event_level_filter" => |s, v: int| s.core.log_event_level_filter = v;
    "debug_mode" => |s, v: int| s.server.debug_mode = v != 0;
    "chroot" => |s, v: word| s.server.chroot = Some(v);
    "wdir" => |s, v: word| s.server.working_dir = Some(v);
    "open_files_limit" => |s, v: int| s.server.open_files_limit = u32::try_from(v).ok();
    "disable_core_dump" => |s, v: int| s.server.core_dumps = v == 0;
    "tos" => |s, v: tos| s.server.tos = v;
    "maxbuffer" => |s, v: size| s.server.receive_buffer = Some(v);
    "mcast_loopback" => |s, v: int| s.server.multicast.loops_back = v != 0;
    "mcast_ttl" => |s, v: int| s.server.multicast.ttl = u32::try_from(v).ok();
    "mhomed" => |s, v: int| s.core.multihomed = v != 0;
    "auto_aliases" => |s, v: int| s.server.auto_aliases = v != 0;
    "dns_retr_no" => |s, v: size| s.server.dns.attempts = Some(v);
    "dns_retr_time" => |s, v: size| s.server.dns.patience = Some(Duration::from_secs(v as u64));
    "dns_servers_no" => |s, v: size| s.server.dns.servers = Some(v);
    "dns_use_search_list" => |s, v: int| s.server.dns.search_list = v != 0;
    "exec_dns_threshold" => |s, v: size| s.server.slow_look_up = Some(Duration::from_micros(v as u64));
    "exec_msg_threshold" => |s, v: size| s.server.slow_message = Some(Duration::from_micros(v as u64));
    "dst_blacklist" => |s, v: blacklist| s.core.blacklists.push(v);
    "disable_dns_blacklist" => |s, v: int| if v == 0 { s.core.blacklists.push(Blacklists::learned()) };
    "mpath" => |s, _v: anything| never_looked_at(s);
};

impl Settings {
    pub fn of(ast: &Ast) -> Settings {
        let mut settings = Settings::default();
        for global in ast.globals() {
            match &global.value {
                GlobalValue::Socket(socket) => settings.sockets.extend(sockets::specs(ast, socket)),
                GlobalValue::Bond(bond) => settings.bonds.push(sockets::bond(bond)),
                GlobalValue::Aliases(aliases) => settings.aliases.extend(aliases.iter().map(sockets::alias)),
                value => settings.set(&global.name.text, value, global.name.span),
            }
        }
        if !settings.server.signature {
            settings.core.server_header = None;
        }
        settings
    }

    fn set(&mut self, name: &str, value: &GlobalValue, span: Span) {
        let row = core_param(name).map_or(name, |row| row.name);
        let setter = |name: &str| SETTERS.iter().find(|(n, _)| *n == name);
        match setter(name).or_else(|| setter(row)) {
            Some((_, set)) => set(self, value),
            None => self.without_effect.push((name.to_owned(), span)),
        }
    }
}

/// The type of service by number, or by the name it has in the system's headers.
fn tos(value: &GlobalValue) -> Option<u32> {
    match value {
        GlobalValue::Word(word) => tos_named(&word.text).or(Some(LOW_DELAY)),
        _ => int(value).and_then(|v| u32::try_from(v).ok()),
    }
}

fn host_text(host: &ast::Host) -> Option<Str> {
    match &host.kind {
        HostKind::Any => None,
        HostKind::Ip(ip) => Some(ip.to_string().into()),
        HostKind::Name(name) => Some(name.clone()),
    }
}

fn int(value: &GlobalValue) -> Option<i32> {
    match value {
        GlobalValue::Int(i) => Some(i.value),
        _ => None,
    }
}

fn size(value: &GlobalValue) -> Option<usize> {
    int(value).and_then(|i| usize::try_from(i).ok()).filter(|n| *n > 0)
}

fn workers(value: &GlobalValue) -> Option<usize> {
    match value {
        GlobalValue::Workers { count, .. } => usize::try_from(count.value).ok(),
        _ => size(value),
    }
}

fn text(value: &GlobalValue) -> Option<Str> {
    match value {
        GlobalValue::Strs(parts) => Some(ast::joined(parts)),
        GlobalValue::Word(word) => Some(word.text.as_str().into()),
        _ => None,
    }
}

fn word(value: &GlobalValue) -> Option<String> {
    text(value).map(|t| t.to_string_lossy().into_owned())
}

fn host(value: &GlobalValue) -> Option<Str> {
    match value {
        GlobalValue::Host(h) => host_text(h),
        _ => text(value),
    }
}

fn log_format(value: &GlobalValue) -> Option<LogFormat> {
    match text(value)?.as_bytes() {
        b"plain_text" => Some(LogFormat::Plain),
        b"json" => Some(LogFormat::Json),
        b"json_cee" => Some(LogFormat::JsonCee),
        _ => None,
    }
}

/// Modules are built in: the folders are not looked at, not even whether they exist.
fn never_looked_at(_: &mut Settings) {}

fn anything(_: &GlobalValue) -> Option<()> {
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::CORE_PARAMS;
    use crate::syntax::{Source, parse};

    fn settings(text: &str) -> Settings {
        let parsed = parse(&Source::single("test.cfg", text.as_bytes()));
        assert!(parsed.errors.is_empty(), "{text}");
        Settings::of(&parsed.ast)
    }

    #[test]
    fn a_parameter_has_a_setter_or_a_reason_why_not() {
        for row in CORE_PARAMS {
            let is_set = matches!(row.name, "socket" | "alias") || SETTERS.iter().any(|(name, _)| *name == row.name);
            assert_eq!(row.no_effect.is_none(), is_set, "{}", row.name);
        }
        for (name, _) in SETTERS {
            assert!(core_param(name).is_some(), "{name}");
        }
    }

    #[test]
    fn the_module_of_a_transport_names_its_usual_port() {
        let script = "socket=udp:127.0.0.1\nsocket=udp:127.0.0.2:5080\nloadmodule \"proto_udp.so\"\n";
        let ports = |text: &str| settings(text).sockets.iter().map(|s| s.port).collect::<Vec<_>>();
        assert_eq!(ports(script), [5060, 5080]);
        assert_eq!(ports(&format!("{script}modparam(\"proto_udp\", \"udp_port\", 5070)\n")), [5070, 5080]);
    }

    #[test]
    fn a_port_list_is_a_socket_each_with_the_port_it_advertises() {
        let all = settings("socket=udp:127.0.0.1:5060,5070-5071 as pbx.example.com:6060,6070\n").sockets;
        let shown = |s: &SocketSpec| (s.port, s.advertised.as_ref().and_then(|(_, port)| *port));
        assert_eq!(all.iter().map(shown).collect::<Vec<_>>(), [(5060, Some(6060)), (5070, Some(6070)), (5071, None)]);
    }

    #[test]
    fn a_socket_keeps_its_options() {
        let text =
            "socket=udp:127.0.0.1:5060 use_workers 2 tos 8 frag reuse_port anycast tag inside accept_subdomain\n";
        let all = settings(text).sockets;
        let options = ListenOptions { tos: Some(8), fragments: true, reuse_port: true, workers: Some(2) };
        assert_eq!(all[0].options, options);
        assert_eq!(
            (all[0].tag.as_deref(), all[0].anycast, all[0].accept_subdomain),
            (Some(&b"inside"[..]), true, true)
        );
    }

    #[test]
    fn log_stderror_chooses_one_sink() {
        let sinks = |text: &str| {
            let server = settings(text).server;
            (server.stderr_enabled, server.syslog_enabled)
        };
        assert_eq!(sinks("log_stderror = yes\n"), (true, false));
        assert_eq!(sinks("log_stderror = no\n"), (false, true));
        assert_eq!(sinks("syslog_enabled = yes\n"), (true, true));
    }

    #[test]
    fn names_of_3_1_set_what_replaced_them() {
        let all =
            settings("listen = udp:127.0.0.1:5070 use_workers 3\nlog_facility = LOG_LOCAL3\nlog_name = \"pbx\"\n");
        assert_eq!((all.sockets[0].port, all.sockets[0].options.workers), (5070, Some(3)));
        assert_eq!(
            (all.server.syslog_facility.as_str(), all.server.syslog_name.as_deref()),
            ("LOG_LOCAL3", Some("pbx"))
        );
    }

    #[test]
    fn the_last_of_a_repeated_parameter_counts() {
        let header = |text: &str| settings(text).core.server_header;
        let text = "server_signature = no\nserver_header = \"Server: x\"\n";
        assert_eq!(header(text), None);
        assert_eq!(header(&format!("{text}server_signature = yes\n")).as_deref(), Some(&b"Server: x"[..]));
        assert_eq!(settings("tos = IPTOS_THROUGHPUT\n").server.tos, 8);
        assert_eq!(settings("tos = 0x10\ntos = 4\n").server.tos, 4);
    }

    #[test]
    fn an_alias_sets_the_parameter() {
        let settings = settings("workdir = \"/tmp\"\nmem_log = 3\n");
        assert_eq!(settings.server.working_dir.as_deref(), Some("/tmp"));
        let idle: Vec<_> = settings.without_effect.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(idle, ["mem_log"]);
    }
}
