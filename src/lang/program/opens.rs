//! Calls that open a database, and what they are handed.

use super::evaluate::{Evaluator, Val, argument, static_text};
use super::ir::{Arg, ExprId, Kind, Module};
use super::known::Known;
use super::options::path_option;
use super::paths;
use super::script;
use crate::lang::Language;
use crate::lang::names;
use crate::lang::value::{Base, Engine, Part, Value};
use crate::text::Place;

/// A call that opens.
pub(super) struct OpenSite {
    /// The argument that names the database.
    pub(super) argument: ExprId,
    pub(super) values: Vec<Value>,
    /// The function, as the libraries call it.
    pub(super) construct: String,
}

/// Every call of a module that opens a database.
pub(super) fn sites(evaluator: &Evaluator<'_>, at: usize, module: &Module) -> Vec<OpenSite> {
    let mut sites = Vec::new();
    for &call in &module.calls {
        let Kind::Call { callee, args } = &module.expr(call).kind else { continue };
        if args.is_empty() {
            continue;
        }
        // Members keep the name they were given, so most calls are told by it.
        if let (Kind::Member(_, name), false) = (&module.expr(*callee).kind, module.language == Language::Python)
            && !script::may_open(name)
            && !evaluator.program.openers.iter().any(|wrapper| wrapper.function.ends_with(name.as_ref()))
        {
            continue;
        }
        if let Some((argument, construct, said)) = opener(evaluator, at, module, *callee, args) {
            let found = evaluator.ask(at, argument);
            // A connection that is handed on is not opened a second time.
            if found.iter().any(|val| matches!(val, Val::Connection(_))) || is_called_connection(module, argument) {
                continue;
            }
            let option = found.iter().find_map(|val| match val {
                Val::Dict((home, options), _) if *home == at => path_option(module, *options, false, 0),
                _ => None,
            });
            let mut values = evaluator.opened(module, argument, found);
            // `connect(config)` where the object stands nearby and takes its path from a name: that is the place.
            let argument = option
                .filter(|&option| {
                    let span = module.expr(option).span;
                    let own = |place: &Place| place.file == module.source.path && span.contains(place.span);
                    !values.iter().any(|value| value.origin.as_ref().is_some_and(own))
                })
                .unwrap_or(argument);
            if let Some(Known::Open(opener)) = evaluator.program.known(&construct) {
                values.iter_mut().for_each(|value| *value = with_ending(value, opener.ending));
            }
            let engine = script::engine_of(&construct).or(said);
            values.iter_mut().for_each(|value| super::options::be(value, engine.unwrap_or(value.engine)));
            // What opens any engine says nothing of a database until a path or a URL is seen.
            let known = values.iter().any(|value| !value.is_opaque());
            if !known && (engine.is_some() || script::opens_any(&construct)) {
                continue;
            }
            if values.iter().any(is_named_database) {
                values.retain(|value| is_named_database(value) || !has_other_ending(value) && !is_bare_word(value));
            }
            sites.push(OpenSite { argument, values, construct });
        }
    }
    sites
}

fn opener(
    evaluator: &Evaluator<'_>,
    at: usize,
    module: &Module,
    callee: ExprId,
    args: &[Arg],
) -> Option<(ExprId, String, Option<Engine>)> {
    let last = match &module.expr(callee).kind {
        Kind::Name(name) | Kind::Member(_, name) => name.as_ref(),
        Kind::Call { .. } => "",
        _ => return None,
    };
    for wrapper in &evaluator.program.openers {
        if wrapper.function.rsplit('.').next() == Some(last) {
            let keywords: Vec<&str> = wrapper.keyword.iter().map(String::as_str).collect();
            let argument = argument(args, wrapper.position.unwrap_or(usize::MAX), &keywords)?;
            return Some((argument, wrapper.function.clone(), None));
        }
    }
    for function in evaluator.ask(at, callee) {
        let Val::External(name) = function else { continue };
        if let Some(Known::Open(opener)) = evaluator.program.known(&name) {
            let spread = || args.iter().find(|arg| arg.name.as_deref() == Some("**")).map(|arg| (arg.value, None));
            if !opener.ending.is_empty() && !is_sqlite_backend(module, args) {
                return None;
            }
            let (argument, engine) = evaluator.path_argument(module, args, opener, &name).or_else(spread)?;
            return Some((argument, name.to_string(), engine));
        }
        if let Some(argument) = given_to_library(evaluator, at, &name, args) {
            return Some((argument, name.to_string(), None));
        }
    }
    None
}

/// What an outside library is given under a name that says it opens it: `SQLAlchemyJobStore(url=..)`.
fn given_to_library(evaluator: &Evaluator<'_>, at: usize, name: &str, args: &[Arg]) -> Option<ExprId> {
    if !name.contains('.') || evaluator.program.known(name).is_some() || !is_class(name) {
        return None;
    }
    let keywords = [
        "url",
        "db_url",
        "database_url",
        "connection_string",
        "conn_string",
        "db_path",
        "database",
        "db_file",
        "sqlite_path",
    ];
    let argument = argument(args, usize::MAX, &keywords)?;
    evaluator.ask_paths(at, argument).iter().any(super::environment::is_database_or_its_variable).then_some(argument)
}

/// `CachedSession("x", backend="redis")`
fn is_sqlite_backend(module: &Module, args: &[Arg]) -> bool {
    argument(args, usize::MAX, &["backend"]).is_none_or(|backend| match &module.expr(backend).kind {
        Kind::Text(_) => static_text(module, backend).is_some_and(|name| name == "sqlite"),
        kind => matches!(kind, Kind::Null),
    })
}

/// `CachedSession("answers")` opens `answers.sqlite`.
pub(super) fn with_ending(value: &Value, ending: &str) -> Value {
    let has_one = value.file_name().is_none_or(|name| name.trim_start_matches('.').contains('.'));
    match ending.is_empty() || has_one || value.base == Base::Memory {
        true => value.clone(),
        false => paths::concat(value, &Value::text(ending)),
    }
}

fn is_class(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|last| last.starts_with(|first: char| first.is_ascii_uppercase()))
}

/// `Database(conn)`: an open connection under its usual name.
fn is_called_connection(module: &Module, argument: ExprId) -> bool {
    matches!(&module.expr(argument).kind, Kind::Name(name) | Kind::Member(_, name) if matches!(name.as_ref(), "conn" | "connection" | "con" | "db_conn" | "dbconn"))
}

fn is_named_database(value: &Value) -> bool {
    value.file_name().is_some_and(|name| names::is_database_file_name(&name))
}

/// `"null"`, `"abort:" + n`: among values of which one is a database, another setting of the same object.
fn is_bare_word(value: &Value) -> bool {
    let pattern = value.pattern();
    value.base == Base::Written
        && !pattern.contains(['/', '.'])
        && value.parts.iter().any(|part| matches!(part, Part::Text(_)))
        && value.whole_env().is_none()
}

/// Named like a file of another kind (`scores.pkl` in a list of files of which some are opened).
fn has_other_ending(value: &Value) -> bool {
    value.engine == Engine::Sqlite
        && value.base != Base::Memory
        && value.file_name().is_some_and(|name| {
            name.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && !ending.contains('*'))
        })
}
