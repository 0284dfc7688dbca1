//! Edits upon edits of one text, told as edits of the text as it was. Knows no file.

use std::ops::Range;

use crate::text::{Edit, Span};

/// A text in the making: runs of the original, and what was put between them.
#[derive(Debug, Clone)]
pub(super) struct Composed {
    runs: Vec<Run>,
}

#[derive(Debug, Clone)]
enum Run {
    /// Bytes of the original.
    Old(Range<usize>),
    New(String),
}

impl Run {
    fn len(&self) -> usize {
        match self {
            Self::Old(range) => range.len(),
            Self::New(text) => text.len(),
        }
    }

    /// In two, at an offset within it.
    fn cut(self, at: usize) -> (Self, Self) {
        match self {
            Self::Old(range) => (Self::Old(range.start..range.start + at), Self::Old(range.start + at..range.end)),
            Self::New(text) => {
                let (left, right) = text.split_at(at);
                (Self::New(left.to_owned()), Self::New(right.to_owned()))
            }
        }
    }
}

impl Composed {
    pub(super) fn new(length: usize) -> Self {
        Self { runs: vec![Run::Old(0..length)] }
    }

    /// Makes edits of the text as it stands now; they do not overlap.
    pub(super) fn edit(&mut self, edits: &[Edit]) {
        let mut sorted: Vec<&Edit> = edits.iter().collect();
        sorted.sort_by_key(|edit| (edit.span.start, edit.span.end));
        sorted.dedup();
        // From the end, so that what lies before keeps its place; of insertions at one place the last is made first.
        for edit in sorted.into_iter().rev() {
            let start = self.border(edit.span.range().start);
            let end = self.border(edit.span.range().end);
            let new = (!edit.text.is_empty()).then(|| Run::New(edit.text.clone()));
            self.runs.splice(start..end.max(start), new);
        }
    }

    /// The index of the first run at or behind an offset; a run that holds it is cut in two.
    fn border(&mut self, offset: usize) -> usize {
        let mut at = 0;
        for index in 0..self.runs.len() {
            if at >= offset {
                return index;
            }
            let length = self.runs[index].len();
            if offset < at + length {
                let (left, right) = self.runs[index].clone().cut(offset - at);
                self.runs.splice(index..=index, [left, right]);
                return index + 1;
            }
            at += length;
        }
        self.runs.len()
    }

    /// Where an offset of the text as it stands now was in the original, or what it was put in the place of.
    pub(super) fn origin(&self, offset: u32) -> u32 {
        let mut at = 0;
        let mut last = 0;
        for run in &self.runs {
            let length = run.len();
            if let Run::Old(range) = run {
                if (offset as usize) < at + length {
                    return Span::new(range.start + (offset as usize).saturating_sub(at), usize::MAX).start;
                }
                last = range.end;
            } else if (offset as usize) < at + length {
                break;
            }
            at += length;
        }
        Span::new(last, last).start
    }

    /// All of it as edits of the original.
    pub(super) fn edits(&self, length: usize) -> Vec<Edit> {
        let mut edits = Vec::new();
        let mut done = 0;
        let mut new = String::new();
        let whole = [Run::Old(length..length)];
        for run in self.runs.iter().filter(|run| run.len() > 0).chain(&whole) {
            match run {
                Run::New(text) => new.push_str(text),
                Run::Old(range) => {
                    if range.start > done || !new.is_empty() {
                        edits.push(Edit::replace(Span::new(done, range.start), std::mem::take(&mut new)));
                    }
                    done = range.end;
                }
            }
        }
        edits
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::apply;

    #[test]
    fn an_edit_of_an_edit_is_one_edit() {
        let mut composed = Composed::new(6);
        composed.edit(&[Edit::replace(Span::new(2, 4), "12345"), Edit::insert(0, "<")]);
        assert_eq!(composed.origin(0), 0);
        assert_eq!(composed.origin(9), 5);
        composed.edit(&[Edit::replace(Span::new(4, 6), "-")]);
        assert_eq!(composed.edits(6), [Edit::insert(0, "<"), Edit::replace(Span::new(2, 4), "1-45")], "{composed:?}");
    }

    proptest! {
        #[test]
        fn composed_edits_give_the_same_text(
            text in "[a-z]{0,20}",
            rounds in prop::collection::vec((0usize..30, 0usize..6, "[A-Z]{0,4}"), 0..6),
        ) {
            let mut composed = Composed::new(text.len());
            let mut now = text.clone();
            for (start, length, new) in rounds {
                let start = start.min(now.len());
                let end = (start + length).min(now.len());
                let edits = [Edit::replace(Span::new(start, end), new)];
                composed.edit(&edits);
                now = apply(&now, &edits).unwrap();
            }
            prop_assert_eq!(apply(&text, &composed.edits(text.len())).unwrap(), now);
        }
    }
}
