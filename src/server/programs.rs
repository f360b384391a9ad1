//! Programs that scripts run, outside the workers: the answer comes back as an event.
//!
//! A program has a group of its own, so that what it starts ends with it. Its output is read to the end and kept up to a
//! limit; it is reaped whoever waits for it.
use super::inbox::Inbox;
use crate::base::Str;
use crate::context::{Command, EffectAnswer, Execute, Level, WaitId};
use crate::engine::Engine;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin};
use tokio::runtime::Handle;

/// Programs at a time; one more does not start.
const LIMIT: usize = 256;
/// Bytes of each stream that are kept; as many as OpenSIPS keeps.
const KEPT: usize = 32 * 1024;
/// Between asking a program to end and ending it.
const GRACE: Duration = Duration::from_secs(1);
const SHELL: &str = "/bin/sh";
/// A script that runs its arguments.
const AS_IT_IS: &str = "\"$0\" \"$@\"";

/// Starts programs; shared by all workers.
#[derive(Clone)]
pub struct Programs {
    runtime: Handle,
    engine: Arc<Engine>,
    running: Arc<AtomicUsize>,
}

impl Programs {
    pub fn new(runtime: Handle, engine: Arc<Engine>) -> Programs {
        Programs { runtime, engine, running: Arc::default() }
    }

    pub fn run(&self, id: WaitId, execute: Execute, inbox: Arc<Inbox>) {
        let seat = Seat::take(&self.running);
        let engine = self.engine.clone();
        self.runtime.spawn(async move {
            let (answer, child) = match seat {
                Some(seat) => run(execute, seat).await,
                None => (Err(io::Error::other(format!("{LIMIT} programs are running"))), None),
            };
            let answer = answer.unwrap_or_else(|why| {
                engine.core.log.part(Level::Error, "exec", "exec", format_args!("cannot run a program: {why}"));
                EffectAnswer::GivenUp
            });
            inbox.put(id, answer);
            if let Some(child) = child {
                child.outlive().await;
            }
        });
    }
}

/// A place among the programs that may run; given back when dropped.
struct Seat(Arc<AtomicUsize>);

impl Seat {
    fn take(running: &Arc<AtomicUsize>) -> Option<Seat> {
        let free = |n: usize| (n < LIMIT).then_some(n + 1);
        running.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free).ok().map(|_| Seat(running.clone()))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A program under way.
struct Running {
    child: Child,
    /// Its group, as long as it was not reaped.
    group: Option<libc::pid_t>,
    kill_after: Option<Duration>,
    _seat: Seat,
}

/// The answer, and the program when it is still to be reaped.
async fn run(execute: Execute, seat: Seat) -> (io::Result<EffectAnswer>, Option<Running>) {
    let mut child = match spawn(&execute) {
        Ok(child) => child,
        Err(why) => return (Err(why), None),
    };
    let group = child.id().and_then(|id| libc::pid_t::try_from(id).ok());
    if let (Some(text), Some(stdin)) = (execute.input.clone(), child.stdin.take()) {
        // It may write before it has read everything.
        tokio::spawn(feed(stdin, text));
    }
    let limits = [execute.kill_after, execute.give_up_after];
    let running = Running { child, group, kill_after: limits.into_iter().flatten().min(), _seat: seat };
    if !execute.output && !execute.errors {
        let nothing = EffectAnswer::Executed { output: Str::EMPTY, errors: Str::EMPTY, cut: false };
        return (Ok(nothing), Some(running));
    }
    listen(running, execute.give_up_after).await
}

async fn listen(mut running: Running, give_up: Option<Duration>) -> (io::Result<EffectAnswer>, Option<Running>) {
    let (stdout, stderr) = (running.child.stdout.take(), running.child.stderr.take());
    let (mut output, mut errors) = (Kept::default(), Kept::default());
    let in_time = {
        let mut reading = std::pin::pin!(async { tokio::join!(output.read(stdout), errors.read(stderr)) });
        match running.kill_after {
            None => {
                reading.await;
                true
            }
            Some(limit) => {
                let in_time = tokio::time::timeout(limit, &mut reading).await.is_ok();
                if !in_time {
                    running.end(&mut reading).await;
                }
                in_time
            }
        }
    };
    let given_up = !in_time && give_up.is_some() && give_up == running.kill_after;
    let answer = if given_up { EffectAnswer::GivenUp } else { said(output, errors) };
    (Ok(answer), Some(running))
}

fn said(output: Kept, errors: Kept) -> EffectAnswer {
    EffectAnswer::Executed {
        cut: output.cut || errors.cut,
        output: Str::from(output.bytes),
        errors: Str::from(errors.bytes),
    }
}

/// A program that is not there may be something that only the shell knows.
fn spawn(execute: &Execute) -> io::Result<Child> {
    match &execute.command {
        Command::Shell(line) => begin(execute, SHELL, &["-c", text(line)?]),
        Command::Words(words) => {
            let words = words.iter().map(text).collect::<io::Result<Vec<&str>>>()?;
            let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
            match begin(execute, program, arguments) {
                Err(why) if why.kind() == io::ErrorKind::NotFound => {
                    begin(execute, SHELL, &[&["-c", AS_IT_IS, program], arguments].concat())
                }
                begun => begun,
            }
        }
    }
}

fn text(bytes: &Str) -> io::Result<&str> {
    bytes.as_utf8().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is not UTF-8"))
}

fn begin(execute: &Execute, program: &str, arguments: &[&str]) -> io::Result<Child> {
    let piped = |wanted: bool| if wanted { Stdio::piped() } else { Stdio::null() };
    let mut command = tokio::process::Command::new(program);
    command
        .args(arguments)
        .stdin(piped(execute.input.is_some()))
        .stdout(piped(execute.output))
        .stderr(piped(execute.errors))
        .process_group(0);
    for (name, value) in &execute.environment {
        command.env(name, String::from_utf8_lossy(value).replace('\0', ""));
    }
    command.spawn()
}

/// One that does not read, or ends early, does not get the rest.
async fn feed(mut stdin: ChildStdin, text: Str) {
    let _ = stdin.write_all(&text).await;
}

/// What a stream said, up to a limit.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    cut: bool,
}

impl Kept {
    /// Reads to the end, so that nobody waits for room in a pipe. A stream that breaks has ended.
    async fn read(&mut self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else { return };
        let mut room = [0u8; 4096];
        while let Ok(n @ 1..) = stream.read(&mut room).await {
            let free = KEPT.saturating_sub(self.bytes.len());
            let fits = room.get(..n.min(free)).unwrap_or_default();
            self.bytes.extend_from_slice(fits);
            self.cut |= n > free;
        }
    }
}

impl Running {
    /// Sees to its end and reaps it.
    async fn outlive(mut self) {
        let Some(limit) = self.kill_after else {
            let _ = self.child.wait().await;
            return;
        };
        for (patience, signal) in [(limit, libc::SIGTERM), (GRACE, libc::SIGKILL)] {
            if tokio::time::timeout(patience, self.child.wait()).await.is_ok() {
                return;
            }
            self.signal(signal);
        }
        let _ = self.child.wait().await;
    }

    /// Asks it to end, and then ends it, so that its streams end too.
    async fn end(&self, streams: &mut (impl Future + Unpin)) {
        self.signal(libc::SIGTERM);
        if tokio::time::timeout(GRACE, &mut *streams).await.is_err() {
            self.signal(libc::SIGKILL);
        }
    }

    /// To it and what it started.
    fn signal(&self, signal: libc::c_int) {
        if let Some(group) = self.group.filter(|group| *group > 1 && self.child.id().is_some()) {
            // SAFETY: no memory is touched; the group is that of a child not reaped yet, so it is nobody else's.
            unsafe { libc::kill(-group, signal) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(line: &str) -> Execute {
        Execute { command: Command::Shell(Str::from(line)), output: true, errors: true, ..Execute::default() }
    }

    fn words(words: &[&str]) -> Execute {
        let words = words.iter().map(|w| Str::from(*w)).collect();
        Execute { command: Command::Words(words), output: true, errors: true, ..Execute::default() }
    }

    /// The answer; the program is reaped.
    fn ran(execute: Execute) -> EffectAnswer {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let running = Arc::default();
        runtime.block_on(async {
            let (answer, child) = run(execute, Seat::take(&running).expect("a seat")).await;
            if let Some(child) = child {
                child.outlive().await;
            }
            assert_eq!(running.load(Ordering::Relaxed), 0, "the seat is given back");
            answer.expect("it started")
        })
    }

    fn executed(output: &str, errors: &str) -> EffectAnswer {
        EffectAnswer::Executed { output: Str::from(output), errors: Str::from(errors), cut: false }
    }

    #[test]
    fn both_streams_are_heard() {
        assert_eq!(ran(shell("echo out; echo err >&2; exit 3")), executed("out\n", "err\n"));
        assert_eq!(ran(words(&["printf", "%s", "a $b"])), executed("a $b", ""));
    }

    #[test]
    fn input_is_read_and_may_be_left_unread() {
        let fed = |execute: Execute| Execute { input: Some(Str::from("x".repeat(200_000))), ..execute };
        assert_eq!(ran(fed(shell("wc -c | tr -d ' '"))), executed("200000\n", ""));
        assert_eq!(ran(fed(words(&["true"]))), executed("", ""));
    }

    #[test]
    fn variables_are_added_to_the_environment() {
        let environment = vec![("OSIPS_EXEC_0".to_owned(), Str::from("a b"))];
        assert_eq!(ran(Execute { environment, ..shell("echo \"$OSIPS_EXEC_0\"") }), executed("a b\n", ""));
    }

    #[test]
    fn output_beyond_the_limit_is_read_and_dropped() {
        let EffectAnswer::Executed { output, cut, .. } = ran(shell("head -c 100000 /dev/zero")) else {
            panic!("it ran")
        };
        assert_eq!((output.len(), cut), (KEPT, true));
    }

    #[test]
    fn one_that_takes_too_long_is_ended_with_all_it_started() {
        let limit = Some(Duration::from_millis(200));
        let slow = "echo said; sleep 600 & wait";
        assert_eq!(ran(Execute { kill_after: limit, ..shell(slow) }), executed("said\n", ""));
        assert_eq!(ran(Execute { give_up_after: limit, ..shell(slow) }), EffectAnswer::GivenUp);
        assert_eq!(ran(Execute { kill_after: limit, ..shell("trap '' TERM; sleep 600; sleep 600") }), executed("", ""));
    }

    #[test]
    fn without_output_its_start_is_the_answer() {
        let silent =
            Execute { output: false, errors: false, kill_after: Some(Duration::from_millis(1)), ..shell("sleep 600") };
        assert_eq!(ran(silent), executed("", ""));
    }

    #[test]
    fn a_program_that_is_not_there_says_so() {
        let EffectAnswer::Executed { output, errors, .. } = ran(words(&["no-such-program-here", "x"])) else {
            panic!("the shell ran")
        };
        assert_eq!(output, Str::EMPTY);
        assert!(String::from_utf8_lossy(&errors).contains("no-such-program-here"), "{errors}");
    }

    #[test]
    fn seats_are_counted() {
        let running = Arc::default();
        let seats: Vec<Seat> = std::iter::from_fn(|| Seat::take(&running)).take(LIMIT + 1).collect();
        assert_eq!(seats.len(), LIMIT);
        drop(seats);
        assert!(Seat::take(&running).is_some());
    }
}
