//! Text with holes, as configuration writes it (`${A:-x}`, `%(here)s`, `{{ x }}`), made into a value.
//! Knows nothing of the language the text stands in.

use crate::lang::value::{Base, Engine, Part, Value};
use crate::lang::{Confidence, names};

/// Defaults may hold variables with defaults; deeper than this they are taken as text.
const MAX_DEPTH: usize = 12;

/// The value of a text: variables with their defaults, templates as unknown parts.
#[must_use]
pub(in crate::lang) fn value(text: &str) -> Value {
    let mut value = Value { parts: parts(names::unwrap_dsn(text), 0), ..Value::default() };
    let probe = probe(&value);
    if names::is_memory(&probe) {
        value.base = Base::Memory;
    } else if let Some(engine) = names::url_engine(&probe) {
        value.engine = engine;
    }
    value
}

/// The text under its defaults, with a letter for what is not known: so that word checks can judge it.
#[must_use]
pub(in crate::lang) fn probe(value: &Value) -> String {
    let mut out = String::new();
    for part in &value.parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Env { default: Some(default), .. } => out.push_str(&probe(default)),
            Part::Env { default: None, .. } | Part::Unknown(_) => out.push('x'),
        }
    }
    out
}

/// Whether the value, by itself, names a database: a path by its ending, or a URL.
#[must_use]
pub(in crate::lang) fn names_database(value: &Value) -> bool {
    if value.is_opaque() && value.base != Base::Memory {
        return false;
    }
    let probe = probe(value);
    names::is_database_path(&probe)
        || matches!(value.engine, Engine::Postgresql | Engine::Mysql) && has_text_beside(value, "://")
}

/// Whether the value may well be a path when its key says that it is one: `/data/store`, `./x`, `$DIR/x`, `https` is none.
#[must_use]
pub(in crate::lang) fn may_be_path(value: &Value) -> bool {
    let probe = probe(value);
    let known = !value.is_opaque();
    if probe.is_empty() || probe.contains(char::is_whitespace) || probe.starts_with("http") {
        return false;
    }
    if !known || value.parts.iter().any(|part| matches!(part, Part::Env { .. })) {
        return true;
    }
    probe.contains(['/', '\\']) || probe.rsplit_once('.').is_some_and(|(_, end)| end.starts_with(char::is_alphabetic))
}

/// How sure one may be of a value: less where parts are not known.
#[must_use]
pub(in crate::lang) fn confidence(value: &Value) -> Confidence {
    if value.parts.iter().any(|part| matches!(part, Part::Unknown(_))) { Confidence::Medium } else { Confidence::High }
}

fn has_text_beside(value: &Value, words: &str) -> bool {
    value.parts.iter().any(|part| match part {
        Part::Text(text) => text.contains(words),
        Part::Env { default: Some(default), .. } => has_text_beside(default, words),
        _ => false,
    })
}

fn parts(text: &str, depth: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if depth < MAX_DEPTH
            && let Some((hole, length)) = hole(rest, depth)
        {
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            match hole {
                Part::Text(text) => plain.push_str(&text),
                hole => parts.push(hole),
            }
            rest = rest.get(length..).unwrap_or("");
        } else {
            plain.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or("");
        }
    }
    if !plain.is_empty() || parts.is_empty() {
        parts.push(Part::Text(plain));
    }
    parts
}

/// The hole at the very start of `text` and its length in bytes.
fn hole(text: &str, depth: usize) -> Option<(Part, usize)> {
    if let Some(rest) = text.strip_prefix("${{") {
        let end = rest.find("}}")?;
        return Some((template(&rest[..end]), 3 + end + 2));
    }
    if let Some(rest) = text.strip_prefix("{{") {
        let end = rest.find("}}")?;
        return Some((template(&rest[..end]), 2 + end + 2));
    }
    if let Some(rest) = text.strip_prefix("${") {
        let end = closing_brace(rest)?;
        return Some((braced(&rest[..end], depth), 2 + end + 1));
    }
    if let Some(rest) = text.strip_prefix("$$") {
        return Some((Part::Unknown("$".to_owned()), 2 + word_length(rest)));
    }
    if let Some(rest) = text.strip_prefix("$(") {
        let end = rest.find(')')?;
        let words = &rest[..end];
        let part = match words {
            "" => return None,
            words if is_variable(words) => Part::Env { name: words.to_owned(), default: None },
            words => Part::Unknown(words.to_owned()),
        };
        return Some((part, 2 + end + 1));
    }
    if let Some(rest) = text.strip_prefix('$') {
        let length = word_length(rest);
        let name = rest.get(..length)?;
        // `$PROJECT_DIR$` is a macro of an editor.
        if is_variable(name) && rest.get(length..)?.starts_with('$') {
            return Some((Part::Unknown(name.to_owned()), length + 2));
        }
        return is_variable(name).then(|| (Part::Env { name: name.to_owned(), default: None }, 1 + length));
    }
    if let Some(rest) = text.strip_prefix("%(") {
        let end = rest.find(")s")?;
        let name = &rest[..end];
        let part = match name.strip_prefix("ENV_") {
            Some(env) => Part::Env { name: env.to_owned(), default: None },
            None => Part::Unknown(name.to_owned()),
        };
        return (name.len() == word_length(name)).then_some((part, 2 + end + 2));
    }
    if let Some(rest) = text.strip_prefix('%') {
        let length = word_length(rest);
        let name = rest.get(..length)?;
        return (length > 1 && is_variable(name) && rest.get(length..)?.starts_with('%'))
            .then(|| (Part::Env { name: name.to_owned(), default: None }, length + 2));
    }
    if let Some(rest) = text.strip_prefix(['{', '<']) {
        let length = word_length(rest);
        let close = if text.starts_with('{') { '}' } else { '>' };
        let name = rest.get(..length)?;
        return (is_variable(name) && rest.get(length..)?.starts_with(close))
            .then(|| (Part::Unknown(name.to_owned()), length + 2));
    }
    None
}

/// `NAME`, `NAME:-default`, `NAME-default`, `NAME:?words`, `NAME:default` of Spring, `env:NAME` of editors.
fn braced(inner: &str, depth: usize) -> Part {
    let inner = inner.strip_prefix("env:").or_else(|| inner.strip_prefix("env.")).unwrap_or(inner);
    let length = word_length(inner);
    let (name, rest) = inner.split_at(length);
    if !is_variable(name) {
        return Part::Unknown(inner.to_owned());
    }
    let default = [":-", "-", ":=", "="].iter().find_map(|mark| rest.strip_prefix(mark));
    let default = default.or_else(|| {
        let rest = rest.strip_prefix(':')?;
        (!rest.starts_with(['?', '+', '/', '#', '%'])).then_some(rest)
    });
    if default.is_none() && !rest.is_empty() && !rest.starts_with([':', '?', '+']) {
        return Part::Unknown(inner.to_owned());
    }
    let default = default.filter(|text| !text.is_empty()).map(|text| {
        let text = unquoted(text);
        let mut value = Value { parts: parts(names::unwrap_dsn(text), depth + 1), ..Value::default() };
        let probe = probe(&value);
        if names::is_memory(&probe) {
            value.base = Base::Memory;
        } else if let Some(engine) = names::url_engine(&probe) {
            value.engine = engine;
        }
        Box::new(value)
    });
    Part::Env { name: name.to_owned(), default }
}

/// `{{ env.X }}`, `{{ x | default("y.db") }}`, `{{ .Values.x }}`.
fn template(inner: &str) -> Part {
    let words = inner.trim().trim_start_matches('-').trim_end_matches('-').trim();
    if let Some(name) = words.strip_prefix("env.").filter(|name| is_variable(name)) {
        return Part::Env { name: name.to_owned(), default: None };
    }
    if words.contains("default") || words.contains("||") {
        let literal = words.split(['"', '\'']).skip(1).step_by(2).find(|text| names::is_database_path(text));
        if let Some(literal) = literal {
            return Part::Text(literal.to_owned());
        }
    }
    Part::Unknown(words.to_owned())
}

fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

pub(in crate::lang) fn is_variable(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') && name.len() == word_length(name)
}

fn word_length(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
}

/// The text without the quotes around all of it.
pub(in crate::lang) fn unquoted(text: &str) -> &str {
    ['"', '\'', '`']
        .iter()
        .find_map(|&quote| text.strip_prefix(quote).and_then(|inner| inner.strip_suffix(quote)))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str, default: Option<Value>) -> Part {
        Part::Env { name: name.to_owned(), default: default.map(Box::new) }
    }

    #[test]
    fn case_25_nested_defaults() {
        let value = value("${A:-file:${B:-x.db}}");
        let inner =
            Value { parts: vec![Part::Text("file:".into()), env("B", Some(Value::text("x.db")))], ..Value::default() };
        assert_eq!(value.parts, [env("A", Some(inner))]);
        assert_eq!(value.rendered().as_deref(), Some("file:x.db"));
        assert_eq!(value.envs(), ["A", "B"]);
    }

    #[test]
    fn every_kind_of_hole() {
        for (text, pattern, envs) in [
            ("sqlite:///$DATA_DIR/x.db", "sqlite:///*/x.db", vec!["DATA_DIR"]),
            ("%(here)s/x.db", "*/x.db", vec![]),
            ("sqlite:///%(ENV_HOME)s/x.db", "sqlite:///*/x.db", vec!["HOME"]),
            ("${{ env.DB_PATH }}", "*", vec!["DB_PATH"]),
            ("{{ .Values.dir }}/x.db", "*/x.db", vec![]),
            ("{{ path | default('/data/x.db') }}", "/data/x.db", vec![]),
            ("${DATABASE_URL:jdbc:sqlite:x.db}", "sqlite:x.db", vec!["DATABASE_URL"]),
            ("jdbc:sqlite:${DIR}/x.db", "sqlite:*/x.db", vec!["DIR"]),
            ("${DB_PATH:?must be set}", "*", vec!["DB_PATH"]),
            ("cache_{device_id}.db", "cache_*.db", vec![]),
            ("%APPDATA%\\x.db", "*\\x.db", vec!["APPDATA"]),
            ("100%.db", "100%.db", vec![]),
            ("a$", "a$", vec![]),
            ("$PROJECT_DIR$/x.db", "*/x.db", vec![]),
        ] {
            let value = value(text);
            assert_eq!(value.pattern(), pattern, "{text}");
            assert_eq!(value.envs(), envs, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let text = format!("{}x.db{}", "${A:-".repeat(5_000), "}".repeat(5_000));
        assert!(value(&text).envs().contains(&"A"));
    }
}
