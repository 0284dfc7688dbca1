//! String literals: prefixes, escapes, holes, adjacent literals that are one string.

use tree_sitter::Node;

use super::super::program::{ExprId, Kind, Piece};
use super::{At, Lowering, named_children, span};
use crate::text::Span;

impl Lowering<'_> {
    pub(super) fn string(&mut self, node: Node<'_>, at: At) -> ExprId {
        let mut pieces = Vec::new();
        self.pieces(node, at, &mut pieces);
        self.builder.expr(Kind::Text(pieces), span(node), at.scope, at.block)
    }

    fn pieces(&mut self, node: Node<'_>, at: At, pieces: &mut Vec<Piece>) {
        if node.kind() == "concatenated_string" {
            for part in named_children(node) {
                if part.kind() == "comment" {
                    self.builder.module.prose.push(span(part));
                } else if part.kind() == "string" {
                    self.pieces(part, at, pieces);
                }
            }
            return;
        }
        let mut raw = false;
        for child in named_children(node) {
            match child.kind() {
                "string_start" => raw = self.text(child).contains(['r', 'R']),
                "string_content" => self.content(child, raw, pieces),
                "interpolation" => {
                    let inner = child.child_by_field_name("expression").or_else(|| child.named_child(0));
                    if let Some(inner) = inner {
                        pieces.push(Piece::Hole(self.expr(inner, at)));
                    }
                }
                _ => {}
            }
        }
    }

    /// Each escape becomes a piece of its own, so that an offset in the text still leads to its place.
    fn content(&self, node: Node<'_>, raw: bool, pieces: &mut Vec<Piece>) {
        let mut from = node.start_byte();
        for child in named_children(node) {
            let text = self.text(child);
            let meaning = match child.kind() {
                "escape_sequence" if !raw => unescape(text),
                "escape_interpolation" => text.chars().take(1).collect(),
                _ => continue,
            };
            self.plain(from, child.start_byte(), pieces);
            if !meaning.is_empty() {
                pieces.push(Piece::Text(meaning, span(child)));
            }
            from = child.end_byte();
        }
        self.plain(from, node.end_byte(), pieces);
    }

    fn plain(&self, from: usize, to: usize, pieces: &mut Vec<Piece>) {
        if from < to {
            let span = Span::new(from, to);
            pieces.push(Piece::Text(self.source.slice(span).to_owned(), span));
        }
    }
}

/// What an escape stands for; empty for a line continuation.
fn unescape(text: &str) -> String {
    let mut chars = text.chars().skip(1);
    match chars.next() {
        Some('n') => "\n".into(),
        Some('t') => "\t".into(),
        Some('r') => "\r".into(),
        Some('\n' | '\r') => String::new(),
        Some('x' | 'u' | 'U') => u32::from_str_radix(text.get(2..).unwrap_or(""), 16)
            .ok()
            .and_then(char::from_u32)
            .unwrap_or('\u{fffd}')
            .into(),
        Some(digit @ '0'..='7') => {
            let digits: String = std::iter::once(digit).chain(chars).collect();
            u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32).unwrap_or('\u{fffd}').into()
        }
        Some('N') => "\u{fffd}".into(),
        Some(other) => other.into(),
        None => String::new(),
    }
}
