//! Where judgements go: an offence names places and fills holes; the card turns it into words.

use std::collections::HashSet;
use std::sync::Arc;

use super::card::{Card, fill};
use crate::finding::{Finding, Label, Remedy, Severity};
use crate::scan::{DatabaseId, Inventory};
use crate::text::{Place, once};

/// What stands for each `{name}` of a card.
pub(super) type Holes = Vec<(&'static str, String)>;

/// What a judgement found, still without words.
#[derive(Debug, Clone)]
pub(crate) struct Offence {
    place: Place,
    holes: Holes,
    labels: Vec<(Place, &'static str, Holes)>,
    case: Option<&'static str>,
    database: Option<DatabaseId>,
    remedy: Option<Remedy>,
}

impl Offence {
    pub(super) fn at(place: &Place) -> Self {
        Self { place: place.clone(), holes: Vec::new(), labels: Vec::new(), case: None, database: None, remedy: None }
    }

    /// What stands in the message for `{name}`.
    pub(super) fn hole(mut self, name: &'static str, value: impl ToString) -> Self {
        self.holes.push((name, value.to_string()));
        self
    }

    /// Another place, with the card's words of that name.
    pub(super) fn label(self, place: &Place, words: &'static str) -> Self {
        self.label_with(place, words, Vec::new())
    }

    pub(super) fn label_with(mut self, place: &Place, words: &'static str, holes: Holes) -> Self {
        if *place != self.place {
            self.labels.push((place.clone(), words, holes));
        }
        self
    }

    /// The card's words of that case instead of its message.
    pub(super) fn case(mut self, case: &'static str) -> Self {
        self.case = Some(case);
        self
    }

    pub(super) fn about(mut self, database: Option<DatabaseId>) -> Self {
        self.database = database;
        self
    }

    pub(super) fn remedy(mut self, remedy: Remedy) -> Self {
        self.remedy = Some(remedy);
        self
    }
}

/// Takes the offences against one rule.
pub(crate) struct Sink<'a> {
    card: &'a Card,
    severity: Severity,
    inventory: &'a Inventory,
    findings: &'a mut Vec<Finding>,
    /// Most findings of a rule say what others say.
    words: HashSet<Arc<str>>,
    /// Holes and labels that the card names and no judgement fills, or the other way round. The laws want none.
    pub(crate) faults: Vec<String>,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(
        card: &'a Card,
        severity: Severity,
        inventory: &'a Inventory,
        findings: &'a mut Vec<Finding>,
    ) -> Self {
        Self { card, severity, inventory, findings, words: HashSet::new(), faults: Vec::new() }
    }

    /// What all rules before this one found.
    pub(super) fn so_far(&self) -> &[Finding] {
        self.findings
    }

    pub(super) fn report(&mut self, offence: Offence) {
        let (message, help) = self.card.words(offence.case);
        if let Some(case) = offence.case.filter(|case| !self.card.cases.contains_key(*case)) {
            self.faults.push(format!("{}: no case `{case}`", self.card.id));
        }
        let message = self.fill(message, &offence.holes);
        let help = help.map(|help| self.fill(help, &offence.holes));
        let mut labels = Vec::new();
        for (place, name, mut holes) in offence.labels {
            holes.extend(offence.holes.iter().cloned());
            match self.card.labels.get(name) {
                Some(words) => {
                    let text = self.fill(words, &holes);
                    labels.push(Label { place, text: self.once(text) });
                }
                None => self.faults.push(format!("{}: no label `{name}`", self.card.id)),
            }
        }
        labels.sort_by(|one, other| one.place.cmp(&other.place).then_with(|| one.text.cmp(&other.text)));
        labels.dedup();
        labels.shrink_to_fit();
        // Whatever a card says of a table, it says with this hole.
        let table = offence.holes.iter().find(|(name, _)| *name == "table").map(|(_, table)| table.clone());
        let database = offence.database.and_then(|id| self.inventory.databases.get(id.0)).map(|it| it.path.clone());
        let finding = Finding {
            rule: self.card.id.to_owned(),
            severity: self.severity,
            place: offence.place,
            message: self.once(message),
            help: help.map(|help| self.once(help)),
            labels,
            database: database.map(|path| self.once(path)),
            table: table.map(|table| self.once(table)),
            remedy: offence.remedy,
        };
        self.findings.push(finding);
    }

    /// The same words as a finding before had them.
    fn once(&mut self, words: String) -> Arc<str> {
        once(&mut self.words, words.into())
    }

    fn fill(&mut self, words: &str, holes: &[(&'static str, String)]) -> String {
        let (text, unfilled) = fill(words, holes);
        if unfilled > 0 {
            self.faults.push(format!("{}: a hole is open in `{text}`", self.card.id));
        }
        text
    }
}
