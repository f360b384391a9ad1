//! Beginning a program, and taking what it said.
use super::{Settings, environment, words};
use crate::base::Str;
use crate::context::{Calling, Effect, EffectAnswer, Execute, Level, Value};
use crate::vm::{Answer, AvpOut, Cx, Ret, Store, Var, VarOut};
use std::sync::Arc;
use std::time::Duration;

/// The code in `async` when nothing is waited for.
const STARTED: i32 = 2;

pub fn exec(
    cx: &mut Cx<'_>,
    command: Str,
    input: Option<Str>,
    output: Option<VarOut>,
    errors: Option<VarOut>,
    environment: Option<AvpOut>,
) -> Ret {
    let mut variables = environment::of_message(cx);
    if let Some(avp) = environment {
        let Some(values) = environment::of_avp(cx, &avp.0) else {
            cx.log(Level::Error, "exec", "exec", format_args!("the AVP for the environment has no value"));
            return Ret::FALSE;
        };
        variables.extend(values);
    }
    let apart = match cx.run.script.calling {
        Calling::Direct => None,
        Calling::Apart { seconds } => Some(seconds),
    };
    let execute = Execute {
        command: words::command(&command),
        input: input.filter(|text| !text.is_empty()),
        environment: variables,
        output: output.is_some(),
        errors: errors.is_some(),
        kill_after: cx.core.state::<Settings>().kill_after,
        give_up_after: apart.filter(|s| *s > 0).map(|s| Duration::from_secs(u64::from(s))),
    };
    let taken = Taken { lines: apart.is_some(), output: output.map(|v| v.0), errors: errors.map(|v| v.0) };
    Ret::Wait(Effect::Execute(Box::new(execute)), Box::new(move |cx, answer| Ret::Code(taken.take(cx, answer))))
}

/// Where the output goes.
struct Taken {
    /// In `async` each line is a value of its own.
    lines: bool,
    output: Option<Arc<Var>>,
    errors: Option<Arc<Var>>,
}

impl Taken {
    fn take(self, cx: &mut Cx<'_>, answer: Answer) -> i32 {
        let Answer::Effect(EffectAnswer::Executed { output, errors, cut }) = answer else {
            cx.log(Level::Error, "exec", "exec", format_args!("the command did not start, or took too long"));
            return -1;
        };
        if cut {
            cx.log(Level::Warning, "exec", "exec", format_args!("the command wrote more than is kept"));
        }
        let waited = self.output.is_some() || self.errors.is_some();
        let stored = [(&self.output, output), (&self.errors, errors)].into_iter().all(|(var, text)| match var {
            Some(var) => self.store(cx, var, &text),
            None => true,
        });
        match (stored, self.lines && !waited) {
            (false, _) => -1,
            (true, true) => STARTED,
            (true, false) => 1,
        }
    }

    /// Nothing written leaves the variable as it is.
    fn store(&self, cx: &mut Cx<'_>, var: &Var, text: &Str) -> bool {
        let values: Vec<Str> = match self.lines {
            true => lines(text).map(Str::new).collect(),
            false => Some(text.clone()).filter(|t| !t.is_empty()).into_iter().collect(),
        };
        for value in values {
            if let Err(why) = cx.write(var, Store::Set, Value::Str(value)) {
                cx.log(Level::Error, "exec", "exec", format_args!("`{}` {}", var.text, why.0));
                return false;
            }
        }
        true
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.strip_suffix(b"\n").unwrap_or(text).split(|b| *b == b'\n').filter(move |_| !text.is_empty())
}
