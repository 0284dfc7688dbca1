//! Words out of the grammar's nodes: quotes and escapes undone, expansions told apart. Knows no command and no value.

use std::ops::Range;

use tree_sitter::Node;

use super::word::{Change, Piece, Variable, Word};
use crate::lang::sql::HOLE;

/// Defaults may hold words with defaults; what lies deeper is not looked into.
const DEEPEST: usize = 12;

/// The word that a node of the grammar stands for.
pub(super) fn word(node: Node<'_>, source: &str) -> Word {
    build(node, source, 0)
}

fn build(node: Node<'_>, source: &str, depth: usize) -> Word {
    let mut pieces = Vec::new();
    add(node, source, depth, &mut pieces);
    Word { span: own_range(node, source), pieces: expand_globs(merge(pieces)) }
}

/// The grammar counts blanks before an expansion in a string as part of it.
fn own_range(node: Node<'_>, source: &str) -> Range<usize> {
    let range = node.byte_range();
    let own = source.get(range.clone()).unwrap_or("");
    range.start + own.len() - own.trim_start().len()..range.end
}

/// Words lie flat but for defaults, and those are counted.
fn add(node: Node<'_>, source: &str, depth: usize, pieces: &mut Vec<Piece>) {
    let range = own_range(node, source);
    if depth > DEEPEST {
        pieces.push(Piece::Other(range));
        return;
    }
    match node.kind() {
        "string" => inside(node, source, range.start + 1..range.end.saturating_sub(1), depth, Quote::Double, pieces),
        "translated_string" | "concatenation" | "command_name" | "array" => {
            let mut cursor = node.walk();
            for child in node.named_children(&mut cursor) {
                add(child, source, depth + 1, pieces);
            }
        }
        "raw_string" => text(source, range.start + 1..range.end.saturating_sub(1), Quote::Single, pieces),
        "ansi_c_string" => text(source, range.start + 2..range.end.saturating_sub(1), Quote::Ansi, pieces),
        "simple_expansion" => {
            let name = source.get(range.start + 1..range.end).unwrap_or("").to_owned();
            let variable = Variable { name, span: range, change: Change::None, default: None, assigns: false };
            pieces.push(Piece::Variable(variable));
        }
        "expansion" => pieces.push(expansion(node, source, depth)),
        "command_substitution" => pieces.push(Piece::Substitution(range)),
        "process_substitution" | "arithmetic_expansion" => pieces.push(Piece::Other(range)),
        _ => inside(node, source, range, depth, Quote::None, pieces),
    }
}

/// Text with expansions in it: what no child covers is text.
fn inside(node: Node<'_>, source: &str, range: Range<usize>, depth: usize, quote: Quote, pieces: &mut Vec<Piece>) {
    let mut at = range.start;
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        let own = own_range(child, source);
        if own.start < at || own.end > range.end || matches!(child.kind(), "string_content" | "heredoc_content") {
            continue;
        }
        if quote != Quote::None || is_expansion(child.kind()) {
            text(source, at..own.start, quote, pieces);
            add(child, source, depth + 1, pieces);
            at = own.end;
        }
    }
    text(source, at..range.end, quote, pieces);
}

fn is_expansion(kind: &str) -> bool {
    matches!(
        kind,
        "simple_expansion"
            | "expansion"
            | "command_substitution"
            | "process_substitution"
            | "arithmetic_expansion"
            | "string"
            | "raw_string"
            | "ansi_c_string"
    )
}

/// A heredoc's body; quoted ones are text and nothing else.
pub(super) fn heredoc(node: Node<'_>, source: &str, quoted: bool) -> Word {
    let range = node.byte_range();
    let mut pieces = Vec::new();
    if quoted {
        text(source, range.clone(), Quote::Single, &mut pieces);
    } else {
        inside(node, source, range.clone(), 0, Quote::Heredoc, &mut pieces);
    }
    Word { span: range, pieces: merge(pieces) }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quote {
    None,
    Single,
    Double,
    Ansi,
    Heredoc,
}

impl Quote {
    fn escapes(self, next: char) -> bool {
        match self {
            Quote::Single => false,
            Quote::None | Quote::Ansi => true,
            Quote::Double => matches!(next, '"' | '\\' | '$' | '`' | '\n'),
            Quote::Heredoc => matches!(next, '\\' | '$' | '`' | '\n'),
        }
    }
}

/// Pushes a run of text for each stretch between escapes, so that text and source stay in step.
fn text(source: &str, range: Range<usize>, quote: Quote, pieces: &mut Vec<Piece>) {
    let Some(whole) = source.get(range.clone()) else { return };
    let bare = quote == Quote::None;
    let mut start = 0;
    let mut chars = whole.char_indices().peekable();
    let run = |from: usize, to: usize, pieces: &mut Vec<Piece>| {
        if from < to {
            let span = range.start + from..range.start + to;
            pieces.push(Piece::Text { text: whole[from..to].to_owned(), span, bare });
        }
    };
    while let Some((at, c)) = chars.next() {
        if c == HOLE {
            run(start, at, pieces);
            start = at + c.len_utf8();
            pieces.push(Piece::Other(range.start + at..range.start + start));
        } else if c == '\\'
            && let Some(&(next_at, next)) = chars.peek()
            && quote.escapes(next)
        {
            run(start, at, pieces);
            chars.next();
            let end = next_at + next.len_utf8();
            start = end;
            let becomes = match (quote, next) {
                (_, '\n') if quote != Quote::Ansi => "",
                (Quote::Ansi, 'n') => "\n",
                (Quote::Ansi, 't') => "\t",
                _ => &whole[next_at..end],
            };
            let span = range.start + at..range.start + end;
            pieces.push(Piece::Text { text: becomes.to_owned(), span, bare: false });
        }
    }
    run(start, whole.len(), pieces);
}

/// Joins runs of text that stand side by side in the source.
fn merge(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        if let (
            Some(Piece::Text { text: before, span: before_span, bare: before_bare }),
            Piece::Text { text, span, bare },
        ) = (out.last_mut(), &piece)
            && before_span.end == span.start
            && before.len() == before_span.len()
            && text.len() == span.len()
            && before_bare == bare
        {
            before.push_str(text);
            before_span.end = span.end;
            continue;
        }
        out.push(piece);
    }
    out
}

fn expand_globs(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let Piece::Text { text, span, bare: true } = &piece else {
            out.push(piece);
            continue;
        };
        let mut start = 0;
        let mut at = 0;
        while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
            let mut end = at + c.len_utf8();
            let special = match c {
                '*' | '?' => Some(Piece::Glob(span.start + at..span.start + end)),
                '{' => braces(&text[at..]).map(|(words, length)| {
                    end = at + length;
                    Piece::Braces(words, span.start + at..span.start + end)
                }),
                _ => None,
            };
            if let Some(special) = special {
                if start < at {
                    let own = span.start + start..span.start + at;
                    out.push(Piece::Text { text: text[start..at].to_owned(), span: own, bare: true });
                }
                out.push(special);
                start = end;
            }
            at = end;
        }
        if start < text.len() {
            let own = span.start + start..span.end;
            out.push(Piece::Text { text: text[start..].to_owned(), span: own, bare: true });
        }
    }
    out
}

/// The words of `{a,b}` and its length; `None` when it is no such list.
fn braces(text: &str) -> Option<(Vec<String>, usize)> {
    let end = text.find('}')?;
    let inner = text.get(1..end)?;
    if !inner.contains(',') || inner.contains('{') {
        return None;
    }
    Some((inner.split(',').take(16).map(str::to_owned).collect(), end + 1))
}

/// `${..}`.
fn expansion(node: Node<'_>, source: &str, depth: usize) -> Piece {
    let range = own_range(node, source);
    let inner = source.get(range.start + 2..range.end.saturating_sub(1)).unwrap_or("");
    let length = inner.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let (name, rest) = inner.split_at(length);
    if name.is_empty() {
        return Piece::Other(range);
    }
    let subscript = if rest.starts_with('[') { rest.find(']').map_or(0, |end| end + 1) } else { 0 };
    let rest = &rest[subscript..];
    let mut variable =
        Variable { name: name.to_owned(), span: range.clone(), change: Change::None, default: None, assigns: false };
    let operator = ["", ":-", ":=", ":?", ":+", "-", "=", "?", "+"]
        .into_iter()
        .filter(|operator| if operator.is_empty() { rest.is_empty() } else { rest.starts_with(operator) })
        .max_by_key(|operator| operator.len());
    match operator {
        Some("" | ":?" | "?") => {}
        Some(operator @ (":-" | "-" | ":=" | "=")) => {
            let start = range.end - 1 - rest.len() + operator.len();
            let own = start..range.end.saturating_sub(1).max(start);
            let mut pieces = Vec::new();
            let mut at = own.start;
            let mut cursor = node.walk();
            for child in node.named_children(&mut cursor) {
                let child_range = child.byte_range();
                if child_range.start >= at && child_range.end <= own.end {
                    text(source, at..child_range.start, Quote::None, &mut pieces);
                    add(child, source, depth + 1, &mut pieces);
                    at = child_range.end;
                }
            }
            text(source, at..own.end, Quote::None, &mut pieces);
            variable.default = Some(Word { span: own, pieces: merge(pieces) });
            variable.assigns = operator.ends_with('=');
        }
        _ => {
            variable.change = match rest {
                "##*/" => Change::Basename,
                "%/*" => Change::Dirname,
                "%/" => Change::None,
                _ => Change::Other,
            }
        }
    }
    Piece::Variable(variable)
}
