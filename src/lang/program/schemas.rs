//! Environments that are checked against a schema before they are read: zod, envalid, t3-env, convict.

use std::rc::Rc;

use super::evaluate::{Call, Evaluator, InModule, Val, argument, is_environment, paths_of, static_text};
use super::facts::Reading;
use super::ir::{Arg, Bound, ExprId, Kind, Module, ScopeId};
use crate::lang::Language;
use crate::lang::names;
use crate::lang::value::Value;

/// How a checked environment is spelled among the dotted names: this, then module and expression of its schema.
pub(super) const CHECKED: &str = "checked.env#";

impl Evaluator<'_> {
    /// `schema.parse(process.env)`.
    pub(super) fn parsed_environment(&self, at: usize, callee: ExprId, args: &[Arg]) -> Option<Vec<Val>> {
        let module = self.program.module(at).filter(|module| module.language != Language::Python)?;
        let Kind::Member(schema, method) = &module.expr(callee).kind else { return None };
        if !matches!(method.as_ref(), "parse" | "parseAsync" | "assert" | "validateSync") {
            return None;
        }
        self.environment_among(at, args)?;
        let environment = match schema_of(module, *schema, 0) {
            Some(schema) => Val::External(checked((at, schema))),
            None => Val::External("process.env".into()),
        };
        match transform_of(module, *schema, 0) {
            Some(transform) => {
                let scope = (at, transform);
                let call = Call::new(scope, vec![Some(vec![environment])], None);
                Some(self.guarded(|| self.returns(scope, &Some(Rc::new(call)))))
            }
            None => Some(vec![environment]),
        }
    }

    /// `cleanEnv(process.env, schema)`, `createEnv({ server: schema, runtimeEnv: process.env })`.
    pub(super) fn checked_environment(&self, at: usize, args: &[Arg]) -> Vec<Val> {
        let first = argument(args, 0, &[]).map(|arg| self.eval(at, arg, &None)).unwrap_or_default();
        let schema = match first.iter().find(|val| matches!(val, Val::Dict(..))) {
            Some(options) => self.guarded(|| self.field(options, "server")),
            None => argument(args, 1, &[]).map(|arg| self.eval(at, arg, &None)).unwrap_or_default(),
        };
        let schema = schema.into_iter().find_map(|val| match val {
            Val::Dict(schema, _) => Some(schema),
            _ => None,
        });
        vec![match schema {
            Some(schema) => Val::External(checked(schema)),
            None => Val::External("process.env".into()),
        }]
    }

    fn environment_among(&self, at: usize, args: &[Arg]) -> Option<()> {
        let first = argument(args, 0, &[])?;
        self.eval(at, first, &None)
            .iter()
            .any(|val| matches!(val, Val::External(name) if is_environment(name)))
            .then_some(())
    }

    /// A variable of a checked environment, with the default that the schema gives it.
    pub(super) fn checked_variable(&self, schema: &str, name: &str) -> Option<Vec<Val>> {
        let (at, expr) = schema.strip_prefix(CHECKED)?.split_once('#')?;
        let (at, expr): (usize, u32) = (at.parse().ok()?, expr.parse().ok()?);
        let module = self.program.module(at)?;
        let Kind::Dict(pairs) = &module.exprs.get(expr as usize)?.kind else { return None };
        let field =
            pairs.iter().find(|(key, _)| key.and_then(|key| static_text(module, key)).is_some_and(|key| key == name));
        let default = field.and_then(|&(_, field)| default_of(module, field, 0));
        let defaults =
            default.map(|default| paths_of(self.guarded(|| self.eval(at, default, &None)))).unwrap_or_default();
        if defaults.is_empty() {
            return Some(vec![Val::Text(Value::env(name, None))]);
        }
        Some(defaults.into_iter().map(|default| Val::Text(behind(name, default))).collect())
    }
}

fn checked((at, schema): InModule<ExprId>) -> std::sync::Arc<str> {
    format!("{CHECKED}{at}#{}", schema.0).into()
}

/// The function that reshapes what a schema let through: `schema.transform((env) => ({ path: env.DB_PATH }))`.
fn transform_of(module: &Module, expr: ExprId, depth: u32) -> Option<ScopeId> {
    if depth > 12 {
        return None;
    }
    match &module.expr(expr).kind {
        Kind::Call { callee, args } => match (&module.expr(*callee).kind, args.first()) {
            (Kind::Member(_, name), Some(arg)) if name.as_ref() == "transform" => match module.expr(arg.value).kind {
                Kind::Function(scope) => Some(scope),
                _ => None,
            },
            (Kind::Member(base, _), _) => transform_of(module, *base, depth + 1),
            _ => None,
        },
        Kind::Name(_) => transform_of(module, bound(module, expr)?, depth + 1),
        _ => None,
    }
}

/// What a name is bound to, where that is an expression.
fn bound(module: &Module, expr: ExprId) -> Option<ExprId> {
    let body = module.expr(expr);
    let Kind::Name(name) = &body.kind else { return None };
    let mut scope: Option<ScopeId> = Some(body.scope);
    while let Some(id) = scope {
        let here = module.scope(id);
        if let Some(binding) = here.bindings.get(name).and_then(|bindings| bindings.last()) {
            return match binding.value {
                Bound::Expr(value) => Some(value),
                _ => None,
            };
        }
        scope = here.parent;
    }
    None
}

/// The object literal that a schema is made from.
fn schema_of(module: &Module, expr: ExprId, depth: u32) -> Option<ExprId> {
    if depth > 12 {
        return None;
    }
    match &module.expr(expr).kind {
        Kind::Dict(_) => Some(expr),
        Kind::Call { callee, args } => args
            .iter()
            .find(|arg| matches!(module.expr(arg.value).kind, Kind::Dict(_)))
            .map(|arg| arg.value)
            .or_else(|| schema_of(module, *callee, depth + 1)),
        Kind::Member(base, _) => schema_of(module, *base, depth + 1),
        Kind::Name(_) => schema_of(module, bound(module, expr)?, depth + 1),
        _ => None,
    }
}

/// `z.string().default("x.db")`, `str({ default: "x.db" })`: the default.
fn default_of(module: &Module, field: ExprId, depth: u32) -> Option<ExprId> {
    if depth > 12 {
        return None;
    }
    match &module.expr(field).kind {
        Kind::Call { callee, args } => {
            let first = args.first().map(|arg| arg.value);
            match &module.expr(*callee).kind {
                Kind::Member(_, name) if matches!(name.as_ref(), "default" | "catch" | "fallback") => first,
                Kind::Member(base, _) => default_of(module, *base, depth + 1),
                _ => match first.map(|first| &module.expr(first).kind) {
                    Some(Kind::Dict(pairs)) => pairs
                        .iter()
                        .find(|(key, _)| key.and_then(|key| static_text(module, key)).as_deref() == Some("default"))
                        .map(|&(_, value)| value),
                    _ => None,
                },
            }
        }
        Kind::Dict(pairs) => pairs
            .iter()
            .find(|(key, _)| key.and_then(|key| static_text(module, key)).as_deref() == Some("default"))
            .map(|&(_, value)| value),
        _ => None,
    }
}

/// The value as the default of a variable.
pub(super) fn behind(env: &str, value: Value) -> Value {
    let mut whole = Value::env(env, Some(value.clone()));
    whole.engine = value.engine;
    whole.origin = value.origin;
    whole
}

impl Reading<'_> {
    /// `@click.option("--db", envvar="APP_DB", default="x.db")`, `typer.Option("x.db", envvar="APP_DB")`.
    fn option_variable(&self, value: ExprId) -> Option<String> {
        let call = self.module.expr(value).parent?;
        let Kind::Call { callee, args } = &self.module.expr(call).kind else { return None };
        let (Kind::Name(name) | Kind::Member(_, name)) = &self.module.expr(*callee).kind else { return None };
        let first = match name.as_ref() {
            "Option" | "Argument" => args.first().filter(|arg| arg.name.is_none()).map(|arg| arg.value),
            "option" | "argument" | "add_argument" => None,
            _ => return None,
        };
        let default = args.iter().find(|arg| arg.name.as_deref() == Some("default")).map(|arg| arg.value);
        if default.or(first) != Some(value) {
            return None;
        }
        let env = args.iter().find(|arg| matches!(arg.name.as_deref(), Some("envvar" | "env_var")))?.value;
        match &self.module.expr(env).kind {
            Kind::List(names) => static_text(self.module, *names.first()?),
            _ => static_text(self.module, env),
        }
    }

    /// `{ DATABASE_PATH: z.string().default("x.db") }`, `{ DATABASE_PATH: str({ default: "x.db" }) }`,
    /// `{ default: "x.db", env: "DATABASE_PATH" }`: the variable whose default a literal is.
    pub(super) fn schema_variable(&self, literal: ExprId) -> Option<String> {
        if self.module.language == Language::Python {
            return self.option_variable(literal);
        }
        let mut default = false;
        let mut at = literal;
        for _ in 0..12 {
            let parent = self.module.expr(at).parent?;
            match &self.module.expr(parent).kind {
                Kind::Call { callee, args } => {
                    let method = match &self.module.expr(*callee).kind {
                        Kind::Member(_, name) => name.as_ref(),
                        _ => "",
                    };
                    default |=
                        args.iter().any(|arg| arg.value == at) && matches!(method, "default" | "catch" | "fallback");
                }
                Kind::Member(..) => {}
                Kind::Dict(pairs) => {
                    let key = pairs.iter().find(|(_, value)| *value == at)?.0;
                    let key = key.and_then(|key| static_text(self.module, key))?;
                    if key != "default" && key != "devDefault" {
                        let upper = key.contains('_') && !key.contains(|c: char| c.is_ascii_lowercase());
                        return (default && (upper || names::env_names_database(&key))).then_some(key);
                    }
                    let beside = pairs.iter().find(|(name, _)| {
                        name.and_then(|name| static_text(self.module, name)).as_deref() == Some("env")
                    });
                    if let Some(&(_, env)) = beside
                        && matches!(self.module.expr(env).kind, Kind::Text(_))
                    {
                        return static_text(self.module, env);
                    }
                    default = true;
                }
                _ => return None,
            }
            at = parent;
        }
        None
    }
}
