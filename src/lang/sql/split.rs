//! Where one statement ends and the next begins: `;`, but not the ones in a trigger's body.

use std::ops::Range;

use super::token::{Kind, Token};

/// Ranges of tokens, one for each statement that is not empty.
pub(super) fn split(text: &str, tokens: &[Token]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].kind == Kind::Dot {
            found.push(start..at);
            start = at + 1;
        } else if tokens[at].is(b';') {
            found.push(start..at);
            start = at + 1;
            if is_copy_from_stdin(text, tokens, found.last()) {
                start = after_copied_rows(text, tokens, start);
                at = start;
                continue;
            }
        } else if at == start
            && has_body(text, &tokens[at..])
            && let Some(end) = body_end(text, tokens, at)
        {
            at = end;
            continue;
        }
        at += 1;
    }
    found.push(start..tokens.len());
    found.retain(|range| !range.is_empty());
    found
}

/// `CREATE .. TRIGGER`, and the procedures of other dialects.
fn has_body(text: &str, tokens: &[Token]) -> bool {
    tokens.first().is_some_and(|token| token.is_word(text, "CREATE"))
        && tokens
            .iter()
            .take(8)
            .any(|token| ["TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"].iter().any(|word| token.is_word(text, word)))
}

/// The token after the body's END; `None` when there is no body, or it does not end.
fn body_end(text: &str, tokens: &[Token], start: usize) -> Option<usize> {
    let begin = tokens[start..].iter().position(|token| token.is(b';') || token.is_word(text, "BEGIN"))? + start;
    if tokens[begin].is(b';') {
        return None;
    }
    let mut depth = 1usize;
    let mut at = begin + 1;
    while let Some(token) = tokens.get(at) {
        if token.is_word(text, "CASE") || token.is_word(text, "BEGIN") {
            depth += 1;
        } else if token.is_word(text, "END") {
            let closes = |word: &str| tokens.get(at + 1).is_some_and(|next| next.is_word(text, word));
            if ["IF", "LOOP", "WHILE", "REPEAT"].iter().any(|word| closes(word)) {
                at += 2;
                continue;
            }
            if closes("CASE") {
                at += 1;
            }
            depth -= 1;
            if depth == 0 {
                return Some(at + 1);
            }
        }
        at += 1;
    }
    None
}

/// pg_dump's `COPY t FROM stdin;`: rows follow, not statements.
fn is_copy_from_stdin(text: &str, tokens: &[Token], statement: Option<&Range<usize>>) -> bool {
    statement.and_then(|range| tokens.get(range.clone())).is_some_and(|own| {
        own.first().is_some_and(|token| token.is_word(text, "COPY"))
            && own.iter().any(|token| token.is_word(text, "STDIN"))
    })
}

fn after_copied_rows(text: &str, tokens: &[Token], start: usize) -> usize {
    let Some(from) = tokens.get(start).map(|token| token.span.start) else { return start };
    let end = text.get(from..).and_then(|rest| rest.find("\\.")).map_or(text.len(), |length| from + length + 2);
    start + tokens[start..].partition_point(|token| token.span.start < end)
}
