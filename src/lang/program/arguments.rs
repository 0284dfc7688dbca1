//! Command-line arguments: the default that argparse, click or typer gives an option.

use super::evaluate::{Evaluator, Val, argument, static_text};
use super::ir::{ExprId, Kind, Module, ScopeId};

impl Evaluator<'_> {
    /// `args.db_path` after `parser.add_argument("--db-path", default="x.db")`.
    pub(super) fn parsed_argument(&self, at: usize, name: &str) -> Vec<Val> {
        let Some(module) = self.program.module(at) else { return Vec::new() };
        for &call in &module.calls {
            let Kind::Call { callee, args } = &module.expr(call).kind else { continue };
            let Kind::Member(_, method) = &module.expr(*callee).kind else { continue };
            if method.as_ref() != "add_argument" {
                continue;
            }
            let called = match argument(args, usize::MAX, &["dest"]).and_then(|dest| static_text(module, dest)) {
                Some(dest) => dest == name,
                None => args.iter().filter(|arg| arg.name.is_none()).any(|arg| is_called(module, arg.value, name)),
            };
            if called {
                let default = argument(args, usize::MAX, &["default"]);
                return default.map(|default| self.eval(at, default, &None)).unwrap_or_default();
            }
        }
        Vec::new()
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

/// `--db-path` is called `db_path`.
fn is_called(module: &Module, option: ExprId, name: &str) -> bool {
    static_text(module, option).is_some_and(|text| {
        let bare = text.trim_start_matches('-').split('/').next().unwrap_or("").replace('-', "_");
        bare == name
    })
}
