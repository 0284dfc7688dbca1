//! Which grammar a source wants, and which parts of a Vue, Svelte, Astro or HTML file are code.

use tree_sitter::{Point, Range};

use super::super::Language;
use crate::text::{Source, Span};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Javascript,
    Typescript,
    Tsx,
}

pub(super) struct Parts {
    pub(super) dialect: Dialect,
    /// Empty when all of the source is code.
    pub(super) code: Vec<Range>,
    pub(super) prose: Vec<Span>,
}

pub(super) fn parts(source: &Source, language: Language) -> Parts {
    let ending = source.path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let dialect = match (language, ending) {
        (_, "tsx") => Dialect::Tsx,
        (Language::Typescript, _) => Dialect::Typescript,
        _ => Dialect::Javascript,
    };
    if !matches!(ending, "vue" | "svelte" | "astro" | "html" | "htm") {
        return Parts { dialect, code: Vec::new(), prose: Vec::new() };
    }
    let mut code = Vec::new();
    let mut typed = language == Language::Typescript;
    if ending == "astro"
        && let Some(front) = front_matter(&source.text)
    {
        typed = true;
        code.push(front);
    }
    typed |= scripts(&source.text, &mut code);
    let mut prose = Vec::new();
    let mut at = 0;
    for &(start, end) in &code {
        prose.push(Span::new(at, start));
        at = end;
    }
    prose.push(Span::new(at, source.text.len()));
    prose.retain(|span| !span.is_empty());
    // A file without any script still needs a range, or all of it would be taken for code.
    if code.is_empty() {
        code.push((source.text.len(), source.text.len()));
    }
    let dialect = if typed { Dialect::Typescript } else { Dialect::Javascript };
    Parts { dialect, code: code.iter().map(|&(start, end)| range(source, start, end)).collect(), prose }
}

/// What stands between the two `---` lines at the top.
fn front_matter(text: &str) -> Option<(usize, usize)> {
    let start = text.strip_prefix("---").map(|_| 3)?;
    let length = text.get(start..)?.find("\n---")?;
    Some((start, start + length + 1))
}

/// Adds the inside of each `<script>`; whether one of them is TypeScript.
fn scripts(text: &str, code: &mut Vec<(usize, usize)>) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut typed = false;
    let mut at = code.last().map_or(0, |&(_, end)| end);
    while let Some(found) = lower.get(at..).and_then(|rest| rest.find("<script")) {
        let tag = at + found;
        let Some(close) = lower.get(tag..).and_then(|rest| rest.find('>')) else { break };
        let start = tag + close + 1;
        let attributes = lower.get(tag..start).unwrap_or("");
        let end = lower.get(start..).and_then(|rest| rest.find("</script")).map_or(text.len(), |found| start + found);
        let data = attributes.contains("json") || attributes.contains("text/template");
        if !data && start < end {
            typed |= attributes.contains("lang=\"ts") || attributes.contains("lang='ts");
            code.push((start, end));
        }
        at = end.max(start);
    }
    typed
}

fn range(source: &Source, start: usize, end: usize) -> Range {
    Range { start_byte: start, end_byte: end, start_point: point(source, start), end_point: point(source, end) }
}

fn point(source: &Source, offset: usize) -> Point {
    let before = source.text.as_bytes().get(..offset).unwrap_or_default();
    let row = memchr::memchr_iter(b'\n', before).count();
    let column = memchr::memrchr(b'\n', before).map_or(offset, |newline| offset - newline - 1);
    Point { row, column }
}
