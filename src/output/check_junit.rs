//! `check` as JUnit's XML: a suite for each file, a failed case for each finding.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::{Judged, severity_word};
use crate::finding::Finding;

/// Writes the findings as test results. A clean run is one case that passed, so that no reader finds an empty report.
pub fn check_junit(judged: &Judged<'_>, out: &mut dyn Write) -> io::Result<()> {
    let all = judged.findings.len();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<testsuites name="dbguard" tests="{}" failures="{all}" errors="0">"#, all.max(1))?;
    if all == 0 {
        writeln!(out, r#"  <testsuite name="dbguard" tests="1" failures="0" errors="0">"#)?;
        writeln!(out, r#"    <testcase name="no findings" classname="dbguard"/>"#)?;
        writeln!(out, "  </testsuite>")?;
    }
    for suite in judged.findings.chunk_by(|one, other| one.place.file == other.place.file) {
        let Some(first) = suite.first() else { continue };
        let file = xml(&judged.in_repository(&first.place.file));
        let count = suite.len();
        writeln!(out, r#"  <testsuite name="{file}" tests="{count}" failures="{count}" errors="0">"#)?;
        suite.iter().try_for_each(|finding| case(finding, &file, out))?;
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn case(finding: &Finding, file: &str, out: &mut dyn Write) -> io::Result<()> {
    let (line, column) = (finding.place.start.line, finding.place.start.column);
    let rule = xml(&finding.rule);
    let mut body = format!("{line}:{column} {}", finding.message);
    if let Some(help) = &finding.help {
        let _ = write!(body, "\nhelp: {help}");
    }
    let (message, kind) = (xml(&finding.message), severity_word(finding.severity));
    writeln!(out, r#"    <testcase name="{rule}:{line}:{column}" classname="{file}" file="{file}" line="{line}">"#)?;
    writeln!(out, r#"      <failure message="{message}" type="{kind}">{}</failure>"#, xml(&body))?;
    writeln!(out, "    </testcase>")
}

/// Text for an element or an attribute. What XML cannot hold at all is spelled out.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // As they are, a reader would make spaces of them.
            '\n' | '\r' | '\t' => {
                let _ = write!(out, "&#{};", u32::from(letter));
            }
            '\u{fffe}' | '\u{ffff}' => out.extend(letter.escape_default()),
            letter if letter.is_control() => out.extend(letter.escape_default()),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    fn written(findings: &[Finding]) -> String {
        let mut out = Vec::new();
        check_junit(&Judged { findings, ..Judged::default() }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_case_for_each_finding() {
        snapbox::assert_data_eq!(
            written(&sample::findings()),
            snapbox::str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="dbguard" tests="2" failures="2" errors="0">
  <testsuite name="services/auth.py" tests="1" failures="1" errors="0">
    <testcase name="hardcoded-path:3:11" classname="services/auth.py" file="services/auth.py" line="3">
      <failure message="the path `data/auth.db` is written into the code" type="error">3:11 the path `data/auth.db` is written into the code&#10;help: read it from `DATABASE_PATH`</failure>
    </testcase>
  </testsuite>
  <testsuite name="data/a&#10;b.db" tests="1" failures="1" errors="0">
    <testcase name="dead-database:1:1" classname="data/a&#10;b.db" file="data/a&#10;b.db" line="1">
      <failure message="nobody refers to `a&#10;b.db`" type="warning">1:1 nobody refers to `a&#10;b.db`</failure>
    </testcase>
  </testsuite>
</testsuites>

"#]]
        );
    }

    #[test]
    fn a_clean_run_is_a_case_that_passed() {
        assert!(written(&[]).contains(r#"<testcase name="no findings" classname="dbguard"/>"#));
    }

    #[test]
    fn what_xml_cannot_hold_is_spelled_out() {
        assert_eq!(xml("a<b>\u{1b}\"&'"), "a&lt;b&gt;\\u{1b}&quot;&amp;'");
    }
}
