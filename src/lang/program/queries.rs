//! SQL in programs: statements, the tables they touch, and the connection each runs on.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::evaluate::{ALTERNATIVES, Frame, InModule, Val};
use super::facts::Reading;
use super::ir::{Arg, Bound, ExprId, Kind, Module, Op, Piece, ScopeId};
use super::known;
use super::pieces::Composed;
use super::slots::filled_as;
use crate::lang::Language;
use crate::lang::facts::{Access, Attach, Confidence, Naming, Role, Statement, TableUse};
use crate::lang::names;
use crate::lang::sql::{self, Run, SqlStatement};
use crate::lang::value::Value;
use crate::text::Span;

/// Functions that hand SQL on, one to the next.
const WRAPPERS: usize = 12;
/// Functions looked at for one text that is handed on.
const HANDED: u32 = 200;

/// A text that holds SQL.
struct Query {
    composed: Composed,
    connection: Vec<Value>,
    /// What is bound to its parameters.
    parameters: Vec<ExprId>,
    statements: Vec<SqlStatement>,
}

/// What is known of the statements that a piece belongs to.
#[derive(Default)]
struct Fragment {
    visible: Vec<(String, bool)>,
    connection: Vec<Value>,
    /// Nothing is known of what stands around it.
    is_alone: bool,
}

/// What JavaScript calls what runs its SQL, at the end of the name. Data.
const OF_SCRIPTS: [&str; 11] = [
    "db",
    "database",
    "conn",
    "connection",
    "sqlite",
    "pool",
    "client",
    "sequelize",
    "queryrunner",
    "manager",
    "datasource",
];
/// Methods of tests that compare what they are handed with a text. Data.
const COMPARE: [&str; 16] = [
    "toBe",
    "toEqual",
    "toStrictEqual",
    "toContain",
    "toMatch",
    "equal",
    "equals",
    "eql",
    "strictEqual",
    "deepEqual",
    "deepStrictEqual",
    "include",
    "includes",
    "contain",
    "startsWith",
    "is",
];

impl Reading<'_> {
    pub(super) fn queries(&mut self) {
        let runs = self.runs();
        let mut found: Vec<Query> = Vec::new();
        let mut parts_of_others: HashSet<ExprId> = HashSet::new();
        for &text in &self.module.texts {
            if parts_of_others.contains(&text) {
                continue;
            }
            let composed = self.composed(text);
            let snippet = &composed.snippet.text;
            if composed.texts.first() != Some(&text) {
                continue;
            }
            parts_of_others.extend(composed.texts.iter().skip(1));
            if snippet.len() < 6 {
                continue;
            }
            let is_run = composed.texts.iter().any(|text| runs.contains_key(text));
            if !(sql::looks_like_sql(snippet) || is_run && sql::begins_statement(snippet)) {
                continue;
            }
            let (connection, parameters) =
                composed.texts.iter().find_map(|text| runs.get(text)).cloned().unwrap_or_default();
            let statements = sql::statements(snippet);
            found.push(Query { composed, connection, parameters, statements });
        }
        let attached = self.attaches(&found);
        // What another text is filled with is judged there, unless it runs by itself too.
        let mut parts: HashSet<ExprId> = found.iter().flat_map(|query| self.pieces(&query.composed)).collect();
        parts.retain(|part| !runs.contains_key(part));
        let mut fragments: BTreeMap<ExprId, Fragment> = BTreeMap::new();
        for query in &found {
            let is_part = query.composed.texts.iter().any(|text| parts.contains(text));
            self.statements(query, &attached, is_part);
            for piece in self.pieces(&query.composed) {
                let fragment = fragments.entry(piece).or_default();
                for visible in query.statements.iter().flat_map(|statement| &statement.visible) {
                    fragment.visible.push(visible.clone());
                }
                for value in &query.connection {
                    if !fragment.connection.contains(value) {
                        fragment.connection.push(value.clone());
                    }
                }
            }
        }
        // A part of a statement that is put together where nobody follows it.
        for &text in &self.module.texts {
            let Kind::Text(pieces) = &self.module.expr(text).kind else { continue };
            let words =
                || pieces.iter().map(|piece| if let Piece::Text(words, _) = piece { words.as_str() } else { "?" });
            if fragments.contains_key(&text) {
                continue;
            }
            let words: String = words().collect();
            if sql::holds_sql(&words) || words.len() > 6 && sql::goes_on_like_sql(&words) {
                fragments.insert(text, Fragment { is_alone: true, ..Fragment::default() });
            }
        }
        let told: HashSet<ExprId> = found.iter().flat_map(|query| query.composed.texts.iter().copied()).collect();
        for (text, fragment) in fragments {
            if !told.contains(&text) {
                self.fragment(text, fragment);
            }
        }
    }

    /// A literal that continues or fills the SQL of others: ` JOIN teams ON teams.id = users.team_id`.
    fn fragment(&mut self, text: ExprId, mut around: Fragment) {
        let composed = if around.is_alone { self.alone(text) } else { self.composed(text) };
        // Where a name is an alias in one statement, nobody knows which one this is.
        around.visible.sort_by_key(|(_, own)| *own);
        let scope = self.module.expr(text).scope;
        for found in sql::fragment(&composed.snippet.text, &around.visible) {
            self.facts.table_uses.push(TableUse {
                access: found.access,
                connection: around.connection.as_slice().into(),
                ..self.table_use(self.place(&composed.snippet, found.span), found.table, found.naming, scope)
            });
        }
    }

    /// `rows(conn, "SELECT ..")`, `self.rows("SELECT ..")`: functions of the tree that run what they are given.
    fn handed_on(&self, runs: &mut HashMap<ExprId, (Vec<Value>, Vec<ExprId>)>) {
        for &call in &self.module.calls {
            let Kind::Call { callee, args } = &self.module.expr(call).kind else { continue };
            for (position, arg) in args.iter().enumerate() {
                let mut texts = self.texts_of(arg.value, false);
                texts.retain(|&text| {
                    let words = || self.composed(text).snippet.text;
                    self.is_text(text) && (sql::begins_statement(&words()) || sql::looks_like_sql(&words()))
                });
                if texts.is_empty() {
                    continue;
                }
                for val in self.evaluator.ask(self.at, *callee) {
                    let Val::Function(function, this) = val else { continue };
                    let method = this.is_some();
                    let frame = self.evaluator.frame(self.at, function, args, &None, this.map(|this| *this));
                    let Some(name) = self.param_name(function, position + usize::from(method), arg.name.as_deref())
                    else {
                        continue;
                    };
                    let found = self.run_by(function, &name, &frame, (0, &mut HANDED.clone()));
                    let runs_it =
                        |text: &&ExprId| !found.is_empty() || sql::looks_like_sql(&self.composed(**text).snippet.text);
                    for text in texts.iter().filter(runs_it) {
                        let entry = runs.entry(*text).or_default();
                        for value in &found {
                            if !entry.0.contains(value) {
                                entry.0.push(value.clone());
                            }
                        }
                    }
                }
            }
        }
    }

    /// The parameter that an argument becomes.
    fn param_name(
        &self,
        function: InModule<ScopeId>,
        position: usize,
        keyword: Option<&str>,
    ) -> Option<std::sync::Arc<str>> {
        let params = &self.evaluator.program.module(function.0)?.scope(function.1).params;
        match keyword {
            Some(keyword) => params.iter().find(|param| param.name.as_ref() == keyword),
            None => params.get(position),
        }
        .map(|param| param.name.clone())
    }

    /// The connections on which a function runs its parameter of that name, by itself or through another function.
    fn run_by(
        &self,
        function: InModule<ScopeId>,
        name: &str,
        frame: &Frame,
        (depth, left): (usize, &mut u32),
    ) -> Vec<Value> {
        if depth >= WRAPPERS || *left == 0 {
            return Vec::new();
        }
        *left -= 1;
        let Some(module) = self.evaluator.program.module(function.0) else { return Vec::new() };
        let mut found = Vec::new();
        for &call in &module.calls {
            let Kind::Call { callee, args } = &module.expr(call).kind else { continue };
            if module.expr(call).scope != function.1 {
                continue;
            }
            let given = args
                .iter()
                .enumerate()
                .find(|(_, arg)| matches!(&module.expr(arg.value).kind, Kind::Name(own) if own.as_ref() == name));
            let Some((position, given)) = given else { continue };
            if let Kind::Member(base, method) = &module.expr(*callee).kind
                && known::runs_sql(method)
                && position == 0
            {
                let before = found.len();
                for val in self.evaluator.guarded(|| self.evaluator.eval(function.0, *base, frame)) {
                    if let Val::Connection(values) = val {
                        found.extend(values.iter().cloned());
                    }
                }
                if found.len() > before {
                    continue;
                }
            }
            for val in self.evaluator.guarded(|| self.evaluator.eval(function.0, *callee, frame)) {
                let Val::Function(inner, this) = val else { continue };
                let method = this.is_some();
                let handed = self.evaluator.frame(function.0, inner, args, frame, this.map(|this| *this));
                if inner != function
                    && let Some(param) = self.param_name(inner, position + usize::from(method), given.name.as_deref())
                {
                    found.extend(self.run_by(inner, &param, &handed, (depth + 1, &mut *left)));
                }
            }
        }
        found
    }

    /// The texts that connections run, each with its connection and the parameters handed along.
    fn runs(&self) -> HashMap<ExprId, (Vec<Value>, Vec<ExprId>)> {
        let mut runs = HashMap::new();
        self.handed_on(&mut runs);
        for &call in &self.module.calls {
            let Kind::Call { callee, args } = &self.module.expr(call).kind else { continue };
            let Kind::Member(base, method) = &self.module.expr(*callee).kind else { continue };
            if !known::runs_sql(method) {
                continue;
            }
            let Some(query) = args
                .iter()
                .find(|arg| matches!(arg.name.as_deref(), None | Some("sql" | "query" | "statement" | "parameters")))
            else {
                continue;
            };
            let mut texts = self.texts_of(query.value, true);
            texts.retain(|&text| self.is_text(text));
            if texts.is_empty() {
                continue;
            }
            // pandas takes the connection as an argument.
            let source =
                if method.starts_with("read_sql") { args.get(1).map_or(*base, |arg| arg.value) } else { *base };
            let mut connection: Option<Vec<Value>> = None;
            for val in self.evaluator.ask(self.at, source) {
                if let Val::Connection(values) = val {
                    connection.get_or_insert_default().extend(values.iter().cloned());
                }
            }
            // What a connection runs is no prose.
            let script = self.module.language != Language::Python;
            let is_sql =
                connection.is_some() || (script || method.starts_with("execute")) && self.is_called_connection(source);
            texts.retain(|&text| {
                let words = self.composed(text).snippet.text;
                sql::looks_like_sql(&words) || is_sql && sql::begins_statement(&words)
            });
            let connection = connection.unwrap_or_default();
            // `db.prepare(sql).get("users")`
            let bound = if method.as_ref() == "prepare" { self.bound_later(call) } else { None };
            let parameters: Vec<ExprId> = bound
                .unwrap_or_else(|| args.get(1..).unwrap_or_default())
                .iter()
                .flat_map(|arg| match &self.module.expr(arg.value).kind {
                    Kind::List(parts) => parts.clone(),
                    _ => vec![arg.value],
                })
                .collect();
            for text in texts {
                let entry: &mut (Vec<Value>, Vec<ExprId>) = runs.entry(text).or_default();
                for value in &connection {
                    if !entry.0.contains(value) {
                        entry.0.push(value.clone());
                    }
                }
                entry.1.clone_from(&parameters);
            }
        }
        runs
    }

    /// What a prepared statement is run with where it is made.
    fn bound_later(&self, prepared: ExprId) -> Option<&[Arg]> {
        let mut at = prepared;
        for _ in 0..4 {
            let member = self.module.expr(at).parent?;
            let Kind::Member(_, method) = &self.module.expr(member).kind else { return None };
            let call = self.module.expr(member).parent?;
            let Kind::Call { args, .. } = &self.module.expr(call).kind else { return None };
            if matches!(method.as_ref(), "get" | "all" | "run" | "iterate" | "values" | "bind") {
                return Some(args);
            }
            at = call;
        }
        None
    }

    /// `cursor`, `self.conn`, `get_db()`.
    fn is_called_connection(&self, expr: ExprId) -> bool {
        let name = match &self.module.expr(expr).kind {
            Kind::Call { callee, .. } => return self.is_called_connection(*callee),
            Kind::Name(name) | Kind::Member(_, name) => name.to_ascii_lowercase(),
            _ => return false,
        };
        let last = name.rsplit('_').find(|word| !word.is_empty()).unwrap_or(&name);
        ["c", "con", "conn", "connection", "cur", "curs", "cursor", "db", "database", "txn", "tx", "session", "engine"]
            .contains(&last)
            || self.module.language != Language::Python && OF_SCRIPTS.iter().any(|word| name.ends_with(word))
    }

    /// The literals that a query's expression is made of, through a variable or a wrapper. `alone` where nothing holds it yet: a
    /// list in the place of a query is one of parameters.
    fn texts_of(&self, expr: ExprId, alone: bool) -> Vec<ExprId> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut open = vec![(expr, alone)];
        while let Some((expr, alone)) = open.pop() {
            if !seen.insert(expr) {
                continue;
            }
            if self.is_text(expr) {
                found.push(expr);
            }
            open.extend(self.parts_of_query(expr, alone).into_iter().rev().map(|part| (part, false)));
        }
        found
    }

    fn parts_of_query(&self, expr: ExprId, alone: bool) -> Vec<ExprId> {
        let own = self.module.expr(expr);
        match &own.kind {
            Kind::Binary { op: Op::Add | Op::Mod, left, right } => vec![*left, *right],
            Kind::Cond { then, otherwise, .. } => vec![*then, *otherwise],
            Kind::Call { callee, args } => match &self.module.expr(*callee).kind {
                Kind::Name(name) | Kind::Member(_, name) if name.as_ref() == "text" => {
                    args.first().map(|arg| arg.value).into_iter().collect()
                }
                // `" ".join(["SELECT a", "FROM users"])`
                Kind::Member(base, name) if name.as_ref() == "join" && args.len() == 1 => {
                    std::iter::once(*base).chain(args.iter().map(|arg| arg.value)).collect()
                }
                Kind::Member(base, name) if matches!(name.as_ref(), "format" | "strip" | "join") => vec![*base],
                _ => Vec::new(),
            },
            Kind::Name(name) => {
                let mut scope = Some(own.scope);
                while let Some(id) = scope {
                    let body = self.module.scope(id);
                    if let Some(bindings) = body.bindings.get(name) {
                        let from = (id == own.scope).then_some(own);
                        let bound = super::names::reaching(self.module, bindings, from);
                        let mut found: Vec<ExprId> =
                            bound.into_iter().flat_map(|binding| self.bound_to_query(&binding.value)).collect();
                        // `lines = []`, `lines.append("SELECT ..")`
                        let is_empty = |text: &ExprId| match &self.module.expr(*text).kind {
                            Kind::List(parts) => parts.is_empty(),
                            Kind::Text(pieces) => pieces.is_empty(),
                            Kind::Call { args, .. } => args.is_empty(),
                            _ => false,
                        };
                        if found.iter().any(is_empty) {
                            found.extend(self.added_to(name, expr));
                        }
                        return found;
                    }
                    scope = body.parent;
                }
                Vec::new()
            }
            // `client.execute({ sql, args })`
            Kind::Dict(pairs) => pairs
                .iter()
                .filter(|(key, _)| {
                    let key = key.and_then(|key| super::evaluate::static_text(self.module, key));
                    matches!(key.as_deref(), Some("sql" | "text"))
                })
                .map(|&(_, value)| value)
                .collect(),
            Kind::List(parts) if !alone || self.module.language != Language::Python => parts.clone(),
            _ => Vec::new(),
        }
    }

    fn bound_to_query(&self, bound: &Bound) -> Vec<ExprId> {
        match bound {
            Bound::Expr(value) => vec![*value],
            Bound::Element(value) => match &self.module.expr(*value).kind {
                Kind::List(parts) => parts.clone(),
                Kind::Name(_) => vec![*value],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The first argument of the template that a literal is: `"..".format(x)`, `".." % x`.
    fn formatted(&self, text: ExprId) -> Option<ExprId> {
        let parent = self.module.expr(text).parent?;
        match &self.module.expr(parent).kind {
            Kind::Member(_, name) if name.as_ref() == "format" => {
                match &self.module.expr(self.module.expr(parent).parent?).kind {
                    Kind::Call { args, .. } => args.first().map(|arg| arg.value),
                    _ => None,
                }
            }
            Kind::Binary { op: Op::Mod, right, .. } => match &self.module.expr(*right).kind {
                Kind::List(parts) => parts.first().copied(),
                _ => Some(*right),
            },
            _ => None,
        }
    }

    /// `ATTACH`: the alias with the database it stands for, for the function it is said in.
    fn attaches(&mut self, found: &[Query]) -> HashMap<String, Vec<(ScopeId, Vec<Value>)>> {
        let mut attached: HashMap<String, Vec<(ScopeId, Vec<Value>)>> = HashMap::new();
        for Query { composed, connection, parameters, statements } in found {
            let Some(text) = composed.texts.first() else { continue };
            for statement in statements {
                let Some(attach) = &statement.attach else { continue };
                let expr = self.module.expr(*text);
                let hole = composed.holes.first().map(|(_, hole)| *hole);
                let (values, span) = match (&attach.literal, hole) {
                    (Some(literal), _) if literal.starts_with('{') || literal.starts_with('%') => {
                        match self.formatted(*text) {
                            Some(given) => (self.evaluator.ask_paths(self.at, given), self.module.expr(given).span),
                            None => (Vec::new(), expr.span),
                        }
                    }
                    (Some(literal), _) if !literal.contains(sql::HOLE) => {
                        let span = attach
                            .path
                            .clone()
                            .map_or(expr.span, |path| composed.snippet.host_span(Span::new(path.start, path.end)));
                        let origin = self.module.source.place(span);
                        (vec![names::value_of(literal).with_origin(origin)], span)
                    }
                    (_, Some(hole)) => (self.evaluator.ask_paths(self.at, hole), self.module.expr(hole).span),
                    _ => match parameters.first() {
                        Some(&parameter) => {
                            (self.evaluator.ask_paths(self.at, parameter), self.module.expr(parameter).span)
                        }
                        None => (Vec::new(), expr.span),
                    },
                };
                self.references.remove(&span);
                let construct = if attach.alias.is_empty() { "VACUUM INTO" } else { "ATTACH" };
                self.add(span, Role::Opens, values.clone(), construct, Confidence::High, None, *text);
                if attach.alias.is_empty() {
                    continue;
                }
                self.facts.attaches.push(Attach {
                    place: self.module.source.place(span),
                    alias: attach.alias.clone(),
                    attached: values.clone(),
                    connection: connection.clone(),
                });
                attached.entry(attach.alias.to_ascii_lowercase()).or_default().push((expr.scope, values));
            }
        }
        attached
    }

    fn statements(&mut self, query: &Query, attached: &HashMap<String, Vec<(ScopeId, Vec<Value>)>>, is_part: bool) {
        let Query { composed, connection, statements, .. } = query;
        let expr = self.module.expr(composed.whole);
        let symbol = self.symbol(expr.scope);
        let of = |schema: Option<&str>| match schema.map(str::to_ascii_lowercase).as_deref() {
            None | Some("main") => Some(connection.clone()),
            Some("temp") => None,
            Some(alias) => Some(match attached.get(alias) {
                Some(bound) => bound
                    .iter()
                    .find(|(scope, _)| *scope == expr.scope)
                    .or(bound.first())
                    .map(|(_, values)| values.clone())
                    .unwrap_or_default(),
                None => Vec::new(),
            }),
        };
        // What a text is compared with, nobody runs: quotes that the new name needs are those of whoever writes it.
        let compared = expr.parent.is_some_and(|parent| match &self.module.expr(parent).kind {
            Kind::Binary { op: Op::Compare, .. } => true,
            Kind::Call { callee, .. } => {
                matches!(&self.module.expr(*callee).kind, Kind::Member(_, name) if COMPARE.contains(&name.as_ref()))
            }
            _ => false,
        });
        let naming = |own: Naming, words: &str| {
            let bare = !words.starts_with(['"', '`', '[', '\\']);
            if compared && bare && own == Naming::Stated { Naming::FilledBare } else { own }
        };
        let mut run = Run::default();
        for (index, statement) in statements.iter().enumerate() {
            let repeats = run.repeats(statement);
            let words = composed.snippet.text.get(statement.span.clone()).unwrap_or("");
            // `(SELECT ..)` is no statement of its own, but a part that another one holds.
            if !repeats && !words.starts_with('(') && !is_part {
                self.facts.statements.push(Statement {
                    place: self.place(&composed.snippet, statement.span.clone()),
                    sql: words.replace(sql::HOLE, "?"),
                    holes: statement.holes,
                    ways: self.ways(composed, &statement.span, index + 1 == statements.len()),
                    connection: connection.as_slice().into(),
                    language: self.module.language,
                    symbol: symbol.as_deref().map(Into::into),
                });
            }
            for table in &statement.uses {
                let Some(connection) = of(table.schema.as_deref()) else { continue };
                // What lies behind the last of them may be the database whose table gets another name.
                if connection.len() >= ALTERNATIVES {
                    self.facts.unfollowed.push(TableUse {
                        access: table.access,
                        fixed: Some("its connection can be more databases than are followed".into()),
                        ..self.table_use(
                            self.place(&composed.snippet, table.span.clone()),
                            table.table.as_str(),
                            Naming::Spoken,
                            expr.scope,
                        )
                    });
                }
                self.facts.table_uses.push(TableUse {
                    access: table.access,
                    connection: connection.into(),
                    ..self.table_use(
                        self.place(&composed.snippet, table.span.clone()),
                        table.table.as_str(),
                        naming(table.naming, composed.snippet.text.get(table.span.clone()).unwrap_or("")),
                        expr.scope,
                    )
                });
            }
            for (span, access) in &statement.filled {
                let naming = filled_as(&composed.snippet.text, span);
                if let Some(filler) = self.filler(composed, span.clone()) {
                    self.part_names_table(filler, *access, naming, connection);
                    continue;
                }
                let by_name = self.fillers_by_name(composed, span.clone());
                if by_name.is_empty() {
                    self.put_together_in(composed, span, *access, connection);
                }
                for (at, filler) in by_name {
                    self.used_part_names_table((at, filler), *access, naming, connection, composed.whole);
                }
            }
            for parameter in &statement.catalogue {
                let given = match parameter {
                    sql::Parameter::Position(at) => query.parameters.get(*at).copied(),
                    sql::Parameter::Name(name) => {
                        query.parameters.iter().find_map(|&given| value_of(self.module, given, name))
                    }
                };
                if let Some(given) = given {
                    self.names_table(given, Access::Reads, Naming::Compared, connection);
                }
            }
        }
    }
}

/// What a dictionary that is written out holds under a key.
pub(super) fn value_of(module: &Module, dict: ExprId, key: &str) -> Option<ExprId> {
    let Kind::Dict(pairs) = &module.expr(dict).kind else { return None };
    let is_it =
        |own: &Option<ExprId>| own.and_then(|own| super::evaluate::static_text(module, own)).as_deref() == Some(key);
    pairs.iter().find(|(own, _)| is_it(own)).map(|&(_, value)| value)
}
