//! Renamed tables, written out wherever SQL stands: in files of its own and in the strings of any language.

use crate::lang::Language;
use crate::lang::write::{Change, Refusal, Written};
use crate::text::Source;

pub(in crate::lang) fn write(_source: &Source, _language: Language, changes: &[Change<'_>]) -> Vec<Written> {
    changes.iter().map(|_| Err(Refusal::because("no table is renamed yet"))).collect()
}
