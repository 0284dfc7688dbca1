//! Reads by number, `row[3]`, in the function around a line. Follows no value.

use tree_sitter::{Node, Parser};

use super::is_too_deep;

/// Each `name[number]` at or below a line (1-based) in the innermost function that holds it, or outside of functions where none
/// does: line, name, number. `None` where the text cannot be parsed.
#[must_use]
pub fn positions(text: &str, line: u32) -> Option<Vec<(u32, String, usize)>> {
    if is_too_deep(text) {
        return None;
    }
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok()?;
    let tree = parser.parse(text, None)?;
    let row = line.saturating_sub(1) as usize;
    let mut around = tree.root_node();
    let mut found = Vec::new();
    let mut open = vec![around];
    while let Some(node) = open.pop() {
        if node.kind() == "function_definition"
            && holds(node, row)
            && around.byte_range().len() > node.byte_range().len()
        {
            around = node;
        }
        let mut cursor = node.walk();
        open.extend(node.named_children(&mut cursor).filter(|child| holds(*child, row)));
    }
    open.push(around);
    while let Some(node) = open.pop() {
        if node.kind() == "subscript" && node.start_position().row >= row {
            found.extend(by_number(node, text));
        }
        let mut cursor = node.walk();
        let below = node.named_children(&mut cursor).filter(|child| child.end_position().row >= row);
        open.extend(below.filter(|child| around.kind() != "module" || child.kind() != "function_definition"));
    }
    found.sort();
    Some(found)
}

fn holds(node: Node<'_>, row: usize) -> bool {
    (node.start_position().row..=node.end_position().row).contains(&row)
}

fn by_number(node: Node<'_>, text: &str) -> Option<(u32, String, usize)> {
    let value = node.child_by_field_name("value").filter(|value| value.kind() == "identifier")?;
    let number = node.child_by_field_name("subscript").filter(|number| number.kind() == "integer")?;
    let words = |node: Node<'_>| text.get(node.byte_range());
    let line = u32::try_from(node.start_position().row + 1).ok()?;
    Some((line, words(value)?.to_owned(), words(number)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_in_the_function_around_a_line() {
        let text = "def a(old):\n    x = old[9]\n    row = db.execute('SELECT * FROM t').fetchone()\n    # row[7]\n    if row:\n        return f\"{row[0]}\", row[ 2 ], names['x'][4], '[5]'\n\ndef b(row):\n    return row[2]\n\nlast = db.execute('').fetchone()\nlast[1]\n";
        let found =
            |line| positions(text, line).unwrap().into_iter().map(|(line, name, at)| format!("{line} {name} {at}"));
        assert_eq!(found(3).collect::<Vec<_>>(), ["6 row 0", "6 row 2"]);
        assert_eq!(found(9).collect::<Vec<_>>(), ["9 row 2"]);
        assert_eq!(found(11).collect::<Vec<_>>(), ["12 last 1"]);
    }
}
