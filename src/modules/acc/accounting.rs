//! `do_accounting` and `drop_accounting`: what of a call or transaction is accounted.
use super::context;
use super::settings::Settings;
use crate::base::Str;
use crate::context::{AccCtx, AccState, Backend, BackendFlags, CurrentAcc, Level, Own};
use crate::modules::{dialog, rr};
use crate::sip::Method;
use crate::vm::{Cx, Vocabulary, Words};
use std::sync::Arc;

/// Backends named in a call. `log` and `evi` are there in this build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backends([bool; Backend::COUNT]);

impl Backends {
    const ALL: Backends = Backends([true; Backend::COUNT]);

    fn has(self, backend: Backend) -> bool {
        self.0.get(backend as usize).copied().unwrap_or_default()
    }
}

/// `log`, `aaa`, `db`, `evi`, joined with `|`.
impl Vocabulary for Backends {
    fn parse(text: &[u8]) -> Result<Backends, String> {
        let mut named = Backends::default();
        for word in words(text) {
            let known = Backend::ALL.into_iter().find(|b| word.eq_ignore_ascii_case(b.name().as_bytes()));
            let Some(backend) = known else {
                let names = Backend::ALL.map(|b| format!("`{}`", b.name())).join(", ");
                return Err(format!("`{}` is no accounting backend; these are: {names}", Str::new(word)));
            };
            if !matches!(backend, Backend::Log | Backend::Evi) {
                let name = backend.name();
                return Err(format!("the accounting backend `{name}` is not in this build; `log` and `evi` are"));
            }
            named.0[backend as usize] = true;
        }
        Ok(named)
    }
}

/// `cdr`, `missed`, `failed`, joined with `|`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    cdr: bool,
    missed: bool,
    failed: bool,
}

impl Vocabulary for Wanted {
    fn parse(text: &[u8]) -> Result<Wanted, String> {
        let mut wanted = Wanted::default();
        for word in words(text) {
            match word.to_ascii_lowercase().as_slice() {
                b"cdr" => wanted.cdr = true,
                b"missed" => wanted.missed = true,
                b"failed" => wanted.failed = true,
                _ => {
                    let shown = Str::new(word);
                    return Err(format!("`{shown}` is no accounting flag; these are: `cdr`, `missed`, `failed`"));
                }
            }
        }
        Ok(wanted)
    }
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| *b == b'|').map(<[u8]>::trim_ascii)
}

/// A transaction whose replies are accounted. A slot of the run until there is a transaction, then of that.
#[derive(Clone, Copy, Debug)]
pub struct Accounted {
    /// From and To tags are swapped in its records.
    pub swapped: bool,
}

/// Accounts the transaction of this message and, with `cdr`, the call it begins. Repeated calls add up. Under a loaded
/// accounting context it is the other call's accounting that changes, and this message is not accounted.
pub fn do_accounting(
    cx: &mut Cx<'_>,
    backends: Words<Backends>,
    flags: Option<Words<Wanted>>,
    table: Option<Str>,
) -> bool {
    let settings: &Settings = cx.core.state();
    if cx.run.msg.method() == Method::Cancel && !settings.report_cancels {
        let text = format_args!("a CANCEL is accounted only with the parameter `report_cancels`");
        cx.log(Level::Warning, "acc", "do_accounting", text);
        return true;
    }
    let wanted = possible(cx, flags.map(|f| f.0).unwrap_or_default());
    if let Some(CurrentAcc(loaded)) = loaded(cx) {
        switch_on(&mut loaded.state.lock(), backends.0, wanted, table);
        return true;
    }
    let ctx = context::own_or_new(cx);
    if wanted.cdr && !begin_cdr(cx, &ctx) {
        return false;
    }
    switch_on(&mut ctx.state.lock(), backends.0, wanted, table);
    context::adopt(cx, &ctx);
    mark(cx);
    true
}

fn loaded(cx: &Cx<'_>) -> Option<CurrentAcc> {
    cx.run.stacks.accounting.top().cloned().map(CurrentAcc)
}

/// Without dialogs there are no CDRs.
fn possible(cx: &Cx<'_>, wanted: Wanted) -> Wanted {
    let settings: &Settings = cx.core.state();
    if !wanted.cdr || settings.dialogs {
        return wanted;
    }
    cx.log(Level::Error, "acc", "do_accounting", format_args!("`cdr` needs the module `dialog`"));
    Wanted { cdr: false, ..wanted }
}

fn switch_on(state: &mut AccState, backends: Backends, wanted: Wanted, table: Option<Str>) {
    for (_, flags) in each_backend(state).filter(|(backend, _)| backends.has(*backend)) {
        *flags = BackendFlags {
            on: true,
            cdr: flags.cdr || wanted.cdr,
            missed: flags.missed || wanted.missed,
            failed: flags.failed || wanted.failed,
        };
    }
    if table.is_some() && backends.has(Backend::Db) {
        state.table = table;
    }
}

/// The call's own dialog, made now if need be, is to have a CDR. Within a dialog `cdr` means nothing.
fn begin_cdr(cx: &mut Cx<'_>, ctx: &Arc<AccCtx>) -> bool {
    if ctx.state.lock().wants_cdr() || cx.run.msg.to_tag().is_some() {
        return true;
    }
    ctx.state.lock().created_us = Some(cx.now.unix_us);
    if cx.run.msg.method() != Method::Invite {
        return true;
    }
    let Some(own) = cx.run.own().or_else(|| dialog::create(cx, dialog::CreateFlags::default())) else {
        return false;
    };
    keep_in(&own, ctx);
    true
}

fn keep_in(Own(dialog): &Own, ctx: &Arc<AccCtx>) {
    dialog.state.lock().acc = Some(ctx.clone());
}

/// The replies of this message's transaction are accounted.
fn mark(cx: &mut Cx<'_>) {
    let settings: &Settings = cx.core.state();
    let swapped = settings.detect_direction && rr::is_upstream(cx);
    let accounted = Accounted { swapped };
    match &cx.run.tx {
        Some(tx) => tx.state.lock().slots.set(accounted),
        None => cx.run.slots.set(accounted),
    }
}

/// Takes accounting back: all of it, one backend's, or some flags of it. A backend left without any flag is off, whichever was
/// named.
pub fn drop_accounting(cx: &mut Cx<'_>, backends: Option<Words<Backends>>, flags: Option<Words<Wanted>>) -> bool {
    let Some(CurrentAcc(ctx)) = cx.run.current_acc() else {
        let text = format_args!("`do_accounting` was not used for this call");
        cx.log(Level::Error, "acc", "drop_accounting", text);
        return false;
    };
    let named = backends.map_or(Backends::ALL, |b| b.0);
    switch_off(&mut ctx.state.lock(), named, flags.map(|f| f.0));
    true
}

fn switch_off(state: &mut AccState, named: Backends, which: Option<Wanted>) {
    for (backend, flags) in each_backend(state) {
        if named.has(backend) {
            let gone = which.unwrap_or(Wanted { cdr: true, missed: true, failed: true });
            flags.cdr &= !gone.cdr;
            flags.missed &= !gone.missed;
            flags.failed &= !gone.failed;
        }
        flags.on &= flags.cdr || flags.missed || flags.failed;
    }
}

fn each_backend(state: &mut AccState) -> impl Iterator<Item = (Backend, &mut BackendFlags)> {
    Backend::ALL.into_iter().zip(&mut state.backends)
}
