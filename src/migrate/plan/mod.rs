//! The plan, `migration.toml`: which databases become one, and every decision that a person reviews. Opens no database.

mod choice;
mod model;
mod read;
mod write;

pub use choice::Choice;
pub use model::{
    Action, After, AfterSources, Alias, Code, Compat, Dangling, Defaults, Expect, NamesInData, Plan, RefPlan, Rekey,
    RenamePlan, SourcePlan, Strategy, TableAction, TablePlan, Target,
};
pub use read::{Mistake, read};
pub use write::{Remark, write};

#[cfg(test)]
mod tests;
