//! The files that were read, a line each.

use std::io::{self, Write};

use serde::Serialize;

use super::look::escape;
use crate::scan::Inventory;

/// Writes path, language and kind of file for each source that is wanted, separated by tabs.
pub fn show_files(inventory: &Inventory, wanted: impl Fn(&str) -> bool, out: &mut dyn Write) -> io::Result<()> {
    for source in inventory.sources.iter().filter(|source| wanted(&source.path)) {
        writeln!(out, "{}\t{}\t{}", escape(&source.path), word(&source.language)?, word(&source.context)?)?;
    }
    Ok(())
}

/// A name as JSON has it, so that both outputs use one word for one thing.
fn word(value: &impl Serialize) -> io::Result<String> {
    Ok(serde_json::to_string(value)?.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Language;
    use crate::scan::{Context, SourceInfo};

    #[test]
    fn a_line_for_each() {
        let source =
            SourceInfo { path: "a\n.py".to_owned(), language: Language::Python, context: Context::Test, digest: 0 };
        let mut out = Vec::new();
        show_files(&Inventory { sources: vec![source], ..Inventory::default() }, |_| true, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a\\n.py\tpython\ttest\n");
    }
}
