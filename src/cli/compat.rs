//! The command line of OpenSIPS: every option that its getopt string has, with the exit codes init scripts test for.
use super::getopt::{self, GetoptError, Opt};
use crate::base::Str;
use crate::engine::settings::SocketSpec;
use crate::server::launch::{Launch, Overrides, Process};
use crate::sip::Transport;
use crate::syntax::ast::HostKind;
use std::net::IpAddr;

/// OpenSIPS's own, and `E`, which older scripts still pass.
const SPEC: &str = "A:f:cCm:M:b:l:n:N:irRvdDEFVhw:t:u:g:p:P:G:W:o:a:k:s:";

const DEFAULT_SCRIPT: &str = "/etc/opensips/opensips.cfg";

/// What the options ask for.
#[derive(Debug)]
pub enum Action {
    Start(Box<Launch>),
    /// `-c` and `-C`.
    Check(Box<Launch>),
    Version,
    Help,
}

pub static HELP: &str = "\
usage: sipscript -f FILE [options]     start as OpenSIPS does: a daemon, unless -F
       sipscript run FILE              start in the foreground, logs on stderr
       sipscript check FILE...         check scripts (sipscript check --help)

 -f FILE    routing script; - is standard input     -c, -C     check the script and end
 -F         stay in the foreground                  -D         debug mode: -F, log level 4, stderr
 -d         one log level more; may be repeated     -l SOCKET  listen on [PROTO:]ADDRESS[:PORT]; may be repeated
 -n N       UDP workers                             -A ADDRESS advertised address
 -o NAME=V  value of $argv(NAME)                    -p COMMAND preprocessor
 -w DIR     working directory                       -t DIR     chroot
 -u USER    run as this user                        -g GROUP   run as this group
 -P FILE    pid file                                -G FILE    process group file
 -b BYTES   receive buffer of UDP sockets           -V, -h     version, this text
 -m -M -N -W -a -k -s -i -r -R -v -E    accepted, without effect here
";

/// Options without effect, and why.
static WITHOUT_EFFECT: &[(char, &str)] = &[
    ('m', "memory is the system's"),
    ('M', "memory is the system's"),
    ('N', "there is no TCP yet"),
    ('W', "readiness is always polled by epoll"),
    ('a', "there is one allocator"),
    ('k', "there is one allocator"),
    ('s', "there is one allocator"),
    ('i', "modules are built in"),
    ('r', "names in Via are not looked up"),
    ('R', "sources are not looked up"),
    ('v', "a reply without transaction is forwarded only when its first Via is ours, whatever is set"),
    ('E', "not an option of OpenSIPS any more; `stderror_enabled` decides"),
];

/// The first line is what scripts around OpenSIPS parse.
pub fn version() -> String {
    let (version, arch, os) = (env!("CARGO_PKG_VERSION"), std::env::consts::ARCH, std::env::consts::OS);
    format!("version: opensips 4.1 ({arch}/{os})\nsipscript {version}")
}

/// Reads the arguments behind the program name; an error is a sentence for the user.
pub fn parse(program: &str, args: &[String]) -> Result<Action, String> {
    let (options, rest) = getopt::parse(SPEC, args).map_err(|e| match e {
        GetoptError::Unknown(c) => format!("unknown option `-{c}`; `-h` lists them"),
        GetoptError::MissingValue(c) => format!("option `-{c}` needs a value"),
    })?;
    if let Some(extra) = rest.first() {
        return Err(format!("unexpected argument `{extra}`; the script is named by `-f`"));
    }
    let has = |letter| options.iter().any(|o| o.letter == letter);
    if has('h') {
        return Ok(Action::Help);
    }
    if has('V') {
        return Ok(Action::Version);
    }
    let launch = Box::new(launch(program, &options)?);
    Ok(if has('c') || has('C') { Action::Check(launch) } else { Action::Start(launch) })
}

fn launch(program: &str, options: &[Opt]) -> Result<Launch, String> {
    let mut launch = Launch { script: DEFAULT_SCRIPT.to_owned(), program: program.to_owned(), ..Launch::default() };
    for option in options {
        apply(&mut launch.process, &mut launch.overrides, option)?;
        match (option.letter, &option.value) {
            ('f', Some(file)) => launch.script.clone_from(file),
            ('p', Some(command)) => launch.preprocessor = Some(command.clone()),
            _ => (),
        }
    }
    Ok(launch)
}

fn apply(process: &mut Process, overrides: &mut Overrides, option: &Opt) -> Result<(), String> {
    let value = option.value.clone().unwrap_or_default();
    match option.letter {
        'F' => process.foreground = true,
        'D' => {
            process.foreground = true;
            overrides.debug_mode = true;
        }
        'd' => overrides.verbosity += 1,
        'l' => overrides.sockets.push(socket(&value)?),
        'b' => overrides.receive_buffer = Some(positive('b', &value)?),
        'n' => overrides.udp_workers = Some(positive('n', &value)?),
        'A' => overrides.advertised = Some(value),
        'o' => overrides.argv.push(argv(&value).map_err(|why| format!("`-o {value}`: {why}"))?),
        'w' => process.working_dir = Some(value),
        't' => process.chroot = Some(value),
        'u' => process.user = Some(value),
        'g' => process.group = Some(value),
        'P' => process.pid_file = Some(value.into()),
        'G' => process.pgid_file = Some(value.into()),
        letter => {
            if let Some((_, why)) = WITHOUT_EFFECT.iter().find(|(l, _)| *l == letter) {
                overrides.without_effect.push((format!("-{letter}"), why));
            }
        }
    }
    Ok(())
}

/// `NAME=VALUE`
pub fn argv(text: &str) -> Result<(Str, Str), String> {
    let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("write NAME=VALUE")?;
    Ok((name.into(), value.into()))
}

fn positive(letter: char, value: &str) -> Result<usize, String> {
    value.parse().ok().filter(|n| *n > 0).ok_or_else(|| format!("`-{letter} {value}`: write a number above 0"))
}

/// `[PROTO:]HOST[:PORT]`; an IPv6 address stands in brackets where a port follows.
fn socket(text: &str) -> Result<SocketSpec, String> {
    let (transport, rest) = match text.split_once(':') {
        Some((proto, rest)) if Transport::parse(proto.as_bytes()).is_some() => {
            (Transport::parse(proto.as_bytes()).unwrap_or(Transport::Udp), rest)
        }
        _ => (Transport::Udp, text),
    };
    let bad = || format!("`-l {text}`: write [PROTO:]ADDRESS[:PORT]");
    let (host, port) = split_port(rest).ok_or_else(bad)?;
    let port = match port {
        Some(p) => p.parse().ok().filter(|p| *p != 0).ok_or_else(bad)?,
        None => transport.default_port(),
    };
    let host = match host.parse::<IpAddr>() {
        Ok(ip) => HostKind::Ip(ip),
        Err(_) if host == "*" => HostKind::Any,
        Err(_) if host.is_empty() => return Err(bad()),
        Err(_) => HostKind::Name(host.into()),
    };
    Ok(SocketSpec::new(transport, host, port))
}

fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(inner) = text.strip_prefix('[') {
        let (host, rest) = inner.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None if rest.is_empty() => Some((host, None)),
            None => None,
        };
    }
    if text.parse::<IpAddr>().is_ok() {
        return Some((text, None));
    }
    Some(match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(args: &[&str]) -> Launch {
        let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
        match parse("opensips", &args) {
            Ok(Action::Start(launch)) => *launch,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_f_it_is_a_daemon_with_the_packaged_script() {
        let launch = start(&[]);
        assert_eq!(launch.script, DEFAULT_SCRIPT);
        assert!(!launch.process.foreground && !launch.attended);
    }

    #[test]
    fn options_cluster_as_getopt_has_them() {
        let launch = start(&["-DF", "-m512", "-dd", "-f", "x.cfg", "-o", "a=b=c"]);
        assert!(launch.process.foreground && launch.overrides.debug_mode);
        assert_eq!(launch.overrides.verbosity, 2);
        assert_eq!(launch.script, "x.cfg");
        assert_eq!(launch.overrides.argv, [("a".into(), "b=c".into())]);
        assert_eq!(launch.overrides.without_effect[0].0, "-m");
    }

    #[test]
    fn sockets_take_every_form_of_address() {
        for (text, port, v6) in [
            ("udp:127.0.0.1:5070", 5070, false),
            ("127.0.0.1", 5060, false),
            ("udp:[::1]:5080", 5080, true),
            ("::1", 5060, true),
            ("udp:[::1]", 5060, true),
        ] {
            let spec = socket(text).unwrap();
            assert_eq!(spec.port, port, "{text}");
            assert!(matches!(spec.host, HostKind::Ip(ip) if ip.is_ipv6() == v6), "{text}");
        }
        assert!(socket("udp:127.0.0.1:x").is_err());
        assert!(socket("[::1").is_err());
    }

    #[test]
    fn bad_options_are_errors_with_advice() {
        let args = |a: &str| vec![a.to_owned()];
        assert!(parse("opensips", &args("-Z")).unwrap_err().contains("-h"));
        assert!(parse("opensips", &args("x.cfg")).unwrap_err().contains("-f"));
    }
}
