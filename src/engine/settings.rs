//! Global parameters of a script become settings: one table row a parameter.
//!
//! Types were checked before; a value of the wrong shape is left alone here. A parameter without a row has no effect:
//! `registry::core_params` says why, and it is named at start.
use crate::base::{Span, Str};
use crate::context::{Alias, CoreSettings};
use crate::registry::core_param;
use crate::sip::Transport;
use crate::syntax::ast::{self, Ast, GlobalValue, HostKind, ModParam, ModParamValue, SocketOptionKind};

/// Everything that the globals of a script and the command line decide.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub core: CoreSettings,
    pub server: ServerSettings,
    pub sockets: Vec<SocketSpec>,
    pub aliases: Vec<Alias>,
    /// Known parameters that have no effect here, in the order of the script.
    pub without_effect: Vec<(String, Span)>,
}

/// What the outer server reads: workers and log sinks.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    pub udp_workers: usize,
    pub stderr_enabled: bool,
    pub syslog_enabled: bool,
    pub stderr_format: LogFormat,
    pub syslog_format: LogFormat,
    pub stderr_level: Option<i32>,
    pub syslog_level: Option<i32>,
    pub syslog_facility: String,
    pub syslog_name: Option<String>,
    pub log_prefix: String,
    pub debug_mode: bool,
    pub chroot: Option<String>,
    pub working_dir: Option<String>,
    pub open_files_limit: Option<u32>,
    pub tos: Option<u32>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        ServerSettings {
            udp_workers: 8,
            stderr_enabled: true,
            syslog_enabled: true,
            stderr_format: LogFormat::Plain,
            syslog_format: LogFormat::Plain,
            stderr_level: None,
            syslog_level: None,
            syslog_facility: "LOG_DAEMON".to_owned(),
            syslog_name: None,
            log_prefix: String::new(),
            debug_mode: false,
            chroot: None,
            working_dir: None,
            open_files_limit: None,
            tos: None,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Plain,
    Json,
    JsonCee,
}

/// A `socket=` as written; the server resolves names and interfaces.
#[derive(Clone, Debug)]
pub struct SocketSpec {
    pub transport: Transport,
    pub host: HostKind,
    pub port: u16,
    pub advertised: Option<(Str, Option<u16>)>,
    pub tag: Option<Str>,
    pub anycast: bool,
    pub accept_subdomain: bool,
    pub span: Span,
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
    "server_header" => |s, v: text| s.core.server_header = s.core.server_header.as_ref().and(Some(v));
    "server_signature" => |s, v: int| if v == 0 { s.core.server_header = None };
    "user_agent_header" => |s, v: text| s.core.user_agent_header = v;
    "advertised_address" => |s, v: host| s.core.advertised_address = Some(v);
    "advertised_port" => |s, v: int| s.core.advertised_port = u16::try_from(v).ok();
    "enable_asserts" => |s, v: int| s.core.enable_asserts = v != 0;
    "check_via" => |s, v: int| s.core.check_via = v != 0;
    "sip_warning" => |s, v: int| s.core.sip_warning = v != 0;
    "disable_503_translation" => |s, v: int| s.core.disable_503_translation = v != 0;
    "disable_stateless_fwd" => |s, v: int| s.core.stateless_forwarding = Some(v == 0);
    "xlog_force_color" => |s, v: int| s.core.xlog_force_color = v != 0;
    "udp_workers" => |s, v: workers| s.server.udp_workers = v.max(1);
    "stderror_enabled" => |s, v: int| s.server.stderr_enabled = v != 0;
    "syslog_enabled" => |s, v: int| s.server.syslog_enabled = v != 0;
    "stderror_log_format" => |s, v: log_format| s.server.stderr_format = v;
    "syslog_log_format" => |s, v: log_format| s.server.syslog_format = v;
    "stderror_level_filter" => |s, v: int| s.server.stderr_level = Some(v);
    "syslog_level_filter" => |s, v: int| s.server.syslog_level = Some(v);
    "syslog_facility" => |s, v: word| s.server.syslog_facility = v;
    "syslog_name" => |s, v: word| s.server.syslog_name = Some(v);
    "log_prefix" => |s, v: word| s.server.log_prefix = v;
    "debug_mode" => |s, v: int| s.server.debug_mode = v != 0;
    "chroot" => |s, v: word| s.server.chroot = Some(v);
    "wdir" => |s, v: word| s.server.working_dir = Some(v);
    "open_files_limit" => |s, v: int| s.server.open_files_limit = u32::try_from(v).ok();
    "tos" => |s, v: int| s.server.tos = u32::try_from(v).ok();
    "mpath" => |s, _v: anything| never_looked_at(s);
};

impl Settings {
    pub fn of(ast: &Ast) -> Settings {
        let mut settings = Settings::default();
        for global in ast.globals() {
            match &global.value {
                GlobalValue::Socket(socket) => settings.add_socket(ast, socket),
                GlobalValue::Aliases(aliases) => settings.aliases.extend(aliases.iter().map(alias)),
                value => settings.set(&global.name.text, value, global.name.span),
            }
        }
        settings
    }

    fn set(&mut self, name: &str, value: &GlobalValue, span: Span) {
        let row = core_param(name).map_or(name, |row| row.name);
        match SETTERS.iter().find(|(n, _)| *n == row) {
            Some((_, set)) => set(self, value),
            None => self.without_effect.push((name.to_owned(), span)),
        }
    }

    fn add_socket(&mut self, ast: &Ast, socket: &ast::Socket) {
        let Some(transport) = Transport::parse(socket.proto.text.as_bytes()) else { return };
        let ports = ports(&socket.ports);
        let ports = if ports.is_empty() { vec![usual_port(ast, transport)] } else { ports };
        let advertised = socket.options.iter().find_map(|o| match &o.kind {
            SocketOptionKind::As { host, ports } => Some((host_text(host)?, self::ports(ports))),
            _ => None,
        });
        let flag =
            |name: &str| socket.options.iter().any(|o| matches!(&o.kind, SocketOptionKind::Flag(f) if f == name));
        let tag = socket.options.iter().find_map(|o| match &o.kind {
            SocketOptionKind::Tag(t) => Some(Str::from(t.text.as_str())),
            _ => None,
        });
        for (at, port) in ports.into_iter().enumerate() {
            self.sockets.push(SocketSpec {
                transport,
                host: socket.host.kind.clone(),
                port,
                advertised: advertised.clone().map(|(host, ports)| (host, ports.get(at).copied())),
                tag: tag.clone(),
                anycast: flag("anycast"),
                accept_subdomain: flag("accept_subdomain"),
                span: socket.span,
            });
        }
    }
}

/// The port of sockets written without one: what the module of the transport says (`udp_port`), else that of the RFC.
fn usual_port(ast: &Ast, transport: Transport) -> u16 {
    let param = format!("{}_port", transport.name());
    let port = |p: &ModParam| match &p.value {
        ModParamValue::Int(port) if *p.param.value == *param.as_bytes() => u16::try_from(port.value).ok(),
        _ => None,
    };
    ast.modparams().filter_map(port).last().unwrap_or(transport.default_port())
}

fn ports(ranges: &[ast::PortRange]) -> Vec<u16> {
    ranges.iter().flat_map(|r| r.low..=r.high).collect()
}

fn alias(alias: &ast::Alias) -> Alias {
    Alias {
        transport: alias.proto.as_ref().and_then(|p| Transport::parse(p.text.as_bytes())),
        host: host_text(&alias.host).unwrap_or_default(),
        port: alias.port.and_then(|p| u16::try_from(p.value).ok()).filter(|p| *p != 0),
        accept_subdomain: alias.accept_subdomain,
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
            assert!(CORE_PARAMS.iter().any(|row| row.name == *name), "{name}");
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
    fn an_alias_sets_the_parameter() {
        let settings = settings("workdir = \"/tmp\"\nmem_log = 3\n");
        assert_eq!(settings.server.working_dir.as_deref(), Some("/tmp"));
        let idle: Vec<_> = settings.without_effect.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(idle, ["mem_log"]);
    }
}
