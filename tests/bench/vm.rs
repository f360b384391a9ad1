//! Time of script work: 200 turns of a loop around one statement, for one request.
mod workloads;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use workloads::run::{self, Served, TURNS};

fn statements(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("statement");
    group.throughput(Throughput::Elements(TURNS as u64));
    for (name, statement) in run::STATEMENTS {
        let mut served = Served::new(&run::turns(statement));
        group.bench_function(BenchmarkId::from_parameter(name), |bench| bench.iter(|| served.request()));
    }
}

fn side_by_side(criterion: &mut Criterion) {
    let mut served = Served::new(run::SIDE_BY_SIDE);
    criterion.bench_function("script of the side-by-side load", |bench| bench.iter(|| served.request()));
}

criterion_group!(benches, statements, side_by_side);
criterion_main!(benches);
