//! Findings: what breaks the policy, where, in which words, what would mend it, and the fix that does. Knows no rule.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::text::{Edit, Place};

/// How much a finding matters; maps one to one onto annotate-snippets, GitHub and SARIF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
    Note,
}

/// One judgement: rule, place, words, and perhaps a remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub rule: String,
    pub severity: Severity,
    pub place: Place,
    pub message: Arc<str>,
    /// What to do about it.
    pub help: Option<Arc<str>>,
    /// Places that follow from it or forbid it: the opens of a constant, the line of the policy.
    pub labels: Vec<Label>,
    /// The database it is about, as the inventory names it.
    pub database: Option<Arc<str>>,
    /// The table it is about, where it speaks of one.
    pub table: Option<Arc<str>>,
    pub remedy: Option<Remedy>,
}

/// What makes a finding the same finding after the lines around it have moved: its rule, database and table, the text it
/// underlines and the function around that. Not its file, which may be renamed, and no line number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// `snippet` is the underlined text, empty for a file as a whole; `symbol` is the function or class around it.
    #[must_use]
    pub fn of(finding: &Finding, snippet: &str, symbol: Option<&str>) -> Self {
        let snippet = normalised(snippet);
        // The name alone: in which folder a database lies is seen only where it is there, and CI has none.
        let database = finding.database.as_deref().map_or("", |path| path.rsplit('/').next().unwrap_or(path));
        let parts = [finding.rule.as_str(), database, finding.table.as_deref().unwrap_or(""), &snippet];
        let mut hasher = blake3::Hasher::new_derive_key("dbguard fingerprint v1");
        for part in parts.into_iter().chain([symbol.unwrap_or("")]) {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        let mut hex = hasher.finalize().to_hex().to_string();
        hex.truncate(32);
        Self(hex)
    }

    /// 32 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text as a formatter might have written it as well: one kind of space, one kind of quote.
fn normalised(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('\'', "\"")
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub place: Place,
    pub text: Arc<str>,
}

/// What would mend a finding, in no language's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Remedy {
    /// Read the path from the environment, with this default.
    UseEnvironment { env: String, default: String },
    /// Name another database; code reads it from this variable, where there is one.
    Retarget { path: String, env: Option<String> },
    /// Read another variable for the same database.
    RenameVariable { from: String, to: String },
    /// Give the reading of a variable another default.
    SetDefault { env: String, default: String },
    /// Name another table.
    RenameTable {
        from: String,
        to: String,
        /// Where no name of one stands, how the new one is written.
        #[serde(skip)]
        declared: Option<Declared>,
    },
    /// Give a variable another value in configuration.
    SetValue { name: String, value: String },
    /// Add a line to an ignore file.
    AddIgnore { file: String, line: String },
    /// Take a rule out of the comment that allows it, and the comment with its last one.
    RemoveAllow { rule: String },
}

/// What says the name of a table that follows from another name until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Declared {
    /// The `Meta` of the model there; where it has none, a new one, derived from that of this base class.
    Meta { base: Option<Arc<str>> },
    /// The options of the step of a migration there.
    Options,
    /// An argument of the call there, which keeps this value where the new name is not its own.
    Argument { keyword: Arc<str>, value: Option<Arc<str>> },
}

/// How sure it is that a program does the same after a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Safety {
    /// Provably the same database under the documented default.
    Safe,
    /// Another database, another variable, or not provable.
    Unsafe,
}

/// A remedy written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it changes, in a line.
    pub title: String,
    pub safety: Safety,
    /// Why it is safe, or why it is not.
    pub why: String,
    pub edits: Vec<FileEdit>,
}

/// An edit of a file, which is named relative to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEdit {
    pub file: Arc<str>,
    pub edit: Edit,
}
