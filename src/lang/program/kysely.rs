//! Names of tables in what Kysely is handed, and among the keys of the types that it asks for tables. Knows no SQL.

use std::collections::HashSet;

use super::evaluate::{argument, static_text};
use super::facts::Reading;
use super::ir::{Arg, ExprId, Kind};
use super::keyed_types::{asked, declared};
use super::models::snake;
use super::tables::is_name;
use crate::lang::facts::{Access, Naming, TableUse};
use crate::text::Span;

/// Methods of Kysely that take a table first, and belong to nothing else. Data.
const OF_KYSELY: [&str; 6] = ["selectFrom", "insertInto", "updateTable", "deleteFrom", "replaceInto", "mergeInto"];

/// Methods of its queries that take a table first, perhaps with what to call it. Data.
const OF_QUERY: [&str; 10] = [
    "innerJoin",
    "leftJoin",
    "rightJoin",
    "fullJoin",
    "crossJoin",
    "using",
    "from",
    "clearTable",
    "selectAll",
    "returningAll",
];

/// Methods that take columns, `users.id`. Data.
const OF_COLUMNS: [&str; 33] = [
    "innerJoin",
    "leftJoin",
    "rightJoin",
    "fullJoin",
    "using",
    "select",
    "where",
    "whereRef",
    "having",
    "havingRef",
    "on",
    "onRef",
    "orderBy",
    "groupBy",
    "distinctOn",
    "returning",
    "ref",
    "column",
    "columns",
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "coalesce",
    "agg",
    "set",
    "references",
    "between",
    "when",
    "jsonPath",
    "partitionBy",
    "toJson",
];

/// Signs between a column and what it is compared with. Data.
const SIGNS: [&str; 17] = [
    "=",
    "==",
    "!=",
    "<>",
    "<",
    ">",
    "<=",
    ">=",
    "in",
    "not in",
    "is",
    "is not",
    "like",
    "not like",
    "is distinct from",
    "match",
    "->>",
];

/// Whether a method of Kysely takes a table first.
pub(super) fn takes_table(method: &str) -> bool {
    OF_KYSELY.contains(&method)
}

impl Reading<'_> {
    pub(super) fn kysely(&mut self) {
        let fixed = self.kysely_types();
        let is_of_it = |&call: &ExprId| self.method_of(call).is_some_and(|(_, method)| OF_KYSELY.contains(&method));
        let text = &self.module.source.text;
        // A step says no more than `db.schema`.
        let is_step = self.evaluator.program.uses_kysely() && text.contains(".schema");
        if !text.contains("ysely") && !is_step && !self.module.calls.iter().any(is_of_it) {
            return;
        }
        let before = self.facts.table_uses.len();
        for &call in &self.module.calls {
            self.kysely_call(call);
        }
        self.described_in_objects();
        let aliases = self.kysely_aliases();
        for &literal in &self.module.texts {
            if self.is_kysely_column(literal) {
                self.kysely_column(literal, &aliases);
            }
        }
        let respelled = self.evaluator.program.table_types().respelled;
        let mut others = Vec::new();
        for found in self.facts.table_uses.iter_mut().skip(before) {
            if found.naming == Naming::Given && found.fixed.is_none() {
                found.fixed = fixed.as_deref().map(Into::into);
            }
            let other = snake(&found.table);
            if respelled && *other != *found.table {
                others.push(TableUse { table: other.into(), ..found.clone() });
            }
        }
        self.facts.table_uses.extend(others);
    }

    /// `interface Database { users: UserTable }`, `Database["users"]`. Why no name may be changed that Kysely is handed.
    fn kysely_types(&mut self) -> Option<String> {
        let types = self.evaluator.program.table_types();
        if types.names.is_empty() {
            return None;
        }
        let fixed = match &types.opaque {
            _ if types.respelled => {
                Some("`CamelCasePlugin` makes names of tables from those that code says".to_owned())
            }
            Some(name) => Some(format!("the type `{name}`, whose keys are Kysely's tables, is put together elsewhere")),
            None => None,
        };
        let text = &self.module.source.text;
        let renamed = &self.evaluator.program.renamed;
        let own = declared(text).into_iter().filter(|own| types.names.contains(&own.name));
        let keys = own.flat_map(|own| own.keys).map(|(_, at)| at);
        let is_renamed = |at: &std::ops::Range<usize>| {
            text.get(at.clone()).is_some_and(|key| renamed.iter().any(|table| table.eq_ignore_ascii_case(key)))
        };
        let mut places: Vec<_> = keys.filter(is_renamed).collect();
        places.extend(asked(text, &types.names, renamed));
        for at in places {
            let table = text.get(at.clone()).unwrap_or("").to_owned();
            self.qualified(Span::new(at.start, at.end), &table, Naming::Given, fixed.clone());
        }
        fixed
    }

    fn method_of(&self, call: ExprId) -> Option<(ExprId, &str)> {
        let Kind::Call { callee, .. } = &self.module.expr(call).kind else { return None };
        match &self.module.expr(*callee).kind {
            Kind::Member(base, method) => Some((*base, method.as_ref())),
            _ => None,
        }
    }

    fn kysely_call(&mut self, call: ExprId) {
        let Kind::Call { args, .. } = &self.module.expr(call).kind else { return };
        let Some((base, method)) = self.method_of(call) else { return };
        let base_word = self.last_word(base).unwrap_or_default();
        let first = argument(args, 0, &[]);
        let of_schema = |sign: &[&str]| self.called_on(base, sign);
        match method {
            _ if OF_KYSELY.contains(&method) => self.kysely_tables(first, true),
            // `select(..)` of something else may be followed by these as well.
            _ if OF_QUERY.contains(&method) && !base_word.starts_with(char::is_uppercase) => {
                self.kysely_tables(first, false);
            }
            "table" if matches!(base_word.as_str(), "sql" | "dynamic") => self.kysely_tables(first, true),
            "on" if args.len() == 1 && of_schema(&["createIndex", "dropIndex"]) => self.kysely_tables(first, false),
            "renameTo" if of_schema(&["alterTable"]) => self.kysely_tables(first, false),
            "with" | "withRecursive" if args.len() > 1 => self.shadowed(first),
            "addForeignKeyConstraint" => self.kysely_tables(argument(args, 2, &[]), false),
            _ => {}
        }
    }

    /// A query calls something else by the name of a table, so that each mention of it there is that.
    pub(super) fn shadowed(&mut self, name: Option<ExprId>) {
        let Some((text, span)) = name.and_then(|name| self.plain(name)) else { return };
        let name = text.split('(').next().unwrap_or("");
        if self.evaluator.program.renamed.iter().any(|table| table.eq_ignore_ascii_case(name)) {
            let start = span.start as usize;
            let reason = format!("a query calls another table `{name}`");
            self.qualified(Span::new(start, start + name.len()), name, Naming::Spoken, Some(reason));
        }
    }

    /// `createDatabase("main", { users: { name: text } })`: tables that something else makes from the keys of an object.
    fn described_in_objects(&mut self) {
        for &call in &self.module.calls {
            let Kind::Call { callee, args } = &self.module.expr(call).kind else { continue };
            let (Kind::Name(name) | Kind::Member(_, name)) = &self.module.expr(*callee).kind else { continue };
            let lower = name.to_ascii_lowercase();
            if !["database", "schema", "tables"].iter().any(|word| lower.ends_with(word)) {
                continue;
            }
            for arg in args {
                let Kind::Dict(pairs) = &self.module.expr(arg.value).kind else { continue };
                let described =
                    pairs.iter().filter(|(_, value)| matches!(self.module.expr(*value).kind, Kind::Dict(_)));
                let keys: Vec<ExprId> = described.filter_map(|(key, _)| *key).collect();
                for key in keys {
                    let Some(table) = static_text(self.module, key) else { continue };
                    if self.evaluator.program.renamed.contains(&table.to_ascii_lowercase()) {
                        let reason = format!("`{name}` makes tables from the keys of an object");
                        self.qualified(self.module.expr(key).span, &table, Naming::Spoken, Some(reason));
                    }
                }
            }
        }
    }

    /// Whether one of these is called before, on the way from the beginning of a chain: `schema.createIndex("x").unique()`.
    fn called_on(&self, mut base: ExprId, methods: &[&str]) -> bool {
        for _ in 0..32 {
            match &self.module.expr(base).kind {
                Kind::Call { callee, .. } => base = *callee,
                Kind::Member(inner, method) => {
                    if methods.contains(&method.as_ref()) {
                        return true;
                    }
                    base = *inner;
                }
                _ => return false,
            }
        }
        false
    }

    /// `"users"`, `"users as u"`, a list of those; `followed` is what may come from elsewhere.
    fn kysely_tables(&mut self, given: Option<ExprId>, followed: bool) {
        for given in self.parts(given) {
            if let Some((text, span)) = self.plain(given) {
                let table = text.split_whitespace().next().unwrap_or("");
                let words = text.split_whitespace().count();
                if is_name(table) && text.starts_with(table) && matches!(words, 1 | 3) {
                    let start = span.start as usize;
                    self.qualified(Span::new(start, start + table.len()), table, Naming::Given, None);
                }
            } else if followed
                && matches!(
                    self.module.expr(given).kind,
                    Kind::Name(_) | Kind::Member(..) | Kind::Cond { .. } | Kind::Index(..)
                )
            {
                self.names_table(given, Access::Reads, Naming::Given, &[]);
            }
        }
    }

    /// What queries call tables: `users as u`, `with("u", ..)`, `selectFrom(inner.as("u"))`. What a column is called is none of them.
    fn kysely_aliases(&self) -> HashSet<String> {
        let mut found: HashSet<String> = HashSet::new();
        for &text in &self.module.texts {
            if let Some(text) = static_text(self.module, text)
                && let [_, sign, alias] = text.split_whitespace().collect::<Vec<_>>().as_slice()
                && sign.eq_ignore_ascii_case("as")
                && !text.contains('.')
            {
                found.insert((*alias).to_owned());
            }
        }
        for &call in &self.module.calls {
            let Some((_, method)) = self.method_of(call) else { continue };
            let Kind::Call { args, .. } = &self.module.expr(call).kind else { continue };
            let named = matches!(method, "with" | "withRecursive") || method == "as" && self.is_table_of_query(call);
            let first = argument(args, 0, &[]).filter(|_| named).and_then(|first| static_text(self.module, first));
            found.extend(first.map(|name| name.split('(').next().unwrap_or("").to_owned()));
        }
        found
    }

    /// The innermost call that is handed this takes a table.
    pub(super) fn is_table_of_query(&self, inner: ExprId) -> bool {
        let span = self.module.expr(inner).span;
        let around = self.module.calls.iter().filter_map(|&call| {
            let Kind::Call { args, .. } = &self.module.expr(call).kind else { return None };
            let (_, method) = self.method_of(call)?;
            let takes_table = OF_KYSELY.contains(&method) || OF_QUERY.contains(&method) || method.contains("Join");
            if !takes_table && !OF_COLUMNS.contains(&method) {
                return None;
            }
            let holds = |arg: &Arg| self.module.expr(arg.value).span.contains(span);
            let arg = args.iter().find(|arg| holds(arg))?;
            let own = self.module.expr(arg.value).span;
            Some((own.end - own.start, takes_table))
        });
        around.min().is_none_or(|(_, takes_table)| takes_table)
    }

    /// Handed to a method that takes columns, by itself or in a list or an object.
    fn is_kysely_column(&self, literal: ExprId) -> bool {
        let mut at = literal;
        for _ in 0..4 {
            let Some(parent) = self.module.expr(at).parent else { return false };
            match &self.module.expr(parent).kind {
                Kind::Dict(_) | Kind::List(_) => at = parent,
                Kind::Call { callee, args } if *callee != at => {
                    let (Kind::Member(_, method) | Kind::Name(method)) = &self.module.expr(*callee).kind else {
                        return false;
                    };
                    let compares = args.len() == 3
                        && argument(args, 1, &[])
                            .and_then(|sign| static_text(self.module, sign))
                            .is_some_and(|sign| SIGNS.contains(&sign.to_ascii_lowercase().as_str()));
                    // `emitter.on("users.created", ..)`
                    let is_event = method.as_ref() == "on" && args.len() < 3;
                    return compares || OF_COLUMNS.contains(&method.as_ref()) && !is_event;
                }
                _ => return false,
            }
        }
        false
    }

    /// `users.id`, `users.id as owner`, `users.id desc`.
    fn kysely_column(&mut self, literal: ExprId, aliases: &HashSet<String>) {
        let Some((text, span)) = self.plain(literal) else { return };
        let Some((table, rest)) = text.split_once('.') else { return };
        let is_word =
            |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$'));
        let fits = match rest.split_whitespace().collect::<Vec<_>>().as_slice() {
            [column] => is_word(column),
            [column, sign, name] => is_word(column) && sign.eq_ignore_ascii_case("as") && is_word(name),
            [column, order] => is_word(column) && matches!(*order, "asc" | "desc"),
            _ => false,
        };
        if fits && is_word(table) && is_name(table) {
            let start = span.start as usize;
            let fixed = aliases.contains(table).then(|| format!("a query calls another table `{table}`"));
            self.qualified(Span::new(start, start + table.len()), table, Naming::Given, fixed);
        }
    }
}
