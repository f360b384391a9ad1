//! What would never end is stopped.
use super::*;
use crate::context::Effect;
use crate::vm::FaultKind;

#[test]
fn a_long_script_yields_in_between() {
    let ran = run_with(r#"route { $var(i)=0; while ($var(i) < 9000) $var(i) += 1; xlog("$var(i)"); }"#, |_| {});
    assert_eq!(ran.lines, ["9000"]);
    assert_eq!(ran.waits, [Effect::Yield, Effect::Yield, Effect::Yield]);
}

#[test]
fn a_script_that_never_ends_is_stopped() {
    let ran = run(r#"route { while (1) { while (1) { while (1) { $var(i) = 1; } } } xlog("no"); }"#);
    assert_eq!(ran.done.fault.as_ref().map(|f| f.kind), Some(FaultKind::TooManyOperations));
    // A turn of 10,000 operations before each wait, and a last one: 20 million.
    assert_eq!(ran.waits, vec![Effect::Yield; 1_999]);
    assert!(ran.lines.is_empty());
    assert!(ran.logged("20 million operations for one message; stopped at test.cfg:1"), "{:?}", ran.log);
}

#[test]
fn a_string_that_doubles_is_stopped() {
    let ran = run(r#"route { $var(s)="0123456789"; while (1) { $var(s) = $var(s) + $var(s); } xlog("no"); }"#);
    assert_eq!(ran.done.fault.map(|f| f.kind), Some(FaultKind::TooMuchMemory));
    let ran = run(r#"route { $var(s)="0123456789"; while (1) { $var(s) += $var(s); } xlog("no"); }"#);
    assert_eq!(ran.done.fault.map(|f| f.kind), Some(FaultKind::TooMuchMemory));
}

#[test]
fn avps_count_too() {
    let ran = run(r#"route { while (1) { while (1) { $avp(a) = 1; } } xlog("no"); }"#);
    assert_eq!(ran.done.fault.map(|f| f.kind), Some(FaultKind::TooMuchMemory));
}

#[test]
fn what_waits_for_a_stopped_route_still_completes() {
    let ran = run(r#"route { branch("b"); xlog("no"); } branch_route[b] { while (1) { while (1) { $avp(a) = 1; } } }"#);
    assert_eq!(ran.done.fault.map(|f| f.kind), Some(FaultKind::TooMuchMemory));
    assert!(ran.lines.is_empty());
}
