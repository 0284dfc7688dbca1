//! Command-line arguments: the default that argparse, click or typer gives an option.

use super::evaluate::{Evaluator, Val, argument, static_text};
use super::ir::{Arg, ExprId, Kind, Module, ScopeId};

impl Evaluator<'_> {
    /// `args.db_path` after `parser.add_argument("--db-path", default="x.db")`.
    pub(super) fn parsed_argument(&self, at: usize, name: &str) -> Vec<Val> {
        let Some(module) = self.program.module(at) else { return Vec::new() };
        let default = added_argument(module, name).and_then(|args| argument(args, usize::MAX, &["default"]));
        default.map(|default| self.eval(at, default, &None)).unwrap_or_default()
    }

    /// The default that a `@click.option("--db", default="x.db")` gives a parameter.
    pub(super) fn option_default(&self, at: usize, scope: ScopeId, name: &str) -> Vec<Val> {
        let Some(module) = self.program.module(at) else { return Vec::new() };
        for &decorator in &module.scope(scope).decorators {
            let Kind::Call { args, .. } = &module.expr(decorator).kind else { continue };
            if args.iter().filter(|arg| arg.name.is_none()).any(|arg| is_called(module, arg.value, name)) {
                let default = argument(args, usize::MAX, &["default"]);
                return default.map(|default| self.eval(at, default, &None)).unwrap_or_default();
            }
        }
        Vec::new()
    }
}

/// The arguments of the call that adds an option to a parser.
fn added_argument<'m>(module: &'m Module, name: &str) -> Option<&'m [Arg]> {
    module.calls.iter().find_map(|&call| {
        let Kind::Call { callee, args } = &module.expr(call).kind else { return None };
        let Kind::Member(_, method) = &module.expr(*callee).kind else { return None };
        let called = || match argument(args, usize::MAX, &["dest"]).and_then(|dest| static_text(module, dest)) {
            Some(dest) => dest == name,
            None => args.iter().filter(|arg| arg.name.is_none()).any(|arg| is_called(module, arg.value, name)),
        };
        (method.as_ref() == "add_argument" && called()).then_some(args.as_slice())
    })
}

/// What is written of the values of an option: its default, and the list of those that it takes.
pub(super) struct Written {
    pub(super) default: Option<ExprId>,
    pub(super) choices: Option<ExprId>,
}

impl Written {
    fn of(module: &Module, args: &[Arg]) -> Self {
        let kind = argument(args, usize::MAX, &["type"]).map(|kind| &module.expr(kind).kind);
        let choices = match kind {
            // `click.Choice(["users", "posts"])`
            Some(Kind::Call { args, .. }) => args.first().map(|arg| arg.value),
            _ => None,
        };
        Self {
            default: argument(args, usize::MAX, &["default"]),
            choices: argument(args, usize::MAX, &["choices"]).or(choices),
        }
    }
}

/// An option of argparse by its name.
pub(super) fn parsed_option(module: &Module, name: &str) -> Option<Written> {
    added_argument(module, name).map(|args| Written::of(module, args))
}

/// An option that a decorator of click hands to a parameter.
pub(super) fn decorated_option(module: &Module, function: ScopeId, name: &str) -> Option<Written> {
    module.scope(function).decorators.iter().find_map(|&decorator| {
        let Kind::Call { args, .. } = &module.expr(decorator).kind else { return None };
        let called = args.iter().filter(|arg| arg.name.is_none()).any(|arg| is_called(module, arg.value, name));
        called.then(|| Written::of(module, args))
    })
}

/// `--db-path` is called `db_path`.
fn is_called(module: &Module, option: ExprId, name: &str) -> bool {
    static_text(module, option).is_some_and(|text| {
        let bare = text.trim_start_matches('-').split('/').next().unwrap_or("").replace('-', "_");
        bare == name
    })
}
