//! Which literals an expression can be, followed backwards through names, parameters, loops and collections. Unlike the evaluator
//! it keeps every one of them, because a table is renamed in all places or in none. Decides nothing.

use std::collections::HashSet;

use super::evaluate::{Evaluator, InModule, Val, argument};
use super::ir::{Binding, Bound, ExprId, Kind, Module, Op, ScopeId, ScopeKind};
use super::names::reaching;
use super::outline::CALLERS;

/// Names, calls and collections followed from an expression.
const DEPTH: u32 = 12;
/// Expressions looked at for one question.
const STEPS: u32 = 4_000;

/// A way into a collection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    /// What a loop gives: each element, each key.
    Each,
    /// The part with that number.
    Part(usize),
    /// What a key leads to.
    Field(String),
    /// Every value of a dictionary.
    Value,
}

/// Every string literal that an expression can be, with its module.
pub(super) fn literals_behind(evaluator: &Evaluator<'_>, at: usize, expr: ExprId) -> Vec<InModule<ExprId>> {
    let mut search = Search { evaluator, found: Vec::new(), seen: HashSet::new(), steps: 0 };
    search.walk(at, expr, &[], 0);
    search.found
}

/// Every string literal that is an element of what an expression can be.
pub(super) fn elements_behind(evaluator: &Evaluator<'_>, at: usize, expr: ExprId) -> Vec<InModule<ExprId>> {
    let mut search = Search { evaluator, found: Vec::new(), seen: HashSet::new(), steps: 0 };
    search.walk(at, expr, &[Step::Each], 0);
    search.found
}

struct Search<'e, 'p> {
    evaluator: &'e Evaluator<'p>,
    found: Vec<InModule<ExprId>>,
    seen: HashSet<(usize, ExprId, Vec<Step>)>,
    steps: u32,
}

impl<'p> Search<'_, 'p> {
    /// Follows `expr`; `path` leads from its value to the text that is asked for.
    fn walk(&mut self, at: usize, expr: ExprId, path: &[Step], depth: u32) {
        self.steps += 1;
        if depth > DEPTH || self.steps > STEPS || !self.seen.insert((at, expr, path.to_vec())) {
            return;
        }
        let Some(module) = self.evaluator.program.module(at) else { return };
        let next = depth + 1;
        match &module.expr(expr).kind {
            // Nothing is walked twice on the same path, so nothing is found twice.
            Kind::Text(_) if path.is_empty() => self.found.push((at, expr)),
            Kind::Cond { then, otherwise, .. } => {
                self.walk(at, *then, path, next);
                self.walk(at, *otherwise, path, next);
            }
            Kind::Binary { op: Op::Or | Op::And, left, right } => {
                self.walk(at, *left, path, next);
                self.walk(at, *right, path, next);
            }
            Kind::Binary { op: Op::Add | Op::Other, left, right } if !path.is_empty() => {
                self.walk(at, *left, path, next);
                self.walk(at, *right, path, next);
            }
            Kind::List(parts) => match path.split_first() {
                Some((Step::Each, rest)) => parts.iter().for_each(|&part| self.walk(at, part, rest, next)),
                Some((Step::Part(index), rest)) => {
                    if let Some(&part) = parts.get(*index) {
                        self.walk(at, part, rest, next);
                    }
                }
                _ => {}
            },
            Kind::Dict(pairs) => self.dictionary(at, module, pairs, path, next),
            Kind::Index(base, key) => {
                let step = match &module.expr(*key).kind {
                    Kind::Opaque(parts) if parts.is_empty() => Step::Each,
                    Kind::Number(digits) => match digits.parse() {
                        Ok(index) => Step::Part(index),
                        Err(_) => return,
                    },
                    Kind::Text(_) => match super::evaluate::static_text(module, *key) {
                        Some(key) => Step::Field(key),
                        None => return,
                    },
                    _ => Step::Value,
                };
                self.walk(at, *base, &then(step, path), next);
            }
            Kind::Call { callee, args } => {
                self.call(at, module, *callee, args.first().map(|arg| arg.value), path, next)
            }
            Kind::Name(name) => self.name(at, module, expr, name, path, next),
            Kind::Member(base, name) => self.member(at, module, *base, name, path, next),
            _ => {}
        }
    }

    fn dictionary(
        &mut self,
        at: usize,
        module: &'p Module,
        pairs: &[(Option<ExprId>, ExprId)],
        path: &[Step],
        depth: u32,
    ) {
        let Some((step, rest)) = path.split_first() else { return };
        for &(key, value) in pairs {
            match (step, key) {
                (Step::Each, Some(key)) => self.walk(at, key, rest, depth),
                (Step::Value, Some(_)) => self.walk(at, value, rest, depth),
                (Step::Field(field), Some(key))
                    if super::evaluate::static_text(module, key).as_deref() == Some(field.as_str()) =>
                {
                    self.walk(at, value, rest, depth);
                }
                // `{**other}`
                (_, None) => self.walk(at, value, path, depth),
                _ => {}
            }
        }
    }

    fn call(
        &mut self,
        at: usize,
        module: &'p Module,
        callee: ExprId,
        first: Option<ExprId>,
        path: &[Step],
        depth: u32,
    ) {
        match (&module.expr(callee).kind, path) {
            (Kind::Member(base, method), [Step::Each, rest @ ..]) => match (method.as_ref(), rest) {
                ("keys" | "copy" | "union" | "difference" | "intersection", _) => self.walk(at, *base, path, depth),
                ("values", _) => self.walk(at, *base, &then(Step::Value, rest), depth),
                ("items", [Step::Part(0), rest @ ..]) => self.walk(at, *base, &then(Step::Each, rest), depth),
                ("items", [Step::Part(1), rest @ ..]) => self.walk(at, *base, &then(Step::Value, rest), depth),
                _ => {}
            },
            (Kind::Name(name), _) => {
                let Some(first) = first else { return };
                match (name.as_ref(), path) {
                    ("list" | "tuple" | "set" | "frozenset" | "sorted" | "reversed" | "iter" | "dict", _) => {
                        self.walk(at, first, path, depth);
                    }
                    ("enumerate", [Step::Each, Step::Part(1), rest @ ..]) => {
                        self.walk(at, first, &then(Step::Each, rest), depth);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn name(&mut self, at: usize, module: &'p Module, expr: ExprId, name: &str, path: &[Step], depth: u32) {
        let own = module.expr(expr);
        let mut scope = Some(own.scope);
        for _ in 0..64 {
            let Some(id) = scope else { return };
            let body = module.scope(id);
            if let Some(bindings) = body.bindings.get(name)
                && (id == own.scope || body.kind != ScopeKind::Class)
            {
                let from = (id == own.scope).then_some(own);
                for binding in reaching(module, bindings, from) {
                    self.binding(at, module, id, binding, path, depth);
                }
                if path.first() == Some(&Step::Each) {
                    self.appended(at, module, id, name, path, depth);
                }
                return;
            }
            scope = body.parent;
        }
    }

    /// `names.append("users")`.
    fn appended(&mut self, at: usize, module: &'p Module, scope: ScopeId, name: &str, path: &[Step], depth: u32) {
        for &call in &module.calls {
            if let Kind::Call { callee, args } = &module.expr(call).kind
                && let Kind::Member(base, method) = &module.expr(*callee).kind
                && matches!(method.as_ref(), "append" | "add" | "extend" | "update")
                && matches!(&module.expr(*base).kind, Kind::Name(own) if own.as_ref() == name)
                && module.expr(*base).scope == scope
                && let Some(first) = args.first()
            {
                let whole = matches!(method.as_ref(), "extend" | "update");
                self.walk(at, first.value, if whole { path } else { path.get(1..).unwrap_or_default() }, depth);
            }
        }
    }

    fn member(&mut self, at: usize, module: &'p Module, base: ExprId, name: &str, path: &[Step], depth: u32) {
        let own = matches!(&module.expr(base).kind, Kind::Name(base) if matches!(base.as_ref(), "self" | "cls"));
        if own {
            let Some(class) = super::members::enclosing_class(module, module.expr(base).scope) else { return };
            let body = module.scope(class);
            for binding in [body.bindings.get(name), body.members.get(name)].into_iter().flatten().flatten() {
                self.binding(at, module, class, binding, path, depth);
            }
            return;
        }
        for val in self.evaluator.ask(at, base) {
            let (home, scope) = match val {
                Val::Module(home) => (home, ScopeId(0)),
                Val::Class((home, class)) | Val::Instance((home, class), _) => (home, class),
                _ => continue,
            };
            let Some(module) = self.evaluator.program.module(home) else { continue };
            let body = module.scope(scope);
            for binding in [body.bindings.get(name), body.members.get(name)].into_iter().flatten().flatten() {
                self.binding(home, module, scope, binding, path, depth);
            }
        }
    }

    fn binding(&mut self, at: usize, module: &'p Module, scope: ScopeId, binding: &Binding, path: &[Step], depth: u32) {
        match &binding.value {
            Bound::Expr(value) => self.walk(at, *value, path, depth + 1),
            Bound::Element(iterable) => self.walk(at, *iterable, &then(Step::Each, path), depth + 1),
            Bound::Part(whole, index) => self.walk(at, *whole, &then(Step::Part(*index), path), depth + 1),
            Bound::Param(index) => self.parameter(at, module, scope, *index, path, depth + 1),
            Bound::Import { module: from, name } => {
                if let Some((home, Some(name))) = self.evaluator.program.resolve_import(at, from, name)
                    && let Some(module) = self.evaluator.program.module(home)
                    && let Some(bindings) = module.scopes.first().and_then(|top| top.bindings.get(name.as_str()))
                {
                    for binding in bindings {
                        self.binding(home, module, ScopeId(0), binding, path, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    /// What callers hand to a parameter, those in tests included, and its default.
    fn parameter(&mut self, at: usize, module: &'p Module, scope: ScopeId, index: usize, path: &[Step], depth: u32) {
        let function = module.scope(scope);
        let Some(param) = function.params.get(index) else { return };
        if let Some(default) = param.default {
            self.walk(at, default, path, depth);
        }
        let class = function.parent.filter(|&parent| module.scope(parent).kind == ScopeKind::Class);
        let python = module.language == crate::lang::Language::Python;
        let (name, position) = match class {
            Some(class) if matches!(function.name.as_ref(), "__init__" | "constructor") => {
                (&module.scope(class).name, index.saturating_sub(usize::from(python)))
            }
            Some(_) if python => (&function.name, index.saturating_sub(1)),
            _ => (&function.name, index),
        };
        for (other, call) in self.evaluator.program.every_caller(name).take(CALLERS) {
            let Some(body) = self.evaluator.program.module(other) else { continue };
            let Kind::Call { callee, args } = &body.expr(call).kind else { continue };
            let Some(arg) = argument(args, position, &[param.name.as_ref()]) else { continue };
            let reaches = self.evaluator.ask(other, *callee).iter().any(|val| match val {
                Val::Function(target, _) => *target == (at, scope),
                Val::Class(target) => target.0 == at && Some(target.1) == class,
                _ => false,
            });
            if reaches {
                self.walk(other, arg, path, depth);
            }
        }
    }
}

fn then(first: Step, rest: &[Step]) -> Vec<Step> {
    std::iter::once(first).chain(rest.iter().cloned()).collect()
}
