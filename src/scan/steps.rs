//! Steps of migrations of which a tool keeps a checksum, or from which it makes code: a table that they name is not renamed by changing
//! them. Looks at names of files, and into manifests; knows no SQL.

use std::sync::Arc;

use crate::tree::Entry;

const PRISMA: &str =
    "Prisma keeps a checksum of each migration: rename the model, and let `prisma migrate` make the step";
const FLYWAY: &str =
    "tools that number migrations so (Flyway, refinery) keep a checksum of each: add one that renames the table";
const SQLX: &str = "sqlx keeps a checksum of each migration: add one that renames the table";
const ATLAS: &str = "`atlas.sum` keeps a checksum of each migration: add one that renames the table";
const POSTGRATOR: &str = "postgrator keeps a checksum of each migration: add one that renames the table";
const SQITCH: &str = "sqitch keeps a checksum of each step: add one that renames the table";
const LIQUIBASE: &str = "Liquibase keeps a checksum of each changeset: add one that renames the table";
const SQLC: &str =
    "sqlc calls types of the code that it makes after the table: rename it there, and let sqlc make them";
const DRIZZLE: &str =
    "drizzle-kit keeps these steps for another server: rename it there, and let `drizzle-kit generate` make the step";

/// Files whose presence says it of all that lies in their folder. Data.
const MARKS: [(&str, &str); 6] = [
    ("migration_lock.toml", PRISMA),
    ("atlas.sum", ATLAS),
    ("sqitch.plan", SQITCH),
    ("sqlc.yaml", SQLC),
    ("sqlc.yml", SQLC),
    ("sqlc.json", SQLC),
];

/// Which files of SQL may not change, and why.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps {
    /// Folders with what is said of them; empty for the root.
    folders: Vec<(String, &'static str)>,
    sqlx: bool,
}

impl Steps {
    /// `read` gives a file of the tree by its path.
    pub(super) fn of(entries: &[Entry], read: &dyn Fn(&Arc<str>) -> Option<Vec<u8>>) -> Self {
        let mut steps = Self::default();
        for entry in entries {
            let (folder, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
            if let Some((_, reason)) = MARKS.iter().find(|(mark, _)| *mark == name) {
                steps.folders.push((folder.to_owned(), reason));
            }
            if name == "_journal.json"
                && let Some(("", "meta") | (_, "meta")) = folder.rsplit_once('/').or(Some(("", folder)))
            {
                // Steps of SQLite are known by their time, and their snapshots are renamed with them.
                let of_sqlite = |bytes: Vec<u8>| {
                    let journal: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
                    Some(journal.get("dialect")?.as_str()? == "sqlite")
                };
                if read(&entry.path).and_then(of_sqlite) != Some(true) {
                    let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
                    steps.folders.push((above.to_owned(), DRIZZLE));
                }
            }
            if name == "Cargo.toml" && !steps.sqlx {
                steps.sqlx = read(&entry.path).is_some_and(|bytes| memchr::memmem::find(&bytes, b"sqlx").is_some());
            }
        }
        steps
    }

    /// Why what a file of SQL says cannot be changed there.
    pub(super) fn kept(&self, path: &str, text: &str) -> Option<&'static str> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if text.trim_start().to_ascii_lowercase().starts_with("--liquibase") {
            return Some(LIQUIBASE);
        }
        if is_versioned(name) {
            return Some(FLYWAY);
        }
        let digits = name.bytes().take_while(u8::is_ascii_digit).count();
        let after = name.get(digits..).unwrap_or("");
        if digits > 0 && (after.starts_with(".do.") || after.starts_with(".undo.")) {
            return Some(POSTGRATOR);
        }
        if self.sqlx && digits > 0 && after.starts_with('_') && folder.rsplit('/').next() == Some("migrations") {
            return Some(SQLX);
        }
        let within = |own: &str| {
            own.is_empty() || folder == own || folder.strip_prefix(own).is_some_and(|rest| rest.starts_with('/'))
        };
        self.folders.iter().find(|(own, _)| within(own)).map(|(_, reason)| *reason)
    }
}

/// `V1__init.sql`, `U2.1__undo.sql`.
fn is_versioned(name: &str) -> bool {
    let Some((version, _)) = name.split_once("__") else { return false };
    let Some(number) = version.strip_prefix(['V', 'U', 'B']) else { return false };
    number.starts_with(|c: char| c.is_ascii_digit())
        && number.bytes().all(|c| c.is_ascii_digit() || matches!(c, b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::is_versioned;

    #[test]
    fn versions_in_names() {
        assert!(["V1__init.sql", "V1.2__a.sql", "U20240101__x.sql"].iter().all(|name| is_versioned(name)));
        assert!(["Users__x.sql", "V__x.sql", "1__init.sql", "V1_init.sql"].iter().all(|name| !is_versioned(name)));
    }
}
