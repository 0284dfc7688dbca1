//! One string literal of Python: its prefix, its quotes, its content. Knows no path.

use tree_sitter::Node;

use super::span;
use crate::lang::python::named_children;
use crate::text::{Source, Span};

/// A string literal without its neighbours.
pub(super) struct Literal<'a> {
    source: &'a Source,
    node: Node<'a>,
    /// Prefix and quotes: `f"`, `'''`.
    pub(super) open: &'a str,
    pub(super) close: &'a str,
    /// What stands between the quotes.
    pub(super) content: Option<Span>,
}

impl<'a> Literal<'a> {
    pub(super) fn of(source: &'a Source, node: Node<'a>) -> Option<Self> {
        if node.kind() != "string" {
            return None;
        }
        let children = |kind: &str| named_children(node).into_iter().find(|child| child.kind() == kind);
        let (start, end) = (children("string_start")?, children("string_end")?);
        let content = Span::new(start.end_byte(), end.start_byte());
        Some(Self {
            source,
            node,
            open: source.slice(span(start)),
            close: source.slice(span(end)),
            content: Some(content).filter(|it| !it.is_empty()),
        })
    }

    /// What the literal says; `None` where code fills a part in, or an escape or a bytes prefix makes it another text.
    pub(super) fn text(&self) -> Option<String> {
        let filled = named_children(self.node).iter().any(|child| child.kind() == "interpolation");
        let content = self.content.map_or("", |content| self.source.slice(content));
        let bytes = self.open.contains(['b', 'B']);
        let escaped = content.contains('\\') || self.open.contains(['f', 'F']) && content.contains(['{', '}']);
        (!filled && !bytes && !escaped).then(|| content.to_owned())
    }

    pub(super) fn is_bytes(&self) -> bool {
        self.open.contains(['b', 'B'])
    }

    pub(super) fn quote(&self) -> char {
        self.open.chars().next_back().unwrap_or('"')
    }
}

/// A literal of that text.
pub(super) fn quoted(text: &str, quote: char) -> String {
    let mut out = String::from(quote);
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            letter if letter == quote => out.extend(['\\', letter]),
            letter => out.push(letter),
        }
    }
    out.push(quote);
    out
}
