//! What the outer server reads: workers, log sinks, the system's resolver and limits.
use crate::registry::LOW_DELAY;
use std::time::Duration;

/// As the script asks for it.
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
    /// Replies made here name the server.
    pub signature: bool,
    pub core_dumps: bool,
    /// Of sockets that name none.
    pub tos: u32,
    /// Receive buffer of sockets, bytes; `None`: what suits the machine.
    pub receive_buffer: Option<usize>,
    pub multicast: Multicast,
    pub auto_aliases: bool,
    pub dns: Dns,
    /// A look-up, or the work for one message, that takes longer is logged.
    pub slow_look_up: Option<Duration>,
    pub slow_message: Option<Duration>,
    /// Longest text of a message in the JSON forms of the log, bytes.
    pub log_message_room: usize,
}

impl Default for ServerSettings {
    fn default() -> Self {
        ServerSettings {
            udp_workers: 8,
            stderr_enabled: true,
            syslog_enabled: false,
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
            signature: true,
            core_dumps: true,
            tos: LOW_DELAY,
            receive_buffer: None,
            multicast: Multicast::default(),
            auto_aliases: false,
            dns: Dns::default(),
            slow_look_up: None,
            slow_message: None,
            log_message_room: 4096,
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

/// How multicast datagrams leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Multicast {
    pub loops_back: bool,
    pub ttl: Option<u32>,
}

/// How names are looked up; `None` is the system's setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dns {
    pub attempts: Option<usize>,
    pub patience: Option<Duration>,
    pub servers: Option<usize>,
    pub search_list: bool,
}

impl Default for Dns {
    fn default() -> Self {
        Dns { attempts: None, patience: None, servers: None, search_list: true }
    }
}
