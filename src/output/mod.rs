//! What people and programs read: one file per format, each writes to a given `Write`. Judges nothing and reads no file.

mod scan_json;
mod scan_record;
mod standing;

use std::collections::BTreeSet;
use std::path::Path;

use crate::lang::Reference;
use crate::scan::Linked;

pub use scan_json::scan_json;
pub use standing::{Opinion, Standing};

/// A path as reports show it: relative to the root where it lies below it, so that no report tells of the machine it was made on.
fn relative(root: &Path, path: &str) -> String {
    match Path::new(path).strip_prefix(root) {
        Ok(below) if !root.as_os_str().is_empty() => {
            let below = below.to_string_lossy().replace('\\', "/");
            if below.is_empty() { ".".to_owned() } else { below }
        }
        _ => path.to_owned(),
    }
}

/// How many files the references stand in.
fn files_of<'a>(references: impl Iterator<Item = &'a Linked<Reference>>) -> usize {
    references.map(|reference| &reference.fact.place.file).collect::<BTreeSet<_>>().len()
}
