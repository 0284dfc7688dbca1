//! Edits of a text: what is put in the place of what. Knows no language and no file.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Span;

/// Puts `text` in the place of `span` of a source's decoded text; an empty span inserts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

impl Edit {
    #[must_use]
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    #[must_use]
    pub fn insert(at: u32, text: impl Into<String>) -> Self {
        Self { span: Span { start: at, end: at }, text: text.into() }
    }

    /// Both want the same bytes. Insertions that only touch another edit do not.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        if self == other {
            return false;
        }
        let (first, second) = if (self.span.start, self.span.end) <= (other.span.start, other.span.end) {
            (self.span, other.span)
        } else {
            (other.span, self.span)
        };
        second.start < first.end || (first == second && !first.is_empty())
    }
}

/// Two edits want the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// Where the second begins, in bytes.
    pub at: u32,
}

/// The text with every edit made. Identical edits are made once; insertions at one place keep the order they are given in.
pub fn apply(text: &str, edits: &[Edit]) -> Result<String, Overlap> {
    let mut seen = BTreeSet::new();
    let mut sorted: Vec<&Edit> = edits.iter().filter(|edit| seen.insert(*edit)).collect();
    sorted.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut out = String::with_capacity(text.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>());
    let mut done = 0;
    let mut before: Option<&Edit> = None;
    for edit in sorted {
        let refused = Overlap { at: edit.span.start };
        if before.is_some_and(|before| before.overlaps(edit)) {
            return Err(refused);
        }
        out.push_str(text.get(done..edit.span.range().start).ok_or(refused)?);
        out.push_str(&edit.text);
        done = edit.span.range().end;
        before = Some(edit);
    }
    out.push_str(text.get(done..).ok_or(Overlap { at: u32::MAX })?);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: usize, end: usize, text: &str) -> Edit {
        Edit::replace(Span::new(start, end), text)
    }

    #[test]
    fn edits_are_made_in_order_of_place() {
        let edits = [edit(4, 5, "E"), edit(0, 0, "<"), edit(1, 3, ""), edit(4, 5, "E"), edit(6, 6, ">")];
        assert_eq!(apply("abcdef", &edits).as_deref(), Ok("<adEf>"));
        assert_eq!(apply("abcdef", &[]).as_deref(), Ok("abcdef"));
        // Two insertions at one place, and an insertion before and after what is replaced.
        let edits = [edit(2, 2, "1"), edit(2, 2, "2"), edit(2, 4, "-"), edit(4, 4, "3")];
        assert_eq!(apply("abcdef", &edits).as_deref(), Ok("ab12-3ef"));
    }

    #[test]
    fn edits_that_want_the_same_bytes_are_refused() {
        for edits in [
            [edit(0, 3, "x"), edit(2, 4, "y")],
            [edit(0, 3, "x"), edit(0, 3, "y")],
            [edit(0, 4, "x"), edit(1, 2, "y")],
            [edit(0, 4, "x"), edit(2, 2, "y")],
        ] {
            assert!(apply("abcdef", &edits).is_err(), "{edits:?}");
        }
    }

    #[test]
    fn edits_that_do_not_fit_the_text_are_refused() {
        assert!(apply("aé", &[edit(2, 2, "x")]).is_err());
        assert!(apply("ab", &[edit(1, 9, "x")]).is_err());
    }
}
