//! When text names a database: the word and context checks that every language shares.
//!
//! HARD-CASES 10, 21, 22, 36 to 40 are decided here.

use std::sync::LazyLock;

use regex::Regex;

use super::endings::{is_numbered, is_spaced, is_whole};
use super::value::{Base, Engine, Value};

/// File names that end like a database and are none (Windows thumbnails).
const NOT_DATABASES: [&str; 4] = ["thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "iconcache.db"];

/// The ending of a database's name, with what a copy or a side file may append.
const ENDING: &str = r"\.(?:db|db3|sqlite|sqlite3|sqlitedb|s3db|sl3)(?:[-.](?:wal|shm|journal|bak|backup|old|orig|tmp|copy|migrated)(?:[-.][\w.-]*)?)?";

static MENTION: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(r"(?i)(?:sqlite(?:\+\w+)?:/{{2,4}}|file:)?[\w./\\~{{}}$<>%:*-]*[\w}}>*]{ENDING}\b"))
});
static DOTTED: LazyLock<Regex> = LazyLock::new(|| regex(r"^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*){2,}$"));
static ENV: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^(?:[A-Z0-9]+_)*(?:DATABASE|DB|SQLITE|SQLITE3)(?:_(?:PATH|FILE|FILENAME|FILEPATH|URL|URI|DSN|CONNECTION_STRING))$|^SQLALCHEMY_DATABASE_URI$|^DATABASE$|^SQLITE_DB$|^(?:[A-Z0-9]+_)*SQLITE(?:_DB)?$",
    )
});

/// The patterns above are constants; a test compiles each.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

/// Whether an environment variable of this name holds a database's path or URL, by its name alone.
#[must_use]
pub fn env_names_database(name: &str) -> bool {
    ENV.is_match(name)
}

/// Whether the whole text is a path or URL of a database, judged by its ending.
///
/// Bare extensions (`.db`), dotted module paths (`app.misc.db`) and Windows' thumbnail caches are not.
#[must_use]
pub fn is_database_path(text: &str) -> bool {
    let text = unwrap_dsn(text.trim());
    // `!users.db` leaves the file out (globs of packagers and ignore files): it names none to use.
    if text.len() > 1024 || text.is_empty() || text.starts_with('!') || text.contains("://") && is_regex(text) {
        return false;
    }
    if is_memory(text) {
        return true;
    }
    let url = sqlite_url_path(text);
    // `file:../package` and `sqlite:latest` are said of many things: the ending decides.
    if url.is_some_and(|rest| !rest.is_empty()) && text.contains("://") && !text.starts_with("file:") {
        return true;
    }
    if url.is_none() && text.contains("://") {
        return false;
    }
    let path = url.unwrap_or_else(|| text.split(['?', '#']).next().unwrap_or(text));
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    if NOT_DATABASES.contains(&name.to_ascii_lowercase().as_str()) || name.starts_with("*.") || name.starts_with('.') {
        return false;
    }
    if !path.contains(['/', '\\']) && DOTTED.is_match(path) && !has_side_ending(path) {
        return false;
    }
    is_whole(path) || is_numbered(path) || is_spaced(path) && path.split(['/', '\\']).all(is_spaced_name)
}

/// `Application Support` is a name with a blank in it; `sqlite3 data` and `Opening data` are words before a path.
fn is_spaced_name(component: &str) -> bool {
    !component.contains(' ')
        || component.split(' ').all(|word| word.starts_with(|c: char| c.is_uppercase() || c.is_numeric()))
}

/// Whether a text that stands where only a file's name can (joined to a folder) names a database: dots are no module's here.
#[must_use]
pub fn is_database_file_name(text: &str) -> bool {
    !text.contains("://") && !text.starts_with("*.") && !text.starts_with('.') && (is_whole(text) || is_numbered(text))
}

/// Whether a text that is joined to a folder names a database: a blank is part of the name there.
#[must_use]
pub fn is_joined_file_name(text: &str) -> bool {
    is_database_file_name(text) || !text.contains("://") && is_database_file_name(&text.replace(' ', "_"))
}

/// Whether a text's last component ends like a database's name.
#[must_use]
pub fn mentions_ending(text: &str) -> bool {
    is_database_file_name(strip_url(text).rsplit(['/', '\\']).next().unwrap_or(text))
}

/// `users.db.bak` has two dots and is still a file.
fn has_side_ending(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    ["bak", "backup", "old", "orig", "tmp", "copy", "migrated"].iter().any(|side| lower.ends_with(&format!(".{side}")))
}

/// `*.db`, `data/*.sqlite3`: a glob over all databases of a folder.
#[must_use]
pub fn is_database_glob(text: &str) -> bool {
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text);
    name.strip_prefix("*.")
        .is_some_and(|ending| matches!(ending, "db" | "db3" | "sqlite" | "sqlite3" | "db*" | "sqlite*"))
}

/// Whether what a setting of this name holds is a module or a class, and no file: `driver = weedb.sqlite`.
#[must_use]
pub fn names_module(key: &str) -> bool {
    matches!(key.to_ascii_lowercase().as_str(), "driver" | "engine" | "backend" | "module" | "class" | "dialect")
}

/// What documentation writes for a path that its reader has: `/path/to/db.sqlite`, `your_database.db`, `<data>/app.db`.
#[must_use]
pub fn is_placeholder(path: &str) -> bool {
    let path = strip_url(path).replace('\\', "/").to_ascii_lowercase();
    let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
    while let Some(part) = parts.next() {
        let words: Vec<&str> = part.split(['_', '-', ' ', '.']).collect();
        let is_yours = words.iter().any(|word| matches!(*word, "your" | "yourdb" | "yourdatabase" | "youruser"));
        let is_to = part == "path" && parts.peek().is_some_and(|next| *next == "to" || next.starts_with("to-"));
        if is_yours
            || is_to
            || part == "..."
            || words.starts_with(&["path", "to"])
            || part.starts_with('<') && part.contains('>')
        {
            return true;
        }
    }
    false
}

/// `:memory:`, `file::memory:?cache=shared`, `sqlite://`, `sqlite:///:memory:`.
#[must_use]
pub fn is_memory(text: &str) -> bool {
    let text = text.trim();
    if text == ":memory:"
        || text.starts_with("file::memory:")
        || text.contains("mode=memory") && text.starts_with("file:")
    {
        return true;
    }
    sqlite_url_path(text).is_some_and(|path| {
        path.is_empty() && text.contains("://") && !text.starts_with("file:")
            || path.trim_start_matches('/').starts_with(":memory:")
            || path.starts_with("file::memory:")
    })
}

/// The path in a SQLite URL (`sqlite:///rel`, `sqlite:////abs`, `sqlite+aiosqlite://`, `sqlite://data/x` of diesel, `file:x`),
/// without its query; `None` when the text is no such URL.
#[must_use]
pub fn sqlite_url_path(text: &str) -> Option<&str> {
    let text = inner_url(text);
    let lower = text.get(..text.len().min(24)).unwrap_or(text).to_ascii_lowercase();
    let rest = if lower.starts_with("sqlite") {
        let colon = text.find(':')?;
        let scheme = &text[..colon];
        if !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'_')
            || !SQLITE_SCHEMES.iter().any(|known| {
                scheme.to_ascii_lowercase() == *known || scheme.to_ascii_lowercase().starts_with(&format!("{known}+"))
            })
        {
            return None;
        }
        let rest = &text[colon + 1..];
        match rest.strip_prefix("///") {
            Some(path) => path,
            None => match rest.strip_prefix("//") {
                Some(path) => path,
                None => rest,
            },
        }
    } else if lower.starts_with("file:") {
        let rest = &text[5..];
        if let Some(path) = rest.strip_prefix("//") { path } else { rest }
    } else {
        return None;
    };
    Some(rest.split(['?', '#']).next().unwrap_or(rest))
}

/// The path or URL inside what drivers put around one: `jdbc:sqlite:x.db`, `dbi:SQLite:dbname=x.db`, `Data Source=x.db;Cache=Shared`.
#[must_use]
pub fn unwrap_dsn(text: &str) -> &str {
    if let Some(url) = text.strip_prefix("jdbc:") {
        return url;
    }
    let text = inner_url(text);
    for prefix in ["dbi:sqlite:dbname=", "dbi:sqlite:", "data source=", "datasource=", "filename="] {
        let head = text.get(..prefix.len());
        if head.is_some_and(|head| head.eq_ignore_ascii_case(prefix)) {
            let rest = text.get(prefix.len()..).unwrap_or("");
            return rest.split(';').next().unwrap_or(rest);
        }
    }
    text
}

const SQLITE_SCHEMES: [&str; 3] = ["sqlite", "sqlite3", "sqlitecloud"];

/// The path in a text that may be a path or a SQLite URL.
#[must_use]
pub fn strip_url(text: &str) -> &str {
    sqlite_url_path(text).unwrap_or_else(|| text.split('?').next().unwrap_or(text))
}

/// The URL of SQLAlchemy that Celery and kombu put a word of their own before: `db+sqlite:///results.db`, `sqla+postgresql://h/x`.
#[must_use]
pub fn inner_url(text: &str) -> &str {
    let url = ["db+", "sqla+", "sqlalchemy+"].iter().find_map(|word| text.strip_prefix(word));
    url.filter(|url| url.contains("://")).unwrap_or(text)
}

/// The engine a database URL names; `None` when the text is no URL of a database.
#[must_use]
pub fn url_engine(text: &str) -> Option<Engine> {
    if is_regex(text) {
        return None;
    }
    let scheme = inner_url(text).split_once("://")?.0.to_ascii_lowercase();
    let scheme = scheme.split('+').next().unwrap_or(&scheme);
    Some(match scheme {
        "sqlite" | "sqlite3" => Engine::Sqlite,
        "postgres" | "postgresql" | "postgis" | "asyncpg" | "psycopg2" => Engine::Postgresql,
        "mysql" | "mariadb" => Engine::Mysql,
        "mssql" | "oracle" | "mongodb" | "redis" | "rediss" | "duckdb" | "cockroachdb" | "clickhouse" => Engine::Other,
        _ => return None,
    })
}

/// What finds URLs in a text (`postgresql://[^\s]+`, to hide their passwords) is none.
fn is_regex(text: &str) -> bool {
    ["[^", "\\s", "\\S", "\\w", "\\d", "(?"].iter().any(|sign| text.contains(sign))
}

/// The value of a text that is known to name a database (by its ending, its URL, or by being opened).
#[must_use]
pub fn value_of(text: &str) -> Value {
    let text = unwrap_dsn(text);
    let mut value = Value::text(text);
    if is_memory(text) {
        value.base = Base::Memory;
    } else if let Some(engine) = url_engine(text) {
        value.engine = engine;
    }
    value
}

/// The names of databases in running text: byte range and the name as written.
///
/// Attributes (`self.db.x`), modules (`app.db.init_db`), hosts (`www.sqlite.org`) and globs (`*.db`) are not names.
#[must_use]
pub fn mentions(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    for hit in MENTION.find_iter(text) {
        let mut start = hit.start();
        let end = hit.end();
        let after = text[end..].chars().next();
        let next = text[end..].chars().nth(1);
        if matches!(after, Some('.')) && next.is_some_and(|c| c.is_alphanumeric() || c == '_')
            || matches!(after, Some('(' | '[' | '-')) && !matches!(next, Some(' ' | '>'))
        {
            continue;
        }
        let mut words = &text[start..end];
        // `KEY=path` and `host:path` are cut down to the path.
        for separator in ["=", ":-", ">"] {
            if let Some(at) = words.rfind(separator) {
                start += at + separator.len();
                words = &text[start..end];
            }
        }
        if !words.contains("://")
            && !words.starts_with("file:")
            && let Some(at) = words.rfind(':')
        {
            let drive = at == 1 && words.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
            if !drive {
                start += at + 1;
                words = &text[start..end];
            }
        }
        let before = text[..start].chars().next_back();
        // The end of a template (`{{ name }}.db`) and parts of an encoded URL are no names.
        if matches!(before, Some('@' | '#')) || words.starts_with(['}', '>']) || words.contains("%2F") {
            continue;
        }
        if !words.contains(['/', '\\']) && is_dotted_name(words) {
            continue;
        }
        if is_database_path(words) && !words.contains("*.") {
            found.push(start..end);
        }
    }
    found
}

/// `*sql.DB` is a type, `app.models.db` a module, and `self.db` an attribute.
fn is_dotted_name(words: &str) -> bool {
    let Some((stem, ending)) = words.rsplit_once('.') else { return false };
    // `ZOE.DB` is a file of an old Windows program.
    let own = matches!(stem, "self" | "this" | "cls");
    own || ending == "DB" && stem.bytes().any(|byte| byte.is_ascii_lowercase())
        || stem.contains('.') && DOTTED.is_match(words)
}

/// Whether a bare `store.db` in a source is an attribute: the source says other things of a `store`, and no quotes stand
/// around the words.
#[must_use]
pub fn is_attribute(source: &str, range: std::ops::Range<usize>) -> bool {
    let Some(words) = source.get(range.clone()) else { return false };
    let Some((stem, _)) = words.rsplit_once('.') else { return false };
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    if !stem.chars().all(is_letter) || stem.starts_with(|first: char| first.is_numeric()) {
        return false;
    }
    let before = source.get(..range.start).and_then(|head| head.chars().next_back());
    let after = source.get(range.end..).and_then(|tail| tail.chars().next());
    let quote = |letter: Option<char>| letter.is_some_and(|letter| matches!(letter, '`' | '"' | '\''));
    if quote(before) && quote(after) {
        return false;
    }
    source.match_indices(stem).any(|(at, _)| {
        let head = source.get(..at).unwrap_or("");
        let tail = source.get(at..).unwrap_or("");
        let member = tail.strip_prefix(stem).and_then(|rest| rest.strip_prefix('.')).unwrap_or("");
        let other = member.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && !tail
                .strip_prefix(words)
                .is_some_and(|rest| !rest.starts_with(['.', '(', '[']) && !rest.starts_with(is_letter));
        other && !head.ends_with(|letter: char| is_letter(letter) || matches!(letter, '.' | '/' | '-'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        for pattern in [&MENTION, &DOTTED, &ENV] {
            assert!(!pattern.as_str().is_empty());
        }
    }

    #[test]
    fn paths_and_their_doubles() {
        for yes in [
            "zoe.db",
            "data/zoe.db",
            "/app/data/zoe.db",
            "sqlite:///zoe.db",
            "sqlite+aiosqlite:////app/x",
            "sqlite://data/db.sqlite3",
            ":memory:",
            "file::memory:?cache=shared",
            "file:/app/data/x.db",
            "x.db?mode=ro",
            "x.db.backup",
            "x.db-wal",
            "C:\\data\\x.sqlite",
            "backup-2024.01.02.db",
            "My Files/x.db",
            "/Library/Application Support/x.db",
            "sqlite://",
            "jdbc:sqlite:data/x.db",
            "db+sqlite:///results.sqlite",
            "sqla+sqlite:///broker.db",
            "Data Source=x.db;Cache=Shared",
            "dbi:SQLite:dbname=x.db",
            "sqlite:x.db",
            "sqlite:///no-ending",
        ] {
            assert!(is_database_path(yes), "{yes}");
        }
        for no in [
            ".db",
            "*.db",
            "Thumbs.db",
            "app.misc.db",
            "django.contrib.sessions.backends.db",
            "django.db.backends.sqlite3",
            "postgresql://h/app.db",
            "opening zoe.db",
            "sqlite3 /app/data/zoe.db",
            "rm data/zoe.db",
            "./run.sh data/zoe.db",
            "/app and /srv/zoe.db",
            "x.dbf",
            "www.sqlite.org",
            "db",
            "self.db.x",
            "http://x/y.db",
            "file:../package",
            "file:///etc/hosts",
            "sqlite:latest",
            "SQLite:",
            "file://",
            "jdbc:postgresql://h/x.db",
            "db+postgresql://h/x.db",
            r"sqlite:///[^\s]+",
        ] {
            assert!(!is_database_path(no), "{no}");
        }
    }

    #[test]
    fn placeholders() {
        for yes in [
            "/path/to/db.sqlite",
            "path/to/app.db",
            "sqlite:////absolute/path/to/app.db",
            "C:\\path\\to\\app.db",
            "/home/your-user/app.db",
            "your_database.db",
            "<data>/app.db",
            ".../app.db",
            "/path_to/app.db",
        ] {
            assert!(is_placeholder(yes), "{yes}");
        }
        for no in ["path/app.db", "data/to/app.db", "yours.db", "/data/app.db", "../app.db", "paths/to.db", "bayour.db"]
        {
            assert!(!is_placeholder(no), "{no}");
        }
    }

    #[test]
    fn urls_of_other_engines_are_not_sqlite() {
        assert_eq!(url_engine("postgresql+asyncpg://u:p@h/db"), Some(Engine::Postgresql));
        assert_eq!(url_engine("sqlite+aiosqlite:///x.db"), Some(Engine::Sqlite));
        assert_eq!(url_engine("db+sqlite:///x.db"), Some(Engine::Sqlite));
        assert_eq!(url_engine("db+postgresql://h/x"), Some(Engine::Postgresql));
        assert_eq!(url_engine("https://h"), None);
        assert_eq!(url_engine(r"postgresql://[^\s'\x22]+"), None);
        assert_eq!(strip_url("sqlite:////app/x.db?mode=ro"), "/app/x.db");
        assert_eq!(strip_url("sqlite:///x.db"), "x.db");
        assert_eq!(strip_url("db+sqlite:///x.db"), "x.db");
        assert_eq!(unwrap_dsn("db+x.db"), "db+x.db");
    }

    #[test]
    fn environment_variables_by_name() {
        for yes in [
            "DATABASE_PATH",
            "DATABASE_URL",
            "APP_DB_PATH",
            "SESSION_DB_PATH",
            "SQLITE_PATH",
            "PAGES_DB_URL",
            "X_DATABASE_URL",
        ] {
            assert!(env_names_database(yes), "{yes}");
        }
        for no in ["DATABASE_PATHS", "DATABASE_TIMEOUT", "APP_DATABASE_TYPE", "DB_HOST", "DB_PASSWORD", "DATA_DIR"] {
            assert!(!env_names_database(no), "{no}");
        }
    }

    #[test]
    fn attributes_are_told_by_what_else_is_said_of_their_object() {
        for (text, attribute) in [
            ("# uses app.db\napp = Flask()\napp.run()\n", true),
            ("# uses app.db\nprint(1)\n", false),
            ("# uses `app.db`\napp.run()\n", false),
            ("# uses app.db\nmyapp.run()\nx.app.run()\n", false),
            ("# uses app.db, or app.db again\n", false),
            ("# uses app.db\napp.db.query()\n", true),
            ("# my-app.db\napp.run()\n", false),
        ] {
            let range = mentions(text).remove(0);
            assert_eq!(is_attribute(text, range), attribute, "{text}");
        }
    }

    #[test]
    fn mentions_in_prose() {
        let names = |text: &'static str| mentions(text).into_iter().map(|range| &text[range]).collect::<Vec<_>>();
        assert_eq!(names("Copy `auth.db` to data/zoe.db, then restart."), ["auth.db", "data/zoe.db"]);
        assert_eq!(names("DATABASE_PATH=/app/data/zoe.db"), ["/app/data/zoe.db"]);
        assert_eq!(names("├── zoe.db      # main"), ["zoe.db"]);
        assert_eq!(
            names("see self.db.x(), this.db, *sqlx.DB and app.db.init_db, www.sqlite.org, *.db"),
            Vec::<&str>::new()
        );
        assert_eq!(names("zoe.db. It holds"), ["zoe.db"]);
        assert_eq!(names("{{ x }}.db, https://h/?u=https%3A%2F%2Fg%2Fx.db"), Vec::<&str>::new());
    }
}
