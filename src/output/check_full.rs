//! `check` for people: each finding with the source it is about, what follows from it, and the line of the policy.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::look::{count, escape};
use super::{Judged, Look};
use crate::finding::{Finding, Severity};
use crate::text::{Place, Source};

/// How many places that follow from a finding are drawn before `-v` is asked for.
const LABELS: usize = 6;
/// Lines drawn above and below.
const AROUND: usize = 1;
/// A line longer than this was not written by hand and is not drawn.
const LONGEST_LINE: usize = 2_000;

/// Gives a source by its path relative to the root; `None` when it is no text, or gone.
pub type Lookup<'a> = dyn FnMut(&str) -> Option<Source> + 'a;

/// Writes each finding with its source.
pub fn check_full(
    judged: &Judged<'_>,
    lookup: &mut Lookup<'_>,
    look: &Look,
    verbose: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Unicode).term_width(look.width.unwrap_or(140));
    let mut sources: HashMap<Arc<str>, Option<Source>> = HashMap::new();
    for finding in judged.findings {
        let places = || std::iter::once(&finding.place).chain(finding.labels.iter().map(|label| &label.place));
        // Findings come by file, and most of them speak of the policy as well.
        sources.retain(|file, _| places().any(|place| place.file == *file));
        for place in places() {
            if !sources.contains_key(&place.file) {
                sources.insert(Arc::clone(&place.file), lookup(&place.file));
            }
        }
        let labels = if verbose { usize::MAX } else { LABELS };
        writeln!(out, "{}\n", renderer.render(&[group(finding, &sources, labels)]))?;
    }
    Ok(())
}

fn group<'a>(finding: &'a Finding, sources: &'a HashMap<Arc<str>, Option<Source>>, limit: usize) -> Group<'a> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(escape(&finding.message)).id(finding.rule.as_str()));
    // Files in the order in which they are spoken of, the offence's own first.
    let mut files: Vec<(&Arc<str>, Vec<Mark<'_>>)> =
        vec![(&finding.place.file, vec![Mark { place: &finding.place, text: None }])];
    // Labels in other files come first in the cut, for the policy's line is among them.
    let elsewhere = finding.labels.iter().filter(|label| label.place.file != finding.place.file);
    let here = finding.labels.iter().filter(|label| label.place.file == finding.place.file);
    for label in elsewhere.chain(here).take(limit) {
        let mark = Mark { place: &label.place, text: Some(&label.text) };
        match files.iter_mut().find(|(file, _)| **file == label.place.file) {
            Some((_, marks)) => marks.push(mark),
            None => files.push((&label.place.file, vec![mark])),
        }
    }
    for (file, marks) in files {
        group = match sources.get(file).and_then(Option::as_ref).and_then(|source| snippet(source, &marks)) {
            Some(snippet) => group.element(snippet),
            None => marks.iter().fold(group, |group, mark| bare(group, mark)),
        };
    }
    if finding.labels.len() > limit {
        let left = count(finding.labels.len() - limit, "more place follows", "more places follow");
        group = group.element(Level::NOTE.message(format!("{left} from it; -v shows them")));
    }
    match &finding.help {
        Some(help) => group.element(Level::HELP.message(escape(help))),
        None => group,
    }
}

/// A place that is drawn; the offence itself has no text.
struct Mark<'a> {
    place: &'a Place,
    text: Option<&'a str>,
}

/// The lines around the marks; `None` where there is nothing to underline.
fn snippet<'a>(source: &'a Source, marks: &[Mark<'a>]) -> Option<Snippet<'a, Annotation<'a>>> {
    if source.text.is_empty() || marks.iter().any(|mark| mark.place.span.is_empty()) {
        return None;
    }
    let text = source.text.as_str();
    let first = marks.iter().map(|mark| mark.place.span.start as usize).min()?;
    let last = marks.iter().map(|mark| mark.place.span.end as usize).max()?.min(text.len());
    let start = line_start(text, first, AROUND)?;
    let end = line_end(text, last, AROUND)?;
    let window = text.get(start..end)?;
    if window.lines().any(|line| line.len() > LONGEST_LINE) {
        return None;
    }
    let line = 1 + text.get(..start)?.bytes().filter(|byte| *byte == b'\n').count();
    let mut drawn = Snippet::source(harmless(window)).line_start(line).path(escape(&source.path));
    for mark in marks {
        let span = mark.place.span.range();
        let (from, to) = (span.start.checked_sub(start)?, span.end.min(end).checked_sub(start)?);
        window.get(from..to)?;
        drawn = drawn.annotation(match mark.text {
            None => AnnotationKind::Primary.span(from..to),
            Some(text) => AnnotationKind::Context.span(from..to).label(escape(text)),
        });
    }
    Some(drawn)
}

/// A place without its text: a database file, or a file as a whole.
fn bare<'a>(group: Group<'a>, mark: &Mark<'_>) -> Group<'a> {
    let mut origin = Origin::path(escape(&mark.place.file));
    if !mark.place.span.is_empty() {
        origin = origin.line(mark.place.start.line as usize).char_column(mark.place.start.column as usize);
    }
    let group = group.element(origin);
    match mark.text {
        Some(text) => group.element(Level::NOTE.message(escape(text))),
        None => group,
    }
}

/// Where the line `above` lines before the one at the offset begins.
fn line_start(text: &str, offset: usize, above: usize) -> Option<usize> {
    let mut start = text.get(..offset)?.rfind('\n').map_or(0, |at| at + 1);
    for _ in 0..above {
        if start == 0 {
            break;
        }
        start = text.get(..start - 1)?.rfind('\n').map_or(0, |at| at + 1);
    }
    Some(start)
}

/// Where the line `below` lines after the one at the offset ends.
fn line_end(text: &str, offset: usize, below: usize) -> Option<usize> {
    let mut end = offset;
    for step in 0..=below {
        if step > 0 {
            end = (end + 1).min(text.len());
        }
        end += text.get(end..)?.find('\n').unwrap_or(text.len() - end);
    }
    Some(end)
}

/// The text with harmless letters of the same length in bytes for what a terminal obeys and the renderer lets through.
fn harmless(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|letter| ('\u{80}'..='\u{9f}').contains(&letter)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|letter| if ('\u{80}'..='\u{9f}').contains(&letter) { '·' } else { letter }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    fn drawn(findings: &[Finding]) -> String {
        let mut out = Vec::new();
        let judged = Judged { findings, ..Judged::default() };
        let look = Look { colour: false, width: Some(100) };
        check_full(&judged, &mut |file| sample::source(file), &look, false, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_offence_is_underlined_and_the_policy_quoted() {
        snapbox::assert_data_eq!(
            drawn(&sample::findings()),
            snapbox::str![[r#"
error[hardcoded-path]: the path `data/auth.db` is written into the code
  ╭▸ services/auth.py:3:11
  │
3 │ AUTH_DB = 'data/auth.db'
  │           ━━━━━━━━━━━━━━
  ┆
6 │     return sqlite3.connect(AUTH_DB)
  │                            ──────── opened here
  │
  ⸬  dbguard.toml:5:8
  │
5 │ path = "auth.db"
  │        ───────── retired here
  │
  ╰ help: read it from `DATABASE_PATH`

warning[dead-database]: nobody refers to `a/nb.db`
 ─▸ data/a/nb.db


"#]]
        );
    }

    #[test]
    fn places_beyond_the_limit_are_counted() {
        let mut finding = sample::findings().remove(0);
        finding.labels = vec![finding.labels[0].clone(); 9];
        assert!(drawn(&[finding]).contains("3 more places follow from it"));
    }

    #[test]
    fn spans_that_fit_no_text_do_no_harm() {
        let mut finding = sample::findings().remove(0);
        for (start, end) in [(0, 1), (0, 99_999), (99_999, 100_000), (31, 31), (5, 2)] {
            finding.place.span = crate::text::Span { start, end };
            assert!(drawn(std::slice::from_ref(&finding)).contains("hardcoded-path"));
        }
    }

    #[test]
    fn control_characters_of_a_source_are_not_drawn() {
        let source = Source::new("a.py", b"x = '\x9b31m\x1b[31m.db'".to_vec());
        let mark = sample::place(&source, "'\u{9b}31m\u{1b}[31m.db'");
        let mut finding = sample::findings().remove(1);
        finding.place = mark;
        let mut out = Vec::new();
        let judged = Judged { findings: &[finding], ..Judged::default() };
        let look = Look { colour: false, width: None };
        check_full(&judged, &mut |_| Some(source.clone()), &look, false, &mut out).unwrap();
        let page = String::from_utf8(out).unwrap();
        assert!(!page.contains(['\u{1b}', '\u{9b}']), "{page:?}");
    }
}
