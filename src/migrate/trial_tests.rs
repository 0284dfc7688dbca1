//! A trial for tests: sources made of SQL, a plan written as TOML, the stage and its proofs.

use std::path::PathBuf;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::{Account, Input, Proof, Silent, Staged, Stop, plan, prove, stage};
use crate::text::Source;

pub(super) struct Trial {
    folder: tempfile::TempDir,
    inputs: Vec<Input>,
    plan: String,
}

impl Trial {
    /// Sources with their SQL; the first is the base.
    pub(super) fn new(sources: &[(&str, &str)]) -> Self {
        let base = sources.first().map(|(id, _)| *id);
        Self::on(base, sources)
    }

    pub(super) fn on(base: Option<&str>, sources: &[(&str, &str)]) -> Self {
        let mut trial = Self { folder: tempfile::tempdir().unwrap(), inputs: Vec::new(), plan: String::new() };
        let base = base.map_or_else(String::new, |base| format!("base = {base:?}\n"));
        trial.plan = format!("version = 1\n[target]\npath = \"all.db\"\n{base}");
        for (id, sql) in sources {
            let path = trial.folder.path().join(format!("{id}.db"));
            open(&path).execute_batch(sql).unwrap();
            trial.inputs.push(Input { id: (*id).to_owned(), path });
            trial.plan.push_str(&format!("[[source]]\nid = {id:?}\npath = \"{id}.db\"\n"));
        }
        trial
    }

    /// More of the plan.
    pub(super) fn plan(mut self, toml: &str) -> Self {
        self.plan.push_str(toml);
        self.plan.push('\n');
        self
    }

    pub(super) fn written(&self) -> &str {
        &self.plan
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("stage.db")
    }

    fn read_plan(&self) -> plan::Plan {
        plan::read(&Source::new("migration.toml", self.plan.clone().into_bytes())).unwrap()
    }

    pub(super) fn stage(&self) -> Result<Staged, Stop> {
        stage(&self.read_plan(), &self.inputs, &self.path(), &Silent)
    }

    pub(super) fn file(&self, id: &str) -> PathBuf {
        self.folder.path().join(format!("{id}.db"))
    }

    /// Stages with another file in the place of a source.
    pub(super) fn stage_with(&self, id: &str, path: &std::path::Path) -> Result<Staged, Stop> {
        let mut inputs = self.inputs.clone();
        inputs.iter_mut().filter(|input| input.id == id).for_each(|input| input.path = path.to_owned());
        stage(&self.read_plan(), &inputs, &self.path(), &Silent)
    }

    /// The proofs that do not hold.
    pub(super) fn broken(&self, staged: &Staged) -> Vec<Proof> {
        let proofs = prove(&self.read_plan(), &self.inputs, &self.path(), staged, &Silent).unwrap();
        assert!(!proofs.is_empty());
        proofs.into_iter().filter(|proof| !proof.holds).collect()
    }

    /// Stages, and holds that every proof does.
    pub(super) fn proved(&self) -> Outcome {
        let staged = self.stage().unwrap();
        let broken = self.broken(&staged);
        assert!(broken.is_empty(), "{broken:#?}\n{staged:#?}");
        for account in &staged.accounts {
            assert!(account.adds_up(), "{account:?}");
        }
        Outcome { db: open(&self.path()), staged }
    }
}

pub(super) fn open(path: &std::path::Path) -> Connection {
    let connection = Connection::open_with_flags(path, rusqlite::OpenFlags::default()).unwrap();
    connection.execute_batch("PRAGMA foreign_keys=OFF").unwrap();
    connection
}

pub(super) struct Outcome {
    pub(super) db: Connection,
    pub(super) staged: Staged,
}

impl Outcome {
    /// All rows of a query: values joined with `|`, rows with a space; NULL is nothing.
    pub(super) fn rows(&self, sql: &str) -> String {
        rows(&self.db, sql)
    }

    /// copied, identical, merged, kept aside.
    pub(super) fn account(&self, source: &str, table: &str) -> (u64, u64, u64, u64) {
        let is = |it: &&Account| it.source == source && it.table == table;
        let it = self.staged.accounts.iter().find(is).unwrap();
        (it.copied, it.identical, it.merged, it.kept_aside)
    }
}

pub(super) fn rows(db: &Connection, sql: &str) -> String {
    let mut statement = db.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let values: Vec<String> = (0..columns)
            .map(|column| match row.get::<_, Value>(column).unwrap() {
                Value::Null => String::new(),
                Value::Integer(integer) => integer.to_string(),
                Value::Real(real) => format!("{real:?}"),
                Value::Text(text) => text,
                Value::Blob(blob) => format!("x{}", blob.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
            })
            .collect();
        lines.push(values.join("|"));
    }
    lines.join(" ")
}
