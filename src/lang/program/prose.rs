//! What programs say of databases: comments, docstrings, messages.

use super::facts::Reading;
use super::ir::{ExprId, Kind, Piece};
use crate::lang::facts::{Confidence, Reference, Role};
use crate::lang::{names, sql};
use crate::text::Span;

impl Reading<'_> {
    pub(super) fn prose(&mut self) {
        for index in 0..self.module.prose.len() {
            let Some(&span) = self.module.prose.get(index) else { break };
            let text = self.module.source.slice(span);
            let construct = if text.starts_with(['#', '/']) { "comment" } else { "docstring" };
            for hit in names::mentions(text) {
                let start = span.start as usize;
                self.mention(Span::new(start + hit.start, start + hit.end), construct, false);
            }
        }
        for index in 0..self.module.texts.len() {
            let Some(&id) = self.module.texts.get(index) else { break };
            self.message(id);
        }
    }

    fn message(&mut self, id: ExprId) {
        let expr = self.module.expr(id);
        let Kind::Text(pieces) = &expr.kind else { return };
        if self.references.keys().any(|span| expr.span.contains(*span)) {
            return;
        }
        for piece in pieces {
            let Piece::Text(text, span) = piece else { continue };
            // Escapes change a text's length: where they do, its offsets are not the source's.
            if !text.contains('.') || text.len() != (span.end - span.start) as usize || sql::looks_like_sql(text) {
                continue;
            }
            // A whole path that was judged and left out is not taken in by the back door.
            if pieces.len() == 1 && names::is_database_path(text) {
                continue;
            }
            let generated = text.contains('\n') && (text.contains("import ") || text.contains("#!/"));
            for hit in names::mentions(text) {
                let start = span.start as usize;
                self.mention(Span::new(start + hit.start, start + hit.end), "message", generated);
            }
        }
    }

    fn mention(&mut self, span: Span, construct: &str, generated: bool) {
        let place = self.module.source.place(span);
        let value = names::value_of(self.module.source.slice(span)).with_origin(place.clone());
        self.references.entry(span).or_insert(Reference {
            place,
            role: Role::Mentions,
            values: vec![value].into(),
            construct: construct.into(),
            language: self.module.language,
            confidence: Confidence::Low,
            name: None,
            symbol: None,
            generated,
        });
    }
}
