//! Findings: what breaks the policy, where, in which words, and what would mend it. Knows no rule.

use serde::Serialize;

use crate::text::Place;

/// How much a finding matters; maps one to one onto annotate-snippets, GitHub and SARIF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
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
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Places that follow from it or forbid it: the opens of a constant, the line of the policy.
    pub labels: Vec<Label>,
    /// The database it is about, as the inventory names it.
    pub database: Option<String>,
    pub remedy: Option<Remedy>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub place: Place,
    pub text: String,
}

/// What would mend a finding, in no language's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Remedy {
    /// Read the path from the environment, with this default.
    UseEnvironment { env: String, default: String },
    /// Name another database.
    Retarget { path: String },
    /// Name another table.
    RenameTable { from: String, to: String },
    /// Give a variable another value in configuration.
    SetValue { name: String, value: String },
    /// Add a line to an ignore file.
    AddIgnore { file: String, line: String },
}
