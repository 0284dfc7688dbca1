//! Snapshots that drizzle-kit keeps of a schema of SQLite, where they name tables. What a library makes of names (indexes) stays as it
//! is, but for foreign keys, whose names the database does not know. Reads text, and changes nothing.

use std::ops::Range;

/// Levels of brackets that are followed.
const DEPTH: usize = 32;

/// Where a snapshot names one of these tables (in small letters), and which. `None` for what is no such snapshot.
pub(super) fn drizzle(text: &str, tables: &[String]) -> Option<Vec<(Range<usize>, usize)>> {
    let whole: serde_json::Value = serde_json::from_str(text).ok()?;
    let is_it = whole.get("dialect")?.as_str()? == "sqlite" && whole.get("prevId").is_some();
    let described = whole.get("tables")?.as_object().filter(|_| is_it)?;
    let number = |name: &str| tables.iter().position(|table| table.eq_ignore_ascii_case(name));
    let mut found = Vec::new();
    for (path, at) in literals(text)? {
        let literal = text.get(at.clone())?;
        let steps: Vec<&str> = path.iter().map(String::as_str).collect();
        match steps.as_slice() {
            // A key stands at its own path.
            ["tables", _]
            | ["tables", _, "name", ""]
            | ["tables", _, "foreignKeys", _, "tableFrom" | "tableTo", ""] => {
                found.extend(number(literal).map(|table| (at, table)));
            }
            ["tables", own, "foreignKeys", key] | ["tables", own, "foreignKeys", key, "name", ""] => {
                let side = |side: &str| described.get(*own)?.get("foreignKeys")?.get(*key)?.get(side)?.as_str();
                let (Some(from), Some(to)) = (side("tableFrom"), side("tableTo")) else { continue };
                let mut parts = Vec::new();
                if let Some(table) = number(from).filter(|_| literal.starts_with(&format!("{from}_"))) {
                    parts.push((at.start..at.start + from.len(), table));
                }
                if let (Some(table), Some(place)) = (number(to), literal.rfind(&format!("_{to}_"))) {
                    let start = at.start + place + 1;
                    parts.push((start..start + to.len(), table));
                }
                found.extend(parts.into_iter().filter(|_| literal.ends_with("_fk")));
            }
            _ => {}
        }
    }
    Some(found)
}

/// Every literal without escapes, inside its quotes, and the keys that lead to it; behind those of a value stands an empty one.
fn literals(text: &str) -> Option<Vec<(Vec<String>, Range<usize>)>> {
    let mut found = Vec::new();
    // For each bracket whether it is an object's, and the key that stood last.
    let mut open: Vec<(bool, String)> = Vec::new();
    let mut is_value = false;
    let mut at = 0;
    while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
        at += letter.len_utf8();
        match letter {
            '{' | '[' => {
                open.push((letter == '{', String::new()));
                is_value = letter == '[';
                if open.len() > DEPTH {
                    return None;
                }
            }
            '}' | ']' => {
                open.pop();
                is_value = true;
            }
            ':' => is_value = true,
            ',' => is_value = open.last().is_some_and(|(object, _)| !object),
            '"' => {
                let rest = text.get(at..)?;
                let mut end = 0;
                let mut escaped = false;
                for byte in rest.bytes() {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => break,
                        _ => {}
                    }
                    end += 1;
                }
                let literal = rest.get(..end)?;
                if !is_value && let Some((true, key)) = open.last_mut() {
                    literal.clone_into(key);
                }
                let mut path: Vec<String> = open.iter().map(|(_, key)| key.clone()).collect();
                if is_value {
                    path.push(String::new());
                }
                if !literal.contains('\\') {
                    found.push((path, at..at + end));
                }
                at += end + 1;
            }
            _ => {}
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::drizzle;

    const SNAPSHOT: &str = r#"{"version": "6", "dialect": "sqlite", "prevId": "0", "tables": {
  "users": {"name": "users", "columns": {"users": {"name": "users", "type": "text"}}, "indexes": {"users_email_unique": {"name": "users_email_unique", "columns": ["users"]}}},
  "posts": {"name": "posts", "foreignKeys": {"posts_users_users_id_fk": {"name": "posts_users_users_id_fk", "tableFrom": "posts", "tableTo": "users", "columnsFrom": ["users"]}}}},
  "enums": {}}"#;

    #[test]
    fn tables_of_a_snapshot_and_nothing_else() {
        let found = drizzle(SNAPSHOT, &["users".to_owned()]).unwrap();
        let mut text = SNAPSHOT.to_owned();
        for (at, _) in found.iter().rev() {
            assert_eq!(&SNAPSHOT[at.clone()], "users");
            text.replace_range(at.clone(), "people");
        }
        let expected = SNAPSHOT
            .replace("\"users\": {\"name\": \"users\", \"columns\"", "\"people\": {\"name\": \"people\", \"columns\"")
            .replace("posts_users_users_id_fk", "posts_users_people_id_fk")
            .replace("\"tableTo\": \"users\"", "\"tableTo\": \"people\"");
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_no_such_snapshot() {
        for text in [
            "",
            "{",
            "[]",
            "{\"tables\": {}}",
            "{\"dialect\": \"postgresql\", \"prevId\": \"\", \"tables\": {}}",
            "{\"a\\u0022\": \"é\"}",
        ] {
            assert_eq!(drizzle(text, &["users".to_owned()]), None, "{text}");
        }
    }
}
