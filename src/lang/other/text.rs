//! Files of recipes: make, just, Procfile, crontab: assignments, and lines of shell.

use crate::lang::config::{Gather, Token, is_variable, shell_text, unquoted};
use crate::lang::read_snippet;
use crate::lang::{Confidence, Facts, Language};
use crate::text::{Snippet, Source, Span};

/// A line that is not blank, and the place of its words.
struct Line<'a> {
    start: usize,
    line: &'a str,
    words: &'a str,
    span: Span,
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut at = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        let words = line.trim();
        let from = start + line.len() - line.trim_start().len();
        (!words.is_empty()).then(|| Line { start, line, words, span: Span::new(from, from + words.len()) })
    })
}

/// `name` is the file's, in lower case.
pub(super) fn recipes(source: &Source, name: &str) -> Facts {
    let mut gather = Gather::new(source, Language::Other);
    for Line { start, line, words, span } in lines(&source.text) {
        if words.starts_with('#') {
            gather.mention(span, Confidence::Low, "comment");
        } else if let Some(value) = assignment(line) {
            let token_start = start + value;
            let text = line.get(value..).unwrap_or("").trim_end();
            let token =
                Token { text: unquoted(text).to_owned(), span: Span::new(token_start, token_start + text.len()) };
            let name = variable(line);
            gather.set(name, &token, "variable");
        } else if line.starts_with(['\t', ' ']) && name != "crontab" {
            command(&mut gather, words.trim_start_matches(['@', '-', '+']), span);
        } else if let Some((_, rest)) = words.split_once(':').filter(|_| name == "procfile") {
            command(&mut gather, rest.trim_start(), span);
        } else if name == "crontab" {
            let fields = if words.starts_with('@') { 1 } else { 5 };
            let rest = words.splitn(fields + 1, char::is_whitespace).last().unwrap_or("");
            command(&mut gather, rest, span);
        } else {
            gather.mention(span, Confidence::Low, "text");
        }
    }
    gather.finish()
}

/// A makefile is read as one shell script: its variables reach its recipes.
pub(super) fn makefile(source: &Source) -> Facts {
    let mut gather = Gather::new(source, Language::Other);
    let mut script = Snippet::default();
    for Line { start, line, words, span } in lines(&source.text) {
        if words.starts_with('#') {
            gather.mention(span, Confidence::Low, "comment");
        } else if let Some(value) = assignment(line) {
            let text = line.get(value..).unwrap_or("").trim_end();
            let quote = if text.contains(char::is_whitespace) && !text.starts_with(['"', '\'']) { "\"" } else { "" };
            script.push(variable(line), start);
            script.push("=", start);
            script.push(quote, start + value);
            as_shell(text, start + value, &mut script);
            script.push(quote, start + value + text.len());
            script.push("\n", start + line.len());
        } else if line.starts_with('\t') {
            let rest = words.trim_start_matches(['@', '-', '+']);
            as_shell(rest, span.end as usize - rest.len(), &mut script);
            script.push("\n", start + line.len());
        } else {
            gather.mention(span, Confidence::Low, "text");
        }
    }
    let mut facts = gather.finish();
    let mut recipes = read_snippet(source, &script, Language::Shell);
    recipes.references.iter_mut().for_each(|reference| reference.language = Language::Other);
    facts.append(recipes);
    facts.references.sort_by(|left, right| left.place.cmp(&right.place));
    facts
}

/// `$(NAME)` is make's `${NAME}`, and `$$` its `$`.
fn as_shell(text: &str, start: usize, script: &mut Snippet) {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find('$')).map(|at| from + at) {
        script.push(text.get(from..at).unwrap_or(""), start + from);
        let rest = text.get(at..).unwrap_or("");
        let name = rest.strip_prefix("$(").and_then(|inner| inner.split_once(')')).map(|(name, _)| name);
        from = match name.filter(|name| is_variable(name)) {
            Some(name) => {
                script.push("${", start + at);
                script.push(name, start + at + 2);
                script.push("}", start + at + 2 + name.len());
                at + name.len() + 3
            }
            None if rest.starts_with("$$") => {
                script.push("$", start + at + 1);
                at + 2
            }
            None => {
                script.push("$", start + at);
                at + 1
            }
        };
    }
    script.push(text.get(from..).unwrap_or(""), start + from);
}

/// `rest` is the tail of what stands at `span`.
fn command(gather: &mut Gather<'_>, rest: &str, span: Span) {
    let start = span.end as usize - rest.len().min(span.end as usize);
    shell_text(gather, &Snippet::verbatim(rest, start), Span::new(start, span.end as usize), "recipe");
}

/// Where the value of `NAME = x`, `NAME ?= x`, `export NAME := x` begins.
fn assignment(line: &str) -> Option<usize> {
    let equals = line.find('=')?;
    let head = line.get(..equals)?.trim_end_matches([':', '?', '+', '!']).trim_end();
    let name = head.trim_start_matches("export ").trim_start_matches("override ").trim();
    if !is_variable(name) || line.starts_with(['\t', ' ']) {
        return None;
    }
    let rest = line.get(equals + 1..)?;
    Some(equals + 1 + rest.len() - rest.trim_start().len())
}

fn variable(line: &str) -> &str {
    let head = line.split('=').next().unwrap_or("").trim_end_matches([':', '?', '+', '!']).trim();
    head.rsplit(' ').next().unwrap_or(head)
}
