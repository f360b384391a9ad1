//! `gflags`: 32 flags of the whole server, which every run sees and sets.
use crate::context::Level;
use crate::registry::{ParamSignature, ValueType};
use crate::script_fns;
use crate::vm::{Between, Cx, Function, InitCx, Module, Ruled};
use std::sync::atomic::{AtomicU32, Ordering};

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    params: PARAMS,
    init: Some(init),
    examples: &[include_str!("examples.md")],
    ..Module::empty("gflags")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Sets a flag of the server, 0 to 31.
    fn set_gflag(flag: FlagNumber) in ALL, roles [SetsFlag] => set;
    /// Clears a flag of the server, 0 to 31.
    fn reset_gflag(flag: FlagNumber) in ALL, roles [ClearsFlag] => reset;
    /// Whether a flag of the server is set, 0 to 31.
    fn is_gflag(flag: FlagNumber) in ALL, roles [TestsFlag] => is_set;
};

static PARAMS: &[ParamSignature] =
    &[ParamSignature::new("initial", ValueType::Int, "The flags that are set at start, as the bits of a number.")];

type FlagNumber = Ruled<Between<0, 31>>;

struct Flags(AtomicU32);

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    cx.states.set(Flags(AtomicU32::new(cx.params.int("initial", 0) as u32)));
    Ok(())
}

fn set(cx: &mut Cx<'_>, Ruled(flag): FlagNumber) -> bool {
    let Some(mask) = mask(cx, "set_gflag", flag) else { return false };
    cx.core.state::<Flags>().0.fetch_or(mask, Ordering::Relaxed);
    true
}

fn reset(cx: &mut Cx<'_>, Ruled(flag): FlagNumber) -> bool {
    let Some(mask) = mask(cx, "reset_gflag", flag) else { return false };
    cx.core.state::<Flags>().0.fetch_and(!mask, Ordering::Relaxed);
    true
}

fn is_set(cx: &mut Cx<'_>, Ruled(flag): FlagNumber) -> bool {
    let Some(mask) = mask(cx, "is_gflag", flag) else { return false };
    cx.core.state::<Flags>().0.load(Ordering::Relaxed) & mask != 0
}

fn mask(cx: &Cx<'_>, function: &'static str, flag: i32) -> Option<u32> {
    let mask = u32::try_from(flag).ok().and_then(|flag| 1u32.checked_shl(flag));
    if mask.is_none() {
        cx.log(Level::Error, MODULE.name, function, format_args!("{flag} is no flag: there are 0 to 31"));
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::Fixture;
    use crate::registry::Setting;
    use crate::vm::Arg;

    fn codes(f: &mut Fixture, name: &str, flags: &[i32]) -> Vec<i32> {
        flags.iter().map(|flag| f.call(&MODULE, name, &[Arg::Int(*flag)])).collect()
    }

    #[test]
    fn flags_are_set_until_they_are_reset() {
        let mut f = Fixture::with("OPTIONS sip:h SIP/2.0\ni: 1", &[(&MODULE, &[("initial", Setting::Int(9))])]);
        assert_eq!(codes(&mut f, "is_gflag", &[0, 1, 3, 31]), [1, -1, 1, -1]);
        assert_eq!(codes(&mut f, "set_gflag", &[31, 31]), [1, 1]);
        assert_eq!(codes(&mut f, "reset_gflag", &[0, 1]), [1, 1]);
        assert_eq!(codes(&mut f, "is_gflag", &[0, 1, 3, 31]), [-1, -1, 1, 1]);
    }

    #[test]
    fn what_is_no_flag_fails() {
        let mut f = Fixture::with("OPTIONS sip:h SIP/2.0\ni: 1", &[(&MODULE, &[])]);
        for name in ["set_gflag", "reset_gflag", "is_gflag"] {
            assert_eq!(codes(&mut f, name, &[-1, 32, i32::MIN]), [-1, -1, -1], "{name}");
        }
    }
}
