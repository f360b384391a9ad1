//! What a start is asked for, whichever command line asked.
use crate::base::Str;
use crate::engine::settings::{Settings, SocketSpec};
use std::path::PathBuf;

/// A start of the server.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// Path of the script; `-` is standard input.
    pub script: String,
    /// `-p`
    pub preprocessor: Option<String>,
    /// The name of the program, as syslog shows it.
    pub program: String,
    pub process: Process,
    /// `run` logs to stderr whatever the script says, and shows a start page.
    pub attended: bool,
    pub overrides: Overrides,
}

/// What becomes of the process.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// Without it the process becomes a daemon.
    pub foreground: bool,
    pub pid_file: Option<PathBuf>,
    pub pgid_file: Option<PathBuf>,
    pub user: Option<String>,
    pub group: Option<String>,
    pub chroot: Option<String>,
    pub working_dir: Option<String>,
}

/// Options that take precedence over the script.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `-l`: these sockets, in place of the script's.
    pub sockets: Vec<SocketSpec>,
    pub udp_workers: Option<usize>,
    /// `-b`, bytes.
    pub receive_buffer: Option<usize>,
    pub advertised: Option<String>,
    pub argv: Vec<(Str, Str)>,
    /// `-D`: debug mode.
    pub debug_mode: bool,
    /// `-d`, once each.
    pub verbosity: i32,
    /// Options that OpenSIPS has and that change nothing here, and why.
    pub without_effect: Vec<(String, &'static str)>,
}

impl Overrides {
    /// Settles script and command line. Debug mode also sets the log the way OpenSIPS does.
    pub fn apply(&self, settings: &mut Settings, attended: bool) {
        if !self.sockets.is_empty() {
            settings.sockets = self.sockets.clone();
        }
        if let Some(workers) = self.udp_workers {
            settings.server.udp_workers = workers;
        }
        if self.receive_buffer.is_some() {
            settings.server.receive_buffer = self.receive_buffer;
        }
        if let Some(address) = &self.advertised {
            settings.core.advertised_address = Some(address.as_str().into());
        }
        settings.core.argv.clone_from(&self.argv);
        settings.core.log_level = settings.core.log_level.saturating_add(self.verbosity);
        if self.debug_mode || settings.server.debug_mode {
            settings.server.debug_mode = true;
            settings.server.stderr_enabled = true;
            settings.server.syslog_enabled = false;
            settings.server.udp_workers = settings.server.udp_workers.min(2);
            settings.core.log_level = 4;
        }
        if attended {
            settings.server.stderr_enabled = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_mode_logs_everything_to_stderr() {
        let mut settings = Settings::default();
        settings.server.stderr_enabled = false;
        Overrides { debug_mode: true, ..Overrides::default() }.apply(&mut settings, false);
        assert!(settings.server.stderr_enabled && !settings.server.syslog_enabled);
        assert_eq!((settings.core.log_level, settings.server.udp_workers), (4, 2));
    }

    #[test]
    fn an_attended_start_logs_to_stderr_whatever_the_script_says() {
        let mut settings = Settings::default();
        settings.server.stderr_enabled = false;
        Overrides::default().apply(&mut settings, true);
        assert!(settings.server.stderr_enabled);
    }
}
