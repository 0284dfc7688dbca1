//! INI and its kin, by lines: `alembic.ini`, `setup.cfg`, supervisor, systemd units, `.properties`, and `.conf` files of many tongues.

use super::config::{Gather, Token, is_variable, shell_text, unquoted};
use super::{Confidence, Facts, Language};
use crate::text::{Snippet, Source, Span};

/// Keys whose value is a list of `NAME=value`.
const ENVIRONMENTS: [&str; 6] = ["environment", "env", "setenv", "set_env", "raw_env", "passenvironment"];

/// Keys whose value is a command line.
const COMMANDS: [&str; 12] = [
    "command",
    "commands",
    "commands_pre",
    "commands_post",
    "execstart",
    "execstartpre",
    "execstartpost",
    "execstop",
    "execstoppost",
    "execreload",
    "execcondition",
    "exec",
];

pub(super) fn read(source: &Source) -> Facts {
    let mut gather = Gather::new(source, Language::Ini);
    let mut key = String::new();
    let mut at = 0;
    for line in source.text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let words = line.trim();
        if words.is_empty() {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let from = start + indent;
        if words.starts_with(['#', ';', '!']) || words.starts_with("//") {
            gather.mention(Span::new(from, from + words.len()), Confidence::Low, "comment");
            continue;
        }
        if words.starts_with('[') && words.ends_with(']') {
            key.clear();
            continue;
        }
        match assignment(words, indent > 0 && !key.is_empty()) {
            Some((name, value)) => {
                key = words.get(..name).unwrap_or("").trim().trim_matches('"').to_owned();
                setting(&mut gather, &key, words.get(value..).unwrap_or(""), from + value);
                if words.get(name..value).is_some_and(|separator| separator.trim().is_empty()) {
                    key.clear();
                }
            }
            // An indented line goes on with the value above it.
            None if indent > 0 && !key.is_empty() => setting(&mut gather, &key, words, from),
            None => gather.mention(Span::new(from, from + words.len()), Confidence::Low, "text"),
        }
    }
    gather.finish()
}

/// Where the key ends and the value begins. A line that continues another must say `=` to be a setting of its own.
fn assignment(words: &str, continues: bool) -> Option<(usize, usize)> {
    let is_key = |end: usize| {
        let key = words.get(..end).unwrap_or("").trim();
        !key.is_empty() && !key.contains([' ', '\t', '(', '{', '<', '"', '/'])
    };
    let equals = words.find('=').filter(|&at| is_key(at));
    if continues {
        return equals.map(|at| (at, at + 1));
    }
    let colon =
        words.find(':').filter(|&at| is_key(at) && !words.get(at..).is_some_and(|rest| rest.starts_with("://")));
    match (equals, colon) {
        (Some(equals), Some(colon)) => Some((equals.min(colon), equals.min(colon) + 1)),
        (Some(at), None) | (None, Some(at)) => Some((at, at + 1)),
        (None, None) => {
            let blank = words.find([' ', '\t'])?;
            is_key(blank).then_some((blank, blank + 1))
        }
    }
}

fn setting(gather: &mut Gather<'_>, key: &str, rest: &str, start: usize) {
    let value = rest.trim_start();
    let start = start + rest.len() - value.len();
    let lower = key.to_ascii_lowercase();
    if ENVIRONMENTS.contains(&lower.as_str()) {
        variables(gather, value, start);
        return;
    }
    if COMMANDS.contains(&lower.as_str()) {
        // systemd's marks stand before the program.
        let command = value.trim_start_matches(['-', '@', '+', '!', ':']);
        let start = start + value.len() - command.len();
        let span = Span::new(start, start + command.trim_end().len());
        shell_text(gather, &Snippet::verbatim(command.trim_end(), start), span, "command");
        return;
    }
    let (text, length) = bare(value);
    // Flask reads `.cfg` files as Python: what stands at their left edge are its settings.
    let python = gather.source.path.ends_with(".cfg") && at_left_edge(gather.source, start);
    let token = Token { text: text.to_owned(), span: Span::new(start, start + length) };
    if !python && is_variable(key) && key.len() > 2 && !key.bytes().any(|byte| byte.is_ascii_lowercase()) {
        gather.set(key, &token, "environment");
    } else {
        gather.configure(key, &token, "setting");
    }
    let tail = Span::new(start + length, start + value.len());
    gather.mention(tail, Confidence::Low, "comment");
}

fn at_left_edge(source: &Source, at: usize) -> bool {
    let line = source.text.get(..at).and_then(|before| before.rsplit('\n').next()).unwrap_or("");
    !line.starts_with([' ', '\t'])
}

/// The value without its quotes and the comment behind it, and how long its token is.
fn bare(value: &str) -> (&str, usize) {
    if let Some(quote) = value.chars().next().filter(|first| matches!(first, '"' | '\''))
        && let Some(end) = value.get(1..).and_then(|rest| rest.find(quote))
    {
        return (value.get(1..=end).unwrap_or(""), end + 2);
    }
    let end = [" ;", " #", "\t;", "\t#"].iter().filter_map(|mark| value.find(mark)).min().unwrap_or(value.len());
    let text = value.get(..end).unwrap_or(value).trim_end().trim_end_matches(';').trim_end();
    (text, text.len())
}

/// `KEY="a",OTHER=b` of supervisor, `KEY=a "OTHER=b c"` of systemd.
fn variables(gather: &mut Gather<'_>, value: &str, start: usize) {
    let mut from = None;
    let mut quote = None;
    let letters = value.char_indices().chain([(value.len(), ',')]);
    for (at, letter) in letters {
        let ends = at == value.len() || quote.is_none() && (letter == ',' || letter.is_whitespace());
        match (ends, from) {
            (false, None) => from = Some(at),
            (true, Some(begin)) => {
                variable(gather, value.get(begin..at).unwrap_or(""), start + begin);
                from = None;
            }
            _ => {}
        }
        match quote {
            None if matches!(letter, '"' | '\'') => quote = Some(letter),
            Some(open) if open == letter => quote = None,
            _ => {}
        }
    }
}

fn variable(gather: &mut Gather<'_>, words: &str, start: usize) {
    let inner = unquoted(words);
    let start = start + usize::from(inner.len() < words.len());
    let Some((name, value)) = inner.split_once('=') else {
        gather.mention(Span::new(start, start + inner.len()), Confidence::Low, "text");
        return;
    };
    let from = start + name.len() + 1;
    let token = Token { text: unquoted(value).to_owned(), span: Span::new(from, from + value.len()) };
    gather.set(name.trim(), &token, "environment");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Language;
    use super::super::config::testing::{odd_text, others, references, sound_for};

    #[test]
    fn settings_of_many_tongues() {
        for (path, text, told) in [
            (
                "alembic.ini",
                "[alembic]\n# sqlite:///old.db\nsqlalchemy.url = sqlite:///%(here)s/x.db ; main\nscript_location = db\n",
                vec![
                    "2:3 mentions sqlite:///old.db -> sqlite:///old.db",
                    "3:18 configures sqlite:///%(here)s/x.db -> sqlite:///*/x.db (sqlalchemy.url)",
                ],
            ),
            (
                "setup.cfg",
                "[x]\nfiles =\n    a.db\n    b.txt\nurl: postgresql://h/db\n",
                vec![
                    "3:5 configures a.db -> a.db (files)",
                    "5:6 configures postgresql://h/db -> postgresql://h/db (url)",
                ],
            ),
            (
                "supervisord.conf",
                "[program:x]\nenvironment=DB_PATH=\"/a/x.db\",MODE=1,OTHER='y.db'\n",
                vec!["2:21 configures \"/a/x.db\" -> /a/x.db (DB_PATH)", "2:44 configures 'y.db' -> y.db (OTHER)"],
            ),
            (
                "x.service",
                "[Service]\nEnvironment=\"DB_PATH=/a/x.db\" Z=1\nEnvironment=DATABASE_URL=sqlite:///y.db\nExecStart=-/bin/serve --db /a/z.db\n",
                vec![
                    "2:22 configures /a/x.db -> /a/x.db (DB_PATH)",
                    "3:26 configures sqlite:///y.db -> sqlite:///y.db (DATABASE_URL)",
                    "4:28 configures /a/z.db -> /a/z.db",
                ],
            ),
            (
                "app.properties",
                "spring.datasource.url=jdbc:sqlite:${DIR:data}/x.db\n",
                vec!["1:23 configures jdbc:sqlite:${DIR:data}/x.db -> sqlite:data/x.db (spring.datasource.url)"],
            ),
            (
                "lite.conf",
                "server {\n  database /data/x.db;\n  path \"/data/Y Z.db\"; # not q.db\n}\n",
                vec![
                    "2:12 configures /data/x.db -> /data/x.db (database)",
                    "3:8 configures \"/data/Y Z.db\" -> /data/Y Z.db (path)",
                    "3:30 mentions q.db -> q.db",
                ],
            ),
            (
                "tox.ini",
                "[testenv]\nsetenv =\n    DATABASE_URL = sqlite:///t.db\n",
                vec!["3:20 configures sqlite:///t.db -> sqlite:///t.db (DATABASE_URL)"],
            ),
        ] {
            assert_eq!(references(path, Language::Ini, text), told, "{path}");
        }
    }

    #[test]
    fn the_environment_is_set() {
        assert_eq!(
            others("x.service", Language::Ini, "Environment=DATA_DIR=/data \"DATABASE_PATH=/data/x.db\"\n"),
            ["1: set DATA_DIR=/data", "1: set DATABASE_PATH=/data/x.db"]
        );
    }

    #[test]
    fn flask_settings_are_no_variables() {
        let text = "DATABASE = \"/tmp/flaskr.db\"\n[testenv]\nsetenv =\n    DATABASE_URL = sqlite:///t.db\n";
        assert_eq!(others("app.cfg", Language::Ini, text), ["4: set DATABASE_URL=sqlite:///t.db"]);
        assert_eq!(
            references("app.cfg", Language::Ini, text),
            [
                "1:12 configures \"/tmp/flaskr.db\" -> /tmp/flaskr.db (DATABASE)",
                "4:20 configures sqlite:///t.db -> sqlite:///t.db (DATABASE_URL)",
            ]
        );
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            sound_for("x.ini", Language::Ini, bytes);
        }

        #[test]
        fn any_text(text in odd_text()) {
            sound_for("x.ini", Language::Ini, text.into_bytes());
        }
    }
}
