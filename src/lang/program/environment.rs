//! Reads of environment variables that hold a database's path.

use super::evaluate::{Val, argument, static_text};
use super::facts::Reading;
use super::ir::{Binding, Bound, ExprId, Kind, Op, ScopeId, ScopeKind};
use super::known::Known;
use crate::lang::facts::{Confidence, EnvRead, Role};
use crate::lang::names;
use crate::lang::value::{Part, Value};

impl Reading<'_> {
    pub(super) fn environment(&mut self) {
        for index in 0..self.module.exprs.len() {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            let reads = match &self.module.expr(id).kind {
                Kind::Index(base, key) => {
                    static_text(self.module, *key).is_some()
                        && self.may_be_environment(*base)
                        && self.is_environment(*base)
                }
                Kind::Member(base, _) => {
                    self.may_be_environment(*base) && self.is_environment(*base) && !self.is_callee(id)
                }
                Kind::Call { callee, .. } => self.is_env_call(*callee),
                _ => false,
            };
            if reads && !self.module.assigns.iter().any(|&(target, _)| target == id) {
                self.env_read(id);
            }
        }
        self.settings_without_default();
    }

    fn is_callee(&self, id: ExprId) -> bool {
        let parent = self.module.expr(id).parent.map(|parent| &self.module.expr(parent).kind);
        matches!(parent, Some(Kind::Call { callee, .. }) if *callee == id)
    }

    fn may_be_environment(&self, base: ExprId) -> bool {
        matches!(&self.module.expr(base).kind, Kind::Name(name) | Kind::Member(_, name) if matches!(name.as_ref(), "environ" | "env" | "ENV"))
    }

    fn is_env_call(&self, callee: ExprId) -> bool {
        let named = matches!(&self.module.expr(callee).kind, Kind::Name(name) | Kind::Member(_, name) if matches!(name.as_ref(), "getenv" | "get" | "config" | "str" | "env" | "setdefault" | "pop" | "db_url" | "path" | "db"));
        named
            && self
                .evaluator
                .ask(self.at, callee)
                .iter()
                .any(|val| matches!(val, Val::External(name) if self.evaluator.program.known(name) == Some(Known::Env)))
    }

    fn env_read(&mut self, id: ExprId) {
        let span = self.module.expr(id).span;
        let top = self.tested(self.whole_path(id));
        let values = self.evaluator.ask_paths(self.at, id);
        let mut names_database = false;
        let mut name = None;
        for value in &values {
            if let [Part::Env { name: env, default }] = value.parts.as_slice() {
                let default_is_database = default.as_ref().is_some_and(|default| is_database(default));
                names_database |= names::env_names_database(env) || default_is_database;
                if name.is_none() {
                    name = Some((env.clone(), default.as_deref().cloned()));
                }
            }
        }
        let Some((env, default)) = name else { return };
        let place = self.module.source.place(span);
        let opened = self.is_opened(&place);
        if !names_database && !opened {
            return;
        }
        let falls_back = self.falls_back(id);
        self.facts.env_reads.push(EnvRead { place, name: env, default, falls_back, language: self.module.language });
        // A literal inside, or the opener around it, speaks for it already.
        let told = self.references.range(..).any(|(other, reference)| {
            span.contains(*other)
                || other.contains(span) && reference.role != Role::Mentions
                || self.module.expr(top).span.contains(*other) && reference.role != Role::Mentions
        });
        if !told {
            let named = self.usage.named(top).map(|named| named.name.to_string());
            let values = self.evaluator.ask_paths(self.at, top);
            self.add(span, Role::Binds, values, "environment variable", Confidence::High, named, id);
        }
    }

    /// `X ?? "y.db"`, `X ? X : y`, `if (X)`, `{ X = "y.db" }`, `path = X` where `path` is given something else as well.
    fn falls_back(&self, id: ExprId) -> bool {
        let span = self.module.expr(id).span.range();
        let text = &self.module.source.text;
        let line = text.get(..span.start).unwrap_or("").rsplit('\n').next().unwrap_or("").trim_start();
        let after = text.get(span.end..).unwrap_or("").trim_start();
        let is_tested =
            ["if ", "if(", "elif ", "} else if", "else if", "while "].iter().any(|word| line.starts_with(word));
        if is_tested || after.starts_with('=') && !after.starts_with("==") && !after.starts_with("=>") {
            return true;
        }
        let mut at = id;
        for _ in 0..16 {
            if self.is_bound_again(at) {
                return true;
            }
            let Some(parent) = self.module.expr(at).parent else { return false };
            match &self.module.expr(parent).kind {
                Kind::Binary { op: Op::Or, left, .. } if *left == at => return true,
                Kind::Binary { op: Op::Or, .. } | Kind::Member(..) => {}
                Kind::Binary { op: Op::And | Op::Compare, .. } | Kind::Cond { .. } => return true,
                Kind::Call { callee, args } if *callee == at || self.shapes_path(*callee, args.len()) => {}
                _ => return false,
            }
            at = parent;
        }
        false
    }

    /// The value of a name that has another one, too.
    fn is_bound_again(&self, value: ExprId) -> bool {
        let is_it = |binding: &Binding| matches!(binding.value, Bound::Expr(bound) if bound == value);
        let mut names = self.module.scopes.iter().flat_map(|scope| scope.bindings.values());
        names.any(|bindings| bindings.len() > 1 && bindings.iter().any(is_it))
    }

    /// The choice that a test decides: `X ? X : "y.db"`.
    fn tested(&self, top: ExprId) -> ExprId {
        match self.module.expr(top).parent.map(|parent| (parent, &self.module.expr(parent).kind)) {
            Some((parent, Kind::Cond { test, .. })) if *test == top => parent,
            _ => top,
        }
    }

    fn settings_without_default(&mut self) {
        for index in 0..self.module.scopes.len() {
            let id = ScopeId(u32::try_from(index).unwrap_or(u32::MAX));
            let scope = self.module.scope(id);
            if scope.kind != ScopeKind::Class || scope.bases.is_empty() {
                continue;
            }
            let Some(prefix) = self.is_settings_class(id) else { continue };
            let mut fields: Vec<_> = scope.bindings.iter().collect();
            fields.sort_by_key(|(_, bindings)| bindings.first().map(|binding| binding.span));
            for (field, bindings) in fields {
                let Some(binding) = bindings.last() else { continue };
                let env = self.evaluator.program.settings_env((self.at, id), field, &prefix);
                let Some(env) = env.filter(|env| names::env_names_database(env)) else { continue };
                // `database: DatabaseSettings`: settings inside of settings.
                if let Bound::Expr(value) | Bound::Annotated(value) = binding.value
                    && self
                        .evaluator
                        .ask(self.at, value)
                        .iter()
                        .any(|val| matches!(val, Val::Instance(..) | Val::Class(_)))
                {
                    continue;
                }
                let place = self.module.source.place(binding.span);
                let default = match binding.value {
                    Bound::Expr(value) => {
                        self.evaluator.ask_paths(self.at, value).into_iter().find(|value| !value.is_opaque())
                    }
                    _ => None,
                };
                let told = match binding.value {
                    Bound::Expr(value) => {
                        let span = self.module.expr(value).span;
                        let literal = self.references.keys().any(|other| span.contains(*other));
                        literal || self.is_not_text(value)
                    }
                    _ => false,
                };
                self.facts.env_reads.push(EnvRead {
                    place,
                    name: env.clone(),
                    default: default.clone(),
                    falls_back: false,
                    language: self.module.language,
                });
                if !told {
                    let near = match binding.value {
                        Bound::Expr(value) | Bound::Annotated(value) => value,
                        _ => continue,
                    };
                    let value = Value::env(env, default);
                    self.add(
                        binding.span,
                        Role::Binds,
                        vec![value],
                        "setting",
                        Confidence::High,
                        Some(field.to_string()),
                        near,
                    );
                }
            }
        }
    }

    fn is_not_text(&self, value: ExprId) -> bool {
        match &self.module.expr(value).kind {
            Kind::Number(_) | Kind::Bool(_) | Kind::List(_) | Kind::Dict(_) => true,
            Kind::Call { args, .. } => argument(args, 0, &["default"])
                .is_some_and(|default| matches!(self.module.expr(default).kind, Kind::Number(_) | Kind::Bool(_))),
            _ => false,
        }
    }
}

pub(super) fn is_database(value: &Value) -> bool {
    value.engine != crate::lang::Engine::Sqlite
        || value.base == crate::lang::Base::Memory
        || value.rendered().is_some_and(|text| names::is_database_path(&text))
        || value.file_name().is_some_and(|name| names::is_database_path(&name))
}

/// A database, or a variable that by its name holds one.
pub(super) fn is_database_or_its_variable(value: &Value) -> bool {
    is_database(value) || matches!(value.parts.as_slice(), [Part::Env { name, .. }] if names::env_names_database(name))
}
