//! SQL in programs: statements, the tables they touch, and the connection each runs on.

use std::collections::HashMap;

use super::evaluate::Val;
use super::facts::Reading;
use super::ir::{Bound, ExprId, Kind, Op, Piece, ScopeId};
use super::known;
use crate::lang::facts::{Attach, Confidence, Role, Statement, TableUse};
use crate::lang::names;
use crate::lang::sql::{self, SqlStatement};
use crate::lang::value::Value;
use crate::text::{Snippet, Span};

impl Reading<'_> {
    pub(super) fn queries(&mut self) {
        let runs = self.runs();
        let mut found = Vec::new();
        for &text in &self.module.texts {
            let Kind::Text(pieces) = &self.module.expr(text).kind else { continue };
            let snippet = self.sql_text(pieces);
            if snippet.text.len() < 6 || snippet.text.len() > 400_000 {
                continue;
            }
            let (run, holes) = match runs.get(&text) {
                Some((connection, holes)) => (Some(connection.clone()), holes.clone()),
                None => (None, Vec::new()),
            };
            if !sql::looks_like_sql(&snippet.text) {
                continue;
            }
            let statements = sql::statements(&snippet.text);
            found.push((text, snippet, run.unwrap_or_default(), holes, statements));
        }
        let attached = self.attaches(&found);
        for (text, snippet, connection, _, statements) in found {
            self.statements(text, &snippet, &connection, &statements, &attached);
        }
    }

    /// The texts that connections run, each with its connection and the parameters handed along.
    fn runs(&self) -> HashMap<ExprId, (Vec<Value>, Vec<ExprId>)> {
        let mut runs = HashMap::new();
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
            let mut texts = self.texts_of(query.value, 0);
            texts.retain(|&text| match &self.module.expr(text).kind {
                Kind::Text(pieces) => sql::looks_like_sql(&self.sql_text(pieces).text),
                _ => false,
            });
            if texts.is_empty() {
                continue;
            }
            // pandas takes the connection as an argument.
            let source =
                if method.starts_with("read_sql") { args.get(1).map_or(*base, |arg| arg.value) } else { *base };
            let connection: Vec<Value> = self
                .evaluator
                .ask(self.at, source)
                .into_iter()
                .filter_map(|val| match val {
                    Val::Connection(values) => Some(values.as_ref().clone()),
                    _ => None,
                })
                .flatten()
                .collect();
            let parameters: Vec<ExprId> = args
                .iter()
                .skip(1)
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

    /// The literals that a query's expression is made of, through a variable or a wrapper.
    fn texts_of(&self, expr: ExprId, depth: u32) -> Vec<ExprId> {
        if depth > 6 {
            return Vec::new();
        }
        match &self.module.expr(expr).kind {
            Kind::Text(_) => vec![expr],
            Kind::Binary { op: Op::Add | Op::Mod, left, right } => {
                let mut texts = self.texts_of(*left, depth + 1);
                texts.extend(self.texts_of(*right, depth + 1));
                texts
            }
            Kind::Cond { then, otherwise, .. } => {
                let mut texts = self.texts_of(*then, depth + 1);
                texts.extend(self.texts_of(*otherwise, depth + 1));
                texts
            }
            Kind::Call { callee, args } => match &self.module.expr(*callee).kind {
                Kind::Name(name) if name.as_ref() == "text" => {
                    args.first().map(|arg| self.texts_of(arg.value, depth + 1)).unwrap_or_default()
                }
                Kind::Member(base, name) if matches!(name.as_ref(), "format" | "strip" | "join") => {
                    self.texts_of(*base, depth + 1)
                }
                Kind::Member(_, name) if name.as_ref() == "text" => {
                    args.first().map(|arg| self.texts_of(arg.value, depth + 1)).unwrap_or_default()
                }
                _ => Vec::new(),
            },
            Kind::Name(name) => {
                let mut scope = Some(self.module.expr(expr).scope);
                while let Some(id) = scope {
                    let body = self.module.scope(id);
                    if let Some(bindings) = body.bindings.get(name) {
                        return bindings
                            .iter()
                            .rev()
                            .filter(|binding| {
                                binding.span.start < self.module.expr(expr).span.start
                                    || binding.scope != self.module.expr(expr).scope
                            })
                            .take(4)
                            .flat_map(|binding| match binding.value {
                                Bound::Expr(value) => self.texts_of(value, depth + 1),
                                Bound::Element(value) => match &self.module.expr(value).kind {
                                    Kind::List(parts) => {
                                        parts.iter().flat_map(|&part| self.texts_of(part, depth + 1)).collect()
                                    }
                                    Kind::Name(_) => self.list_texts(value, depth + 1),
                                    _ => Vec::new(),
                                },
                                _ => Vec::new(),
                            })
                            .collect();
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
                .flat_map(|&(_, value)| self.texts_of(value, depth + 1))
                .collect(),
            Kind::List(parts) if depth > 0 || self.module.language != crate::lang::Language::Python => {
                parts.iter().flat_map(|&part| self.texts_of(part, depth + 1)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn list_texts(&self, name: ExprId, depth: u32) -> Vec<ExprId> {
        self.texts_of(name, depth)
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

    fn sql_text(&self, pieces: &[Piece]) -> Snippet {
        let mut snippet = Snippet::default();
        for piece in pieces {
            match piece {
                Piece::Text(text, span) => snippet.push(text, span.start as usize),
                Piece::Hole(hole) => {
                    snippet.push(sql::HOLE.encode_utf8(&mut [0; 4]), self.module.expr(*hole).span.start as usize)
                }
            }
        }
        snippet
    }

    /// `ATTACH`: the alias with the database it stands for, for the function it is said in.
    #[expect(clippy::type_complexity, reason = "the rows are those that `queries` just made")]
    fn attaches(
        &mut self,
        found: &[(ExprId, Snippet, Vec<Value>, Vec<ExprId>, Vec<SqlStatement>)],
    ) -> HashMap<String, Vec<(ScopeId, Vec<Value>)>> {
        let mut attached: HashMap<String, Vec<(ScopeId, Vec<Value>)>> = HashMap::new();
        for (text, snippet, connection, parameters, statements) in found {
            for statement in statements {
                let Some(attach) = &statement.attach else { continue };
                let expr = self.module.expr(*text);
                let Kind::Text(pieces) = &expr.kind else { continue };
                let hole = pieces.iter().find_map(|piece| match piece {
                    Piece::Hole(hole) => Some(*hole),
                    Piece::Text(..) => None,
                });
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
                            .map_or(expr.span, |path| snippet.host_span(Span::new(path.start, path.end)));
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

    fn statements(
        &mut self,
        text: ExprId,
        snippet: &Snippet,
        connection: &[Value],
        statements: &[SqlStatement],
        attached: &HashMap<String, Vec<(ScopeId, Vec<Value>)>>,
    ) {
        let expr = self.module.expr(text);
        let symbol = self.symbol(expr.scope);
        for statement in statements {
            let span = snippet.host_span(Span::new(statement.span.start, statement.span.end));
            let sql = snippet.text.get(statement.span.clone()).unwrap_or("").replace(sql::HOLE, "?");
            self.facts.statements.push(Statement {
                place: self.module.source.place(span),
                sql,
                holes: statement.holes,
                connection: connection.to_vec(),
                language: self.module.language,
                symbol: symbol.clone(),
            });
            for table in &statement.uses {
                let schema = table.schema.as_deref().map(str::to_ascii_lowercase);
                let connection = match schema.as_deref() {
                    None | Some("main") => connection.to_vec(),
                    Some("temp") => continue,
                    Some(alias) => match attached.get(alias) {
                        Some(bound) => bound
                            .iter()
                            .find(|(scope, _)| *scope == expr.scope)
                            .or(bound.first())
                            .map(|(_, values)| values.clone())
                            .unwrap_or_default(),
                        None => Vec::new(),
                    },
                };
                let span = snippet.host_span(Span::new(table.span.start, table.span.end));
                self.facts.table_uses.push(TableUse {
                    place: self.module.source.place(span),
                    table: table.table.clone(),
                    access: table.access,
                    naming: table.naming,
                    fixed: None,
                    connection,
                    language: self.module.language,
                    symbol: symbol.clone(),
                });
            }
        }
    }
}
