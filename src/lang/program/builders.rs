//! Names of tables in what query builders are handed beside SQL: knex and objection, playhouse's migrator, SQLAlchemy's collections
//! of tables, Django's `extra`, statements put together piece by piece. Knows no SQL.

use super::evaluate::{argument, static_text};
use super::facts::Reading;
use super::ir::{Arg, Bound, ExprId, Kind, Op, Piece, ScopeId, ScopeKind};
use super::tables::is_name;
use crate::lang::Language;
use crate::lang::facts::{Access, Naming, TableUse};
use crate::text::Span;

/// Methods of knex whose first argument is a table. Data.
const KNEX_TABLES: [&str; 11] = [
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
const KNEX_COLUMNS: [&str; 34] = [
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

/// Methods of playhouse's migrator, which take a table first, beside those that alembic has as well. Data.
const OF_MIGRATOR: [&str; 9] = [
    "rename_column",
    "add_index",
    "drop_index",
    "add_not_null",
    "drop_not_null",
    "add_unique",
    "alter_column_type",
    "add_constraint",
    "drop_constraint",
];

/// Methods of builders that put a statement together from pieces, and are handed a table first. Data.
const OF_PIECES: [&str; 14] = [
    "FROM",
    "JOIN",
    "LEFT_JOIN",
    "INNER_JOIN",
    "CROSS_JOIN",
    "INTO",
    "INSERT_INTO",
    "UPDATE",
    "DELETE_FROM",
    "from_",
    "into",
    "insert_into",
    "delete_from",
    "from_table",
];

impl Reading<'_> {
    pub(super) fn builders(&mut self) {
        if self.module.language == Language::Python {
            self.python_builders();
        } else if self.speaks_knex() {
            self.knex();
        }
    }

    fn python_builders(&mut self) {
        for index in 0..self.module.exprs.len() {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            match &self.module.expr(id).kind {
                Kind::Call { callee, args } => {
                    if let Kind::Member(base, method) = &self.module.expr(*callee).kind {
                        self.python_call(*base, method, args);
                    }
                }
                // `if model.__tablename__ == "users"`
                Kind::Binary { op: Op::Compare, left, right } => {
                    for (named, other) in [(*left, *right), (*right, *left)] {
                        if matches!(&self.module.expr(named).kind, Kind::Member(_, name) if name.as_ref() == "__tablename__")
                        {
                            self.compared(other);
                        }
                    }
                }
                Kind::Member(base, table) => self.automapped(id, *base, table),
                _ => {}
            }
        }
    }

    fn python_call(&mut self, base: ExprId, method: &str, args: &[Arg]) {
        let named = match &self.module.expr(base).kind {
            Kind::Name(name) | Kind::Member(_, name) => name.as_ref(),
            _ => "",
        };
        match method {
            // `metadata.tables.get("users")`
            "get" | "pop" if named == "tables" && matches!(self.module.expr(base).kind, Kind::Member(..)) => {
                self.given(argument(args, 0, &[]));
            }
            "reflect" => {
                if let Some(only) = argument(args, usize::MAX, &["only"]) {
                    self.compared(only);
                }
            }
            // `queryset.extra(tables=["users"], where=["users.id = teams.owner"])`
            "extra" => {
                for given in self.parts(argument(args, usize::MAX, &["tables"])) {
                    self.given(Some(given));
                }
                for given in self.parts(argument(args, usize::MAX, &["where"])) {
                    self.condition(given);
                }
            }
            "table_exists" => self.given(argument(args, 0, &[])),
            _ if OF_MIGRATOR.contains(&method) && named.ends_with("migrator") => {
                self.given(argument(args, 0, &["table"]))
            }
            _ if OF_PIECES.contains(&method) => args.iter().for_each(|arg| self.piece(arg.value, method)),
            _ => {}
        }
    }

    /// `Query().FROM("users AS u")`: what the other pieces say of the table is not followed, so that it keeps its name.
    fn piece(&mut self, literal: ExprId, method: &str) {
        let Some((text, span)) = self.plain(literal) else { return };
        let before = text.len() - text.trim_start().len();
        let Some(table) = text.split_whitespace().next().filter(|word| is_name(word)) else { return };
        let start = span.start as usize + before;
        let fixed = format!("`{method}` puts it together with pieces of SQL that are not followed");
        self.qualified(Span::new(start, start + table.len()), table, Naming::Spoken, Some(fixed));
    }

    /// `Base.classes.users`: the attribute is the table.
    fn automapped(&mut self, member: ExprId, base: ExprId, table: &str) {
        let classes = matches!(&self.module.expr(base).kind, Kind::Member(_, name) if name.as_ref() == "classes");
        if classes && self.module.source.text.contains("automap") {
            let end = self.module.expr(member).span.end as usize;
            let fixed = "the class that `automap` makes is called as its table".to_owned();
            self.qualified(Span::new(end.saturating_sub(table.len()), end), table, Naming::Given, Some(fixed));
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
            let Kind::Member(base, method) = &self.module.expr(*callee).kind else { continue };
            let is_class =
                matches!(&self.module.expr(*base).kind, Kind::Name(name) if name.starts_with(char::is_uppercase));
            // `path.join(a, b)` and `names.join(", ")` join no tables.
            let joins =
                method.as_ref() != "join" || args.len() > 2 || args.get(1).is_some_and(|arg| !self.is_text(arg.value));
            if KNEX_TABLES.contains(&method.as_ref())
                && !is_class
                && !self.is_of_paths(*base)
                && joins
                && (method.as_ref() != "join" || args.len() > 1)
            {
                self.given(argument(args, 0, &[]));
            }
        }
        for &literal in &self.module.texts {
            if self.is_column(literal) {
                self.column(literal);
            }
        }
        self.objection();
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
        for value in named {
            if self.is_text(value) {
                self.names_table(value, Access::Defines, Naming::Given, &[]);
            }
        }
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
                            && !self.is_of_paths(*base));
                }
                _ => return false,
            }
            at = parent;
        }
        false
    }

    /// `path`, `path.posix`, `nodePath`: what it joins is a path.
    fn is_of_paths(&self, base: ExprId) -> bool {
        match &self.module.expr(base).kind {
            Kind::Name(name) => name.to_ascii_lowercase().ends_with("path"),
            Kind::Member(_, name) => matches!(name.as_ref(), "path" | "posix" | "win32"),
            _ => false,
        }
    }

    /// `users.id`, `users.*`, `users.id as owner`.
    fn column(&mut self, literal: ExprId) {
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
            self.qualified(Span::new(start, start + table.len()), table, Naming::Given, None);
        }
    }

    /// Columns with their tables in a piece of SQL: `users.id = teams.owner`.
    fn condition(&mut self, literal: ExprId) {
        let Some((text, span)) = self.plain(literal) else { return };
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let bytes = text.as_bytes();
        for (dot, _) in text.match_indices('.') {
            let before = bytes.get(..dot).unwrap_or_default();
            let start = before.iter().rposition(|byte| !is_word(byte)).map_or(0, |at| at + 1);
            let quoted = start.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(|byte| b"'\"`.".contains(byte));
            if let Some(table) = text.get(start..dot)
                && !quoted
                && bytes.get(dot + 1).is_some_and(is_word)
                && table.starts_with(|c: char| c.is_alphabetic() || c == '_')
            {
                let at = span.start as usize + start;
                self.qualified(Span::new(at, at + table.len()), table, Naming::Qualifies, None);
            }
        }
    }

    fn given(&mut self, expr: Option<ExprId>) {
        if let Some(expr) = expr.filter(|&expr| self.is_text(expr)) {
            self.names_table(expr, Access::Reads, Naming::Given, &[]);
        }
    }

    /// The elements of a list, or what is given alone.
    fn parts(&self, expr: Option<ExprId>) -> Vec<ExprId> {
        match expr.map(|expr| (expr, &self.module.expr(expr).kind)) {
            Some((_, Kind::List(parts))) => parts.clone(),
            Some((expr, _)) => vec![expr],
            None => Vec::new(),
        }
    }

    /// A literal without holes and escapes, and where it stands inside its quotes.
    fn plain(&self, literal: ExprId) -> Option<(String, Span)> {
        let Kind::Text(pieces) = &self.module.expr(literal).kind else { return None };
        let [Piece::Text(text, span)] = pieces.as_slice() else { return None };
        ((span.end - span.start) as usize == text.len()).then(|| (text.clone(), *span))
    }

    fn qualified(&mut self, at: Span, table: &str, naming: Naming, fixed: Option<String>) {
        let place = self.module.source.place(at);
        if self.facts.table_uses.iter().any(|found| found.place == place) {
            return;
        }
        self.facts.table_uses.push(TableUse {
            place,
            table: table.into(),
            access: Access::Reads,
            naming,
            fixed: fixed.map(Into::into),
            connection: [].into(),
            language: self.module.language,
            symbol: self.symbol(ScopeId(0)).map(Into::into),
        });
    }
}
