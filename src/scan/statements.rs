//! Every statement of the code against the database it goes to: which compile, which do not, which nobody can judge.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{DatabaseId, Inventory, Linked};
use crate::db::{Compiler, Fault, Schema, Verdict};
use crate::lang::{Access, Statement};

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<'a> {
    pub statement: &'a Linked<Statement>,
    /// The database it was compiled against; `None` where its connection is not known or its database is no file here.
    pub database: Option<DatabaseId>,
    pub verdict: Verdict,
}

/// Compiles every statement against `schema` of its database, in the order of the inventory.
///
/// A table or column that the code itself creates at run time is no fault of the database.
#[must_use]
pub fn judge<'a, 's>(inventory: &'a Inventory, schema: impl Fn(DatabaseId) -> Option<&'s Schema>) -> Vec<Judged<'a>> {
    let defined = Defined::of(inventory);
    let mut compilers: HashMap<DatabaseId, Compiler> = HashMap::new();
    let mut judged = Vec::with_capacity(inventory.statements.len());
    for statement in &inventory.statements {
        let mut known = Vec::new();
        for &database in &statement.databases {
            if let Some(schema) = schema(database) {
                compilers.entry(database).or_insert_with(|| Compiler::of(schema));
                known.push(database);
            }
        }
        let unknown =
            if statement.databases.is_empty() { "its connection is not known" } else { "its database is not here" };
        let mut best = Judged { statement, database: None, verdict: Verdict::Undecided(unknown.to_owned()) };
        // What runs against one of several candidates is not called broken for the others.
        for database in known.iter().filter(|_| known.len() == statement.databases.len()) {
            let Some(compiler) = compilers.get(database) else { continue };
            let verdict = defined.excuse(*database, compiler.compile(&statement.fact.sql, statement.fact.holes));
            let better = match (&best.verdict, &verdict) {
                _ if best.database.is_none() => true,
                (Verdict::Compiles(_), _) => false,
                (_, Verdict::Compiles(_)) => true,
                (Verdict::Broken(_), Verdict::Undecided(_)) => true,
                _ => false,
            };
            if better {
                best = Judged { statement, database: Some(*database), verdict };
            }
        }
        judged.push(best);
    }
    judged
}

/// What the code makes by itself when it runs.
struct Defined {
    /// Tables and views in lower case, by database; those of unknown connections stand under `None`.
    tables: BTreeMap<Option<DatabaseId>, BTreeSet<String>>,
    /// Columns that some `ALTER TABLE .. ADD COLUMN` adds, or some `CREATE TABLE` or `AS` names.
    columns: BTreeSet<String>,
}

impl Defined {
    fn of(inventory: &Inventory) -> Self {
        let mut tables: BTreeMap<Option<DatabaseId>, BTreeSet<String>> = BTreeMap::new();
        for table_use in inventory.table_uses.iter().filter(|it| it.fact.access == Access::Defines) {
            let name = table_use.fact.table.to_ascii_lowercase();
            if table_use.databases.is_empty() {
                tables.entry(None).or_default().insert(name.clone());
            }
            for database in &table_use.databases {
                tables.entry(Some(*database)).or_default().insert(name.clone());
            }
        }
        let mut columns = BTreeSet::new();
        for statement in &inventory.statements {
            if let Some(column) = added_column(&statement.fact.sql) {
                columns.insert(column);
            }
        }
        Self { tables, columns }
    }

    fn excuse(&self, database: DatabaseId, verdict: Verdict) -> Verdict {
        let Verdict::Broken(fault) = &verdict else { return verdict };
        let made = |name: &str| {
            let name = name.to_ascii_lowercase();
            [Some(database), None].iter().any(|key| self.tables.get(key).is_some_and(|tables| tables.contains(&name)))
        };
        match fault {
            Fault::NoTable(name) if made(name) => {
                Verdict::Undecided("the code creates the table when it runs".to_owned())
            }
            Fault::NoColumn(name) => {
                let last = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
                if self.columns.contains(&last) {
                    return Verdict::Undecided("the code adds the column when it runs".to_owned());
                }
                verdict
            }
            _ => verdict,
        }
    }
}

/// The column that `ALTER TABLE t ADD [COLUMN] c` adds, in lower case.
#[must_use]
pub fn added_column(sql: &str) -> Option<String> {
    let mut words = sql.split_whitespace();
    if !words.next()?.eq_ignore_ascii_case("ALTER") || !words.next()?.eq_ignore_ascii_case("TABLE") {
        return None;
    }
    let mut rest = words.skip_while(|word| !word.eq_ignore_ascii_case("ADD")).skip(1);
    let first = rest.next()?;
    let name = if first.eq_ignore_ascii_case("COLUMN") { rest.next()? } else { first };
    Some(name.trim_matches(['"', '`', '[', ']', '\'']).to_ascii_lowercase())
}
