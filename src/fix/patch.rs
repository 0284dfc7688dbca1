//! Fixes become patches: which fixes are made together, until there is nothing more to fix. Writes no file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::compose::Composed;
use super::propose::{Moved, Proposal, proposals};
use crate::check::Report;
use crate::finding::{Finding, Fix, Safety};
use crate::lang::Language;
use crate::lang::write::parses_as_well;
use crate::policy::Policy;
use crate::scan::{Inventory, Overlay};
use crate::text::{Edit, Place, Source, apply};

/// A fix may bring another finding to light; real trees are through after three rounds.
const ROUNDS: usize = 10;

/// What is to be done with a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Make,
    Leave,
    /// Git's index holds other lines there.
    NotStaged,
    /// It would have to be asked for with `--unsafe`.
    TooUnsafe,
}

/// A fix that is made.
#[derive(Debug, Clone)]
pub struct Done {
    /// As it was found; its place is in the text as it was before, as far as it stood there.
    pub finding: Finding,
    pub fix: Fix,
}

/// A finding that stays, with the reason where there is one.
#[derive(Debug, Clone)]
pub struct Left {
    pub finding: Finding,
    pub reason: Option<String>,
    /// The fix that could be made, had it been asked for.
    pub fix: Option<Fix>,
}

/// What becomes of one file.
#[derive(Debug, Clone)]
pub struct Patch {
    pub file: Arc<str>,
    /// `None` where there was no file.
    pub before: Option<Vec<u8>>,
    pub after: Vec<u8>,
    /// In the text as it was before.
    pub edits: Vec<Edit>,
    pub done: Vec<Done>,
    /// The text as it was before.
    pub source: Arc<Source>,
}

/// What a run comes to.
#[derive(Debug, Clone, Default)]
pub struct Patches {
    /// In order of file.
    pub patches: Vec<Patch>,
    /// In order of place.
    pub left: Vec<Left>,
}

/// A file while it is fixed.
struct Work {
    before: Option<Vec<u8>>,
    original: Arc<Source>,
    now: Arc<Source>,
    composed: Composed,
    done: Vec<Done>,
}

/// Reads the tree with some of its files replaced, and checks it.
pub type Look<'a, E> = dyn FnMut(&Overlay) -> Result<(Inventory, Report), E> + 'a;

/// Looks, fixes and looks again, until nothing more is fixed. `look` reads the tree with some files replaced; `decide` says
/// which fixes are made.
pub fn patches<E>(
    root: &Path,
    policy: &Policy,
    moved: &Moved,
    look: &mut Look<'_, E>,
    decide: &mut dyn FnMut(&Finding, &Fix, &Source) -> Verdict,
) -> Result<Patches, E> {
    let mut files: BTreeMap<Arc<str>, Work> = BTreeMap::new();
    let mut overlay = Overlay::new();
    let mut settled: BTreeMap<String, Verdict> = BTreeMap::new();
    let mut broken: BTreeMap<String, String> = BTreeMap::new();
    for round in 0.. {
        let (inventory, report) = look(&overlay)?;
        let proposed = {
            let digests: BTreeMap<&str, u64> =
                inventory.sources.iter().map(|source| (source.path.as_str(), source.digest)).collect();
            let source = |file: &str| match files.get(file) {
                Some(work) => Some(Arc::clone(&work.now)),
                None => read(root, file, digests.get(file).copied()),
            };
            proposals(&inventory, policy, &report, moved, &source)
        };
        let languages: BTreeMap<&str, Language> =
            inventory.sources.iter().map(|source| (source.path.as_str(), source.language)).collect();
        let mut chosen: BTreeMap<Arc<str>, Vec<&Proposal>> = BTreeMap::new();
        for proposal in proposed.iter().filter(|_| round < ROUNDS) {
            let Ok(fix) = &proposal.fix else { continue };
            let Some(first) = fix.edits.first() else { continue };
            let work = files.entry(Arc::clone(&first.file)).or_insert_with(|| Work::new(root, &first.file));
            let key = work.key(proposal);
            if broken.contains_key(&key) {
                continue;
            }
            let verdict = *settled.entry(key).or_insert_with(|| decide(&proposal.finding, fix, &work.now));
            if verdict == Verdict::Make {
                chosen.entry(Arc::clone(&first.file)).or_default().push(proposal);
            }
        }
        let mut changed = false;
        for (file, chosen) in chosen {
            let Some(work) = files.get_mut(&file) else { continue };
            let language = languages.get(&*file).copied().unwrap_or(Language::Other);
            for (key, words) in work.make(&chosen, language) {
                broken.insert(key, words);
            }
            if let Ok(bytes) = work.now.encode(&work.now.text) {
                changed |= overlay.insert(Arc::clone(&file), bytes.clone().into()).as_deref() != Some(&bytes);
            }
        }
        if !changed {
            let left = left(&report, &proposed, &settled, &broken, &files);
            return Ok(Patches {
                patches: files.into_iter().filter_map(|(file, work)| work.patch(file)).collect(),
                left,
            });
        }
    }
    Ok(Patches::default())
}

/// A file as the inventory saw it; `None` where it has become another since.
fn read(root: &Path, file: &str, digest: Option<u64>) -> Option<Arc<Source>> {
    let source = Source::new(file, std::fs::read(root.join(file)).ok()?);
    digest.is_none_or(|digest| digest == source.digest).then(|| Arc::new(source))
}

/// Findings that stay, with the reasons.
fn left(
    report: &Report,
    proposed: &[Proposal],
    settled: &BTreeMap<String, Verdict>,
    broken: &BTreeMap<String, String>,
    files: &BTreeMap<Arc<str>, Work>,
) -> Vec<Left> {
    let by_place: BTreeMap<(&Place, &str), &Proposal> =
        proposed.iter().map(|it| ((&it.finding.place, it.finding.rule.as_str()), it)).collect();
    let mut left = Vec::new();
    for finding in &report.findings {
        let proposal = by_place.get(&(&finding.place, finding.rule.as_str()));
        let (reason, fix) = match proposal.map(|it| (&it.fix, it)) {
            None => (None, None),
            Some((Err(reason), _)) => (Some(reason.clone()), None),
            Some((Ok(fix), proposal)) => {
                let work = fix.edits.first().and_then(|edit| files.get(&edit.file));
                let key = work.map(|work| work.key(proposal)).unwrap_or_default();
                match (broken.get(&key), settled.get(&key)) {
                    (Some(words), _) => (Some(words.clone()), None),
                    (None, Some(Verdict::TooUnsafe)) => (None, Some(fix.clone())),
                    (None, Some(Verdict::NotStaged)) => (Some("the index holds other lines there".to_owned()), None),
                    (None, Some(Verdict::Leave)) => (Some("left as it is, as you said".to_owned()), None),
                    (None, _) => (Some("fixing it goes round in circles".to_owned()), None),
                }
            }
        };
        // A line that was added to an ignore file is read by git, and not by the look that ended the run.
        let added = reason.as_deref().is_some_and(|words| words.ends_with(" already"))
            && files.values().any(|work| work.done.iter().any(|done| done.finding.message == finding.message));
        if !added {
            left.push(Left { finding: finding.clone(), reason, fix });
        }
    }
    left
}

impl Work {
    fn new(root: &Path, file: &Arc<str>) -> Self {
        let before = std::fs::read(root.join(&**file)).ok();
        let original = Arc::new(Source::new(Arc::clone(file), before.clone().unwrap_or_default()));
        let composed = Composed::new(original.text.len());
        Self { before, now: Arc::clone(&original), original, composed, done: Vec::new() }
    }

    /// What a fix of this file is known by from round to round: what it says, and where that stood in the beginning.
    fn key(&self, proposal: &Proposal) -> String {
        let finding = &proposal.finding;
        let start = finding.place.span.start;
        let is_here = *finding.place.file == *self.original.path;
        let origin = if is_here { self.composed.origin(start) } else { start };
        let line = self.now.line(finding.place.start.line);
        let title = proposal.fix.as_ref().map_or("", |fix| fix.title.as_str());
        format!(
            "{}\n{}\n{}\n{}\n{title}\n{origin}\n{line}",
            finding.place.file,
            finding.rule,
            finding.message,
            self.now.slice(finding.place.span)
        )
    }

    /// Makes as many of the fixes together as can be, and tells which would break the file.
    fn make(&mut self, chosen: &[&Proposal], language: Language) -> Vec<(String, String)> {
        let together = compatible(chosen);
        if let Ok(text) = self.attempt(&together, language) {
            self.keep(&together, text);
            return Vec::new();
        }
        // One of them spoils it: each by itself, on top of those that did well.
        let mut kept: Vec<&Proposal> = Vec::new();
        let mut broken = Vec::new();
        for proposal in together {
            let with: Vec<&Proposal> = kept.iter().copied().chain([proposal]).collect();
            match self.attempt(&with, language) {
                Ok(_) => kept = with,
                Err(words) => broken.push((self.key(proposal), words)),
            }
        }
        if !kept.is_empty()
            && let Ok(text) = self.attempt(&kept, language)
        {
            self.keep(&kept, text);
        }
        broken
    }

    fn attempt(&self, chosen: &[&Proposal], language: Language) -> Result<String, String> {
        let text = apply(&self.now.text, &edits_of(chosen)).map_err(|_| "two fixes want the same bytes".to_owned())?;
        if self.original.encode(&text).is_err() {
            return Err("the file's encoding does not have the characters".to_owned());
        }
        if !parses_as_well(language, &self.now.text, &text) {
            return Err("the file would not parse any more".to_owned());
        }
        Ok(text)
    }

    fn keep(&mut self, chosen: &[&Proposal], text: String) {
        for proposal in chosen {
            let Ok(fix) = &proposal.fix else { continue };
            let mut finding = proposal.finding.clone();
            let span = finding.place.span;
            if *finding.place.file == *self.original.path {
                let (start, end) = (self.composed.origin(span.start), self.composed.origin(span.end));
                finding.place = self.original.place(crate::text::Span { start, end: end.max(start) });
            }
            self.done.push(Done { finding, fix: fix.clone() });
        }
        self.composed.edit(&edits_of(chosen));
        if let Ok(bytes) = self.original.encode(&text) {
            self.now = Arc::new(Source::new(Arc::clone(&self.original.path), bytes));
        }
    }

    fn patch(self, file: Arc<str>) -> Option<Patch> {
        let after = self.now.encode(&self.now.text).ok()?;
        if self.done.is_empty() || self.before.as_ref() == Some(&after) {
            return None;
        }
        let edits = self.composed.edits(self.original.text.len());
        Some(Patch { file, before: self.before, after, edits, done: self.done, source: self.original })
    }
}

fn edits_of(chosen: &[&Proposal]) -> Vec<Edit> {
    let mut seen = BTreeSet::new();
    let edits = chosen.iter().filter_map(|it| it.fix.as_ref().ok()).flat_map(|fix| &fix.edits);
    edits.map(|it| it.edit.clone()).filter(|edit| seen.insert(edit.clone())).collect()
}

/// Those that do not want the same bytes as one before them; the others wait for the next round.
fn compatible<'p>(chosen: &[&'p Proposal]) -> Vec<&'p Proposal> {
    let mut kept: Vec<&Proposal> = Vec::new();
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

/// A fix is made when it is safe, or when unsafe ones were asked for.
impl Verdict {
    #[must_use]
    pub fn by_safety(fix: &Fix, unsafe_too: bool) -> Self {
        if fix.safety == Safety::Safe || unsafe_too { Self::Make } else { Self::TooUnsafe }
    }
}
