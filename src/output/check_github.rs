//! `check` as GitHub's workflow commands: annotations in a pull request, and the whole list in the step's log.
//!
//! A step may have ten annotations of each severity, and the rest is dropped without a word. So findings of one file and
//! one database share one, the most severe come first, and the last one says how many there are more.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::{Judged, Look, by_severity, check_concise, severity_word};
use crate::finding::{Finding, Severity};

/// Annotations of one severity that a step may have.
const ANNOTATIONS: usize = 10;
/// Findings that one annotation spells out.
const SPELLED_OUT: usize = 10;

/// Writes annotations, and after them a line for each finding where the annotations do not tell them all.
pub fn check_github(judged: &Judged<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut whole = true;
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let groups = groups(judged.findings, severity);
        let (shown, left) = groups.split_at(groups.len().min(ANNOTATIONS));
        let left: usize = left.iter().map(Vec::len).sum();
        for (index, group) in shown.iter().enumerate() {
            let more = if index + 1 == shown.len() { left } else { 0 };
            whole &= group.len() == 1 && more == 0;
            annotate(judged, group, more, out)?;
        }
    }
    if whole { Ok(()) } else { list(judged, out) }
}

/// Findings by what they share an annotation for: the file, and the database or else the rule. A group stands where its
/// first finding stands, and is as severe as its most severe one.
fn groups(findings: &[Finding], severity: Severity) -> Vec<Vec<&Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut index: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for finding in by_severity(findings, |it| it) {
        let about = finding.database.as_deref().unwrap_or(&finding.rule);
        let at = *index.entry((&finding.place.file, about)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups.retain(|group| group.first().is_some_and(|first| first.severity == severity));
    groups
}

fn annotate(judged: &Judged<'_>, group: &[&Finding], more: usize, out: &mut dyn Write) -> io::Result<()> {
    let Some((first, others)) = group.split_first() else { return Ok(()) };
    let command = match first.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let place = &first.place;
    let mut properties = format!("file={}", property(&judged.in_repository(&place.file)));
    let _ = write!(properties, ",line={}", place.start.line);
    // Columns mean something within one line only.
    if place.start.line == place.end.line && !place.span.is_empty() {
        let _ = write!(properties, ",col={},endColumn={}", place.start.column, place.end.column);
    } else if place.start.line < place.end.line {
        let _ = write!(properties, ",endLine={}", place.end.line);
    }
    let mut message = first.message.to_string();
    if let Some(help) = &first.help {
        let _ = write!(message, "\nhelp: {help}");
    }
    for other in others.iter().take(SPELLED_OUT) {
        let word = severity_word(other.severity);
        let _ = write!(message, "\nline {}: {word}[{}] {}", other.place.start.line, other.rule, other.message);
    }
    if others.len() > SPELLED_OUT {
        let _ = write!(message, "\nand {} more in this file", others.len() - SPELLED_OUT);
    }
    if more > 0 {
        let _ = write!(message, "\n{more} more of this severity in other places: the log of this step has them all");
    }
    writeln!(
        out,
        "::{command} {properties},title={}::{}",
        property(&format!("dbguard[{}]", first.rule)),
        data(&message)
    )
}

/// Every finding in a line. What stands there is not for the runner to obey, whatever a file is called.
fn list(judged: &Judged<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = Vec::new();
    check_concise(judged, &Look { colour: false, width: None }, &mut lines)?;
    // No text holds its own hash.
    let token = blake3::hash(&lines).to_hex();
    writeln!(out, "::stop-commands::{token}")?;
    out.write_all(&lines)?;
    writeln!(out, "::{token}::")
}

/// What stands after the last `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands after a `=`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;
    use crate::text::{Place, Position, Source};

    fn written(findings: &[Finding]) -> String {
        let mut out = Vec::new();
        check_github(&Judged { findings, folder: "svc/", ..Judged::default() }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_annotation_for_each_file_and_database() {
        snapbox::assert_data_eq!(
            written(&sample::findings()),
            snapbox::str![[r#"
::error file=svc/services/auth.py,line=3,col=11,endColumn=25,title=dbguard[hardcoded-path]::the path `data/auth.db` is written into the code%0Ahelp: read it from `DATABASE_PATH`
::warning file=svc/data/a%0Ab.db,line=1,title=dbguard[dead-database]::nobody refers to `a%0Ab.db`

"#]]
        );
    }

    #[test]
    fn several_of_one_file_and_database_share_one_and_the_log_has_each() {
        let mut findings = vec![sample::findings().remove(0); 3];
        findings[1].severity = Severity::Warning;
        findings[1].place.start.line = 9;
        let text = written(&findings);
        assert_eq!(text.matches("::error ").count() + text.matches("::warning ").count(), 1, "{text}");
        assert!(text.contains("%0Aline 9: warning[hardcoded-path] the path"), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("services/auth.py:")).count(), 3, "{text}");
    }

    #[test]
    fn the_tenth_of_a_severity_says_how_many_there_are_more() {
        let mut findings = Vec::new();
        for severity in [Severity::Note, Severity::Warning] {
            for number in 0..14 {
                let mut finding = sample::findings().remove(0);
                finding.severity = severity;
                finding.place.file = format!("{severity:?}{number}.py").into();
                findings.push(finding);
            }
        }
        let text = written(&findings);
        let commands: Vec<&str> =
            text.lines().filter(|line| line.starts_with("::notice ") || line.starts_with("::warning ")).collect();
        assert_eq!(commands.len(), 20);
        assert!(commands[9].starts_with("::warning ") && commands[10].starts_with("::notice "));
        let told: Vec<usize> = (0..20).filter(|at| commands[*at].contains("4 more of this severity")).collect();
        assert_eq!(told, [9, 19]);
    }

    #[test]
    fn a_file_that_is_called_like_a_command_is_not_obeyed() {
        let mut findings = vec![sample::findings().remove(0); 2];
        for finding in &mut findings {
            finding.place.file = "::add-mask::x".into();
        }
        let text = written(&findings);
        let stopped = text.find("\n::stop-commands::").unwrap();
        let token = text[stopped..].lines().nth(1).unwrap().trim_start_matches("::stop-commands::").to_owned();
        assert!(text.find("\n::add-mask::x:3").unwrap() > stopped);
        assert!(text.ends_with(&format!("\n::{token}::\n")) && token.len() == 64);
    }

    #[test]
    fn columns_are_told_of_one_line_only() {
        let mut finding = sample::findings().remove(0);
        let source = Source::new("a.py", b"x = (\n'a.db')".to_vec());
        finding.place = Place { end: Position { line: 2, column: 4 }, ..sample::place(&source, "x = (\n'a") };
        let text = written(&[finding]);
        assert!(text.contains(",line=1,endLine=2,title="), "{text}");
    }
}
