//! Text that code puts together: literals that are added up, filled into each other, appended to a variable or to a list. Finds
//! which literals make one text; reads none of them.

use std::collections::HashSet;
use std::sync::Arc;

use super::facts::Reading;
use super::fillers::home;
use super::ir::{Bound, ExprId, Kind, Op, Piece, ScopeId};
use crate::lang::sql::{self, HOLE};
use crate::text::{Snippet, Span};

/// Lines that a list may give to one statement.
const LINES: usize = 1_000;

/// A text as it stands in the source, put together as far as one expression says.
pub(super) struct Composed {
    pub(super) whole: ExprId,
    pub(super) snippet: Snippet,
    /// Where in the snippet code fills something in, and what.
    pub(super) holes: Vec<(usize, ExprId)>,
    pub(super) texts: Vec<ExprId>,
}

/// What was found of the literals that make one text, and what is followed next.
#[derive(Default)]
struct Pieces {
    found: Vec<ExprId>,
    open: Vec<ExprId>,
    seen: HashSet<ExprId>,
    /// Variables whose additions were found, by the scope that adds.
    named: HashSet<(ScopeId, Arc<str>)>,
}

impl Reading<'_> {
    /// The text that a literal is a part of.
    pub(super) fn composed(&self, text: ExprId) -> Composed {
        let mut whole = text;
        while let Some(parent) = self.module.expr(whole).parent {
            match &self.module.expr(parent).kind {
                Kind::Binary { op: Op::Add, .. } => whole = parent,
                Kind::List(parts) if self.is_statement_in_lines(parent, parts) => {
                    whole = self.joined_around(parent).unwrap_or(parent);
                }
                _ => break,
            }
        }
        let mut composed = Composed { whole, snippet: Snippet::default(), holes: Vec::new(), texts: Vec::new() };
        self.compose(whole, &mut composed);
        composed
    }

    /// A literal without what it is put together with.
    pub(super) fn alone(&self, text: ExprId) -> Composed {
        let mut composed = Composed { whole: text, snippet: Snippet::default(), holes: Vec::new(), texts: Vec::new() };
        self.compose(text, &mut composed);
        composed
    }

    /// `["SELECT a", "FROM users"]`: somebody joins these.
    fn is_statement_in_lines(&self, list: ExprId, parts: &[ExprId]) -> bool {
        if let Some(known) = self.in_lines.borrow().get(&list) {
            return *known;
        }
        let found = self.find_statement_in_lines(list, parts);
        self.in_lines.borrow_mut().insert(list, found);
        found
    }

    fn find_statement_in_lines(&self, list: ExprId, parts: &[ExprId]) -> bool {
        let begins = parts.first().is_some_and(|&first| {
            matches!(&self.module.expr(first).kind, Kind::Text(_) | Kind::Binary { op: Op::Add, .. })
        });
        if !begins || parts.len() > LINES {
            return false;
        }
        let mut whole = String::new();
        let mut goes_on = parts.len() == 1 && self.usage.named(list).is_some();
        for &part in parts {
            let mut line = Composed { whole: part, snippet: Snippet::default(), holes: Vec::new(), texts: Vec::new() };
            self.compose(part, &mut line);
            if whole.is_empty() {
                if !sql::begins_statement(&line.snippet.text) {
                    return false;
                }
            } else if self.is_text(part) {
                if !sql::goes_on(&whole, &line.snippet.text) {
                    return false;
                }
                goes_on = true;
            }
            whole.push_str(&line.snippet.text);
            whole.push('\n');
        }
        goes_on
    }

    /// `" ".join(list)`.
    fn joined_around(&self, list: ExprId) -> Option<ExprId> {
        let call = self.module.expr(list).parent?;
        self.lines_of(call).is_some().then_some(call)
    }

    /// The list of `" ".join(list)`.
    fn lines_of(&self, call: ExprId) -> Option<ExprId> {
        let Kind::Call { callee, args } = &self.module.expr(call).kind else { return None };
        let Kind::Member(base, method) = &self.module.expr(*callee).kind else { return None };
        let [only] = args.as_slice() else { return None };
        (method.as_ref() == "join" && self.is_text(*base) && matches!(self.module.expr(only.value).kind, Kind::List(_)))
            .then_some(only.value)
    }

    fn compose(&self, expr: ExprId, composed: &mut Composed) {
        match &self.module.expr(expr).kind {
            Kind::List(parts) if expr == composed.whole || self.joined_around(expr) == Some(composed.whole) => {
                for &part in parts {
                    if !composed.snippet.text.is_empty() {
                        composed.snippet.push("\n", self.module.expr(part).span.start as usize);
                    }
                    self.compose(part, composed);
                }
            }
            Kind::Call { .. } if expr == composed.whole => match self.lines_of(expr) {
                Some(list) => self.compose(list, composed),
                None => self.hole(expr, composed),
            },
            Kind::Binary { op: Op::Add, left, right } => {
                self.compose(*left, composed);
                self.compose(*right, composed);
            }
            Kind::Text(pieces) => {
                composed.texts.push(expr);
                for piece in pieces {
                    match piece {
                        Piece::Text(text, span) => composed.snippet.push(text, span.start as usize),
                        Piece::Hole(hole) => self.hole(*hole, composed),
                    }
                }
            }
            _ => self.hole(expr, composed),
        }
    }

    fn hole(&self, hole: ExprId, composed: &mut Composed) {
        let start = self.module.expr(hole).span.start as usize;
        composed.holes.push((composed.snippet.text.len(), hole));
        composed.snippet.push(HOLE.encode_utf8(&mut [0; 4]), start);
    }

    /// Literals that fill the text, or that are appended to the variable it is bound to: all of them, for a table is renamed in each.
    pub(super) fn pieces(&self, composed: &Composed) -> Vec<ExprId> {
        let mut pieces = Pieces::default();
        for (_, hole) in &composed.holes {
            pieces.open.push(*hole);
        }
        for &text in &composed.texts {
            self.given_to(text, &mut pieces);
        }
        if let Some(named) = self.usage.named(composed.whole) {
            self.appended(&named.name, composed.whole, &mut pieces);
            self.added_up(&named.name, named.scope, &mut pieces);
        } else if let Some((name, list)) = self.appended_to(composed.whole) {
            self.appended(&name, list, &mut pieces);
        }
        while let Some(expr) = pieces.open.pop() {
            if pieces.seen.insert(expr) {
                self.pieces_of(expr, &mut pieces);
            }
        }
        pieces.found.retain(|text| !composed.texts.contains(text));
        pieces.found
    }

    /// What `"..".format(x)` and `".." % x` fill into a template.
    fn given_to(&self, template: ExprId, pieces: &mut Pieces) {
        let Some(parent) = self.module.expr(template).parent else { return };
        match &self.module.expr(parent).kind {
            Kind::Member(base, method) if *base == template && method.as_ref() == "format" => {
                let call = self.module.expr(parent).parent.map(|call| &self.module.expr(call).kind);
                if let Some(Kind::Call { args, .. }) = call {
                    pieces.open.extend(args.iter().map(|arg| arg.value));
                }
            }
            Kind::Binary { op: Op::Mod, left, right } if *left == template => pieces.open.push(*right),
            _ => {}
        }
    }

    fn pieces_of(&self, expr: ExprId, pieces: &mut Pieces) {
        match &self.module.expr(expr).kind {
            Kind::Text(parts) => {
                pieces.found.push(expr);
                pieces.open.extend(parts.iter().filter_map(|piece| match piece {
                    Piece::Hole(hole) => Some(*hole),
                    Piece::Text(..) => None,
                }));
            }
            Kind::Binary { op: Op::Add | Op::Mod | Op::Or | Op::And, left, right } => {
                pieces.open.extend([*left, *right]);
            }
            Kind::Cond { then, otherwise, .. } => pieces.open.extend([*then, *otherwise]),
            Kind::List(parts) => pieces.open.extend(parts),
            Kind::Call { callee, args } => {
                if let Kind::Member(base, method) = &self.module.expr(*callee).kind
                    && matches!(method.as_ref(), "join" | "format" | "strip" | "trim")
                {
                    pieces.open.push(*base);
                    pieces.open.extend(args.iter().map(|arg| arg.value));
                }
            }
            Kind::Name(name) => {
                let mut scope = Some(self.module.expr(expr).scope);
                while let Some(id) = scope {
                    let body = self.module.scope(id);
                    if let Some(bindings) = body.bindings.get(name) {
                        pieces.open.extend(bindings.iter().filter_map(|binding| match binding.value {
                            Bound::Expr(value) => Some(value),
                            _ => None,
                        }));
                        self.appended(name, expr, pieces);
                        return;
                    }
                    scope = body.parent;
                }
            }
            _ => {}
        }
    }

    /// The variable that a text is added to: `sql += ".."`, `lines.append("..")`.
    fn appended_to(&self, text: ExprId) -> Option<(Arc<str>, ExprId)> {
        let target = match self.module.appends.iter().find(|(_, value)| *value == text) {
            Some((target, _)) => *target,
            None => {
                let Kind::Call { callee, args } = &self.module.expr(self.module.expr(text).parent?).kind else {
                    return None;
                };
                let Kind::Member(base, method) = &self.module.expr(*callee).kind else { return None };
                if method.as_ref() != "append" || args.iter().all(|arg| arg.value != text) {
                    return None;
                }
                *base
            }
        };
        match &self.module.expr(target).kind {
            Kind::Name(name) => Some((Arc::clone(name), target)),
            _ => None,
        }
    }

    /// Texts that are added to a variable in the function of `near`.
    pub(super) fn added_to(&self, name: &Arc<str>, near: ExprId) -> Vec<ExprId> {
        let mut pieces = Pieces::default();
        self.appended(name, near, &mut pieces);
        pieces.open
    }

    /// `sql += ".."`, `where.append("..")` in the function of `near`.
    fn appended(&self, name: &Arc<str>, near: ExprId, pieces: &mut Pieces) {
        let scope = self.module.expr(near).scope;
        if !pieces.named.insert((scope, Arc::clone(name))) {
            return;
        }
        let is = |expr: ExprId| {
            let expr = self.module.expr(expr);
            expr.scope == scope && matches!(&expr.kind, Kind::Name(own) if own == name)
        };
        let added = self.module.appends.iter().filter(|(target, _)| is(*target));
        pieces.open.extend(added.map(|(_, value)| *value));
        for &call in &self.module.calls {
            let Kind::Call { callee, args } = &self.module.expr(call).kind else { continue };
            let Kind::Member(base, method) = &self.module.expr(*callee).kind else { continue };
            if matches!(method.as_ref(), "append" | "extend" | "push" | "insert") && is(*base) {
                pieces.open.extend(args.iter().map(|arg| arg.value));
            }
        }
    }

    /// What a text that has a name is put together with: `base + where`, `f"{base} {where}"`, `" ".join([base, where])`.
    fn added_up(&self, name: &Arc<str>, scope: ScopeId, pieces: &mut Pieces) {
        let mut named = vec![(Arc::clone(name), scope)];
        let mut seen = HashSet::new();
        while let Some((name, scope)) = named.pop() {
            if !seen.insert((Arc::clone(&name), scope)) {
                continue;
            }
            for index in 0..self.module.exprs.len() {
                let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
                let own = self.module.expr(id);
                if !matches!(&own.kind, Kind::Name(own) if *own == name)
                    || home(self.module, own.scope, &name) != Some(scope)
                {
                    continue;
                }
                let mut whole = id;
                while let Some(parent) = self.module.expr(whole).parent {
                    match &self.module.expr(parent).kind {
                        Kind::Binary { op: Op::Add, .. } | Kind::Text(_) => whole = parent,
                        Kind::List(_) => match self.joined_around(parent) {
                            Some(call) => whole = call,
                            None => break,
                        },
                        _ => break,
                    }
                }
                if whole == id {
                    continue;
                }
                pieces.open.push(whole);
                if let Some(named_too) = self.usage.named(whole) {
                    self.appended(&named_too.name, whole, pieces);
                    named.push((Arc::clone(&named_too.name), named_too.scope));
                }
            }
        }
    }

    /// Where a range of a snippet stands in the source.
    pub(super) fn place(&self, snippet: &Snippet, range: std::ops::Range<usize>) -> crate::text::Place {
        let mut span = snippet.host_span(Span::new(range.start, range.end));
        // `\"users\"`: an escape is one character of the snippet and two of the source.
        if self.module.source.slice(span).ends_with('\\') {
            span.end += 1;
        }
        self.module.source.place(span)
    }
}
