//! Where log lines go: a trait that the server implements, and the levels of OpenSIPS.
use parking_lot::Mutex;
use std::fmt;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::ThreadId;

/// OpenSIPS's levels; the number is what `log_level` is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Alert = -3,
    Critical = -2,
    Error = -1,
    Warning = 1,
    Notice = 2,
    Info = 3,
    Debug = 4,
}

impl Level {
    pub const fn name(self) -> &'static str {
        match self {
            Level::Alert => "ALERT",
            Level::Critical => "CRITICAL",
            Level::Error => "ERROR",
            Level::Warning => "WARNING",
            Level::Notice => "NOTICE",
            Level::Info => "INFO",
            Level::Debug => "DBG",
        }
    }

    /// The nearest level that exists: 0 counts as warning, what lies outside as the end of the scale.
    pub const fn from_number(n: i32) -> Level {
        match n {
            i32::MIN..=-3 => Level::Alert,
            -2 => Level::Critical,
            -1 => Level::Error,
            0 | 1 => Level::Warning,
            2 => Level::Notice,
            3 => Level::Info,
            4..=i32::MAX => Level::Debug,
        }
    }
}

/// Who speaks: the script (no module named) or a part of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Script,
    Part { module: &'static str, function: &'static str },
}

/// Takes lines that passed the level. Called from any worker.
pub trait LogSink: Send + Sync {
    fn line(&self, level: Level, origin: Origin, text: &[u8]);
}

/// The level check in front of a sink.
pub struct Log {
    sink: Box<dyn LogSink>,
    level: AtomicI32,
    script_level: AtomicI32,
    kept: Option<Kept>,
}

/// A line that was logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptLine {
    pub level: Level,
    pub origin: Origin,
    pub text: Vec<u8>,
}

/// Lines that are to raise events.
struct Kept {
    /// Only lines up to this level; 0 for all.
    filter: i32,
    lines: Mutex<Vec<KeptLine>>,
    /// Workers that handle such an event: their lines raise none.
    muted: Mutex<Vec<ThreadId>>,
}

impl Kept {
    /// What nobody takes away in time is lost.
    const LIMIT: usize = 1_000;

    fn note(&self, level: Level, origin: Origin, text: &[u8]) {
        if self.filter != 0 && level as i32 > self.filter {
            return;
        }
        if self.muted.lock().contains(&std::thread::current().id()) {
            return;
        }
        let mut lines = self.lines.lock();
        if lines.len() < Self::LIMIT {
            lines.push(KeptLine { level, origin, text: text.to_vec() });
        }
    }
}

impl Log {
    pub fn new(sink: Box<dyn LogSink>, level: i32) -> Log {
        Log { sink, level: AtomicI32::new(level), script_level: AtomicI32::new(Level::Notice as i32), kept: None }
    }

    /// Lines up to a level, or all for 0, are kept for `take_kept`.
    pub fn keep(&mut self, filter: i32) {
        self.kept = Some(Kept { filter, lines: Mutex::default(), muted: Mutex::default() });
    }

    /// The lines since this was last asked.
    pub fn take_kept(&self) -> Vec<KeptLine> {
        self.kept.as_ref().map(|kept| std::mem::take(&mut *kept.lines.lock())).unwrap_or_default()
    }

    /// Does something whose lines are not kept.
    pub fn unkept(&self, work: impl FnOnce()) {
        let Some(kept) = &self.kept else { return work() };
        let this = std::thread::current().id();
        kept.muted.lock().push(this);
        work();
        kept.muted.lock().retain(|thread| *thread != this);
    }

    fn write(&self, level: Level, origin: Origin, text: &[u8]) {
        self.sink.line(level, origin, text);
        if let Some(kept) = &self.kept {
            kept.note(level, origin, text);
        }
    }

    pub fn level(&self) -> i32 {
        self.level.load(Ordering::Relaxed)
    }

    pub fn set_level(&self, level: i32) {
        self.level.store(level, Ordering::Relaxed);
    }

    pub fn enabled(&self, level: Level) -> bool {
        level as i32 <= self.level()
    }

    /// Threshold of the script's own lines, `$xlog_level`.
    pub fn script_level(&self) -> i32 {
        self.script_level.load(Ordering::Relaxed)
    }

    pub fn set_script_level(&self, level: i32) {
        self.script_level.store(level, Ordering::Relaxed);
    }

    pub fn script_enabled(&self, level: Level) -> bool {
        level as i32 <= self.script_level()
    }

    pub fn part(&self, level: Level, module: &'static str, function: &'static str, text: fmt::Arguments<'_>) {
        if self.enabled(level) {
            self.write(level, Origin::Part { module, function }, text.to_string().as_bytes());
        }
    }

    /// A line whose bytes are to arrive as they are.
    pub fn record(&self, level: Level, module: &'static str, function: &'static str, text: &[u8]) {
        if self.enabled(level) {
            self.write(level, Origin::Part { module, function }, text);
        }
    }

    /// A line of the script's own, already filtered by `script_enabled`.
    pub fn script(&self, level: Level, text: &[u8]) {
        self.write(level, Origin::Script, text);
    }
}
