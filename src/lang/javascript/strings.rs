//! String and template literals: escapes, holes.

use tree_sitter::Node;

use super::super::program::{ExprId, Kind, Piece};
use super::{At, Lowering, children, span};
use crate::text::Span;

impl Lowering<'_> {
    /// Each escape becomes a piece of its own, so that an offset in the text still leads to its place.
    pub(super) fn string(&mut self, node: Node<'_>, at: At) -> ExprId {
        let mut pieces = Vec::new();
        let mut from = node.start_byte() + 1;
        let mut to = node.end_byte();
        if self.text(node).ends_with(['"', '\'', '`']) && to > from {
            to -= 1;
        }
        if node.kind() == "jsx_text" {
            from = node.start_byte();
        }
        for child in children(node) {
            match child.kind() {
                "escape_sequence" => {
                    self.plain(from, child.start_byte(), &mut pieces);
                    let meaning = unescape(self.text(child));
                    if !meaning.is_empty() {
                        pieces.push(Piece::Text(meaning, span(child)));
                    }
                }
                "template_substitution" => {
                    self.plain(from, child.start_byte(), &mut pieces);
                    let hole = match children(child).first() {
                        Some(inner) => self.expr(*inner, at),
                        None => self.make(Kind::Opaque(Vec::new()), child, at),
                    };
                    pieces.push(Piece::Hole(hole));
                }
                _ => continue,
            }
            from = child.end_byte();
        }
        self.plain(from, to, &mut pieces);
        self.make(Kind::Text(pieces), node, at)
    }

    fn plain(&self, from: usize, to: usize, pieces: &mut Vec<Piece>) {
        if from < to {
            let span = Span::new(from, to);
            pieces.push(Piece::Text(self.source.slice(span).to_owned(), span));
        }
    }

    /// A word that stands where a string could: the key of an object literal.
    pub(super) fn word(&mut self, node: Node<'_>, at: At) -> ExprId {
        let piece = Piece::Text(self.text(node).to_owned(), span(node));
        let id = self.make(Kind::Text(vec![piece]), node, at);
        // It is no string literal of the source.
        self.builder.module.texts.pop();
        id
    }

    /// The text of a string literal without holes.
    pub(super) fn literal(&self, node: Node<'_>) -> Option<&str> {
        let text = self.text(node);
        let plain = node.kind() == "string" || node.kind() == "template_string" && !text.contains("${");
        let inner = text.get(1..text.len().checked_sub(1)?)?;
        plain.then_some(inner)
    }
}

/// What an escape stands for; empty for a line continuation.
fn unescape(text: &str) -> String {
    let mut chars = text.chars().skip(1);
    match chars.next() {
        Some('n') => "\n".into(),
        Some('t') => "\t".into(),
        Some('r') => "\r".into(),
        Some('b') => "\u{8}".into(),
        Some('f') => "\u{c}".into(),
        Some('v') => "\u{b}".into(),
        Some('0') => "\0".into(),
        Some('\n' | '\r' | '\u{2028}' | '\u{2029}') => String::new(),
        Some('x' | 'u') => {
            let digits = text.get(2..).unwrap_or("").trim_matches(['{', '}']);
            u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}').into()
        }
        Some(other) => other.into(),
        None => String::new(),
    }
}
