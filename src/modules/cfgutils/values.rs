//! Functions over all values of a variable.
use crate::context::{Level, Value};
use crate::vm::{AvpOut, Cx, Store, Var, VarIn, VarIndex, VarInto};

/// Values of one variable that are looked at.
const LIMIT: usize = 1 << 16;

pub fn set_count(cx: &mut Cx<'_>, counted: VarIn, result: VarInto) -> bool {
    let count = i32::try_from(values(cx, &counted.0).len()).unwrap_or(i32::MAX);
    cx.write(&result.0, Store::Set, Value::Int(count)).is_ok()
}

pub fn set_select_weight(cx: &mut Cx<'_>, list: VarIn) -> i32 {
    let weights: Option<Vec<i32>> = values(cx, &list.0).iter().map(Value::int_face).collect();
    let weights: Option<Vec<u64>> = weights.and_then(|w| w.into_iter().map(|w| u64::try_from(w).ok()).collect());
    let Some(weights) = weights else {
        let text = format_args!("`{}` has a value that is no weight", list.0.text);
        cx.log(Level::Error, "cfgutils", "set_select_weight", text);
        return -1;
    };
    // A single value needs no luck, whatever its weight.
    if let [_] = weights.as_slice() {
        return 0;
    }
    let mut drawn = match weights.iter().sum() {
        0 => return -1,
        sum => cx.shard.ids.below(sum),
    };
    for (index, weight) in weights.iter().enumerate() {
        match drawn.checked_sub(*weight) {
            Some(rest) => drawn = rest,
            None => return i32::try_from(index).unwrap_or(-1),
        }
    }
    -1
}

pub fn shuffle_avps(cx: &mut Cx<'_>, name: AvpOut) -> bool {
    let Some(name) = name.0.avp_name(cx) else { return false };
    let mut values: Vec<Value> = cx.run.avps.all(name).cloned().collect();
    for last in (1..values.len()).rev() {
        let other = usize::try_from(cx.shard.ids.below(last as u64 + 1)).unwrap_or(last);
        values.swap(last, other);
    }
    cx.run.avps.remove_all(name);
    values.into_iter().for_each(|value| cx.run.avps.push(name, value));
    true
}

/// The values at 0, 1, 2... up to the first NULL; of a variable that takes no index, the one it has.
fn values(cx: &mut Cx<'_>, var: &Var) -> Vec<Value> {
    if !var.row.sig.index {
        return Some(cx.read(var)).filter(|value| !value.is_null()).into_iter().collect();
    }
    let mut at = var.clone();
    let mut found = Vec::new();
    while found.len() < LIMIT {
        at.index = VarIndex::Int(i32::try_from(found.len()).unwrap_or(i32::MAX));
        match cx.read(&at) {
            Value::Null => break,
            value => found.push(value),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::context::Value;
    use crate::modules::cfgutils::MODULE;
    use crate::modules::fixture::Fixture;

    fn fixture(values: &[i32]) -> Fixture {
        let mut f = Fixture::with("OPTIONS sip:h SIP/2.0\ni: 1\nX: a\nX: b\nX: c", &[(&MODULE, &[])]);
        let name = f.avp("w");
        values.iter().rev().for_each(|v| f.run.avps.push(name, Value::Int(*v)));
        f
    }

    fn count(f: &mut Fixture, of: &str) -> Value {
        let args = [f.by_ref(of), f.by_ref("$var(n)")];
        assert_eq!(f.call(&MODULE, "set_count", &args), 1, "{of}");
        f.value("$var(n)")
    }

    #[test]
    fn values_are_counted() {
        let mut f = fixture(&[5, 6]);
        assert_eq!(count(&mut f, "$avp(w)"), Value::Int(2));
        assert_eq!(count(&mut f, "$avp(none)"), Value::Int(0));
        assert_eq!(count(&mut f, "$hdr(X)"), Value::Int(3));
        assert_eq!(count(&mut f, "$rm"), Value::Int(1));
        assert_eq!(count(&mut f, "$var(nul)"), Value::Int(0));
    }

    #[test]
    fn heavier_values_are_drawn_more_often() {
        let mut f = fixture(&[1, 0, 9]);
        let list = f.by_ref("$avp(w)");
        let mut drawn = [0; 3];
        for _ in 0..1000 {
            let index = f.call(&MODULE, "set_select_weight", std::slice::from_ref(&list));
            drawn[usize::try_from(index).expect("a value is drawn")] += 1;
        }
        assert!((60..150).contains(&drawn[0]) && drawn[1] == 0, "{drawn:?}");
    }

    #[test]
    fn only_weights_are_drawn() {
        let select = |values: &[i32]| {
            let mut f = fixture(values);
            let list = f.by_ref("$avp(w)");
            f.call(&MODULE, "set_select_weight", &[list])
        };
        assert_eq!((select(&[]), select(&[3]), select(&[0, 0]), select(&[1, -1])), (-1, 0, -1, -1));
        let mut f = fixture(&[]);
        let headers = f.by_ref("$hdr(X)");
        assert_eq!(f.call(&MODULE, "set_select_weight", &[headers]), -1);
    }

    #[test]
    fn shuffling_keeps_every_value() {
        let numbers: Vec<i32> = (0..20).collect();
        let mut f = fixture(&numbers);
        let list = f.by_ref("$avp(w)");
        assert_eq!(f.call(&MODULE, "shuffle_avps", &[list]), 1);
        let shuffled: Vec<i32> = f.avps("w").iter().filter_map(Value::int_face).collect();
        assert_ne!(shuffled, numbers);
        let mut sorted = shuffled;
        sorted.sort_unstable();
        assert_eq!(sorted, numbers);
    }
}
