use sipscript::base::*;
use sipscript::context::*;
use sipscript::registry::*;
use sipscript::vm::*;
use std::sync::Arc;
struct Silent;
impl LogSink for Silent {
    fn line(&self, _: Level, _: Origin, t: &[u8]) {
        if std::env::var("LOG").is_ok() {
            eprintln!("{}", String::from_utf8_lossy(t));
        }
    }
}
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let n: u32 = std::env::args().nth(2).unwrap().parse().unwrap();
    let text = std::fs::read(&path).unwrap();
    let core = Core::new(
        CoreSettings::default(),
        Sockets::default(),
        Log::new(Box::new(Silent), 2),
        Stats::default(),
        ModuleStates::default(),
        16,
        1,
    );
    let source = sipscript::syntax::Source::single("b.cfg", &text);
    let parsed = sipscript::syntax::parse(&source);
    for e in &parsed.errors {
        if e.refuses() {
            eprintln!("{e:?}");
        }
    }
    let catalog = sipscript::modules::catalog();
    let program = sipscript::ir::lower(&parsed.ast, &catalog).unwrap();
    eprintln!("{}", sipscript::ir::dump(&program, &catalog));
    let image = Arc::new(
        link(
            program,
            Linking {
                modules: sipscript::modules::ALL,
                loaded: &[],
                avp_names: &core.avp_names,
                flags: FlagNames::default(),
                sources: source.map,
            },
        )
        .unwrap(),
    );
    let msg = "OPTIONS sip:probe@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5061;branch=z9hG4bK1\r\nFrom: <sip:alice@example.com>;tag=1\r\nTo: <sip:probe@example.com>\r\nCall-ID: abc\r\nCSeq: 1 OPTIONS\r\nUser-Agent: Bench-abc\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
    let msg = Arc::new(
        sipscript::sip::Message::parse(bytes::Bytes::from_static(msg.as_bytes()), sipscript::sip::Framing::Datagram)
            .unwrap(),
    );
    let mut shard = Shard::new(0, 1, Instant::ZERO);
    let now = Now::default();
    let received = Received { from: ([127, 0, 0, 1], 5060).into(), socket: SocketId(0), at: now, number: 1 };
    let mut best = f64::MAX;
    for _ in 0..10 {
        let t = std::time::Instant::now();
        for _ in 0..n {
            let run = Box::new(Run::new(RouteKind::Request, msg.clone(), received));
            let mut host = Host { core: &core, shard: &mut shard, now };
            let p = Task::new(image.clone(), run).start(&mut host, |_| {
                Ret::Run(
                    Box::new(SubRun { kind: RouteKind::Request, name: None, scope: Scope::Same }),
                    Box::new(|_, _| Ret::TRUE),
                )
            });
            let mut p = p;
            loop {
                match p {
                    Progress::Done(_) => break,
                    Progress::Waiting { task, .. } => {
                        host.shard.out.clear();
                        p = task.resume(&mut host, EffectAnswer::Done);
                    }
                }
            }
        }
        best = best.min(t.elapsed().as_secs_f64() * 1e6 / f64::from(n));
    }
    println!("{path}: {best:.2} us per run");
}
