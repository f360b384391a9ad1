use sipscript::{diag, syntax};
struct Fs;
impl syntax::Sources for Fs {
    fn read(&self, name: &str, from: Option<&str>) -> Result<(String, Vec<u8>), String> {
        if let Ok(b) = std::fs::read(name) {
            return Ok((name.into(), b));
        }
        let p = std::path::Path::new(from.unwrap_or("")).parent().unwrap().join(name);
        std::fs::read(&p).map(|b| (p.display().to_string(), b)).map_err(|e| e.to_string())
    }
}
fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let bench = args.first().is_some_and(|a| a == "bench");
    if bench {
        args.remove(0);
    }
    let pretty = args.first().is_some_and(|a| a == "pretty");
    if pretty {
        args.remove(0);
    }
    let dump = args.first().is_some_and(|a| a == "dump");
    if dump {
        args.remove(0);
    }
    for a in args {
        let s = syntax::Source::load(&Fs, &a).unwrap();
        let t = std::time::Instant::now();
        let p = syntax::parse(&s);
        if bench {
            let mut v = vec![];
            for _ in 0..20 {
                let t = std::time::Instant::now();
                let _ = std::hint::black_box(syntax::parse(&s));
                v.push(t.elapsed());
            }
            v.sort();
            println!("{a}: {} lines median {:?} min {:?}", s.text.lines().count(), v[10], v[0]);
            continue;
        }
        let _ = t;
        if dump {
            println!("{:#?}", p.ast.items);
        }
        if pretty {
            print!("{}", diag::pretty::to_string(&s.map, &p.errors, diag::pretty::Colours::Off));
        } else {
            for e in &p.errors {
                println!("{}", diag::concise::line(&s.map, e));
            }
        }
    }
}
