//! Changes of a path, a value or a variable's name in text that has no program around it: configuration of every format,
//! SQL files, prose, and string literals of languages that are read by their literals alone. Everything else stays to the byte.

use super::{Quoting, decoded, is_variable};
use crate::lang::write::{Change, Refusal, Written};
use crate::lang::{Language, names, spell};
use crate::text::{Edit, Source, Span};

/// Writes each change out by itself: none of them needs another line.
pub(in crate::lang) fn write(source: &Source, language: Language, changes: &[Change<'_>]) -> Vec<Written> {
    changes.iter().map(|change| one(source, language, change)).collect()
}

fn one(source: &Source, language: Language, change: &Change<'_>) -> Written {
    match *change {
        Change::Retarget { at, path } => retarget(source, language, at, path),
        Change::SetValue { at, value } => {
            let place = Literal::at(source, language, at)?;
            place.is_path(language)?;
            if is_name_alone(source, language, at, &place.text) {
                return Err(Refusal::because(NAME_ALONE));
            }
            place.replace(source, spell::revalued(&place.text, value).map_err(Refusal::because)?)
        }
        Change::RenameVariable { at, from, to } => rename(source, at, from, to),
        Change::UseEnvironment { at, env, default, .. } => use_environment(source, language, at, env, default),
        Change::RenameTable { .. } | Change::DeclareTable { .. } => Err(Refusal::because("no table is named here")),
    }
}

/// The path written at a place names another file; what is around it stays.
pub(in crate::lang) fn retarget(source: &Source, language: Language, at: Span, path: &str) -> Written {
    if in_heredoc(&source.text, at) {
        return Err(Refusal::because("the text is written out for another program"));
    }
    if moves_a_file(source, language, at) {
        return Err(Refusal::because(
            "it mounts or copies that one file: what it is needed for must be decided by a person",
        ));
    }
    let place = Literal::at(source, language, at)?;
    place.is_path(language)?;
    if is_name_alone(source, language, at, &place.text) {
        return Err(Refusal::because(NAME_ALONE));
    }
    place.replace(source, spell::respelled(&place.text, path).map_err(Refusal::because)?)
}

const NAME_ALONE: &str = "only the file's name is given here: its folder is given elsewhere, and may be another one";

/// `DBNAME: app.db`: what reads this joins it to a folder of its own.
fn is_name_alone(source: &Source, language: Language, at: Span, text: &str) -> bool {
    // Endings that say nothing (`config.yml.docker2`): only configuration has paths without quotes.
    let is_bare = language == Language::Other && !source.slice(at).contains(['"', '\'', '`']);
    let keyed = is_bare
        || matches!(
            language,
            Language::Yaml | Language::Toml | Language::Json | Language::Ini | Language::Dotenv | Language::Dockerfile
        );
    let line = line_before(&source.text, at.range().start).trim_end_matches([' ', '\t', '"', '\'']);
    let key = line.trim_end_matches([':', '=']).trim_end_matches([' ', '\t', '"', '\'']);
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    let word = key.rsplit(|letter| !is_part(letter)).next().unwrap_or("").to_ascii_lowercase();
    keyed
        && line.len() > key.len()
        && word.ends_with("name")
        && !word.ends_with("filename")
        && !word.ends_with("file_name")
        && !text.contains(['/', '\\', ':', '$', '{'])
}

fn is_makefile(name: &str) -> bool {
    matches!(name, "Makefile" | "makefile" | "GNUmakefile") || name.ends_with(".mk")
}

/// Compose and make fill variables in; no other format of configuration does.
fn use_environment(source: &Source, language: Language, at: Span, env: &str, default: &str) -> Written {
    let name = source.path.rsplit('/').next().unwrap_or("");
    if is_makefile(name) {
        let place = Literal::at(source, language, at)?;
        let (range, path) = spell::respelled(&place.text, default).map_err(Refusal::because)?;
        let line = source.text.get(..at.range().start).unwrap_or("").rsplit('\n').next().unwrap_or("");
        // Recipes are read by the shell, which gets a dollar for two.
        let access = match line.starts_with('\t') {
            true => format!("$${{{env}:-{path}}}"),
            false if path.contains([',', ')', '(']) => {
                return Err(Refusal::because(format!("`{path}` would have to be escaped")));
            }
            false => format!("$(or $({env}),{path})"),
        };
        if place.text != source.slice(at) {
            return Err(Refusal::because("quotes and escapes stand around it"));
        }
        let start = at.range().start;
        return Ok(vec![Edit::replace(Span::new(start + range.start, start + range.end), access)]);
    }
    if language != Language::Yaml || !name.contains("compose") {
        return Err(Refusal::because(match language {
            Language::Other => format!("dbguard writes no access to `{env}` in this language"),
            Language::Sql => "SQL reads no environment".to_owned(),
            _ => "this kind of file reads no environment".to_owned(),
        }));
    }
    let place = Literal::at(source, language, at)?;
    let (range, text) = spell::respelled(&place.text, default).map_err(Refusal::because)?;
    if spell::braced(&place.text).is_some() {
        return place.replace(source, (0..place.text.len(), format!("${{{env}:-{default}}}")));
    }
    // A second slash belongs to the URL and not to the default.
    let slash = if text.starts_with("//") { "/" } else { "" };
    let text = text.strip_prefix(slash).unwrap_or(&text);
    place.replace(source, (range, format!("{slash}${{{env}:-{text}}}")))
}

/// A text as it stands between its quotes.
struct Literal {
    inner: Span,
    /// After escapes.
    text: String,
    quote: Option<char>,
    /// The text is written with escapes, so that only the whole of it can be replaced.
    escaped: bool,
    /// The format has backslash escapes inside this quote.
    escapes: bool,
    language: Language,
}

impl Literal {
    fn at(source: &Source, language: Language, at: Span) -> Result<Self, Refusal> {
        let raw = source.text.get(at.range()).ok_or_else(|| Refusal::because("the place is not in the text"))?;
        let (from, to, quote) = quotes(raw);
        let inner = Span::new(at.range().start + from, at.range().start + to);
        let text = source.slice(inner);
        if text.contains(['\n', '\r']) {
            return Err(Refusal::because("the text goes over several lines"));
        }
        // Inside a script the quotes are those of another language: escapes are only told where they are the format's own.
        let own = at.is_empty() || is_token(source, language, at);
        let escapes = quote == Some('"') && own && matches!(language, Language::Yaml | Language::Toml | Language::Json);
        let quoting = match (quote, language) {
            (Some('"'), _) if escapes => Quoting::Double,
            (Some('\''), Language::Yaml) if own => Quoting::Single,
            _ => Quoting::Verbatim,
        };
        let meant = decoded(text, 0, quoting).text;
        let escaped = meant != text;
        if !escaped && text.contains('\\') && !(quote == Some('\'') && language == Language::Toml) {
            return Err(Refusal::because("backslashes stand in it, and what they mean there is not known"));
        }
        Ok(Self { inner, text: meant, quote, escaped, escapes, language })
    }

    /// In a program only a literal, or a word that is a path by itself, is one.
    fn is_path(&self, language: Language) -> Result<(), Refusal> {
        let word = self.quote.is_some() || names::is_database_path(&self.text);
        if word || language != Language::Other { Ok(()) } else { Err(Refusal::because("the path is not written here")) }
    }

    /// The edit that puts `text` in the place of `range` of the literal; none where nothing changes.
    fn replace(&self, source: &Source, (range, text): (std::ops::Range<usize>, String)) -> Written {
        if self.text.get(range.clone()) == Some(text.as_str()) {
            return Ok(Vec::new());
        }
        let (span, mut text) = if self.escaped {
            let before = self.text.get(..range.start).unwrap_or("");
            let after = self.text.get(range.end..).unwrap_or("");
            (self.inner, format!("{before}{text}{after}"))
        } else {
            let start = self.inner.range().start;
            (Span::new(start + range.start, start + range.end), text)
        };
        if self.escapes {
            text = text.replace('\\', "\\\\").replace('"', "\\\"");
        } else if self.escaped {
            text = text.replace('\'', "''");
        }
        let had = |letter: char| source.slice(self.inner).contains(letter);
        let odd = text.chars().find(|&letter| !is_plain(letter) && !had(letter) || letter.is_control());
        match (odd, self.quote) {
            (None, _) => Ok(vec![Edit::replace(span, text)]),
            (Some(_), Some(_)) if self.escapes && !text.contains(char::is_control) => {
                Ok(vec![Edit::replace(span, text)])
            }
            (Some(odd), Some(quote))
                if odd != quote && !matches!(odd, '\\' | '$' | '`' | '\'' | '"') && !odd.is_control() =>
            {
                Ok(vec![Edit::replace(span, text)])
            }
            (Some(' '), None) if self.language == Language::Dotenv && span == self.inner && !text.contains('"') => {
                Ok(vec![Edit::replace(span, format!("\"{text}\""))])
            }
            (Some(odd), _) => Err(Refusal::because(format!("`{odd}` cannot be written here without other quotes"))),
        }
    }
}

/// Letters that stand for themselves in every format, quoted or not.
fn is_plain(letter: char) -> bool {
    letter.is_alphanumeric() || "_./~+-@%=:?{}$".contains(letter)
}

/// Where the text between the quotes begins and ends, and which quotes they are: `"x"`, `r#"x"#`, `@"x"`, `"""x"""`.
fn quotes(raw: &str) -> (usize, usize, Option<char>) {
    let bare = (0, raw.len(), None);
    let Some(open) = raw.find(['"', '\'', '`']) else { return bare };
    let Some(quote) = raw.get(open..).and_then(|rest| rest.chars().next()) else { return bare };
    let prefix = raw.get(..open).unwrap_or("");
    if prefix.len() > 4 || !prefix.chars().all(|letter| letter.is_ascii_alphabetic() || "@$#".contains(letter)) {
        return bare;
    }
    let Some(close) = raw.rfind(quote).filter(|&close| close > open) else { return bare };
    if !raw.get(close + 1..).unwrap_or("").chars().all(|letter| letter == '#') {
        return bare;
    }
    let three: String = [quote; 3].iter().collect();
    let inner = raw.get(open..=close).unwrap_or("");
    if inner.len() >= 6 && inner.starts_with(&three) && inner.ends_with(&three) {
        return (open + 3, close - 2, Some(quote));
    }
    if raw.get(open + 1..close).is_some_and(|inner| inner.contains(quote)) {
        return bare;
    }
    (open + 1, close, Some(quote))
}

/// Whether a quoted place is a value of the document itself, and no word of a script or a list inside one.
fn is_token(source: &Source, language: Language, at: Span) -> bool {
    let line = line_before(&source.text, at.range().start);
    let before = line.trim_end();
    match language {
        Language::Json | Language::Toml => before.ends_with([':', '=', '[', ',', '{']) || before.is_empty(),
        Language::Yaml => {
            before.is_empty()
                || before.ends_with([':', '[', ',', '{'])
                || before.trim_start().chars().all(|letter| matches!(letter, '-' | ' ' | '?'))
                || before.rsplit(' ').next().is_some_and(|word| word.starts_with(['&', '!']))
        }
        _ => true,
    }
}

fn line_before(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or("");
    before.rsplit('\n').next().unwrap_or(before)
}

/// `./x.db:/app/x.db`, `source: ./x.db`, `COPY x.db .`: another place goes with this one.
fn moves_a_file(source: &Source, language: Language, at: Span) -> bool {
    let after = source.text.get(at.range().end..).unwrap_or("");
    let line = line_before(&source.text, at.range().start);
    match language {
        Language::Yaml => {
            after.starts_with(":/")
                || ["source:", "src:", "target:", "mountPath:", "subPath:"]
                    .iter()
                    .any(|key| line.trim_start().trim_start_matches(['-', '{', ' ']).starts_with(key))
        }
        Language::Dockerfile => {
            let mut start = at.range().start - line.len();
            // Up to where the instruction begins.
            while let Some(before) = source.text.get(..start).and_then(|text| text.strip_suffix('\n')) {
                let above = before.rsplit('\n').next().unwrap_or(before);
                if !above.trim_end().ends_with(['\\', '`']) {
                    break;
                }
                start = before.len() - above.len();
            }
            let word = source.text.get(start..).and_then(|text| text.split_whitespace().next()).unwrap_or("");
            ["COPY", "ADD", "VOLUME"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
        }
        _ => false,
    }
}

/// Whether a place lies in the body of a heredoc that a command writes out or hands on.
pub(in crate::lang) fn in_heredoc(text: &str, at: Span) -> bool {
    let at = at.range().start;
    let Some(before) = text.get(..at) else { return false };
    for (mark, _) in before.match_indices("<<") {
        let rest = text.get(mark + 2..).unwrap_or("");
        if rest.starts_with('<') || before.get(..mark).is_some_and(|before| before.ends_with('<')) {
            continue;
        }
        let word: String = rest
            .trim_start_matches(['-', '~', ' '])
            .trim_start_matches(['"', '\'', '\\'])
            .chars()
            .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
            .collect();
        // `RUN <<EOF` is the script itself.
        let script = line_before(text, mark).trim().eq_ignore_ascii_case("run");
        if !is_variable(&word) || script {
            continue;
        }
        let Some(line) = rest.find('\n').map(|end| mark + 2 + end + 1) else { continue };
        let mut end = line;
        for body in text.get(line..).unwrap_or("").split_inclusive('\n') {
            if body.trim() == word {
                break;
            }
            end += body.len();
        }
        if (line..end).contains(&at) {
            return true;
        }
    }
    false
}

/// The variable's name inside the place, or the key that the value at the place belongs to.
fn rename(source: &Source, at: Span, from: &str, to: &str) -> Written {
    let inside = whole_words(source.slice(at), from);
    if !inside.is_empty() {
        let start = at.range().start;
        return Ok(inside
            .into_iter()
            .map(|found| Edit::replace(Span::new(start + found, start + found + from.len()), to))
            .collect());
    }
    // `KEY=value`, `KEY: value`, and the two lines `name: KEY`, `value: x`.
    let mut end = at.range().start;
    for _ in 0..4 {
        let line = line_before(&source.text, end);
        let start = end - line.len();
        if let Some(&found) = whole_words(line, from).last() {
            let after = line.get(found + from.len()..).unwrap_or("");
            if after.trim_matches(['"', '\'', ' ', '\t', ':', '=', '\r']).is_empty() {
                let at = start + found;
                return Ok(vec![Edit::replace(Span::new(at, at + from.len()), to)]);
            }
        }
        match start.checked_sub(1) {
            Some(above) => end = above,
            None => break,
        }
    }
    Err(Refusal::because(format!("`{from}` is not written here")))
}

/// Where a name stands by itself, and not as a part of a longer one.
pub(in crate::lang) fn whole_words(text: &str, name: &str) -> Vec<usize> {
    let is_part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    text.match_indices(name)
        .filter(|(at, _)| {
            !name.is_empty()
                && !is_part(text.get(..*at).and_then(|text| text.chars().next_back()))
                && !is_part(text.get(at + name.len()..).and_then(|text| text.chars().next()))
        })
        .map(|(at, _)| at)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::NAME_ALONE;
    use crate::lang::Language::{self, Dockerfile, Dotenv, Ini, Json, Markdown, Other, Sql, Toml, Yaml};
    use crate::lang::write::testing::{environment, renamed, retargeted, sound, valued};

    #[track_caller]
    fn table(path: &str, language: Language, rows: &[(&str, &str)]) {
        for (text, becomes) in rows {
            assert_eq!(retargeted(path, language, text), *becomes, "{path}");
        }
    }

    const ONE_FILE: &str =
        "refused: it mounts or copies that one file: what it is needed for must be decided by a person";

    #[test]
    fn yaml() {
        table(
            "docker-compose.yml",
            Yaml,
            &[
                ("a:\r\n  - X=‹auth.db›   # auth.db\r\n", "a:\r\n  - X=/app/data/zoe.db   # auth.db\r\n"),
                ("- \"X=‹sqlite:///auth.db›\"\n", "- \"X=sqlite:////app/data/zoe.db\"\n"),
                ("X: &a ‹'auth.db'›\t\nY: *a\n", "X: &a '/app/data/zoe.db'\t\nY: *a\n"),
                ("X:   ‹\"a\\u0075th.db\"›  \n", "X:   \"/app/data/zoe.db\"  \n"),
                ("X: ‹${A:-file:${B:-auth.db}}›\n", "X: ${A:-file:${B:-/app/data/zoe.db}}\n"),
                ("command: [\"serve\", ‹\"auth.db\"›]\n", "command: [\"serve\", \"/app/data/zoe.db\"]\n"),
                ("run: |\n  sqlite3 ‹auth.db› .dump\n  ls\n", "run: |\n  sqlite3 /app/data/zoe.db .dump\n  ls\n"),
                (
                    "run: |\n  cat > .env <<EOF\n  X=‹auth.db›\n  EOF\n",
                    "refused: the text is written out for another program",
                ),
                ("volumes:\n  - ‹./auth.db›:/app/auth.db:ro\n", ONE_FILE),
                ("volumes:\n  - type: bind\n    source: ‹./auth.db›\n", ONE_FILE),
                ("value: ‹{{ .Values.dir }}/auth.db›\n", "value: {{ .Values.dir }}/zoe.db\n"),
                ("DBNAME: ‹auth.db›\n", &format!("refused: {NAME_ALONE}")),
                ("db_name: ‹data/auth.db›\n", "db_name: /app/data/zoe.db\n"),
                ("filename: ‹auth.db›\n", "filename: /app/data/zoe.db\n"),
            ],
        );
        assert_eq!(
            environment("docker-compose.yml", Yaml, "X: ‹\"sqlite:////x.db\"›\n"),
            "X: \"sqlite:////${DATABASE_PATH:-app/data/zoe.db}\"\n"
                .replace("////${DATABASE_PATH:-app", "///${DATABASE_PATH:-/app"),
        );
        assert_eq!(environment("app.yml", Yaml, "X: ‹x.db›\n"), "refused: this kind of file reads no environment");
    }

    #[test]
    fn dotenv() {
        table(
            ".env",
            Dotenv,
            &[
                ("export  X = ‹\"auth.db\"›  # auth.db\r\n", "export  X = \"/app/data/zoe.db\"  # auth.db\r\n"),
                ("X=‹'sqlite+aiosqlite:///./auth.db?mode=ro'›", "X='sqlite+aiosqlite:////app/data/zoe.db?mode=ro'"),
                ("X=‹${DATA_DIR:-/app/data}/auth.db›\n", "X=${DATA_DIR:-/app/data}/zoe.db\n"),
                ("X=‹${OTHER:-auth.db}›\n", "X=${OTHER:-/app/data/zoe.db}\n"),
                ("X=‹$OTHER›\n", "refused: only the variable `OTHER` stands here, without a default"),
            ],
        );
        for (text, value, becomes) in [
            ("X=‹›\nY=1\n", "/app/data/zoe.db", "X=/app/data/zoe.db\nY=1\n"),
            ("X=‹\"a.db\"›\n", "/My Files/zoe.db", "X=\"/My Files/zoe.db\"\n"),
            ("X=‹a.db›\n", "/My Files/zoe.db", "X=\"/My Files/zoe.db\"\n"),
            ("X=‹sqlite:///a.db›\n", "/app/data/zoe.db", "X=sqlite:////app/data/zoe.db\n"),
            ("X=‹sqlite:///a.db›\n", "sqlite:////app/data/zoe.db", "X=sqlite:////app/data/zoe.db\n"),
            ("X=‹postgres://h/a›\n", "sqlite:////app/data/zoe.db", "X=sqlite:////app/data/zoe.db\n"),
            ("X=‹$DIR/a.db›\n", "/app/data/zoe.db", "X=/app/data/zoe.db\n"),
            ("X=‹${Y:-a.db}›\n", "/app/data/zoe.db", "X=${Y:-/app/data/zoe.db}\n"),
            ("X=‹'a.db'›\n", "/it's/zoe.db", "refused: `'` cannot be written here without other quotes"),
        ] {
            assert_eq!(valued(".env", Dotenv, text, value), becomes);
        }
    }

    #[test]
    fn dockerfile() {
        table(
            "Dockerfile",
            Dockerfile,
            &[
                ("ENV A=1 \\\n    X=‹auth.db› \\\n    B=2\n", "ENV A=1 \\\n    X=/app/data/zoe.db \\\n    B=2\n"),
                ("ENV X ‹auth.db›\n", "ENV X /app/data/zoe.db\n"),
                ("ARG X=‹\"sqlite:///auth.db\"›\n", "ARG X=\"sqlite:////app/data/zoe.db\"\n"),
                ("CMD [ \"serve\", ‹\"auth.db\"› ]\n", "CMD [ \"serve\", \"/app/data/zoe.db\" ]\n"),
                ("RUN sqlite3 ‹auth.db› .dump\n", "RUN sqlite3 /app/data/zoe.db .dump\n"),
                ("RUN <<EOF\nsqlite3 ‹auth.db› .dump\nEOF\n", "RUN <<EOF\nsqlite3 /app/data/zoe.db .dump\nEOF\n"),
                ("COPY a \\\n  ‹auth.db› /app/\n", ONE_FILE),
            ],
        );
    }

    #[test]
    fn ini_toml_and_json() {
        table(
            "alembic.ini",
            Ini,
            &[
                ("sqlalchemy.url = ‹sqlite:///auth.db›\n", "sqlalchemy.url = sqlite:////app/data/zoe.db\n"),
                ("sqlalchemy.url = ‹sqlite:///%(here)s/auth.db›\n", "sqlalchemy.url = sqlite:///%(here)s/zoe.db\n"),
                ("environment = A=1,X=\"‹auth.db›\"\n", "environment = A=1,X=\"/app/data/zoe.db\"\n"),
            ],
        );
        table(
            "a.toml",
            Toml,
            &[
                ("x = ‹'data\\auth.db'›  # auth.db\n", "x = '/app/data/zoe.db'  # auth.db\n"),
                ("x = ‹\"data\\\\auth.db\"›\n", "x = \"/app/data/zoe.db\"\n"),
                ("x = [‹\"auth.db\"› ,\n]\n", "x = [\"/app/data/zoe.db\" ,\n]\n"),
            ],
        );
        table(
            "a.json",
            Json,
            &[
                ("{\"a\" :\t‹\"data\\/auth.db\"› , \"b\": 1}", "{\"a\" :\t\"/app/data/zoe.db\" , \"b\": 1}"),
                ("{\"run\": \"sqlite3 ‹auth.db› .dump\"}", "{\"run\": \"sqlite3 /app/data/zoe.db .dump\"}"),
                ("{\"a\": ‹\"jdbc:sqlite:auth.db\"›}", "{\"a\": \"jdbc:sqlite:/app/data/zoe.db\"}"),
                ("{\"db_name\" : ‹\"auth.db\"›}", &format!("refused: {NAME_ALONE}")),
            ],
        );
        let escaped = valued("a.json", Json, "{\"a\": ‹\"x.db\"›}", "C:\\\"x\".db");
        assert_eq!(escaped, "{\"a\": \"C:\\\\\\\"x\\\".db\"}");
    }

    #[test]
    fn literals_of_other_languages_and_prose() {
        for (path, text, becomes) in [
            ("a.go", "sql.Open(\"sqlite3\", ‹\"auth.db\"›)", "sql.Open(\"sqlite3\", \"/app/data/zoe.db\")"),
            ("a.go", "p := ‹`auth.db`›", "p := `/app/data/zoe.db`"),
            ("a.rs", "open(‹r#\"auth.db\"#›)", "open(r#\"/app/data/zoe.db\"#)"),
            ("a.cs", "new C(‹@\"Data Source=auth.db;A=1\"›)", "new C(@\"Data Source=/app/data/zoe.db;A=1\")"),
            ("A.java", "c(‹\"jdbc:sqlite:auth.db\"›);", "c(\"jdbc:sqlite:/app/data/zoe.db\");"),
            ("a.rb", "c('‹sqlite://auth.db›')", "c('sqlite:////app/data/zoe.db')"),
            ("a.go", "open(‹dbPath›)", "refused: the path is not written here"),
            (
                "a.c",
                "f(‹\"data\\\\auth.db\"›)",
                "refused: backslashes stand in it, and what they mean there is not known",
            ),
        ] {
            assert_eq!(retargeted(path, Other, text), becomes, "{path}");
        }
        assert_eq!(
            environment("a.go", Other, "open(‹\"zoe.db\"›)"),
            "refused: dbguard writes no access to `DATABASE_PATH` in this language"
        );
        for (text, becomes) in [
            ("DB = ‹data/zoe.db›\n", "DB = $(or $(DATABASE_PATH),/app/data/zoe.db)\n"),
            (
                "run:\n\tDB=‹data/zoe.db› python app.py\n",
                "run:\n\tDB=$${DATABASE_PATH:-/app/data/zoe.db} python app.py\n",
            ),
            ("URL ?= ‹sqlite:///data/zoe.db›\n", "URL ?= sqlite:///$(or $(DATABASE_PATH),/app/data/zoe.db)\n"),
        ] {
            assert_eq!(environment("Makefile", Other, text), becomes);
        }
        assert_eq!(
            valued("a.go", Other, "p := ‹getEnv(\"DB\", \"y.db\")›", "/x/z.db"),
            "refused: the path is not written here"
        );
        assert_eq!(retargeted("c.yml.mine", Other, "DBNAME: ‹auth.db›\n"), format!("refused: {NAME_ALONE}"));
        table("a.sql", Sql, &[("ATTACH ‹'auth.db'› AS a;\n", "ATTACH '/app/data/zoe.db' AS a;\n")]);
        table("a.md", Markdown, &[("Users live in `‹auth.db›`.\n", "Users live in `/app/data/zoe.db`.\n")]);
    }

    #[test]
    fn variables_are_renamed() {
        for (path, language, text, becomes) in [
            (".env", Dotenv, "# a\nexport ZOE_DB=‹x.db›\n", "# a\nexport DATABASE_PATH=x.db\n"),
            (".env", Dotenv, "X=‹${ZOE_DB:-x.db}›\n", "X=${DATABASE_PATH:-x.db}\n"),
            ("c.yml", Yaml, "- ZOE_DB=‹x.db›\n", "- DATABASE_PATH=x.db\n"),
            ("c.yml", Yaml, "\"ZOE_DB\": ‹x.db›\n", "\"DATABASE_PATH\": x.db\n"),
            ("k.yml", Yaml, "- name: ZOE_DB\n  value: ‹x.db›\n", "- name: DATABASE_PATH\n  value: x.db\n"),
            ("Dockerfile", Dockerfile, "ENV ZOE_DB ‹x.db›\n", "ENV DATABASE_PATH x.db\n"),
            ("a.rb", Other, "ENV.fetch(‹\"ZOE_DB\"›)", "ENV.fetch(\"DATABASE_PATH\")"),
            ("c.yml", Yaml, "- MY_ZOE_DB=‹x.db›\n", "refused: `ZOE_DB` is not written here"),
        ] {
            assert_eq!(renamed(path, language, text, "ZOE_DB"), becomes);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_at_any_place(text in crate::lang::config::testing::odd_text(), from in 0..120_usize, length in 0..40_usize) {
            for (path, language) in
                [("c.yml", Yaml), (".env", Dotenv), ("Dockerfile", Dockerfile), ("a.ini", Ini), ("a.toml", Toml), ("a.json", Json), ("a.go", Other)]
            {
                sound(path, language, &text, from, length);
            }
        }
    }
}
