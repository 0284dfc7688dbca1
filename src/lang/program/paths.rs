//! What programs do to paths: join, parent, other name. Works on [`Value`]s and knows no program.

use crate::lang::names;
use crate::lang::value::{Base, Part, Value};

/// `left / right`, `os.path.join(left, right)`: an absolute right side stands alone.
pub(super) fn join(left: &Value, right: &Value) -> Value {
    let absolute =
        matches!(right.parts.first(), Some(Part::Text(text)) if text.starts_with('/') || text.contains("://"));
    if absolute || right.base != Base::Written || left.parts.is_empty() && left.base == Base::Written {
        return right.clone();
    }
    let mut joined = left.clone();
    if left.parts.iter().all(|part| matches!(part, Part::Text(text) if text.is_empty())) {
        joined.parts.clear();
    }
    if !ends_with_slash(&joined) && !joined.parts.is_empty() {
        push_text(&mut joined.parts, "/");
    }
    if let [Part::Text(dot)] = left.parts.as_slice()
        && dot == "."
    {
        joined.parts.clear();
    }
    append(&mut joined.parts, &right.parts);
    joined.origin = right.origin.clone().or_else(|| left.origin.clone());
    joined.engine = if right.parts.is_empty() { left.engine } else { right.engine };
    joined
}

/// `path.join(left, right)` of Node: a right side that starts with a slash goes below the left one all the same.
pub(super) fn join_below(left: &Value, right: &Value) -> Value {
    let mut right = right.clone();
    if right.base == Base::Written
        && let Some(Part::Text(text)) = right.parts.first_mut()
    {
        let from = text.len() - text.trim_start_matches('/').len();
        text.drain(..from);
    }
    join(left, &right)
}

/// `left + right`: text after text.
pub(super) fn concat(left: &Value, right: &Value) -> Value {
    let mut joined = left.clone();
    append(&mut joined.parts, &right.parts);
    // The root's own folder has no name: `f"{HERE}/x.db"` lies in it, and not in the file system's root.
    let at_root =
        left.base == Base::Root && left.parts.iter().all(|part| matches!(part, Part::Text(text) if text.is_empty()));
    if let (true, Some(Part::Text(first))) = (at_root, joined.parts.first_mut()) {
        *first = first.trim_start_matches('/').to_owned();
    }
    // `sqlite:///` by itself is in memory; with a path behind it, it is that path.
    if matches!(left.base, Base::Written | Base::Memory) && is_scheme(&left.parts) {
        joined.base = right.base;
    }
    let named = right.parts.iter().any(|part| {
        matches!(part, Part::Text(text) if !text.trim().is_empty() && !text.starts_with('?'))
            || matches!(part, Part::Env { .. })
    });
    if named || left.origin.is_none() {
        joined.origin = right.origin.clone().or_else(|| left.origin.clone());
    }
    joined
}

/// A URL scheme and nothing after it, so that what follows decides what the path is relative to.
fn is_scheme(parts: &[Part]) -> bool {
    match parts {
        [] => true,
        [Part::Text(text)] => text.is_empty() || text.ends_with(":///") || text == "file:" || text.ends_with("://"),
        _ => false,
    }
}

/// Engine and memory follow from the text once all of it is there.
pub(super) fn settle(mut value: Value) -> Value {
    if let Some(Part::Text(first)) = value.parts.first()
        && let Some(engine) = names::url_engine(first)
    {
        value.engine = engine;
    }
    if value.parts.len() == 1
        && value.base == Base::Written
        && let Some(Part::Text(text)) = value.parts.first()
        && names::is_memory(text)
    {
        value.base = Base::Memory;
    }
    value
}

/// `path.parent`, `os.path.dirname(path)`.
pub(super) fn parent(value: &Value) -> Value {
    let mut up = value.clone();
    let cut = match up.parts.last_mut() {
        Some(Part::Text(text)) => {
            let trimmed = text.trim_end_matches('/').len();
            text.truncate(trimmed);
            match text.rfind('/') {
                Some(0) => {
                    text.truncate(1);
                    true
                }
                Some(at) => {
                    text.truncate(at);
                    true
                }
                None => false,
            }
        }
        _ => false,
    };
    if cut {
        return up;
    }
    match up.parts.as_slice() {
        // The root's own folder, or what is relative to the working directory: one level above it cannot be named.
        [Part::Text(text)] if text.is_empty() || text == "." => up.parts = vec![Part::Text("..".into())],
        [Part::Text(text)] if text.ends_with("..") => push_text(&mut up.parts, "/.."),
        [Part::Text(_)] => up.parts = vec![Part::Text(String::new())],
        [.., Part::Text(_)] => {
            up.parts.pop();
        }
        _ => push_text(&mut up.parts, "/.."),
    }
    up
}

/// `path.with_name(name)`.
pub(super) fn with_name(value: &Value, name: &Value) -> Value {
    join(&parent(value), name)
}

/// `path.with_suffix(suffix)`.
pub(super) fn with_suffix(value: &Value, suffix: &Value) -> Value {
    let mut out = value.clone();
    if let Some(Part::Text(text)) = out.parts.last_mut() {
        let name_at = text.rfind('/').map_or(0, |at| at + 1);
        if let Some(dot) = text[name_at..].rfind('.').filter(|&dot| dot > 0) {
            text.truncate(name_at + dot);
        }
    }
    append(&mut out.parts, &suffix.parts);
    out.origin = suffix.origin.clone().or(out.origin);
    out
}

/// `text.replace(from, to)`, in what is written and in what stands in for a variable.
pub(super) fn replace(value: &Value, from: &str, to: &Value) -> Value {
    let Some(new) = to.rendered().filter(|_| !from.is_empty()) else { return value.clone() };
    let before = value.file_name();
    let mut out = value.clone();
    for part in &mut out.parts {
        match part {
            Part::Text(text) => *text = text.replace(from, &new),
            Part::Env { default: Some(default), .. } => **default = replace(default, from, to),
            Part::Env { .. } | Part::Unknown(_) => {}
        }
    }
    // The name that is put in is the one that names the file.
    if out.file_name() != before && names::is_database_file_name(&new) {
        out.origin = to.origin.clone().or(out.origin);
    }
    out
}

fn ends_with_slash(value: &Value) -> bool {
    matches!(value.parts.last(), Some(Part::Text(text)) if text.ends_with('/'))
}

pub(super) fn push_text(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        Some(Part::Text(last)) => last.push_str(text),
        _ if text.is_empty() => {}
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

pub(super) fn append(parts: &mut Vec<Part>, more: &[Part]) {
    for part in more {
        match part {
            Part::Text(text) => push_text(parts, text),
            other => parts.push(other.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_join_as_python_joins_them() {
        let text = |text: &str| Value::text(text);
        let rendered = |value: Value| value.rendered().unwrap();
        assert_eq!(rendered(join(&text("data"), &text("x.db"))), "data/x.db");
        assert_eq!(rendered(join(&text("data/"), &text("x.db"))), "data/x.db");
        assert_eq!(rendered(join(&text("data"), &text("/x.db"))), "/x.db");
        assert_eq!(rendered(join(&text("."), &text("x.db"))), "x.db");
        assert_eq!(rendered(parent(&text("a/b/c.py"))), "a/b");
        assert_eq!(rendered(parent(&text("a"))), "");
        assert_eq!(rendered(parent(&text("/a"))), "/");
        assert_eq!(rendered(parent(&text(""))), "..");
        assert_eq!(rendered(with_suffix(&text("a/b.py"), &text(".db"))), "a/b.db");
        assert_eq!(rendered(with_name(&text("a/b.py"), &text("c.db"))), "a/c.db");
    }

    #[test]
    fn text_after_the_root_s_folder_stays_below_it() {
        let here = Value { base: Base::Root, parts: vec![Part::Text(String::new())], ..Value::default() };
        let joined = concat(&here, &Value::text("/x.db"));
        assert_eq!((joined.base, joined.rendered().unwrap().as_str()), (Base::Root, "x.db"));
    }

    #[test]
    fn a_join_onto_an_unknown_folder_keeps_the_name() {
        let joined = join(&Value::unknown("folder"), &Value::text("x.db"));
        assert_eq!(joined.pattern(), "*/x.db");
        assert_eq!(joined.file_name().as_deref(), Some("x.db"));
    }
}
