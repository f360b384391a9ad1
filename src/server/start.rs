//! From a launch to a serving process and back to an exit.
use super::clock::{self, Clock};
use super::daemon::{self, Parent, Side};
use super::ears::Ears;
use super::interfaces;
use super::launch::Launch;
use super::log::Sinks;
use super::process;
use super::programs::Programs;
use super::resolver::Resolver;
use super::sources::Files;
use super::start_page::StartPage;
use super::udp::{self, Bound};
use super::worker::{self, Shared, WorkerHandle};
use crate::base::SourceMap;
use crate::context::{Core, Level, Log, Shard};
use crate::diag::{self, Class, Diagnostic, Severity, concise};
use crate::engine::Engine;
use crate::engine::boot::{Boot, boot};
use crate::engine::settings::{Listening, ServerSettings, Settings};
use crate::modules;
use crate::registry::core_param;
use crate::sip::Transport;
use crate::syntax::ast::Ast;
use crate::syntax::source::Source;
use indexmap::{IndexMap, IndexSet};
use std::hash::{BuildHasher, Hasher};
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How long calls in progress may take to finish their exchange after SIGTERM.
const DRAIN: Duration = Duration::from_secs(3);
const DRAIN_STEP: Duration = Duration::from_millis(50);
const STARTUP_LOOK: Duration = Duration::from_millis(10);

/// Why there is no server.
pub enum StartError {
    /// The script itself cannot be read.
    Unreadable(String),
    /// The script has findings that OpenSIPS would not start with.
    Refused(Box<Checked>),
    Failed(String),
}

/// A script with everything the checker says about it.
pub struct Checked {
    pub ast: Ast,
    pub map: SourceMap,
    pub findings: Vec<Diagnostic>,
}

impl Checked {
    /// Reads and checks a script.
    pub fn load(files: &Files, script: &str) -> Result<Checked, String> {
        let source = Source::load(files, script)?;
        let parsed = crate::syntax::parse(&source);
        let mut findings = parsed.errors;
        findings.extend(crate::analysis::check(&parsed.ast, &modules::catalog()));
        diag::sort(&source.map, &mut findings);
        Ok(Checked { ast: parsed.ast, map: source.map, findings })
    }

    /// OpenSIPS would not start with it.
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(|d| d.code.class() == Class::Refuse)
    }
}

/// Serves until SIGTERM or SIGINT.
pub fn serve(launch: &Launch) -> Result<(), StartError> {
    let files = Files { preprocessor: launch.preprocessor.clone() };
    let checked = Checked::load(&files, &launch.script).map_err(StartError::Unreadable)?;
    if checked.is_refused() {
        return Err(StartError::Refused(Box::new(checked)));
    }
    let mut settings = Settings::of(&checked.ast);
    launch.overrides.apply(&mut settings, launch.attended);
    if launch.process.foreground || settings.server.debug_mode {
        return start(launch, checked, settings, None).map_err(StartError::Failed);
    }
    match daemon::fork() {
        Ok(Side::Parent { up: true }) => Ok(()),
        Ok(Side::Parent { up: false }) => Err(StartError::Failed("the daemon did not come up".to_owned())),
        Ok(Side::Daemon(parent)) => start(launch, checked, settings, Some(parent)).map_err(StartError::Failed),
        Err(e) => Err(StartError::Failed(format!("cannot become a daemon: {e}"))),
    }
}

fn start(launch: &Launch, checked: Checked, mut settings: Settings, parent: Option<Parent>) -> Result<(), String> {
    let sinks = Sinks::new(&settings.server, std::process::id(), &launch.program);
    let log = Log::new(Box::new(sinks), settings.core.log_level);
    let outcome = prepare(launch, checked, &mut settings, log).and_then(|up| up.run(launch, &settings, parent));
    if let Err(why) = &outcome {
        let sinks = Sinks::new(&settings.server, std::process::id(), &launch.program);
        Log::new(Box::new(sinks), settings.core.log_level).part(Level::Critical, "core", "main", format_args!("{why}"));
    }
    outcome
}

/// Everything bound and initialised, nothing served yet.
struct Prepared {
    engine: Arc<Engine>,
    clock: Clock,
    seed: u64,
    /// For each worker its sockets.
    bound: Vec<Vec<Bound>>,
    page: String,
}

fn prepare(launch: &Launch, checked: Checked, settings: &mut Settings, log: Log) -> Result<Prepared, String> {
    report_lints(&checked, &log);
    process::settle(&launch.process, &settings.server)?;
    let clock = Clock::start();
    let seed = seed();
    settings.core.pid = std::process::id();
    settings.core.started = clock.now().unix_secs();
    settings.core.utc_offset = clock::utc_offset;
    settings.core.environment = process::environment();
    settings.core.read_file = process::read_file;
    settings.core.source_toward = interfaces::source_toward;
    let listening = interfaces::resolve(settings)?;
    for warning in &listening.warnings {
        log.part(Level::Warning, "core", "main", format_args!("{warning}"));
    }
    if listening.sockets.all().is_empty() {
        log.part(Level::Warning, "core", "main", format_args!("there is no socket: nothing can reach this server"));
    }
    let workers = worker_count(settings);
    let bound = bind(&listening, workers, &settings.server)?;
    let sockets = listening.sockets;
    let without_effect = without_effect(launch, &checked, settings);
    let page = StartPage {
        script: &launch.script,
        sockets: &sockets,
        workers,
        ast: &checked.ast,
        without_effect: &without_effect,
    };
    let page = page.render();
    if !launch.attended {
        for (name, why) in &without_effect {
            log.part(Level::Notice, "core", "main", format_args!("accepted without effect: {name} ({why})"));
        }
    }
    let parts = Boot { ast: &checked.ast, sources: checked.map, settings: settings.core.clone(), sockets, log, seed };
    let engine = Arc::new(boot(parts).map_err(|e| e.to_string())?);
    process::identify(&launch.process)?;
    Ok(Prepared { engine, clock, seed, bound, page })
}

impl Prepared {
    fn run(self, launch: &Launch, settings: &Settings, parent: Option<Parent>) -> Result<(), String> {
        let side = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("side")
            .enable_all()
            .build()
            .map_err(|e| format!("cannot start the runtime for look-ups: {e}"))?;
        let core = &self.engine.core;
        let (resolver, trouble) = Resolver::start(side.handle().clone(), &settings.server, self.engine.clone());
        if let Some(trouble) = trouble {
            core.log.part(Level::Warning, "core", "resolver", format_args!("host names will not resolve: {trouble}"));
        }
        let stop = Arc::new(AtomicBool::new(false));
        let shared = Shared {
            engine: self.engine.clone(),
            clock: self.clock,
            resolver,
            programs: Programs::new(side.handle().clone(), self.engine.clone()),
            ears: Ears::new(side.handle().clone(), self.engine.clone()),
            stop: stop.clone(),
            slow_message: settings.server.slow_message,
            send_failures: core.stats.counter("net", "send_failures"),
        };
        let workers = spawn_workers(&shared, self.seed, self.bound)?;
        side.block_on(async {
            let told = until_told_to_stop(core);
            tokio::pin!(told);
            tokio::select! {
                () = &mut told => return,
                () = started(core) => {}
            }
            core.log.part(Level::Notice, "core", "main", format_args!("{} workers are serving", workers.len()));
            if launch.attended {
                // Nobody is left to tell when stderr is closed.
                let _ = writeln!(std::io::stderr(), "{}ready", self.page);
            }
            if let Some(parent) = parent {
                daemon::release_terminal(settings.server.stderr_enabled);
                parent.up();
            }
            told.await;
        });
        side.block_on(drain(&self.engine));
        stop.store(true, Ordering::Release);
        for worker in &workers {
            worker.wake();
        }
        workers.into_iter().for_each(WorkerHandle::join);
        side.shutdown_timeout(Duration::from_millis(500));
        process::forget(&launch.process);
        core.log.part(Level::Notice, "core", "main", format_args!("stopped"));
        Ok(())
    }
}

/// The first worker runs the startup route before any message is read.
fn spawn_workers(shared: &Shared, seed: u64, bound: Vec<Vec<Bound>>) -> Result<Vec<WorkerHandle>, String> {
    let now = shared.clock.now();
    bound
        .into_iter()
        .enumerate()
        .map(|(index, sockets)| {
            let mut shard = Shard::new(index, seed, now.mono);
            if index == 0 {
                shared.engine.start(&mut shard, now);
            }
            worker::spawn(shared.clone(), shard, sockets).map_err(|e| format!("cannot start a worker: {e}"))
        })
        .collect()
}

/// Every lint error in one line; `check` shows them with their source.
fn report_lints(checked: &Checked, log: &Log) {
    for finding in checked.findings.iter().filter(|d| d.severity == Severity::Error) {
        log.part(Level::Error, "core", "check", format_args!("{}", concise::line(&checked.map, finding)));
    }
}

fn worker_count(settings: &Settings) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    settings.server.udp_workers.clamp(1, cores)
}

/// For each worker its sockets. A worker that does not read a socket still sends by it.
fn bind(listening: &Listening, workers: usize, server: &ServerSettings) -> Result<Vec<Vec<Bound>>, String> {
    let mut bound: Vec<Vec<Bound>> = (0..workers).map(|_| Vec::new()).collect();
    for socket in listening.sockets.all().iter().filter(|s| s.transport == Transport::Udp) {
        let options = listening.options(socket.id);
        if !options.reuse_port && udp::is_taken(socket.addr) {
            return Err(format!("cannot listen on {}: another process does", socket.text()));
        }
        let setup = udp::Setup {
            tos: options.tos.unwrap_or(server.tos),
            fragments: options.fragments,
            receive_buffer: server.receive_buffer,
            multicast: server.multicast,
        };
        let readers = options.workers.unwrap_or(workers).min(workers);
        let failed = |e: std::io::Error| format!("cannot listen on {}: {e}", socket.text());
        // Sockets with few readers start at different workers.
        let first = usize::from(socket.id.0) % workers;
        for nth in 0..workers {
            let one = match bound.get(first).and_then(|b| b.last()).filter(|_| nth >= readers) {
                Some(read) => read.for_sending(),
                None => udp::bind(socket.id, socket.addr, setup),
            };
            if let Some(worker) = bound.get_mut((first + nth) % workers) {
                worker.push(one.map_err(failed)?);
            }
        }
    }
    Ok(bound)
}

/// What is accepted without effect, by reason, in the order of the script; each name once.
fn without_effect(launch: &Launch, checked: &Checked, settings: &Settings) -> Vec<(String, String)> {
    let options = launch.overrides.without_effect.iter().map(|(name, why)| (name.clone(), *why));
    let globals = settings.without_effect.iter().map(|(name, _)| {
        let why = core_param(name).and_then(|row| row.no_effect).unwrap_or("not used here");
        (name.clone(), why)
    });
    let catalog = modules::catalog();
    let params = checked.ast.modparams().filter_map(|p| {
        let (module, name) = (p.modules.value.to_string(), p.param.value.to_string());
        let signature = catalog.module(&module).map(|id| catalog.module_signature(id))?;
        let row = signature.params.iter().find(|row| row.name == name)?;
        row.no_effect.map(|why| (format!("{module}:{name}"), why))
    });
    let mut reasons: IndexMap<&str, IndexSet<String>> = IndexMap::new();
    for (name, why) in options.chain(globals).chain(params) {
        reasons.entry(why).or_default().insert(name);
    }
    let joined = |names: IndexSet<String>| names.into_iter().collect::<Vec<_>>().join(", ");
    reasons.into_iter().map(|(why, names)| (joined(names), why.to_owned())).collect()
}

/// Keys of hashes and ids: the system's own lots, drawn once.
fn seed() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

/// Until the startup route is done.
async fn started(core: &Core) {
    while !core.started.load(Ordering::Acquire) {
        tokio::time::sleep(STARTUP_LOOK).await;
    }
}

async fn until_told_to_stop(core: &Core) {
    let kinds = [SignalKind::terminate(), SignalKind::interrupt()];
    let [Ok(mut terminate), Ok(mut interrupt)] = kinds.map(signal) else { return };
    let (Ok(mut usr1), Ok(mut hup)) = (signal(SignalKind::user_defined1()), signal(SignalKind::hangup())) else {
        return;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => return,
            _ = interrupt.recv() => return,
            _ = usr1.recv() => dump_statistics(core),
            _ = hup.recv() => core.log.part(
                Level::Warning, "core", "main", format_args!("SIGHUP: scripts are not reloaded yet; restart instead"),
            ),
        }
    }
}

fn dump_statistics(core: &Core) {
    for (name, value) in core.stats.all(core) {
        core.log.part(Level::Notice, "core", "status", format_args!("{name} = {value}"));
    }
}

/// Lets exchanges that are under way finish.
async fn drain(engine: &Engine) {
    let steps = DRAIN.as_millis() / DRAIN_STEP.as_millis();
    for _ in 0..steps {
        if engine.unfinished() == 0 {
            return;
        }
        tokio::time::sleep(DRAIN_STEP).await;
    }
}
