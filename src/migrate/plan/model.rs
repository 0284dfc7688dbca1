//! What a plan holds. One block for each decision; a table without a block is copied as it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Choice;

/// `migration.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Plan {
    pub version: u32,
    pub target: Target,
    #[serde(default)]
    pub defaults: Defaults,
    #[serde(default, rename = "source")]
    pub sources: Vec<SourcePlan>,
    #[serde(default, rename = "table")]
    pub tables: Vec<TablePlan>,
    #[serde(default, rename = "ref")]
    pub refs: Vec<RefPlan>,
    #[serde(default, rename = "rename")]
    pub renames: Vec<RenamePlan>,
    #[serde(default)]
    pub names_in_data: Vec<NamesInData>,
    #[serde(default, skip_serializing_if = "Code::is_empty")]
    pub code: Code,
    #[serde(default)]
    pub after: After,
}

/// What the plan says of the code that moves with the data.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Code {
    /// Files (globs) or `file:line` that may go on naming what moves, or may not run on what they are given.
    pub accept: Vec<String>,
}

impl Code {
    fn is_empty(&self) -> bool {
        self.accept.is_empty()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Target {
    /// Relative to the root, or absolute. May be one of the sources, or not exist yet.
    pub path: String,
    /// The source whose pages the target begins with: its rowids, virtual tables and collations stay as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Defaults {
    pub on_conflict: Choice<Strategy>,
    pub dangling: Dangling,
}

/// One database that the plan speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SourcePlan {
    /// Short and unique; blocks name the source by it.
    pub id: String,
    /// Relative to the root, or absolute.
    pub path: String,
    #[serde(default)]
    pub action: Choice<Action>,
    /// What the plan was made for; `apply` refuses when the source is another now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What becomes of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Its rows move into the target.
    #[default]
    Merge,
    /// It stays as it is: a specialised database.
    Keep,
    /// Another program's; never opened for writing.
    External,
    /// It moves, whole, into the archive; no row of it goes to the target.
    Archive,
    /// It holds no row and is deleted.
    DeleteEmpty,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expect {
    pub tables: u64,
    pub rows: u64,
    /// `b3:` and the digest of all rows and of the schema, whatever their order.
    pub content: String,
}

/// One block of decisions: a table's name, in some of the sources.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TablePlan {
    pub name: String,
    /// Ids of sources; where rows are equal in rank, the first listed wins.
    pub from: Vec<String>,
    #[serde(default, skip_serializing_if = "Choice::is_default")]
    pub action: Choice<TableAction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rename_to: Option<String>,
    /// Source id → column of the result → column of that source.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, BTreeMap<String, String>>,
    /// Source id → its columns that the result does not get; their values stand in `dbguard_kept_aside`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub drop_columns: BTreeMap<String, Vec<String>>,
    /// Columns of the result that say which row is which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_on: Option<Choice<Vec<String>>>,
    /// What happens to rows of one key that differ; the default of the plan where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Choice<Strategy>>,
    /// For `newest`: the column that tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<String>,
    /// For `prefer` and `fill-nulls`: source ids, the best first; the order of `from` where it is not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefer: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alias: Vec<Alias>,
    /// Column of the result → what stands in it where a source has no such column: text with `{column}` for the row's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fill: BTreeMap<String, String>,
    /// How keys that clash without meaning the same row get out of each other's way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rekey: Option<Choice<Rekey>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dangling: Option<Dangling>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableAction {
    #[default]
    Merge,
    /// It is no table of the target: each row stands whole in `dbguard_kept_aside`, and the account says so.
    Skip,
}

/// What happens to rows that have one key and differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The run stops and says where.
    #[default]
    Stop,
    /// The row of the preferred source stays.
    Prefer,
    /// The row with the greatest value in `newest` stays.
    Newest,
    /// The row of the preferred source stays, and takes what it lacks from the others.
    FillNulls,
    /// Both stay, the later under a new key.
    KeepBoth,
    /// Only the pairs listed under `alias` are one row; all others that differ stop the run.
    Alias,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rekey {
    /// Keys stay as they are; a clash stops the run.
    Keep,
    /// Each later source's integer keys move by one number.
    Offset,
    /// Only rows that clash get a new key.
    Map,
}

/// What happens to a row whose parent does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dangling {
    Stop,
    #[default]
    Keep,
    Null,
    /// The row goes to `dbguard_kept_aside`.
    Aside,
}

/// Two rows that are one, though nothing in them says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Alias {
    /// `source:key`.
    pub from: String,
    /// `source:key`: the row that stays.
    pub to: String,
    /// Columns whose values the row that stays takes over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub take: Vec<String>,
}

/// A foreign key that no schema declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RefPlan {
    /// `table.column`, `*.column`, or `source/table.column`; names as the sources have them.
    pub column: String,
    /// `table.column`, as the sources have it.
    pub to: String,
}

/// A table of the target that gets another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RenamePlan {
    pub from: String,
    pub to: String,
    #[serde(default)]
    pub compat: Compat,
}

/// What stands under the old name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compat {
    #[default]
    None,
    /// A view that can be written through.
    View,
}

/// A column that holds names of tables, rewritten as tables are renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NamesInData {
    /// `table.column`, as the target has it.
    pub column: String,
    /// The column holds JSON; each string in it that is a table's name is rewritten. Else the whole value is.
    #[serde(default)]
    pub json: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct After {
    pub sources: AfterSources,
    pub keep_days: u32,
    /// A command that must succeed before the run commits: the application's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
}

impl Default for After {
    fn default() -> Self {
        Self { sources: AfterSources::default(), keep_days: 30, check: None }
    }
}

/// What stands at the path of a source whose rows have moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterSources {
    /// Nothing: the file moves into the archive.
    Archive,
    /// A link to the target, for clients that cannot change yet.
    Symlink,
    /// A text that no client takes for a database: late writers fail loudly.
    #[default]
    Tombstone,
}

impl Plan {
    #[must_use]
    pub fn source(&self, id: &str) -> Option<&SourcePlan> {
        self.sources.iter().find(|source| source.id == id)
    }

    /// Sources whose rows move, in the order of the plan.
    pub fn merged(&self) -> impl Iterator<Item = &SourcePlan> {
        self.sources.iter().filter(|source| source.action.made() == Some(&Action::Merge))
    }

    /// The block that decides on a table of a source, if there is one.
    #[must_use]
    pub fn table(&self, source: &str, table: &str) -> Option<&TablePlan> {
        self.tables
            .iter()
            .find(|block| block.name.eq_ignore_ascii_case(table) && block.from.iter().any(|id| id == source))
    }

    /// The strategy for a block: its own, or the default of the plan.
    #[must_use]
    pub fn strategy(&self, block: &TablePlan) -> Choice<Strategy> {
        block.strategy.unwrap_or(self.defaults.on_conflict)
    }

    #[must_use]
    pub fn dangling(&self, block: Option<&TablePlan>) -> Dangling {
        block.and_then(|block| block.dangling).unwrap_or(self.defaults.dangling)
    }

    /// The final name of a table that arrives in the target under `name`.
    #[must_use]
    pub fn renamed<'p>(&'p self, name: &'p str) -> &'p str {
        self.renames.iter().find(|rename| rename.from.eq_ignore_ascii_case(name)).map_or(name, |rename| &rename.to)
    }

    /// Each decision that is still `"?"`, in words: `users: match-on`.
    #[must_use]
    pub fn open_choices(&self) -> Vec<String> {
        let mut open = Vec::new();
        if self.defaults.on_conflict.is_open() {
            open.push("[defaults]: on-conflict".to_owned());
        }
        for source in &self.sources {
            if source.action.is_open() {
                open.push(format!("[[source]] {}: action", source.id));
            }
        }
        for block in &self.tables {
            let mut note = |is_open: bool, key: &str| {
                if is_open {
                    open.push(format!("[[table]] {} from {}: {key}", block.name, block.from.join(", ")));
                }
            };
            note(block.action.is_open(), "action");
            note(block.match_on.as_ref().is_some_and(Choice::is_open), "match-on");
            note(block.strategy.is_some_and(|choice| choice.is_open()), "strategy");
            note(block.rekey.is_some_and(|choice| choice.is_open()), "rekey");
            note(block.rename_to.as_deref() == Some("?"), "rename-to");
            note(block.fill.values().any(|value| value == "?"), "fill");
        }
        open
    }
}
