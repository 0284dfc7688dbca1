//! `scan` for programs: JSON, version 1.

use std::collections::HashSet;
use std::io::{self, Write};

use super::scan_record as record;
use super::{Opinion, shown};
use crate::db::{self, Verdict};
use crate::lang::{Engine, Language, Naming, Role, Value};
use crate::scan::{self, Database, DatabaseId, Inventory, Linked};

/// Writes the inventory as one JSON document.
pub fn scan_json(inventory: &Inventory, opinion: &Opinion<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &record(inventory, opinion))?;
    writeln!(out)
}

fn record(inventory: &Inventory, opinion: &Opinion<'_>) -> record::Scan {
    let set = inventory.settings.iter().map(|it| (it.fact.place.file.as_ref(), it.fact.name.as_str())).collect();
    let to = Names { inventory, set };
    let judged = scan::judge(inventory, |id| inventory.database(id).file.as_ref()?.schema.as_ref());
    let tally = scan::Tally::of(&judged);
    record::Scan {
        version: 1,
        dbguard: env!("CARGO_PKG_VERSION"),
        policy: opinion.policy_file().map(|file| shown(&inventory.root, file)),
        summary: record::Summary {
            sources: inventory.sources.len(),
            files_with_references: super::files_of(inventory.references.iter()),
            databases: inventory.databases.len(),
            references: inventory.references.len(),
            table_uses: inventory.table_uses.len(),
            statements: inventory.statements.len(),
            judgement: record::Judgement {
                compiles: tally.compile,
                broken: tally.broken,
                undecided: tally.undecided,
                foreign: tally.foreign,
            },
        },
        databases: (0..inventory.databases.len()).map(|index| to.database(DatabaseId(index), opinion)).collect(),
        references: inventory.references.iter().map(|linked| to.reference(linked)).collect(),
        table_uses: inventory.table_uses.iter().map(|linked| to.table_use(linked)).collect(),
        statements: judged.iter().map(|judged| to.statement(judged)).collect(),
        usage: scan::matrix(inventory).iter().filter_map(|usage| to.usage(usage)).collect(),
        duplicates: inventory.duplicates.iter().map(|duplicate| to.duplicate(duplicate)).collect(),
        settings: inventory.settings.iter().map(|linked| to.setting(linked)).collect(),
        env_reads: inventory.env_reads.iter().map(|linked| to.env_read(linked)).collect(),
        mounts: inventory
            .mounts
            .iter()
            .map(|mount| record::Mount {
                place: record::Where::of(&mount.place),
                host: shown(&inventory.root, &mount.host),
                container: mount.container.clone(),
            })
            .collect(),
        copies: inventory.copies.iter().map(|linked| to.copy(linked)).collect(),
        attaches: inventory.attaches.iter().map(|linked| to.attach(linked)).collect(),
        skipped: inventory
            .skipped
            .iter()
            .filter(|skipped| opinion.verbose || !skipped.by_design)
            .map(|skipped| record::Skipped {
                path: shown(&inventory.root, &skipped.path),
                reason: skipped.reason.clone(),
            })
            .collect(),
    }
}

/// Turns facts into records, with the inventory at hand to name their databases.
struct Names<'a> {
    inventory: &'a Inventory,
    /// The variables of the environment that each file sets.
    set: HashSet<(&'a str, &'a str)>,
}

impl Names<'_> {
    fn name(&self, id: DatabaseId) -> Option<record::DatabaseName> {
        let database = self.inventory.databases.get(id.0)?;
        Some(record::DatabaseName {
            name: database.name.clone(),
            path: shown(&self.inventory.root, &database.path),
            engine: database.engine,
        })
    }

    fn first<T>(&self, linked: &Linked<T>) -> Option<record::DatabaseName> {
        linked.databases.first().and_then(|&id| self.name(id))
    }

    fn reference(&self, linked: &Linked<crate::lang::Reference>) -> record::Reference {
        let fact = &linked.fact;
        let mut env: Vec<String> = Vec::new();
        // A variable that is set here is the one that code reads.
        let set = fact.name.as_deref().filter(|name| {
            let sets = fact.role == Role::Configures || fact.language == Language::Shell && fact.role == Role::Binds;
            sets && is_variable(name) && self.set.contains(&(fact.place.file.as_ref(), *name))
        });
        for name in set.into_iter().chain(fact.values.iter().flat_map(Value::envs)) {
            if !env.iter().any(|known| known == name) {
                env.push(name.to_owned());
            }
        }
        let pattern =
            fact.values.iter().find(|value| value.rendered().is_none() && !value.is_opaque()).map(Value::pattern);
        record::Reference {
            place: record::Where::of(&fact.place),
            role: fact.role,
            opens: fact.role == Role::Opens,
            database: self.first(linked),
            candidates: linked.databases.iter().skip(1).filter_map(|&id| self.name(id)).collect(),
            pattern,
            env,
            context: linked.context,
            language: fact.language,
            confidence: fact.confidence,
            construct: fact.construct.to_string(),
            variable: fact.name.as_deref().map(str::to_owned),
            symbol: fact.symbol.as_deref().map(str::to_owned),
            generated: fact.generated,
        }
    }

    fn table_use(&self, linked: &Linked<crate::lang::TableUse>) -> record::TableUse {
        let fact = &linked.fact;
        record::TableUse {
            place: record::Where::of(&fact.place),
            table: fact.table.to_string(),
            access: fact.access,
            naming: if fact.naming == Naming::FilledBare { Naming::Filled } else { fact.naming },
            database: self.first(linked),
            context: linked.context,
            language: fact.language,
            symbol: fact.symbol.as_deref().map(str::to_owned),
        }
    }

    fn usage(&self, usage: &scan::Usage<'_>) -> Option<record::Usage> {
        Some(record::Usage {
            database: self.name(usage.database)?,
            table: usage.table.to_owned(),
            readers: usage.names(&usage.readers),
            writers: usage.names(&usage.writers),
            definers: usage.names(&usage.definers),
        })
    }

    fn statement(&self, judged: &scan::Judged<'_>) -> record::Statement {
        let linked = judged.statement;
        let fact = &linked.fact;
        let (verdict, reason) = match &judged.verdict {
            Verdict::Compiles(_) => ("compiles", None),
            Verdict::Broken(fault) => ("broken", Some(fault.words())),
            Verdict::Undecided(words) => ("undecided", Some(words.clone())),
            Verdict::Foreign => ("foreign", Some("it is SQL of another engine".to_owned())),
        };
        record::Statement {
            verdict,
            reason,
            place: record::Where::of(&fact.place),
            sql: fact.sql.clone(),
            holes: fact.holes,
            database: self.first(linked),
            context: linked.context,
            language: fact.language,
            symbol: fact.symbol.as_deref().map(str::to_owned),
        }
    }

    fn setting(&self, linked: &Linked<crate::lang::Setting>) -> record::Setting {
        let fact = &linked.fact;
        record::Setting {
            place: record::Where::of(&fact.place),
            name: fact.name.clone(),
            value: spelled(&fact.value),
            database: self.first(linked),
            context: linked.context,
            language: fact.language,
        }
    }

    fn env_read(&self, linked: &Linked<crate::lang::EnvRead>) -> record::EnvRead {
        let fact = &linked.fact;
        record::EnvRead {
            place: record::Where::of(&fact.place),
            name: fact.name.clone(),
            default: fact.default.as_ref().and_then(spelled),
            database: self.first(linked),
            context: linked.context,
            language: fact.language,
        }
    }

    fn copy(&self, linked: &Linked<crate::lang::FileCopy>) -> record::FileCopy {
        record::FileCopy {
            place: record::Where::of(&linked.fact.place),
            construct: linked.fact.construct.clone(),
            database: self.first(linked),
            context: linked.context,
            language: linked.fact.language,
        }
    }

    fn attach(&self, linked: &Linked<crate::lang::Attach>) -> record::Attach {
        record::Attach {
            place: record::Where::of(&linked.fact.place),
            alias: linked.fact.alias.clone(),
            database: self.first(linked),
            context: linked.context,
        }
    }

    fn duplicate(&self, duplicate: &crate::scan::Duplicate) -> record::Duplicate {
        record::Duplicate {
            table: duplicate.table.clone(),
            matched_on: duplicate.matched_on.clone(),
            drifted: duplicate.drifted,
            sides: duplicate
                .sides
                .iter()
                .map(|side| record::Side {
                    database: self.name(side.database),
                    rows: side.rows,
                    columns: side.columns.clone(),
                    missing_in_first: side.missing_in_first,
                    lacks_of_first: side.lacks_of_first,
                })
                .collect(),
        }
    }

    fn database(&self, id: DatabaseId, opinion: &Opinion<'_>) -> record::Database {
        let database: &Database = self.inventory.database(id);
        let root = &self.inventory.root;
        record::Database {
            name: database.name.clone(),
            path: shown(root, &database.path),
            engine: database.engine,
            spellings: database.spellings.iter().map(|spelling| shown(root, spelling)).collect(),
            standing: opinion.standing(id).map(super::opinion::word),
            references: self.inventory.references_to(id).count(),
            files: super::files_of(self.inventory.references_to(id)),
            temporary: database.temporary,
            is_pattern: database.is_pattern,
            tracking: database.tracking,
            file: database.file.as_ref().map(|file| database_file(root, file)),
        }
    }
}

/// What a value says; nothing of a server's address, which may hold a password.
fn spelled(value: &Value) -> Option<String> {
    (value.engine == Engine::Sqlite).then(|| value.pattern())
}

fn database_file(root: &std::path::Path, file: &db::DatabaseFile) -> record::DatabaseFile {
    let (state, reason) = match &file.state {
        db::State::Readable => (record::State::Readable, None),
        db::State::Empty => (record::State::Empty, None),
        db::State::NotSqlite(what) => (record::State::NotSqlite, Some(what)),
        db::State::Encrypted => (record::State::Encrypted, None),
        db::State::Corrupt(why) => (record::State::Corrupt, Some(why)),
        db::State::Locked(why) => (record::State::Locked, Some(why)),
        db::State::Unreadable(why) => (record::State::Unreadable, Some(why)),
    };
    record::DatabaseFile {
        bytes: file.size,
        state,
        reason: reason.cloned(),
        sidecars: file.sidecars.iter().map(|path| shown(root, path)).collect(),
        schema: file.schema.as_ref().map(schema),
    }
}

fn schema(schema: &db::Schema) -> record::Schema {
    record::Schema {
        journal_mode: schema.journal_mode.clone(),
        user_version: schema.user_version,
        application_id: schema.application_id,
        encoding: schema.encoding.clone(),
        page_size: schema.page_size,
        rows: schema.rows(),
        tables: schema.tables.iter().map(table).collect(),
        views: schema.views.iter().map(|view| view.name.clone()).collect(),
        triggers: schema
            .triggers
            .iter()
            .map(|trigger| record::Trigger { name: trigger.name.clone(), table: trigger.table.clone() })
            .collect(),
    }
}

fn table(table: &db::Table) -> record::Table {
    record::Table {
        name: table.name.clone(),
        kind: table.kind,
        rows: table.rows,
        without_rowid: table.without_rowid,
        strict: table.strict,
        columns: table
            .columns
            .iter()
            .map(|column| record::Column {
                name: column.name.clone(),
                declared_type: column.declared_type.clone(),
                not_null: column.not_null,
                default: column.default.clone(),
                primary_key: column.primary_key,
                hidden: column.hidden,
            })
            .collect(),
        foreign_keys: table
            .foreign_keys
            .iter()
            .map(|key| record::ForeignKey {
                columns: key.columns.clone(),
                parent: key.parent.clone(),
                parent_columns: key.parent_columns.clone(),
                on_update: key.on_update.clone(),
                on_delete: key.on_delete.clone(),
            })
            .collect(),
        indexes: table
            .indexes
            .iter()
            .map(|index| record::Index {
                name: index.name.clone(),
                unique: index.unique,
                partial: index.partial,
                columns: index.columns.clone(),
            })
            .collect(),
    }
}

/// Named as environment variables are.
fn is_variable(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `SNAPSHOTS=overwrite cargo test schema` writes it anew.
    #[test]
    fn the_schema_is_current() {
        let schema = schemars::schema_for!(record::Scan);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        snapbox::Assert::new()
            .action_env("SNAPSHOTS")
            .eq(text, snapbox::file!["../../docs/schema/scan-v1.schema.json": Text]);
    }

    #[test]
    fn a_machine_reads_what_people_read() {
        let (inventory, policy) = (super::super::sample::inventory(), super::super::sample::policy());
        let applied = crate::rules::Applied::new(&inventory, &policy);
        let mut out = Vec::new();
        scan_json(&inventory, &Opinion { applied: Some(&applied), verbose: false }, &mut out).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert!(!String::from_utf8(out).unwrap().contains("/home/me"));
        let first = &document["references"][0];
        assert_eq!(first["opens"], true);
        assert_eq!(first["role"], "opens");
        assert_eq!(first["database"]["name"], "auth.db");
        assert_eq!(first["env"][0], "DATABASE_PATH");
        assert_eq!(first["context"], "code");
        assert_eq!((&first["line"], &first["column"]), (&3.into(), &1.into()));
        assert_eq!(document["references"][1]["database"], serde_json::Value::Null);
        assert_eq!(document["databases"][0]["standing"], "retired");
        assert_eq!(document["databases"][1]["path"], "data/zoe.db");
        assert_eq!(document["duplicates"][0]["sides"][1]["lacks_of_first"], 2);
        assert_eq!(document["skipped"].as_array().unwrap().len(), 1);
    }
}
