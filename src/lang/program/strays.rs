//! Names of tables in JavaScript where nothing is followed: handed to objects that nobody knows, in patterns, among the keys of types.
//! Their tables keep their names. Renames nothing.

use std::collections::HashSet;

use super::evaluate::Val;
use super::facts::Reading;
use super::ir::{ExprId, Kind, ScopeId};
use super::known;
use super::spoken::{of_humps, of_words};
use crate::lang::facts::{Naming, TableUse};
use crate::lang::plural::plurals;
use crate::text::Span;

/// What code calls a database, at the end of the name. Data.
const OF_DATABASES: [&str; 10] =
    ["db", "database", "knex", "orm", "dao", "trx", "sqlite", "connection", "datasource", "schema"];
/// What it calls that and other things. Data.
const OF_STORES: [&str; 9] =
    ["store", "storage", "repo", "repository", "manager", "em", "adapter", "builder", "querybuilder"];
/// Methods of a database that are handed no table. Data.
const NO_TABLE: [&str; 14] = [
    "on",
    "once",
    "off",
    "emit",
    "collection",
    "use",
    "require",
    "model",
    "static",
    "virtual",
    "path",
    "pragma",
    "log",
    "attach",
];
/// How methods begin that read and write rows. Data.
const VERBS: [&str; 10] =
    ["insert", "select", "update", "upsert", "deleteFrom", "truncate", "find", "count", "query", "getRepository"];
/// Libraries whose functions take a table, or a model that is called like it. Data.
const MAPPERS: [&str; 4] = ["redbean-node", "waterline", "massive", "@databases/"];
/// What ends the names of files. Data.
const OF_FILES: [&str; 15] =
    ["js", "ts", "json", "csv", "tsv", "db", "sqlite", "txt", "html", "sql", "md", "yml", "yaml", "xml", "log"];

impl Reading<'_> {
    /// A pattern that looks for SQL with the name of a table in it: `/select .* from "users"/`.
    pub(super) fn patterns(&mut self) {
        for expr in self.module.exprs.iter().filter(|expr| matches!(expr.kind, Kind::Regex)) {
            let words = self.module.source.slice(expr.span);
            let lower = words.to_ascii_lowercase();
            if !["select", "from", "into", "update", "join", "table"].iter().any(|word| lower.contains(word)) {
                continue;
            }
            let is_letter = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
            for table in &self.evaluator.program.renamed {
                let at = lower.match_indices(table.as_str()).map(|(at, _)| at).find(|&at| {
                    let bytes = lower.as_bytes();
                    !is_letter(at.checked_sub(1).and_then(|at| bytes.get(at)))
                        && !is_letter(bytes.get(at + table.len()))
                });
                let Some(at) = at else { continue };
                let start = expr.span.start as usize + at;
                self.facts.table_uses.push(TableUse {
                    fixed: Some("a pattern looks for it in SQL".into()),
                    ..self.table_use(
                        self.module.source.place(Span::new(start, start + table.len())),
                        words.get(at..at + table.len()).unwrap_or(table),
                        Naming::Spoken,
                        ScopeId(0),
                    )
                });
            }
        }
    }

    /// What TypeORM's builders call tables in a query: `createQueryBuilder("user")`, `leftJoin("user.posts", "post")`; and Sequelize's
    /// queries, which call each table as its model: `define("users", ..)`.
    pub(super) fn called_in_queries(&self) -> HashSet<String> {
        let text = &self.module.source.text;
        let mut found = HashSet::new();
        if text.contains("equelize") {
            for &call in &self.module.calls {
                let Kind::Call { callee, args } = &self.module.expr(call).kind else { continue };
                let defines =
                    matches!(&self.module.expr(*callee).kind, Kind::Member(_, name) if name.as_ref() == "define");
                let first = args.first().filter(|_| defines && args.len() > 1);
                if let Some((name, _)) = first.and_then(|arg| self.plain(arg.value)) {
                    // An association is called as more of them.
                    found.extend(plurals(&name).into_iter().map(|name| name.to_ascii_lowercase()));
                    found.insert(name.to_ascii_lowercase());
                }
            }
        }
        if !text.contains("createQueryBuilder(") {
            return found;
        }
        for &call in &self.module.calls {
            let Kind::Call { callee, args } = &self.module.expr(call).kind else { continue };
            let Kind::Member(_, method) = &self.module.expr(*callee).kind else { continue };
            let names = method.as_ref() == "createQueryBuilder" || method.contains("Join") || method.as_ref() == "from";
            let last = args.iter().take(2).next_back().filter(|_| names);
            found.extend(last.and_then(|arg| self.plain(arg.value)).map(|(name, _)| name.to_ascii_lowercase()));
        }
        found
    }

    /// `interface Tables { users: User }`, where names of tables are `keyof Tables`.
    pub(super) fn keys_of_types(&mut self) {
        let text = &self.module.source.text;
        if !text.contains("keyof ") {
            return;
        }
        let filled = |table: &String| {
            let is_it = |found: &&TableUse| {
                matches!(found.naming, Naming::Filled | Naming::FilledBare) && found.table.eq_ignore_ascii_case(table)
            };
            self.facts.table_uses.iter().any(|found| is_it(&found))
        };
        let mut found = Vec::new();
        for table in self.evaluator.program.renamed.iter().filter(|table| filled(table)) {
            for (at, _) in text.match_indices(table.as_str()) {
                let (Some(before), Some(behind)) = (text.get(..at), text.get(at + table.len()..)) else { continue };
                let is_key = behind.trim_start_matches('?').starts_with(':')
                    && before.trim_end_matches([' ', '\t']).ends_with(['{', ';', ',', '\n']);
                if is_key && is_in_type(before) {
                    found.push((Span::new(at, at + table.len()), table.clone()));
                }
            }
        }
        for (span, table) in found {
            self.qualified(span, &table, Naming::Spoken, Some("the keys of a type are names of tables".to_owned()));
        }
    }

    /// What is not followed, and by its words does something to a table: `R.findOne("users")`, `db.insert("users", row)`.
    pub(super) fn handed_to_unknown(&self, literal: ExprId) -> Option<String> {
        let parent = self.module.expr(literal).parent?;
        // `` test.each`table ${"users"}` ``
        if let Kind::Text(_) = &self.module.expr(parent).kind
            && let Kind::Call { callee, args } = &self.module.expr(self.module.expr(parent).parent?).kind
            && args.first().is_some_and(|first| first.value == parent)
            && matches!(&self.module.expr(*callee).kind, Kind::Member(_, each) if each.as_ref() == "each")
        {
            return Some("a table of values for tests holds it".to_owned());
        }
        let Kind::Call { callee, args } = &self.module.expr(parent).kind else { return None };
        let position = args.iter().position(|arg| arg.value == literal && *callee != literal)?;
        let (base, method) = match &self.module.expr(*callee).kind {
            Kind::Name(name) => (None, name.as_ref()),
            Kind::Member(base, name) => (Some(*base), name.as_ref()),
            // `em.getKnex()("users")`
            Kind::Call { .. } => return (position == 0).then(|| "a call gives what it is handed to".to_owned()),
            _ => return None,
        };
        let known = self.evaluator.ask(self.at, *callee);
        if let Some(param) = self.parameter_of_table(method, &known, position) {
            return Some(format!("it may be the name that `{param}` holds"));
        }
        let of_table = of_humps(method) && position == 0;
        let is_filled = matches!((method, position), ("replace" | "replaceAll", 1) | ("format", 1..));
        let does = method == "belongsToMany" && position == 1
            || position == 0 && base.is_some_and(|base| self.is_of_database(base, method));
        if !(of_table || is_filled || does) {
            return None;
        }
        // What the tree defines was followed from the SQL that it makes.
        let followed = known.iter().any(|val| matches!(val, Val::Function(..)));
        (!followed).then(|| format!("it is handed to `{method}`, which is not followed"))
    }

    /// What the function calls a table, where it stands in the tree: what it does with it was not followed to the end.
    fn parameter_of_table(&self, method: &str, known: &[Val], position: usize) -> Option<String> {
        let speaks = |at: usize, scope: ScopeId| {
            let param = self.evaluator.program.module(at)?.scope(scope).params.get(position)?;
            (of_words(&param.name) || of_humps(&param.name)).then(|| param.name.to_string())
        };
        let functions = known.iter().filter_map(|val| match val {
            Val::Function((at, scope), _) => speaks(*at, *scope),
            _ => None,
        });
        // `Store.prototype.write = function (table, row) { .. }`
        let set = self.module.assigns.iter().filter_map(|&(target, value)| {
            match (&self.module.expr(target).kind, &self.module.expr(value).kind) {
                (Kind::Member(_, name), Kind::Function(scope)) if name.as_ref() == method => speaks(self.at, *scope),
                _ => None,
            }
        });
        functions.chain(set).next()
    }

    /// `db.insert`, `this.repository.findOne`, a function of a library that keeps rows as objects.
    fn is_of_database(&self, base: ExprId, method: &str) -> bool {
        let named = self.last_word(base).unwrap_or_default();
        let lower = named.to_ascii_lowercase();
        let does = VERBS.iter().any(|verb| method.starts_with(verb));
        OF_DATABASES.iter().any(|word| lower.ends_with(word)) && !NO_TABLE.contains(&method)
            || does && OF_STORES.iter().any(|word| lower.ends_with(word))
            || matches!(method, "identifier" | "from" | "into" | "dispense") && !named.starts_with(char::is_uppercase)
            || self
                .evaluator
                .ask(self.at, base)
                .iter()
                .any(|val| matches!(val, Val::External(name) if MAPPERS.iter().any(|own| name.starts_with(own))))
    }

    /// Not what people read: `console.log("select one from users")`, the title of a test.
    pub(super) fn may_be_statement(&self, literal: ExprId) -> bool {
        let Some(parent) = self.module.expr(literal).parent else { return self.usage.named(literal).is_some() };
        match &self.module.expr(parent).kind {
            Kind::Call { callee, .. } => {
                matches!(&self.module.expr(*callee).kind, Kind::Member(_, method) if known::runs_sql(method))
            }
            _ => true,
        }
    }

    /// Not what people read, and no event.
    pub(super) fn may_be_columns(&self, literal: ExprId) -> bool {
        let Some(parent) = self.module.expr(literal).parent else { return true };
        let Kind::Call { callee, .. } = &self.module.expr(parent).kind else { return true };
        match &self.module.expr(*callee).kind {
            Kind::Member(_, method) => matches!(method.as_ref(), "push" | "col" | "literal" | "raw" | "add" | "concat"),
            Kind::Name(name) => matches!(name.as_ref(), "col" | "literal" | "raw"),
            _ => false,
        }
    }
}

/// The innermost braces that are open at the end belong to a type.
fn is_in_type(before: &str) -> bool {
    let mut depth = 0_u32;
    for (at, letter) in before.char_indices().rev() {
        match letter {
            '}' => depth += 1,
            '{' if depth > 0 => depth -= 1,
            '{' => {
                let line = before.get(..at).and_then(|head| head.lines().last()).unwrap_or("");
                return ["interface ", "type "].iter().any(|word| line.contains(word));
            }
            _ => {}
        }
    }
    false
}

/// `users.name`, `users.name DESC`; `users.` before what code fills in.
pub(super) fn is_column_of(words: &str, table: &str, is_alone: bool) -> bool {
    let Some((own, rest)) = words.split_once('.').filter(|(own, _)| own.eq_ignore_ascii_case(table)) else {
        return false;
    };
    let column = rest.split_whitespace().next().unwrap_or("");
    let is_word = column.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let direction = rest.get(column.len()..).unwrap_or("").trim();
    let ends = direction.is_empty()
        || ["asc", "desc"].iter().any(|own| own.eq_ignore_ascii_case(direction))
        || direction.to_ascii_lowercase().starts_with("as ");
    let is_file = OF_FILES.contains(&column);
    !own.is_empty() && if is_alone { !column.is_empty() && is_word && !is_file && ends } else { rest.is_empty() }
}
