//! The languages: each reads a source into [`Facts`], and writes a change of it as edits. Knows nothing of files on disk, databases or policy.

mod allow;
mod allow_write;
mod config;
mod described;
mod dockerfile;
mod dotenv;
mod endings;
mod facts;
mod ini;
pub mod javascript;
mod json;
#[cfg(test)]
mod library_names_tests;
mod lowering;
mod markdown;
pub mod names;
mod other;
pub mod plural;
pub mod program;
pub mod python;
mod shell;
mod snapshots;
mod spell;
pub mod sql;
#[cfg(test)]
mod table_names_tests;
#[cfg(test)]
mod tables_tests;
mod toml;
mod value;
pub mod write;
mod yaml;

use std::sync::Arc;

use serde::Serialize;

use crate::text::{Snippet, Source};

pub use allow::{ALLOW_MARK, Allow, allows, without_allow};
pub use allow_write::write_allow;
pub use described::described;
pub use facts::{
    Access, Attach, Confidence, Destroyed, EnvRead, Facts, FileCopy, IndexName, IndexSays, Mount, Naming, Reference,
    Role, Setting, Shared, Statement, TableUse, Values,
};
pub use value::{Base, Engine, Part, Value};

/// The language of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Language {
    Python,
    Javascript,
    Typescript,
    Shell,
    Sql,
    Yaml,
    Toml,
    Json,
    Ini,
    Dotenv,
    Dockerfile,
    Markdown,
    /// `.gitignore`, `.dockerignore` and their kin.
    Ignore,
    /// Any other text: read by its string literals.
    Other,
}

/// Reads a source that can be understood by itself; programs that need their neighbours go through [`program`].
#[must_use]
pub fn read(source: &Source, language: Language) -> Facts {
    if is_written_by_tools(&source.path) {
        return Facts::default();
    }
    match language {
        Language::Yaml => yaml::read(source),
        Language::Dotenv => dotenv::read(source),
        Language::Toml => toml::read(source),
        Language::Json => json::read(source),
        Language::Dockerfile => dockerfile::read(source),
        Language::Ini => ini::read(source),
        Language::Markdown => markdown::read(source),
        Language::Shell => shell::read(source),
        Language::Sql => sql::read(source),
        Language::Python => program::read_alone(python::lower(Arc::new(source.clone()))),
        Language::Javascript | Language::Typescript => {
            program::read_alone(javascript::lower(Arc::new(source.clone()), language))
        }
        Language::Other => other::read(source),
        _ => Facts::default(),
    }
}

/// Lock files, source maps, reports and baselines repeat what stands elsewhere.
fn is_written_by_tools(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(ending, "lock" | "lockb" | "map" | "sarif")
        || name.ends_with("baseline.toml")
        || matches!(
            name,
            "package-lock.json" | "npm-shrinkwrap.json" | "pnpm-lock.yaml" | "go.sum" | "packages.lock.json"
        )
}

/// Shell in Python in shell in YAML is real; what lies deeper is there to exhaust the stack.
const DEEPEST_SNIPPET: u8 = 6;

thread_local! {
    static SNIPPET_DEPTH: std::cell::Cell<u8> = const { std::cell::Cell::new(0) };
}

/// Reads code that stands inside another source (`python -c ".."` in a workflow); every place is the host's.
#[must_use]
pub fn read_snippet(host: &Source, snippet: &Snippet, language: Language) -> Facts {
    let depth = SNIPPET_DEPTH.get();
    if depth >= DEEPEST_SNIPPET {
        return Facts::default();
    }
    SNIPPET_DEPTH.set(depth + 1);
    let inner = Source::new(host.path.clone(), snippet.text.clone().into_bytes());
    let mut facts = read(&inner, language);
    SNIPPET_DEPTH.set(depth);
    facts.for_each_place(&mut |place| *place = host.place(snippet.host_span(place.span)));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_files_are_not_read() {
        for path in [
            "package-lock.json",
            "a/poetry.lock",
            "dist/app.js.map",
            "pnpm-lock.yaml",
            "out/dbguard.sarif",
            ".dbguard-baseline.toml",
        ] {
            let source = Source::new(path, b"{\"a\": \"x.db\"} // dbguard: allow[r]".to_vec());
            assert!(read(&source, Language::Json).references.is_empty(), "{path}");
            assert_eq!(allows(&source, Language::Json), [], "{path}");
        }
    }
}
