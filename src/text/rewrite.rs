//! A text as edits make it, kept without the text: by the digest of what it was, and the edits. Reads no file.

use std::sync::Arc;

use super::edit::{Edit, apply};
use super::source::Source;

/// What is made of a file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// Of the bytes as they were; `None` where there was no file.
    before: Option<u64>,
    edits: Arc<[Edit]>,
}

/// A content before and after.
#[derive(Debug, Clone)]
pub struct Rewritten {
    /// `None` where there was no file.
    pub before: Option<Vec<u8>>,
    pub after: Vec<u8>,
}

impl Rewrite {
    /// `before` is the digest of the bytes that the edits are meant for.
    #[must_use]
    pub fn new(before: Option<u64>, edits: impl Into<Arc<[Edit]>>) -> Self {
        Self { before, edits: edits.into() }
    }

    /// In order of place.
    #[must_use]
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// There was no file.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// Both contents, from the one of today; `None` where that is not what the edits are meant for.
    #[must_use]
    pub fn of(&self, path: &Arc<str>, now: Option<Vec<u8>>) -> Option<Rewritten> {
        let source = Source::new(Arc::clone(path), now.clone().unwrap_or_default());
        if now.as_ref().map(|_| source.digest) != self.before {
            return None;
        }
        let after = source.encode(&apply(&source.text, &self.edits).ok()?).ok()?;
        Some(Rewritten { before: now, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    #[test]
    fn edits_are_made_of_the_content_they_are_meant_for_only() {
        let before = b"\xEF\xBB\xBFP = 'caf\xc3\xa9.db'\r\n".to_vec();
        let path: Arc<str> = "a.py".into();
        let source = Source::new(Arc::clone(&path), before.clone());
        let rewrite = Rewrite::new(Some(source.digest), vec![Edit::replace(Span::new(5, 13), "x")]);
        let made = rewrite.of(&path, Some(before.clone())).unwrap();
        assert_eq!((made.before, made.after), (Some(before), b"\xEF\xBB\xBFP = 'x'\r\n".to_vec()));
        assert!(rewrite.of(&path, Some(b"P = 'other.db'\n".to_vec())).is_none());
        assert!(rewrite.of(&path, None).is_none());
        let new = Rewrite::new(None, vec![Edit::insert(0, "/a.db\n")]);
        assert_eq!(new.of(&path, None).unwrap().after, b"/a.db\n");
        assert!(new.of(&path, Some(Vec::new())).is_none());
    }
}
