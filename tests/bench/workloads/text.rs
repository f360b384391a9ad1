//! Scripts of any length, valid and broken: the same for the same numbers.
use std::fmt::Write;

/// What is right or wrong with a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Valid,
    EveryTenthBroken,
    /// The first of the routes lacks its closing brace.
    OpenBrace,
    /// Every route lacks its closing brace.
    OpenBraces,
    /// A string in the middle does not end.
    OpenString,
    /// A comment in the middle does not end.
    OpenComment,
    /// Every tenth line opens a parenthesis more than it closes.
    OpenParentheses,
    /// Brackets and statements stand in one another 150 deep.
    Deep,
}

impl Shape {
    pub const ALL: [Shape; 8] = [
        Shape::Valid,
        Shape::EveryTenthBroken,
        Shape::OpenBrace,
        Shape::OpenBraces,
        Shape::OpenString,
        Shape::OpenComment,
        Shape::OpenParentheses,
        Shape::Deep,
    ];
}

const HEAD: &str = r#"# a proxy of many routes
log_level = 3
udp_workers = 4
socket = udp:127.0.0.1:5060
loadmodule "proto_udp.so"
loadmodule "signaling.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "sipmsgops.so"
loadmodule "dialog.so"
modparam("tm", "fr_timeout", 5)
modparam("dialog", "profiles_with_value", "caller")

route {
    if (!mf_process_maxfwd_header(10)) {
        send_reply(483, "Too Many Hops");
        exit;
    }
    if (has_totag()) {
        if (loose_route()) {
            route(relay);
            exit;
        }
        send_reply(404, "Not Here");
        exit;
    }
    route(r0);
    route(relay);
}

route[relay] {
    t_on_failure("missed");
    if (!t_relay())
        send_reply(500, "Server Error");
    exit;
}

failure_route[missed] {
    if (t_check_status("486|408"))
        xlog("L_INFO", "no answer from $ru\n");
}
"#;

/// The statements of a route; `@` stands for its number, so that no two routes are the same.
const BODY: &[&str] = &[
    "    # what route @ is about",
    "    $var(a@) = $(fU{s.len}) + @;",
    "    if ($rm == \"INVITE\" && $var(a@) > 3) {",
    "        xlog(\"L_INFO\", \"call @ from $fu to $ru via $(hdr(Via)[0])\\n\");",
    "        $avp(caller@) = $fU;",
    "        create_dialog();",
    "        $dlg_val(route) = \"r@\";",
    "        set_dlg_profile(\"caller\", \"$fU\");",
    "    } else if (is_method(\"REGISTER|OPTIONS\") or $si == 10.0.@.0/24) {",
    "        append_hf(\"X-Route: @ $rd\\r\\n\");",
    "    }",
    "    switch ($rU) {",
    "        case \"alice@\":",
    "            $rd = \"gw@.example.org\";",
    "            break;",
    "        case \"bob@\":",
    "            $var(b@) = $(ru{uri.host}{s.toupper});",
    "            route(relay);",
    "            break;",
    "        default:",
    "            $var(b@) = NULL;",
    "    }",
    "    while ($var(a@) < 10)",
    "        $var(a@) = $var(a@) * 2 + 1;",
    "    for ($var(v@) in $(hdr(Contact)[*]))",
    "        if ($var(v@) =~ \"sip:[a-z]+@example\")",
    "            xlog(\"contact $var(v@) of @\\n\");",
    "",
];

/// About so many lines.
pub fn script(lines: usize, shape: Shape) -> String {
    if shape == Shape::Deep {
        return deep(lines);
    }
    let whole = valid(lines);
    let middle = lines / 2;
    let each = |change: &dyn Fn(usize, &str) -> String| -> String {
        whole.lines().enumerate().map(|(at, line)| change(at, line)).collect()
    };
    let same = |line: &str| format!("{line}\n");
    match shape {
        Shape::Valid | Shape::Deep => whole,
        Shape::EveryTenthBroken => each(&|at, line| if at % 10 == 9 { broken(at / 10, line) } else { same(line) }),
        Shape::OpenBrace => whole.replacen("\n}\n", "\n", 1),
        Shape::OpenBraces => each(&|_, line| if line == "}" { "\n".to_owned() } else { same(line) }),
        Shape::OpenString => each(&|at, line| if at == middle { format!("{line} \"\n") } else { same(line) }),
        Shape::OpenComment => each(&|at, line| if at == middle { format!("{line} /*\n") } else { same(line) }),
        Shape::OpenParentheses => each(&|at, line| if at % 10 == 9 { format!("f(({line}\n") } else { same(line) }),
    }
}

fn valid(lines: usize) -> String {
    routes(lines, BODY.len(), |out, number| {
        let name = number.to_string();
        for line in BODY {
            out.push_str(&line.replace("@example", "%example").replace('@', &name).replace('%', "@"));
            out.push('\n');
        }
    })
}

/// Routes with a body each, which call each other as a tree does, so that the deepest call is far from the limit.
fn routes(lines: usize, of_body: usize, body: impl Fn(&mut String, usize)) -> String {
    let mut out = String::with_capacity(lines * 40);
    out.push_str(HEAD);
    let count = lines.saturating_sub(HEAD.lines().count()).div_ceil(of_body + 4).max(1);
    for number in 0..count {
        let _ = writeln!(out, "route[r{number}] {{");
        body(&mut out, number);
        for callee in [2 * number + 1, 2 * number + 2] {
            let _ = match callee < count {
                true => writeln!(out, "    route(r{callee});"),
                false => writeln!(out, "    $var(a{number}) = {callee};"),
            };
        }
        out.push_str("}\n");
    }
    out
}

/// A line with one of the mistakes that people make.
fn broken(turn: usize, line: &str) -> String {
    match turn % 8 {
        0 => format!("{}\n", line.replace(';', "")),
        1 => format!("    xlog(\"L_INFO\", \"line {turn}\\n\";\n"),
        2 => format!("    unknown_function(\"{turn}\");\n"),
        3 => format!("    $nothing({turn}) = 1;\n"),
        4 => format!("{line} @ ?\n"),
        5 => format!("    if $var(x) == {turn} then exit\n"),
        6 => format!("    $var(y) = = {turn};\n"),
        _ => format!("    t_relay(1, 2, 3, 4, 5, {turn});\n"),
    }
}

/// Routes with statements 74 deep, each of which counts with its braces, and with parentheses 150 deep.
fn deep(lines: usize) -> String {
    const BLOCKS: usize = 74;
    const PARENTHESES: usize = 149;
    routes(lines, 2 * BLOCKS + 2, |out, number| {
        for level in 0..BLOCKS {
            let _ = writeln!(out, "if ($rU == \"{level}\") {{");
        }
        out.push_str("xlog(\"deep\\n\");\n");
        out.push_str(&"}\n".repeat(BLOCKS));
        let _ = writeln!(out, "$var(b) = {}{number}{};", "(".repeat(PARENTHESES), ")".repeat(PARENTHESES));
    })
}
