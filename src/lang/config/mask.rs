//! Template actions (`{{ .. }}`, `{% .. %}`) hidden from a grammar that cannot read them, byte for byte.

use std::ops::Range;

use super::{Gather, Token};
use crate::lang::names;
use crate::text::Span;

/// An action longer than this is no action: its closing braces belong to something else.
const LONGEST: usize = 4096;

/// The text with its actions hidden, same length, and where they stand.
///
/// A line that holds nothing but actions becomes blank; an action inside a line becomes a word.
pub(in crate::lang) fn mask(text: &str) -> (String, Vec<Range<usize>>) {
    let actions = actions(text);
    if actions.is_empty() {
        return (text.to_owned(), actions);
    }
    let mut bytes = text.as_bytes().to_vec();
    for action in &actions {
        hide(&mut bytes, action.clone(), b'T');
    }
    let mut at = 0;
    // Whether the line before is blank but for actions: what goes on from any other line belongs to its text.
    let mut blank_before = false;
    for line in text.split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;
        let goes_on = actions.iter().any(|action| action.start < range.start && range.start < action.end);
        let blank = |at: &usize| {
            bytes.get(*at).is_some_and(u8::is_ascii_whitespace) || actions.iter().any(|action| action.contains(at))
        };
        let acts = actions.iter().any(|action| action.start < range.end && range.start < action.end);
        blank_before = acts && range.clone().all(|at| blank(&at)) && (!goes_on || blank_before);
        if blank_before {
            hide(&mut bytes, range, b' ');
        }
    }
    // Only ASCII was written over whole runs that begin and end at ASCII.
    (String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned()), actions)
}

/// Shell text with its actions as variables, same length: `${{ env.X }}` is `$` and a name of underscores.
pub(in crate::lang) fn as_variables(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for action in actions(text) {
        let marked = action.start > 0 && bytes.get(action.start - 1) == Some(&b'$');
        hide(&mut bytes, action.clone(), b'_');
        if !marked && let Some(first) = bytes.get_mut(action.start) {
            *first = b'$';
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// A variable that stands for an action.
pub(in crate::lang) fn is_action(name: &str) -> bool {
    name.len() > 3 && name.bytes().all(|byte| byte == b'_')
}

/// The blanks that a line begins with stay, for they have a meaning.
fn hide(bytes: &mut [u8], range: Range<usize>, with: u8) {
    let mut indents = false;
    for byte in bytes.get_mut(range).unwrap_or_default() {
        match byte {
            b'\n' | b'\r' => indents = true,
            b' ' | b'\t' if indents => {}
            _ => {
                indents = false;
                *byte = with;
            }
        }
    }
}

fn actions(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find('{')).map(|open| at + open) {
        let rest = text.get(open..).unwrap_or("");
        let close = match rest.as_bytes().get(1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') if rest.contains("#}") => "#}",
            _ => {
                at = open + 1;
                continue;
            }
        };
        match rest.find(close).filter(|&length| length <= LONGEST) {
            Some(length) => {
                at = open + length + close.len();
                found.push(open..at);
            }
            None => at = open + 2,
        }
    }
    found
}

/// The databases that a workflow's expression chooses between: `${{ matrix.lite && 'sqlite:///x.db' || 'mysql://h/x' }}`.
pub(in crate::lang) fn choices(raw: &str, start: usize) -> Vec<Token> {
    let mut found = Vec::new();
    let Some(open) = raw.find("${{").filter(|_| raw.contains("||")) else { return found };
    let mut at = open;
    while let Some(quote) = raw.get(at..).and_then(|rest| rest.find('\'')).map(|quote| at + quote) {
        let Some(length) = raw.get(quote + 1..).and_then(|rest| rest.find('\'')) else { break };
        at = quote + length + 2;
        let text = raw.get(quote + 1..at - 1).unwrap_or("");
        if names::is_database_path(text) || names::url_engine(text).is_some() {
            found.push(Token { text: text.to_owned(), span: Span::new(start + quote, start + at) });
        }
    }
    found
}

/// Databases that an action names in a literal: `{{ .Values.db | default "x.db" }}`.
pub(in crate::lang) fn literals(gather: &mut Gather<'_>, actions: &[Range<usize>]) {
    for action in actions {
        let text = gather.source.text.get(action.clone()).unwrap_or("").to_owned();
        let mut at = 0;
        while let Some(open) = text.get(at..).and_then(|rest| rest.find(['"', '\'', '`'])).map(|open| at + open) {
            let quote = text.get(open..=open).unwrap_or("\"");
            let Some(length) = text.get(open + 1..).and_then(|rest| rest.find(quote)) else { break };
            let literal = text.get(open + 1..open + 1 + length).unwrap_or("");
            at = open + length + 2;
            if names::is_database_path(literal) {
                let span = Span::new(action.start + open, action.start + at);
                gather.configure("", &Token { text: literal.to_owned(), span }, "template default");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_become_words_and_lines_of_them_blanks() {
        let (masked, actions) = mask("{{- if .é }}\na: {{ .x }}/x.db\n{% endif %}\n");
        assert_eq!(masked, "             \na: TTTTTTTT/x.db\n           \n");
        assert_eq!(actions.len(), 3);
        assert_eq!(mask("{ {{ unclosed").0, "{ {{ unclosed");
        assert_eq!(as_variables("cp ${{ env.é }} {{ b }}/x"), "cp $____________ $______/x");
    }
}
