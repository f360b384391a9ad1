//! Log lines of a simulated server, kept for tests to read.
use crate::context::{Level, LogSink, Origin};
use parking_lot::Mutex;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    pub level: Level,
    pub origin: Origin,
    pub text: String,
}

/// A sink and the view on what it took; clones share the lines.
#[derive(Clone, Debug, Default)]
pub struct LogBook(Arc<Mutex<Vec<LogLine>>>);

impl LogBook {
    pub fn lines(&self) -> Vec<LogLine> {
        self.0.lock().clone()
    }

    /// What has been logged since the last call.
    pub fn take(&self) -> Vec<LogLine> {
        std::mem::take(&mut *self.0.lock())
    }

    /// Texts of the script's own lines.
    pub fn script(&self) -> Vec<String> {
        self.texts(|line| line.origin == Origin::Script)
    }

    /// Texts of the lines that have `part` in them.
    pub fn with(&self, part: &str) -> Vec<String> {
        self.texts(|line| line.text.contains(part))
    }

    pub fn count(&self, part: &str) -> usize {
        self.0.lock().iter().filter(|line| line.text.contains(part)).count()
    }

    fn texts(&self, wanted: impl Fn(&LogLine) -> bool) -> Vec<String> {
        self.0.lock().iter().filter(|line| wanted(line)).map(|line| line.text.clone()).collect()
    }
}

impl LogSink for LogBook {
    fn line(&self, level: Level, origin: Origin, text: &[u8]) {
        let text = String::from_utf8_lossy(text).trim_end_matches(['\n', '\r']).to_owned();
        self.0.lock().push(LogLine { level, origin, text });
    }
}
