//! Calls and statements around a place, from code in which strings and comments are blank. Knows no language.

use crate::text::Span;

/// How far a call's beginning is looked for.
const REACH: usize = 1500;

/// A call (or a bracket) around a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    /// What stands before the bracket: `sql.Open`, `Connection::open`.
    pub(super) callee: Span,
    pub(super) bracket: u8,
    /// Which argument the place is in.
    pub(super) index: usize,
}

/// The nearest bracket that is open at `at`.
pub(super) fn around(code: &str, at: usize) -> Option<Call> {
    let bytes = code.as_bytes();
    let mut depth = 0_usize;
    let mut index = 0;
    let first = at.saturating_sub(REACH);
    for position in (first..at).rev() {
        match bytes.get(position)? {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' if depth > 0 => depth -= 1,
            bracket @ (b'(' | b'[' | b'{') => {
                return Some(Call { callee: callee(code, position), bracket: *bracket, index });
            }
            b',' if depth == 0 => index += 1,
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The name that ends at `end`: `new<T>` loses its type, `->` and `::` belong to it.
pub(super) fn callee(code: &str, end: usize) -> Span {
    let bytes = code.as_bytes();
    let mut stop = end;
    while stop > 0 && bytes.get(stop - 1).is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
        stop -= 1;
    }
    let mut depth = 0_usize;
    let mut start = stop;
    while start > 0 {
        let Some(&byte) = bytes.get(start - 1) else { break };
        let before = start.checked_sub(2).and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
        match byte {
            b'>' if before == b'-' => {}
            b'>' => depth += 1,
            b'<' if depth > 0 => depth -= 1,
            _ if depth > 0 && !matches!(byte, b'\n' | b';' | b'{' | b'}' | b'(' | b')') => {}
            b'.' | b':' | b'_' | b'!' | b'?' | b'$' | b'@' => {}
            b'-' if bytes.get(start) == Some(&b'>') => {}
            _ if byte.is_ascii_alphanumeric() || byte >= 0x80 => {}
            _ => break,
        }
        start -= 1;
    }
    while !code.is_char_boundary(start) {
        start += 1;
    }
    Span::new(start.min(stop), stop)
}

/// The arguments of the call whose bracket opens at `open`, trimmed; few calls that open a database have more than eight.
pub(super) fn arguments(code: &str, open: usize) -> Vec<Span> {
    let bytes = code.as_bytes();
    let mut arguments = Vec::new();
    let mut depth = 0_usize;
    let mut start = open + 1;
    for position in open + 1..bytes.len().min(open + 4 * REACH) {
        match bytes.get(position) {
            Some(b'(' | b'[' | b'{') => depth += 1,
            Some(b')' | b']' | b'}') if depth > 0 => depth -= 1,
            Some(b')' | b']' | b'}') => {
                arguments.push(trimmed(code, start, position));
                return arguments;
            }
            Some(b',') if depth == 0 => {
                arguments.push(trimmed(code, start, position));
                start = position + 1;
                if arguments.len() >= 8 {
                    return arguments;
                }
            }
            _ => {}
        }
    }
    // Not closed: the line is all there is.
    let end = code.get(start..).and_then(|rest| rest.find('\n')).map_or(code.len(), |end| start + end);
    arguments.push(trimmed(code, start, end));
    arguments
}

/// The first bracket at or after `at`.
pub(super) fn open_after(code: &str, at: usize) -> usize {
    code.get(at..).and_then(|rest| rest.find(['(', '['])).map_or(at, |open| at + open)
}

/// Where the bracket that opens at `open` closes.
pub(super) fn closing(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (position, byte) in code.as_bytes().iter().enumerate().skip(open).take(4 * REACH) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth <= 1 => return Some(position),
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn trimmed(code: &str, start: usize, end: usize) -> Span {
    let words = code.get(start..end).unwrap_or("");
    let from = start + words.len() - words.trim_start().len();
    Span::new(from, from + words.trim().len())
}

/// The line's code up to `at`; of a very long line its end.
pub(super) fn line_before(code: &str, at: usize) -> &str {
    let first = floor(code, at.saturating_sub(REACH));
    let before = code.get(first..at).unwrap_or("");
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    before.get(start..).unwrap_or("")
}

/// The code after `at`, to the end of its line; of a very long line its beginning.
pub(super) fn line_after(code: &str, at: usize) -> &str {
    let after = code.get(at..floor(code, at + REACH)).unwrap_or("");
    after.split('\n').next().unwrap_or("")
}

/// The nearest place at or before `at` that lies between characters.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Calls that hand on what they are given, so that a name given to them is a name given to their argument.
const HANDS_ON: [&str; 16] = [
    "join", "combine", "get", "of", "sprintf", "format", "format!", "printf", "file", "fetch", "concat", "resolve",
    "child", "path", "string", "get_env",
];

fn hands_on(callee: &str) -> bool {
    let lower = callee.to_ascii_lowercase();
    let last = lower.rsplit(['.', ':']).next().unwrap_or("");
    HANDS_ON.contains(&last) || last.contains("env")
}

/// Words that stand between a name and its `=` and are types.
const TYPES: [&str; 12] =
    ["string", "String", "str", "static", "mut", "text", "Path", "PathBuf", "char", "URI", "Uri", "auto"];

/// The name that the statement gives to what stands at `at`: `const DB_PATH: &str =`, `dbPath :=`, `path =>`, `"path":`.
pub(super) fn assigned(text: &str, code: &str, at: usize) -> Option<String> {
    let before = line_before(code, at);
    let start = at - before.len();
    let bytes = before.as_bytes();
    let mut operator = None;
    let mut depth = 0_usize;
    let mut behind_comma = false;
    for position in (0..bytes.len()).rev() {
        let byte = *bytes.get(position)?;
        let previous = position.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
        let next = bytes.get(position + 1).copied().unwrap_or(b' ');
        match byte {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' => {
                if depth == 0 && byte == b'{' {
                    return None;
                }
                if depth == 0 && behind_comma {
                    let callee = callee(before, position);
                    if byte != b'(' || !hands_on(before.get(callee.range())?) {
                        return None;
                    }
                    behind_comma = false;
                }
                depth = depth.saturating_sub(1);
            }
            b',' if depth == 0 => behind_comma = true,
            b';' if depth == 0 => return None,
            b'=' if depth == 0 && next != b'=' && !matches!(previous, b'=' | b'!' | b'<' | b'>') => {
                operator = Some(if matches!(previous, b':' | b'?' | b'|') { position - 1 } else { position });
                break;
            }
            b'=' if next == b'=' || previous == b'=' || previous == b'!' => return None,
            b':' if depth == 0 && next != b':' && previous != b':' => {
                operator = Some(position);
                break;
            }
            _ => {}
        }
    }
    if behind_comma {
        return None;
    }
    let name = before.get(..operator?)?.trim_end();
    // A key in quotes.
    if name.ends_with(['"', '\'']) {
        let end = start + name.len() - 1;
        let quote = name.get(name.len() - 1..)?;
        let head = text.get(..end)?;
        let from = head.rfind(quote)? + 1;
        return head.get(from..).filter(|key| !key.is_empty() && key.len() < 80).map(str::to_owned);
    }
    // An annotation stands behind the name: `path: &str =`.
    let name = match name.rfind(':') {
        Some(colon) if !name.get(..colon)?.ends_with(':') && !name.get(colon + 1..)?.starts_with(':') => {
            name.get(..colon)?
        }
        _ => name,
    };
    // Of `dir, err :=` the first is the value.
    let name = name.rsplit(['(', '{', ';']).next().unwrap_or(name);
    let name = name.split(',').next().unwrap_or(name);
    let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$' | '@' | '.' | '-');
    let mut words = name.split(|letter| !is_word(letter)).filter(|word| !word.is_empty()).rev();
    let word = words.find(|word| !TYPES.contains(word))?;
    let word = word.trim_start_matches(['$', '@', '.', '-']);
    (word.starts_with(|first: char| first.is_alphabetic() || first == '_')).then(|| word.to_owned())
}

/// What joins a text with what stands before it, if anything does.
pub(super) fn concatenated(before: &str) -> Option<&str> {
    let before = before.trim_end();
    let operators = ["..", "<>", "++", "+", " .", ").", "&", "~"];
    let operator = operators.iter().find(|operator| before.ends_with(**operator))?;
    let keep = usize::from(*operator == ").");
    let rest = before.get(..before.len() - operator.len() + keep)?;
    // `&x` is an address and not a join, `=~` a match.
    let rest = rest.trim_end();
    (!rest.is_empty() && !rest.ends_with(['(', ',', '=', '&', ':', '{', '['])).then_some(rest)
}

/// The expression that ends a run of code: back to the bracket, comma or `=` before it.
pub(super) fn last_expression(code: &str) -> &str {
    let mut depth = 0_usize;
    for (position, byte) in code.bytes().enumerate().rev() {
        match byte {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' if depth > 0 => depth -= 1,
            b'(' | b'[' | b'{' | b',' | b'=' | b';' | b'\n' if depth == 0 => {
                return code.get(position + 1..).unwrap_or("").trim();
            }
            _ => {}
        }
    }
    code.trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_around_a_place() {
        for (code, name, index) in [
            ("db, err := sql.Open(\"  \", X", "sql.Open", 1),
            ("let c = Connection::open(X", "Connection::open", 0),
            ("$p = new PDO(X", "PDO", 0),
            ("DBI->connect(f(1, 2), X", "DBI->connect", 1),
            ("Pool::new<Sqlite>(\n    X", "Pool::new<Sqlite>", 0),
        ] {
            let call = around(code, code.len() - 1).unwrap();
            assert_eq!((&code[call.callee.range()], call.index), (name, index), "{code}");
        }
        assert!(around("f(); X", 5).is_none());
    }

    #[test]
    fn names_that_are_given() {
        for (code, name) in [
            ("const DB_PATH: &str = ", Some("DB_PATH")),
            ("var dbPath string = ", Some("dbPath")),
            ("dbPath := ", Some("dbPath")),
            ("  \"path\": ", Some("path")),
            ("private static final String DB_URL = ", Some("DB_URL")),
            ("$config['db'] = ", Some("db")),
            ("p := filepath.Join(dir, ", Some("p")),
            ("p := open(dir, ", None),
            ("  database: ", Some("database")),
            ("@path ||= ", Some("path")),
            ("dir, err := ", Some("dir")),
            ("if path == ", None),
            ("open(", None),
            ("std::fs::", None),
        ] {
            assert_eq!(assigned(code, code, code.len()).as_deref(), name, "{code}");
        }
    }

    #[test]
    fn joins() {
        assert_eq!(concatenated("dir + "), Some("dir"));
        assert_eq!(concatenated("open(&"), None);
        assert_eq!(concatenated("x = "), None);
        assert_eq!(last_expression("open(\"  \", os.TempDir()"), "os.TempDir()");
    }
}
