//! The evaluator: what an expression can be, followed through names, parameters, attributes and other modules.
//!
//! It is bounded three ways (depth, steps, alternatives), so that no program makes it run long.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::ir::{Arg, Expr, ExprId, Kind, Module, Op, Piece, ScopeId};
use super::paths;
use super::templates::fill;
use super::view::View;
use crate::lang::Language;
use crate::lang::value::{Base, Part, Value};

/// Alternatives kept of one expression.
pub(super) const ALTERNATIVES: usize = 16;
/// Calls, names and attributes followed, one inside the other.
const DEPTH: u32 = 40;
/// Expressions looked at for one question.
const STEPS: u32 = 6_000;

/// A place in a program: module and expression or scope.
pub(super) type InModule<T> = (usize, T);

/// What an expression can be.
#[derive(Debug, Clone)]
pub(super) enum Val {
    /// A string or a path.
    Text(Value),
    /// A connection, an engine, a cursor: whatever runs SQL on these databases.
    Connection(Rc<Vec<Value>>),
    Null,
    List(Rc<Vec<Vec<Val>>>),
    Dict(InModule<ExprId>, Frame),
    Instance(InModule<ScopeId>, Frame),
    Class(InModule<ScopeId>),
    Function(InModule<ScopeId>, Option<Box<Val>>),
    Module(usize),
    /// A dotted name outside the tree, or of the language itself.
    External(Arc<str>),
    /// A method of a text, a connection or an unknown object.
    Method(Box<Val>, Arc<str>),
    Unknown,
}

/// The arguments a function or constructor was called with.
pub(super) type Frame = Option<Rc<Call>>;

#[derive(Debug)]
pub(super) struct Call {
    pub(super) scope: InModule<ScopeId>,
    pub(super) args: Vec<Option<Vec<Val>>>,
    pub(super) this: Option<Val>,
    /// Of a class without a constructor in the tree (a dataclass, a pydantic model): its fields by name.
    pub(super) fields: Vec<(Arc<str>, Vec<Val>)>,
}

impl Call {
    pub(super) fn new(scope: InModule<ScopeId>, args: Vec<Option<Vec<Val>>>, this: Option<Val>) -> Self {
        Self { scope, args, this, fields: Vec::new() }
    }
}

/// What does not depend on who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Question {
    Expr(InModule<ExprId>),
    /// What the callers in the tree hand to a parameter.
    Given(InModule<ScopeId>, usize),
    Fixture(InModule<ScopeId>),
    /// What a module gives under a name.
    Exported(InModule<Arc<str>>),
}

struct Answer {
    found: Vec<Val>,
    /// No bound kept anything back.
    whole: bool,
}

pub(super) struct Evaluator<'p> {
    pub(super) program: &'p View<'p>,
    depth: Cell<u32>,
    steps: Cell<u32>,
    memo: RefCell<HashMap<Question, Rc<Answer>>>,
    /// A bound cut short what is being asked: asked from elsewhere the answer may be whole.
    cut: Cell<bool>,
    /// A bound on depth or steps was met: more may be known from no place.
    bounded: Cell<bool>,
    /// Expressions under way, so that `x = x or y` ends.
    under_way: RefCell<Vec<InModule<ExprId>>>,
}

impl<'p> Evaluator<'p> {
    pub(super) fn new(program: &'p View<'p>) -> Self {
        Self {
            program,
            depth: Cell::new(0),
            steps: Cell::new(0),
            memo: RefCell::default(),
            cut: Cell::new(false),
            bounded: Cell::new(false),
            under_way: RefCell::default(),
        }
    }

    /// What an expression can be, asked from outside: the bounds start anew.
    pub(super) fn ask(&self, module: usize, expr: ExprId) -> Vec<Val> {
        self.ask_within(module, expr, &None)
    }

    /// The same, in a function that was called with these arguments.
    pub(super) fn ask_within(&self, module: usize, expr: ExprId, frame: &Frame) -> Vec<Val> {
        self.steps.set(0);
        self.depth.set(0);
        self.eval(module, expr, frame)
    }

    /// What an expression can be, and whether no bound kept anything back.
    pub(super) fn ask_whole(&self, module: usize, expr: ExprId) -> (Vec<Val>, bool) {
        self.bounded.set(false);
        let found = self.ask(module, expr);
        (found, !self.bounded.get())
    }

    /// The paths an expression can be, the known ones before the unknown, which are dropped if there are known ones.
    pub(super) fn ask_paths(&self, module: usize, expr: ExprId) -> Vec<Value> {
        paths_of(self.ask(module, expr))
    }

    pub(super) fn eval(&self, module: usize, expr: ExprId, frame: &Frame) -> Vec<Val> {
        if frame.is_none() {
            return self.kept(Question::Expr((module, expr)), || self.eval_bounded(module, expr, frame));
        }
        self.eval_bounded(module, expr, frame)
    }

    /// The answer to a question, asked once, unless a bound cut it short.
    pub(super) fn kept(&self, question: Question, ask: impl FnOnce() -> Vec<Val>) -> Vec<Val> {
        if let Some(known) = self.memo.borrow().get(&question) {
            self.bounded.set(self.bounded.get() || !known.whole);
            return known.found.clone();
        }
        let cut_before = self.cut.replace(false);
        let bounded_before = self.bounded.replace(false);
        let found = ask();
        let bounded = self.bounded.get();
        self.bounded.set(bounded_before || bounded);
        let cut = self.cut.replace(cut_before || self.cut.get());
        // What was asked from outside is as whole as it will be.
        let outermost = self.under_way.borrow().is_empty() && self.steps.get() <= STEPS;
        if !cut || outermost {
            self.memo.borrow_mut().insert(question, Rc::new(Answer { found: found.clone(), whole: !bounded }));
        }
        found
    }

    fn eval_bounded(&self, module: usize, expr: ExprId, frame: &Frame) -> Vec<Val> {
        let key = (module, expr);
        let depth = self.depth.get();
        self.steps.set(self.steps.get() + 1);
        let repeats = self.under_way.borrow().iter().filter(|&&other| other == key).count();
        let bounded = depth >= DEPTH || self.steps.get() > STEPS;
        if bounded || repeats > usize::from(frame.is_some()) {
            self.bounded.set(self.bounded.get() || bounded);
            self.cut.set(true);
            return Vec::new();
        }
        let Some(body) = self.program.module(module) else { return Vec::new() };
        self.depth.set(depth + 1);
        self.under_way.borrow_mut().push(key);
        let mut found = self.eval_kind(module, body, expr, frame);
        self.under_way.borrow_mut().pop();
        self.depth.set(depth);
        found.truncate(ALTERNATIVES);
        found
    }

    /// A step that evaluates no expression of its own but may lead to many.
    pub(super) fn guarded(&self, ask: impl FnOnce() -> Vec<Val>) -> Vec<Val> {
        let depth = self.depth.get();
        self.steps.set(self.steps.get() + 1);
        if depth >= DEPTH || self.steps.get() > STEPS {
            self.bounded.set(true);
            self.cut.set(true);
            return Vec::new();
        }
        self.depth.set(depth + 1);
        let found = ask();
        self.depth.set(depth);
        found
    }

    pub(super) fn eval_kind(&self, at: usize, module: &'p Module, id: ExprId, frame: &Frame) -> Vec<Val> {
        let expr = module.expr(id);
        match &expr.kind {
            Kind::Text(pieces) => self.text(at, module, expr, pieces, frame),
            Kind::Name(name) => self.name(at, module, expr, name, frame),
            Kind::Member(base, name) => self.member(at, module, expr, *base, name, frame),
            Kind::Index(base, key) => self.index(at, *base, *key, frame),
            Kind::Call { callee, args } => self.call(at, module, expr, *callee, args, frame),
            Kind::Binary { op, left, right } => self.binary(at, *op, *left, *right, frame),
            Kind::Cond { test: _, then, otherwise } => {
                let mut found = self.eval(at, *then, frame);
                let rest = self.eval(at, *otherwise, frame);
                // `process.env.X ? process.env.X : "y.db"`
                if let Some(whole) = with_default(&found, &rest) {
                    return vec![whole];
                }
                extend(&mut found, rest);
                found
            }
            Kind::List(parts) => {
                vec![Val::List(Rc::new(parts.iter().take(64).map(|&part| self.eval(at, part, frame)).collect()))]
            }
            Kind::Dict(_) => vec![Val::Dict((at, id), frame.clone())],
            Kind::Function(scope) => vec![Val::Function((at, *scope), None)],
            Kind::Class(scope) => vec![Val::Class((at, *scope))],
            Kind::Null => vec![Val::Null],
            Kind::Bool(_) | Kind::Regex | Kind::Opaque(_) => vec![Val::Unknown],
            Kind::Number(digits) => vec![Val::Text(Value::text(digits.as_ref()))],
        }
    }

    /// What stands for an expression that nothing is known of: its own words.
    pub(super) fn words(module: &Module, expr: &Expr) -> Value {
        let words = module.source.slice(expr.span);
        let words = words.lines().next().unwrap_or("");
        let words: String = words.chars().take(40).collect();
        Value::unknown(words)
    }

    pub(super) fn text(&self, at: usize, module: &'p Module, expr: &Expr, pieces: &[Piece], frame: &Frame) -> Vec<Val> {
        let origin = module.source.place(expr.span);
        let mut alternatives = vec![Value::text("").with_origin(origin.clone())];
        for piece in pieces {
            let options = match piece {
                Piece::Text(text, _) => vec![Value::text(text.clone()).with_origin(origin.clone())],
                Piece::Hole(hole) => {
                    let mut options = paths_of(self.eval(at, *hole, frame));
                    if options.is_empty() {
                        options.push(Self::words(module, module.expr(*hole)));
                    }
                    options
                }
            };
            let mut next = Vec::new();
            for left in &alternatives {
                for right in &options {
                    if next.len() < ALTERNATIVES {
                        next.push(paths::concat(left, right));
                    }
                }
            }
            alternatives = next;
        }
        alternatives.into_iter().map(|value| Val::Text(paths::settle(value))).collect()
    }

    pub(super) fn binary(&self, at: usize, op: Op, left: ExprId, right: ExprId, frame: &Frame) -> Vec<Val> {
        match op {
            Op::Or => {
                let mut found = self.eval(at, left, frame);
                let rest = self.eval(at, right, frame);
                // `os.environ.get("X") or "y.db"`: the right side is the variable's default.
                if let Some(whole) = with_default(&found, &rest) {
                    return vec![whole];
                }
                found.retain(|val| !matches!(val, Val::Null));
                extend(&mut found, rest);
                found
            }
            Op::And => self.eval(at, right, frame),
            Op::Div | Op::Add => {
                let lefts = self.eval(at, left, frame);
                if let Some(Val::List(items)) = lefts.first() {
                    let mut all = items.as_ref().clone();
                    if let Some(Val::List(more)) = self.eval(at, right, frame).first() {
                        all.extend(more.iter().cloned());
                    }
                    return vec![Val::List(Rc::new(all))];
                }
                if op == Op::Add && self.is_sum(at, left, right) {
                    return vec![Val::Unknown];
                }
                let lefts = if op == Op::Div { self.folders(at, left, paths_of(lefts)) } else { paths_of(lefts) };
                let rights = paths_of(self.eval(at, right, frame));
                let combine = if op == Op::Div { paths::join } else { paths::concat };
                self.combine(at, (left, lefts), (right, rights), combine)
            }
            Op::Mod => {
                let lefts = paths_of(self.eval(at, left, frame));
                let args = match self.eval(at, right, frame).into_iter().next() {
                    Some(Val::List(items)) => items.as_ref().clone(),
                    Some(one) => vec![vec![one]],
                    None => Vec::new(),
                };
                lefts.into_iter().map(|value| Val::Text(fill(&value, &["%s", "%d", "%r"], &args))).collect()
            }
            Op::Compare | Op::Other => vec![Val::Unknown],
        }
    }

    /// An empty text that something gives (`settings.DATA_DIR = ""`, `project.get("path", "")`) is a folder that is not
    /// set yet, and not the working directory.
    pub(super) fn folders(&self, at: usize, expr: ExprId, mut values: Vec<Value>) -> Vec<Value> {
        let Some(module) = self.program.module(at) else { return values };
        let expr = module.expr(expr);
        if !matches!(expr.kind, Kind::Text(_)) {
            for value in &mut values {
                if value.base == Base::Written && value.rendered().is_some_and(|text| text.is_empty()) {
                    *value = Self::words(module, expr);
                }
            }
        }
        values
    }

    /// `last + 1` counts: no text is made of it. JavaScript adds numbers to a text that is written there, too.
    fn is_sum(&self, at: usize, left: ExprId, right: ExprId) -> bool {
        let Some(module) = self.program.module(at) else { return false };
        let kind = |expr: ExprId| &module.expr(expr).kind;
        let number = |expr: ExprId| matches!(kind(expr), Kind::Number(_));
        let text = |expr: ExprId| matches!(kind(expr), Kind::Text(_) | Kind::Binary { .. });
        let other = if number(right) { left } else { right };
        (number(left) || number(right)) && (module.language == Language::Python || !text(other))
    }

    pub(super) fn combine(
        &self,
        at: usize,
        left: (ExprId, Vec<Value>),
        right: (ExprId, Vec<Value>),
        combine: impl Fn(&Value, &Value) -> Value,
    ) -> Vec<Val> {
        let Some(module) = self.program.module(at) else { return Vec::new() };
        let or_words = |(expr, mut values): (ExprId, Vec<Value>)| {
            if values.is_empty() {
                values.push(Self::words(module, module.expr(expr)));
            }
            values
        };
        let (lefts, rights) = (or_words(left), or_words(right));
        let mut found = Vec::new();
        for left in &lefts {
            for right in &rights {
                if found.len() < ALTERNATIVES {
                    found.push(Val::Text(paths::settle(combine(left, right))));
                }
            }
        }
        found
    }
}

/// A variable without a default, and what stands in for it.
fn with_default(found: &[Val], rest: &[Val]) -> Option<Val> {
    let known: Vec<&Val> = found.iter().filter(|val| !matches!(val, Val::Unknown | Val::Null)).collect();
    let ([Val::Text(value)], [Val::Text(default), ..]) = (known.as_slice(), rest) else { return None };
    let [Part::Env { name, default: None }] = value.parts.as_slice() else { return None };
    // `os.getenv("DATA_DIR") or ""`: nothing is no folder.
    if default.base == Base::Written && default.rendered().is_some_and(|text| text.is_empty()) {
        return Some(Val::Text(value.clone()));
    }
    let mut whole = Value::env(name.clone(), Some(default.clone()));
    whole.origin.clone_from(&default.origin);
    whole.engine = default.engine;
    whole.base = default.below();
    Some(Val::Text(whole))
}

/// The paths among what an expression can be; unknown ones only if there are no others.
pub(super) fn paths_of(found: Vec<Val>) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::new();
    for val in found {
        let value = match val {
            Val::Text(value) => value,
            Val::Connection(inner) => {
                values.extend(inner.iter().cloned());
                continue;
            }
            _ => continue,
        };
        if !values.contains(&value) {
            values.push(value);
        }
    }
    if values.iter().any(|value| !value.is_opaque()) {
        values.retain(|value| !value.is_opaque());
    }
    values
}

/// Of what nobody knows, or a method of that.
pub(super) fn is_unknown(val: &Val) -> bool {
    match val {
        Val::Unknown => true,
        Val::Method(base, _) => is_unknown(base),
        _ => false,
    }
}

pub(super) fn argument(args: &[Arg], position: usize, keywords: &[&str]) -> Option<ExprId> {
    let by_name = args.iter().find(|arg| arg.name.as_deref().is_some_and(|name| keywords.contains(&name)));
    by_name.or_else(|| args.iter().filter(|arg| arg.name.is_none()).nth(position)).map(|arg| arg.value)
}

/// The text of a string literal.
pub(super) fn literal(module: &Module, expr: ExprId) -> Option<String> {
    let Kind::Text(pieces) = &module.expr(expr).kind else { return None };
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(run, _) => text.push_str(run),
            Piece::Hole(_) => return None,
        }
    }
    Some(text)
}

pub(super) fn static_text(module: &Module, expr: ExprId) -> Option<String> {
    match &module.expr(expr).kind {
        Kind::Text(_) => literal(module, expr),
        Kind::Name(name) => Some(name.to_string()),
        Kind::Number(digits) => Some(digits.to_string()),
        _ => None,
    }
}
pub(super) fn extend(found: &mut Vec<Val>, more: Vec<Val>) {
    for val in more {
        if found.len() >= ALTERNATIVES {
            return;
        }
        let known = match &val {
            Val::Text(value) => found.iter().any(|other| matches!(other, Val::Text(other) if other == value)),
            Val::Connection(values) => {
                found.iter().any(|other| matches!(other, Val::Connection(other) if other == values))
            }
            Val::Unknown => found.iter().any(|other| matches!(other, Val::Unknown)),
            _ => false,
        };
        if !known {
            found.push(val);
        }
    }
}
pub(super) fn temporary(words: &str) -> Value {
    Value { base: Base::Temporary, parts: vec![Part::Unknown(words.to_owned())], ..Value::default() }
}
pub(super) fn is_environment(dotted: &str) -> bool {
    matches!(dotted, "os.environ" | "environ") || super::script::is_environment(dotted)
}
