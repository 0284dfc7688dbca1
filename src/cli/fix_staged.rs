//! `dbguard fix --staged`: which fixes the index can take as well as the work tree. Decides nothing else about a fix.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::Session;
use super::change::trouble;
use super::failure::Failure;
use super::fix::{below_top, unified};
use crate::finding::Fix;
use crate::fix::{Left, Patches, Unsaved};
use crate::output::escape;
use crate::text::{Edit, Source, apply, diff};
use crate::tree::{Blob, Blobs, GitError, LARGEST_TEXT, Oid, Repository};

/// The files that the next commit changes.
pub(super) struct Staged<'r> {
    repository: &'r Repository,
    blobs: Blobs<'r>,
    contents: BTreeMap<String, Oid>,
    texts: RefCell<HashMap<Oid, Option<Vec<u8>>>>,
    /// What the index is to take, by file: once the work tree is written, nothing tells any more what it was.
    patches: RefCell<BTreeMap<Arc<str>, Vec<u8>>>,
    /// Patches of fixes that the index cannot take.
    apart: RefCell<Vec<u8>>,
}

impl<'r> Staged<'r> {
    pub(super) fn of(repository: &'r Repository) -> Result<Self, GitError> {
        let changes = repository.staged(None).finish()?;
        let items = changes.into_iter().filter_map(|change| change.after);
        Ok(Self {
            repository,
            blobs: Blobs::of(repository),
            contents: items.map(|item| (item.path.to_string(), item.oid)).collect(),
            texts: RefCell::default(),
            patches: RefCell::default(),
            apart: RefCell::default(),
        })
    }

    fn root(&self) -> &Path {
        self.repository.root()
    }

    /// Whether the index holds the lines that a fix is about, and those around them, as the work tree does. Where it does not,
    /// the fix is kept as a patch to show. A file that is not staged is no matter of ours, and is left out later.
    pub(super) fn holds(&self, fix: &Fix, source: &Source) -> bool {
        let Some(oid) = self.contents.get(&*source.path) else { return true };
        let mut texts = self.texts.borrow_mut();
        let held = texts.entry(oid.clone()).or_insert_with(|| match self.blobs.one(oid, LARGEST_TEXT) {
            Ok(Blob::Whole(bytes)) => Some(bytes),
            _ => None,
        });
        let Some(held) = held else { return false };
        let Ok(now) = std::fs::read(self.root().join(&*source.path)) else { return false };
        // In a later round the text is one that dbguard made of lines that were held.
        if *held == now || Source::new(&*source.path, now).digest != source.digest {
            return true;
        }
        let held = Source::new(&*source.path, held.clone());
        let edits: Vec<Edit> = fix.edits.iter().map(|edit| edit.edit.clone()).collect();
        let line = |at: u32| source.text.bytes().take(at as usize).filter(|byte| *byte == b'\n').count();
        let is_held = edits.iter().all(|edit| {
            diff::holds(held.text.as_bytes(), source.text.as_bytes(), line(edit.span.start), line(edit.span.end))
        });
        if !is_held && let Ok(after) = apply(&source.text, &edits) {
            let name = below_top(self.root(), &source.path);
            self.apart.borrow_mut().extend(diff::unified(&name, Some(source.text.as_bytes()), after.as_bytes()));
        }
        is_held
    }

    /// Leaves out what is not about staged files, and files whose patch the index refuses after all.
    pub(super) fn keep(&self, patches: &mut Patches) -> Result<(), Failure> {
        patches.patches.retain(|patch| self.contents.contains_key(&*patch.file));
        patches.left.retain(|left| self.contents.contains_key(&*left.finding.place.file));
        let mut kept = Vec::new();
        for patch in std::mem::take(&mut patches.patches) {
            let Some(text) = unified(self.root(), &patch) else { continue };
            let file = Arc::clone(&patch.file);
            if self.repository.patch_index(&text, true).map_err(|error| trouble(&error, self.root()))? {
                kept.push(patch);
                self.patches.borrow_mut().insert(file, text);
                continue;
            }
            self.apart.borrow_mut().extend(text);
            patches.left.extend(patch.done.into_iter().map(|done| Left {
                finding: done.finding,
                reason: Some("the index holds other lines there".to_owned()),
                needs: None,
            }));
        }
        patches.patches = kept;
        patches.left.sort_by(|one, other| one.finding.place.cmp(&other.finding.place));
        Ok(())
    }

    /// The fixes that were not made, as patches.
    pub(super) fn apart(&self) -> Vec<u8> {
        self.apart.borrow().clone()
    }

    /// Writes to the index what was written to the work tree.
    pub(super) fn save(&self, patches: &Patches, unsaved: &[Unsaved], session: &Session<'_>) -> Result<(), Failure> {
        let made = self.patches.borrow();
        for patch in patches.patches.iter().filter(|patch| !unsaved.iter().any(|it| *it.file == *patch.file)) {
            let text = made.get(&patch.file).map_or(&[][..], Vec::as_slice);
            if !self.repository.patch_index(text, false).map_err(|error| trouble(&error, self.root()))? {
                session.warn(&format!("{} is mended, but not in the index: `git add` it", escape(&patch.file)));
            }
        }
        Ok(())
    }
}
