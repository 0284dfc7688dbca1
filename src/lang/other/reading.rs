//! One source of a language without a front end of its own: what each literal, comment and opening call says.

use std::collections::{HashMap, HashSet};

use super::calls;
use super::environment::Getter;
use super::lex::{Lexed, Literal, lex};
use super::openers::{Engine as Told, OPENERS, Opener, TALK, TEMPORARY};
use super::queries::Queries;
use super::scope;
use super::style::{Kind, Style};
use super::tags;
use crate::lang::config::{Gather, Token, is_dotenv, is_yaml, names_database, probe};
use crate::lang::{Confidence, Engine, Facts, Language, Role, Value, names};
use crate::text::{Snippet, Source, Span};

pub(super) struct Reading<'a> {
    pub(super) source: &'a Source,
    pub(super) style: Style,
    /// The language is one of those in the table.
    pub(super) known: bool,
    pub(super) lexed: Lexed,
    pub(super) gather: Gather<'a>,
    pub(super) getters: Vec<Getter>,
    /// Literals by the name they are given.
    pub(super) constants: HashMap<String, Vec<(usize, Value)>>,
    /// Where functions begin, with their names.
    pub(super) functions: Vec<(usize, String)>,
    /// Names that are given a folder that is thrown away.
    pub(super) temporaries: HashSet<String>,
    /// The source speaks of SQLite: calls that could open anything then open it.
    sqlite: bool,
    pub(super) sql: Queries,
}

pub(super) fn read(source: &Source, style: Style, known: bool) -> Facts {
    let lexed = lex(&source.text, &style);
    let sqlite = source.text.to_ascii_lowercase().contains("sqlite");
    let gather = Gather::new(source, Language::Other);
    let mut reading = Reading {
        source,
        style,
        known,
        lexed,
        gather,
        getters: Vec::new(),
        constants: HashMap::new(),
        functions: Vec::new(),
        temporaries: HashSet::new(),
        sqlite,
        sql: Queries::default(),
    };
    if known {
        reading.functions = scope::functions(&reading.lexed.code);
    }
    reading.find_temporaries();
    reading.find_getters();
    reading.find_constants();
    reading.openers();
    reading.report_getters();
    for index in 0..reading.lexed.literals.len() {
        reading.literal(index);
    }
    reading.parts_of_queries();
    for span in std::mem::take(&mut reading.lexed.comments) {
        reading.gather.mention(span, Confidence::Low, "comment");
    }
    if style.kind == Kind::Settings {
        reading.rest();
    }
    let functions = std::mem::take(&mut reading.functions);
    let mut facts = reading.gather.finish();
    for reference in &mut facts.references {
        reference.symbol = scope::around(&functions, reference.place.span.start as usize, &source.text).map(Into::into);
    }
    facts
}

impl Reading<'_> {
    fn find_temporaries(&mut self) {
        let lower = self.lexed.code.to_ascii_lowercase();
        for word in TEMPORARY {
            for (at, _) in lower.match_indices(word) {
                if let Some(name) = calls::assigned(&self.source.text, &self.lexed.code, at) {
                    self.temporaries.insert(name);
                }
            }
        }
    }

    fn find_constants(&mut self) {
        for index in 0..self.lexed.literals.len() {
            let Some(literal) = self.lexed.literals.get(index).copied() else { continue };
            if literal.inner.is_empty() || literal.inner.range().len() > 300 {
                continue;
            }
            let at = literal.span.start as usize;
            let Some(name) = calls::assigned(&self.source.text, &self.lexed.code, at) else { continue };
            let value = match self.getters.iter().find(|getter| getter.default == Some(index)) {
                Some(getter) => Value::env(getter.name.clone(), Some(self.own_value(&literal))),
                None => self.value_of(&literal),
            };
            let value = value.with_origin(self.source.place(literal.span));
            let name = name.rsplit('.').next().unwrap_or(&name).to_owned();
            // `_ = os.Remove("x.db")` gives no name.
            if name == "_" {
                continue;
            }
            let values = self.constants.entry(name).or_default();
            if values.len() < 64 {
                values.push((at, value));
            }
        }
    }

    fn openers(&mut self) {
        let mut hits: Vec<(usize, Opener)> = Vec::new();
        for &opener in OPENERS {
            for (at, _) in self.lexed.code.match_indices(opener.name) {
                hits.push((at, opener));
            }
        }
        // The longer name wins where two end at one place.
        hits.sort_by_key(|(at, opener)| (*at, std::cmp::Reverse(opener.name.len())));
        let mut last = 0;
        for (at, opener) in hits {
            let end = at + opener.name.len();
            if at < last || !self.is_call(at, end) {
                continue;
            }
            if let Some(open) = self.opening_bracket(end) {
                last = end;
                self.open_call(opener, at, open);
            } else if let Some(argument) = self.bare_argument(end) {
                last = end;
                self.open_argument(opener, opener.name, None, argument);
            }
        }
    }

    /// The name stands by itself and is neither declared nor part of a longer one.
    fn is_call(&self, at: usize, end: usize) -> bool {
        let before = self.lexed.code.get(..at).unwrap_or("");
        let after = self.lexed.code.get(end..).unwrap_or("").chars().next();
        let letter = |c: char| c.is_alphanumeric() || c == '_';
        let line = calls::line_before(&self.lexed.code, at).trim_end();
        let declared = ["func", "fn", "def", "fun", "function", "class", "struct", "import", "use", "interface"]
            .iter()
            .any(|word| line.ends_with(word) && !line.ends_with(&format!("_{word}")));
        !before.ends_with(letter) && !before.ends_with("->") && !after.is_some_and(letter) && !declared
    }

    /// The `(` of the call; a type (`::<..>`, `<..>`) or a variable's name (`SQLite::Database db(`) may stand before it.
    fn opening_bracket(&self, end: usize) -> Option<usize> {
        let rest = self.lexed.code.get(end..)?;
        let line = rest.get(..rest.find(['(', '\n', ';', '"', '\''])?)?;
        let open = end + line.len();
        let words = line.trim();
        let type_only = words.is_empty() || words.starts_with("::<") || words.starts_with('<');
        let variable = words.chars().all(|c| c.is_alphanumeric() || c == '_') && line.starts_with(' ');
        (self.lexed.code.as_bytes().get(open) == Some(&b'(') && (type_only || variable)).then_some(open)
    }

    /// Ruby's and its kin's calls without brackets.
    fn bare_argument(&self, end: usize) -> Option<Span> {
        let rest = calls::line_after(&self.lexed.code, end);
        let words = rest.trim_start();
        (rest.starts_with(' ') && words.starts_with(['"', '\''])).then(|| {
            let start = end + rest.len() - words.len();
            let first = self.lexed.literals.partition_point(|literal| (literal.span.start as usize) < start);
            self.lexed.literals.get(first).map_or(Span::new(start, start), |literal| literal.span)
        })
    }

    fn open_call(&mut self, opener: Opener, at: usize, open: usize) {
        let arguments = calls::arguments(&self.lexed.code, open);
        let callee = self.source.text.get(at..at + opener.name.len()).unwrap_or(opener.name).to_owned();
        let driver = arguments
            .first()
            .filter(|_| opener.engine == Told::Driver)
            .and_then(|&first| self.literals_in(first).first().copied())
            .and_then(|index| self.lexed.literals.get(index))
            .map(|literal| self.source.slice(literal.inner).to_ascii_lowercase());
        // A named argument may stand anywhere.
        let named = arguments.iter().copied().find(|&span| {
            let words = self.lexed.code.get(span.range()).unwrap_or("");
            ["path:", "database:", "filename:", "url:", ":database", "dbname"]
                .iter()
                .any(|name| words.starts_with(name))
        });
        let Some(argument) = named.or_else(|| arguments.get(opener.argument).copied()) else { return };
        self.open_argument(opener, &callee, driver.as_deref(), argument);
    }

    fn open_argument(&mut self, opener: Opener, callee: &str, driver: Option<&str>, argument: Span) {
        if argument.is_empty() {
            return;
        }
        let sqlite = match (opener.engine, driver) {
            (Told::Sqlite, _) => true,
            (Told::Driver, Some(driver)) => driver.contains("sqlite") || driver.contains("libsql"),
            (Told::Driver, None) | (Told::Url | Told::Server(_), _) => false,
        };
        let engine = match driver {
            Some("postgres" | "pgx" | "pgx/v5" | "postgresql" | "cloudsqlpostgres") => Engine::Postgresql,
            Some("mysql" | "mariadb") => Engine::Mysql,
            Some(_) if !sqlite => Engine::Other,
            Some(_) => Engine::Sqlite,
            None => match opener.engine {
                Told::Server(engine) => engine,
                _ => Engine::Sqlite,
            },
        };
        // `path + "?_journal=WAL"`: options say nothing of the path.
        let argument = self.without_options(argument);
        let getter = self.getters.iter().find(|getter| argument.contains(getter.call) && getter.default.is_none());
        if let Some(getter) = getter {
            let value = Value { engine, ..Value::env(getter.name.clone(), None) };
            self.gather.refer(argument, Role::Opens, value, callee, Confidence::High, None);
            return;
        }
        let literals = self.literals_in(argument);
        for &index in &literals {
            let Some(literal) = self.lexed.literals.get(index).copied() else { continue };
            if let Some(getter) = self.getters.iter().find(|getter| getter.default == Some(index)) {
                let default = self.own_value(&literal).with_origin(self.source.place(literal.span));
                let value = Value::env(getter.name.clone(), Some(default));
                self.gather.refer(literal.span, Role::Opens, value, callee, Confidence::High, None);
                return;
            }
            let mut value = self.value_of(&literal);
            let by_words = names_database(&value);
            let whole = literals.len() == 1 && literal.span == argument && !literal.inner.is_empty();
            if by_words || sqlite && whole && !self.source.slice(literal.inner).contains("://") {
                if engine != Engine::Sqlite && value.engine == Engine::Sqlite && !by_words {
                    value.engine = engine;
                }
                self.gather.refer(literal.span, Role::Opens, value, callee, Confidence::High, None);
                return;
            }
        }
        self.open_expression(callee, argument, sqlite, engine);
    }

    fn without_options(&self, argument: Span) -> Span {
        let Some(&last) = self.literals_in(argument).last() else { return argument };
        let Some(literal) = self.lexed.literals.get(last) else { return argument };
        let start = argument.start as usize;
        let words = self.source.slice(literal.inner);
        // One option does: `"file:" + name + "?mode=memory"` is no file.
        let options = words.starts_with('?') && !words.contains("mode=memory") && literal.span.end == argument.end;
        let before = self.lexed.code.get(start..literal.span.start as usize).filter(|_| options);
        match before.and_then(calls::concatenated) {
            Some(path) => Span::new(start, start + path.trim_end().len()),
            None => argument,
        }
    }

    /// The path is a name, or anything but a literal.
    fn open_expression(&mut self, callee: &str, argument: Span, sqlite: bool, engine: Engine) {
        let words = self.source.slice(argument).trim();
        let bare = words.trim_start_matches(['&', '*', '$', '@']);
        let bare = bare.split(['(', '?']).next().unwrap_or(bare);
        let bare = [".as_str", ".as_ref", ".clone", ".to_string", ".c_str", ".String", ".toString", ".path"]
            .iter()
            .find_map(|method| bare.strip_suffix(method))
            .unwrap_or(bare);
        let name = bare.rsplit(['.', ':', '>', '@', '$']).next().unwrap_or(bare);
        if let Some(getter) = self.getters.iter().find(|getter| getter.variable.as_deref() == Some(name)) {
            let default = getter.default.and_then(|index| self.lexed.literals.get(index));
            let default = default.map(|literal| self.own_value(literal).with_origin(self.source.place(literal.span)));
            let value = Value { engine, ..Value::env(getter.name.clone(), default) };
            self.gather.refer(argument, Role::Opens, value, callee, Confidence::High, None);
            return;
        }
        let known = self.constant(name, argument.start as usize, words.contains('.')).cloned();
        let value = match known {
            Some(value) if sqlite || names_database(&value) => value,
            _ if sqlite
                || self.sqlite && engine == Engine::Sqlite
                || matches!(engine, Engine::Postgresql | Engine::Mysql) =>
            {
                let words: String = words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(80).collect();
                Value { engine, ..Value::unknown(words) }
            }
            _ => return,
        };
        let sure = if sqlite { Confidence::High } else { Confidence::Medium };
        self.gather.refer_from(argument, Role::Opens, value, callee, sure);
    }

    fn literal(&mut self, index: usize) {
        let Some(literal) = self.lexed.literals.get(index).copied() else { return };
        let length = literal.inner.range().len();
        if length < 3 {
            return;
        }
        let at = literal.span.start as usize;
        let raw = self.source.slice(literal.inner);
        if raw == "sqlite3" || raw.ends_with("/sqlite3") {
            self.argument_of_sqlite3(literal);
            return;
        }
        // Options behind a path that stands elsewhere.
        if raw.starts_with('?') {
            return;
        }
        let value = if length <= 1024 { self.value_of(&literal) } else { Value::text("") };
        if !names_database(&value) {
            self.text(literal);
            return;
        }
        if self.is_import(at) {
            return;
        }
        let text = probe(&value);
        let memory = names::is_memory(&text);
        // A scheme alone is cut off or put in front far more often than it is opened.
        if text.ends_with("://") {
            return;
        }
        if self.is_only_spoken_of(literal) {
            if !memory {
                self.gather.refer(literal.span, Role::Mentions, value, "comparison or message", Confidence::Low, None);
            }
            return;
        }
        if let Some(variable) = self.set_by_call(at) {
            let token = Token { text: text.clone(), span: literal.span };
            self.gather.set(&variable, &token, "environment");
            return;
        }
        // A script inside the source: `export DATABASE_URL="x"`.
        let line = calls::line_before(&self.source.text, at).trim_start();
        if let Some(variable) = line.strip_prefix("export ").and_then(|rest| rest.strip_suffix('='))
            && crate::lang::config::is_variable(variable)
        {
            let token = Token { text: raw.to_owned(), span: literal.span };
            self.gather.set(variable, &token, "environment");
            return;
        }
        let name = calls::assigned(&self.source.text, &self.lexed.code, at).filter(|name| name != "_");
        let (role, construct) = match (self.style.kind, &name) {
            (Kind::Settings, _) => (Role::Configures, "setting"),
            (Kind::Program, Some(_)) => (Role::Binds, "constant"),
            (Kind::Program, None) => (Role::Binds, "literal"),
        };
        let sure = if self.known { crate::lang::config::confidence(&value) } else { Confidence::Medium };
        self.gather.refer(literal.span, role, value, construct, sure, name.as_deref());
    }

    /// A literal that is no path as a whole: SQL, a command, a glob, or words.
    fn text(&mut self, literal: Literal) {
        let raw = self.source.slice(literal.inner);
        let span = literal.span;
        if !literal.escapes && tags::looks_like_tags(raw) {
            self.tags(literal);
            return;
        }
        if names::is_database_glob(raw) && !raw.contains(char::is_whitespace) {
            self.gather.refer(span, Role::Mentions, Value::text(raw), "glob", Confidence::Low, None);
        } else if raw.starts_with("sqlite3 ") {
            let snippet = self.decoded(&literal);
            self.gather.snippet(&snippet, Language::Shell);
            self.gather.mention(literal.inner, Confidence::Medium, "string");
        } else if literal.escapes && raw.len() > 12 || raw.contains('\n') {
            self.query(literal);
            // Settings that a program writes out, or a test reads.
            let settings = [(is_dotenv(raw), Language::Dotenv), (is_yaml(raw), Language::Yaml)];
            let settings = settings.iter().find(|(fits, _)| *fits && !literal.escapes && raw.trim().contains('\n'));
            let script = || raw.lines().skip(1).any(|line| line.trim_start().starts_with("export "));
            let language = settings.map(|(_, language)| *language);
            if let Some(language) = language.or_else(|| (raw.contains('\n') && script()).then_some(Language::Shell)) {
                let snippet = Snippet::dedented(raw, literal.inner.start as usize);
                self.gather.snippet(&snippet, language);
            }
            self.gather.mention(literal.inner, Confidence::Medium, "string");
        } else if !raw.contains(char::is_whitespace) && raw.contains('=') && self.style.kind == Kind::Program {
            for range in names::mentions(raw) {
                let from = literal.inner.start as usize;
                let value = crate::lang::config::value(raw.get(range.clone()).unwrap_or(""));
                let place = Span::new(from + range.start, from + range.end);
                self.gather.refer(place, Role::Binds, value, "argument", Confidence::Medium, None);
            }
        } else {
            self.query(literal);
            self.gather.mention(literal.inner, Confidence::Medium, "string");
        }
    }

    /// `exec.Command("sqlite3", path, ".schema")`, `[]string{"sqlite3", path}`.
    fn argument_of_sqlite3(&mut self, literal: Literal) {
        let at = literal.span.start as usize;
        let Some(call) = calls::around(&self.lexed.code, at) else { return };
        let callee = self.lexed.code.get(call.callee.range()).unwrap_or("").to_ascii_lowercase();
        let runs = ["command", "exec", "spawn", "system", "run", "popen", "processbuilder", "start", "call", "output"];
        if call.bracket == b'(' && !runs.iter().any(|run| callee.ends_with(run)) {
            return;
        }
        let open = if call.bracket == b'(' {
            calls::open_after(&self.lexed.code, call.callee.end as usize)
        } else {
            let head = self.lexed.code.get(..at).unwrap_or("").trim_end();
            // Inside a block the word is a driver's name; only the first of a list is a program.
            if !head.ends_with(['{', '[']) {
                return;
            }
            head.len() - 1
        };
        let arguments = calls::arguments(&self.lexed.code, open);
        let next =
            arguments.iter().skip(call.index + 1).copied().find(|&span| !self.source.slice(span).starts_with("\"-"));
        let Some(argument) = next.filter(|span| !span.is_empty()) else { return };
        let opener = Opener { name: "sqlite3 command", argument: 0, engine: Told::Sqlite };
        self.open_argument(opener, "sqlite3 command", None, argument);
    }

    /// `t.Setenv("X", value)`: the variable.
    fn set_by_call(&self, at: usize) -> Option<String> {
        let call = calls::around(&self.lexed.code, at).filter(|call| call.bracket == b'(' && call.index == 1)?;
        let callee = self.lexed.code.get(call.callee.range())?.to_ascii_lowercase();
        let sets = ["setenv", "set_env", "putenv", "set_var", "setenvironmentvariable"];
        if !sets.iter().any(|set| callee.ends_with(set)) {
            return None;
        }
        let open = calls::open_after(&self.lexed.code, call.callee.end as usize);
        let first = *calls::arguments(&self.lexed.code, open).first()?;
        let name = self.lexed.literals.get(*self.literals_in(first).first()?)?;
        let name = self.source.slice(name.inner);
        crate::lang::config::is_variable(name).then(|| name.to_owned())
    }

    fn is_import(&self, at: usize) -> bool {
        let line = calls::line_before(&self.lexed.code, at).trim_start();
        ["import ", "use ", "require", "include", "#include", "from ", "load ", "source "]
            .iter()
            .any(|word| line.starts_with(word))
            && !line.contains('=')
    }

    /// Compared with, looked for, printed: HARD-CASE 49.
    fn is_only_spoken_of(&self, literal: Literal) -> bool {
        let at = literal.span.start as usize;
        let before = calls::line_before(&self.lexed.code, at).trim_end();
        let after = calls::line_after(&self.lexed.code, literal.span.end as usize).trim_start();
        let compared = ["==", "!=", "=~", " eq", " ne", "case", "when"].iter().any(|mark| before.ends_with(mark))
            || after.starts_with("==")
            || after.starts_with("!=")
            || after.starts_with(".equals");
        if compared {
            return true;
        }
        let Some(call) = calls::around(&self.lexed.code, at).filter(|call| call.bracket == b'(') else { return false };
        let callee = self.lexed.code.get(call.callee.range()).unwrap_or("").to_ascii_lowercase();
        let last = callee.rsplit(['.', ':', '>']).next().unwrap_or("").trim_end_matches('!');
        TALK.contains(&last)
    }

    /// Paths outside quotes, where configuration is not known to need them.
    fn rest(&mut self) {
        let mut at = 0;
        for line in self.source.text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            for range in names::mentions(line) {
                let span = Span::new(start + range.start, start + range.end);
                let before = line.get(..range.start).unwrap_or("").trim_end();
                let key = before.trim_end_matches(['=', ':', ' ', '\t']);
                let name: String = key.trim_start().trim_matches('"').to_owned();
                let single = !name.is_empty() && !name.contains(char::is_whitespace) && name.len() < before.len() + 1;
                let token = Token { text: line.get(range).unwrap_or("").to_owned(), span };
                if single && (before.ends_with(['=', ':']) || before == key) {
                    self.gather.configure(&name, &token, "setting");
                } else {
                    self.gather.mention(span, Confidence::Low, "text");
                }
            }
        }
    }
}
