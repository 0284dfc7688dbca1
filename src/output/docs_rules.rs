//! The section about databases for a project's rules, as a plan will leave them: which database to open and how, which are gone,
//! where tables stand. Knows no file.

use super::markup::{code, text};
use crate::migrate::Plan;
use crate::migrate::plan::Action;
use crate::policy::Policy;

/// A table that has another name from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// Path of the database that it came from.
    pub database: String,
    pub from: String,
    pub to: String,
}

/// The section in Markdown. `page` is where the tables are described.
#[must_use]
pub fn docs_rules(plan: &Plan, policy: &Policy, renamed: &[Renamed], page: &str) -> String {
    let target = &plan.target.path;
    let mut out = format!("## Databases\n\n- **{} is the one database.**{}\n", code(target), opened(policy, target));
    let gone: Vec<String> = plan.merged().filter(|it| it.path != *target).map(|it| code(&it.path)).collect();
    if !gone.is_empty() {
        out.push_str(&format!(
            "- Retired, their rows stand in {}: {}. Nothing opens them, or makes them again.\n",
            code(target),
            gone.join(", ")
        ));
    }
    let is_dropped = |action: &Action| matches!(action, Action::DeleteEmpty | Action::Archive);
    let dropped = plan.sources.iter().filter(|it| it.action.made().is_some_and(is_dropped));
    let dropped: Vec<String> = dropped.map(|it| code(&it.path)).collect();
    if !dropped.is_empty() {
        out.push_str(&format!("- Gone, no row of theirs was needed: {}.\n", dropped.join(", ")));
    }
    for entry in &policy.specialised {
        let env = entry.env.as_ref().map_or_else(String::new, |env| format!(", found by {}", code(&env.value)));
        let allowed: Vec<String> = entry.allowed_in.iter().map(|glob| code(&glob.value)).collect();
        let allowed =
            if allowed.is_empty() { String::new() } else { format!(" Only {} may use it.", allowed.join(", ")) };
        let why = entry.why.as_ref().map_or_else(String::new, |why| format!(": {}", text(why)));
        out.push_str(&format!("- {} stays a database of its own{env}{why}.{allowed}\n", code(&entry.path.value)));
    }
    for source in plan.sources.iter().filter(|it| it.action.made() == Some(&Action::External)) {
        let owner = policy.external.iter().find(|it| it.path.value == source.path).and_then(|it| it.owner.clone());
        let owner = owner.map_or_else(|| "another program".to_owned(), |owner| text(&owner));
        out.push_str(&format!("- {} belongs to {owner}: it may be read, never written.\n", code(&source.path)));
    }
    if !renamed.is_empty() {
        out.push_str("- Tables with new names:\n");
        for Renamed { database, from, to } in renamed {
            out.push_str(&format!("  - {} of {} is {}\n", code(from), code(database), code(to)));
        }
    }
    out.push_str(&format!(
        "- A new table goes into {} and gets a line in {}, which describes every table.\n",
        code(target),
        code(page)
    ));
    out.push_str("- A new database needs an entry in `dbguard.toml` first. `dbguard check` holds all of this.\n");
    out
}

/// How code finds it.
fn opened(policy: &Policy, target: &str) -> String {
    let Some(primary) = &policy.primary else { return String::new() };
    let env = &primary.env.value;
    if env.is_empty() {
        return String::new();
    }
    let path = if primary.path.value.is_empty() { target } else { &primary.path.value };
    let said = policy.python.import.as_ref().or(policy.python.access.as_ref());
    let access = said.map_or("os.environ.get(\"{env}\", \"{path}\")", |said| &said.value);
    let access = access.replace("{env}", env).replace("{path}", path);
    format!(" Code finds it by {}; in Python {}, never a path of its own.", code(env), code(&access))
}
