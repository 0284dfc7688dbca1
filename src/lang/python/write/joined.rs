//! Whether the name that a literal is given is joined with a folder somewhere else in the source. Reads text without a grammar: a
//! doubt is enough.

use tree_sitter::Node;

use super::span;
use crate::text::Source;

/// The last word of what an expression is assigned to: `db_name` of `self.db_name = "x.db"`.
pub(super) fn bound_name<'a>(source: &'a Source, node: Node<'_>) -> Option<&'a str> {
    let assignment = node.parent().filter(|parent| parent.kind() == "assignment")?;
    let left =
        assignment.child_by_field_name("left").filter(|left| matches!(left.kind(), "identifier" | "attribute"))?;
    source.slice(span(left)).rsplit('.').next()
}

/// Whether a folder is put before the name: `folder + "/" + name`, `folder / name`, `join(folder, name)`, `f"{folder}/{name}"`.
pub(super) fn is_joined(text: &str, name: &str) -> bool {
    let part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    text.match_indices(name).any(|(at, _)| {
        let (head, tail) = (text.get(..at).unwrap_or(""), text.get(at + name.len()..).unwrap_or(""));
        if part(head.chars().next_back()) || part(tail.chars().next()) {
            return false;
        }
        let head = head.strip_suffix("self.").or_else(|| head.strip_suffix("cls.")).unwrap_or(head).trim_end();
        if let Some(before) = head.strip_suffix('+') {
            // A URL's slashes are no folder.
            return !before.trim_end().trim_end_matches(['"', '\'']).ends_with("://")
                && !before.trim_end().trim_end_matches(['"', '\'']).ends_with(":///");
        }
        if let Some(before) = head.strip_suffix('{') {
            return before.ends_with(['/', '}']) && !before.ends_with("://") && !before.ends_with(":///");
        }
        let called =
            head.strip_suffix(',').and_then(|head| head.rfind("join(").map(|at| head.get(at + 5..).unwrap_or("")));
        head.ends_with('/') || head.ends_with("joinpath(") || called.is_some_and(is_open)
    })
}

/// Whether the call that a text stands in is still open at its end, on the call's own level.
fn is_open(given: &str) -> bool {
    let mut depth = 0_i32;
    for letter in given.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_folder_is_put_before() {
        for text in [
            "p = folder + '/' + name",
            "p = folder / name",
            "p = folder / self.name",
            "p = os.path.join(base(x), name)",
            "p = os.path.join(\n    folder,\n    name,\n)",
            "p = f'{folder}/{name}'",
            "p = f'{folder}{self.name}'",
            "p = folder.joinpath(name)",
        ] {
            assert!(is_joined(text, "name"), "{text}");
        }
        for text in [
            "connect(name)",
            "url = 'sqlite:///' + name",
            "url = f'sqlite:///{name}'",
            "print(f'opening {name}')",
            "p = folder / name_of",
            "log('join(', x); connect(a, name)",
            "p = os.path.join(folder, 'x')\nconnect(p, name)",
        ] {
            assert!(!is_joined(text, "name"), "{text}");
        }
    }
}
