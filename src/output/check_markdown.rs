//! `check` as a page of Markdown that a step's summary can hold.

use std::io::{self, Write};

use super::markup::{code, text};
use super::{Judged, Look, by_severity, severity_word, verdict};

/// GitHub drops a summary of more than a mebibyte whole.
const BUDGET: usize = 900 * 1024;
/// Kept for the sentence that says what was cut.
const RESERVE: usize = 512;

/// Writes a table of the findings, the most severe first, cut after a whole row where it would grow too long.
pub fn check_markdown(judged: &Judged<'_>, out: &mut dyn Write) -> io::Result<()> {
    within(judged, BUDGET, out)
}

/// `budget` is in bytes of UTF-8.
fn within(judged: &Judged<'_>, budget: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut page = format!("## dbguard\n\n{}\n", verdict(judged.findings, &Look { colour: false, width: None }));
    if !judged.findings.is_empty() {
        page.push_str("\n| Severity | Rule | Place | What is wrong |\n| --- | --- | --- | --- |\n");
    }
    for (index, finding) in by_severity(judged.findings, |it| it).into_iter().enumerate() {
        let place = format!("{}:{}", judged.in_repository(&finding.place.file), finding.place.start.line);
        let help = finding.help.as_ref().map_or_else(String::new, |help| format!("; {}", prose(help)));
        let row = format!(
            "| {} | {} | {} | {}{help} |\n",
            severity_word(finding.severity),
            code(&finding.rule),
            code(&place),
            prose(&finding.message),
        );
        if page.len() + row.len() + RESERVE > budget {
            let left = judged.findings.len() - index;
            page.push_str(&format!("\n{left} more are not shown here: `--output json=FILE` writes them all.\n"));
            break;
        }
        page.push_str(&row);
    }
    out.write_all(page.as_bytes())
}

/// A message as it is written on cards: text with code between backticks.
fn prose(words: &str) -> String {
    let pieces: Vec<&str> = words.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return text(words);
    }
    let marked = pieces.iter().enumerate();
    marked.map(|(index, piece)| if index % 2 == 1 { code(piece) } else { text(piece) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;
    use crate::output::sample;

    fn written(findings: &[Finding], budget: usize) -> String {
        let mut out = Vec::new();
        within(&Judged { findings, ..Judged::default() }, budget, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_row_for_each_finding() {
        snapbox::assert_data_eq!(
            written(&sample::findings(), BUDGET),
            snapbox::str![[r#"
## dbguard

1 error, 1 warning in 2 files.

| Severity | Rule | Place | What is wrong |
| --- | --- | --- | --- |
| error | `hardcoded-path` | `services/auth.py:3` | the path `data/auth.db` is written into the code; read it from `DATABASE_PATH` |
| warning | `dead-database` | `data/a/nb.db:1` | nobody refers to `a/nb.db` |

"#]]
        );
        assert_eq!(written(&[], BUDGET), "## dbguard\n\nNo findings.\n");
    }

    #[test]
    fn a_page_within_its_bytes_ends_at_a_whole_row_and_says_what_is_left() {
        let mut finding = sample::findings().remove(0);
        finding.message = "数据库 ".repeat(20).into();
        let findings = vec![finding; 200];
        for budget in [2_000, 2_001, 2_002, 2_003, 20_000] {
            let page = written(&findings, budget);
            assert!(page.len() <= budget, "{}", page.len());
            let rows = page.lines().filter(|line| line.starts_with("| error")).count();
            assert!(rows > 0 && page.lines().filter(|line| line.starts_with('|')).all(|line| line.ends_with(" |")));
            assert!(page.contains(&format!("\n{} more are not shown", 200 - rows)), "{page}");
        }
    }
}
