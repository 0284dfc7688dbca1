//! Whether a place stands in a list of names of files, which says what is copied, packed or left out and opens nothing. Looks at the
//! brackets around it alone.

use crate::lang::names;
use crate::text::Span;

/// Among the elements of a list or a set, or handed to what leaves files out.
pub(super) fn stands_in_list(text: &str, at: Span) -> bool {
    const LEAVES_OUT: [&str; 7] = ["ignore", "exclude", "pattern", "skip", "glob", "filter", "except"];
    let before = text.get(..at.range().start).unwrap_or("");
    let start = before.char_indices().rev().nth(2_000).map_or(0, |(start, _)| start);
    let before = before.get(start..).unwrap_or("");
    let mut open = 0_usize;
    for (index, letter) in before.char_indices().rev() {
        match letter {
            ')' | ']' | '}' => open += 1,
            '(' | '[' | '{' if open > 0 => open -= 1,
            '[' => return true,
            '{' => return !before.get(index..).unwrap_or("").contains(':'),
            '(' => {
                let callee = before.get(..index).unwrap_or("").trim_end();
                let name =
                    callee.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or("");
                let lower = name.to_ascii_lowercase();
                return name.is_empty() && callee.ends_with(['=', '(', '[', '{', ',', ':'])
                    || matches!(name, "in" | "set" | "frozenset" | "tuple")
                    || LEAVES_OUT.iter().any(|word| lower.contains(word));
            }
            ';' | '\u{0}' if open == 0 => return false,
            _ => {}
        }
    }
    false
}

/// Beside names or patterns of files that are no databases, in the lists around it.
pub(super) fn stands_among_files(text: &str, at: Span) -> bool {
    const REACH: usize = 16_000;
    let before = text.get(..at.range().start).unwrap_or("");
    let after = text.get(at.range().end..).unwrap_or("");
    let from = before.char_indices().rev().nth(REACH).map_or(0, |(start, _)| start);
    let to = after.char_indices().nth(REACH).map_or(after.len(), |(end, _)| end);
    // The outermost list that is seen to open, to where it closes.
    let (mut depth, mut outermost, mut start) = (0_i32, 0_i32, before.len());
    for (index, letter) in before.char_indices().rev().take_while(|(index, _)| *index >= from) {
        match letter {
            ')' | ']' | '}' => depth += 1,
            '(' | '[' | '{' => depth -= 1,
            _ => {}
        }
        if depth < outermost {
            (outermost, start) = (depth, index);
        }
    }
    let mut open = -outermost;
    let end = after.get(..to).unwrap_or(after).char_indices().find(|(_, letter)| {
        match letter {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open -= 1,
            _ => {}
        }
        open <= 0
    });
    let end = end.map_or(to, |(end, _)| end);
    let pieces = [before.get(start..), after.get(..end)];
    // Every other piece between quotes is a string, or is what stands between two: neither has spaces where it names a file.
    pieces.into_iter().flatten().flat_map(|piece| piece.split(['"', '\''])).any(|word| {
        let is_pattern = word.contains('*');
        let ending = word.rsplit_once('.').map_or("", |(stem, ending)| if stem.is_empty() { "" } else { ending });
        !word.contains(char::is_whitespace)
            && !word.contains(['(', ',', '=', '['])
            && (is_pattern && word.contains(['/', '.'])
                || (1..=5).contains(&ending.len())
                    && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
                    && !names::is_database_file_name(word.rsplit('/').next().unwrap_or(word)))
    })
}
