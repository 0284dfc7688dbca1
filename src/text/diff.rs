//! Unified diffs that `git apply` takes, byte for byte. Knows no file on disk.

use std::ops::Range;

use similar::{Algorithm, ChangeTag, DiffOp, capture_diff_slices, group_diff_ops};

/// Lines around a change.
const CONTEXT: usize = 3;

/// The patch that makes `new` of `old`, for the file at `path` (relative to the repository's top, `/`-separated);
/// empty where they are the same. Without `old` the file is new. Lines end at `\n` and nowhere else, as git has it.
#[must_use]
pub fn unified(path: &str, old: Option<&[u8]>, new: &[u8]) -> Vec<u8> {
    if old == Some(new) {
        return Vec::new();
    }
    let is_new = old.is_none();
    let (old, new) = (lines(old.unwrap_or_default()), lines(new));
    let (a, b) = (quoted("a/", path), quoted("b/", path));
    // Git ends a name that holds a space with a tab, so that it is not cut there.
    let end = if path.contains(' ') && !a.starts_with('"') { "\t" } else { "" };
    let head = match is_new {
        true => "new file mode 100644\n--- /dev/null".to_owned(),
        false => format!("--- {a}{end}"),
    };
    let mut out = format!("diff --git {a} {b}\n{head}\n+++ {b}{end}\n").into_bytes();
    for group in group_diff_ops(capture_diff_slices(Algorithm::Myers, &old, &new), CONTEXT) {
        hunk(&group, &old, &new, &mut out);
    }
    out
}

/// Whether `new` holds its lines from `first` to `last` (0-based, both included) as `old` does, with the lines around them by
/// which a patch is placed.
#[must_use]
pub fn holds(old: &[u8], new: &[u8], first: usize, last: usize) -> bool {
    let (old, new) = (lines(old), lines(new));
    let (start, end) = (first.saturating_sub(CONTEXT), (last + 1 + CONTEXT).min(new.len()));
    capture_diff_slices(Algorithm::Myers, &old, &new).iter().any(|op| {
        let (was, is) = (op.old_range(), op.new_range());
        // Where the lines around run out, the patch says that the file begins or ends there.
        matches!(op, DiffOp::Equal { .. })
            && is.start <= start
            && end <= is.end
            && (first >= CONTEXT || was.start == is.start)
            && (last + CONTEXT < new.len() || old.len() - was.end == new.len() - is.end)
    })
}

fn hunk(group: &[DiffOp], old: &[&[u8]], new: &[&[u8]], out: &mut Vec<u8>) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
    let before = range(first.old_range().start..last.old_range().end);
    let after = range(first.new_range().start..last.new_range().end);
    out.extend_from_slice(format!("@@ -{before} +{after} @@\n").as_bytes());
    for change in group.iter().flat_map(|op| op.iter_changes(old, new)) {
        out.push(match change.tag() {
            ChangeTag::Equal => b' ',
            ChangeTag::Delete => b'-',
            ChangeTag::Insert => b'+',
        });
        out.extend_from_slice(change.value());
        if !change.value().ends_with(b"\n") {
            out.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

/// `start,length` as hunk headers have it: 1-based, and the line before where there is none.
fn range(lines: Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        length => format!("{},{length}", lines.start + 1),
    }
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// A name as git writes it: in quotes, with escapes, where it holds what would break the line.
fn quoted(side: &str, path: &str) -> String {
    if !path.bytes().any(|byte| byte < 0x20 || byte == 0x7f || byte == b'"' || byte == b'\\') {
        return format!("{side}{path}");
    }
    let mut out = format!("\"{side}");
    for letter in path.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            letter if letter.is_ascii_control() => out.push_str(&format!("\\{:03o}", u32::from(letter))),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(path: &str, old: &str, new: &str) -> String {
        String::from_utf8(unified(path, Some(old.as_bytes()), new.as_bytes())).unwrap()
    }

    #[test]
    fn a_patch_shows_three_lines_around() {
        assert_eq!(
            patch("a.py", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nX\n6\n7\n8\n9\n"),
            "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+X\n 6\n 7\n 8\n"
        );
        assert_eq!(patch("a.py", "1\n", "1\n"), "");
    }

    #[test]
    fn lines_are_held_with_those_around_them() {
        let new = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        for (old, first, last, expected) in [
            (new, 0, 8, true),
            ("1\n2\n3\n4\n5\n6\n7\n8\nX\n", 4, 4, true),
            ("1\n2\n3\n4\n5\n6\n7\n8\nX\n", 5, 5, false),
            ("X\n2\n3\n4\n5\n6\n7\n8\n9\n", 4, 8, true),
            ("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n", 3, 3, true),
            ("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n", 2, 2, false),
            ("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", 6, 6, false),
            ("", 0, 0, false),
        ] {
            assert_eq!(holds(old.as_bytes(), new.as_bytes(), first, last), expected, "{old:?} {first} {last}");
        }
    }

    #[test]
    fn line_ends_stay_what_they_are() {
        assert_eq!(
            patch("a.py", "1\r\n2\r3", "1\r\n2\r4"),
            "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n 1\r\n-2\r3\n\\ No newline at end of file\n+2\r4\n\\ No newline at end of file\n"
        );
    }

    #[test]
    fn odd_names_are_quoted() {
        assert!(patch("a b.py", "1\n", "2\n").contains("\n--- a/a b.py\t\n+++ b/a b.py\t\n"));
        assert!(patch("a\"\t.py", "1\n", "2\n").starts_with("diff --git \"a/a\\\"\\t.py\" \"b/a\\\"\\t.py\"\n"));
    }
}
