//! Names of tables that nothing says more of than the word `table`: a list `EXPECTED_TABLES`, an argument `table_name=`. They are no
//! tables for sure, so nothing renames them; but a table that may stand there as well is not renamed around them.

use std::collections::HashSet;

use super::evaluate::{Val, static_text};
use super::facts::Reading;
use super::fillers::home;
use super::ir::{Arg, Binding, Bound, ExprId, Kind, Module, Op, Piece, ScopeId};
use super::strays::is_column_of;
use super::tables::is_name;
use crate::lang::Language;
use crate::lang::facts::{Naming, TableUse};
use crate::text::Span;

/// Lists in lists, and what wraps them.
const DEPTH: usize = 16;

/// What makes a collection of another.
const COLLECTIONS: [&str; 5] = ["set", "frozenset", "tuple", "list", "sorted"];
/// Methods of what is called a table that make another one, or do away with it.
const OF_TABLE: [&str; 6] = ["create", "recreate", "rename", "copy", "clone", "drop"];
/// Methods of collections that are handed an element or a key.
const IN_COLLECTION: [&str; 9] = ["get", "pop", "setdefault", "append", "add", "remove", "discard", "index", "count"];

/// What has to do with a literal.
enum Holder {
    /// What the code calls the thing that it is, or is an element of.
    Named(String),
    /// A call that may take it for the name of a table.
    Takes(String),
}

/// Methods of objects that are called databases, which take the name of a table.
const OF_ROWS: [&str; 26] = [
    "all",
    "bulk_insert",
    "clear",
    "count",
    "delete",
    "describe",
    "drop",
    "exists",
    "fetch",
    "fetch_all",
    "find",
    "find_all",
    "find_one",
    "findOne",
    "get",
    "get_all",
    "insert",
    "insert_many",
    "insertMany",
    "multiple_insert",
    "replace",
    "select",
    "truncate",
    "update",
    "upsert",
    "where",
];

/// What options of builders call the name of a table. Data.
const OF_BUILDER: [&str; 9] =
    ["name", "from", "to", "through", "model", "collection", "entity", "resource", "modelName"];

impl Reading<'_> {
    pub(super) fn spoken(&mut self) {
        let python = self.module.language == Language::Python;
        // Of programs in JavaScript only names that are asked for are looked at.
        if !python && self.evaluator.program.renamed.is_empty() {
            return;
        }
        let builder = !python && self.speaks_of_builder();
        if !python {
            self.patterns();
            self.keys_of_types();
        }
        let known: HashSet<Span> = self.facts.table_uses.iter().map(|found| found.place.span).collect();
        for &text in &self.module.texts {
            let Kind::Text(pieces) = &self.module.expr(text).kind else { continue };
            let [Piece::Text(name, span)] = pieces.as_slice() else { continue };
            if !is_name(name)
                || name.contains([' ', '-'])
                || (span.end - span.start) as usize != name.len()
                || known.contains(span)
            {
                continue;
            }
            let lower = name.to_ascii_lowercase();
            if !python && !self.evaluator.program.renamed.contains(&lower) {
                continue;
            }
            let speaks = |holder: &str| {
                of_words(holder) || !python && of_humps(holder) || builder && OF_BUILDER.contains(&holder)
            };
            let reason = match self.holder(text) {
                _ if self.fills_template(text) => "it is filled into a template".to_owned(),
                _ if self.is_sought_in_sql(text) => "it is looked for in a statement".to_owned(),
                Some(Holder::Named(holder)) if speaks(&holder) => format!("it may be the name that `{holder}` holds"),
                Some(Holder::Takes(call)) => format!("`{call}` may take it for the name of a table"),
                _ => match self.handed_to_unknown(text).filter(|_| !python) {
                    Some(reason) => reason,
                    None => continue,
                },
            };
            self.facts.table_uses.push(TableUse {
                fixed: Some(reason.into()),
                ..self.table_use(
                    self.module.source.place(*span),
                    name.as_str(),
                    Naming::Spoken,
                    self.module.expr(text).scope,
                )
            });
        }
    }

    /// Pieces of SQL that nothing is seen to put together: `filters["type"] = "users.type = ?"`, `" JOIN users ON "`.
    pub(super) fn left_over(&mut self) {
        if self.evaluator.program.renamed.is_empty() {
            return;
        }
        let known: HashSet<u32> = self.facts.table_uses.iter().map(|found| found.place.span.start).collect();
        let stated = self.facts.table_uses.iter().filter(|found| !matches!(found.naming, Naming::Spoken));
        let stated: HashSet<String> = stated.map(|found| found.table.to_ascii_lowercase()).collect();
        let called = self.called_in_queries();
        for &text in &self.module.texts {
            let Kind::Text(pieces) = &self.module.expr(text).kind else { continue };
            let columns = self.module.language != Language::Python && self.may_be_columns(text);
            for (index, piece) in pieces.iter().enumerate() {
                let Piece::Text(words, span) = piece else { continue };
                let begins = index == 0 && columns;
                let is_alone = pieces.len() == 1;
                // An escape would move what follows.
                if (span.end - span.start) as usize != words.len() {
                    continue;
                }
                let renamed = &self.evaluator.program.renamed;
                let of_columns = renamed
                    .iter()
                    .filter(|table| {
                        begins
                            && !called.contains(*table)
                            && stated.contains(*table)
                            && is_column_of(words, table, is_alone)
                    })
                    .map(|table| 0..table.len());
                let in_small = begins_in_small(words) && self.may_be_statement(text);
                let of_small = renamed.iter().filter(|_| in_small).flat_map(|table| in_small_sql(words, table));
                // `createQueryBuilder("users")` calls a table so, whatever its name is.
                let is_query = ["FROM ", "JOIN ", "INTO ", "UPDATE "].iter().any(|word| words.contains(word));
                let in_sql = renamed
                    .iter()
                    .filter(|table| is_query || !called.contains(*table))
                    .flat_map(|table| in_sql(words, table));
                let of_server = renamed.iter().filter_map(|table| in_catalogue_of_server(words, table));
                let of_code: Vec<_> = match self.module.language {
                    Language::Python => Vec::new(),
                    _ => renamed.iter().flat_map(|table| in_code(words, table)).collect(),
                };
                for range in of_code {
                    let start = span.start as usize + range.start;
                    let own = Span::new(start, start + range.len());
                    let table = words.get(range).unwrap_or_default();
                    self.qualified(own, table, Naming::Spoken, Some("code that stands in a text names it".to_owned()));
                }
                for range in in_sql.chain(of_columns).chain(of_small).chain(of_server) {
                    let start = span.start as usize + range.start;
                    let own = Span::new(start, start + range.len());
                    if known.contains(&own.start) {
                        continue;
                    }
                    self.facts.table_uses.push(TableUse {
                        fixed: Some("it stands in a piece of SQL that nothing is seen to put together".into()),
                        ..self.table_use(
                            self.module.source.place(own),
                            words.get(range).unwrap_or_default(),
                            Naming::Spoken,
                            self.module.expr(text).scope,
                        )
                    });
                }
            }
        }
    }

    /// What the code calls the thing that a literal is, or is an element of.
    fn holder(&self, literal: ExprId) -> Option<Holder> {
        let mut at = literal;
        for _ in 0..DEPTH {
            if let Some(named) = self.usage.named(at) {
                return Some(Holder::Named(named.name.to_string()));
            }
            if let Some(target) = self.usage.target(at) {
                return self.last_word(target).map(Holder::Named);
            }
            let parent = self.module.expr(at).parent?;
            match &self.module.expr(parent).kind {
                Kind::Call { callee, args } if *callee != at => {
                    let given = args.iter().find(|arg| arg.value == at)?;
                    if let Some(call) = self.taker(*callee, args, given) {
                        return Some(Holder::Takes(call));
                    }
                    match (&given.name, &self.module.expr(*callee).kind) {
                        (Some(keyword), _) if !keyword.starts_with('*') => {
                            return Some(Holder::Named(keyword.to_string()));
                        }
                        (None, Kind::Name(name)) if COLLECTIONS.contains(&name.as_ref()) => {}
                        (None, Kind::Member(base, name))
                            if IN_COLLECTION.contains(&name.as_ref()) || OF_TABLE.contains(&name.as_ref()) =>
                        {
                            return self.last_word(*base).map(Holder::Named);
                        }
                        _ => return None,
                    }
                }
                // `["users", "teams"].map((table) => ..)`
                Kind::Member(base, _) if *base == at => return self.element_of(parent).map(Holder::Named),
                Kind::Dict(pairs) => {
                    if let Some((key, _)) = pairs.iter().find(|(_, value)| *value == at) {
                        return key.and_then(|key| static_text(self.module, key)).map(Holder::Named);
                    }
                    // A key is held by what holds the dictionary.
                }
                Kind::List(_) | Kind::Binary { op: Op::Add | Op::Or | Op::Other, .. } => {}
                Kind::Binary { op: Op::Compare, left, right } => {
                    let other = if *left == at { *right } else { *left };
                    if self.is_name_of_class(other) || self.is_mere_choice(other) {
                        return None;
                    }
                    return self.last_word(other).map(Holder::Named);
                }
                // A key of what holds something for each table.
                Kind::Index(base, key) if *key == at => return self.last_word(*base).map(Holder::Named),
                _ => return None,
            }
            at = parent;
        }
        None
    }

    /// `RelatedModelClass.name`, `this.constructor.name`.
    fn is_name_of_class(&self, expr: ExprId) -> bool {
        let Kind::Member(base, name) = &self.module.expr(expr).kind else { return false };
        let of_class = |word: String| ["Class", "Model", "constructor"].iter().any(|own| word.ends_with(own));
        name.as_ref() == "name" && self.last_word(*base).is_some_and(of_class)
    }

    /// `"users" in query`, `"users" in connection.execute.call_args[0][0]`
    fn is_sought_in_sql(&self, literal: ExprId) -> bool {
        let Some(parent) = self.module.expr(literal).parent else { return false };
        let Kind::Binary { op: Op::Compare, left, right } = self.module.expr(parent).kind else { return false };
        let words = |expr: ExprId| self.module.source.slice(self.module.expr(expr).span);
        let between = Span { start: self.module.expr(left).span.end, end: self.module.expr(right).span.start };
        let is_in = self.module.source.slice(between).split_whitespace().any(|word| word == "in");
        let other = words(right).to_ascii_lowercase();
        is_in
            && left == literal
            && ["sql", "query", "queries", "statement", "stmt", "call_args"].iter().any(|own| other.contains(own))
    }

    /// `Template("SELECT * FROM $table").substitute(table="users")`
    fn fills_template(&self, literal: ExprId) -> bool {
        let mut at = literal;
        for _ in 0..3 {
            let Some(parent) = self.module.expr(at).parent else { return false };
            match &self.module.expr(parent).kind {
                Kind::Call { callee, .. } => {
                    return matches!(&self.module.expr(*callee).kind,
                        Kind::Member(_, method) if matches!(method.as_ref(), "substitute" | "safe_substitute"));
                }
                Kind::Dict(pairs) if pairs.iter().any(|(_, value)| *value == at) => at = parent,
                _ => return false,
            }
        }
        false
    }

    /// A call that may take its argument for a table: `drop_table("users")`, `db.select("users")`, `rows("users")` of a `def rows(table)`.
    fn taker(&self, callee: ExprId, args: &[Arg], given: &Arg) -> Option<String> {
        let (Kind::Name(name) | Kind::Member(_, name)) = &self.module.expr(callee).kind else { return None };
        if given.name.is_some() {
            return None;
        }
        let position = args.iter().filter(|arg| arg.name.is_none()).position(|arg| arg.value == given.value)?;
        // `Table("Users")` of a library that draws tables is a class.
        let takes_one = position == 0 && speaks_of_tables(name) && !name.starts_with(char::is_uppercase);
        if takes_one || self.evaluator.program.takes_table(name, position) {
            return (!self.makes_a_choice(callee, position)).then(|| name.to_string());
        }
        let Kind::Member(base, _) = &self.module.expr(callee).kind else { return None };
        let base = self.last_word(*base).filter(|base| speaks_of_database(base))?;
        let is_known = || self.evaluator.ask(self.at, callee).iter().any(|val| matches!(val, Val::Function(..)));
        (position == 0 && OF_ROWS.contains(&name.as_ref()) && !is_known()).then(|| format!("{base}.{name}"))
    }

    /// Every function that is called only asks which of some words it is handed.
    fn makes_a_choice(&self, callee: ExprId, position: usize) -> bool {
        let (functions, whole) = self.evaluator.ask_whole(self.at, callee);
        whole
            && !functions.is_empty()
            && functions.iter().all(|val| {
                let Val::Function((home, scope), this) = val else { return false };
                let Some(module) = self.evaluator.program.module(*home) else { return false };
                let own = usize::from(this.is_some() && module.language == Language::Python);
                let param = module.scope(*scope).params.get(position + own);
                param.is_some_and(|param| is_only_compared(module, *scope, &param.name))
            })
    }

    /// A parameter that its function only compares with words.
    fn is_mere_choice(&self, expr: ExprId) -> bool {
        let Kind::Name(name) = &self.module.expr(expr).kind else { return false };
        let Some(scope) = home(self.module, self.module.expr(expr).scope, name) else { return false };
        let is_param = |binding: &Binding| matches!(binding.value, Bound::Param(_));
        self.module.scope(scope).bindings.get(name).is_some_and(|all| all.iter().all(is_param))
            && is_only_compared(self.module, scope, name)
    }

    /// What a function is handed that a method of a list calls with each element.
    fn element_of(&self, method: ExprId) -> Option<String> {
        let call = self.module.expr(method).parent?;
        let Kind::Call { callee, args } = &self.module.expr(call).kind else { return None };
        let function = args.first().filter(|_| *callee == method)?;
        let Kind::Function(scope) = &self.module.expr(function.value).kind else { return None };
        self.module.scope(*scope).params.first().map(|param| param.name.to_string())
    }

    /// The name that an expression ends with: `TABLES`, `schema.tables`, `schema["tables"]`, `set(tables)`, `list_tables()`.
    pub(super) fn last_word(&self, expr: ExprId) -> Option<String> {
        let mut at = expr;
        for _ in 0..DEPTH {
            match &self.module.expr(at).kind {
                Kind::Name(name) | Kind::Member(_, name) => return Some(name.to_string()),
                Kind::Index(_, key) => return static_text(self.module, *key),
                Kind::Call { callee, args } => match (&self.module.expr(*callee).kind, args.as_slice()) {
                    (Kind::Name(name), [only]) if COLLECTIONS.contains(&name.as_ref()) => at = only.value,
                    (Kind::Member(base, name), []) if matches!(name.as_ref(), "keys" | "copy") => at = *base,
                    _ => at = *callee,
                },
                _ => return None,
            }
        }
        None
    }
}

/// Every use of a function's parameter is a comparison with words that stand there.
fn is_only_compared(module: &Module, function: ScopeId, param: &str) -> bool {
    let is_word = |side: ExprId| match &module.expr(side).kind {
        Kind::Text(_) => true,
        Kind::List(parts) => parts.iter().all(|&part| matches!(module.expr(part).kind, Kind::Text(_))),
        _ => false,
    };
    let mut uses = module.exprs.iter().filter(|expr| {
        matches!(&expr.kind, Kind::Name(own) if own.as_ref() == param)
            && home(module, expr.scope, param) == Some(function)
    });
    let mut is_used = false;
    let are_compared = uses.all(|expr| {
        is_used = true;
        match expr.parent.map(|parent| &module.expr(parent).kind) {
            Some(Kind::Binary { op: Op::Compare, left, right }) => is_word(*left) || is_word(*right),
            _ => false,
        }
    });
    is_used && are_compared
}

/// `EXPECTED_TABLES`, `table_name`, `fts_table`; not `tablet` and not `mutable`.
pub(super) fn speaks_of_tables(holder: &str) -> bool {
    of_words(holder) || of_humps(holder)
}

pub(super) fn of_words(holder: &str) -> bool {
    holder
        .split(|letter: char| !letter.is_ascii_alphabetic())
        .any(|word| ["table", "tables", "tablename", "tablenames"].iter().any(|own| word.eq_ignore_ascii_case(own)))
}

/// `tableName`, `usersTable`, `tablesToClear`.
pub(super) fn of_humps(holder: &str) -> bool {
    ["table", "tables"].iter().any(|own| {
        let starts = holder.strip_prefix(own).is_some_and(|rest| rest.starts_with(char::is_uppercase));
        let hump = format!("T{}", own.get(1..).unwrap_or(""));
        starts
            || holder.match_indices(&hump).any(|(at, hump)| {
                !holder.get(at + hump.len()..).is_some_and(|rest| rest.starts_with(char::is_lowercase))
            })
    })
}

/// `db`, `user_db`, `connection`.
fn speaks_of_database(holder: &str) -> bool {
    let lower = holder.to_ascii_lowercase();
    let last = lower.rsplit('_').next().unwrap_or(&lower);
    matches!(last, "db" | "database" | "conn" | "con" | "connection" | "cursor" | "cur" | "sqlite")
        || lower.ends_with("db")
}

/// Another server's catalogue is asked for it: `information_schema.tables WHERE table_name = 'users'`.
fn in_catalogue_of_server(words: &str, table: &str) -> Option<std::ops::Range<usize>> {
    let asks = ["information_schema", "duckdb_tables", "pg_tables", "pg_class"].iter().any(|own| words.contains(own));
    let at = words.find(&format!("'{table}'")).filter(|_| asks)? + 1;
    Some(at..at + table.len())
}

/// Where code that is written out in a text hands it to something: `createTable('users', {})`.
fn in_code(words: &str, table: &str) -> Vec<std::ops::Range<usize>> {
    if !words.contains('\n') && !words.contains("=>") && !words.contains(';') {
        return Vec::new();
    }
    let lower = words.to_ascii_lowercase();
    let found = ['"', '\'', '`'].into_iter().flat_map(|quote| {
        let own = format!("{quote}{table}{quote}");
        let at: Vec<usize> = lower.match_indices(&own).map(|(at, _)| at).collect();
        at
    });
    let is_handed = |at: &usize| {
        let before = lower.get(..*at).unwrap_or("").trim_end();
        let call = before.strip_suffix('(').is_some_and(|name| name.ends_with(|last: char| last.is_alphanumeric()));
        // `INSERT INTO t (..) VALUES ('users')` is no call.
        let is_sql = ["values(", " in(", "count(", "max(", "min("].iter().any(|sign| before.ends_with(sign));
        call && !is_sql || before.ends_with("tablename:")
    };
    found.filter(is_handed).map(|at| at + 1..at + 1 + table.len()).collect()
}

fn begins_in_small(words: &str) -> bool {
    ["select ", "delete from ", "insert into ", "update "].iter().any(|verb| words.trim_start().starts_with(verb))
}

/// Where a statement in small letters says `from table`.
fn in_small_sql(words: &str, table: &str) -> Vec<std::ops::Range<usize>> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut found = Vec::new();
    for (at, _) in words.match_indices(table) {
        let (Some(before), Some(behind)) = (words.get(..at), words.get(at + table.len()..)) else { continue };
        let follows = ["from", "join", "into"].iter().any(|word| {
            let rest = before.trim_end().strip_suffix(word);
            before.ends_with(char::is_whitespace) && rest.is_some_and(|rest| rest.ends_with(char::is_whitespace))
        });
        let updates = before.trim() == "update" && behind.trim_start().starts_with("set ");
        if (follows || updates) && !behind.starts_with(is_word) {
            found.push(at..at + table.len());
        }
    }
    found
}

/// Where words say `table.column =` or `JOIN table`; the table's name is in small letters.
fn in_sql(words: &str, table: &str) -> Vec<std::ops::Range<usize>> {
    const BEFORE: [&str; 4] = ["JOIN", "FROM", "INTO", "UPDATE"];
    const BEHIND: [&str; 12] =
        ["=", "<", ">", "!=", "IN ", "IN(", "IS ", "NOT ", "LIKE ", "BETWEEN ", "GLOB ", "MATCH "];
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let lower = words.to_ascii_lowercase();
    let mut found = Vec::new();
    for (at, _) in lower.match_indices(table) {
        let (Some(before), Some(behind)) = (words.get(..at), words.get(at + table.len()..)) else { continue };
        if before.ends_with(|letter: char| is_word(letter) || letter == '.') || behind.starts_with(is_word) {
            continue;
        }
        let after_column = behind.strip_prefix('.').map(|rest| rest.trim_start_matches(is_word));
        let compared = after_column.is_some_and(|rest| {
            rest.len() + 1 < behind.len() && BEHIND.iter().any(|sign| rest.trim_start().starts_with(sign))
        });
        // A pattern: `FROM\s+users`.
        let pattern = ["\\s+", "\\s*", "\\s"].iter().find_map(|blank| before.strip_suffix(blank));
        let before = pattern.map_or_else(|| before.to_owned(), |rest| format!("{rest} "));
        let joined = before.ends_with(char::is_whitespace)
            && BEFORE.iter().any(|word| {
                let rest = before.trim_end().strip_suffix(word);
                rest.is_some_and(|rest| !rest.ends_with(is_word))
            });
        if compared || joined {
            found.push(at..at + table.len());
        }
    }
    found
}
