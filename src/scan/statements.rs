//! Every statement of the code against the database it goes to: which compile, which do not, which nobody can judge.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Context, Database, DatabaseId, Inventory, Linked};
use crate::db::{Compiler, Fault, HOLE, Schema, Verdict};
use crate::lang::{Access, Engine, Statement};

/// Definitions of the code that one statement is tried with.
const DEFINITIONS: usize = 1000;

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<'a> {
    pub statement: &'a Linked<Statement>,
    /// The database it was compiled against; `None` where none is known that fits, or its database is no file here.
    pub database: Option<DatabaseId>,
    /// The connection says which database it is; otherwise it is one that fits.
    pub is_known: bool,
    pub verdict: Verdict,
    /// Of each way in which the statement can read.
    pub ways: Vec<Verdict>,
}

/// How the statements of an inventory fare. A statement is SQL that stands in a source, whole or put together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub compile: usize,
    pub broken: usize,
    /// Nobody can tell without running the code, or the database is not here.
    pub undecided: usize,
    /// SQL of another engine: none of ours to judge.
    pub foreign: usize,
}

impl Tally {
    /// Of what was judged, the code that runs: tests make their databases when they run.
    #[must_use]
    pub fn of(judged: &[Judged<'_>]) -> Self {
        let mut tally = Self::default();
        for one in judged.iter().filter(|one| is_code(one.statement.context)) {
            match one.verdict {
                Verdict::Compiles(_) => tally.compile += 1,
                Verdict::Broken(_) => tally.broken += 1,
                Verdict::Undecided(_) => tally.undecided += 1,
                Verdict::Foreign => tally.foreign += 1,
            }
        }
        tally
    }

    /// All that are SQLite's.
    #[must_use]
    pub fn found(&self) -> usize {
        self.compile + self.broken + self.undecided
    }
}

/// Whether what stands there is part of the program, and not of its tests or documents.
#[must_use]
pub fn is_code(context: Context) -> bool {
    matches!(context, Context::Code | Context::Config)
}

/// Compiles every statement against `schema` of its database, in the order of the inventory.
///
/// A table or column that the code itself creates at run time is no fault of the database. Where the connection is not known, a
/// statement is tried against every database that is here: one that it fits judges it, none makes it broken.
#[must_use]
pub fn judge<'a, 's>(inventory: &'a Inventory, schema: impl Fn(DatabaseId) -> Option<&'s Schema>) -> Vec<Judged<'a>> {
    let ids = (0..inventory.databases.len()).map(DatabaseId);
    let schemas: Schemas<'s> = ids.filter_map(|id| Some((id, schema(id)?))).collect();
    let here: Vec<DatabaseId> = schemas.keys().copied().collect();
    let mut bench = Bench::of(inventory, schemas);
    inventory.statements.iter().map(|statement| bench.judge(statement, &here)).collect()
}

/// Tries statements on databases that nobody says they go to.
pub struct Trial<'a> {
    bench: RefCell<Bench<'a, 'a>>,
}

impl<'a> Trial<'a> {
    /// On the databases of an inventory as they lie on disk.
    #[must_use]
    pub fn of(inventory: &'a Inventory) -> Self {
        let schema = |database: &'a Database| database.file.as_ref().and_then(|file| file.schema.as_ref());
        let databases = inventory.databases.iter().enumerate();
        let schemas = databases.filter_map(|(index, database)| Some((DatabaseId(index), schema(database)?))).collect();
        Self { bench: RefCell::new(Bench::of(inventory, schemas)) }
    }

    /// Whether a statement can go to a database, by the tables and columns that it names; `None` where nobody can tell.
    #[must_use]
    pub fn fits(&self, statement: &'a Linked<Statement>, database: DatabaseId) -> Option<bool> {
        match self.bench.borrow_mut().against(statement, database).0 {
            Verdict::Compiles(_) => Some(true),
            Verdict::Broken(Fault::NoColumn(_) | Fault::NoTable(_)) => Some(false),
            _ => None,
        }
    }
}

/// The databases that are here, each with its schema.
type Schemas<'s> = BTreeMap<DatabaseId, &'s Schema>;

/// The databases that statements are tried on.
struct Bench<'a, 's> {
    inventory: &'a Inventory,
    schemas: Schemas<'s>,
    defined: Defined<'a>,
    compilers: HashMap<DatabaseId, Compiler>,
    /// Those with what the code defines.
    wide: HashMap<Wide<'a>, Compiler>,
}

/// What the tables of a compiler come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Wide<'a> {
    /// The database that is meant, if one is.
    database: Option<DatabaseId>,
    /// It is here, and its own schema comes first.
    is_here: bool,
    /// The file whose definitions come before those of others; `None` where it makes no difference.
    file: Option<&'a str>,
}

/// Compilers with what the code defines that are kept: those of a file are asked one after the other.
const WIDE: usize = 16;

impl<'a, 's> Bench<'a, 's> {
    fn of(inventory: &'a Inventory, schemas: Schemas<'s>) -> Self {
        let defined = Defined::of(inventory);
        Self { inventory, schemas, defined, compilers: HashMap::new(), wide: HashMap::new() }
    }

    fn judge(&mut self, statement: &'a Linked<Statement>, here: &[DatabaseId]) -> Judged<'a> {
        let bare = |verdict| Judged { statement, database: None, is_known: false, verdict, ways: Vec::new() };
        let of = |id: &DatabaseId| self.inventory.database(*id);
        if !statement.databases.is_empty() && statement.databases.iter().all(|id| of(id).engine != Engine::Sqlite) {
            return bare(Verdict::Foreign);
        }
        let known: Vec<DatabaseId> =
            statement.databases.iter().copied().filter(|id| self.schemas.contains_key(id)).collect();
        if !known.is_empty() {
            let all = known.len() == statement.databases.len();
            let mut best = self.best(statement, &known);
            if all || matches!(best.verdict, Verdict::Compiles(_)) {
                best.is_known = true;
                return best;
            }
            // It may be one that only its caller names.
            let other = self.best(statement, here);
            if matches!(other.verdict, Verdict::Compiles(_)) {
                return other;
            }
            if let Verdict::Broken(fault) = &best.verdict {
                best.verdict = Verdict::Undecided(format!("one of its databases is not here ({})", fault.words()));
            }
            best.is_known = true;
            return best;
        }
        // A path of which only a part is known may be any database of that name.
        let vague: Vec<&Database> = statement.databases.iter().map(of).filter(|own| is_vague(own)).collect();
        if vague.len() < statement.databases.len() {
            return bare(self.by_definitions(statement, "its database is not here"));
        }
        let named: Vec<DatabaseId> =
            here.iter().copied().filter(|id| vague.iter().any(|own| own.name == of(id).name)).collect();
        let candidates = if named.is_empty() { here } else { named.as_slice() };
        if candidates.is_empty() {
            return bare(self.by_definitions(statement, "no database is here to judge it by"));
        }
        let mut best = self.best(statement, candidates);
        if let Verdict::Broken(fault) = &best.verdict {
            best.database = None;
            let words = fault.words();
            best.verdict = self.by_definitions(statement, "");
            if matches!(best.verdict, Verdict::Compiles(_)) {
                return best;
            }
            best.verdict =
                Verdict::Undecided(format!("its connection is not known, and it fits no database here: {}", words));
        }
        best
    }

    /// Where no database is here, by the tables that the code itself defines.
    fn by_definitions(&mut self, statement: &'a Linked<Statement>, otherwise: &str) -> Verdict {
        let of = statement.databases.first().copied();
        match compile(self.wide(of, false, &statement.fact.place.file), &statement.fact).0 {
            Verdict::Broken(_) | Verdict::Undecided(_) => Verdict::Undecided(otherwise.to_owned()),
            verdict => verdict,
        }
    }

    /// A compiler for the statements of a file that go to a database, with all that the code makes when it runs.
    fn wide(&mut self, database: Option<DatabaseId>, is_here: bool, file: &'a str) -> &Compiler {
        let differs = self.defined.differs(self.inventory, database, file);
        let of = Wide { database, is_here, file: differs.then_some(file) };
        if self.wide.len() >= WIDE && !self.wide.contains_key(&of) {
            self.wide.clear();
        }
        let (defined, schemas) = (&self.defined, &self.schemas);
        self.wide.entry(of).or_insert_with(|| defined.compiler(self.inventory, of, schemas))
    }

    /// The verdict of the database that the statement fits best.
    fn best(&mut self, statement: &'a Linked<Statement>, databases: &[DatabaseId]) -> Judged<'a> {
        let mut best: Option<Judged<'a>> = None;
        for &database in databases {
            let (verdict, ways) = self.against(statement, database);
            let better = match best.as_ref().map(|best| (&best.verdict, &verdict)) {
                None => true,
                Some((Verdict::Compiles(_), _)) => false,
                Some((_, Verdict::Compiles(_))) => true,
                Some((Verdict::Broken(_), Verdict::Undecided(_) | Verdict::Foreign)) => true,
                _ => false,
            };
            if better {
                let done = matches!(verdict, Verdict::Compiles(_));
                best = Some(Judged { statement, database: Some(database), is_known: false, verdict, ways });
                if done {
                    break;
                }
            }
        }
        let nothing = Verdict::Undecided("no database is here to judge it by".to_owned());
        best.unwrap_or(Judged { statement, database: None, is_known: false, verdict: nothing, ways: Vec::new() })
    }

    fn against(&mut self, statement: &'a Linked<Statement>, database: DatabaseId) -> (Verdict, Vec<Verdict>) {
        let Some(&schema) = self.schemas.get(&database) else {
            return (Verdict::Undecided("its database is not here".to_owned()), Vec::new());
        };
        let compiler = self.compilers.entry(database).or_insert_with(|| Compiler::of(schema));
        let (verdict, ways) = compile(compiler, &statement.fact);
        if matches!(verdict, Verdict::Compiles(_) | Verdict::Foreign) {
            return (verdict, ways);
        }
        // With what the code makes when it runs.
        let file: &'a str = &statement.fact.place.file;
        let (again, again_ways) = compile(self.wide(Some(database), true, file), &statement.fact);
        if matches!(again, Verdict::Compiles(_)) {
            return (again, again_ways);
        }
        // A step of a change of the schema that is behind us: what the code defined before.
        if self.defined.changes(file) {
            let (then, then_ways) = compile(self.wide(Some(database), false, file), &statement.fact);
            if matches!(then, Verdict::Compiles(_)) {
                return (then, then_ways);
            }
        }
        (self.defined.excuse(database, verdict), ways)
    }
}

/// One verdict of all the ways in which a statement can read: a way that compiles speaks for the words they share.
fn compile(compiler: &Compiler, fact: &Statement) -> (Verdict, Vec<Verdict>) {
    let ways: Vec<Verdict> = if fact.ways.is_empty() {
        vec![compiler.compile(&fact.sql, fact.holes)]
    } else {
        fact.ways.iter().map(|way| compiler.compile(way, 1)).collect()
    };
    let pick = |is: &dyn Fn(&Verdict) -> bool| ways.iter().find(|way| is(way)).cloned();
    let verdict = pick(&|way| matches!(way, Verdict::Compiles(_)))
        .or_else(|| pick(&|way| matches!(way, Verdict::Foreign)))
        .or_else(|| pick(&|way| matches!(way, Verdict::Undecided(_))).filter(|_| !is_broken(&ways)))
        .or_else(|| pick(&|way| matches!(way, Verdict::Broken(_))))
        .unwrap_or_else(|| Verdict::Undecided("nothing is known of it".to_owned()));
    (verdict, ways)
}

/// No way compiles, and the plainest is broken by a table that every other misses as well.
fn is_broken(ways: &[Verdict]) -> bool {
    let Some(Verdict::Broken(first @ Fault::NoTable(_))) = ways.first() else { return false };
    ways.iter()
        .all(|way| matches!(way, Verdict::Broken(fault) if fault == first) || matches!(way, Verdict::Undecided(_)))
}

/// Parts of its path are not known.
fn is_vague(database: &Database) -> bool {
    database.file.is_none() && (database.is_pattern || database.path.contains('*'))
}

/// What the code makes by itself when it runs.
struct Defined<'a> {
    /// Tables and views in lower case, by database; those of unknown connections stand under `None`.
    tables: BTreeMap<Option<DatabaseId>, BTreeSet<String>>,
    /// Columns that some `ALTER TABLE .. ADD COLUMN` adds, or some `CREATE TABLE` or `AS` names.
    columns: BTreeSet<String>,
    /// Statements that define tables, views or columns.
    statements: Vec<&'a Linked<Statement>>,
    /// The same by file.
    by_file: HashMap<&'a str, Vec<&'a Linked<Statement>>>,
    /// Names that several of them define differently.
    contested: HashSet<String>,
    /// Not all of them are tried with one statement.
    too_many: bool,
    /// Files that drop, rename or make tables anew.
    changing: BTreeSet<&'a str>,
}

impl<'a> Defined<'a> {
    fn of(inventory: &'a Inventory) -> Self {
        let mut tables: BTreeMap<Option<DatabaseId>, BTreeSet<String>> = BTreeMap::new();
        for table_use in inventory.table_uses.iter().filter(|it| it.fact.access == Access::Defines) {
            let name = table_use.fact.table.to_ascii_lowercase();
            if table_use.databases.is_empty() {
                tables.entry(None).or_default().insert(name.clone());
            }
            for database in &*table_use.databases {
                tables.entry(Some(*database)).or_default().insert(name.clone());
            }
        }
        let mut columns = BTreeSet::new();
        let mut statements = Vec::new();
        let mut changing = BTreeSet::new();
        // `CREATE TABLE {name}_copy`: every name that is known to be filled in.
        for statement in &inventory.statements {
            for name in statement.fact.ways.iter().filter_map(|way| created(way)) {
                tables.entry(None).or_default().insert(name);
            }
        }
        for statement in &inventory.statements {
            if let Some(column) = added_column(&statement.fact.sql) {
                columns.insert(column);
            }
            match defines(&statement.fact.sql) {
                Some(Change::Makes) => statements.push(statement),
                Some(Change::Moves) => {
                    statements.push(statement);
                    changing.insert(&*statement.fact.place.file);
                }
                None => {}
            }
        }
        let mut by_file: HashMap<&str, Vec<&Linked<Statement>>> = HashMap::new();
        let mut first: HashMap<String, &str> = HashMap::new();
        let mut contested = HashSet::new();
        let mut different = HashSet::new();
        for statement in &statements {
            by_file.entry(&statement.fact.place.file).or_default().push(statement);
            for sql in ways(&statement.fact) {
                different.insert(sql.as_str());
                let Some(name) = created(sql) else { continue };
                if *first.entry(name.clone()).or_insert(sql) != sql {
                    contested.insert(name);
                }
            }
        }
        let too_many = different.len() > DEFINITIONS;
        Self { tables, columns, statements, by_file, contested, too_many, changing }
    }

    fn changes(&self, file: &str) -> bool {
        self.changing.contains(file)
    }

    /// Whether what a file defines makes another schema of a database when it comes before what others define.
    fn differs(&self, inventory: &Inventory, database: Option<DatabaseId>, file: &str) -> bool {
        let own = self.by_file.get(file).map_or(&[][..], Vec::as_slice);
        let as_all = |it: &&Linked<Statement>| {
            let is_made = |sql: &String| created(sql).is_some_and(|name| !self.contested.contains(&name));
            can_be(it, database) && ways(&it.fact).iter().all(is_made)
        };
        inventory.attaches.iter().any(|attach| &*attach.fact.place.file == file)
            || !own.iter().all(as_all)
            || !own.is_empty() && self.too_many
    }

    /// A database with its schema, or with none, and what the code defines beside it: one file first, where it matters.
    fn compiler(&self, inventory: &Inventory, of: Wide<'_>, schemas: &Schemas<'_>) -> Compiler {
        let nothing = Schema::default();
        let schema = of.database.filter(|_| of.is_here).and_then(|id| schemas.get(&id)).copied().unwrap_or(&nothing);
        let compiler = Compiler::of(schema);
        let is_own = |file: &str| of.file == Some(file);
        for attach in inventory.attaches.iter().filter(|attach| is_own(&attach.fact.place.file)) {
            for attached in attach.databases.iter().filter_map(|id| schemas.get(id)) {
                compiler.attach(&attach.fact.alias, attached);
            }
            // One that nobody knows: a database of the same kind, as imports and copies attach.
            if !attach.databases.iter().any(|id| schemas.contains_key(id)) {
                compiler.attach(&attach.fact.alias, schema);
            }
        }
        let own = of.file.and_then(|file| self.by_file.get(file)).into_iter().flatten();
        let others = self.statements.iter().filter(|it| !is_own(&it.fact.place.file) && can_be(it, of.database));
        let sql = own.chain(others).flat_map(|it| ways(&it.fact)).filter(|sql| !sql.contains(HOLE));
        let mut seen = HashSet::new();
        let sql = sql.map(String::as_str).filter(|sql| seen.insert(*sql)).take(DEFINITIONS);
        // What is changed was made before, wherever that stands.
        let (made, changed): (Vec<&str>, Vec<&str>) = sql.partition(|sql| created(sql).is_some());
        for sql in made.into_iter().chain(changed) {
            match defines(sql) {
                Some(Change::Moves) => {
                    if let Some((from, to)) = renamed(sql) {
                        compiler.define(&format!("CREATE TABLE {to} AS SELECT * FROM {from}"));
                    }
                }
                _ => compiler.define(sql),
            }
        }
        compiler
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

/// Whether a statement may go to a database.
fn can_be(statement: &Linked<Statement>, database: Option<DatabaseId>) -> bool {
    statement.databases.is_empty() || database.is_none_or(|own| statement.databases.contains(&own))
}

/// What a statement can read as.
fn ways(fact: &Statement) -> &[String] {
    if fact.ways.is_empty() { std::slice::from_ref(&fact.sql) } else { &fact.ways }
}

/// What a statement does to the schema.
enum Change {
    Makes,
    /// Takes a table away, or gives it another name.
    Moves,
}

fn defines(sql: &str) -> Option<Change> {
    let mut words = sql.split_whitespace().map(str::to_ascii_uppercase);
    match (words.next()?.as_str(), words.next()?.as_str()) {
        ("CREATE", "TABLE" | "VIEW" | "TEMP" | "TEMPORARY" | "VIRTUAL") => Some(Change::Makes),
        ("ALTER", "TABLE") if words.clone().any(|word| word == "RENAME" || word == "DROP") => Some(Change::Moves),
        ("ALTER", "TABLE") => Some(Change::Makes),
        ("DROP", "TABLE") => Some(Change::Moves),
        _ => None,
    }
}

/// The name of the table or view that a statement creates, in lower case.
fn created(sql: &str) -> Option<String> {
    if !sql.trim_ascii_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("CREATE")) {
        return None;
    }
    let words = sql.split(|c: char| c.is_whitespace() || c == '(').filter(|word| !word.is_empty());
    let skipped = ["CREATE", "TEMP", "TEMPORARY", "VIRTUAL", "TABLE", "VIEW", "IF", "NOT", "EXISTS"];
    let mut words = words.skip_while(|word| skipped.iter().any(|own| word.eq_ignore_ascii_case(own)));
    matches!(defines(sql), Some(Change::Makes))
        .then(|| words.next())
        .flatten()
        .map(|name| name.trim_matches(['"', '`', '[', ']', '\'']).to_ascii_lowercase())
}

/// `ALTER TABLE a RENAME TO b`: both names, as they are written.
fn renamed(sql: &str) -> Option<(&str, &str)> {
    let words: Vec<&str> = sql.split_whitespace().collect();
    match words.as_slice() {
        [alter, table, from, rename, to, name]
            if alter.eq_ignore_ascii_case("ALTER")
                && table.eq_ignore_ascii_case("TABLE")
                && rename.eq_ignore_ascii_case("RENAME")
                && to.eq_ignore_ascii_case("TO") =>
        {
            Some((from, name.trim_end_matches(';')))
        }
        _ => None,
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

#[cfg(test)]
mod tests {
    #[test]
    fn both_rooms_mark_holes_alike() {
        assert_eq!(crate::db::HOLE, crate::lang::sql::HOLE);
    }
}
