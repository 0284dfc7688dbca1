//! A line more in an ignore file. Knows no rule.

use crate::finding::FileEdit;
use crate::text::{Edit, Source, Span};

/// The edit that adds `line` to an ignore file, which need not exist yet; the reason where it has the line already.
pub(super) fn line_added(file: &str, source: Option<&Source>, line: &str) -> Result<FileEdit, String> {
    let text = source.map_or("", |source| source.text.as_str());
    if text.lines().any(|it| it.trim() == line) {
        return Err(format!("{file} has `{line}` already"));
    }
    let line_end = if text.lines().count() > 0 && text.contains("\r\n") { "\r\n" } else { "\n" };
    let before = if text.is_empty() || text.ends_with('\n') { "" } else { line_end };
    let at = Span::new(text.len(), text.len());
    Ok(FileEdit { file: file.into(), edit: Edit::replace(at, format!("{before}{line}{line_end}")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_added_at_the_end() {
        for (text, expected) in [
            (None, Ok("/a.db\n")),
            (Some("x\n"), Ok("/a.db\n")),
            (Some("x"), Ok("\n/a.db\n")),
            (Some("x\r\ny\r\n"), Ok("/a.db\r\n")),
            (Some("x\n/a.db\n"), Err(".gitignore has `/a.db` already")),
        ] {
            let source = text.map(|text| Source::new(".gitignore", text.as_bytes().to_vec()));
            let added = line_added(".gitignore", source.as_ref(), "/a.db").map(|it| it.edit.text);
            assert_eq!(added.as_deref().map_err(String::as_str), expected, "{text:?}");
        }
    }
}
