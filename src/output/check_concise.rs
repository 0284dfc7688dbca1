//! `check` in a line per finding: `file:line:column: error[rule] message`, as editors and `grep` know it.

use std::io::{self, Write};

use super::look::{BAD, CAUTION, HEADING, NAME, escape};
use super::{Judged, Look};
use crate::finding::Severity;

/// Writes a line for each finding.
pub fn check_concise(judged: &Judged<'_>, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    for finding in judged.findings {
        let place = &finding.place;
        let (style, word) = match finding.severity {
            Severity::Error => (BAD, "error"),
            Severity::Warning => (CAUTION, "warning"),
            Severity::Note => (NAME, "note"),
        };
        writeln!(
            out,
            "{}:{}:{}: {} {}",
            look.paint(HEADING, &escape(&place.file)),
            place.start.line,
            place.start.column,
            look.paint(style, &format!("{word}[{}]", finding.rule)),
            escape(&finding.message),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    #[test]
    fn one_line_for_each_whatever_the_path_holds() {
        let mut out = Vec::new();
        let findings = sample::findings();
        let judged = Judged { findings: &findings, ..Judged::default() };
        check_concise(&judged, &Look { colour: false, width: None }, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "services/auth.py:3:11: error[hardcoded-path] the path `data/auth.db` is written into the code\n\
             data/a\\nb.db:1:1: warning[dead-database] nobody refers to `a\\nb.db`\n"
        );
    }
}
