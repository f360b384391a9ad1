//! The language as scripts see it: each test is a script and what it says.
mod expressions;
mod statements;
mod routes;
mod contexts;
mod limits;

use super::fixture::{run, run_with};

/// Runs the statements in the main route and compares what they log, lines joined by `|`.
fn check(statements: &str, said: &str) {
    let ran = run(&format!("route {{ {statements} }}"));
    assert_eq!(ran.lines.join("|"), said, "{statements}\n{:?}", ran.log);
}

/// The same with further routes.
fn check_script(script: &str, said: &str) {
    let ran = run(script);
    assert_eq!(ran.lines.join("|"), said, "{script}\n{:?}", ran.log);
}
