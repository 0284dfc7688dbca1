//! Text that code puts together: literals that are added up, filled into each other, appended to a variable or to a list. Finds
//! which literals make one text; reads none of them.

use super::facts::Reading;
use super::ir::{Bound, ExprId, Kind, Op, Piece};
use crate::lang::sql::{self, HOLE};
use crate::text::{Snippet, Span};

/// Variables and calls followed from a text to what fills it.
const DEPTH: u32 = 8;
/// Literals that one text is made of.
const MOST: usize = 64;
/// Lines that a list may give to one statement.
const LINES: usize = 64;

/// A text as it stands in the source, put together as far as one expression says.
pub(super) struct Composed {
    pub(super) whole: ExprId,
    pub(super) snippet: Snippet,
    /// Where in the snippet code fills something in, and what.
    pub(super) holes: Vec<(usize, ExprId)>,
    pub(super) texts: Vec<ExprId>,
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

    /// `["SELECT a", "FROM users"]`: somebody joins these.
    fn is_statement_in_lines(&self, list: ExprId, parts: &[ExprId]) -> bool {
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

    /// Literals that fill the text, or that are appended to the variable it is bound to.
    pub(super) fn pieces(&self, composed: &Composed) -> Vec<ExprId> {
        let mut found = Vec::new();
        for (_, hole) in &composed.holes {
            self.pieces_of(*hole, &mut found, 0);
        }
        for &text in &composed.texts {
            self.given_to(text, &mut found);
        }
        if let Some(named) = self.usage.named(composed.whole) {
            self.appended(&named.name.clone(), composed.whole, &mut found, 1);
        }
        found.retain(|text| !composed.texts.contains(text));
        found
    }

    /// What `"..".format(x)` and `".." % x` fill into a template.
    fn given_to(&self, template: ExprId, found: &mut Vec<ExprId>) {
        let Some(parent) = self.module.expr(template).parent else { return };
        match &self.module.expr(parent).kind {
            Kind::Member(base, method) if *base == template && method.as_ref() == "format" => {
                let call = self.module.expr(parent).parent.map(|call| &self.module.expr(call).kind);
                if let Some(Kind::Call { args, .. }) = call {
                    args.iter().for_each(|arg| self.pieces_of(arg.value, found, 1));
                }
            }
            Kind::Binary { op: Op::Mod, left, right } if *left == template => self.pieces_of(*right, found, 1),
            _ => {}
        }
    }

    fn pieces_of(&self, expr: ExprId, found: &mut Vec<ExprId>, depth: u32) {
        if depth > DEPTH || found.len() >= MOST {
            return;
        }
        let mut each = |parts: &[ExprId]| parts.iter().for_each(|&part| self.pieces_of(part, found, depth + 1));
        match &self.module.expr(expr).kind {
            Kind::Text(pieces) => {
                if found.contains(&expr) {
                    return;
                }
                found.push(expr);
                for piece in pieces {
                    if let Piece::Hole(hole) = piece {
                        self.pieces_of(*hole, found, depth + 1);
                    }
                }
            }
            Kind::Binary { op: Op::Add | Op::Mod | Op::Or | Op::And, left, right } => each(&[*left, *right]),
            Kind::Cond { then, otherwise, .. } => each(&[*then, *otherwise]),
            Kind::List(parts) => each(parts),
            Kind::Call { callee, args } => {
                if let Kind::Member(base, method) = &self.module.expr(*callee).kind
                    && matches!(method.as_ref(), "join" | "format" | "strip" | "trim")
                {
                    self.pieces_of(*base, found, depth + 1);
                    args.iter().for_each(|arg| self.pieces_of(arg.value, found, depth + 1));
                }
            }
            Kind::Name(name) => {
                let name = name.clone();
                let mut scope = Some(self.module.expr(expr).scope);
                while let Some(id) = scope {
                    let body = self.module.scope(id);
                    if let Some(bindings) = body.bindings.get(&name) {
                        for binding in bindings.iter().take(MOST) {
                            if let Bound::Expr(value) = binding.value {
                                self.pieces_of(value, found, depth + 1);
                            }
                        }
                        self.appended(&name, expr, found, depth + 1);
                        return;
                    }
                    scope = body.parent;
                }
            }
            _ => {}
        }
    }

    /// `sql += ".."`, `where.append("..")` in the function of `near`.
    fn appended(&self, name: &str, near: ExprId, found: &mut Vec<ExprId>, depth: u32) {
        let scope = self.module.expr(near).scope;
        let is = |expr: ExprId| {
            let expr = self.module.expr(expr);
            expr.scope == scope && matches!(&expr.kind, Kind::Name(own) if own.as_ref() == name)
        };
        for &(target, value) in &self.module.appends {
            if is(target) {
                self.pieces_of(value, found, depth + 1);
            }
        }
        for &call in &self.module.calls {
            let Kind::Call { callee, args } = &self.module.expr(call).kind else { continue };
            let Kind::Member(base, method) = &self.module.expr(*callee).kind else { continue };
            if matches!(method.as_ref(), "append" | "extend" | "push" | "insert") && is(*base) {
                args.iter().for_each(|arg| self.pieces_of(arg.value, found, depth + 1));
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
