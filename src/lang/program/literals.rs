//! String literals that name a database: constants, defaults, arguments, dictionary values; and copies and commands that take them.

use super::evaluate::{Val, argument, paths_of};
use super::facts::Reading;
use super::ir::{ExprId, Kind, Op, Piece, ScopeId};
use super::known::Known;
use super::usage::Purpose;
use crate::lang::facts::{Confidence, FileCopy, Role, Setting};
use crate::lang::names;
use crate::lang::value::{Base, Engine, Part, Value};
use crate::text::Place;

impl Reading<'_> {
    pub(super) fn literals(&mut self) {
        for index in 0..self.module.texts.len() {
            let Some(&text) = self.module.texts.get(index) else { break };
            self.literal(text);
        }
        self.joins();
        self.calls();
        self.settings();
    }

    /// Paths put together from constants only: `os.path.join(DATA_DIR, DB_NAME)`, `DATA_DIR / DB_NAME`, `f"{DIR}/{NAME}"`.
    fn joins(&mut self) {
        for index in 0..self.module.exprs.len() {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            let expr = self.module.expr(id);
            let joins = match &expr.kind {
                Kind::Binary { op: Op::Div, .. } => true,
                Kind::Call { callee, args } if args.len() > 1 => self.is_join(*callee),
                Kind::Text(pieces) => {
                    pieces.len() > 1 && pieces.iter().any(|piece| matches!(piece, Piece::Text(text, _) if text == "/"))
                }
                _ => false,
            };
            let span = expr.span;
            if !joins
                || !self.is_whole(id)
                || self.references.keys().any(|other| span.contains(*other) || other.contains(span))
            {
                continue;
            }
            let mut values = self.evaluator.ask_paths(self.at, id);
            let named = |value: &Value| value.file_name().is_some_and(|name| names::is_database_file_name(&name));
            // A list of files to move holds more than databases.
            values.retain(|value| named(value) || value.file_name().is_none_or(|name| name.contains('*')));
            if values.first().is_some_and(named)
                && let Purpose::Bound { name, construct } = self.usage.purpose(id)
            {
                self.add(span, Role::Binds, values, construct, Confidence::High, name, id);
            }
        }
    }

    /// Not a part of a longer path: a choice (`a or b`) lengthens nothing.
    fn is_whole(&self, id: ExprId) -> bool {
        let Some(parent) = self.module.expr(id).parent else { return true };
        match &self.module.expr(parent).kind {
            Kind::Binary { op: Op::Add | Op::Div | Op::Mod, .. } | Kind::Text(_) => false,
            Kind::Member(base, name) => *base != id || name.as_ref() != "joinpath",
            Kind::Call { callee, args } => args.len() < 2 || !self.is_join(*callee),
            _ => true,
        }
    }

    fn is_join(&self, callee: ExprId) -> bool {
        let named = matches!(&self.module.expr(callee).kind, Kind::Name(name) | Kind::Member(_, name) if matches!(name.as_ref(), "join" | "Path" | "joinpath" | "resolve"));
        named
            && self.evaluator.ask(self.at, callee).iter().any(|val| match val {
                Val::External(name) => self.evaluator.program.known(name) == Some(Known::Join),
                Val::Method(whole, _) => matches!(whole.as_ref(), Val::Text(_)),
                _ => false,
            })
    }

    fn literal(&mut self, id: ExprId) {
        let expr = self.module.expr(id);
        let Kind::Text(pieces) = &expr.kind else { return };
        let words = spelled(pieces);
        if words.is_empty() || words.len() > 1024 || self.references.contains_key(&expr.span) {
            return;
        }
        let span = expr.span;
        let opened = self.is_opened(&self.module.source.place(span));
        let scheme_only = is_bare_scheme(&words);
        let named = if scheme_only {
            self.continues(id) || names::is_memory(&words) && self.is_setting_of_database(id)
        } else {
            names::is_database_path(&words)
                || is_sqlite_uri(&words)
                || names::is_joined_file_name(&words) && self.is_joined(id)
                || words.starts_with('.') && names::is_database_file_name(&format!("x{words}")) && self.is_added(id)
                || matches!(names::url_engine(&words), Some(Engine::Postgresql | Engine::Mysql))
                || self.is_named_by_place(id, &words)
        };
        if names::is_database_glob(&words) {
            if !matches!(self.usage.purpose(id), Purpose::Spoken("comparison")) || self.is_glob_call(id) {
                self.add(span, Role::Mentions, vec![glob(&words)], "glob", Confidence::Low, None, id);
            }
            return;
        }
        // `ext = ".sqlite"` ends a name that is put together elsewhere.
        let ending = words.strip_prefix('.').is_some_and(|rest| !rest.contains(['.', '/', HOLE]));
        if !named && (!opened || ending) || words == "file:" {
            return;
        }
        let top = self.whole_path(id);
        let purpose = self.usage.purpose(self.replacing(id).filter(|_| names::mentions_ending(&words)).unwrap_or(id));
        let memory = names::is_memory(&words);
        let (role, construct, name) = match purpose {
            Purpose::DottedName if !opened => return,
            Purpose::Spoken(_) if memory => return,
            // `url.startswith("sqlite:////tmp")` asks for a kind of path and names none.
            Purpose::Spoken("comparison") if !names::mentions_ending(&words) => return,
            Purpose::Spoken(construct) => (Role::Mentions, construct, None),
            Purpose::Configured { name, construct } => (Role::Configures, construct, Some(name)),
            Purpose::Bound { name, construct } => (Role::Binds, construct, name),
            Purpose::DottedName => (Role::Binds, "literal", None),
        };
        let place = self.module.source.place(span);
        let all = self.evaluator.ask_paths(self.at, top);
        // A scheme in front of a literal that names the file: that one speaks.
        let whole = self.module.expr(top).span;
        let speaks = |origin: &Place| origin.file == place.file && *origin != place && whole.contains(origin.span);
        if scheme_only && all.iter().filter_map(|value| value.origin.as_ref()).any(speaks) {
            return;
        }
        let mut values: Vec<Value> =
            all.iter().filter(|value| value.origin.as_ref() == Some(&place)).cloned().collect();
        if values.is_empty() {
            let built = |value: &&Value| value.origin.is_some() && value.parts.len() > 1;
            values = all.iter().filter(built).cloned().collect();
        }
        if values.is_empty() && words.contains(HOLE) {
            values = all.into_iter().filter(|value| !value.is_opaque()).collect();
        }
        if values.is_empty() {
            values.push(names::value_of(&words.replace(HOLE, "*")).with_origin(place));
        }
        let values = self.as_setting(top, values);
        let confidence = if role == Role::Mentions { Confidence::Low } else { Confidence::High };
        self.add(span, role, values, construct, confidence, name, id);
    }

    /// The right side of a `/`, or an argument of a join: a file's name, even if it looks like a module's.
    fn is_joined(&self, id: ExprId) -> bool {
        let Some(parent) = self.module.expr(id).parent else { return false };
        match &self.module.expr(parent).kind {
            Kind::Binary { op: Op::Div, right, .. } => *right == id,
            Kind::Call { callee, args } => *callee != id && self.shapes_path(*callee, args.len()),
            _ => false,
        }
    }

    /// `SQLALCHEMY_DATABASE_URI = "sqlite://"`: the whole of what a database's name is given.
    fn is_setting_of_database(&self, id: ExprId) -> bool {
        match self.usage.purpose(id) {
            Purpose::Bound { name: Some(name), .. } | Purpose::Configured { name, .. } => {
                names::env_names_database(&name.to_ascii_uppercase()) && self.is_whole(id)
            }
            _ => false,
        }
    }

    /// `name + ".db"`: the end of a name that is not known.
    fn is_added(&self, id: ExprId) -> bool {
        let parent = self.module.expr(id).parent.map(|parent| &self.module.expr(parent).kind);
        matches!(parent, Some(Kind::Binary { op: Op::Add, right, .. }) if *right == id)
    }

    /// `path.replace("old.db", "new.db")`: the call, for what is put in.
    fn replacing(&self, id: ExprId) -> Option<ExprId> {
        let call = self.module.expr(id).parent?;
        let Kind::Call { callee, args } = &self.module.expr(call).kind else { return None };
        let replaces = matches!(&self.module.expr(*callee).kind, Kind::Member(_, name) if matches!(name.as_ref(), "replace" | "replaceAll"));
        (replaces && argument(args, 1, &[]) == Some(id)).then_some(call)
    }

    /// `"sqlite:///" + path`: the scheme stands for the whole.
    fn continues(&self, id: ExprId) -> bool {
        let parent = self.module.expr(id).parent.map(|parent| &self.module.expr(parent).kind);
        matches!(parent, Some(Kind::Binary { op: Op::Add, left, .. }) if *left == id)
    }

    /// The text alone does not tell, but where it stands does: `path.join(folder, "app.backup.sqlite")`,
    /// `file:${DB_PATH}`, the default of `DB_FILENAME`.
    fn is_named_by_place(&self, id: ExprId, words: &str) -> bool {
        let evaluates = || self.evaluator.ask_paths(self.at, id).iter().any(super::environment::is_database);
        if words.starts_with("file:") && words.contains(HOLE) {
            return evaluates();
        }
        if words.contains(['/', HOLE]) || !names::is_database_path(&format!("./{words}")) {
            return !words.contains(' ') && self.schema_variable(id).is_some_and(|env| names::env_names_database(&env));
        }
        let parent = self.module.expr(id).parent.map(|parent| &self.module.expr(parent).kind);
        matches!(parent, Some(Kind::Call { callee, args }) if *callee != id && self.shapes_path(*callee, args.len()))
    }

    fn is_glob_call(&self, id: ExprId) -> bool {
        let Some(parent) = self.module.expr(id).parent else { return false };
        let Kind::Call { callee, .. } = &self.module.expr(parent).kind else { return false };
        matches!(&self.module.expr(*callee).kind, Kind::Name(name) | Kind::Member(_, name) if matches!(name.as_ref(), "glob" | "rglob" | "iglob" | "fnmatch"))
    }

    /// The outermost expression that still only shapes the path this literal is part of.
    pub(super) fn whole_path(&self, id: ExprId) -> ExprId {
        let mut top = id;
        for _ in 0..24 {
            let Some(parent) = self.module.expr(top).parent else { break };
            let shapes = match &self.module.expr(parent).kind {
                Kind::Binary { op: Op::Add | Op::Div | Op::Mod | Op::Or, .. } | Kind::Text(_) => true,
                Kind::Cond { test, .. } => *test != top,
                Kind::Member(base, name) => {
                    *base == top
                        && matches!(
                            name.as_ref(),
                            "format"
                                | "joinpath"
                                | "strip"
                                | "replace"
                                | "resolve"
                                | "as_posix"
                                | "absolute"
                                | "expanduser"
                        )
                }
                Kind::Call { callee, args } => *callee == top || self.shapes_path(*callee, args.len()),
                _ => false,
            };
            if !shapes {
                break;
            }
            top = parent;
        }
        top
    }

    pub(super) fn shapes_path(&self, callee: ExprId, args: usize) -> bool {
        self.evaluator.ask(self.at, callee).iter().any(|function| match function {
            Val::External(name) => {
                matches!(
                    self.evaluator.program.known(name),
                    Some(Known::Join | Known::JoinBelow | Known::UrlJoin | Known::Same | Known::Env)
                ) && args > 0
            }
            Val::Method(whole, name) => match whole.as_ref() {
                Val::Text(_) => matches!(name.as_ref(), "joinpath" | "join" | "with_name" | "format" | "replace"),
                _ => false,
            },
            _ => false,
        })
    }

    /// A field of a settings class is an environment variable, too.
    fn as_setting(&self, top: ExprId, values: Vec<Value>) -> Vec<Value> {
        let named =
            self.usage.named(top).or_else(|| self.module.expr(top).parent.and_then(|call| self.usage.named(call)));
        if let Some(env) = self.schema_variable(top) {
            return values.into_iter().map(|value| super::schemas::behind(&env, value)).collect();
        }
        let Some(named) = named.filter(|named| named.construct == "class attribute") else { return values };
        let class = (self.at, named.scope);
        let program = self.evaluator.program;
        let env = program
            .settings_prefix(&self.evaluator, class)
            .and_then(|prefix| program.settings_env(class, &named.name, &prefix));
        let Some(env) = env else { return values };
        values.into_iter().map(|value| super::schemas::behind(&env, value)).collect()
    }

    // ---- calls that take a path but do not open ----

    fn calls(&mut self) {
        for index in 0..self.module.calls.len() {
            let Some(&call) = self.module.calls.get(index) else { break };
            let Kind::Call { callee, args } = &self.module.expr(call).kind else { continue };
            let last = match &self.module.expr(*callee).kind {
                Kind::Name(name) | Kind::Member(_, name) => name.as_ref(),
                _ => continue,
            };
            let may = matches!(
                last,
                "copy"
                    | "copy2"
                    | "copyfile"
                    | "copyFile"
                    | "copyFileSync"
                    | "cpSync"
                    | "cp"
                    | "system"
                    | "popen"
                    | "run"
                    | "call"
                    | "check_call"
                    | "check_output"
                    | "Popen"
                    | "getoutput"
                    | "exec"
                    | "execSync"
                    | "spawn"
                    | "spawnSync"
                    | "execFileSync"
                    | "execFile"
                    | "$"
                    | "execa"
                    | "execaSync"
                    | "execaCommand"
                    | "copySync"
                    | "create_subprocess_shell"
            );
            if !may {
                continue;
            }
            let known = self.evaluator.ask(self.at, *callee).into_iter().find_map(|val| match val {
                Val::External(name) => self.evaluator.program.known(&name).map(|known| (known, name)),
                _ => None,
            });
            match known {
                Some((Known::Copy, name)) => self.copy(call, &name, argument(args, 0, &["src"])),
                Some((Known::Command, _)) => self.command_line(args),
                _ => {}
            }
        }
    }

    fn copy(&mut self, call: ExprId, name: &str, from: Option<ExprId>) {
        let Some(from) = from else { return };
        let values = paths_of(self.evaluator.ask(self.at, from));
        let database = |value: &Value| {
            value.engine == Engine::Sqlite
                && (value.file_name().is_some_and(|name| names::is_database_path(&name))
                    || value.origin.as_ref().is_some_and(|origin| self.is_opened(origin)))
        };
        if values.iter().any(database) {
            // A loop over files copies more than databases.
            let values = values.iter().filter(|value| database(value)).cloned().collect();
            let place = self.module.source.place(self.module.expr(call).span);
            self.facts.copies.push(FileCopy {
                place,
                construct: name.to_owned(),
                from: values,
                language: self.module.language,
            });
        }
    }

    // ---- settings ----

    /// `os.environ["X"] = value`, `monkeypatch.setenv("X", value)`, `patch.dict(os.environ, {"X": value})`.
    fn settings(&mut self) {
        for index in 0..self.module.assigns.len() {
            let Some(&(target, value)) = self.module.assigns.get(index) else { break };
            let name = match &self.module.expr(target).kind {
                Kind::Index(base, key) if self.is_environment(*base) => super::evaluate::static_text(self.module, *key),
                Kind::Member(base, name) if self.is_environment(*base) => Some(name.to_string()),
                _ => None,
            };
            if let Some(name) = name {
                self.set(name, value);
            }
        }
        for index in 0..self.module.calls.len() {
            let Some(&call) = self.module.calls.get(index) else { break };
            let Kind::Call { callee, args } = &self.module.expr(call).kind else { continue };
            let Kind::Member(base, method) = &self.module.expr(*callee).kind else { continue };
            match method.as_ref() {
                "setenv" | "setdefault" | "putenv" => {
                    let environment = method.as_ref() != "setdefault" || self.is_environment(*base);
                    let name = argument(args, 0, &[]).and_then(|name| super::evaluate::static_text(self.module, name));
                    if let (true, Some(name), Some(value)) = (environment, name, argument(args, 1, &[])) {
                        self.set(name, value);
                    }
                }
                "dict" | "update" => {
                    let environment = method.as_ref() == "dict"
                        && argument(args, 0, &[]).is_some_and(|env| self.is_environment(env))
                        || self.is_environment(*base);
                    let dict = args.iter().rev().find_map(|arg| match &self.module.expr(arg.value).kind {
                        Kind::Dict(pairs) => Some(pairs),
                        _ => None,
                    });
                    if let (true, Some(pairs)) = (environment, dict) {
                        for (key, value) in pairs {
                            if let Some(name) = key.and_then(|key| super::evaluate::static_text(self.module, key)) {
                                self.set(name, *value);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn set(&mut self, name: String, value: ExprId) {
        let values = self.evaluator.ask_paths(self.at, value);
        let named = names::env_names_database(&name)
            || values.iter().any(|value| value.file_name().is_some_and(|name| names::is_database_path(&name)));
        let Some(first) = values.into_iter().next() else { return };
        if named {
            let place = self.module.source.place(self.module.expr(value).span);
            self.facts.settings.push(Setting { place, name, value: first, language: self.module.language });
        }
    }

    pub(super) fn is_environment(&self, base: ExprId) -> bool {
        self.evaluator
            .ask(self.at, base)
            .iter()
            .any(|val| matches!(val, Val::External(name) if super::evaluate::is_environment(name)))
    }

    /// Members of settings classes that have no default: `database_url: str`.
    pub(super) fn is_settings_class(&self, class: ScopeId) -> Option<String> {
        self.evaluator.program.settings_prefix(&self.evaluator, (self.at, class))
    }
}

/// Stands for a hole while a text is judged.
const HOLE: char = '\u{1F573}';

/// The text as far as it is known, with a mark for each hole.
fn spelled(pieces: &[Piece]) -> String {
    let mut words = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text, _) => words.push_str(text),
            Piece::Hole(_) => words.push(HOLE),
        }
    }
    words
}

/// `file:{path}?mode=ro`: only SQLite's URIs have such options.
fn is_sqlite_uri(words: &str) -> bool {
    words.starts_with("file:")
        && ["?mode=", "?cache=", "?immutable=", "?nolock="].iter().any(|option| words.contains(option))
}

fn is_bare_scheme(words: &str) -> bool {
    words.contains("://")
        && !words.ends_with(":memory:")
        && words.trim_end_matches('/').ends_with(':')
        && (words.starts_with("file:") || names::url_engine(words).is_some())
}

fn glob(words: &str) -> Value {
    Value { base: Base::Written, parts: vec![Part::Unknown(words.to_owned())], ..Value::default() }
}
