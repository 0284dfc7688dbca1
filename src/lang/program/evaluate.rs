//! The evaluator: what an expression can be, followed through names, parameters, attributes and other modules.
//!
//! It is bounded three ways (depth, steps, alternatives), so that no program makes it run long.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::ir::{Arg, Binding, Bound, Expr, ExprId, Kind, Module, Op, Piece, ScopeId, ScopeKind};
use super::known::{self, Known};
use super::paths;
use super::program::Program;
use crate::lang::Language;
use crate::lang::value::{Base, Part, Value};

/// Alternatives kept of one expression.
const ALTERNATIVES: usize = 8;
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
    scope: InModule<ScopeId>,
    args: Vec<Option<Vec<Val>>>,
    this: Option<Val>,
}

pub(super) struct Evaluator<'p> {
    pub(super) program: &'p Program<'p>,
    depth: Cell<u32>,
    steps: Cell<u32>,
    memo: RefCell<HashMap<InModule<ExprId>, Rc<Vec<Val>>>>,
    /// Expressions under way, so that `x = x or y` ends.
    under_way: RefCell<Vec<InModule<ExprId>>>,
}

impl<'p> Evaluator<'p> {
    pub(super) fn new(program: &'p Program<'p>) -> Self {
        Self {
            program,
            depth: Cell::new(0),
            steps: Cell::new(0),
            memo: RefCell::default(),
            under_way: RefCell::default(),
        }
    }

    /// What an expression can be, asked from outside: the bounds start anew.
    pub(super) fn ask(&self, module: usize, expr: ExprId) -> Vec<Val> {
        self.steps.set(0);
        self.depth.set(0);
        self.eval(module, expr, &None)
    }

    /// The paths an expression can be, the known ones before the unknown, which are dropped if there are known ones.
    pub(super) fn ask_paths(&self, module: usize, expr: ExprId) -> Vec<Value> {
        paths_of(self.ask(module, expr))
    }

    pub(super) fn eval(&self, module: usize, expr: ExprId, frame: &Frame) -> Vec<Val> {
        let key = (module, expr);
        if frame.is_none()
            && let Some(known) = self.memo.borrow().get(&key)
        {
            return known.as_ref().clone();
        }
        let depth = self.depth.get();
        self.steps.set(self.steps.get() + 1);
        let repeats = self.under_way.borrow().iter().filter(|&&other| other == key).count();
        if depth >= DEPTH || self.steps.get() > STEPS || repeats > usize::from(frame.is_some()) {
            return Vec::new();
        }
        let Some(body) = self.program.module(module) else { return Vec::new() };
        self.depth.set(depth + 1);
        self.under_way.borrow_mut().push(key);
        let mut found = self.eval_kind(module, body, expr, frame);
        self.under_way.borrow_mut().pop();
        self.depth.set(depth);
        found.truncate(ALTERNATIVES);
        // An answer that bounds cut short is not kept: asked from elsewhere it may be whole.
        if frame.is_none() && self.under_way.borrow().is_empty() && self.steps.get() <= STEPS {
            self.memo.borrow_mut().insert(key, Rc::new(found.clone()));
        }
        found
    }

    fn eval_kind(&self, at: usize, module: &'p Module, id: ExprId, frame: &Frame) -> Vec<Val> {
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
                extend(&mut found, self.eval(at, *otherwise, frame));
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
    fn words(module: &Module, expr: &Expr) -> Value {
        let words = module.source.slice(expr.span);
        let words = words.lines().next().unwrap_or("");
        let words: String = words.chars().take(40).collect();
        Value::unknown(words)
    }

    fn text(&self, at: usize, module: &'p Module, expr: &Expr, pieces: &[Piece], frame: &Frame) -> Vec<Val> {
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

    fn binary(&self, at: usize, op: Op, left: ExprId, right: ExprId, frame: &Frame) -> Vec<Val> {
        match op {
            Op::Or => {
                let mut found = self.eval(at, left, frame);
                let rest = self.eval(at, right, frame);
                // `os.environ.get("X") or "y.db"`: the right side is the variable's default.
                if let ([Val::Text(value)], [Val::Text(default), ..]) = (found.as_slice(), rest.as_slice())
                    && let [Part::Env { name, default: None }] = value.parts.as_slice()
                {
                    let mut whole = Value::env(name.clone(), Some(default.clone()));
                    whole.origin.clone_from(&default.origin);
                    whole.engine = default.engine;
                    return vec![Val::Text(whole)];
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
                let rights = paths_of(self.eval(at, right, frame));
                let combine = if op == Op::Div { paths::join } else { paths::concat };
                self.combine(at, (left, paths_of(lefts)), (right, rights), combine)
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

    fn combine(
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
                    found.push(Val::Text(combine(left, right)));
                }
            }
        }
        found
    }

    // ---- names ----

    fn name(&self, at: usize, module: &'p Module, expr: &Expr, name: &Arc<str>, frame: &Frame) -> Vec<Val> {
        match name.as_ref() {
            "__file__" | "__filename" => return vec![Val::Text(own_path(module))],
            "__dirname" => return vec![Val::Text(paths::parent(&own_path(module)))],
            "undefined" => return vec![Val::Null],
            _ => {}
        }
        let mut scope = expr.scope;
        let mut first = true;
        for _ in 0..64 {
            let body = module.scope(scope);
            if (first || body.kind != ScopeKind::Class)
                && let Some(bindings) = body.bindings.get(name)
            {
                let reaching = if scope == expr.scope {
                    reaching(module, bindings, Some(expr))
                } else {
                    reaching(module, bindings, None)
                };
                let mut found = Vec::new();
                for binding in reaching {
                    extend(&mut found, self.binding(at, module, scope, name, binding, frame));
                }
                return found;
            }
            first = false;
            match body.parent {
                Some(parent) => scope = parent,
                None => break,
            }
        }
        if let Some(stars) = module.scopes.first().and_then(|top| top.bindings.get("*")) {
            for star in stars {
                if let Bound::Import { module: from, .. } = &star.value
                    && let Some(target) = self.program.resolve(at, from)
                {
                    let found = self.exported(target, name);
                    if !found.is_empty() {
                        return found;
                    }
                }
            }
        }
        // A name that nothing binds: a fragment whose imports are missing, or the language's own.
        vec![Val::External(Arc::clone(name))]
    }

    /// What a module gives under a name.
    pub(super) fn exported(&self, at: usize, name: &str) -> Vec<Val> {
        let Some(module) = self.program.module(at) else { return Vec::new() };
        let top = ScopeId(0);
        if let Some((name, bindings)) = module.scope(top).bindings.get_key_value(name) {
            let mut found = Vec::new();
            for binding in reaching(module, bindings, None) {
                extend(&mut found, self.binding(at, module, top, name, binding, &None));
            }
            return found;
        }
        if let Some(sub) = self.program.submodule(at, name) {
            return vec![Val::Module(sub)];
        }
        // `export default {..}` and `module.exports = {..}` give their fields by name.
        if module.language != Language::Python && name != "default" {
            let mut found = Vec::new();
            for whole in self.exported(at, "default") {
                extend(&mut found, self.attribute(&whole, name));
            }
            return found;
        }
        if let Some(stars) = module.scope(top).bindings.get("*") {
            for star in stars {
                if let Bound::Import { module: from, .. } = &star.value
                    && let Some(target) = self.program.resolve(at, from).filter(|&target| target != at)
                {
                    let found = self.guarded(|| self.exported(target, name));
                    if !found.is_empty() {
                        return found;
                    }
                }
            }
        }
        Vec::new()
    }

    fn guarded(&self, ask: impl FnOnce() -> Vec<Val>) -> Vec<Val> {
        let depth = self.depth.get();
        self.steps.set(self.steps.get() + 1);
        if depth >= DEPTH || self.steps.get() > STEPS {
            return Vec::new();
        }
        self.depth.set(depth + 1);
        let found = ask();
        self.depth.set(depth);
        found
    }

    fn binding(
        &self,
        at: usize,
        module: &'p Module,
        scope: ScopeId,
        name: &str,
        binding: &Binding,
        frame: &Frame,
    ) -> Vec<Val> {
        // The frame speaks of one call; what is bound in another scope does not depend on it.
        let covers = frame.as_ref().is_some_and(|call| call.scope == (at, binding.scope) || call.scope == (at, scope));
        let frame = if covers { frame } else { &None };
        match &binding.value {
            Bound::Expr(expr) => self.eval(at, *expr, frame),
            Bound::Annotated(annotation) => self.annotated(at, *annotation),
            Bound::Element(iterable) => {
                self.eval(at, *iterable, frame).iter().flat_map(|val| self.elements(val)).take(64).collect()
            }
            Bound::Enter(entered) => {
                self.eval(at, *entered, frame).into_iter().flat_map(|val| self.entered(val)).collect()
            }
            Bound::Part(whole, index) => {
                self.eval(at, *whole, frame).iter().flat_map(|val| part(val, *index)).collect()
            }
            Bound::Field(whole, field) => self
                .eval(at, *whole, frame)
                .iter()
                .flat_map(|val| self.guarded(|| self.attribute(val, field)))
                .collect(),
            Bound::Module(path) => match self.program.resolve(at, path) {
                Some(target) => vec![Val::Module(target)],
                None => vec![Val::External(external(module.language, path))],
            },
            Bound::Import { module: path, name } => match self.program.resolve_import(at, path, name) {
                Some((target, None)) => vec![Val::Module(target)],
                Some((target, Some(name))) => self.guarded(|| self.exported(target, &name)),
                None if name.as_ref() == "default" => vec![Val::External(external(module.language, path))],
                None => vec![Val::External(format!("{}.{name}", external(module.language, path)).into())],
            },
            Bound::Function(function) => {
                vec![Val::Function((at, *function), None)]
            }
            Bound::Class(class) => vec![Val::Class((at, *class))],
            Bound::Param(index) => self.param(at, module, scope, name, *index, frame),
        }
    }

    fn annotated(&self, at: usize, annotation: ExprId) -> Vec<Val> {
        match self.guarded(|| self.eval(at, annotation, &None)).into_iter().next() {
            Some(Val::Class(class)) => vec![Val::Instance(class, None)],
            _ => vec![Val::Unknown],
        }
    }

    fn param(
        &self,
        at: usize,
        module: &'p Module,
        scope: ScopeId,
        name: &str,
        index: usize,
        frame: &Frame,
    ) -> Vec<Val> {
        let function = module.scope(scope);
        if let Some(call) = frame.as_ref().filter(|call| call.scope == (at, scope))
            && let Some(Some(given)) = call.args.get(index)
        {
            return given.clone();
        }
        let class = function.parent.filter(|&parent| module.scope(parent).kind == ScopeKind::Class);
        if let (0, Some(class), "self" | "cls" | "this") = (index, class, name) {
            if let Some(this) = frame.as_ref().and_then(|call| call.this.clone()) {
                return vec![this];
            }
            return vec![Val::Instance((at, class), None)];
        }
        let Some(param) = function.params.get(index) else { return vec![Val::Unknown] };
        if param.rest {
            return vec![Val::Unknown];
        }
        let mut found = match param.default {
            Some(default) => self.eval(at, default, &None),
            None => Vec::new(),
        };
        found.retain(|val| !matches!(val, Val::Null | Val::Unknown));
        if !found.is_empty() {
            return found;
        }
        if let Some(fixture) = self.fixture(at, name) {
            return fixture;
        }
        let option = self.option_default(at, scope, name);
        if option.iter().any(|val| matches!(val, Val::Text(_))) {
            return option;
        }
        if frame.is_none() {
            extend(&mut found, self.guarded(|| self.given_by_callers(at, scope, index)));
        }
        if found.is_empty()
            && let Some(annotation) = param.annotation
        {
            found = self.annotated(at, annotation);
            found.retain(|val| !matches!(val, Val::Unknown));
        }
        if found.is_empty() { vec![Val::Unknown] } else { found }
    }

    /// pytest's fixtures: its own temporary folders, and the tree's, which a parameter's name asks for.
    fn fixture(&self, at: usize, name: &str) -> Option<Vec<Val>> {
        if matches!(name, "tmp_path" | "tmpdir" | "tmp_path_factory" | "tmpdir_factory") {
            return Some(vec![Val::Text(temporary(name))]);
        }
        let (home, scope) = self.program.fixture(at, name)?;
        Some(self.guarded(|| self.returns((home, scope), &None)))
    }

    /// What the callers in the tree hand to a parameter.
    fn given_by_callers(&self, at: usize, scope: ScopeId, index: usize) -> Vec<Val> {
        let Some(module) = self.program.module(at) else { return Vec::new() };
        let function = module.scope(scope);
        let class = function.parent.filter(|&parent| module.scope(parent).kind == ScopeKind::Class);
        let (name, position) = match class {
            Some(class) if matches!(function.name.as_ref(), "__init__" | "constructor") => (
                module.scope(class).name.clone(),
                index - usize::from(function.name.as_ref() == "__init__" && index > 0),
            ),
            Some(_) if module.language == Language::Python => (function.name.clone(), index.saturating_sub(1)),
            _ => (function.name.clone(), index),
        };
        let Some(param) = function.params.get(index) else { return Vec::new() };
        let mut found = Vec::new();
        for &(other, call) in self.program.callers(&name).iter().take(24) {
            let Some(body) = self.program.module(other) else { continue };
            let Kind::Call { callee, args } = &body.expr(call).kind else { continue };
            let Some(arg) = argument(args, position, &[param.name.as_ref()]) else { continue };
            // Only a call that does reach this function counts (a name alone proves nothing: HARD-CASES 41).
            let reaches = self.eval(other, *callee, &None).iter().any(|val| match val {
                Val::Function(target, _) => *target == (at, scope),
                Val::Class(target) => Some(target.1) == class && target.0 == at,
                _ => false,
            });
            if reaches {
                extend(&mut found, self.eval(other, arg, &None));
            }
        }
        found.retain(|val| !matches!(val, Val::Null | Val::Unknown));
        found
    }

    // ---- attributes and elements ----

    fn member(
        &self,
        at: usize,
        module: &'p Module,
        expr: &Expr,
        base: ExprId,
        name: &Arc<str>,
        frame: &Frame,
    ) -> Vec<Val> {
        // `this` is no name that anything binds.
        if let (Kind::Name(this), Some(class)) = (&module.expr(base).kind, enclosing_class(module, expr.scope))
            && this.as_ref() == "this"
        {
            let whole = match frame.as_ref().and_then(|call| call.this.clone()) {
                Some(whole) => whole,
                None => Val::Instance((at, class), None),
            };
            return self.attribute(&whole, name);
        }
        let mut found = Vec::new();
        for whole in self.eval(at, base, frame) {
            extend(&mut found, self.guarded(|| self.attribute(&whole, name)));
        }
        if found.is_empty() { vec![Val::Unknown] } else { found }
    }

    pub(super) fn attribute(&self, whole: &Val, name: &str) -> Vec<Val> {
        match whole {
            Val::Text(value) => match name {
                "parent" => vec![Val::Text(paths::parent(value))],
                "name" | "value" if value.base != Base::Temporary => vec![Val::Text(value.clone())],
                "parents" => {
                    let mut up = paths::parent(value);
                    let mut all = Vec::new();
                    for _ in 0..8 {
                        let next = paths::parent(&up);
                        all.push(vec![Val::Text(std::mem::replace(&mut up, next))]);
                    }
                    vec![Val::List(Rc::new(all))]
                }
                "name" => vec![Val::Text(value.clone())],
                _ => vec![Val::Method(Box::new(whole.clone()), name.into())],
            },
            Val::Connection(_) => vec![Val::Method(Box::new(whole.clone()), name.into())],
            Val::Module(module) => {
                let found = self.exported(*module, name);
                if found.is_empty() { vec![Val::Unknown] } else { found }
            }
            Val::External(dotted) => match dotted.strip_prefix("argparse.Namespace#").and_then(|at| at.parse().ok()) {
                Some(at) => self.parsed_argument(at, name),
                None => self.program.external_member(dotted, name),
            },
            Val::Instance(class, frame) => self.of_class(*class, name, frame, Some(whole)),
            Val::Class(class) => self.of_class(*class, name, &None, None),
            Val::Dict(..) => {
                let found = self.field(whole, name);
                if found.is_empty() { vec![Val::Method(Box::new(whole.clone()), name.into())] } else { found }
            }
            Val::List(_) | Val::Unknown | Val::Method(..) => vec![Val::Method(Box::new(whole.clone()), name.into())],
            Val::Function(..) | Val::Null => Vec::new(),
        }
    }

    /// An attribute of a class or of its instance: methods, class attributes, what its methods set, and its bases'.
    fn of_class(&self, class: InModule<ScopeId>, name: &str, frame: &Frame, this: Option<&Val>) -> Vec<Val> {
        let Some(module) = self.program.module(class.0) else { return Vec::new() };
        let body = module.scope(class.1);
        let mut found = Vec::new();
        if let Some((name, bindings)) = body.members.get_key_value(name) {
            for binding in bindings.iter().rev() {
                // The constructor's arguments speak for what the constructor sets.
                let call = frame.as_ref().filter(|call| call.scope == (class.0, binding.scope)).cloned();
                extend(&mut found, self.guarded(|| self.binding(class.0, module, binding.scope, name, binding, &call)));
            }
            found.retain(|val| !matches!(val, Val::Null));
            if found.iter().any(|val| !matches!(val, Val::Unknown)) {
                found.retain(|val| !matches!(val, Val::Unknown));
            }
        }
        if found.is_empty()
            && let Some((name, bindings)) = body.bindings.get_key_value(name)
        {
            for binding in reaching(module, bindings, None) {
                let values = self.guarded(|| self.binding(class.0, module, class.1, name, binding, &None));
                for value in values {
                    found.push(self.bound_to(value, this));
                }
            }
        }
        found = self.setting(class, name, found);
        if found.is_empty() {
            for &base in &body.bases {
                for val in self.guarded(|| self.eval(class.0, base, &None)) {
                    if let Val::Class(base) = val
                        && base != class
                    {
                        extend(&mut found, self.guarded(|| self.of_class(base, name, &None, this)));
                    }
                }
            }
        }
        found
    }

    /// A method learns its object; a property gives what it returns.
    fn bound_to(&self, value: Val, this: Option<&Val>) -> Val {
        let (Val::Function(function, None), Some(this)) = (&value, this) else { return value };
        let Some(module) = self.program.module(function.0) else { return value };
        let decorated = module.scope(function.1).decorators.iter().any(|&decorator| {
            let words = module.source.slice(module.expr(decorator).span);
            matches!(words, "property" | "cached_property" | "functools.cached_property" | "computed_field")
                || words.starts_with("hybrid_property")
        });
        if decorated {
            let call = Some(Rc::new(Call { scope: *function, args: Vec::new(), this: Some(this.clone()) }));
            return self.guarded(|| self.returns(*function, &call)).into_iter().next().unwrap_or(Val::Unknown);
        }
        Val::Function(*function, Some(Box::new(this.clone())))
    }

    /// Fields of pydantic settings are environment variables under their names.
    fn setting(&self, class: InModule<ScopeId>, name: &str, found: Vec<Val>) -> Vec<Val> {
        let Some(prefix) = self.program.settings_prefix(self, class) else { return found };
        let Some(env) = self.program.settings_env(class, name, &prefix) else { return found };
        found
            .into_iter()
            .map(|val| match val {
                Val::Text(default) if default.whole_env().is_none() => {
                    let mut value = Value::env(env.clone(), Some(default.clone()));
                    value.origin.clone_from(&default.origin);
                    value.engine = default.engine;
                    Val::Text(value)
                }
                Val::Null | Val::Unknown => Val::Text(Value::env(env.clone(), None)),
                other => other,
            })
            .collect()
    }

    fn index(&self, at: usize, base: ExprId, key: ExprId, frame: &Frame) -> Vec<Val> {
        let mut found = Vec::new();
        let keys = self.eval(at, key, frame);
        let key = keys.iter().find_map(|val| match val {
            Val::Text(value) => value.rendered(),
            _ => None,
        });
        for whole in self.eval(at, base, frame) {
            match (&whole, &key) {
                (Val::External(dotted), Some(key)) if is_environment(dotted) => {
                    found.push(Val::Text(Value::env(key.clone(), None)))
                }
                (Val::Dict(..), Some(key)) => extend(&mut found, self.field(&whole, key)),
                (Val::List(items), Some(key)) => {
                    if let Some(item) = key.parse::<usize>().ok().and_then(|index| items.get(index)) {
                        extend(&mut found, item.clone());
                    }
                }
                (Val::Dict(..) | Val::List(_), None) => extend(&mut found, self.elements_or_values(&whole)),
                _ => {}
            }
        }
        if found.is_empty() { vec![Val::Unknown] } else { found }
    }

    /// A field of a literal dictionary by its key.
    pub(super) fn field(&self, whole: &Val, key: &str) -> Vec<Val> {
        let Val::Dict((at, id), frame) = whole else { return Vec::new() };
        let Some(module) = self.program.module(*at) else { return Vec::new() };
        let Kind::Dict(pairs) = &module.expr(*id).kind else { return Vec::new() };
        let mut found = Vec::new();
        for (name, value) in pairs.iter().take(256) {
            match name {
                Some(name) => {
                    if static_text(module, *name).is_some_and(|text| text == key) {
                        found = self.guarded(|| self.eval(*at, *value, frame));
                    }
                }
                None => {
                    for spread in self.guarded(|| self.eval(*at, *value, frame)) {
                        let more = self.guarded(|| self.field(&spread, key));
                        if !more.is_empty() {
                            found = more;
                        }
                    }
                }
            }
        }
        found
    }

    fn elements(&self, whole: &Val) -> Vec<Val> {
        match whole {
            Val::List(items) => items.iter().flatten().cloned().collect(),
            Val::Dict((at, id), frame) => {
                self.pairs(*at, *id).flat_map(|(key, _)| self.eval(*at, key, frame)).collect()
            }
            // Looping over a generator that yields a connection gives it.
            Val::Connection(_) => vec![whole.clone()],
            _ => vec![Val::Unknown],
        }
    }

    fn elements_or_values(&self, whole: &Val) -> Vec<Val> {
        match whole {
            Val::Dict((at, id), frame) => {
                self.pairs(*at, *id).flat_map(|(_, value)| self.eval(*at, value, frame)).collect()
            }
            other => self.elements(other),
        }
    }

    fn pairs(&self, at: usize, id: ExprId) -> impl Iterator<Item = (ExprId, ExprId)> + use<'p> {
        let pairs = match self.program.module(at).map(|module| &module.expr(id).kind) {
            Some(Kind::Dict(pairs)) => pairs.as_slice(),
            _ => &[],
        };
        pairs.iter().take(64).filter_map(|(key, value)| key.map(|key| (key, *value)))
    }

    fn entered(&self, val: Val) -> Vec<Val> {
        match &val {
            Val::Instance(class, _) => {
                let enter = ["__enter__", "__aenter__"].iter().find_map(|name| {
                    self.of_class(*class, name, &None, Some(&val)).into_iter().find_map(|found| match found {
                        Val::Function(function, this) => Some((function, this)),
                        _ => None,
                    })
                });
                match enter {
                    Some((function, this)) => {
                        let call =
                            Some(Rc::new(Call { scope: function, args: Vec::new(), this: this.map(|this| *this) }));
                        self.guarded(|| self.returns(function, &call))
                    }
                    None => vec![val],
                }
            }
            _ => vec![val],
        }
    }

    // ---- calls ----

    fn call(
        &self,
        at: usize,
        module: &'p Module,
        expr: &Expr,
        callee: ExprId,
        args: &[Arg],
        frame: &Frame,
    ) -> Vec<Val> {
        let mut found = Vec::new();
        for function in self.eval(at, callee, frame) {
            match function {
                Val::External(name) => extend(&mut found, self.call_known(at, module, expr, &name, args, frame)),
                Val::Method(whole, method) => extend(&mut found, self.call_method(at, &whole, &method, args, frame)),
                Val::Function(function, this) => {
                    let call = self.frame(at, function, args, frame, this.map(|this| *this));
                    extend(&mut found, self.guarded(|| self.returns(function, &call)));
                }
                Val::Class(class) => {
                    let frame = self
                        .constructor(class)
                        .and_then(|init| self.frame(at, init, args, frame, Some(Val::Instance(class, None))));
                    found.push(Val::Instance(class, frame));
                }
                Val::Connection(_) => found.push(function),
                // `require("better-sqlite3")(path)`: a module that is called.
                Val::Module(module) => {
                    for default in self.exported(module, "default") {
                        if let Val::Function(function, _) = default {
                            let call = self.frame(at, function, args, frame, None);
                            extend(&mut found, self.guarded(|| self.returns(function, &call)));
                        }
                    }
                }
                _ => {}
            }
        }
        if found.is_empty() { vec![Val::Unknown] } else { found }
    }

    fn constructor(&self, class: InModule<ScopeId>) -> Option<InModule<ScopeId>> {
        let module = self.program.module(class.0)?;
        let body = module.scope(class.1);
        for name in ["__init__", "constructor"] {
            if let Some(Binding { value: Bound::Function(function), .. }) =
                body.bindings.get(name).and_then(|bindings| bindings.last())
            {
                return Some((class.0, *function));
            }
        }
        None
    }

    fn frame(&self, at: usize, function: InModule<ScopeId>, args: &[Arg], frame: &Frame, this: Option<Val>) -> Frame {
        let module = self.program.module(function.0)?;
        let scope = module.scope(function.1);
        let method = this.is_some() && module.language == Language::Python;
        let mut given = vec![None; scope.params.len()];
        let mut position = usize::from(method);
        for arg in args {
            let index = match arg.name.as_deref() {
                Some("*" | "**") => break,
                Some(name) => scope.params.iter().position(|param| param.name.as_ref() == name),
                None => {
                    position += 1;
                    Some(position - 1)
                }
            };
            if let Some(slot) = index.and_then(|index| given.get_mut(index)) {
                let mut values = self.eval(at, arg.value, frame);
                values.retain(|val| !matches!(val, Val::Null));
                if !values.is_empty() {
                    *slot = Some(values);
                }
            }
        }
        Some(Rc::new(Call { scope: function, args: given, this }))
    }

    /// What a function gives: what it returns or yields.
    pub(super) fn returns(&self, function: InModule<ScopeId>, frame: &Frame) -> Vec<Val> {
        let Some(module) = self.program.module(function.0) else { return Vec::new() };
        let mut found = Vec::new();
        for &value in module.scope(function.1).returns.iter().take(8) {
            extend(&mut found, self.eval(function.0, value, frame));
        }
        if found.iter().any(|val| !matches!(val, Val::Unknown | Val::Null)) {
            found.retain(|val| !matches!(val, Val::Unknown | Val::Null));
        }
        found
    }

    fn call_known(
        &self,
        at: usize,
        module: &'p Module,
        expr: &Expr,
        name: &str,
        args: &[Arg],
        frame: &Frame,
    ) -> Vec<Val> {
        let first = |position: usize, keywords: &[&str]| {
            argument(args, position, keywords).map(|arg| self.eval(at, arg, frame))
        };
        match self.program.known(name) {
            Some(Known::Open(opener)) => {
                let values =
                    first(opener.position, opener.keywords).map(|found| self.opened(found)).unwrap_or_default();
                vec![Val::Connection(Rc::new(values))]
            }
            Some(Known::Join) => {
                let mut joined: Option<Vec<Value>> = None;
                for arg in args {
                    let mut values = paths_of(self.eval(at, arg.value, frame));
                    if values.is_empty() {
                        values.push(Self::words(module, module.expr(arg.value)));
                    }
                    joined = Some(match joined {
                        None => values,
                        Some(lefts) => lefts
                            .iter()
                            .flat_map(|left| values.iter().map(|right| paths::join(left, right)))
                            .take(ALTERNATIVES)
                            .collect(),
                    });
                }
                joined.unwrap_or_else(|| vec![Value::text(".")]).into_iter().map(Val::Text).collect()
            }
            Some(Known::Same) => {
                // `cast(str, x)` has its value second.
                let position = usize::from(matches!(name, "cast" | "typing.cast"));
                first(position, &[]).unwrap_or_default()
            }
            Some(Known::Parent) => first(0, &[])
                .map(paths_of)
                .unwrap_or_default()
                .iter()
                .map(|value| Val::Text(paths::parent(value)))
                .collect(),
            Some(Known::Env) => self.environment(at, module, expr, args, frame),
            Some(Known::Temporary) => vec![Val::Text(temporary(name))],
            Some(Known::Home) => {
                vec![Val::Text(Value { base: Base::Home, parts: vec![Part::Text("~".into())], ..Value::default() })]
            }
            Some(Known::Cwd) => vec![Val::Text(Value::text("."))],
            Some(Known::Sql) => first(0, &["text"]).unwrap_or_default(),
            Some(Known::Wraps) => ["bind", "engine", "class_"]
                .iter()
                .find_map(|keyword| argument(args, usize::MAX, &[keyword]))
                .or_else(|| argument(args, 0, &[]))
                .map(|arg| self.eval(at, arg, frame))
                .unwrap_or_default(),
            Some(Known::Copy | Known::Command | Known::DottedName) => vec![Val::Unknown],
            None => self.program.unknown_call(self, at, name, args, frame),
        }
    }

    /// The databases that opening any of these opens; options like `{ filename }` are looked into.
    pub(super) fn opened(&self, found: Vec<Val>) -> Vec<Value> {
        let mut paths = Vec::new();
        for val in found {
            if !matches!(val, Val::Dict(..)) {
                paths.push(val);
                continue;
            }
            let keys = ["filename", "url", "storage", "database", "path", "connection", "name"];
            let option = keys.iter().map(|key| self.guarded(|| self.field(&val, key))).find(|found| !found.is_empty());
            paths.extend(self.opened(option.unwrap_or_default()).into_iter().map(Val::Text));
        }
        paths_of(paths)
    }

    fn environment(&self, at: usize, module: &'p Module, expr: &Expr, args: &[Arg], frame: &Frame) -> Vec<Val> {
        let name =
            argument(args, 0, &["key", "name", "env", "var"]).map(|arg| self.eval(at, arg, frame)).and_then(|found| {
                found.into_iter().find_map(|val| match val {
                    Val::Text(value) => value.rendered(),
                    _ => None,
                })
            });
        let Some(name) = name else { return vec![Val::Unknown] };
        let origin = module.source.place(expr.span);
        let defaults = argument(args, 1, &["default", "default_value", "fallback"])
            .map(|arg| paths_of(self.eval(at, arg, frame)))
            .unwrap_or_default();
        if defaults.is_empty() {
            return vec![Val::Text(Value::env(name, None).with_origin(origin))];
        }
        defaults
            .into_iter()
            .map(|default| {
                let place = default.origin.clone().unwrap_or_else(|| origin.clone());
                let engine = default.engine;
                let mut value = Value::env(name.clone(), Some(default)).with_origin(place);
                value.engine = engine;
                Val::Text(value)
            })
            .collect()
    }

    fn call_method(&self, at: usize, whole: &Val, method: &str, args: &[Arg], frame: &Frame) -> Vec<Val> {
        let first = || argument(args, 0, &[]).map(|arg| self.eval(at, arg, frame)).unwrap_or_default();
        match whole {
            Val::Connection(_) if known::keeps_connection(method) => vec![whole.clone()],
            Val::Text(value) => match method {
                "joinpath" | "join" => {
                    let mut joined = value.clone();
                    for arg in args {
                        let right = paths_of(self.eval(at, arg.value, frame))
                            .into_iter()
                            .next()
                            .unwrap_or_else(|| Value::unknown("?"));
                        joined = paths::join(&joined, &right);
                    }
                    vec![Val::Text(joined)]
                }
                "with_name" => paths_of(first()).iter().map(|name| Val::Text(paths::with_name(value, name))).collect(),
                "with_suffix" => {
                    paths_of(first()).iter().map(|suffix| Val::Text(paths::with_suffix(value, suffix))).collect()
                }
                "format" => {
                    let given: Vec<Vec<Val>> = args
                        .iter()
                        .filter(|arg| arg.name.is_none())
                        .map(|arg| self.eval(at, arg.value, frame))
                        .collect();
                    vec![Val::Text(fill(value, &["{}", "{0}"], &given))]
                }
                "resolve" | "absolute" | "expanduser" | "as_posix" | "strip" | "rstrip" | "lstrip" | "toString"
                | "trim" | "__str__" | "normpath" | "encode" | "decode" | "replace" | "removeprefix"
                | "get_secret_value" | "unicode_string" | "render_as_string" | "mktemp" | "mkdir" | "getbasetemp"
                | "as_uri" | "lower" => {
                    vec![whole.clone()]
                }
                _ => vec![Val::Unknown],
            },
            Val::Dict(..) => match method {
                "get" | "pop" => {
                    let key = first().into_iter().find_map(|val| match val {
                        Val::Text(value) => value.rendered(),
                        _ => None,
                    });
                    let mut found = key.map(|key| self.field(whole, &key)).unwrap_or_default();
                    if found.is_empty() {
                        found =
                            argument(args, 1, &["default"]).map(|arg| self.eval(at, arg, frame)).unwrap_or_default();
                    }
                    found
                }
                "values" => {
                    vec![Val::List(Rc::new(self.elements_or_values(whole).into_iter().map(|val| vec![val]).collect()))]
                }
                "keys" => vec![Val::List(Rc::new(self.elements(whole).into_iter().map(|val| vec![val]).collect()))],
                "items" => {
                    let Val::Dict((home, id), inner) = whole else { return Vec::new() };
                    let items = self.pairs(*home, *id).map(|(key, value)| {
                        vec![Val::List(Rc::new(vec![self.eval(*home, key, inner), self.eval(*home, value, inner)]))]
                    });
                    vec![Val::List(Rc::new(items.collect()))]
                }
                _ => vec![Val::Unknown],
            },
            // `config.get("db_path", "x.db")` of an object nobody knows: the default is what is known.
            Val::Unknown | Val::Method(..) | Val::Instance(..)
                if matches!(method, "get" | "getenv" | "get_option" | "setdefault") && args.len() >= 2 =>
            {
                let mut found = argument(args, 1, &["default", "fallback"])
                    .map(|arg| self.eval(at, arg, frame))
                    .unwrap_or_default();
                found.retain(|val| matches!(val, Val::Text(_)));
                found
            }
            _ => vec![Val::Unknown],
        }
    }
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

/// The bindings of a name that can reach a use: back from it to the first that surely ran before.
fn reaching<'b>(module: &Module, bindings: &'b [Binding], expr: Option<&Expr>) -> Vec<&'b Binding> {
    let mut found = Vec::new();
    let before: Vec<&Binding> = match expr {
        Some(expr) => bindings.iter().filter(|binding| binding.span.start < expr.span.start).collect(),
        None => bindings.iter().collect(),
    };
    // A name used before it is bound is bound by a loop around, or further down at module level.
    let before = if before.is_empty() { bindings.iter().collect() } else { before };
    for binding in before.into_iter().rev() {
        if let Some(expr) = expr
            && excluded(module, binding, expr)
        {
            continue;
        }
        found.push(binding);
        let surely = match expr {
            Some(expr) => is_within(module, expr.block, binding.block),
            None => {
                module.block(binding.block).parent.is_none_or(|parent| module.block(parent).parent.is_none())
                    && module.block(binding.block).group.is_none()
            }
        };
        if surely {
            break;
        }
        if found.len() >= ALTERNATIVES {
            break;
        }
    }
    found
}

/// `block` lies in `outer`, or is it.
fn is_within(module: &Module, block: super::ir::BlockId, outer: super::ir::BlockId) -> bool {
    let mut at = Some(block);
    for _ in 0..256 {
        match at {
            Some(block) if block == outer => return true,
            Some(block) => at = module.block(block).parent,
            None => return false,
        }
    }
    false
}

/// The binding stands in a branch that the use's branch excludes (`if` against its `else`).
fn excluded(module: &Module, binding: &Binding, expr: &Expr) -> bool {
    let mut at = Some(binding.block);
    for _ in 0..256 {
        let Some(id) = at else { return false };
        let block = module.block(id);
        if let Some(group) = block.group {
            let mut other = Some(expr.block);
            while let Some(other_id) = other {
                if other_id == id {
                    break;
                }
                let other_block = module.block(other_id);
                if other_block.group == Some(group) {
                    return true;
                }
                other = other_block.parent;
            }
        }
        at = block.parent;
    }
    false
}

pub(super) fn argument(args: &[Arg], position: usize, keywords: &[&str]) -> Option<ExprId> {
    let by_name = args.iter().find(|arg| arg.name.as_deref().is_some_and(|name| keywords.contains(&name)));
    by_name.or_else(|| args.iter().filter(|arg| arg.name.is_none()).nth(position)).map(|arg| arg.value)
}

pub(super) fn static_text(module: &Module, expr: ExprId) -> Option<String> {
    match &module.expr(expr).kind {
        Kind::Text(pieces) => {
            let mut text = String::new();
            for piece in pieces {
                match piece {
                    Piece::Text(run, _) => text.push_str(run),
                    Piece::Hole(_) => return None,
                }
            }
            Some(text)
        }
        Kind::Name(name) => Some(name.to_string()),
        Kind::Number(digits) => Some(digits.to_string()),
        _ => None,
    }
}

fn extend(found: &mut Vec<Val>, more: Vec<Val>) {
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

fn part(whole: &Val, index: usize) -> Vec<Val> {
    match whole {
        Val::List(items) => items.get(index).cloned().unwrap_or_default(),
        Val::Connection(_) => vec![whole.clone()],
        Val::Text(value) if value.base == Base::Temporary => vec![whole.clone()],
        _ => vec![Val::Unknown],
    }
}

fn own_path(module: &Module) -> Value {
    Value { base: Base::Root, parts: vec![Part::Text(module.source.path.to_string())], ..Value::default() }
}

pub(super) fn temporary(words: &str) -> Value {
    Value { base: Base::Temporary, parts: vec![Part::Unknown(words.to_owned())], ..Value::default() }
}

pub(super) fn is_environment(dotted: &str) -> bool {
    matches!(dotted, "os.environ" | "environ" | "process.env" | "import.meta.env" | "Bun.env" | "node:process.env")
}

pub(super) fn enclosing_class(module: &Module, scope: ScopeId) -> Option<ScopeId> {
    let mut at = Some(scope);
    for _ in 0..64 {
        let id = at?;
        let body = module.scope(id);
        if body.kind == ScopeKind::Class {
            return Some(id);
        }
        at = body.parent;
    }
    None
}

/// A module outside the tree under the name that the tables know it by.
fn external(language: Language, path: &str) -> Arc<str> {
    match language {
        Language::Python => path.trim_start_matches('.').into(),
        _ => path.strip_prefix("node:").filter(|rest| *rest != "sqlite").unwrap_or(path).into(),
    }
}

/// Fills a template's holes, in order, with what is known of the arguments.
fn fill(template: &Value, holes: &[&str], args: &[Vec<Val>]) -> Value {
    let mut out = Value { origin: template.origin.clone(), ..Value::default() };
    let mut next = 0;
    for part in &template.parts {
        let Part::Text(text) = part else {
            out.parts.push(part.clone());
            continue;
        };
        let mut rest = text.as_str();
        loop {
            let hit = holes.iter().filter_map(|hole| rest.find(hole).map(|at| (at, hole.len()))).min();
            let (at, length) = match hit {
                Some(hit) => hit,
                None => match named_hole(rest) {
                    Some(hit) => hit,
                    None => break,
                },
            };
            paths::push_text(&mut out.parts, &rest[..at]);
            let hole = &rest[at..at + length];
            let value = args.get(next).cloned().map(paths_of).and_then(|values| values.into_iter().next());
            next += 1;
            match value {
                Some(value) => {
                    if out.parts.is_empty()
                        || matches!(out.parts.as_slice(), [Part::Text(text)] if text.ends_with("://") || text.ends_with(":///"))
                    {
                        out.base = value.base;
                    }
                    paths::append(&mut out.parts, &value.parts);
                }
                None => out.parts.push(Part::Unknown(hole.to_owned())),
            }
            rest = &rest[at + length..];
        }
        paths::push_text(&mut out.parts, rest);
    }
    paths::settle(out)
}

/// `{name}` in a template: its place and length.
fn named_hole(text: &str) -> Option<(usize, usize)> {
    let open = text.find('{')?;
    let close = text[open..].find('}')?;
    Some((open, close + 1))
}
