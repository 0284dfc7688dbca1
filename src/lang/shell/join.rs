//! Values put behind one another, and cut: what concatenation, `..` and globs make of a path.

use super::word::{Piece, Word};
use crate::lang::{Base, Part, Value, names};

/// Without the globs that follow a database's name: `x.db*`, `x.db.*`.
pub(super) fn trimmed(pieces: &[Piece]) -> &[Piece] {
    let mut end = pieces.len();
    while end > 0 && matches!(pieces.get(end - 1), Some(Piece::Glob(_))) {
        end -= 1;
    }
    let named = end.checked_sub(1).and_then(|last| pieces.get(last)).is_some_and(|last| match last {
        Piece::Text { text, .. } => names::is_database_path(&format!("x{}", text.trim_end_matches(['.', '-']))),
        _ => false,
    });
    if named { pieces.get(..end).unwrap_or(pieces) } else { pieces }
}

pub(super) fn trim_side_files(value: &mut Value, word: &Word) {
    if matches!(word.pieces.last(), Some(Piece::Glob(_)))
        && let Some(Part::Text(text)) = value.parts.last_mut()
    {
        text.truncate(text.trim_end_matches(['.', '-']).len());
    }
}

/// One value put behind another.
pub(super) fn join(left: &Value, right: &Value) -> Value {
    let mut joined = left.clone();
    if right.base != Base::Written && right.base != Base::Memory {
        // `sqlite:///$ROOT/x.db`: what stands before is a scheme, or nothing.
        joined.parts.clear();
        joined.base = right.base;
    }
    joined.origin = right.origin.clone().or(joined.origin);
    let rooted = joined.base != Base::Written;
    for part in &right.parts {
        match (joined.parts.last_mut(), part) {
            (None, Part::Text(text)) if rooted => {
                let text = text.trim_start_matches('/');
                if !text.is_empty() {
                    joined.parts.push(Part::Text(text.to_owned()));
                }
            }
            (Some(Part::Text(before)), Part::Text(text)) => before.push_str(text),
            (_, part) => joined.parts.push(part.clone()),
        }
    }
    joined
}

/// Engine and `:memory:` from the whole text, and `..` below the root taken away.
pub(super) fn finish(value: &mut Value) {
    let pattern = value.pattern();
    let judged = names::value_of(&pattern);
    value.engine = judged.engine;
    if judged.base == Base::Memory {
        value.base = Base::Memory;
    }
    if value.base == Base::Root
        && let Some(Part::Text(text)) = value.parts.first_mut()
        && text.contains("..")
    {
        let mut folders: Vec<&str> = Vec::new();
        for folder in text.split('/') {
            match folder {
                ".." => drop(folders.pop()),
                "." => {}
                _ => folders.push(folder),
            }
        }
        *text = folders.join("/");
    }
}

pub(super) fn basename(value: &mut Value) {
    if let Some(Part::Text(text)) = value.parts.last_mut()
        && let Some((_, name)) = text.rsplit_once('/')
    {
        let name = name.to_owned();
        *value = Value { origin: value.origin.take(), ..Value::text(name) };
    }
}

pub(super) fn dirname(value: &mut Value) {
    match value.parts.last_mut() {
        Some(Part::Text(text)) => match text.rfind('/') {
            Some(at) => text.truncate(at),
            None => *text = ".".to_owned(),
        },
        _ => *value = Value::unknown("dirname"),
    }
}
