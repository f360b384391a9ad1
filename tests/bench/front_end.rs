//! Time of the front end: parse, check and show what was found, for scripts of every length and kind of damage.
mod workloads;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use workloads::text::{Shape, script};
use workloads::{LINES, read};

fn check(criterion: &mut Criterion) {
    let catalog = sipscript::modules::catalog();
    let mut group = criterion.benchmark_group("check");
    group.sample_size(10);
    for shape in Shape::ALL {
        for lines in LINES {
            let text = script(lines, shape);
            group.throughput(Throughput::Elements(lines as u64));
            let id = BenchmarkId::new(format!("{shape:?}"), lines);
            group.bench_function(id, |bench| bench.iter(|| read(&text, &catalog)));
        }
    }
}

criterion_group!(benches, check);
criterion_main!(benches);
