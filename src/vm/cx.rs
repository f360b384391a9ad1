//! `Cx`: what a builtin works with.
use super::hook::Hook;
use super::image::Image;
use super::pvar::{Index, Piece, Store, TransformArg, Var, WriteError};
use super::pvar::{LinkedTransform, LinkedTransformArg, LinkedTransformArgs};
use super::ret::OwnedRun;
use crate::base::{Now, Str};
use crate::context::{Core, Effect, EffectAnswer, EventParam, Lent, Level, Run, ScriptEvent, Shard, Value};
use crate::registry::RouteKind;
use crate::syntax::ere::Pattern;
use crate::syntax::pvar::MsgContext;
use smallvec::SmallVec;
use std::fmt;
use std::sync::Arc;

/// Texts that expand one another (language reference, appendix B).
const MAX_NESTED: u8 = 7;

/// The engine, the worker, the script and the run that a builtin is called in.
pub struct Cx<'a> {
    pub core: &'a Core,
    pub image: &'a Arc<Image>,
    pub shard: &'a mut Shard,
    pub run: &'a mut Run,
    pub now: Now,
    /// Routes to run before the script goes on; see `later`.
    pub later: &'a mut Vec<OwnedRun>,
}

impl Cx<'_> {
    /// The value of a variable with its transformations. A getter that fails is NULL.
    pub fn read(&mut self, var: &Var) -> Value {
        let value = match var.context {
            None => (var.row.read)(self, var),
            Some(context) => self.over(context, |cx| (var.row.read)(cx, var)).unwrap_or_default(),
        };
        if var.transforms.is_empty() {
            return value;
        }
        var.transforms.iter().fold(value, |value, t| self.transform(value, t))
    }

    /// Stores into a variable; NULL unsets it.
    pub fn write(&mut self, var: &Var, store: Store, value: Value) -> Result<(), WriteError> {
        let Some(write) = var.row.write else {
            return Err(WriteError::new("is read-only"));
        };
        match var.context {
            None => write(self, var, store, value),
            Some(context) => {
                let written = self.over(context, |cx| write(cx, var, store, value));
                written.unwrap_or_else(|| Err(WriteError::new("has no such message")))
            }
        }
    }

    /// Expands a format string; `None` when it grows beyond `pv_print_buf_size`.
    pub fn expand(&mut self, pieces: &[Piece]) -> Option<Str> {
        let limit = self.core.settings.pv_print_buf_size;
        self.expand_within(pieces, limit)
    }

    /// Expands a format string; `None` when it grows beyond `limit` bytes.
    pub fn expand_within(&mut self, pieces: &[Piece], limit: usize) -> Option<Str> {
        // A lone variable, as in `"$hdr(X)"`: its text is handed on, not copied.
        if let [Piece::Var(var)] = pieces {
            let text = self.read(var).str_face().unwrap_or(const { Str::from_static("<null>") });
            return (text.len() <= limit).then_some(text);
        }
        let mut out = Vec::with_capacity(64);
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Var(var) => self.read(var).print(&mut out),
            }
            if out.len() > limit {
                return None;
            }
        }
        Some(Str::from(out))
    }

    /// Expands a text that is only known now. `None` when it is no format string, grows too large, or was made by as many
    /// others as may nest.
    pub fn expand_text(&mut self, text: &[u8]) -> Option<Str> {
        if self.run.script.expanding >= MAX_NESTED {
            return None;
        }
        let pieces = self.image.late.get(text, &self.image.flags, &self.core.avp_names)?;
        self.run.script.expanding += 1;
        let expanded = self.expand(&pieces);
        self.run.script.expanding -= 1;
        expanded
    }

    /// Compiles a pattern that is only known now; recent ones are kept.
    pub fn pattern(&mut self, text: &[u8]) -> Option<Arc<Pattern>> {
        self.image.patterns.get(text, false)
    }

    /// The same for an argument of a function, where a line break ends what `.` matches.
    pub fn line_pattern(&mut self, text: &[u8]) -> Option<Arc<Pattern>> {
        self.image.patterns.get(text, true)
    }

    /// What a transformation needs from outside. `None` where it is not there yet: the operation is then put off until it
    /// is. Only a row marked `waiting` may ask.
    pub fn ask(&mut self, effect: Effect) -> Option<EffectAnswer> {
        let asked = self.run.script.asked.as_mut()?;
        if let Some((_, answer)) = asked.answers.iter().find(|(of, _)| *of == effect) {
            return Some(answer.clone());
        }
        asked.wanted = Some(effect);
        None
    }

    pub fn raise(&mut self, hook: &Hook<'_>) {
        let image = self.image;
        for follow in &image.hooks {
            follow(self, hook);
        }
    }

    /// Raises an event: its route runs once the message at work is done. False when there are too many.
    pub fn raise_event(&mut self, name: Str, params: Vec<EventParam>) -> bool {
        if !self.has_route(RouteKind::Event, Some(&name)) {
            return true;
        }
        let has_room = self.shard.events.push(ScriptEvent { name, params });
        if !has_room {
            self.log(Level::Error, "core", "raise_event", format_args!("too many events wait: one is lost"));
        }
        has_room
    }

    /// Asks for a route to be run after the builtin at work and before the script goes on.
    pub fn later(&mut self, run: OwnedRun) {
        self.later.push(run);
    }

    pub fn has_route(&self, kind: RouteKind, name: Option<&[u8]>) -> bool {
        self.image.route(kind, name).is_some()
    }

    /// `FILE:LINE` of the statement being executed.
    pub fn place(&self) -> String {
        self.image.place(self.run.place)
    }

    /// A line about the script's doing, with its place.
    pub fn log(&self, level: Level, module: &'static str, function: &'static str, text: fmt::Arguments<'_>) {
        if self.core.log.enabled(level) {
            let place = self.place();
            self.core.log.part(level, module, function, format_args!("{text} at {place}"));
        }
    }

    fn transform(&mut self, value: Value, t: &LinkedTransform) -> Value {
        if value.is_null() {
            return Value::Null;
        }
        let index = match &t.index {
            None => None,
            Some(index) => match self.transform_arg(index).int() {
                Some(i) => Some(i),
                None => return Value::Null,
            },
        };
        match &t.args {
            LinkedTransformArgs::Ready(args) => (t.row.body)(self, value, index, args),
            LinkedTransformArgs::Read(args) => {
                let args: SmallVec<[TransformArg; 2]> = args.iter().map(|a| self.transform_arg(a)).collect();
                (t.row.body)(self, value, index, &args)
            }
        }
    }

    fn transform_arg(&mut self, arg: &LinkedTransformArg) -> TransformArg {
        match arg {
            LinkedTransformArg::Ready(arg) => arg.clone(),
            LinkedTransformArg::Var(var) => match self.read(var) {
                Value::Null => TransformArg::Null,
                Value::Int(i) => TransformArg::Int(i),
                Value::Str(s) => TransformArg::Text(s),
                Value::Named(i, s) | Value::Both(s, i) => TransformArg::Both(s, i),
            },
        }
    }

    /// Works on that message of the transaction: when it is the other one, the run is lent it with the changes it has so far.
    /// `None`: there is no such message.
    fn over<T>(&mut self, context: MsgContext, work: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let wants_reply = context == MsgContext::Reply;
        if self.run.msg.is_request() != wants_reply {
            return Some(work(self));
        }
        let other = self.run.other.clone().filter(|other| other.is_request() != wants_reply)?;
        let tx = self.run.tx.clone()?;
        let branch = self.run.branch.unwrap_or_default();
        let (lent, received) = if wants_reply {
            (Lent::Reply(branch), tx.state.lock().reply_received(branch).unwrap_or(self.run.received))
        } else {
            (Lent::Request, tx.received)
        };
        let edits = tx.state.lock().lend_changes(lent);
        let own_message = std::mem::replace(&mut self.run.msg, other.clone());
        self.run.other = Some(own_message.clone());
        let own = (
            std::mem::replace(&mut self.run.edits, edits),
            std::mem::take(&mut self.run.targets),
            std::mem::replace(&mut self.run.received, received),
        );
        let done = work(self);
        let changed = std::mem::take(&mut self.run.edits);
        (self.run.msg, self.run.other) = (own_message, Some(other));
        (self.run.edits, self.run.targets, self.run.received) = own;
        tx.state.lock().return_changes(lent, changed);
        Some(done)
    }

    /// Joins what `at` yields for 0, 1, 2... with `, `; NULL beyond 511 bytes (language reference 8.1).
    pub fn join_all(&mut self, mut at: impl FnMut(&mut Self, i32) -> Value) -> Value {
        let mut out = Vec::new();
        for i in 0.. {
            let value = at(self, i);
            if value.is_null() {
                break;
            }
            if i > 0 {
                out.extend_from_slice(b", ");
            }
            value.print(&mut out);
            if out.len() > 511 {
                return Value::Null;
            }
        }
        if out.is_empty() { Value::Null } else { Value::Str(Str::from(out)) }
    }
}

/// An index as a position among `len` things; `None` when it is no single place or lies outside.
pub fn position(index: Index, len: usize) -> Option<usize> {
    match index {
        Index::None => (len > 0).then_some(0),
        Index::Int(i) if i >= 0 => Some(i as usize).filter(|i| *i < len),
        Index::Int(i) => len.checked_sub(i.unsigned_abs() as usize),
        Index::All | Index::Append | Index::Word(_) | Index::Bad => None,
    }
}
