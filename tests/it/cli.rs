//! The command line as users and init scripts meet it: exit codes, and what is printed where.
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};

const GOOD: &str = "socket=udp:127.0.0.1:5060\nloadmodule \"proto_udp.so\"\nroute { exit; }\n";
const REFUSED: &str = "socket=udp:127.0.0.1:5060\nloadmodule \"proto_udp.so\"\nroute { no_such_function(); }\n";
/// OpenSIPS starts with it: no main route.
const LINT: &str = "socket=udp:127.0.0.1:5060\nloadmodule \"proto_udp.so\"\nroute[x] { exit; }\n";

struct Script(tempfile_path::TempPath);

mod tempfile_path {
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicU32, Ordering};

    static MADE: AtomicU32 = AtomicU32::new(0);

    /// A file that is removed when it goes out of scope.
    pub struct TempPath(PathBuf);

    impl TempPath {
        pub fn new(name: &str) -> TempPath {
            let number = MADE.fetch_add(1, Ordering::Relaxed);
            TempPath(std::env::temp_dir().join(format!("sipscript-{}-{number}-{name}", std::process::id())))
        }

        pub fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for TempPath {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }
}

impl Script {
    fn new(text: &str) -> Script {
        let path = tempfile_path::TempPath::new("script.cfg");
        std::fs::write(path.path(), text).expect("the temporary folder is writable");
        Script(path)
    }

    fn name(&self) -> &str {
        self.0.path().to_str().expect("temporary paths are UTF-8")
    }
}

fn sipscript(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sipscript")).args(args).stdin(Stdio::null()).output().expect("the binary runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("ended by itself")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn check_ends_0_1_2() {
    let (good, refused, lint) = (Script::new(GOOD), Script::new(REFUSED), Script::new(LINT));
    assert_eq!(code(&sipscript(&["check", good.name()])), 0);
    assert_eq!(code(&sipscript(&["check", refused.name()])), 1);
    assert_eq!(code(&sipscript(&["check", lint.name()])), 1);
    assert_eq!(code(&sipscript(&["lint", good.name(), refused.name()])), 1);
    assert_eq!(code(&sipscript(&["check", "/no/such/file.cfg"])), 2);
    assert_eq!(code(&sipscript(&["check"])), 2);
    assert_eq!(code(&sipscript(&["check", "--no-such-option", good.name()])), 2);
}

#[test]
fn concise_prints_findings_and_nothing_else() {
    let (good, refused) = (Script::new(GOOD), Script::new(REFUSED));
    let clean = sipscript(&["check", "--format", "concise", good.name()]);
    assert_eq!((stdout(&clean), stderr(&clean)), (String::new(), String::new()));
    let found = stdout(&sipscript(&["check", "--format", "concise", refused.name()]));
    let expected = format!("{}:3:9: error[E101] ", refused.name());
    assert!(found.starts_with(&expected), "{found}");
    assert_eq!(found.lines().count(), 1, "{found}");
}

#[test]
fn run_refuses_e_findings_with_1_and_an_unreadable_file_with_2() {
    let refused = Script::new(REFUSED);
    let output = sipscript(&["run", refused.name()]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("no_such_function"), "{}", stderr(&output));
    assert_eq!(code(&sipscript(&["run", "/no/such/file.cfg"])), 2);
    assert_eq!(code(&sipscript(&["run"])), 2);
    assert_eq!(code(&sipscript(&["no-such-command"])), 2);
}

#[test]
fn the_options_of_opensips_end_with_0_or_255() {
    let (good, refused, lint) = (Script::new(GOOD), Script::new(REFUSED), Script::new(LINT));
    for letter in ["-c", "-C"] {
        let ok = sipscript(&[letter, "-f", good.name()]);
        assert_eq!(code(&ok), 0, "{}", stderr(&ok));
        assert!(stderr(&ok).contains("config file ok, exiting..."));
        assert_eq!(code(&sipscript(&[letter, "-f", lint.name()])), 0);
        assert_eq!(code(&sipscript(&[letter, "-f", refused.name()])), 255);
    }
    assert_eq!(code(&sipscript(&["-f", refused.name(), "-F"])), 255);
    assert_eq!(code(&sipscript(&["-f", "/no/such/file.cfg"])), 255);
    assert_eq!(code(&sipscript(&["-Z"])), 255);
    let version = sipscript(&["-V"]);
    assert_eq!(code(&version), 0);
    assert!(stdout(&version).starts_with("version: opensips "), "{}", stdout(&version));
    assert_eq!(code(&sipscript(&["-h"])), 0);
}

#[test]
fn a_script_on_standard_input_is_called_stdin() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sipscript"))
        .args(["check", "--format", "concise", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    child.stdin.take().expect("piped").write_all(REFUSED.as_bytes()).expect("it reads its input");
    let output = child.wait_with_output().expect("it ends");
    assert!(stdout(&output).starts_with("stdin:3:9: error"), "{}", stdout(&output));
}

#[test]
fn a_full_stderr_or_stdout_changes_no_exit_code() {
    let refused = Script::new(REFUSED);
    let ends_with = |args: &[&str]| {
        let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        let mut command = Command::new(env!("CARGO_BIN_EXE_sipscript"));
        let status = command.args(args).stdin(Stdio::null()).stdout(full()).stderr(full()).status();
        status.expect("the binary runs").code()
    };
    assert_eq!(ends_with(&["run", refused.name()]), Some(1));
    assert_eq!(ends_with(&["-c", "-f", refused.name()]), Some(255));
    assert_eq!(ends_with(&["-f", "/no/such/file.cfg"]), Some(255));
    assert_eq!(ends_with(&["-V"]), Some(0));
}

#[test]
fn a_refused_script_is_logged_as_opensips_logs_parse_errors() {
    let refused = Script::new(REFUSED);
    let expected = format!("CRITICAL:core:yyerror: parse error in {}:3:9-25: unknown function", refused.name());
    for options in [&["-c", "-f"], &["-F", "-f"]] {
        let output = sipscript(&[options[0], options[1], refused.name()]);
        assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
    }
    assert!(!stderr(&sipscript(&["run", refused.name()])).contains("yyerror"));
}

#[test]
fn doc_tells_what_a_name_means() {
    let told = |args: &[&str]| {
        let output = sipscript(&[&["doc"], args].concat());
        assert_eq!(code(&output), 0, "{args:?}: {}", stderr(&output));
        stdout(&output)
    };
    let reply = told(&["sl_send_reply"]);
    for part in
        ["sl_send_reply(code: int, reason: string)", "in route, error_route", "SIP/2.0 486 Busy Here", "Bad input"]
    {
        assert!(reply.contains(part), "{part}: {reply}");
    }
    assert_eq!(told(&["{s.len}"]), told(&["s.len"]));
    assert!(told(&["while"]).contains("max_while_loops"));
    assert!(told(&["rr.append_fromtag"]).contains("modparam(\"rr\", \"append_fromtag\", NUMBER)"));
    assert!(told(&["log_level"]).contains("global parameter") && told(&["log_level"]).contains("parameter of `acc`"));
    assert!(told(&["rewriteuser"]).starts_with("setuser "));
    assert!(told(&["save"]).contains("known to OpenSIPS, not built here"));
    let json: serde_json::Value = serde_json::from_str(&told(&["$ru", "--format", "json"])).expect("it is JSON");
    assert_eq!(json[0]["name"], "$ru");
}

/// What the first page of the project shows of it.
#[test]
fn doc_says_what_the_readme_shows() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("it is there");
    let name = readme.split("$ sipscript doc ").nth(1).and_then(|rest| rest.lines().next()).expect("a name");
    let told = stdout(&sipscript(&["doc", name]));
    let lines = told.trim_end().lines().map(|line| format!("    {line}").trim_end().to_owned());
    let shown = lines.collect::<Vec<_>>().join("\n");
    assert!(readme.contains(&shown), "{shown}");
}

#[test]
fn doc_of_an_unknown_name_ends_with_1_and_the_nearest() {
    let output = sipscript(&["doc", "t_rely"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (1, ""));
    assert!(stderr(&output).contains("did you mean t_relay"), "{}", stderr(&output));
    assert_eq!(code(&sipscript(&["doc", "--missing", "no_such_module"])), 1);
}

#[test]
fn doc_lists_what_is_missing() {
    let all = stdout(&sipscript(&["doc", "--missing"]));
    assert!(all.contains("all of OpenSIPS") && all.contains("modules that are not built"), "{all}");
    let json = sipscript(&["doc", "--missing", "registrar", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&json)).expect("it is JSON");
    let missing = json["registrar"]["functions"]["missing"].as_array().expect("a list");
    assert!(missing.iter().any(|name| name == "save"), "{json}");
}

/// Starts `run` and ends it when a line on stderr holds `until`, or with its own end. What it printed until then.
fn started(args: &[&str], until: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sipscript"))
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut printed = String::new();
    for line in BufReader::new(child.stderr.take().expect("piped")).lines() {
        let line = line.expect("lines are UTF-8");
        printed = printed + &line + "\n";
        if line.contains(until) {
            break;
        }
    }
    child.kill().expect("it may be ended");
    child.wait().expect("it ends");
    printed
}

#[test]
fn a_script_without_socket_is_warned_about_and_starts() {
    let script = Script::new("loadmodule \"proto_udp.so\"\nstartup_route { xlog(\"up\"); }\nroute { exit; }\n");
    let checked = sipscript(&["check", "--format", "concise", script.name()]);
    assert_eq!(code(&checked), 0);
    assert!(stdout(&checked).contains("warning[L204]"), "{}", stdout(&checked));
    let printed = started(&["run", script.name()], "ready");
    assert!(printed.contains("there is no socket") && printed.contains("ready"), "{printed}");
}

#[test]
fn a_preprocessor_and_arguments_are_the_scripts() {
    let text = "loadmodule \"proto_udp.so\"\nstartup_route { WRITE(\"$argv(who) $argv(none)\"); }\nroute { exit; }\n";
    let script = Script::new(text);
    let through = ["-p", "sed s/WRITE/xlog/"];
    let printed = started(&["run", through[0], through[1], "-o", "who=me", script.name()], "me <null>");
    assert!(printed.contains("me <null>"), "{printed}");
    assert_eq!(code(&sipscript(&["check", through[0], through[1], script.name()])), 0);
    assert_eq!(code(&sipscript(&["check", script.name()])), 1);
    assert_eq!(code(&sipscript(&["-c", "-f", script.name(), through[0], through[1]])), 0);
    let failed = sipscript(&["check", "-p", "no-such-command", script.name()]);
    assert_eq!(code(&failed), 2);
    assert!(stderr(&failed).contains("there is no such command"), "{}", stderr(&failed));
}

#[test]
fn what_has_no_effect_is_named_once_by_reason() {
    let text = "tcp_workers = 4\ntcp_threads = 2\ntcp_workers = 5\nmemlog = 3\n\
        loadmodule \"proto_udp.so\"\nroute { exit; }\n";
    let printed = started(&["run", Script::new(text).name()], "ready");
    assert!(printed.contains("tcp_workers, tcp_threads (there are no TCP connections yet)"), "{printed}");
    assert_eq!(printed.matches("memlog").count(), 1, "{printed}");
}

#[test]
fn the_script_chooses_the_working_folder_before_the_daemon_serves() {
    let text = "wdir = \"/no/such/folder\"\nloadmodule \"proto_udp.so\"\nroute { exit; }\n";
    let output = sipscript(&["run", Script::new(text).name()]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("cannot work in `/no/such/folder`"), "{}", stderr(&output));
}

#[test]
fn scripts_run_programs() {
    let text = r#"
loadmodule "proto_udp.so"
loadmodule "exec.so"
startup_route {
    $avp(env) = "older";
    $avp(env) = "newer";
    exec("printf '%s;' one 'two three'", , $var(words));
    exec("cat; echo $$OSIPS_EXEC_0 $$OSIPS_EXEC_1 >&2", "in", $var(out), $var(err), $avp(env));
    xlog("said $var(words) $var(out) $var(err)");
}
route { exit; }
"#;
    let printed = started(&["run", Script::new(text).name()], "said");
    assert!(printed.contains("said one;two three; in newer older"), "{printed}");
}
