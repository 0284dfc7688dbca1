//! Moves: which table of which database goes where, and under which name. The one type that code and data are moved by; it
//! knows neither.

use super::{Policy, Retired, Written};
use crate::text::Place;

/// A table of a database. The database is called as the policy or the plan calls it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableOf {
    pub database: String,
    pub table: String,
}

/// (database, table) → (database, table), with the place that asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub from: TableOf,
    pub to: TableOf,
    pub place: Place,
}

/// Every move that a policy asks for by the name of its table.
///
/// What a retired database holds beside these goes to the primary as well, under the name that it has there: see
/// [`Moves::destination`].
#[derive(Debug, Clone, Default)]
pub struct Moves {
    moves: Vec<Move>,
    primary: String,
    retired: Vec<String>,
}

impl Moves {
    #[must_use]
    pub fn of(policy: &Policy) -> Self {
        let primary = policy.primary.as_ref().map(|primary| primary.path.value.clone()).unwrap_or_default();
        let mut moves = Vec::new();
        let mut add = |database: &str, tables: &[(Written<String>, String)]| {
            for (old, new) in tables {
                moves.push(Move {
                    from: TableOf { database: database.to_owned(), table: old.value.clone() },
                    to: TableOf { database: primary.clone(), table: new.clone() },
                    place: old.place.clone(),
                });
            }
        };
        add(&primary, &policy.tables);
        for Retired { path, tables, .. } in &policy.retired {
            add(&path.value, tables);
        }
        let retired = policy.retired.iter().map(|retired| retired.path.value.clone()).collect();
        Self { moves, primary, retired }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Move> {
        self.moves.iter()
    }

    /// The move that speaks of this table of this database, as the policy calls the database. The table of a retired database
    /// that has no entry of its own takes the name that it has in the primary.
    #[must_use]
    pub fn find(&self, database: &str, table: &str) -> Option<&Move> {
        let own = |database: &str| {
            self.moves.iter().find(|own| own.from.database == database && own.from.table.eq_ignore_ascii_case(table))
        };
        own(database).or_else(|| own(&self.primary).filter(|_| self.retired.iter().any(|retired| retired == database)))
    }

    /// Where a table of a database is found once everything has moved. `None` where it stays as it is.
    #[must_use]
    pub fn destination(&self, database: &str, table: &str) -> Option<TableOf> {
        match self.find(database, table) {
            Some(found) => Some(found.to.clone()),
            None => self
                .retired
                .iter()
                .any(|retired| retired == database)
                .then(|| TableOf { database: self.primary.clone(), table: table.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Source;

    #[test]
    fn one_name_in_three_databases() {
        let text = "[primary]\npath = \"zoe.db\"\n[[retired]]\npath = \"notifications.db\"\n\
                    tables = { notifications = \"notification_user\" }\n[[retired]]\npath = \"auth.db\"\n\
                    [tables]\nroadmap_items = \"roadmap_priority\"\nusers = \"user\"\n";
        let policy = crate::policy::parse(&Source::new("dbguard.toml", text.as_bytes().to_vec()));
        let moves = Moves::of(&policy);
        for (database, table, expected) in [
            ("zoe.db", "roadmap_items", Some("roadmap_priority")),
            ("zoe.db", "ROADMAP_ITEMS", Some("roadmap_priority")),
            ("zoe.db", "notifications", None),
            ("notifications.db", "notifications", Some("notification_user")),
            ("notifications.db", "log", Some("log")),
            ("auth.db", "users", Some("user")),
            ("auth.db", "notifications", Some("notifications")),
            ("other.db", "users", None),
        ] {
            let found = moves.destination(database, table);
            assert_eq!(found.as_ref().map(|to| to.table.as_str()), expected, "{database} {table}");
            assert!(found.is_none_or(|to| to.database == "zoe.db"));
        }
        assert_eq!(moves.find("zoe.db", "users").map(|found| found.place.start.line), Some(10));
        assert_eq!(moves.iter().count(), 3);
    }
}
