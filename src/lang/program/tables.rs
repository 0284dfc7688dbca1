//! Names of tables that are no SQL: what code hands to libraries that write it (`__tablename__ = "users"`, `db["users"]`), or
//! fills into SQL of its own. Follows no name.

use super::behind::Behind;
use super::catalogue::lists_tables;
use super::compared::asserted;
use super::evaluate::{Evaluator, Val, argument, static_text};
use super::facts::Reading;
use super::ir::{Arg, Bound, ExprId, Kind, Op, Piece};
use super::naming::Shape;
use super::origins::handed;
use crate::lang::Language;
use crate::lang::facts::{Access, Naming, TableUse};
use crate::lang::value::Value;
use crate::text::Span;

/// Arguments that name tables, by the last name of the function. Data.
const GIVEN: [(&str, usize, &[&str], Access); 41] = [
    ("create_table", 0, &["table_name", "name"], Access::Defines),
    ("drop_table", 0, &["table_name"], Access::Defines),
    ("rename_table", 0, &["old_table_name"], Access::Defines),
    ("rename_table", 1, &["new_table_name"], Access::Defines),
    ("add_column", 0, &["table_name"], Access::Defines),
    ("drop_column", 0, &["table_name"], Access::Defines),
    ("alter_column", 0, &["table_name"], Access::Defines),
    ("batch_alter_table", 0, &["table_name"], Access::Defines),
    ("create_index", 1, &["table_name"], Access::Defines),
    ("drop_index", 1, &["table_name"], Access::Defines),
    ("create_unique_constraint", 1, &["table_name"], Access::Defines),
    ("create_check_constraint", 1, &["table_name"], Access::Defines),
    ("create_primary_key", 1, &["table_name"], Access::Defines),
    ("drop_constraint", 1, &["table_name"], Access::Defines),
    ("create_foreign_key", 1, &["source_table"], Access::Defines),
    ("create_foreign_key", 2, &["referent_table"], Access::Reads),
    ("create_table_comment", 0, &["table_name"], Access::Defines),
    ("has_table", 0, &["table_name"], Access::Reads),
    ("get_columns", 0, &["table_name"], Access::Reads),
    ("get_indexes", 0, &["table_name"], Access::Reads),
    ("get_foreign_keys", 0, &["table_name"], Access::Reads),
    ("get_pk_constraint", 0, &["table_name"], Access::Reads),
    ("get_unique_constraints", 0, &["table_name"], Access::Reads),
    ("get_check_constraints", 0, &["table_name"], Access::Reads),
    ("to_sql", 0, &["name"], Access::Writes),
    ("read_sql_table", 0, &["table_name"], Access::Reads),
    ("sqliteTable", 0, &[], Access::Defines),
    ("createTable", 0, &[], Access::Defines),
    ("createTableIfNotExists", 0, &[], Access::Defines),
    ("dropTable", 0, &[], Access::Defines),
    ("dropTableIfExists", 0, &[], Access::Defines),
    ("alterTable", 0, &[], Access::Defines),
    ("hasTable", 0, &[], Access::Reads),
    ("hasColumn", 0, &[], Access::Reads),
    ("renameTable", 0, &[], Access::Defines),
    ("renameTable", 1, &[], Access::Defines),
    ("inTable", 0, &[], Access::Reads),
    ("Entity", 0, &[], Access::Defines),
    ("AlterModelTable", 1, &["table"], Access::Defines),
    ("drop_table_comment", 0, &["table_name"], Access::Defines),
    // django-simple-history
    ("HistoricalRecords", usize::MAX, &["table_name"], Access::Defines),
];

/// Methods of a sqlite-utils or dataset database and of its tables.
const OF_DATABASE: [(&str, usize, &[&str], Access); 11] = [
    ("table", 0, &["table_name"], Access::Reads),
    ("create_table", 0, &["name"], Access::Defines),
    ("get_table", 0, &["table_name"], Access::Reads),
    ("load_table", 0, &["table_name"], Access::Reads),
    ("rename_table", 0, &[], Access::Defines),
    ("rename_table", 1, &[], Access::Defines),
    ("add_foreign_key", 1, &["other_table"], Access::Reads),
    ("m2m", 0, &["other_table"], Access::Writes),
    ("m2m", usize::MAX, &["m2m_table"], Access::Writes),
    ("add_column", 2, &["fk"], Access::Reads),
    ("extract", 1, &["table"], Access::Defines),
];

/// Pragmas about one table.
const OF_TABLES: [&str; 6] =
    ["table_info", "table_xinfo", "index_list", "foreign_key_list", "foreign_key_check", "integrity_check"];

/// Whether a function of that name takes the name of a table there.
pub(super) fn takes_table(function: &str, position: Option<usize>, keyword: Option<&str>) -> bool {
    GIVEN.iter().chain(&OF_DATABASE).any(|(own, at, keywords, _)| {
        *own == function && keyword.map_or(Some(*at) == position, |keyword| keywords.contains(&keyword))
    })
}

/// The databases of a connection; `None` for what is none.
fn connection_of(evaluator: &Evaluator<'_>, at: usize, expr: ExprId) -> Option<Vec<Value>> {
    let mut found: Option<Vec<Value>> = None;
    for val in evaluator.ask(at, expr) {
        if let Val::Connection(values) = val {
            found.get_or_insert_default().extend(values.iter().cloned());
        }
    }
    found
}

/// Whether `db["users"]` is a table: a connection, or what is called a database, in a program whose library has tables by key.
pub(super) fn is_database(evaluator: &Evaluator<'_>, at: usize, expr: ExprId) -> bool {
    evaluator.program.has_tables_by_key()
        && (connection_of(evaluator, at, expr).is_some() || called_database(evaluator, at, expr))
}

fn called_database(evaluator: &Evaluator<'_>, at: usize, expr: ExprId) -> bool {
    let Some(module) = evaluator.program.module(at) else { return false };
    let (Kind::Name(name) | Kind::Member(_, name)) = &module.expr(expr).kind else { return false };
    let name = name.to_ascii_lowercase();
    module.language == Language::Python
        && evaluator.program.has_tables_by_key()
        && (name.ends_with("db") || name.ends_with("database"))
        && !evaluator.ask(at, expr).iter().any(|val| matches!(val, Val::Dict(..) | Val::List(_) | Val::Text(_)))
}

impl Reading<'_> {
    /// Every name that code hands to a library.
    pub(super) fn tables(&mut self) {
        self.models();
        for &call in &self.module.calls {
            if let Kind::Call { callee, args } = &self.module.expr(call).kind
                && !args.is_empty()
            {
                self.call_with_tables(*callee, args);
            }
        }
        for index in 0..self.module.exprs.len() {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            match &self.module.expr(id).kind {
                Kind::Index(base, key) => self.indexed(*base, *key),
                Kind::Binary { op: Op::Compare | Op::Other, left, right } => {
                    let (left, right) = (*left, *right);
                    self.compared_with(left, right);
                    self.compared_with(right, left);
                }
                Kind::Dict(pairs) => {
                    let named = if self.module.language == Language::Python { "db_table" } else { "tableName" };
                    self.keyed(pairs);
                    for &(key, value) in pairs {
                        let key = key.and_then(|key| static_text(self.module, key));
                        if key.as_deref() == Some(named) {
                            self.names_table(value, Access::Defines, Naming::Given, &[]);
                        }
                    }
                }
                _ => {}
            }
        }
        if self.module.language != Language::Python {
            self.entities();
            self.kysely();
        }
        self.builders();
        self.name_others();
        self.templates();
        self.spoken();
        if self.module.language == Language::Python {
            self.written_out();
        }
        self.digests();
    }

    /// Keys that name the tables of the statements behind them, and every place that asks for one.
    fn keyed(&mut self, pairs: &[(Option<ExprId>, ExprId)]) {
        for key in self.keys_of_statements(pairs) {
            let found = Behind { literals: vec![(self.at, key)], ..Behind::nothing() };
            self.literals_name_table(found, Access::Reads, Naming::Compared, &[], key);
        }
    }

    /// sqlite-utils makes tables whose names follow from those of others: search indexes, tables between two.
    fn name_others(&mut self) {
        let mut named: Vec<(Span, String)> = Vec::new();
        for &call in &self.module.calls {
            let Kind::Call { callee, args } = &self.module.expr(call).kind else { continue };
            let Kind::Member(base, method) = &self.module.expr(*callee).kind else { continue };
            let given = match method.as_ref() {
                "enable_fts" => None,
                "m2m" if argument(args, usize::MAX, &["m2m_table"]).is_none() => argument(args, 0, &["other_table"]),
                _ => continue,
            };
            let reason = format!("`{method}` names other tables after it");
            let keys: Vec<ExprId> = self.key_of_table(*base, 0).into_iter().chain(given).collect();
            // What the library calls the other table.
            let mut parts: Vec<String> = keys.iter().filter_map(|&key| static_text(self.module, key)).collect();
            parts.sort();
            let made = match (method.as_ref(), parts.as_slice()) {
                ("enable_fts", [table]) => Some(format!("{table}_fts")),
                ("m2m", [one, other]) => Some(format!("{one}_{other}")),
                _ => None,
            };
            if let (Some(table), Some(&key)) = (made, keys.first())
                && let Kind::Text(pieces) = &self.module.expr(key).kind
                && let [Piece::Text(_, span)] = pieces.as_slice()
            {
                self.facts.table_uses.push(TableUse {
                    access: Access::Defines,
                    fixed: Some(format!("`{method}` makes `{table}` under that name").into()),
                    ..self.table_use(
                        self.module.source.place(*span),
                        table,
                        Naming::Spoken,
                        self.module.expr(key).scope,
                    )
                });
            }
            named.extend(keys.iter().map(|&key| (self.module.expr(key).span, reason.clone())));
        }
        for found in &mut self.facts.table_uses {
            let span = found.place.span;
            if found.place.file == self.module.source.path
                && let Some((_, reason)) = named.iter().find(|(literal, _)| literal.contains(span))
            {
                found.fixed = Some(reason.as_str().into());
            }
        }
    }

    /// The key in `db["users"].insert(row)`, also through a variable.
    fn key_of_table(&self, expr: ExprId, depth: u32) -> Option<ExprId> {
        let own = self.module.expr(expr);
        match &own.kind {
            _ if depth > 6 => None,
            Kind::Index(base, key) if is_database(&self.evaluator, self.at, *base) => Some(*key),
            Kind::Index(base, _) | Kind::Member(base, _) => self.key_of_table(*base, depth + 1),
            Kind::Call { callee, .. } => self.key_of_table(*callee, depth + 1),
            Kind::Name(name) => {
                let bindings = self.module.scope(own.scope).bindings.get(name)?;
                bindings.iter().find_map(|binding| match binding.value {
                    Bound::Expr(value) => self.key_of_table(value, depth + 1),
                    _ => None,
                })
            }
            _ => None,
        }
    }

    fn call_with_tables(&mut self, callee: ExprId, args: &[Arg]) {
        let (base, name) = match &self.module.expr(callee).kind {
            Kind::Name(name) => (None, name.clone()),
            Kind::Member(base, name) => (Some(*base), name.clone()),
            _ => return,
        };
        let python = self.module.language == Language::Python;
        let module = self.module;
        let text = |expr: Option<ExprId>| expr.filter(|&expr| matches!(module.expr(expr).kind, Kind::Text(_)));
        if python && let Some(given) = argument(args, usize::MAX, &["db_table"]) {
            self.names_table(given, Access::Defines, Naming::Given, &[]);
        }
        match name.as_ref() {
            "Table" if python => {
                let alone = self.module.source.text.contains("peewee") && !self.module.source.text.contains("rich.");
                // A class of the tree is one for every call.
                let is_own = self.evaluator.ask(self.at, callee).iter().any(|val| matches!(val, Val::Class(_)));
                let second = is_own || args.get(1).map_or(alone, |second| !self.is_text(second.value));
                if let Some(name) = text(argument(args, 0, &["name"])).filter(|_| second) {
                    self.names_table(name, Access::Defines, Naming::Given, &[]);
                }
                return;
            }
            "table" if python && self.is_lightweight(callee, args) => {
                if let Some(given) = text(argument(args, 0, &["name"])) {
                    self.names_table(given, Access::Reads, Naming::Given, &[]);
                }
                return;
            }
            "ForeignKey" | "ForeignKeyConstraint" | "Field" if python => {
                if self.module.source.text.contains("django") {
                    return;
                }
                // sqlite-utils' own, which has four names.
                for keyword in ["table", "other_table"] {
                    if let Some(given) = text(argument(args, usize::MAX, &[keyword])) {
                        self.names_table(given, Access::Reads, Naming::Given, &[]);
                    }
                }
                let given = match name.as_ref() {
                    "ForeignKey" => argument(args, 0, &["column"]),
                    "Field" => argument(args, usize::MAX, &["foreign_key"]),
                    _ => argument(args, 1, &["refcolumns"]),
                };
                for column in given.map(|given| self.listed(given)).unwrap_or_default() {
                    self.literal_names_table(column, Shape::Column, Access::Reads, Naming::Given, &[]);
                }
                return;
            }
            "add_foreign_keys" if python => {
                if let Some(given) = argument(args, 0, &["foreign_keys"]) {
                    self.foreign_keys(given);
                }
                return;
            }
            _ if python && argument(args, usize::MAX, &["foreign_keys"]).is_some() => {
                if let Some(given) = argument(args, usize::MAX, &["foreign_keys"]) {
                    self.foreign_keys(given);
                }
            }
            "relationship" if python => {
                if let Some(secondary) = text(argument(args, usize::MAX, &["secondary"])) {
                    self.names_table(secondary, Access::Reads, Naming::Given, &[]);
                }
                return;
            }
            _ => {}
        }
        // `{"users"}.issubset(db.table_names())`.
        if let (Some(base), [only]) = (base, args)
            && matches!(name.as_ref(), "issubset" | "issuperset" | "difference" | "intersection" | "isdisjoint")
        {
            if lists_tables(&self.evaluator, self.at, only.value) {
                self.compared(base);
            }
            if lists_tables(&self.evaluator, self.at, base) {
                self.compared(only.value);
            }
            return;
        }
        if let Some((tables, expected)) = asserted(self.module, base, &name, args) {
            self.compared_with(tables, expected);
            self.compared_with(expected, tables);
            return;
        }
        if !python && name.as_ref() == "pragma" {
            self.of_pragma(args);
        }
        let of_database = OF_DATABASE.iter().any(|(own, ..)| *own == name.as_ref());
        let connection = match base {
            Some(base) if of_database => {
                self.connection_around(base).or_else(|| self.key_of_table(base, 0).map(|_| Vec::new()))
            }
            _ => None,
        };
        if let Some(connection) = connection {
            if name.as_ref() == "add_foreign_key" && args.len() == 1 {
                args.iter().for_each(|arg| self.guessed(arg.value));
            }
            for (_, position, keywords, access) in OF_DATABASE.iter().filter(|(own, ..)| *own == name.as_ref()) {
                let keyword = keywords.iter().find(|own| args.iter().any(|arg| arg.name.as_deref() == Some(own)));
                if let Some(given) = handed(args, *position, keyword.or(keywords.first()).unwrap_or(&"")) {
                    self.part_names_table(given, *access, Naming::Given, &connection);
                }
            }
            return;
        }
        // alembic's batch operations know their table.
        let batch = base
            .is_some_and(|base| matches!(&self.module.expr(base).kind, Kind::Name(base) if base.starts_with("batch")));
        if python && self.is_of_table(base, &name, args) {
            return;
        }
        for (_, position, keywords, access) in GIVEN.iter().filter(|(own, ..)| *own == name.as_ref()) {
            let given = match (batch, name.as_ref(), *position) {
                (true, "create_foreign_key", 2) => argument(args, 1, keywords),
                (true, ..) => None,
                // `dialect.has_table(connection, "users")`
                (_, "has_table", 0) if args.len() > 1 && text(argument(args, 1, &[])).is_some() => {
                    argument(args, 1, &[])
                }
                _ => argument(args, *position, keywords),
            };
            // What is handed on from elsewhere is followed where the library's word cannot be taken for another.
            let followed = given.filter(|_| {
                let of_python = python && (name.contains("table") || name.starts_with("get_"));
                of_python || !python && name.contains("Table")
            });
            if let Some(given) = text(given).or(followed) {
                let connection = match name.as_ref() {
                    "to_sql" | "read_sql_table" => {
                        argument(args, 1, &["con"]).and_then(|con| self.connection_of(con)).unwrap_or_default()
                    }
                    _ => Vec::new(),
                };
                self.names_table(given, *access, Naming::Given, &connection);
            }
        }
        // `knex("users")`: the connection itself is called.
        if !python
            && base.is_none()
            && let Some(given) = text(argument(args, 0, &[]))
            && let Some(connection) = self.connection_of(callee)
        {
            self.names_table(given, Access::Reads, Naming::Given, &connection);
        }
    }

    /// better-sqlite3's `db.pragma("table_info(users)")`.
    fn of_pragma(&mut self, args: &[Arg]) {
        let Some(given) = argument(args, 0, &[]) else { return };
        let Kind::Text(pieces) = &self.module.expr(given).kind else { return };
        let Some(Piece::Text(words, span)) = pieces.first() else { return };
        let Some((asked, rest)) = words.split_once('(') else { return };
        let asked = asked.rsplit('.').next().unwrap_or("").trim().to_ascii_lowercase();
        if !OF_TABLES.contains(&asked.as_str()) {
            return;
        }
        if let Some(Piece::Hole(hole)) = pieces.get(1) {
            return self.names_table(*hole, Access::Reads, Naming::FilledBare, &[]);
        }
        let table = rest.trim_start_matches([' ', '"', '\'', '`', '[']);
        let at = words.len() - table.len();
        let table = table.trim_end_matches([' ', '"', '\'', '`', ']', ')', ';']);
        if is_name(table) && (span.end - span.start) as usize == words.len() {
            let quotes =
                words.get(..at).and_then(|before| before.chars().last()).is_some_and(|last| "\"'`[".contains(last));
            let naming = if quotes { Naming::Given } else { Naming::FilledBare };
            let start = span.start as usize + at;
            self.qualified(Span::new(start, start + table.len()), table, naming, None);
        }
    }

    /// The two sides that a call compares: `self.assertIn("users", tables)`, `expect(tables).toContain("users")`, `tables.includes("users")`.
    fn is_of_table(&self, base: Option<ExprId>, name: &str, args: &[Arg]) -> bool {
        let of_migration = base.is_some_and(|base| {
            matches!(&self.module.expr(base).kind, Kind::Name(name) | Kind::Member(_, name)
                if name.as_ref() == "op" || name.ends_with("migrator"))
        });
        let first = argument(args, 0, &[]).map(|arg| &self.module.expr(arg).kind);
        let second = argument(args, 1, &[]).map(|arg| &self.module.expr(arg).kind);
        match name {
            _ if of_migration || base.is_none() => false,
            "add_column" => {
                let third = args.get(2).filter(|arg| arg.name.is_none()).map(|arg| &self.module.expr(arg.value).kind);
                !matches!(second, Some(Kind::Call { .. })) && !matches!(third, Some(Kind::Call { .. }))
            }
            "create_index" => matches!(first, Some(Kind::List(_))),
            _ => false,
        }
    }

    /// SQLAlchemy's `table("users", column("id"))`, as migrations write it.
    fn is_lightweight(&self, callee: ExprId, args: &[Arg]) -> bool {
        let is_column = |arg: &Arg| {
            matches!(&self.module.expr(arg.value).kind, Kind::Call { callee, .. }
                if matches!(&self.module.expr(*callee).kind,
                    Kind::Name(name) | Kind::Member(_, name) if matches!(name.as_ref(), "column" | "Column")))
        };
        args.iter().skip(1).any(is_column)
            || self.evaluator.ask(self.at, callee).iter().any(
                |val| matches!(val, Val::External(name) if name.starts_with("sqlalchemy.") && name.ends_with(".table")),
            )
    }

    /// `db["users"]`, `metadata.tables["users"]`.
    fn indexed(&mut self, base: ExprId, key: ExprId) {
        if let Kind::Member(_, name) = &self.module.expr(base).kind
            && name.as_ref() == "tables"
            && self.is_text(key)
        {
            self.names_table(key, Access::Reads, Naming::Given, &[]);
        } else if matches!(self.module.expr(key).kind, Kind::Text(_) | Kind::Name(_))
            && matches!(self.module.expr(base).kind, Kind::Name(_) | Kind::Member(..) | Kind::Call { .. })
            && is_database(&self.evaluator, self.at, base)
            && let Some(connection) = self.connection_of(base)
        {
            self.names_table(key, Access::Reads, Naming::Given, &connection);
        }
    }

    /// The connection that an expression starts from: `db["users"].transform()`.
    fn connection_around(&self, mut expr: ExprId) -> Option<Vec<Value>> {
        for _ in 0..6 {
            if let Some(found) = self.connection_of(expr) {
                return Some(found);
            }
            expr = match &self.module.expr(expr).kind {
                Kind::Index(base, _) | Kind::Member(base, _) => *base,
                Kind::Call { callee, .. } => *callee,
                _ => return None,
            };
        }
        None
    }

    /// The databases of a connection, none where it is not known which; `None` for what is no connection.
    fn connection_of(&self, expr: ExprId) -> Option<Vec<Value>> {
        connection_of(&self.evaluator, self.at, expr)
            .or_else(|| called_database(&self.evaluator, self.at, expr).then(Vec::new))
    }

    /// sqlite-utils: `foreign_keys=[("author", "users", "id")]`, here or in a variable.
    fn foreign_keys(&mut self, given: ExprId) {
        if let Kind::List(columns) = &self.module.expr(given).kind {
            columns.iter().for_each(|&column| self.guessed(column));
        }
        let mut lists = Vec::new();
        self.lists_of(given, &mut lists, 0, true);
        for list in lists {
            let Kind::List(parts) = &self.module.expr(list).kind else { continue };
            let named = match parts.as_slice() {
                [_, table, _] | [_, table] => vec![*table],
                // `add_foreign_keys([("posts", "author", "users", "id")])`
                [table, _, other, _] => vec![*table, *other],
                _ => continue,
            };
            if parts.iter().all(|&part| self.is_text(part)) {
                for table in named {
                    self.literal_names_table(table, Shape::Name, Access::Reads, Naming::Given, &[]);
                }
            }
        }
    }

    /// A foreign key by its column alone: sqlite-utils looks for a table that is called like it.
    fn guessed(&mut self, column: ExprId) {
        let Kind::Text(pieces) = &self.module.expr(column).kind else { return };
        let [Piece::Text(name, span)] = pieces.as_slice() else { return };
        let stem = name.strip_suffix("_id").unwrap_or(name);
        for table in [stem.to_owned(), format!("{stem}s")] {
            self.facts.table_uses.push(TableUse {
                fixed: Some(
                    format!("the column `{name}` finds `{table}` by its name: say which table it refers to").into(),
                ),
                ..self.table_use(self.module.source.place(*span), table, Naming::Spoken, self.module.expr(column).scope)
            });
        }
    }

    /// Lists in a list, through the variable that it is kept in and what is appended to that.
    /// The outermost is none of them: `foreign_keys=["author", "publisher"]` are columns.
    fn lists_of(&self, expr: ExprId, found: &mut Vec<ExprId>, depth: u32, outermost: bool) {
        let own = self.module.expr(expr);
        match &own.kind {
            _ if depth > 4 => {}
            Kind::List(parts) => {
                if !outermost {
                    found.push(expr);
                }
                parts.iter().for_each(|&part| self.lists_of(part, found, depth + 1, false));
            }
            Kind::Name(name) => {
                let bindings = self.module.scope(own.scope).bindings.get(name);
                for binding in bindings.into_iter().flatten() {
                    if let Bound::Expr(value) = binding.value {
                        self.lists_of(value, found, depth + 1, outermost);
                    }
                }
                for &call in &self.module.calls {
                    if let Kind::Call { callee, args } = &self.module.expr(call).kind
                        && let Kind::Member(base, method) = &self.module.expr(*callee).kind
                        && matches!(method.as_ref(), "append" | "extend")
                        && self.module.expr(*base).scope == own.scope
                        && matches!(&self.module.expr(*base).kind, Kind::Name(base) if base == name)
                    {
                        let whole = method.as_ref() == "extend";
                        args.iter().for_each(|arg| self.lists_of(arg.value, found, depth + 1, whole));
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn is_text(&self, expr: ExprId) -> bool {
        matches!(self.module.expr(expr).kind, Kind::Text(_))
    }
}

pub(super) fn is_name(table: &str) -> bool {
    !table.is_empty()
        && table.len() < 128
        && table.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | ' ' | '-'))
        && !table.starts_with("sqlite_")
}
