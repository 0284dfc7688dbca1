//! How the text of a path becomes that of another: scheme, slashes, query, variable and run-time folder stay. Knows no language.

use std::ops::Range;

use super::config::value;
use super::{Base, Part, Value, names};

/// Defaults stand inside defaults; deeper than this nobody writes them.
const MAX_DEPTH: usize = 8;

/// The part of `written` that changes and what it becomes, so that the whole names `path`.
///
/// `written` stands without quotes and escapes. Nothing changes where it names `path` already.
///
/// # Errors
/// In words for people, why no part of it can be replaced.
pub(in crate::lang) fn respelled(written: &str, path: &str) -> Result<(Range<usize>, String), String> {
    within(0, written, path, 0)
}

/// Like [`respelled`] for the piece of a text that begins at `start`.
fn within(start: usize, piece: &str, path: &str, depth: usize) -> Result<(Range<usize>, String), String> {
    if depth > MAX_DEPTH {
        return Err("variables stand too deep inside each other".to_owned());
    }
    if let Some((name, default)) = braced(piece) {
        let Some((from, default)) = default else {
            return Err(format!("only the variable `{name}` stands here, without a default"));
        };
        return within(start + from, default, path, depth + 1);
    }
    let bare = names::unwrap_dsn(piece);
    let mut at = start + offset(piece, bare);
    let mut text = path.to_owned();
    let mut named = bare;
    if let Some(url) = url_path(bare) {
        let head = bare.get(..offset(bare, url)).unwrap_or("");
        at += head.len();
        named = url;
        if text.contains(['?', '#', '%', ' ']) {
            return Err(format!("`{path}` would have to be encoded in a URL"));
        }
        // `sqlite://x` names a relative path; an absolute one has its own slash after three.
        if head.ends_with("://") && !head.starts_with("file:") && text.starts_with('/') {
            text.insert(0, '/');
        }
        if let Some((name, default)) = braced(url) {
            return match default {
                Some((from, default)) => within(at + from, default, path, depth + 1),
                None => Err(format!("only the variable `{name}` stands here, without a default")),
            };
        }
    } else {
        named = named.get(..query(named)).unwrap_or(named);
    }
    let (range, text) = path_in(named, &text)?;
    Ok((at + range.start..at + range.end, text))
}

/// The part of a path, without scheme and query, that changes.
fn path_in(written: &str, path: &str) -> Result<(Range<usize>, String), String> {
    let read = value(written);
    let side = side_ending(written);
    if read.parts.iter().all(|part| matches!(part, Part::Text(_))) {
        if read.base == Base::Memory {
            return Err("it names a database in memory".to_owned());
        }
        let mut text = format!("{path}{side}");
        if !path.starts_with(['/', '.', '~']) {
            if written.contains('\\') && !written.contains('/') {
                text = text.replace('/', "\\");
            } else if written.starts_with("./") {
                text.insert_str(0, "./");
            }
        }
        return Ok((0..written.len(), text));
    }
    let Some(Part::Text(tail)) = read.parts.last() else {
        return Err("its file name is only known at run time".to_owned());
    };
    let Some((folder, name)) = tail.rsplit_once('/').filter(|_| written.ends_with(tail.as_str())) else {
        return Err("its file name is only known at run time in part".to_owned());
    };
    let (target, base) = path.rsplit_once('/').unwrap_or(("", path));
    if !folder.is_empty() && !format!("{target}/").ends_with(&format!("{folder}/")) {
        return Err(format!("a part of its folder is only known at run time, and `{path}` does not lie in `{folder}`"));
    }
    if let Some(known) = folder_of(&read)
        && known.trim_start_matches("./") != target.trim_start_matches('/')
        && known != target
        && !known.is_empty()
    {
        return Err(format!("its folder comes from a variable whose default is `{known}`, and not that of `{path}`"));
    }
    Ok((written.len() - name.len()..written.len(), format!("{base}{side}")))
}

/// The folder under every default; `None` while a part of it is not known.
fn folder_of(read: &Value) -> Option<String> {
    let text = read.rendered()?;
    Some(text.rsplit_once('/')?.0.to_owned())
}

/// `-wal` and its kin, and the glob behind a name: what belongs to the database goes with it.
fn side_ending(written: &str) -> &str {
    ["-wal", "-shm", "-journal", "*"].into_iter().find(|side| written.ends_with(side)).unwrap_or("")
}

/// The path in a SQLite URL, variables and all.
fn url_path(text: &str) -> Option<&str> {
    let path = names::sqlite_url_path(text)?;
    let from = offset(text, path);
    // The query begins behind the last variable: `${X:?unset}` has a mark of its own.
    let rest = text.get(from..)?;
    rest.get(..query(rest))
}

/// Where the query begins, outside of every variable.
fn query(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b'?' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// Where `inner`, a part of `text`, begins.
fn offset(text: &str, inner: &str) -> usize {
    (inner.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// A text that is one variable: its name, and where its default stands.
pub(in crate::lang) fn braced(text: &str) -> Option<(&str, Option<(usize, &str)>)> {
    let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let Some(inner) = inner else {
        let name = text.strip_prefix('$')?;
        return super::config::is_variable(name).then_some((name, None));
    };
    let mut depth = 0_usize;
    for byte in inner.bytes() {
        match byte {
            b'{' => depth += 1,
            // Another variable begins after this one has ended.
            b'}' if depth == 0 => return None,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    let length = inner.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let (name, rest) = inner.split_at(length);
    if !super::config::is_variable(name) {
        return None;
    }
    if rest.is_empty()
        || rest.starts_with([':', '-', '=']) && rest.get(1..).is_some_and(|rest| rest.starts_with(['?', '+']))
    {
        return Some((name, None));
    }
    let mark = [":-", ":=", "-", "=", ":"].into_iter().find(|mark| rest.starts_with(mark))?;
    let mut from = 2 + length + mark.len();
    let mut default = rest.get(mark.len()..)?;
    let unquoted = super::config::unquoted(default);
    from += usize::from(unquoted.len() < default.len());
    default = unquoted;
    if default.is_empty() { Some((name, None)) } else { Some((name, Some((from, default)))) }
}

/// `written` with the value `new`: a URL stays a URL, a variable stays with another default, anything else is replaced as it is.
///
/// # Errors
/// As [`respelled`].
pub(in crate::lang) fn revalued(written: &str, new: &str) -> Result<(Range<usize>, String), String> {
    let whole = (0..written.len(), new.to_owned());
    let path = url_path(new).unwrap_or(new);
    if let Some((name, default)) = braced(written) {
        let Some((from, default)) = default else {
            return Err(format!("the value is that of the variable `{name}`"));
        };
        let (range, text) = revalued(default, new)?;
        return Ok((from + range.start..from + range.end, text));
    }
    match url_path(written) {
        Some(url) if !names::is_memory(written) => {
            let at = offset(written, url);
            if url.contains(['$', '{', '%']) && braced(url).is_none() {
                return Ok((at..at + url.len(), path.to_owned()));
            }
            respelled(written, path)
        }
        Some(_) => Ok(whole),
        None if new.contains("://") || written.contains("://") || has_holes(written) || names::is_memory(written) => {
            Ok(whole)
        }
        None => respelled(written, new),
    }
}

/// Whether a text holds anything that is only known at run time.
fn has_holes(text: &str) -> bool {
    value(text).parts.iter().any(|part| !matches!(part, Part::Text(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole of `written` with that change.
    fn respell(written: &str, path: &str) -> Result<String, String> {
        let (range, text) = respelled(written, path)?;
        let (before, after) = (written.get(..range.start).unwrap_or(""), written.get(range.end..).unwrap_or(""));
        Ok(format!("{before}{text}{after}"))
    }

    #[test]
    fn what_stands_around_a_path_stays() {
        for (written, becomes) in [
            ("auth.db", "/app/data/zoe.db"),
            ("/app/data/auth.db", "/app/data/zoe.db"),
            ("sqlite:///auth.db", "sqlite:////app/data/zoe.db"),
            ("sqlite+aiosqlite:////app/data/auth.db?mode=ro", "sqlite+aiosqlite:////app/data/zoe.db?mode=ro"),
            ("sqlite://data/auth.db", "sqlite:////app/data/zoe.db"),
            ("sqlite:auth.db", "sqlite:/app/data/zoe.db"),
            ("file:./auth.db?cache=shared", "file:/app/data/zoe.db?cache=shared"),
            ("file:///app/data/auth.db", "file:///app/data/zoe.db"),
            ("jdbc:sqlite:auth.db", "jdbc:sqlite:/app/data/zoe.db"),
            ("Data Source=auth.db;Cache=Shared", "Data Source=/app/data/zoe.db;Cache=Shared"),
            ("auth.db?mode=ro", "/app/data/zoe.db?mode=ro"),
            ("auth.db-wal", "/app/data/zoe.db-wal"),
            ("${A:-file:${B:-auth.db}}", "${A:-file:${B:-/app/data/zoe.db}}"),
            ("${A-auth.db}", "${A-/app/data/zoe.db}"),
            ("${DATABASE_URL:jdbc:sqlite:auth.db}", "${DATABASE_URL:jdbc:sqlite:/app/data/zoe.db}"),
            ("sqlite:///${A:-/app/data/auth.db}", "sqlite:///${A:-/app/data/zoe.db}"),
            ("$DATA/auth.db", "$DATA/zoe.db"),
            ("${ROOT}/data/auth.db", "${ROOT}/data/zoe.db"),
            ("sqlite:///${DATA:-/app/data}/auth.db", "sqlite:///${DATA:-/app/data}/zoe.db"),
            ("{{ .Values.dir }}/auth.db", "{{ .Values.dir }}/zoe.db"),
            ("%(here)s/auth.db", "%(here)s/zoe.db"),
        ] {
            assert_eq!(respell(written, "/app/data/zoe.db").as_deref(), Ok(becomes), "{written}");
            let again = respell(becomes, "/app/data/zoe.db");
            assert_eq!(again.as_deref(), Ok(becomes), "{written} twice");
        }
    }

    #[test]
    fn what_cannot_be_replaced_says_why() {
        for (written, why) in [
            ("$AUTH_DB", "only the variable `AUTH_DB` stands here, without a default"),
            ("auth_${ENV}", "its file name is only known at run time"),
            ("auth_${ENV}.db", "its file name is only known at run time in part"),
            (":memory:", "it names a database in memory"),
            (
                "${DATA:-/srv}/auth.db",
                "its folder comes from a variable whose default is `/srv`, and not that of `/app/data/zoe.db`",
            ),
            (
                "$HOME/other/auth.db",
                "a part of its folder is only known at run time, and `/app/data/zoe.db` does not lie in `/other`",
            ),
        ] {
            assert_eq!(respell(written, "/app/data/zoe.db"), Err(why.to_owned()), "{written}");
        }
    }

    #[test]
    fn relative_paths_stay_as_they_are_spelled() {
        for (written, path, becomes) in [
            ("./data/auth.db", "data/zoe.db", "./data/zoe.db"),
            ("data\\auth.db", "data/zoe.db", "data\\zoe.db"),
            ("../data/auth.db", "../data/zoe.db", "../data/zoe.db"),
            ("sqlite:///data/auth.db", "data/zoe.db", "sqlite:///data/zoe.db"),
        ] {
            assert_eq!(respell(written, path).as_deref(), Ok(becomes), "{written}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_respelled_or_refused(written in ".{0,40}", path in "[a-z/.]{1,12}") {
            if let Ok((range, _)) = respelled(&written, &path) {
                assert!(written.get(range).is_some());
            }
        }

        #[test]
        fn odd_text_too(written in super::super::config::testing::odd_text()) {
            if let Ok((range, _)) = respelled(&written, "/app/data/zoe.db") {
                assert!(written.get(range).is_some());
            }
        }
    }
}
