//! A file while it is fixed: what was made of it so far, kept as edits; its text is read when it is asked for. Writes no file.

use std::path::Path;
use std::sync::Arc;

use super::compose::Composed;
use super::patch::{Done, Patch};
use super::propose::Proposal;
use crate::finding::{Finding, Fix};
use crate::lang::Language;
use crate::lang::write::parses_as_well;
use crate::text::{Edit, Place, Rewrite, Source, Span, apply};

/// What a fix is known by from round to round.
pub(super) type Key = [u8; 16];

/// What stays of a file from round to round.
pub(super) struct Work {
    file: Arc<str>,
    /// Of the bytes as they were; `None` where there was no file.
    before: Option<u64>,
    composed: Composed,
    rewrite: Rewrite,
    /// Of each edit of the rewrite.
    places: Vec<Place>,
    pub(super) done: Vec<Done>,
}

/// The file's text, while somebody works at it.
pub(super) struct Texts {
    original: Arc<Source>,
    pub(super) now: Arc<Source>,
}

impl Work {
    /// A file as it is; what it is in the end must have been made of that.
    pub(super) fn new(root: &Path, file: &Arc<str>) -> (Self, Texts) {
        let bytes = std::fs::read(root.join(&**file)).ok();
        let is_there = bytes.is_some();
        let original = Arc::new(Source::new(Arc::clone(file), bytes.unwrap_or_default()));
        let before = is_there.then_some(original.digest);
        let composed = Composed::new(original.text.len());
        let rewrite = Rewrite::new(before, Vec::new());
        let work = Self { file: Arc::clone(file), before, composed, rewrite, places: Vec::new(), done: Vec::new() };
        (work, Texts { now: Arc::clone(&original), original })
    }

    /// The file read once more; `None` where it has become another since.
    pub(super) fn texts(&self, root: &Path) -> Option<Texts> {
        let made = self.rewrite.of(&self.file, std::fs::read(root.join(&*self.file)).ok())?;
        let source = |bytes: Vec<u8>| Arc::new(Source::new(Arc::clone(&self.file), bytes));
        Some(Texts { original: source(made.before.unwrap_or_default()), now: source(made.after) })
    }

    pub(super) fn file(&self) -> &Arc<str> {
        &self.file
    }

    pub(super) fn rewrite(&self) -> &Rewrite {
        &self.rewrite
    }

    /// What a fix of this file is known by: what it says, and where that stood in the beginning.
    pub(super) fn key(&self, proposal: &Proposal<'_>, texts: &Texts) -> Key {
        let finding = proposal.finding;
        let start = finding.place.span.start;
        let is_here = *finding.place.file == *self.file;
        let origin = if is_here { self.composed.origin(start) } else { start };
        let title = proposal.fix.as_ref().map_or("", |fix| fix.title.as_str());
        let mut hasher = blake3::Hasher::new();
        for part in [
            &finding.place.file,
            finding.rule.as_str(),
            &finding.message,
            texts.now.slice(finding.place.span),
            title,
            texts.now.line(finding.place.start.line),
        ] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        hasher.update(&origin.to_le_bytes());
        let mut key = Key::default();
        hasher.finalize_xof().fill(&mut key);
        key
    }

    /// Makes as many of the fixes together as can be, and tells which would break the file.
    pub(super) fn make(&mut self, texts: &Texts, chosen: &[&Proposal<'_>], language: Language) -> Vec<(Key, String)> {
        let together = compatible(chosen);
        if attempt(texts, &together, language).is_ok() {
            self.keep(texts, &together);
            return Vec::new();
        }
        // One of them spoils it: each by itself, on top of those that did well.
        let mut kept: Vec<&Proposal<'_>> = Vec::new();
        let mut broken = Vec::new();
        for proposal in together {
            let with: Vec<&Proposal<'_>> = kept.iter().copied().chain([proposal]).collect();
            match attempt(texts, &with, language) {
                Ok(()) => kept = with,
                Err(words) => broken.push((self.key(proposal, texts), words)),
            }
        }
        if !kept.is_empty() {
            self.keep(texts, &kept);
        }
        broken
    }

    fn keep(&mut self, texts: &Texts, chosen: &[&Proposal<'_>]) {
        self.done.reserve_exact(chosen.len());
        for proposal in chosen {
            let Ok(fix) = &proposal.fix else { continue };
            let mut place = proposal.finding.place.clone();
            if *place.file == *self.file {
                let (start, end) = (self.composed.origin(place.span.start), self.composed.origin(place.span.end));
                place = texts.original.place(Span { start, end: end.max(start) });
            }
            let Fix { title, safety, why, edits: _ } = fix.clone();
            self.done.push(Done { finding: Finding { place, ..proposal.finding.clone() }, title, safety, why });
        }
        self.composed.edit(&edits_of(chosen));
        let mut edits = self.composed.edits(texts.original.text.len());
        edits.retain(|edit| texts.original.slice(edit.span) != edit.text);
        self.places = edits.iter().map(|edit| texts.original.place(edit.span)).collect();
        self.rewrite = Rewrite::new(self.before, edits);
    }

    pub(super) fn patch(self) -> Option<Patch> {
        let changes = !self.done.is_empty() && !self.rewrite.edits().is_empty();
        changes.then_some(Patch { file: self.file, rewrite: self.rewrite, places: self.places, done: self.done })
    }
}

fn attempt(texts: &Texts, chosen: &[&Proposal<'_>], language: Language) -> Result<(), String> {
    let text = apply(&texts.now.text, &edits_of(chosen)).map_err(|_| "two fixes want the same bytes".to_owned())?;
    if texts.original.encode(&text).is_err() {
        return Err("the file's encoding does not have the characters".to_owned());
    }
    if !parses_as_well(language, &texts.now.text, &text) {
        return Err("the file would not parse any more".to_owned());
    }
    Ok(())
}

fn edits_of(chosen: &[&Proposal<'_>]) -> Vec<Edit> {
    let mut seen = std::collections::BTreeSet::new();
    let edits = chosen.iter().filter_map(|it| it.fix.as_ref().ok()).flat_map(|fix| &fix.edits);
    edits.map(|it| it.edit.clone()).filter(|edit| seen.insert(edit.clone())).collect()
}

/// Those that do not want the same bytes as one before them; the others wait for the next round.
fn compatible<'c, 'p>(chosen: &[&'c Proposal<'p>]) -> Vec<&'c Proposal<'p>> {
    let mut kept: Vec<&Proposal<'_>> = Vec::new();
    let mut taken: Vec<Edit> = Vec::new();
    for &proposal in chosen {
        let edits = edits_of(&[proposal]);
        if edits.iter().any(|edit| taken.iter().any(|other| edit.overlaps(other))) {
            continue;
        }
        taken.extend(edits);
        kept.push(proposal);
    }
    kept
}
