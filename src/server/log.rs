//! Log sinks: stderr and syslog, in the forms of OpenSIPS (plain, json, json_cee).
use crate::context::{Level, LogSink, Origin};
use crate::engine::settings::{LogFormat, ServerSettings};
use serde_json::{Map, Value, json};
use std::ffi::CString;
use std::io::Write;
use std::sync::OnceLock;

/// Writes every line to each enabled sink.
pub struct Sinks {
    pid: u32,
    prefix: String,
    name: String,
    /// Longest text of a message in the JSON forms.
    room: usize,
    stderr: Option<(LogFormat, Option<i32>)>,
    syslog: Option<(LogFormat, Option<i32>)>,
}

impl Sinks {
    pub fn new(settings: &ServerSettings, pid: u32, program: &str) -> Sinks {
        let prefix = if settings.log_prefix.is_empty() { String::new() } else { format!("{}:", settings.log_prefix) };
        let name = settings.syslog_name.clone().unwrap_or_else(|| program.to_owned());
        if settings.syslog_enabled {
            open_syslog(&name, &settings.syslog_facility);
        }
        Sinks {
            pid,
            prefix,
            name,
            room: settings.log_message_room,
            stderr: settings.stderr_enabled.then_some((settings.stderr_format, settings.stderr_level)),
            syslog: settings.syslog_enabled.then_some((settings.syslog_format, settings.syslog_level)),
        }
    }

    fn plain(&self, level: Level, origin: Origin, text: &str) -> String {
        match origin {
            Origin::Script => format!("{}{}:{text}", self.prefix, level.name()),
            Origin::Part { module, function } => {
                format!("{}{}:{module}:{function}: {text}", self.prefix, level.name())
            }
        }
    }

    fn json(&self, level: Level, origin: Origin, text: &str) -> String {
        let mut line = Map::new();
        line.insert("time".into(), json!(local_time()));
        line.insert("pid".into(), json!(self.pid));
        line.insert("level".into(), json!(level.name()));
        if let Origin::Part { module, function } = origin {
            line.insert("module".into(), json!(module));
            line.insert("function".into(), json!(function));
        }
        if !self.prefix.is_empty() {
            line.insert("prefix".into(), json!(self.prefix.trim_end_matches(':')));
        }
        line.insert("message".into(), json!(self.cut(text)));
        Value::Object(line).to_string()
    }

    fn json_cee(&self, level: Level, origin: Origin, text: &str) -> String {
        let (module, function) = match origin {
            Origin::Script => ("script", ""),
            Origin::Part { module, function } => (module, function),
        };
        json!({
            "time": local_time(),
            "proc": { "id": self.pid.to_string() },
            "pri": level.name(),
            "subsys": module,
            "native": { "function": function, "log_prefix": self.prefix.trim_end_matches(':') },
            "msg": self.cut(text),
            "pname": self.name,
            "hostname": host_name(),
        })
        .to_string()
    }

    /// As much of a text as `log_msg_buf_size` has room for.
    fn cut<'t>(&self, text: &'t str) -> &'t str {
        let end = (0..=self.room.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
        text.get(..end.unwrap_or(0)).unwrap_or(text)
    }

    fn to_stderr(&self, format: LogFormat, level: Level, origin: Origin, text: &str) {
        let line = match format {
            LogFormat::Plain => format!("{} [{}] {}\n", local_time(), self.pid, self.plain(level, origin, text)),
            LogFormat::Json => format!("{}\n", self.json(level, origin, text)),
            LogFormat::JsonCee => format!("{}\n", self.json_cee(level, origin, text)),
        };
        // A log that cannot be written must not stop a call.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }

    fn to_syslog(&self, format: LogFormat, level: Level, origin: Origin, text: &str) {
        let line = match format {
            LogFormat::Plain => self.plain(level, origin, text),
            LogFormat::Json => self.json(level, origin, text),
            LogFormat::JsonCee => format!("@cee: {}", self.json_cee(level, origin, text)),
        };
        let Ok(line) = CString::new(line.replace('\0', "\\0")) else { return };
        // SAFETY: both pointers are NUL-terminated strings that outlive the call; `%s` takes the one argument.
        unsafe { libc::syslog(syslog_priority(level), c"%s".as_ptr(), line.as_ptr()) };
    }
}

impl LogSink for Sinks {
    fn line(&self, level: Level, origin: Origin, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        let text = text.trim_end_matches(['\n', '\r']);
        let passes = |filter: Option<i32>| filter.is_none_or(|max| max == 0 || level as i32 <= max);
        if let Some((format, filter)) = self.stderr
            && passes(filter)
        {
            self.to_stderr(format, level, origin, text);
        }
        if let Some((format, filter)) = self.syslog
            && passes(filter)
        {
            self.to_syslog(format, level, origin, text);
        }
    }
}

/// `Nov 23 07:12:04`
fn local_time() -> String {
    strftime(c"%b %d %H:%M:%S")
}

fn strftime(format: &std::ffi::CStr) -> String {
    let mut buffer = [0u8; 64];
    // SAFETY: `time` accepts a null pointer, `localtime_r` fills the given struct, and `strftime` writes at most the
    // length it is given.
    let written = unsafe {
        let now = libc::time(std::ptr::null_mut());
        let mut parts: libc::tm = std::mem::zeroed();
        libc::localtime_r(&now, &mut parts);
        libc::strftime(buffer.as_mut_ptr().cast(), buffer.len(), format.as_ptr(), &parts)
    };
    String::from_utf8_lossy(&buffer[..written.min(buffer.len())]).into_owned()
}

fn host_name() -> String {
    let mut buffer = [0u8; 256];
    // SAFETY: the buffer's length is given, one byte is kept for the terminator.
    unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) };
    let end = buffer.iter().position(|b| *b == 0).unwrap_or(buffer.len());
    String::from_utf8_lossy(&buffer[..end]).into_owned()
}

fn open_syslog(name: &str, facility: &str) {
    static IDENT: OnceLock<CString> = OnceLock::new();
    let ident = IDENT.get_or_init(|| CString::new(name.replace('\0', "")).unwrap_or_default());
    // SAFETY: openlog keeps the pointer; it lives in a static.
    unsafe { libc::openlog(ident.as_ptr(), libc::LOG_PID | libc::LOG_NDELAY, facility_number(facility)) };
}

/// Facilities as scripts name them.
static FACILITIES: &[(&str, libc::c_int)] = &[
    ("LOG_AUTH", libc::LOG_AUTH),
    ("LOG_AUTHPRIV", libc::LOG_AUTHPRIV),
    ("LOG_CRON", libc::LOG_CRON),
    ("LOG_DAEMON", libc::LOG_DAEMON),
    ("LOG_FTP", libc::LOG_FTP),
    ("LOG_KERN", libc::LOG_KERN),
    ("LOG_LOCAL0", libc::LOG_LOCAL0),
    ("LOG_LOCAL1", libc::LOG_LOCAL1),
    ("LOG_LOCAL2", libc::LOG_LOCAL2),
    ("LOG_LOCAL3", libc::LOG_LOCAL3),
    ("LOG_LOCAL4", libc::LOG_LOCAL4),
    ("LOG_LOCAL5", libc::LOG_LOCAL5),
    ("LOG_LOCAL6", libc::LOG_LOCAL6),
    ("LOG_LOCAL7", libc::LOG_LOCAL7),
    ("LOG_LPR", libc::LOG_LPR),
    ("LOG_MAIL", libc::LOG_MAIL),
    ("LOG_NEWS", libc::LOG_NEWS),
    ("LOG_SYSLOG", libc::LOG_SYSLOG),
    ("LOG_USER", libc::LOG_USER),
    ("LOG_UUCP", libc::LOG_UUCP),
];

fn facility_number(name: &str) -> libc::c_int {
    FACILITIES.iter().find(|(n, _)| *n == name).map_or(libc::LOG_DAEMON, |(_, number)| *number)
}

fn syslog_priority(level: Level) -> libc::c_int {
    match level {
        Level::Alert => libc::LOG_ALERT,
        Level::Critical => libc::LOG_CRIT,
        Level::Error => libc::LOG_ERR,
        Level::Warning => libc::LOG_WARNING,
        Level::Notice => libc::LOG_NOTICE,
        Level::Info => libc::LOG_INFO,
        Level::Debug => libc::LOG_DEBUG,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sinks(prefix: &str) -> Sinks {
        let settings = ServerSettings {
            log_prefix: prefix.to_owned(),
            stderr_enabled: false,
            syslog_enabled: false,
            ..ServerSettings::default()
        };
        Sinks::new(&settings, 7, "sipscript")
    }

    #[test]
    fn plain_lines_name_level_module_and_function_and_script_lines_the_level() {
        let part = Origin::Part { module: "core", function: "main" };
        assert_eq!(sinks("pfx").plain(Level::Notice, part, "up"), "pfx:NOTICE:core:main: up");
        assert_eq!(sinks("").plain(Level::Warning, Origin::Script, "hello"), "WARNING:hello");
    }

    #[test]
    fn a_long_text_is_cut_in_json_only() {
        let settings = ServerSettings { log_message_room: 4, stderr_enabled: false, ..ServerSettings::default() };
        let sinks = Sinks::new(&settings, 7, "sipscript");
        let line: Value = serde_json::from_str(&sinks.json(Level::Error, Origin::Script, "abcé")).unwrap();
        assert_eq!(line["message"], "abc");
        assert_eq!(sinks.plain(Level::Error, Origin::Script, "abcé"), "ERROR:abcé");
    }

    #[test]
    fn json_lines_of_the_script_name_no_module() {
        let line: Value = serde_json::from_str(&sinks("p").json(Level::Error, Origin::Script, "a \"b\"")).unwrap();
        assert_eq!(line["level"], "ERROR");
        assert_eq!(line["prefix"], "p");
        assert_eq!(line["message"], "a \"b\"");
        assert!(line.get("module").is_none());
    }
}
