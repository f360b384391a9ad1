//! `cache_*`: a script's questions to key-value stores, whichever module has them.
use super::super::avp_list::AvpList;
use super::super::caches::{CacheCounts, Caches, Found, Operation, Step};
use crate::base::Str;
use crate::context::{EffectAnswer, Level, Value};
use crate::script_fns;
use crate::vm::{Answer, Cx, Function, Notation, Ret, Store, VarOut};

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Stores a value under a key, for so many seconds; without them, or with 0, for good.
    fn cache_store(storage_id: Str, attribute: Str, value: Str, timeout: Option<i32>) in ALL, roles [Waits, MayFail]
        => store;
    /// Forgets a key; one that is not there is no failure.
    fn cache_remove(storage_id: Str, attribute: Str) in ALL, roles [Waits, MayFail] => remove;
    /// Reads the value of a key: 1, or -2 when there is none.
    fn cache_fetch(storage_id: Str, attribute: Str, result: VarOut) in ALL, roles [Waits, MayFail] => fetch;
    /// Reads a counter: 1, -2 when there is none, -3 when the value is no integer.
    fn cache_counter_fetch(storage_id: Str, counter_attribute: Str, result: VarOut) in ALL, roles [Waits, MayFail]
        => fetch_counter;
    /// Adds to a counter, which begins at 0; the seconds are those of a new one.
    fn cache_add(storage_id: Str, attribute: Str, increment: i32, expire: i32, new_val: Option<VarOut>) in ALL,
        roles [Waits, MayFail] => add;
    /// Subtracts from a counter, which begins at 0; the seconds are those of a new one.
    fn cache_sub(storage_id: Str, attribute: Str, decrement: i32, expire: i32, new_val: Option<VarOut>) in ALL,
        roles [Waits, MayFail] => subtract;
    /// Asks in the store's own language; the columns of the rows go into the AVPs of a list.
    fn cache_raw_query(storage_id: Str, raw_query: Str, result: Option<Notation<AvpList>>) in ALL,
        roles [Waits, MayFail] => query;
};

/// What is done with an answer; the code of the call.
type Take = Box<dyn FnOnce(&mut Cx<'_>, Found) -> i32 + Send>;

fn store(cx: &mut Cx<'_>, id: Str, key: Str, value: Str, seconds: Option<i32>) -> Ret {
    let operation = Operation::Store { key: key.clone(), value, seconds: seconds.unwrap_or(0) };
    keyed(cx, Call { function: "cache_store", id }, &key, operation, Box::new(done))
}

fn remove(cx: &mut Cx<'_>, id: Str, key: Str) -> Ret {
    let operation = Operation::Remove { key: key.clone() };
    keyed(cx, Call { function: "cache_remove", id }, &key, operation, Box::new(done))
}

fn fetch(cx: &mut Cx<'_>, id: Str, key: Str, result: VarOut) -> Ret {
    let operation = Operation::Fetch { key: key.clone() };
    let take = move |cx: &mut Cx<'_>, found: Found| match found {
        Found::Text(text) => written(cx, &result, text.into()),
        other => code(&other),
    };
    keyed(cx, Call { function: "cache_fetch", id }, &key, operation, Box::new(take))
}

fn fetch_counter(cx: &mut Cx<'_>, id: Str, key: Str, result: VarOut) -> Ret {
    let operation = Operation::FetchCounter { key: key.clone() };
    keyed(cx, Call { function: "cache_counter_fetch", id }, &key, operation, counter_into(Some(result)))
}

fn add(cx: &mut Cx<'_>, id: Str, key: Str, by: i32, seconds: i32, result: Option<VarOut>) -> Ret {
    let operation = Operation::Add { key: key.clone(), by, seconds };
    keyed(cx, Call { function: "cache_add", id }, &key, operation, counter_into(result))
}

fn subtract(cx: &mut Cx<'_>, id: Str, key: Str, by: i32, seconds: i32, result: Option<VarOut>) -> Ret {
    let operation = Operation::Add { key: key.clone(), by: by.saturating_neg(), seconds };
    keyed(cx, Call { function: "cache_sub", id }, &key, operation, counter_into(result))
}

fn query(cx: &mut Cx<'_>, id: Str, text: Str, columns: Option<Notation<AvpList>>) -> Ret {
    let names = columns.map(|list| list.words.names).unwrap_or_default();
    let operation = Operation::Query { text: text.clone(), columns: names.len() };
    let take = move |cx: &mut Cx<'_>, found: Found| match found {
        Found::Rows(rows) => {
            push_rows(cx, &names, rows);
            1
        }
        other => code(&other),
    };
    keyed(cx, Call { function: "cache_raw_query", id }, &text, operation, Box::new(take))
}

/// Of the last row first, so that the first one's values are the newest.
fn push_rows(cx: &mut Cx<'_>, names: &[Str], rows: Vec<Vec<Value>>) {
    for row in rows.into_iter().rev() {
        for (name, value) in names.iter().zip(row) {
            if let Some(name) = cx.core.avp_names.intern(name).filter(|_| !value.is_null()) {
                cx.run.avps.push(name, value.stored());
            }
        }
    }
}

struct Call {
    function: &'static str,
    /// The store, as the script names it.
    id: Str,
}

fn keyed(cx: &mut Cx<'_>, call: Call, key: &Str, operation: Operation, take: Take) -> Ret {
    if key.is_empty() {
        cx.log(Level::Error, "core", call.function, format_args!("the key is empty"));
        return Ret::FALSE;
    }
    let Some(store) = cx.core.states.get::<Caches>().and_then(|caches| caches.find(&call.id)) else {
        cx.log(Level::Error, "core", call.function, format_args!("there is no store `{}`", call.id));
        return Ret::FALSE;
    };
    if let Some(counts) = cx.core.states.get::<CacheCounts>() {
        counts.queries.inc();
    }
    let step = store.run(cx, operation);
    advance(cx, call, step, take)
}

fn advance(cx: &mut Cx<'_>, call: Call, step: Step, take: Take) -> Ret {
    match step {
        Step::Ready(found) => {
            if let Found::Failed(why) = &found {
                cx.log(Level::Error, "core", call.function, format_args!("`{}`: {why}", call.id));
            }
            Ret::Code(take(cx, found))
        }
        Step::Wait(effect, resume) => {
            let then = move |cx: &mut Cx<'_>, answer: Answer| {
                let step = resume(cx, effect_answer(answer));
                advance(cx, call, step, take)
            };
            Ret::Wait(effect, Box::new(then))
        }
    }
}

fn effect_answer(answer: Answer) -> Option<EffectAnswer> {
    match answer {
        Answer::Effect(answer) => Some(answer),
        Answer::Route(_) => None,
    }
}

fn done(_: &mut Cx<'_>, found: Found) -> i32 {
    code(&found)
}

fn counter_into(result: Option<VarOut>) -> Take {
    Box::new(move |cx, found| match (found, result) {
        (Found::Counter(n), Some(result)) => written(cx, &result, Value::Int(n)),
        (found, _) => code(&found),
    })
}

fn written(cx: &mut Cx<'_>, result: &VarOut, value: Value) -> i32 {
    if cx.write(&result.0, Store::Set, value).is_ok() { 1 } else { -1 }
}

const fn code(found: &Found) -> i32 {
    match found {
        Found::Done | Found::Text(_) | Found::Counter(_) | Found::Rows(_) => 1,
        Found::Missing => -2,
        Found::NoCounter => -3,
        Found::Failed(_) => -1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Effect;
    use crate::modules::core::MODULE;
    use crate::modules::core::caches::CacheStore;
    use crate::modules::fixture::{Fixture, text};
    use crate::vm::Arg;
    use std::sync::Arc;

    /// A store far away: it waits, then answers what it was told.
    struct Distant(Found);

    impl CacheStore for Distant {
        fn run(&self, _: &mut Cx<'_>, _: Operation) -> Step {
            let found = self.0.clone();
            let last = move |_: &mut Cx<'_>, _: Option<EffectAnswer>| Step::Ready(found);
            let first = |_: &mut Cx<'_>, _: Option<EffectAnswer>| Step::Wait(Effect::Yield, Box::new(last));
            Step::Wait(Effect::Sleep { micros: 7 }, Box::new(first))
        }
    }

    fn fixture(found: Found) -> Fixture {
        let mut f = Fixture::new("OPTIONS sip:h SIP/2.0\ni: 1");
        Caches::register(&mut f.core.states, "far", b"g", Arc::new(Distant(found)));
        f
    }

    /// Calls a function over a store that waits twice.
    fn call(f: &mut Fixture, name: &str, args: &[Arg]) -> i32 {
        let row = MODULE.functions.iter().find(|r| r.sig.name == name).expect("the core has this function");
        let mut ret = (row.body)(&mut f.cx(), args).unwrap_or(Ret::Code(-100));
        for effect in [Effect::Sleep { micros: 7 }, Effect::Yield] {
            let Ret::Wait(asked, then) = ret else { panic!("`{name}` does not wait") };
            assert_eq!(asked, effect);
            ret = then(&mut f.cx(), Answer::Effect(EffectAnswer::Done));
        }
        let Ret::Code(code) = ret else { panic!("`{name}` does not end") };
        code
    }

    #[test]
    fn a_store_may_wait_as_often_as_it_wants() {
        let mut f = fixture(Found::Text("v".into()));
        let out = f.by_ref("$var(x)");
        assert_eq!(call(&mut f, "cache_fetch", &[text("far:g"), text("k"), out]), 1);
        assert_eq!(f.expanded("$var(x)"), "v");
    }

    #[test]
    fn what_was_found_decides_the_code() {
        let found = [Found::Missing, Found::NoCounter, Found::Failed("broken".into()), Found::Counter(5)];
        let codes = found.map(|found| {
            let mut f = fixture(found);
            let out = f.by_ref("$var(x)");
            (call(&mut f, "cache_counter_fetch", &[text("far:g"), text("k"), out]), f.expanded("$var(x)"))
        });
        let expected = [(-2, "<null>"), (-3, "<null>"), (-1, "<null>"), (1, "5")];
        assert_eq!(codes, expected.map(|(code, text)| (code, text.to_owned())));
    }

    #[test]
    fn rows_go_into_avps_the_first_one_newest() {
        let row = |a: &str, b: Value| vec![Value::text(a.as_bytes()), b];
        let mut f = fixture(Found::Rows(vec![row("one", Value::Int(1)), row("two", Value::Null)]));
        let list = Arg::Str("$avp(a); $avp(b)".into());
        assert_eq!(call(&mut f, "cache_raw_query", &[text("far:g"), text("q"), list]), 1);
        assert_eq!(f.avps("a"), [Value::text(b"one"), Value::text(b"two")]);
        assert_eq!(f.avps("b"), [Value::Int(1)]);
    }

    #[test]
    fn an_unknown_store_and_an_empty_key_fail_at_once() {
        let mut f = fixture(Found::Done);
        assert_eq!(f.call(&MODULE, "cache_store", &[text("far"), text("k"), text("v")]), -1);
        assert_eq!(f.call(&MODULE, "cache_remove", &[text("far:g"), text("")]), -1);
        assert_eq!(call(&mut f, "cache_store", &[text("far:g"), text("k"), text("v")]), 1);
    }
}
