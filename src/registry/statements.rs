//! The statements, blocks and lines of the language, for the documentation: how each is written and what it does. Their
//! grammar is `grammar/opensips.pest`, their meaning the VM's.

#[derive(Clone, Copy, Debug)]
pub struct Statement {
    pub name: &'static str,
    /// Other words that lead here.
    pub words: &'static [&'static str],
    pub form: &'static str,
    pub doc: &'static str,
}

const fn row(name: &'static str, form: &'static str, doc: &'static str) -> Statement {
    Statement { name, words: &[], form, doc }
}

const fn with(words: &'static [&'static str], statement: Statement) -> Statement {
    Statement { words, ..statement }
}

/// By what they are for: control, assignment, commands, blocks, lines of the head.
pub static STATEMENTS: &[Statement] = &[
    with(
        &["else"],
        row(
            "if",
            "if (CONDITION) STATEMENT [else STATEMENT]",
            "Runs the first statement when the condition holds, the second when it does not or cannot be evaluated. \
             A function holds with a code above 0; with 0 the script ends.",
        ),
    ),
    row(
        "while",
        "while (CONDITION) STATEMENT",
        "Repeats while the condition holds, at most `max_while_loops` times. Its code is 1, or -5 after `break`.",
    ),
    with(
        &["for each", "in"],
        row(
            "for",
            "for ($var(x) in $(SOURCE[*])) STATEMENT",
            "Runs the statement for each value of the source, which has the index `[*]`; `$var`, `$avp` or `$json` takes \
             the values.",
        ),
    ),
    with(
        &["case", "default"],
        row(
            "switch",
            "switch (VARIABLE) { case LABEL: ... [break;] ... [default: ...] }",
            "Goes on at the first label that the variable equals, and from there through the labels below until \
             `break`. Strings are compared without regard to case; a string does not equal a number.",
        ),
    ),
    row("break", "break;", "Leaves the innermost `while`, `for` or `switch`, whose code is then -5."),
    row(
        "return",
        "return [CODE]; return([CODE] [, VALUE]...);",
        "Ends the route with a code, 1 without one, and values that the caller reads as `$return(0)`, `$return(1)`. \
         The code 0 ends the whole script.",
    ),
    row("exit", "exit;", "Ends the script, from any depth."),
    row(
        "drop",
        "drop;",
        "Ends the script, and in `branch_route` the branch, in `onreply_route` a provisional reply: they are not sent.",
    ),
    with(
        &["assignment"],
        row(
            "=",
            "VARIABLE = EXPRESSION;",
            "Stores a value; `NULL` unsets. An `$avp` gets the value in front of those it has. Its code is 1, or -1 when \
             nothing could be stored.",
        ),
    ),
    row(":=", "VARIABLE := EXPRESSION;", "Stores a value in the place of all that there were."),
    with(
        &["-=", "*=", "/=", "%=", "&=", "|=", "^="],
        row(
            "+=",
            "VARIABLE += EXPRESSION;",
            "Stores the result of the operation with what the variable has: of two integers, or with `+=` of two strings. \
             The others are `-=`, `*=`, `/=`, `%=`, `&=`, `|=` and `^=`.",
        ),
    ),
    with(
        &["xdbg"],
        row(
            "xlog",
            "xlog([\"LEVEL\",] \"TEXT\"); xdbg(\"TEXT\");",
            "Logs a text with variables in it. The third letter of the level counts: `L_ERR`, `L_WARN`, `L_NOTICE`, `L_INFO`, \
             `L_DBG`; it is `xlog_print_level` without one, and debug for `xdbg`.",
        ),
    ),
    row("log", "log([LEVEL,] \"TEXT\");", "Logs a text as it is written; without a level for debugging."),
    row(
        "assert",
        "assert(CONDITION [, \"TEXT\"]);",
        "Ends the script through `error_route` when the condition does not hold, if `enable_asserts` is on.",
    ),
    row("error", "error(\"A\", \"B\");", "Does nothing, in OpenSIPS too, and says so."),
    row(
        "async",
        "async(FUNCTION(...), ROUTE [, SECONDS]);",
        "Starts the function and ends this route; `ROUTE` goes on with the same run when the function is done, its code in `$rc`.",
    ),
    row(
        "launch",
        "launch(FUNCTION(...) [, ROUTE [, \"PARAMETER\"]]);",
        "Starts the function and goes on at once; `ROUTE` hears of the end in a run of its own.",
    ),
    row(
        "route",
        "route { ... } route[NAME] { ... } route(NAME [, ARGUMENT]...);",
        "The route of requests, and routes with names that others call like functions. A call hands over values that are \
         read as `$param(1)`; its code is what the route returns, or the code of its last statement.",
    ),
    row(
        "branch_route",
        "branch_route[NAME] { ... }",
        "Runs for each branch before it is sent, after `t_on_branch`; `drop` keeps it from being sent.",
    ),
    row(
        "failure_route",
        "failure_route[NAME] { ... }",
        "Runs over the request when all its branches have failed, after `t_on_failure`. New branches may be sent.",
    ),
    row(
        "onreply_route",
        "onreply_route { ... } onreply_route[NAME] { ... }",
        "Runs for each reply, with a name for those of a transaction or branch after `t_on_reply`; `drop` drops a \
         provisional one.",
    ),
    row(
        "error_route",
        "error_route { ... }",
        "Runs when a request cannot be parsed, or an assertion fails; `$err` tells why.",
    ),
    row("local_route", "local_route { ... }", "Runs for each request that the server itself makes, before it is sent."),
    row("startup_route", "startup_route { ... }", "Runs once, before the first message is served."),
    row(
        "timer_route",
        "timer_route[NAME, SECONDS] { ... }",
        "Runs every so many seconds, over a message without meaning.",
    ),
    row(
        "event_route",
        "event_route[EVENT] { ... }",
        "Runs when the event is raised; `$param(name)` reads its parameters.",
    ),
    row(
        "loadmodule",
        "loadmodule \"NAME.so\"",
        "Makes the names of a module known to the text below. Modules are built in: a folder in the name is not looked at.",
    ),
    row("modparam", "modparam(\"MODULE\", \"PARAMETER\", VALUE)", "Sets a parameter of a module that is loaded above."),
    with(
        &["import_file"],
        row(
            "include_file",
            "include_file \"PATH\"",
            "Stands for the text of another file, on a line of its own; `import_file` is the same.",
        ),
    ),
];

/// The statement that a word is or belongs to.
pub fn statement(word: &str) -> Option<&'static Statement> {
    STATEMENTS.iter().find(|s| s.name == word || s.words.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::RouteKind;

    #[test]
    fn every_kind_of_route_has_a_row() {
        for kind in RouteKind::ALL {
            assert!(statement(kind.keyword()).is_some(), "{}", kind.keyword());
        }
        assert_eq!(statement("case").map(|s| s.name), Some("switch"));
    }
}
