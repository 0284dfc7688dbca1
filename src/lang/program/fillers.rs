//! Literals that reach SQL through names: where each stands, and whether it is a table's name wherever it goes.

use std::cell::Cell;

use super::evaluate::{Evaluator, InModule, Val};
use super::ir::{Bound, ExprId, Kind, Module, Op, Piece, ScopeId, ScopeKind};
use super::known;
use super::usage::{Purpose, Usage};
use crate::lang::sql;
use crate::text::{Place, Span};

/// Names, parameters and lists followed from a literal.
const DEPTH: u32 = 6;
/// Expressions looked at for one literal.
const STEPS: u32 = 400;

pub(super) struct Fillers<'e, 'p> {
    evaluator: &'e Evaluator<'p>,
    steps: Cell<u32>,
}

/// Where else a literal goes.
type Elsewhere = Option<String>;

impl<'e, 'p> Fillers<'e, 'p> {
    pub(super) fn new(evaluator: &'e Evaluator<'p>) -> Self {
        Self { evaluator, steps: Cell::new(0) }
    }

    fn module(&self, at: usize) -> Option<&'p Module> {
        self.evaluator.program.module(at)
    }

    /// The string literal at a place.
    pub(super) fn literal(&self, place: &Place) -> Option<InModule<ExprId>> {
        let at = self.evaluator.program.at(&place.file)?;
        let module = self.module(at)?;
        let literal = module.texts.iter().copied().find(|&text| module.expr(text).span == place.span)?;
        Some((at, literal))
    }

    /// The place of the name inside its quotes; `None` where the literal is more than the name.
    pub(super) fn name(&self, at: usize, literal: ExprId, name: &str) -> Option<Place> {
        let module = self.module(at)?;
        let Kind::Text(pieces) = &module.expr(literal).kind else { return None };
        match pieces.as_slice() {
            [Piece::Text(text, span)] if text == name && (span.end - span.start) as usize == name.len() => {
                Some(module.source.place(Span { start: span.start, end: span.end }))
            }
            _ => None,
        }
    }

    /// Why the literal is not only the name of a table.
    pub(super) fn other_use(&self, at: usize, literal: ExprId) -> Elsewhere {
        self.follow(at, literal, 0)
    }

    fn follow(&self, at: usize, expr: ExprId, depth: u32) -> Elsewhere {
        self.steps.set(self.steps.get() + 1);
        if depth > DEPTH || self.steps.get() > STEPS {
            return Some("where the name goes cannot be followed".to_owned());
        }
        let module = self.module(at)?;
        let usage = Usage::of(module);
        if let Some(named) = usage.named(expr) {
            return self.follow_name(at, named.scope, &named.name, depth + 1);
        }
        if usage.target(expr).is_some() {
            return Some("the name is kept in an object".to_owned());
        }
        let parent = module.expr(expr).parent?;
        match &module.expr(parent).kind {
            Kind::List(_) | Kind::Cond { .. } | Kind::Binary { op: Op::Or | Op::And, .. } => {
                self.follow(at, parent, depth + 1)
            }
            Kind::Text(_) => self.filled(module, &usage, parent),
            Kind::Binary { op: Op::Add | Op::Mod, .. } => self.filled(module, &usage, parent),
            Kind::Binary { op: Op::Compare, .. } => Some("the name is compared with something".to_owned()),
            Kind::Index(base, key) if *key == expr => {
                let table = self.evaluator.ask(at, *base).iter().any(|val| matches!(val, Val::Connection(_)));
                (!table).then(|| "the name is the key of something else as well".to_owned())
            }
            Kind::Call { callee, args } if *callee != expr => {
                let position = args.iter().filter(|arg| arg.name.is_none()).position(|arg| arg.value == expr);
                let keyword =
                    args.iter().find(|arg| arg.value == expr).and_then(|arg| arg.name.as_deref()).map(str::to_owned);
                self.handed(at, module, &usage, (expr, *callee), (position, keyword), depth)
            }
            Kind::Dict(_) => Some("the name stands in a dictionary".to_owned()),
            Kind::Member(..) => Some("the name is worked on".to_owned()),
            _ => None,
        }
    }

    /// Filled into SQL, or into a message.
    fn filled(&self, module: &Module, usage: &Usage<'_>, text: ExprId) -> Elsewhere {
        let mut whole = text;
        while let Some(parent) = module.expr(whole).parent
            && matches!(module.expr(parent).kind, Kind::Binary { op: Op::Add | Op::Mod, .. })
        {
            whole = parent;
        }
        let mut words = String::new();
        spell(module, whole, &mut words);
        let said = matches!(usage.purpose(text), Purpose::Spoken("message" | "help text"));
        (!said && !sql::looks_like_sql(&words)).then(|| "the name fills another text as well".to_owned())
    }

    fn handed(
        &self,
        at: usize,
        module: &Module,
        usage: &Usage<'_>,
        (expr, callee): (ExprId, ExprId),
        (position, keyword): (Option<usize>, Option<String>),
        depth: u32,
    ) -> Elsewhere {
        if matches!(usage.purpose(expr), Purpose::Spoken("message" | "help text")) {
            return None;
        }
        let name = match &module.expr(callee).kind {
            Kind::Name(name) | Kind::Member(_, name) => name.to_string(),
            _ => String::new(),
        };
        if let Kind::Member(base, method) = &module.expr(callee).kind {
            if method.as_ref() == "format" {
                return self.filled(module, usage, *base);
            }
            if known::runs_sql(method) || method.as_ref() == "table" {
                return None;
            }
        }
        for val in self.evaluator.ask(at, callee) {
            let (function, method) = match val {
                Val::Function(function, this) => (Some(function), this.is_some()),
                Val::Class(class) => (self.evaluator.constructor(class), true),
                _ => continue,
            };
            let Some((home, scope)) = function else { continue };
            let Some(params) = self.module(home).map(|module| &module.scope(scope).params) else { continue };
            let given = match (&keyword, position) {
                (Some(keyword), _) => params.iter().find(|param| param.name.as_ref() == keyword.as_str()),
                (None, Some(position)) => params.get(position + usize::from(method)),
                _ => None,
            };
            let Some(given) = given else { continue };
            return self.follow_name(home, scope, &given.name, depth + 1);
        }
        Some(format!("the name is handed to `{name}` as well"))
    }

    /// Every use of a name that is bound in a scope, in its module and in those that import it.
    fn follow_name(&self, at: usize, scope: ScopeId, name: &str, depth: u32) -> Elsewhere {
        let module = self.module(at)?;
        if module.scope(scope).kind == ScopeKind::Class {
            return Some("the name is kept in an object".to_owned());
        }
        for index in 0..module.exprs.len() {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            let expr = module.expr(id);
            let same = matches!(&expr.kind, Kind::Name(own) if own.as_ref() == name);
            if same
                && home(module, expr.scope, name) == Some(scope)
                && let Some(reason) = self.follow(at, id, depth + 1)
            {
                return Some(reason);
            }
        }
        if scope == ScopeId(0) {
            for &other in self.evaluator.program.main() {
                let Some(importer) = self.module(other).filter(|_| other != at) else { continue };
                for (local, bindings) in importer.scopes.iter().flat_map(|scope| &scope.bindings) {
                    for binding in bindings {
                        if let Bound::Import { module: path, name: imported } = &binding.value
                            && imported.as_ref() == name
                            && self.evaluator.program.resolve(other, path) == Some(at)
                            && let Some(reason) = self.follow_name(other, binding.scope, local, depth + 1)
                        {
                            return Some(reason);
                        }
                    }
                }
                let members = importer.exprs.iter().any(|expr| {
                    matches!(&expr.kind, Kind::Member(base, own) if own.as_ref() == name
                        && self.evaluator.ask(other, *base).iter().any(|val| matches!(val, Val::Module(home) if *home == at)))
                });
                if members {
                    return Some(format!("`{}` uses the name as well", importer.source.path));
                }
            }
        }
        None
    }
}

/// The text that an expression makes, with a mark for what code fills in.
fn spell(module: &Module, expr: ExprId, words: &mut String) {
    match &module.expr(expr).kind {
        Kind::Text(pieces) => pieces.iter().for_each(|piece| match piece {
            Piece::Text(text, _) => words.push_str(text),
            Piece::Hole(_) => words.push(sql::HOLE),
        }),
        Kind::Binary { op: Op::Add, left, right } => {
            spell(module, *left, words);
            spell(module, *right, words);
        }
        Kind::Binary { op: Op::Mod, left, .. } => spell(module, *left, words),
        _ => words.push(sql::HOLE),
    }
}

/// The scope that a name means.
fn home(module: &Module, from: ScopeId, name: &str) -> Option<ScopeId> {
    let mut at = Some(from);
    for _ in 0..64 {
        let id = at?;
        let scope = module.scope(id);
        if scope.bindings.contains_key(name) && (id == from || scope.kind != ScopeKind::Class) {
            return Some(id);
        }
        at = scope.parent;
    }
    None
}
