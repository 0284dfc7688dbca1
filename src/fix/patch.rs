//! Fixes become patches: which fixes are made together, until there is nothing more to fix. Writes no file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::propose::{Moved, Proposal, proposals};
use super::work::{Key, Work};
use crate::check::Report;
use crate::finding::{Finding, Fix, Safety};
use crate::lang::Language;
use crate::policy::Policy;
use crate::scan::{Inventory, Overlay, with_threads};
use crate::text::{Edit, Place, Rewrite, Rewritten, Source};

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
    /// What it changes, in a line.
    pub title: String,
    pub safety: Safety,
    /// Why it is safe, or why it is not.
    pub why: String,
}

/// A finding that stays, with the reason where there is one.
#[derive(Debug, Clone)]
pub struct Left {
    pub finding: Finding,
    pub reason: Option<String>,
    /// It could be fixed, had that been asked for.
    pub needs: Option<Safety>,
}

/// What becomes of one file, told by its edits: of a thousand files a thousand texts would have to be held.
#[derive(Debug, Clone)]
pub struct Patch {
    pub file: Arc<str>,
    pub(super) rewrite: Rewrite,
    /// Of each edit, in the text as it was before.
    pub(super) places: Vec<Place>,
    pub done: Vec<Done>,
}

impl Patch {
    /// The edits in the text as it was before, with their places; they do not overlap.
    pub fn edits(&self) -> impl ExactSizeIterator<Item = (&Edit, &Place)> {
        self.rewrite.edits().iter().zip(&self.places)
    }

    #[must_use]
    pub fn rewrite(&self) -> &Rewrite {
        &self.rewrite
    }

    /// There was no file.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.rewrite.is_new()
    }

    /// The file's bytes before and after; `None` where it has become another since it was read.
    #[must_use]
    pub fn contents(&self, root: &Path) -> Option<Rewritten> {
        self.rewrite.of(&self.file, std::fs::read(root.join(&*self.file)).ok())
    }
}

/// What a run comes to.
#[derive(Debug, Clone, Default)]
pub struct Patches {
    /// In order of file.
    pub patches: Vec<Patch>,
    /// In order of place.
    pub left: Vec<Left>,
    /// Files that became others while they were read, and are left as they are.
    pub gone: BTreeSet<Arc<str>>,
}

/// What became of a proposal.
enum Fate {
    Decided(Verdict),
    /// The fix would spoil the file; how.
    Broken(String),
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
    let mut settled: BTreeMap<Key, Verdict> = BTreeMap::new();
    let mut broken: BTreeMap<Key, String> = BTreeMap::new();
    let mut gone: BTreeSet<Arc<str>> = BTreeSet::new();
    for round in 0.. {
        let (inventory, report) = look(&overlay)?;
        let sources: BTreeMap<&str, (u64, Language)> =
            inventory.sources.iter().map(|it| (it.path.as_str(), (it.digest, it.language))).collect();
        let source = |file: &str| {
            let now = match files.get(file) {
                Some(work) => work.texts(root).map(|texts| texts.now),
                None => std::fs::read(root.join(file)).ok().map(|bytes| Arc::new(Source::new(file, bytes))),
            };
            // As the inventory saw it.
            now.filter(|now| sources.get(file).is_none_or(|(digest, _)| *digest == now.digest))
        };
        let proposed = proposals(&inventory, policy, &report, moved, &source);
        let mut by_file: BTreeMap<&Arc<str>, Vec<(usize, &Proposal<'_>, &Fix)>> = BTreeMap::new();
        for (number, proposal) in proposed.iter().enumerate().filter(|_| round < ROUNDS) {
            let Ok(fix) = &proposal.fix else { continue };
            let Some(first) = fix.edits.first() else { continue };
            by_file.entry(&first.file).or_default().push((number, proposal, fix));
        }
        let mut fates: BTreeMap<usize, Fate> = BTreeMap::new();
        let mut changed = false;
        let mut making = Vec::new();
        by_file.retain(|file, _| !gone.contains(*file));
        for (file, proposed) in by_file {
            let texts = match files.get(file) {
                Some(work) => work.texts(root),
                None => {
                    let (work, texts) = Work::new(root, file);
                    files.insert(Arc::clone(file), work);
                    Some(texts)
                }
            };
            let (digest, language) = sources.get(&**file).copied().unzip();
            let texts = texts.filter(|texts| digest.is_none_or(|digest| digest == texts.now.digest));
            let (Some(work), Some(texts)) = (files.get(file), texts) else {
                gone.insert(Arc::clone(file));
                continue;
            };
            let mut chosen = Vec::new();
            for (number, proposal, fix) in proposed {
                let key = work.key(proposal, &texts);
                if let Some(words) = broken.get(&key) {
                    fates.insert(number, Fate::Broken(words.clone()));
                    continue;
                }
                let verdict = *settled.entry(key).or_insert_with(|| decide(proposal.finding, fix, &texts.now));
                fates.insert(number, Fate::Decided(verdict));
                if verdict == Verdict::Make {
                    chosen.push(proposal);
                }
            }
            if !chosen.is_empty() {
                making.push((Arc::clone(file), chosen, language.unwrap_or(Language::Other)));
            }
        }
        let making: Vec<_> = making
            .into_iter()
            .filter_map(|(file, chosen, language)| Some((files.remove(&file)?, chosen, language)))
            .collect();
        let make = |(mut work, chosen, language): (Work, Vec<&Proposal<'_>>, Language)| {
            let made = work.texts(root).map(|texts| work.make(&texts, &chosen, language));
            (work, made)
        };
        let made: Vec<_> = with_threads(0, || making.into_par_iter().map(make).collect());
        for (work, spoilt) in made {
            let file = Arc::clone(work.file());
            match spoilt {
                Some(spoilt) => {
                    broken.extend(spoilt);
                    let rewrite = work.rewrite();
                    changed |= overlay.insert(Arc::clone(&file), rewrite.clone()).as_ref() != Some(rewrite);
                }
                None => {
                    gone.insert(Arc::clone(&file));
                }
            }
            files.insert(file, work);
        }
        if !changed {
            let mut left = left(&report, &proposed, &fates, &files);
            left.retain(|left| !gone.contains(&left.finding.place.file));
            files.retain(|file, _| !gone.contains(file));
            return Ok(Patches { patches: files.into_values().filter_map(Work::patch).collect(), left, gone });
        }
    }
    Ok(Patches::default())
}

/// Findings that stay, with the reasons.
fn left(
    report: &Report,
    proposed: &[Proposal<'_>],
    fates: &BTreeMap<usize, Fate>,
    files: &BTreeMap<Arc<str>, Work>,
) -> Vec<Left> {
    let by_place: BTreeMap<(&Place, &str), usize> = proposed
        .iter()
        .enumerate()
        .map(|(number, it)| ((&it.finding.place, it.finding.rule.as_str()), number))
        .collect();
    let mut left = Vec::new();
    for finding in &report.findings {
        let number = by_place.get(&(&finding.place, finding.rule.as_str())).copied();
        let fix = number.and_then(|number| proposed.get(number)).map(|it| &it.fix);
        let (reason, needs) = match (fix, number.and_then(|number| fates.get(&number))) {
            (None, _) => (None, None),
            (Some(Err(reason)), _) => (Some(reason.clone()), None),
            (Some(Ok(_)), Some(Fate::Broken(words))) => (Some(words.clone()), None),
            (Some(Ok(fix)), Some(Fate::Decided(Verdict::TooUnsafe))) => (None, Some(fix.safety)),
            (Some(Ok(_)), Some(Fate::Decided(Verdict::NotStaged))) => {
                (Some("the index holds other lines there".to_owned()), None)
            }
            (Some(Ok(_)), Some(Fate::Decided(Verdict::Leave))) => (Some(DECLINED.to_owned()), None),
            (Some(Ok(_)), _) => (Some("fixing it goes round in circles".to_owned()), None),
        };
        // A line that was added to an ignore file is read by git, and not by the look that ended the run.
        let added = reason.as_deref().is_some_and(|words| words.ends_with(" already"))
            && files.values().any(|work| work.done.iter().any(|done| done.finding.message == finding.message));
        if !added {
            left.push(Left { finding: finding.clone(), reason, needs });
        }
    }
    left
}

/// Why a finding stays that somebody was asked about.
pub const DECLINED: &str = "left as it is, as you said";

/// Why a file is left as it is that somebody else changes.
pub(super) const CHANGED: &str = "it has changed since it was read: run the fix again";

/// A fix is made when it is safe, or when unsafe ones were asked for.
impl Verdict {
    #[must_use]
    pub fn by_safety(fix: &Fix, unsafe_too: bool) -> Self {
        if fix.safety == Safety::Safe || unsafe_too { Self::Make } else { Self::TooUnsafe }
    }
}
