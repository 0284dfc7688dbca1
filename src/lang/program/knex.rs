//! Names of tables in what JavaScript's query builders are handed: knex, objection, bookshelf, TypeORM's, drizzle's.

use std::collections::HashSet;

use super::evaluate::{argument, static_text};
use super::facts::Reading;
use super::ir::{Arg, Bound, ExprId, Kind, Module, Piece, ScopeId, ScopeKind};
use super::tables::is_name;
use crate::lang::Language;
use crate::lang::facts::{Access, Naming, TableUse};
use crate::lang::sql::begins_statement;
use crate::text::Span;

/// Methods of knex whose first argument is a table. Data.
const KNEX_TABLES: [&str; 13] = [
    "aliasFor",
    "batchInsert",
    "join",
    "innerJoin",
    "leftJoin",
    "leftOuterJoin",
    "rightJoin",
    "rightOuterJoin",
    "fullOuterJoin",
    "crossJoin",
    "from",
    "into",
    "table",
];

/// Methods of knex whose arguments are columns, `users.id`. Data.
const KNEX_COLUMNS: [&str; 35] = [
    "ref",
    "where",
    "andWhere",
    "orWhere",
    "whereNot",
    "orWhereNot",
    "whereIn",
    "orWhereIn",
    "whereNotIn",
    "whereNull",
    "orWhereNull",
    "whereNotNull",
    "whereBetween",
    "whereLike",
    "having",
    "orderBy",
    "groupBy",
    "select",
    "column",
    "columns",
    "distinct",
    "countDistinct",
    "count",
    "sum",
    "min",
    "max",
    "avg",
    "first",
    "pluck",
    "returning",
    "references",
    "on",
    "andOn",
    "orOn",
    "increment",
];

/// What knex itself, or a transaction of it, is called where it is handed over: `trx("users")`. Data.
const KNEX: [&str; 7] = ["knex", "trx", "tx", "db", "database", "qb", "transaction"];

/// Methods of TypeORM's builders that are handed a table, or an entity, and what to call it. Data.
const TYPEORM_TABLES: [&str; 8] = [
    "from",
    "leftJoin",
    "innerJoin",
    "leftJoinAndSelect",
    "innerJoinAndSelect",
    "getRepository",
    "getMetadata",
    "into",
];

/// Whether a method of knex takes a table first: `knex.select().from(table)`.
pub(super) fn takes_table(module: &Module, base: ExprId, method: &str, count: usize) -> bool {
    let text = &module.source.text;
    module.language != Language::Python
        && KNEX_TABLES.contains(&method)
        && (method != "join" || count > 1)
        && ["knex", "objection"].iter().any(|word| text.contains(word))
        && !matches!(&module.expr(base).kind, Kind::Name(name) if name.starts_with(char::is_uppercase))
        && !is_of_paths(module, base)
}

/// `` where(`${table}.id`, 1) ``, `` knex(`${table} as u`) ``; the name stands for a mark.
pub(super) fn is_handed(module: &Module, text: ExprId, words: &str) -> bool {
    let source = &module.source.text;
    let Some(rest) = words.strip_prefix(crate::lang::sql::HOLE) else { return false };
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_');
    let fits = match rest.split_whitespace().collect::<Vec<_>>().as_slice() {
        [sign, alias] => sign.eq_ignore_ascii_case("as") && is_word(alias),
        [column] => column.strip_prefix('.').is_some_and(|column| column == "*" || is_word(column)),
        _ => false,
    };
    let called = module.expr(text).parent.map(|call| &module.expr(call).kind);
    let Some(Kind::Call { callee, .. }) = called else { return false };
    let (Kind::Name(method) | Kind::Member(_, method)) = &module.expr(*callee).kind else { return false };
    let method = method.as_ref();
    fits && ["knex", "objection"].iter().any(|word| source.contains(word))
        && (KNEX.contains(&method) || KNEX_TABLES.contains(&method) || KNEX_COLUMNS.contains(&method))
}

/// `path`, `path.posix`, `nodePath`: what it joins is a path.
fn is_of_paths(module: &Module, base: ExprId) -> bool {
    match &module.expr(base).kind {
        Kind::Name(name) => name.to_ascii_lowercase().ends_with("path"),
        Kind::Member(_, name) => matches!(name.as_ref(), "path" | "posix" | "win32"),
        _ => false,
    }
}

impl Reading<'_> {
    pub(super) fn script_builders(&mut self) {
        if self.speaks_knex() {
            self.knex();
        }
        let text = &self.module.source.text;
        if text.contains("typeorm") {
            self.typeorm_builders();
        }
        if text.contains("TableCreator(") {
            self.table_creators();
        }
    }

    /// `select().from("users", "u")`, `getRepository("users")`. What a table is called in a query (`createQueryBuilder("users")`) is
    /// no name of it.
    fn typeorm_builders(&mut self) {
        for &call in &self.module.calls {
            let Kind::Call { callee, args } = &self.module.expr(call).kind else { continue };
            let (Kind::Name(method) | Kind::Member(_, method)) = &self.module.expr(*callee).kind else { continue };
            let is_repository = method.starts_with("get");
            let names_both = method.as_ref() == "createQueryBuilder" && args.len() > 1;
            if names_both || TYPEORM_TABLES.contains(&method.as_ref()) && (is_repository || args.len() > 1) {
                self.given(argument(args, 0, &[]));
            }
        }
    }

    /// Drizzle's `sqliteTableCreator((name) => `app_${name}`)`: what it makes is called as nothing here says.
    fn table_creators(&mut self) {
        for &call in &self.module.calls {
            let own = self.module.expr(call);
            let Kind::Call { callee, .. } = &own.kind else { continue };
            let (Kind::Name(name) | Kind::Member(_, name)) = &self.module.expr(*callee).kind else { continue };
            if !name.ends_with("TableCreator") {
                continue;
            }
            let inner = self.module.texts.iter().map(|&text| self.module.expr(text));
            let patterns = inner.filter(|text| own.span.contains(text.span)).map(|text| match &text.kind {
                Kind::Text(pieces) => pieces.iter().fold(String::new(), |pattern, piece| match piece {
                    Piece::Text(text, _) => pattern + text,
                    Piece::Hole(_) => pattern + "*",
                }),
                _ => String::new(),
            });
            let pattern = patterns.into_iter().find(|pattern| pattern.contains('*')).unwrap_or_default();
            self.facts.unfollowed.push(TableUse {
                access: Access::Defines,
                fixed: Some(format!("`{name}` makes the names of tables from others").into()),
                ..self.table_use(self.module.source.place(own.span), pattern, Naming::Spoken, ScopeId(0))
            });
        }
    }

    /// knex or objection are spoken of, or a connection itself is called with a table.
    fn speaks_knex(&self) -> bool {
        let text = &self.module.source.text;
        ["knex", "objection", "inTable("].iter().any(|word| text.contains(word))
            || self.facts.table_uses.iter().any(|found| found.naming == Naming::Given && !found.connection.is_empty())
    }

    fn knex(&mut self) {
        for &call in &self.module.calls {
            let Kind::Call { callee, args } = &self.module.expr(call).kind else { continue };
            let Kind::Member(base, method) = &self.module.expr(*callee).kind else {
                if matches!(&self.module.expr(*callee).kind, Kind::Name(name) if KNEX.contains(&name.as_ref())) {
                    self.aliased(argument(args, 0, &[]));
                }
                continue;
            };
            // `this.knex("users")`
            if KNEX.contains(&method.as_ref()) {
                self.aliased(argument(args, 0, &[]));
            }
            // `foreign("owner").references("id").on("users")`
            let refers = matches!(&self.module.expr(*base).kind, Kind::Call { callee, .. }
                if matches!(&self.module.expr(*callee).kind, Kind::Member(_, name) if name.as_ref() == "references"));
            if method.as_ref() == "on" && refers {
                self.given(argument(args, 0, &[]));
            }
            // `from(query.as("users"))`
            if method.as_ref() == "as" && self.is_table_of_query(call) {
                self.shadowed(argument(args, 0, &[]));
            }
            if method.as_ref() == "raw" {
                self.filled_in(args);
            }
            if method.as_ref() == "raw" || method.ends_with("Raw") {
                self.raw(args);
            }
            let is_class =
                matches!(&self.module.expr(*base).kind, Kind::Name(name) if name.starts_with(char::is_uppercase));
            // `path.join(a, b)` and `names.join(", ")` join no tables.
            let joins =
                method.as_ref() != "join" || args.len() > 2 || args.get(1).is_some_and(|arg| !self.is_text(arg.value));
            if KNEX_TABLES.contains(&method.as_ref())
                && !is_class
                && !is_of_paths(self.module, *base)
                && joins
                && (method.as_ref() != "join" || args.len() > 1)
            {
                self.aliased(argument(args, 0, &[]));
            }
        }
        let aliases = self.aliases();
        for &literal in &self.module.texts {
            if self.is_column(literal) {
                self.column(literal, &aliases);
            }
        }
        self.objection();
    }

    /// `${SCHEMA}.users`, `${SCHEMA}.users.id`, what a library is handed with the schema in front.
    fn schema_before(&mut self, given: ExprId) {
        let Kind::Text(pieces) = &self.module.expr(given).kind else { return };
        let [Piece::Hole(_), Piece::Text(rest, span)] = pieces.as_slice() else { return };
        let Some(words) = rest.strip_prefix('.').filter(|_| (span.end - span.start) as usize == rest.len()) else {
            return;
        };
        let table = words.split('.').next().unwrap_or("");
        let column = words.get(table.len()..).unwrap_or("").trim_start_matches('.');
        if is_name(table) && (column.is_empty() || is_name(column)) && column.is_empty() == (words == table) {
            let start = span.start as usize + 1;
            let reason = "code puts a schema before it".to_owned();
            self.qualified(Span::new(start, start + table.len()), table, Naming::Spoken, Some(reason));
        }
    }

    /// `"users"`, `"users as u"`, `{ u: "users" }`.
    fn aliased(&mut self, given: Option<ExprId>) {
        let Some(given) = given else { return };
        if let Kind::Dict(pairs) = &self.module.expr(given).kind {
            for &(_, value) in pairs {
                if !matches!(self.module.expr(value).kind, Kind::Dict(_)) {
                    self.aliased(Some(value));
                }
            }
            return;
        }
        self.schema_before(given);
        // `${TABLE} as u`
        if let Kind::Text(pieces) = &self.module.expr(given).kind
            && let [Piece::Hole(table), Piece::Text(rest, _)] = pieces.as_slice()
            && rest.trim_start().to_ascii_lowercase().starts_with("as ")
        {
            return self.names_table(*table, Access::Reads, Naming::Given, &[]);
        }
        let Some((text, span)) = self.plain(given) else {
            // `knex(this.table)`
            if matches!(
                self.module.expr(given).kind,
                Kind::Name(_) | Kind::Member(..) | Kind::Cond { .. } | Kind::Index(..)
            ) {
                self.names_table(given, Access::Reads, Naming::Given, &[]);
            }
            return;
        };
        match text.split_whitespace().collect::<Vec<_>>().as_slice() {
            [table, sign, _] if sign.eq_ignore_ascii_case("as") && text.starts_with(table) && is_name(table) => {
                let start = span.start as usize;
                self.qualified(Span::new(start, start + table.len()), table, Naming::Given, None);
            }
            _ => self.given(Some(given)),
        }
    }

    /// `raw("SELECT * FROM ??", ["users"])`.
    fn filled_in(&mut self, args: &[Arg]) {
        let (Some(sql), Some(given)) = (argument(args, 0, &[]), argument(args, 1, &[])) else { return };
        let Some((sql, _)) = self.plain(sql) else { return };
        let parts = self.parts(Some(given));
        let mut before = String::new();
        let mut holes = 0;
        let mut rest = sql.as_str();
        while let Some((head, tail)) = rest.split_once('?') {
            before.push_str(head);
            let is_name = tail.starts_with('?');
            let part = parts.get(holes).copied();
            if let Some(part) = part.filter(|_| is_name) {
                let last = before.split_whitespace().next_back().unwrap_or("").to_ascii_uppercase();
                if matches!(
                    last.as_str(),
                    "FROM" | "JOIN" | "INTO" | "UPDATE" | "TABLE" | "EXISTS" | "ON" | "REFERENCES"
                ) {
                    self.given(Some(part));
                }
                self.column(part, &HashSet::new());
            }
            holes += 1;
            rest = if is_name { tail.get(1..).unwrap_or("") } else { tail };
        }
    }

    /// `whereRaw("users.id = 1")`, `joinRaw("NATURAL JOIN users")`.
    fn raw(&mut self, args: &[Arg]) {
        let Some(literal) = argument(args, 0, &[]) else { return };
        // Of a whole statement its front end knows what is only called so in it.
        let Some((text, span)) = self.plain(literal).filter(|(text, _)| !begins_statement(text)) else { return };
        let mut last = "";
        let mut at = 0;
        for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
            let follows = ["FROM", "JOIN", "INTO", "UPDATE"].iter().any(|own| own.eq_ignore_ascii_case(last));
            if follows && is_name(word) {
                let start = span.start as usize + at;
                self.qualified(Span::new(start, start + word.len()), word, Naming::Stated, None);
            }
            last = word;
            let end = at + word.len();
            at = end + text.get(end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        }
        self.condition(literal);
    }

    /// Whether a builder or a mapper is spoken of.
    pub(super) fn speaks_of_builder(&self) -> bool {
        let text = &self.module.source.text;
        [
            "knex",
            "objection",
            "bookshelf",
            "equelize",
            "typeorm",
            "drizzle",
            "kysely",
            "mikro-orm",
            "waterline",
            "inTable(",
        ]
        .iter()
        .any(|word| text.contains(word))
    }

    /// `static get tableName() { return "users"; }`, `static tableName = "users"`.
    fn objection(&mut self) {
        let mut named = Vec::new();
        for scope in &self.module.scopes {
            if scope.kind == ScopeKind::Function && scope.name.as_ref() == "tableName" {
                named.extend(scope.returns.iter().copied());
            }
            if scope.kind == ScopeKind::Class {
                let bindings = [scope.bindings.get("tableName"), scope.members.get("tableName")];
                for binding in bindings.into_iter().flatten().flatten() {
                    if let Bound::Expr(value) = binding.value {
                        named.push(value);
                    }
                }
            }
        }
        let aliased = !named.is_empty() && self.aliases_by_class();
        for value in named {
            if self.is_text(value) {
                self.schema_before(value);
                self.names_table(value, Access::Defines, Naming::Given, &[]);
            }
            // `alias(Person.name)`, where the class is called as its table.
            let class = self.enclosing_class_name(value);
            if let Some((table, span)) =
                self.plain(value).filter(|(table, _)| aliased && class.as_deref() == Some(table))
            {
                let place = self.module.source.place(span);
                for found in self.facts.table_uses.iter_mut().filter(|found| found.place == place) {
                    found.fixed = Some(format!("a query calls the table `{table}` as its class").into());
                }
            }
        }
    }

    /// Somewhere a query calls a table as a class is called: `alias(model.name)`.
    fn aliases_by_class(&self) -> bool {
        self.evaluator.program.every_caller("alias").any(|(at, call)| {
            let Some(module) = self.evaluator.program.module(at) else { return false };
            let Kind::Call { args, .. } = &module.expr(call).kind else { return false };
            args.first().is_some_and(
                |arg| matches!(&module.expr(arg.value).kind, Kind::Member(_, name) if name.as_ref() == "name"),
            )
        })
    }

    fn enclosing_class_name(&self, expr: ExprId) -> Option<String> {
        let class = super::members::enclosing_class(self.module, self.module.expr(expr).scope)?;
        Some(self.module.scope(class).name.to_string())
    }

    /// Handed to a method that takes columns, by itself or in a list or an object; or one end of a relation.
    fn is_column(&self, literal: ExprId) -> bool {
        let mut at = literal;
        for _ in 0..4 {
            let Some(parent) = self.module.expr(at).parent else { return false };
            match &self.module.expr(parent).kind {
                Kind::Dict(pairs) => {
                    let key = pairs.iter().find(|(_, value)| *value == at).and_then(|(key, _)| *key);
                    let key = key.and_then(|key| static_text(self.module, key));
                    if matches!(key.as_deref(), Some("from" | "to"))
                        && self.module.source.text.contains("relationMappings")
                    {
                        return true;
                    }
                }
                Kind::List(_) => {}
                Kind::Call { callee, .. } if *callee != at => {
                    return matches!(&self.module.expr(*callee).kind, Kind::Member(base, method)
                        if (KNEX_COLUMNS.contains(&method.as_ref()) || KNEX_TABLES.contains(&method.as_ref()))
                            && !is_of_paths(self.module, *base));
                }
                _ => return false,
            }
            at = parent;
        }
        false
    }

    /// What queries call tables: `users as u`, `{ u: "users" }`.
    fn aliases(&self) -> HashSet<String> {
        let texts = self.module.texts.iter().filter_map(|&text| static_text(self.module, text));
        let mut found: HashSet<String> = texts
            .filter_map(|text| match text.split_whitespace().collect::<Vec<_>>().as_slice() {
                [_, sign, alias] if sign.eq_ignore_ascii_case("as") => Some((*alias).to_owned()),
                _ => None,
            })
            .collect();
        // `${TABLE} as u`
        found.extend(self.module.texts.iter().filter_map(|&text| match &self.module.expr(text).kind {
            Kind::Text(pieces) => match pieces.as_slice() {
                [Piece::Hole(_), Piece::Text(rest, _)] => {
                    match rest.split_whitespace().collect::<Vec<_>>().as_slice() {
                        [sign, alias] if sign.eq_ignore_ascii_case("as") => Some((*alias).to_owned()),
                        _ => None,
                    }
                }
                _ => None,
            },
            _ => None,
        }));
        for &call in &self.module.calls {
            let Kind::Call { callee, args } = &self.module.expr(call).kind else { continue };
            let (Kind::Name(method) | Kind::Member(_, method)) = &self.module.expr(*callee).kind else { continue };
            if !(KNEX.contains(&method.as_ref()) || KNEX_TABLES.contains(&method.as_ref())) {
                continue;
            }
            let Some(Kind::Dict(pairs)) = args.first().map(|first| &self.module.expr(first.value).kind) else {
                continue;
            };
            found.extend(pairs.iter().filter_map(|(key, _)| static_text(self.module, (*key)?)));
        }
        found
    }

    /// `users.id`, `users.*`, `users.id as owner`.
    fn column(&mut self, literal: ExprId, aliases: &HashSet<String>) {
        let Some((text, span)) = self.plain(literal) else { return };
        let Some((table, column)) = text.split_once('.') else { return };
        let words: Vec<&str> = column.split_whitespace().collect();
        let is_word = |word: &str| word.chars().all(|c| c.is_alphanumeric() || c == '_');
        let fits = match words.as_slice() {
            [column] => *column == "*" || is_word(column),
            [column, sign, name] => is_word(column) && sign.eq_ignore_ascii_case("as") && is_word(name),
            _ => false,
        };
        if fits && is_word(table) && is_name(table) {
            let start = span.start as usize;
            let fixed = aliases.contains(table).then(|| format!("a query calls another table `{table}`"));
            self.qualified(Span::new(start, start + table.len()), table, Naming::Given, fixed);
        }
    }
}
