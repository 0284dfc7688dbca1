//! What a person decided in an earlier plan stays: a new proposal fills only what that plan left open.

use super::Proposal;
use crate::migrate::plan::{Choice, Plan, TablePlan};

pub(super) fn keep(previous: &Plan, out: &mut Proposal) {
    let plan = &mut out.plan;
    if previous.target.path == plan.target.path {
        let known = |id: &String| plan.sources.iter().any(|source| source.id == *id);
        plan.target.base = previous.target.base.clone().filter(known).or_else(|| plan.target.base.take());
    }
    plan.defaults = previous.defaults.clone();
    plan.after = previous.after.clone();
    plan.code = previous.code.clone();
    plan.names_in_data = previous.names_in_data.clone();
    for source in &mut plan.sources {
        let old = previous.sources.iter().find(|old| old.id == source.id);
        source.why = old.and_then(|old| old.why.clone()).or_else(|| source.why.take());
    }
    for old in &previous.renames {
        match plan.renames.iter_mut().find(|new| new.from == old.from) {
            Some(new) => *new = old.clone(),
            None => plan.renames.push(old.clone()),
        }
    }
    for old in &previous.refs {
        if !plan.refs.iter().any(|new| new.column == old.column) {
            plan.refs.push(old.clone());
        }
    }
    for old in &previous.tables {
        let exists = |id: &String| plan.sources.iter().any(|source| source.id == *id);
        let mut kept = TablePlan { from: old.from.iter().filter(|id| exists(id)).cloned().collect(), ..old.clone() };
        if kept.from.is_empty() {
            continue;
        }
        let (name, from) = (kept.name.clone(), kept.from.clone());
        let same =
            |new: &TablePlan| new.name.eq_ignore_ascii_case(&name) && new.from.iter().any(|id| from.contains(id));
        let Some(at) = plan.tables.iter().position(same) else {
            plan.tables.push(kept);
            continue;
        };
        if let Some(new) = plan.tables.get(at) {
            fill(&mut kept, new);
        }
        plan.tables.retain(|new| !same(new));
        let at = at.min(plan.tables.len());
        plan.tables.insert(at, kept);
    }
    let open = plan.open_choices();
    let is_open = |subject: &str, key: &str| {
        open.iter().any(|words| {
            words.ends_with(&format!(": {key}"))
                && words.split([' ', ':']).any(|word| word.eq_ignore_ascii_case(subject))
        })
    };
    out.conflicts.retain(|conflict| is_open(&conflict.subject, &conflict.key));
}

/// Takes from a new proposal what the old block left open, and sources that have come since.
fn fill(old: &mut TablePlan, new: &TablePlan) {
    if old.action.is_open() {
        old.action = new.action;
    }
    if old.match_on.as_ref().is_some_and(Choice::is_open) {
        old.match_on = new.match_on.clone();
    }
    if old.strategy.is_some_and(|choice| choice.is_open()) {
        old.strategy = new.strategy;
    }
    if old.rekey.is_some_and(|choice| choice.is_open()) {
        old.rekey = new.rekey;
    }
    for id in &new.from {
        if !old.from.contains(id) {
            old.from.push(id.clone());
            if let Some(columns) = new.columns.get(id) {
                old.columns.insert(id.clone(), columns.clone());
            }
        }
    }
    for (column, value) in &new.fill {
        let mapped = old.columns.values().any(|map| map.contains_key(column));
        if !mapped && !old.drop_columns.values().flatten().any(|dropped| dropped == column) {
            old.fill.entry(column.clone()).or_insert_with(|| value.clone());
        }
    }
}
