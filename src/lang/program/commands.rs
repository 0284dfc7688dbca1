//! Command lines that a program runs: the texts and lists that `os.system`, `subprocess.run` and `execSync` are handed, read as the
//! shell would. What a change of them would be is the writers' business.

use super::evaluate::{argument, static_text};
use super::facts::Reading;
use super::ir::{Bound, ExprId, Kind, Module, Op, Piece};
use crate::lang::facts::{Confidence, Role};
use crate::lang::{Language, names, read_snippet};
use crate::text::Snippet;

/// How deep a command is sought behind names and calls; a name counts twice.
const DEEPEST: u32 = 4;

impl Reading<'_> {
    /// What a call of this kind runs: `os.system("sqlite3 x.db ..")`, `spawn("sqlite3", [path, ".schema"])`.
    pub(super) fn command_line(&mut self, args: &[super::ir::Arg]) {
        let Some(command) = argument(args, 0, &["args", "cmd"]) else { return };
        self.command(command, 0);
        let Some(rest) = argument(args, 1, &[]) else { return };
        if let Kind::List(parts) = &self.module.expr(rest).kind {
            self.program(command, parts);
        }
    }

    fn command(&mut self, command: ExprId, depth: u32) {
        let module = self.module;
        match &module.expr(command).kind {
            _ if depth > DEEPEST => {}
            // `"sqlite3 x.db".split() + [sql]`
            Kind::Binary { op: Op::Add, left, .. } if !is_text(module, *left) => self.command(*left, depth + 1),
            Kind::Text(_) | Kind::Binary { op: Op::Add, .. } => self.script(command),
            Kind::Binary { op: Op::Mod, left, .. } => self.command(*left, depth + 1),
            Kind::List(parts) => {
                if let [program, rest @ ..] = parts.as_slice() {
                    self.program(*program, rest);
                }
            }
            Kind::Name(name) => {
                let bound = module.scopes.iter().filter_map(|scope| scope.bindings.get(name)).flatten();
                for binding in bound {
                    if let Bound::Expr(value) = binding.value {
                        self.command(value, depth + 2);
                    }
                }
            }
            // `shlex.split("sqlite3 x.db")`, `"sqlite3 x.db".split()`
            Kind::Call { callee, args } => {
                let callee = &module.expr(*callee).kind;
                let text = match callee {
                    Kind::Member(_, name) | Kind::Name(name) if name.as_ref() == "split" && !args.is_empty() => {
                        argument(args, 0, &["s"])
                    }
                    Kind::Member(base, name) if matches!(name.as_ref(), "split" | "format" | "strip" | "trim") => {
                        Some(*base)
                    }
                    _ => None,
                };
                if let Some(text) = text {
                    self.command(text, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// A program with its arguments, none of which a shell reads but the one that a shell is handed.
    fn program(&mut self, program: ExprId, arguments: &[ExprId]) {
        if runs_sqlite(self.module, program) {
            self.command_arguments(arguments);
        } else if let [flag, script, ..] = arguments
            && is_shell(self.module, program)
            && static_text(self.module, *flag).is_some_and(|flag| flag.starts_with('-') && flag.ends_with('c'))
        {
            self.command(*script, DEEPEST);
        }
    }

    /// Shell text, put together or whole.
    fn script(&mut self, command: ExprId) {
        let mut snippet = Snippet::default();
        let mut open = vec![command];
        while let Some(id) = open.pop() {
            let expr = self.module.expr(id);
            match &expr.kind {
                Kind::Binary { op: Op::Add, left, right } => open.extend([*right, *left]),
                Kind::Text(pieces) => {
                    for piece in pieces {
                        match piece {
                            Piece::Text(text, span) => snippet.push(text, span.start as usize),
                            Piece::Hole(hole) => snippet.push("$x", self.module.expr(*hole).span.start as usize),
                        }
                    }
                }
                _ => snippet.push("$x", expr.span.start as usize),
            }
        }
        if names::mentions(&snippet.text).is_empty() && !snippet.text.contains("sqlite3") {
            return;
        }
        let facts = read_snippet(&self.module.source, &snippet, Language::Shell);
        for mut reference in facts.references {
            reference.language = self.module.language;
            let span = reference.place.span;
            // The whole of a literal, between its quotes: that it is opened is news of it.
            let mut near = self.references.range_mut(..).filter(|(other, _)| **other != span && other.contains(span));
            if let Some((_, own)) = near.next() {
                own.role = reference.role;
                own.construct = reference.construct;
            } else if !span.is_empty() {
                self.references.entry(span).or_insert(reference);
            }
        }
        self.facts.statements.extend(facts.statements);
        self.facts.table_uses.extend(facts.table_uses);
    }

    /// What follows `sqlite3`: the first that is no flag is the database.
    fn command_arguments(&mut self, arguments: &[ExprId]) {
        let database = arguments
            .iter()
            .find(|&&part| !super::evaluate::static_text(self.module, part).is_some_and(|text| text.starts_with('-')));
        if let Some(&database) = database {
            let span = self.module.expr(database).span;
            let values = self.evaluator.ask_paths(self.at, database);
            self.references.remove(&span);
            self.add(span, Role::Opens, values, "sqlite3 command", Confidence::High, None, database);
        }
    }
}

/// A text, or texts that are added up.
fn is_text(module: &Module, mut id: ExprId) -> bool {
    while let Kind::Binary { op: Op::Add, left, .. } = &module.expr(id).kind {
        id = *left;
    }
    matches!(module.expr(id).kind, Kind::Text(_))
}

fn runs_sqlite(module: &Module, program: ExprId) -> bool {
    matches!(&module.expr(program).kind, Kind::Text(_))
        && super::evaluate::static_text(module, program)
            .is_some_and(|text| text == "sqlite3" || text.ends_with("/sqlite3"))
}

fn is_shell(module: &Module, program: ExprId) -> bool {
    static_text(module, program)
        .is_some_and(|text| matches!(text.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash" | "zsh")))
}
