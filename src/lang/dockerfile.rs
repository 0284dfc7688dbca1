//! Dockerfiles: by instructions over joined lines, so that templates and fragments are read like whole files.

use super::config::{Gather, Token, exec, shell_text, unquoted};
use super::{Confidence, Facts, Language};
use crate::text::{Snippet, Source, Span};

pub(super) fn read(source: &Source) -> Facts {
    let mut gather = Gather::new(source, Language::Dockerfile);
    let lines = lines(&source.text);
    let escape = escape_directive(&source.text);
    let mut at = 0;
    while let Some(&(start, line)) = lines.get(at) {
        at += 1;
        let words = line.trim_start();
        if words.starts_with('#') {
            gather.mention(Span::new(start, start + line.len()), Confidence::Low, "comment");
            continue;
        }
        if words.trim().is_empty() {
            continue;
        }
        let mut instruction = vec![(start, line)];
        while ends_open(instruction.last().map_or("", |(_, line)| line), escape) {
            let Some(&(start, line)) = lines.get(at) else { break };
            at += 1;
            if line.trim_start().starts_with('#') {
                gather.mention(Span::new(start, start + line.len()), Confidence::Low, "comment");
                // Comment lines stand inside an instruction without ending it.
                let Some(last) = instruction.last_mut() else { break };
                if lines.get(at).is_none() {
                    last.1 = last.1.trim_end();
                    break;
                }
                instruction.push((start, OPEN));
                continue;
            }
            if line.trim().is_empty() {
                instruction.push((start, OPEN));
                continue;
            }
            instruction.push((start, line));
        }
        instruction.retain(|(_, line)| *line != OPEN);
        let heredoc = heredoc(&instruction, &lines, &mut at);
        read_instruction(&mut gather, &instruction, escape, heredoc);
    }
    gather.finish()
}

/// Stands for a line that keeps an instruction open and says nothing.
const OPEN: &str = "\\";

fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n')
        .map(|line| {
            at += line.len();
            (at - line.len(), line)
        })
        .collect()
}

/// `# escape=\`` on the first lines.
fn escape_directive(text: &str) -> char {
    let directive = text.lines().take_while(|line| line.starts_with('#')).find_map(|line| {
        line.trim_start_matches('#').trim().strip_prefix("escape=").and_then(|rest| rest.chars().next())
    });
    directive.unwrap_or('\\')
}

fn ends_open(line: &str, escape: char) -> bool {
    line.trim_end().ends_with(escape)
}

/// The body of a heredoc (`RUN <<EOF`), and its delimiter, after the instruction's lines.
fn heredoc<'a>(
    instruction: &[(usize, &'a str)],
    lines: &[(usize, &'a str)],
    at: &mut usize,
) -> Option<Vec<(usize, &'a str)>> {
    let (_, last) = instruction.last()?;
    let after = last.split_once("<<")?.1.trim_start_matches('-');
    let word: String = after
        .trim_start_matches(['"', '\''])
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
        .collect();
    if word.is_empty() || !lines.get(*at..)?.iter().any(|(_, line)| line.trim() == word) {
        return None;
    }
    let mut body = Vec::new();
    while let Some(&(start, line)) = lines.get(*at) {
        *at += 1;
        body.push((start, line));
        if line.trim() == word {
            break;
        }
    }
    Some(body)
}

fn read_instruction(
    gather: &mut Gather<'_>,
    lines: &[(usize, &str)],
    escape: char,
    heredoc: Option<Vec<(usize, &str)>>,
) {
    // The instruction as one line, each continuation a blank.
    let mut joined = Snippet::default();
    for (start, line) in lines {
        let open = ends_open(line, escape);
        let words = line.trim_end();
        let words = if open { words.strip_suffix(escape).unwrap_or(words) } else { words };
        joined.push(words, *start);
        joined.push(" ", start + words.len().saturating_sub(1));
    }
    let text = joined.text.trim_start();
    let indent = joined.text.len() - text.len();
    let (keyword, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    let at = indent + keyword.len() + rest.len() - rest.trim_start().len();
    let body = Body { joined: &joined, at, text: rest.trim() };
    match keyword.to_ascii_uppercase().as_str() {
        "ENV" => assignments(gather, &body, "ENV"),
        "ARG" => assignments(gather, &body, "ARG"),
        "COPY" | "ADD" => copies(gather, &body, &keyword.to_ascii_uppercase(), heredoc),
        "VOLUME" => {
            for token in body.array().unwrap_or_else(|| body.words()) {
                gather.configure("", &Token { text: token.0.text, span: token.1 }, "VOLUME");
            }
        }
        "RUN" | "CMD" | "ENTRYPOINT" | "SHELL" => command(gather, lines, &body, keyword, heredoc),
        "HEALTHCHECK" | "ONBUILD" => {
            let inner = ["CMD", "RUN", "ENV", "COPY", "ADD"].iter().find_map(|word| find_word(body.text, word));
            if let Some(inner) = inner {
                let skipped = body.at + inner;
                let from = joined.host(u32::try_from(skipped).unwrap_or(u32::MAX)) as usize;
                let rest: Vec<(usize, &str)> = lines
                    .iter()
                    .filter(|(start, line)| start + line.len() > from)
                    .map(|&(start, line)| {
                        let cut = from.saturating_sub(start);
                        (start + cut, line.get(cut..).unwrap_or(line))
                    })
                    .collect();
                read_instruction(gather, &rest, escape, heredoc);
            }
        }
        _ => {
            let (start, end) = (lines.first(), lines.last());
            if let (Some((start, _)), Some((last, line))) = (start, end) {
                gather.mention(Span::new(*start, last + line.len()), Confidence::Low, "text");
            }
        }
    }
}

/// Where a word stands by itself.
fn find_word(text: &str, word: &str) -> Option<usize> {
    text.match_indices(word).map(|(at, _)| at).find(|&at| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|text| text.chars().next());
        before.is_none_or(char::is_whitespace) && after.is_none_or(char::is_whitespace)
    })
}

/// What follows the keyword of an instruction, as one line with the way back.
struct Body<'a> {
    joined: &'a Snippet,
    /// Where `text` begins in `joined`.
    at: usize,
    text: &'a str,
}

impl Body<'_> {
    fn span(&self, from: usize, to: usize) -> Span {
        self.joined.host_span(Span::new(self.at + from, self.at + to))
    }

    /// A part of it that does not cross a line.
    fn snippet(&self, from: usize, to: usize) -> Snippet {
        let span = self.span(from, to);
        Snippet::verbatim(self.text.get(from..to).unwrap_or(""), span.start as usize)
    }

    /// The words, quotes kept together.
    fn words(&self) -> Vec<(Snippet, Span)> {
        let (text, _) = super::config::mask::mask(self.text);
        let mut words = Vec::new();
        let mut start = None;
        let mut quote = None;
        for (at, letter) in text.char_indices().chain([(text.len(), ' ')]) {
            let blank = letter.is_whitespace() && quote.is_none() || at == text.len();
            match (blank, start) {
                (false, None) => start = Some(at),
                (true, Some(from)) => {
                    words.push((self.snippet(from, at), self.span(from, at)));
                    start = None;
                }
                _ => {}
            }
            match quote {
                None if matches!(letter, '"' | '\'') => quote = Some(letter),
                Some(open) if open == letter => quote = None,
                _ => {}
            }
        }
        words
    }

    /// The elements of `["a", "b"]`; `None` when it is no such list.
    fn array(&self) -> Option<Vec<(Snippet, Span)>> {
        if !self.text.starts_with('[') || !self.text.trim_end().ends_with(']') {
            return None;
        }
        let mut items = Vec::new();
        let mut open = None;
        let mut escaped = false;
        for (at, letter) in self.text.char_indices() {
            match open {
                None if letter == '"' => open = Some(at),
                Some(from) if letter == '"' && !escaped => {
                    let raw = self.text.get(from + 1..at).unwrap_or("");
                    let start = self.span(from, from + 1).end as usize;
                    let snippet = super::config::decoded(raw, start, super::config::Quoting::Double);
                    items.push((snippet, self.span(from, at + 1)));
                    open = None;
                }
                _ => {}
            }
            escaped = letter == '\\' && !escaped;
        }
        Some(items)
    }
}

/// `A=b "C=d e"`, and the old `A b c`.
fn assignments(gather: &mut Gather<'_>, body: &Body<'_>, construct: &str) {
    let first = body.text.split(char::is_whitespace).next().unwrap_or("");
    if !first.contains('=') {
        if construct == "ENV"
            && let Some((name, value)) = body.text.split_once(char::is_whitespace)
        {
            let from = body.text.len() - value.trim_start().len();
            let span = body.span(from, body.text.len());
            gather.set(name, &Token { text: unquoted(value.trim()).to_owned(), span }, construct);
        }
        return;
    }
    for (word, span) in body.words() {
        let Some((name, value)) = word.text.split_once('=') else { continue };
        let from = span.start as usize + name.len() + 1;
        let token = Token { text: unquoted(value).to_owned(), span: Span::new(from, from + value.len()) };
        gather.set(name, &token, construct);
    }
}

/// All words but flags and the last are copied into the image.
fn copies(gather: &mut Gather<'_>, body: &Body<'_>, construct: &str, heredoc: Option<Vec<(usize, &str)>>) {
    if let Some(lines) = heredoc {
        for (start, line) in lines {
            gather.mention(Span::new(start, start + line.len()), Confidence::Low, "text");
        }
        return;
    }
    let mut words = body.array().unwrap_or_else(|| body.words());
    words.retain(|(word, _)| !word.text.starts_with("--"));
    let target = words.pop();
    for (word, span) in words {
        gather.copy(&Token { text: unquoted(&word.text).to_owned(), span }, construct);
    }
    if let Some((word, span)) = target {
        gather.configure("", &Token { text: unquoted(&word.text).to_owned(), span }, construct);
    }
}

fn command(
    gather: &mut Gather<'_>,
    lines: &[(usize, &str)],
    body: &Body<'_>,
    keyword: &str,
    heredoc: Option<Vec<(usize, &str)>>,
) {
    let construct = keyword.to_ascii_uppercase();
    if let Some(arguments) = body.array() {
        exec(gather, &arguments, &construct);
        return;
    }
    let from = body.span(0, 1).start as usize;
    let mut script = Snippet::default();
    let bare = body.text.trim_start().starts_with("<<");
    let all = lines.iter().copied().filter(|_| !bare).chain(heredoc.unwrap_or_default());
    let mut end = from;
    for (start, line) in all {
        let cut = from.saturating_sub(start);
        if let Some(words) = line.get(cut..) {
            script.push(words, start + cut);
            end = start + line.len();
        }
    }
    let python =
        bare && script.text.starts_with("#!") && script.text.lines().next().is_some_and(|l| l.contains("python"));
    if python {
        gather.snippet(&script, Language::Python);
    } else {
        shell_text(gather, &script, Span::new(from, end), &construct);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Language;
    use super::super::config::testing::{odd_text, others, references, sound_for};

    const TEXT: &str = r#"# syntax=docker/dockerfile:1
# copies zoe.db
FROM python:3.12
ARG DB_PATH=/app/data/arg.db
ENV A=1 \
    # not comment.db
    DATABASE_PATH=/app/data/zoe.db \
    DATABASE_URL="sqlite:////app/data/zoe.db" \

    SQLITE_PATH=${DB_PATH:-/x/y.db}
ENV SESSION_DB_PATH /app/data/sessions.db
COPY --chown=a:b data/zoe.db data/*.db /app/data/
COPY ["seed.db", "/app/seed.db"]
VOLUME ["/app/data"]
HEALTHCHECK --interval=5s CMD ["check", "/app/data/h.db"]
CMD ["serve", "--db", "/app/data/c.db"]
"#;

    #[test]
    fn case_25_instructions() {
        assert_eq!(
            references("Dockerfile", Language::Dockerfile, TEXT),
            [
                "2:10 mentions zoe.db -> zoe.db",
                "4:13 configures /app/data/arg.db -> /app/data/arg.db (DB_PATH)",
                "6:11 mentions comment.db -> comment.db",
                "7:19 configures /app/data/zoe.db -> /app/data/zoe.db (DATABASE_PATH)",
                "8:18 configures \"sqlite:////app/data/zoe.db\" -> sqlite:////app/data/zoe.db (DATABASE_URL)",
                "10:17 configures ${DB_PATH:-/x/y.db} -> /x/y.db (SQLITE_PATH)",
                "11:21 configures /app/data/sessions.db -> /app/data/sessions.db (SESSION_DB_PATH)",
                "12:18 configures data/zoe.db -> data/zoe.db",
                "12:30 mentions data/*.db -> data/*.db",
                "13:7 configures \"seed.db\" -> seed.db",
                "13:18 configures \"/app/seed.db\" -> /app/seed.db",
                "15:41 configures \"/app/data/h.db\" -> /app/data/h.db",
                "16:23 configures \"/app/data/c.db\" -> /app/data/c.db",
            ]
        );
    }

    #[test]
    fn what_is_set_and_copied() {
        assert_eq!(
            others("Dockerfile", Language::Dockerfile, TEXT),
            [
                "4: set DB_PATH=/app/data/arg.db",
                "7: set DATABASE_PATH=/app/data/zoe.db",
                "8: set DATABASE_URL=sqlite:////app/data/zoe.db",
                "10: set SQLITE_PATH=/x/y.db",
                "11: set SESSION_DB_PATH=/app/data/sessions.db",
                "10: read DB_PATH else /x/y.db",
                "12: COPY data/zoe.db",
                "13: COPY seed.db",
            ]
        );
    }

    #[test]
    fn case_26_code_inside() {
        for (text, told) in [
            ("RUN apt-get update \\\n && sqlite3 /app/x.db '.read a.sql'\n", "2:13 opens /app/x.db -> /app/x.db"),
            ("RUN python -c \"import sqlite3; sqlite3.connect('x.db')\"\n", "1:48 opens 'x.db' -> x.db"),
            ("HEALTHCHECK CMD python -c \"import sqlite3; sqlite3.connect('x.db')\"\n", "1:60 opens 'x.db' -> x.db"),
            ("CMD [\"sqlite3\", \"x.db\"]\n", "1:17 opens \"x.db\" -> x.db"),
            ("RUN <<EOF\nsqlite3 x.db .dump\nEOF\n", "2:9 opens x.db -> x.db"),
        ] {
            assert_eq!(references("Dockerfile", Language::Dockerfile, text), [told], "{text}");
        }
    }

    #[test]
    fn unfinished_files_are_read() {
        for (text, told) in [
            ("ENV DB_PATH=x.db \\", vec!["1:13 configures x.db -> x.db (DB_PATH)"]),
            (
                "ENV DB_PATH=x.db \\\n# y.db",
                vec!["1:13 configures x.db -> x.db (DB_PATH)", "2:3 mentions y.db -> y.db"],
            ),
            ("{% if x %}\nENV DB_PATH={{ dir }}/x.db\n", vec!["2:13 configures {{ dir }}/x.db -> */x.db (DB_PATH)"]),
            ("env db_file x.db", vec!["1:13 configures x.db -> x.db (db_file)"]),
        ] {
            assert_eq!(references("Dockerfile", Language::Dockerfile, text), told, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            sound_for("Dockerfile", Language::Dockerfile, bytes);
        }

        #[test]
        fn any_text(text in odd_text()) {
            sound_for("Dockerfile", Language::Dockerfile, text.into_bytes());
        }
    }
}
