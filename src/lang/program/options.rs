//! Options objects: `{ dialect: "sqlite", storage: "x.db" }`, and what checks an environment before it is read.

use super::evaluate::{Evaluator, Val, argument, paths_of, static_text};
use super::ir::{Arg, ExprId, Kind, Module, Op};
use super::known::Opener;
use super::script;
use crate::lang::Language;
use crate::lang::value::{Engine, Value};

impl Evaluator<'_> {
    /// The argument that names the database, and the engine that options beside it name: of an options object that is
    /// written out, the option that holds the path.
    pub(super) fn path_argument(
        &self,
        module: &Module,
        args: &[Arg],
        opener: Opener,
        function: &str,
    ) -> Option<(ExprId, Option<Engine>)> {
        let plain = argument(args, opener.position, opener.keywords);
        if module.language == Language::Python {
            // `Database(memory=True)`
            let memory = || {
                let named = args.iter().find(|arg| arg.name.as_deref() == Some("memory")).map(|arg| arg.value);
                named.filter(|&arg| matches!(module.expr(arg).kind, Kind::Bool(true)))
            };
            return plain.or_else(memory).map(|plain| (plain, None));
        }
        let foreign = script::engine_of(function).is_some();
        let is_options = |arg: ExprId| matches!(module.expr(arg).kind, Kind::Dict(_));
        let mut options = args.iter().map(|arg| arg.value).filter(|&arg| is_options(arg));
        let engine =
            args.iter().find_map(|arg| own_engine(module, arg.value)).filter(|engine| !script::is_sqlite(engine));
        let option = options.find_map(|options| path_option(module, options, foreign, 0));
        // `new Sequelize("name", "user", "password", { storage })`: the first argument is a name and no path.
        let by_name = function.ends_with("Sequelize") && args.len() > 2;
        let chosen = match plain {
            Some(first) if !is_options(first) && !by_name => Some(first),
            Some(first) if !is_options(first) => option,
            _ => option.or(plain.filter(|_| !foreign)),
        };
        chosen.map(|chosen| (chosen, engine.as_deref().map(engine_named)))
    }

    /// The engine that an options object names, followed through names.
    pub(super) fn engine_of(&self, at: usize, options: ExprId) -> Option<String> {
        self.ask(at, options).iter().find_map(|options| self.said_engine(options))
    }

    fn said_engine(&self, options: &Val) -> Option<String> {
        script::ENGINE_OPTIONS.iter().find_map(|key| {
            self.guarded(|| self.field(options, key)).into_iter().find_map(|val| match val {
                Val::Text(value) => value.rendered(),
                _ => None,
            })
        })
    }

    /// The databases that options open.
    pub(super) fn of_options(&self, options: &Val) -> Vec<Value> {
        self.of_options_within(options, None, 0)
    }

    fn of_options_within(&self, options: &Val, outer: Option<&str>, depth: u32) -> Vec<Value> {
        if depth > 3 {
            return Vec::new();
        }
        let engine = self.said_engine(options);
        let engine = engine.as_deref().or(outer);
        let foreign = engine.is_some_and(|engine| !script::is_sqlite(engine));
        let keys: &[&str] = if foreign { &script::URL_OPTIONS } else { &script::PATH_OPTIONS };
        for key in keys {
            let mut found = Vec::new();
            for val in self.guarded(|| self.field(options, key)) {
                match val {
                    Val::Dict(..) => found.extend(self.of_options_within(&val, engine, depth + 1)),
                    other => found.extend(paths_of(vec![other])),
                }
            }
            if !found.is_empty() {
                if let Some(engine) = engine.filter(|_| foreign) {
                    found.iter_mut().for_each(|value| be(value, engine_named(engine)));
                }
                return found;
            }
        }
        Vec::new()
    }
}

/// The option of a written-out object that holds the path.
pub(super) fn path_option(module: &Module, options: ExprId, foreign: bool, depth: u32) -> Option<ExprId> {
    let fields = fields(module, options, 0);
    let foreign = own_engine(module, options).map_or(foreign, |engine| !script::is_sqlite(&engine));
    let keys: &[&str] = if foreign { &script::URL_OPTIONS } else { &script::PATH_OPTIONS };
    keys.iter().find_map(|key| {
        let &(_, value) = fields.iter().rev().find(|(name, _)| name == key)?;
        match &module.expr(value).kind {
            Kind::Dict(_) if depth < 3 => path_option(module, value, foreign, depth + 1),
            Kind::Dict(_) | Kind::Function(_) | Kind::Bool(_) | Kind::Null => None,
            _ => Some(value),
        }
    })
}

/// The engine that an options object names.
pub(super) fn own_engine(module: &Module, options: ExprId) -> Option<String> {
    let fields = fields(module, options, 0);
    script::ENGINE_OPTIONS.iter().find_map(|key| {
        let &(_, value) = fields.iter().find(|(name, _)| name == key)?;
        matches!(module.expr(value).kind, Kind::Text(_)).then(|| static_text(module, value)).flatten()
    })
}

/// The fields of an object literal, with those that it spreads from others (`...(local && { filename })`).
fn fields(module: &Module, options: ExprId, depth: u32) -> Vec<(String, ExprId)> {
    match &module.expr(options).kind {
        Kind::Dict(pairs) if depth < 4 => pairs
            .iter()
            .take(64)
            .flat_map(|&(key, value)| match key {
                Some(key) => static_text(module, key).map(|key| (key, value)).into_iter().collect(),
                None => fields(module, value, depth + 1),
            })
            .collect(),
        Kind::Binary { op: Op::And, right, .. } if depth < 4 => fields(module, *right, depth + 1),
        Kind::Cond { then, otherwise, .. } if depth < 4 => {
            let mut all = fields(module, *then, depth + 1);
            all.extend(fields(module, *otherwise, depth + 1));
            all
        }
        _ => Vec::new(),
    }
}

/// A value that says nothing of its engine takes that of the call it is handed to.
pub(super) fn be(value: &mut Value, engine: Engine) {
    let says = value.rendered().or_else(|| value.parts.first().map(|_| value.pattern()));
    if value.engine == Engine::Sqlite
        && !says.is_some_and(|text| text.starts_with("sqlite") || text.starts_with("file:"))
    {
        value.engine = engine;
    }
}

fn engine_named(option: &str) -> Engine {
    match option {
        "pg" | "postgres" | "postgresql" | "cockroachdb" | "aurora-postgres" | "pglite" => Engine::Postgresql,
        "mysql" | "mysql2" | "mariadb" => Engine::Mysql,
        _ => Engine::Other,
    }
}
