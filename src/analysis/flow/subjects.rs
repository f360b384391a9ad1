//! What facts can be about: variables as tokens write them, comparisons and calls as questions.
use super::state::{Key, Subject};
use crate::analysis::resolve::{FunctionRow, Resolved};
use crate::analysis::script::Script;
use crate::analysis::walk::{Access, Node, walk};
use crate::registry::{ContextKind, FlagFamily, ModuleId, ParamType, Role, RouteMask, Signature, VarKind};
use crate::syntax::ast::{ArgKind, Call, CmpOp, Compare, CompareRight, VarToken};
use crate::syntax::pvar::VarRef;
use ahash::{AHashMap, AHashSet};

/// A variable of the script.
#[derive(Clone)]
pub struct Variable {
    pub subject: Subject,
    pub kind: VarKind,
    /// Nothing but name and literal name in parentheses: writing it writes the subject.
    pub plain: bool,
}

/// Names for everything the script asks, and how often it asks.
pub struct Subjects<'s, 'a> {
    script: &'s Script<'a>,
    variables: AHashMap<u32, Variable>,
    asked: AHashMap<Key, usize>,
    /// Modules whose names mean the current context.
    context_modules: AHashSet<ModuleId>,
}

impl<'s, 'a> Subjects<'s, 'a> {
    pub fn new(script: &'s Script<'a>) -> Subjects<'s, 'a> {
        let context_modules = script.catalog.functions().filter(|(_, _, sig)| changes_context(sig)).map(|(_, m, _)| m);
        let context_modules = context_modules.collect();
        let mut subjects = Subjects { script, variables: AHashMap::new(), asked: AHashMap::new(), context_modules };
        subjects.count();
        subjects
    }

    fn count(&mut self) {
        for (_, route) in self.script.routes.iter() {
            let mut asked = Vec::new();
            walk(&route.body.stmts, &mut |node| match node {
                Node::Var(token, Access::Read | Access::Update) => {
                    let variable = self.variable(token);
                    asked.push(variable.subject.key);
                }
                Node::Compare(compare) => asked.push(self.comparison(compare).0.key),
                Node::Call(call, _) => {
                    let row = self.row(call, route.kind.mask());
                    asked.push(self.call(call, row.as_ref()).key);
                }
                Node::Var(_, Access::Write | Access::Iterate)
                | Node::Stmts(_)
                | Node::Cond(_)
                | Node::Arith(_)
                | Node::Assign(_)
                | Node::Command(_) => {}
            });
            for key in asked {
                *self.asked.entry(key).or_default() += 1;
            }
        }
    }

    /// Whether remembering helps: it is asked more than once.
    pub fn recurs(&self, key: &Key) -> bool {
        self.asked.get(key).is_some_and(|n| *n > 1)
    }

    /// Whether it matters what a variable holds.
    pub fn is_asked(&self, key: &Key) -> bool {
        self.asked.contains_key(key)
    }

    pub fn row(&self, call: &Call, kind: RouteMask) -> Option<FunctionRow> {
        self.script.function(&call.name.text, call.span.start, kind).row().copied()
    }

    pub fn variable(&mut self, token: &VarToken) -> Variable {
        let at = token.span.start;
        if let Some(known) = self.variables.get(&at) {
            return known.clone();
        }
        let made = match token.parse() {
            Ok(var) => self.parsed(&var, token),
            Err(_) => Variable {
                subject: Subject { key: token.text.as_str().into(), about: [].into(), of_context: false },
                kind: VarKind::Plain,
                plain: false,
            },
        };
        self.variables.insert(at, made.clone());
        made
    }

    fn parsed(&self, var: &VarRef, token: &VarToken) -> Variable {
        let row = match self.script.variable(&var.name, var.sub.is_some(), token.span.start) {
            Resolved::Row(row) => Some(row),
            _ => None,
        };
        let mut about: Vec<Key> = Vec::new();
        var.visit(&mut |inner| about.push(inner.to_string().into()));
        let dynamic =
            row.is_some_and(|(sig, _)| sig.dynamic_sub) && var.sub.as_ref().is_some_and(|s| s.dynamic.is_some());
        let plain = var.transforms.is_empty() && var.index.is_none() && var.context.is_none() && !dynamic;
        let key: Key = if plain { var.to_string().into() } else { token.text.as_str().into() };
        let kind = row.map_or(VarKind::Plain, |(sig, _)| sig.kind);
        // `$retcode` is `$rc`.
        let key = if kind == VarKind::LastCode { "$rc".into() } else { key };
        let of_context = row.is_some_and(|(_, module)| self.context_modules.contains(&module));
        Variable { subject: Subject { key, about: about.into(), of_context }, kind, plain }
    }

    /// The question a comparison asks, and whether it asks for the opposite.
    pub fn comparison(&mut self, compare: &Compare) -> (Subject, bool) {
        let left = self.variable(&compare.left).subject;
        let mut about = left.about.to_vec();
        let mut of_context = left.of_context;
        let right = match &compare.right {
            CompareRight::Var(var) => {
                let right = self.variable(var).subject;
                about.extend(right.about.iter().cloned());
                of_context |= right.of_context;
                right.key.to_string()
            }
            // Texts are compared without case.
            CompareRight::Str(text) => format!("{:?}", text.value.to_string_lossy().to_ascii_lowercase()),
            CompareRight::Int(int) => int.value.to_string(),
            CompareRight::Null(_) => "NULL".to_owned(),
            CompareRight::Net(net) => format!("{}/{:?}", net.addr, net.bits),
        };
        let (op, opposite) = match compare.op {
            CmpOp::Eq => ("==", false),
            CmpOp::Ne => ("==", true),
            CmpOp::Lt => ("<", false),
            CmpOp::Ge => ("<", true),
            CmpOp::Gt => (">", false),
            CmpOp::Le => (">", true),
            CmpOp::Match => ("=~", false),
            CmpOp::NotMatch => ("=~", true),
        };
        let key = format!("{} {op} {right}", left.key).into();
        (Subject { key, about: about.into(), of_context }, opposite)
    }

    /// The question a call asks. What sets, clears and tests one flag is one question.
    pub fn call(&mut self, call: &Call, row: Option<&FunctionRow>) -> Subject {
        let flag = row.filter(|r| uses_flag(r)).and_then(|r| flag_of(call, r));
        let mut about = Vec::new();
        let mut words = Vec::new();
        for arg in &call.args {
            words.push(match &arg.kind {
                ArgKind::Var(token) => {
                    let variable = self.variable(token).subject;
                    about.extend(variable.about.iter().cloned());
                    variable.key.to_string()
                }
                ArgKind::Str(text) => {
                    if let Ok(format) = text.format() {
                        for var in format.vars() {
                            var.visit(&mut |inner| about.push(inner.to_string().into()));
                        }
                    }
                    format!("{:?}", text.value)
                }
                ArgKind::Int(int) => int.value.to_string(),
                ArgKind::Omitted | ArgKind::Bad => String::new(),
            });
        }
        let of_context = row.is_some_and(|r| self.context_modules.contains(&r.module));
        let key = match flag {
            Some(flag) => format!("{flag} {}", words.join(",")),
            None => format!("{}({})", call.name.text, words.join(",")),
        };
        Subject { key: key.into(), about: about.into(), of_context }
    }

    /// What a condition or body asks, for those who ask it again.
    pub fn questions(&mut self, cond: &crate::syntax::ast::Cond, kind: RouteMask) -> Vec<Key> {
        let mut keys = Vec::new();
        crate::analysis::walk::walk_condition(cond, &mut |node| match node {
            Node::Compare(compare) => keys.push(self.comparison(compare).0.key),
            Node::Call(call, _) => {
                let row = self.row(call, kind);
                keys.push(self.call(call, row.as_ref()).key);
            }
            Node::Var(token, _) => keys.push(self.variable(token).subject.key),
            Node::Stmts(_) | Node::Cond(_) | Node::Arith(_) | Node::Assign(_) | Node::Command(_) => {}
        });
        keys
    }
}

fn changes_context(sig: &Signature) -> bool {
    sig.roles.iter().any(|role| matches!(role, Role::Pushes(_) | Role::Pops(_)))
}

/// The context a function pushes.
pub fn pushes(row: &FunctionRow) -> Option<ContextKind> {
    row.sig.roles.iter().find_map(|r| if let Role::Pushes(kind) = r { Some(*kind) } else { None })
}

pub fn pops(row: &FunctionRow) -> Option<ContextKind> {
    row.sig.roles.iter().find_map(|r| if let Role::Pops(kind) = r { Some(*kind) } else { None })
}

fn uses_flag(row: &FunctionRow) -> bool {
    let roles = row.sig.roles;
    roles.iter().any(|r| matches!(r, Role::SetsFlag | Role::ClearsFlag | Role::TestsFlag))
}

fn flag_of(call: &Call, row: &FunctionRow) -> Option<&'static str> {
    let args = call.args.iter().zip(row.sig.params);
    let mut families = args.filter_map(|(_, param)| if let ParamType::Flag(f) = param.ty { Some(f) } else { None });
    Some(match families.next()? {
        FlagFamily::Message => "message flag",
        FlagFamily::Branch => "branch flag",
        FlagFamily::Dialog => "dialog flag",
    })
}
