//! Core parameters that the engine and the modules read at run time. The server reads its own (workers, sinks) apart.
use super::blacklists::BlacklistSpec;
use crate::base::Str;
use std::net::IpAddr;

#[derive(Clone, Debug)]
pub struct CoreSettings {
    pub log_level: i32,
    pub xlog_level: i32,
    /// Level of an `xlog` without one.
    pub xlog_print_level: i32,
    pub xlog_buf_size: usize,
    pub pv_print_buf_size: usize,
    pub max_while_loops: u32,
    /// The whole header line, name included; `None`: no Server header field.
    pub server_header: Option<Str>,
    pub user_agent_header: Str,
    pub advertised_address: Option<Str>,
    pub advertised_port: Option<u16>,
    pub enable_asserts: bool,
    /// Lines of the log raise events.
    pub log_event_enabled: bool,
    /// Up to which level; 0 for all.
    pub log_event_level_filter: i32,
    pub log_prefix: Str,
    pub sip_warning: bool,
    pub disable_503_translation: bool,
    /// Lists of destinations that nothing is sent to.
    pub blacklists: Vec<BlacklistSpec>,
    /// `None`: as the script decides by using `forward()`.
    pub stateless_forwarding: Option<bool>,
    /// `-o name=value`.
    pub argv: Vec<(Str, Str)>,
    pub pid: u32,
    /// When the process or simulation started, seconds since 1970.
    pub started: u64,
    /// Colour escapes of `$C` are written.
    pub xlog_force_color: bool,
    /// The variables of the process's environment.
    pub environment: Vec<(Str, Str)>,
    /// Reads a file that a parameter names.
    pub read_file: fn(&[u8]) -> Result<Vec<u8>, String>,
    /// Seconds east of UTC at a time given in seconds since 1970: what local time is.
    pub utc_offset: fn(u64) -> i32,
    /// `mhomed`: nothing forces a socket, and the system's routes choose it.
    pub multihomed: bool,
    /// The address that the system sends from to reach another.
    pub source_toward: fn(IpAddr) -> Option<IpAddr>,
}

impl Default for CoreSettings {
    fn default() -> Self {
        let product = concat!("OpenSIPS-compatible sipscript/", env!("CARGO_PKG_VERSION"));
        CoreSettings {
            log_level: 2,
            xlog_level: 2,
            xlog_print_level: 2,
            xlog_buf_size: 4096,
            pv_print_buf_size: 20_000,
            max_while_loops: 10_000,
            server_header: Some(format!("Server: {product}").into()),
            user_agent_header: format!("User-Agent: {product}").into(),
            advertised_address: None,
            advertised_port: None,
            enable_asserts: false,
            log_event_enabled: false,
            log_event_level_filter: 0,
            log_prefix: Str::EMPTY,
            sip_warning: false,
            disable_503_translation: false,
            blacklists: Vec::new(),
            stateless_forwarding: None,
            argv: Vec::new(),
            pid: 0,
            started: 0,
            xlog_force_color: false,
            environment: Vec::new(),
            read_file: |_| Err("no files are read here".to_owned()),
            utc_offset: |_| 0,
            multihomed: false,
            source_toward: |_| None,
        }
    }
}
