//! The baseline: findings that were accepted once. It takes them out of a report, and tells of what grew and of what is gone.
//!
//! Findings are known again by their fingerprint and their file, never by a line. A file may have been renamed; any other
//! file is another one.

mod file;

use std::collections::{BTreeMap, BTreeSet};

use super::{Options, Report, among};
use crate::finding::{Finding, Fingerprint, Label};
use crate::policy::Policy;
use crate::rules::{self, Sink, Stale};
use crate::scan::Inventory;
use crate::text::Place;

pub use file::{Broken, date, parse};

/// Year, month, day.
pub type Date = (u16, u8, u8);

/// `.dbguard-baseline.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// As reports name it.
    pub file: String,
    /// The last day on which it holds.
    pub expires: Option<(Date, Place)>,
    pub entries: Vec<Entry>,
}

/// Findings of one file that say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub fingerprint: String,
    /// Of the fingerprint within the baseline.
    pub place: Place,
    pub rule: String,
    pub file: String,
    /// How many findings are accepted.
    pub count: u32,
    /// How many places these findings have in sources, with all that follows from them.
    pub places: u32,
    /// The file is a database, which need not be everywhere where the sources are.
    pub on_disk: bool,
    /// The finding in words, for people.
    pub what: Option<String>,
    /// Why it was accepted; written by people and kept.
    pub why: Option<String>,
}

/// What is there to hold a baseline against.
pub struct Present<'a> {
    pub inventory: &'a Inventory,
    pub policy: &'a Policy,
    pub options: &'a Options,
    /// New names of files, by old name.
    pub renames: &'a BTreeMap<String, String>,
    pub today: Date,
    /// The report is about all of the tree, so that an entry without its finding is stale.
    pub whole: bool,
    /// How many findings of a file and a fingerprint are there beside those of the report, which is about a change then.
    pub already: BTreeMap<(String, String), usize>,
}

/// What became of a baseline.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    pub added: u32,
    pub removed: u32,
}

/// Findings that say the same in one file.
type Groups<'a> = BTreeMap<(&'a str, &'a str), Vec<usize>>;

fn groups<'a>(report: &'a Report, fingerprints: &'a [Fingerprint]) -> Groups<'a> {
    let mut groups: Groups<'a> = BTreeMap::new();
    for (index, (finding, fingerprint)) in report.findings.iter().zip(fingerprints).enumerate() {
        if finding.rule != rules::STALE {
            groups.entry((&finding.place.file, fingerprint.as_str())).or_default().push(index);
        }
    }
    groups
}

impl Baseline {
    /// Takes accepted findings out of the report and puts in what is stale. `fingerprints` are those of the findings, before
    /// and after. Returns how many were accepted.
    pub fn accept(&self, report: &mut Report, fingerprints: &mut Vec<Fingerprint>, present: &Present<'_>) -> usize {
        let mut stale = Vec::new();
        let mut accepted: BTreeSet<usize> = BTreeSet::new();
        let mut grown: Vec<(usize, Label)> = Vec::new();
        match &self.expires {
            Some((day, place)) if *day < present.today => {
                stale.push(Stale::Expired { place: place.clone(), day: words(*day) });
            }
            _ => {
                let groups = groups(report, fingerprints);
                for entry in self.merged() {
                    let file = present.now(&entry);
                    let group = groups.get(&(file, entry.fingerprint.as_str())).map_or(&[][..], Vec::as_slice);
                    let already = present.already.get(&(file.to_owned(), entry.fingerprint.clone())).copied();
                    let count = (entry.count as usize).saturating_sub(already.unwrap_or(0));
                    let places: u32 = group.iter().filter_map(|at| report.findings.get(*at)).map(places).sum();
                    // Where there are more, nobody can say which is the new one: the later are told.
                    let keep =
                        if group.len() > count { group.len() - count } else { usize::from(places > entry.places) };
                    let (taken, kept) = group.split_at(group.len() - keep);
                    accepted.extend(taken);
                    let text = if group.len() > count {
                        format!("the baseline accepts {count} like this, there are {}", group.len())
                    } else {
                        format!("the baseline accepts it in {}, it is in {places}", counted(entry.places))
                    };
                    grown.extend(
                        kept.iter().map(|at| (*at, Label { place: entry.place.clone(), text: text.as_str().into() })),
                    );
                    if group.len() < count && present.can_tell(report, &entry) {
                        let Entry { place, rule, .. } = entry.clone();
                        stale.push(match group.len() {
                            0 => Stale::Gone { place, rule, file: file.to_owned() },
                            left => Stale::Fewer { place, rule, file: file.to_owned(), count, left },
                        });
                    }
                }
            }
        }
        for (at, label) in grown {
            if let Some(finding) = report.findings.get_mut(at) {
                finding.labels.push(label);
            }
        }
        retain(&mut report.findings, &accepted);
        retain(fingerprints, &accepted);
        tell(stale, report, fingerprints, present);
        report.count();
        accepted.len()
    }

    /// What the baseline becomes: without what is gone, under the files' new names; with what is new where that is wanted.
    #[must_use]
    pub fn updated(&self, report: &Report, prints: &[Fingerprint], present: &Present<'_>, accept_new: bool) -> Self {
        let groups = groups(report, prints);
        let mut entries: BTreeMap<(String, String), Entry> = BTreeMap::new();
        for mut entry in self.merged() {
            entry.file = present.now(&entry).to_owned();
            let left = groups.get(&(entry.file.as_str(), entry.fingerprint.as_str())).map_or(0, Vec::len);
            if left == 0 && present.can_tell(report, &entry) {
                continue;
            }
            if left > 0 {
                entry.count = entry.count.min(clamp(left));
            }
            entries.insert((entry.file.clone(), entry.fingerprint.clone()), entry);
        }
        for ((file, fingerprint), group) in groups {
            let key = (file.to_owned(), fingerprint.to_owned());
            let findings: Vec<&Finding> = group.iter().filter_map(|at| report.findings.get(*at)).collect();
            let Some(first) = findings.first() else { continue };
            let places = findings.iter().map(|finding| self::places(finding)).sum();
            match entries.get_mut(&key) {
                Some(entry) => {
                    if accept_new {
                        entry.count = clamp(group.len());
                    }
                    entry.places = if accept_new { places } else { entry.places.min(places) };
                    entry.what = Some(first.message.to_string());
                }
                None if accept_new => {
                    let entry = Entry {
                        fingerprint: fingerprint.to_owned(),
                        place: Place::whole(self.file.as_str().into()),
                        rule: first.rule.clone(),
                        file: file.to_owned(),
                        count: clamp(group.len()),
                        places,
                        on_disk: is_on_disk(first, present.inventory),
                        what: Some(first.message.to_string()),
                        why: None,
                    };
                    entries.insert(key, entry);
                }
                None => {}
            }
        }
        Self { file: self.file.clone(), expires: self.expires.clone(), entries: entries.into_values().collect() }
    }

    /// How many findings more and fewer another baseline accepts.
    #[must_use]
    pub fn change(&self, to: &Self, renames: &BTreeMap<String, String>) -> Change {
        let counts = |baseline: &Self| {
            let mut counts: BTreeMap<(String, String), u32> = BTreeMap::new();
            for entry in baseline.merged() {
                let file = renames.get(&entry.file).unwrap_or(&entry.file).clone();
                *counts.entry((file, entry.fingerprint)).or_default() += entry.count;
            }
            counts
        };
        let (old, new) = (counts(self), counts(to));
        let more = |one: &BTreeMap<_, u32>, other: &BTreeMap<_, u32>| {
            one.iter().map(|(key, count)| count.saturating_sub(other.get(key).copied().unwrap_or(0))).sum()
        };
        Change { added: more(&new, &old), removed: more(&old, &new) }
    }

    /// How many findings it accepts.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.merged().iter().map(|entry| entry.count).sum()
    }

    /// One entry for each fingerprint of a file: a merge of two branches may have written one twice.
    fn merged(&self) -> Vec<Entry> {
        let mut entries: BTreeMap<(&str, &str), Entry> = BTreeMap::new();
        for entry in &self.entries {
            let key = (entry.file.as_str(), entry.fingerprint.as_str());
            let one = entries.entry(key).or_insert_with(|| entry.clone());
            one.count = one.count.max(entry.count);
            one.places = one.places.max(entry.places);
        }
        entries.into_values().collect()
    }
}

impl Present<'_> {
    /// What an entry's file is called today.
    fn now<'e>(&'e self, entry: &'e Entry) -> &'e str {
        self.renames.get(&entry.file).unwrap_or(&entry.file)
    }

    /// Whether the absence of an entry's finding means anything: its rule was asked, its file was among those asked for,
    /// and a database that lies on some machines only is here.
    fn can_tell(&self, report: &Report, entry: &Entry) -> bool {
        let file = self.now(entry);
        let known = rules::card(&entry.rule).is_some();
        let is_here = || {
            let files = self.inventory.databases.iter().filter_map(|database| database.file.as_ref());
            files.into_iter().any(|it| it.path == file)
        };
        self.whole
            && (!known || report.asked.contains(&entry.rule.as_str()))
            && among(file, &self.options.paths)
            && (!entry.on_disk || is_here())
    }
}

/// Adds findings about the baseline itself, where that rule is asked.
fn tell(stale: Vec<Stale>, report: &mut Report, fingerprints: &mut Vec<Fingerprint>, present: &Present<'_>) {
    let Some(card) = rules::card(rules::STALE).filter(|card| report.asked.contains(&card.id)) else { return };
    let set = present.policy.rules.get(card.id).and_then(|severity| severity.value);
    let before = report.findings.len();
    let mut sink = Sink::new(card, set.unwrap_or(card.severity), present.inventory, &mut report.findings);
    rules::report_stale(stale, &mut sink);
    for finding in report.findings.iter().skip(before) {
        fingerprints.push(Fingerprint::of(finding, &finding.message, None));
    }
}

fn is_on_disk(finding: &Finding, inventory: &Inventory) -> bool {
    finding.place.span.is_empty() && !inventory.sources.iter().any(|source| *source.path == *finding.place.file)
}

/// The place of a finding and those that follow from it; the policy's line is none of them.
fn places(finding: &Finding) -> u32 {
    let follows = |label: &&Label| !label.place.span.is_empty() && !label.place.file.ends_with(".toml");
    1 + clamp(finding.labels.iter().filter(follows).count())
}

fn counted(places: u32) -> String {
    if places == 1 { "1 place".to_owned() } else { format!("{places} places") }
}

fn clamp(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// `2026-12-31`.
fn words((year, month, day): Date) -> String {
    format!("{year:04}-{month:02}-{day:02}")
}

fn retain<T>(list: &mut Vec<T>, without: &BTreeSet<usize>) {
    let mut index = 0;
    list.retain(|_| {
        index += 1;
        !without.contains(&(index - 1))
    });
}
