//! SQL, or a library that writes it, calls a table by the name it had before it was moved. Which name a table has now depends on
//! the database: the connection decides, and where it is not known, what is known of all the others.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::sink::Offence;
use super::{Applied, Sink, Standing};
use crate::finding::Remedy;
use crate::lang::{Access, Naming, Statement, TableUse, sql};
use crate::policy::{Move, Moves};
use crate::scan::{Context, Database, DatabaseId, Inventory, Linked, Trial};
use crate::text::{Place, Span};

/// Databases that are named in a reason.
const SHOWN: usize = 3;

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let moves = Moves::of(policy);
    if moves.iter().next().is_none() {
        return;
    }
    let mut statements: HashMap<&str, Around<'_>> = HashMap::new();
    for statement in &inventory.statements {
        statements.entry(&statement.fact.place.file).or_default().add(statement);
    }
    let nothing = Around::default();
    let mut stated: HashMap<&str, Vec<&TableUse>> = HashMap::new();
    for table_use in inventory.table_uses.iter().filter(|it| it.fact.naming == Naming::Stated) {
        stated.entry(&table_use.fact.place.file).or_default().push(&table_use.fact);
    }
    let names = Names::of(inventory, policy, &moves);
    let renamed: BTreeSet<&str> =
        moves.iter().filter(|own| own.from.table != own.to.table).map(|own| own.from.table.as_str()).collect();
    let unfollowed = perhaps_named(inventory, &renamed);
    let of_indexes = super::index_names::uses(inventory, policy, &renamed);
    let mut asked = Vec::new();
    for table_use in inventory.table_uses.iter().chain(&unfollowed).chain(&of_indexes) {
        let context = policy.context(&table_use.fact.place.file, table_use.context);
        if !matches!(context, Context::Code | Context::Config | Context::Test) {
            continue;
        }
        let around = statements.get(&*table_use.fact.place.file).unwrap_or(&nothing);
        let decision = names.decide(table_use, around);
        let Some(found) = decision.asked() else { continue };
        let new = &found.to.table;
        let beside = stated.get(&*table_use.fact.place.file).map_or(&[][..], Vec::as_slice);
        if found.from.table != *new && !says_both(around, beside, &table_use.fact, new) {
            asked.push((table_use, decision));
        }
    }
    // What only may be the name of a table says nothing of one that nothing else names.
    let named: HashSet<&Place> = asked
        .iter()
        .filter(|(table_use, _)| table_use.fact.naming != Naming::Spoken)
        .filter_map(|(_, decision)| decision.asked())
        .map(|found| &found.place)
        .collect();
    // Another module may tell what it is: the one that fills it into its SQL.
    let told: HashSet<(&Place, &str)> = asked
        .iter()
        .map(|(table_use, _)| &table_use.fact)
        .filter(|fact| fact.naming != Naming::Spoken)
        .map(|fact| (&fact.place, &*fact.table))
        .collect();
    asked.retain(|(table_use, decision)| {
        table_use.fact.naming != Naming::Spoken
            || decision.asked().is_some_and(|found| named.contains(&found.place))
                && !told.contains(&(&table_use.fact.place, &*table_use.fact.table))
    });
    // A table that keeps its name in one place keeps it in all: half a rename runs nowhere.
    let mut held: HashMap<&Place, (&TableUse, String)> = HashMap::new();
    for (table_use, decision) in &asked {
        let holds = match decision {
            Decision::Moved(found) => fixed(&table_use.fact, &found.to.table).map(|reason| (found, reason)),
            // What comes from a retired database moves with its rows, and a migration is told what may stay.
            Decision::Perhaps(found, reason) if found.from.database == found.to.database => {
                Some((found, reason.clone()))
            }
            _ => None,
        };
        let is_free = is_allowed(inventory, &table_use.fact) || names.is_served(&table_use.fact.table);
        if let Some((found, reason)) = holds.filter(|_| !is_free) {
            held.entry(&found.place).or_insert((&table_use.fact, reason));
        }
    }
    let only_migrations = "only migrations name it: a library may use it under this name";
    // What nothing but migrations speaks of is made and used by a library, or is gone.
    let used: HashSet<&Place> = asked
        .iter()
        .filter(|(table_use, _)| !is_migration(&table_use.fact.place.file))
        .filter_map(|(_, decision)| decision.asked())
        .map(|found| &found.place)
        .collect();
    let not_made = "nothing here makes this table: a library of Django does, under this name";
    let made: HashSet<&Place> = asked
        .iter()
        .filter(|(table_use, _)| table_use.fact.access == Access::Defines)
        .filter_map(|(_, decision)| decision.asked())
        .map(|found| &found.place)
        .collect();
    let is_django = inventory.references.iter().any(|reference| &*reference.fact.construct == "Django DATABASES");
    for (table_use, decision) in &asked {
        let fact = &table_use.fact;
        let Some(found) = decision.asked() else { continue };
        let new = &found.to.table;
        let offence = Offence::at(&fact.place)
            .hole("old", &fact.table)
            .hole("new", new)
            .hole("table", &fact.table)
            .label(&found.place, "policy")
            .about(table_use.databases.first().copied());
        let reason = match decision {
            Decision::Open(_, reason) | Decision::Perhaps(_, reason) => Some(reason.clone()),
            _ if !used.contains(&found.place) => Some(only_migrations.to_owned()),
            _ if is_django && !made.contains(&found.place) => Some(not_made.to_owned()),
            _ => fixed(fact, new),
        };
        sink.report(match (reason, held.get(&found.place)) {
            (Some(reason), _) if names.is_served(&fact.table) => offence.case("by-view").hole("reason", reason),
            (Some(reason), _) => offence.case("by-hand").hole("reason", reason),
            (None, Some((other, reason))) => {
                let place = format!("{}:{}", other.place.file, other.place.start.line);
                offence.case("with-another").hole("other", place).hole("reason", reason)
            }
            (None, None) => offence.remedy(Remedy::RenameTable {
                from: fact.table.to_string(),
                to: new.clone(),
                declared: fact.declared.clone(),
            }),
        });
    }
}

/// Every table that is renamed, wherever what names one, or its database, could not be followed to the end, or can be its name in part.
fn perhaps_named(inventory: &Inventory, renamed: &BTreeSet<&str>) -> Vec<Linked<TableUse>> {
    let named = |place: &Linked<TableUse>, table: &str| {
        let mut perhaps = place.clone();
        perhaps.fact.table = table.into();
        perhaps
    };
    let can_be = |place: &Linked<TableUse>, table: &str| {
        let pattern = &place.fact.table;
        pattern.is_empty() || fits(&pattern.to_ascii_lowercase(), &table.to_ascii_lowercase())
    };
    let any = inventory.unfollowed.iter().flat_map(|place| {
        renamed.iter().filter(move |table| can_be(place, table)).map(move |table| named(place, table))
    });
    any.collect()
}

/// Whether a name can be what a pattern leaves open: `*` for any letters.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or("");
    for part in parts {
        match left.split_once(part) {
            Some((_, behind)) => left = behind,
            None => return false,
        }
    }
    left.ends_with(last)
}

/// Why a place cannot say the new name.
fn fixed(fact: &TableUse, new: &str) -> Option<String> {
    let bare = fact.naming == Naming::FilledBare && !sql::is_plain(new);
    let quotes = || format!("the name is filled into SQL that has no quotes for it, and `{new}` needs them");
    fact.fixed.as_deref().map(str::to_owned).or_else(|| bare.then(quotes))
}

/// A step of alembic or Django.
pub(super) fn is_migration(file: &str) -> bool {
    file.ends_with(".py") && file.split('/').any(|folder| matches!(folder, "migrations" | "versions"))
}

/// A comment says that the place may keep the name.
fn is_allowed(inventory: &Inventory, fact: &TableUse) -> bool {
    let (file, line) = (&fact.place.file, fact.place.start.line);
    inventory.allows.iter().any(|allow| {
        allow.rule == "retired-table"
            && allow.place.file == *file
            && !allow.is_open
            && (allow.lines.0..=allow.lines.1).contains(&line)
    })
}

/// The statements of one source, in the order in which they begin.
#[derive(Default)]
struct Around<'a> {
    statements: Vec<&'a Linked<Statement>>,
    /// Where the last of those up to here ends.
    ends: Vec<u32>,
}

impl<'a> Around<'a> {
    fn add(&mut self, statement: &'a Linked<Statement>) {
        let end = statement.fact.place.span.end;
        self.ends.push(self.ends.last().map_or(end, |last| end.max(*last)));
        self.statements.push(statement);
    }

    /// The statements around a place, the innermost first.
    fn of(&self, place: Span) -> impl Iterator<Item = &'a Linked<Statement>> {
        let before = self.statements.partition_point(|it| it.fact.place.span.start <= place.start);
        let candidates = self.statements.iter().zip(&self.ends).take(before).rev();
        let reach = candidates.take_while(move |(_, end)| **end >= place.end).map(|(statement, _)| *statement);
        reach.filter(move |statement| statement.fact.place.span.contains(place))
    }
}

/// What a table use comes to.
enum Decision<'m> {
    Stays,
    Moved(&'m Move),
    /// It moves under this name or another one; why nobody can tell. A person has to write it whatever becomes of the others.
    Open(&'m Move, String),
    /// It may be this move, or a table that stays; why nobody can tell. A table that only gets another name keeps it in
    /// all places meanwhile.
    Perhaps(&'m Move, String),
}

impl<'m> Decision<'m> {
    fn asked(&self) -> Option<&'m Move> {
        match self {
            Self::Stays => None,
            Self::Moved(found) | Self::Open(found, _) | Self::Perhaps(found, _) => Some(found),
        }
    }
}

/// The moves as they concern the databases of one inventory.
struct Names<'a> {
    inventory: &'a Inventory,
    policy: &'a Applied<'a>,
    moves: &'a Moves,
    /// For each table that moves, in lower case: the databases that hold one of that name.
    holders: HashMap<String, BTreeSet<DatabaseId>>,
    /// For each database whether it only stands in for another: a throw-away one, or one that nothing but tests names.
    stands_in: Vec<bool>,
    /// Made when the first statement is tried.
    trial: OnceCell<Trial<'a>>,
}

impl<'a> Names<'a> {
    fn of(inventory: &'a Inventory, policy: &'a Applied<'a>, moves: &'a Moves) -> Self {
        let moved: HashSet<String> = moves.iter().map(|own| own.from.table.to_ascii_lowercase()).collect();
        let mut holders: HashMap<String, BTreeSet<DatabaseId>> = HashMap::new();
        for (index, database) in inventory.databases.iter().enumerate() {
            let Some(schema) = database.file.as_ref().and_then(|file| file.schema.as_ref()) else { continue };
            for table in schema.own_tables().map(|table| table.name.to_ascii_lowercase()) {
                if moved.contains(&table) {
                    holders.entry(table).or_default().insert(DatabaseId(index));
                }
            }
        }
        for table_use in &inventory.table_uses {
            let table = table_use.fact.table.to_ascii_lowercase();
            if moved.contains(&table) {
                holders.entry(table).or_default().extend(&*table_use.databases);
            }
        }
        let trial = |database: &Database| database.file.is_none() || super::is_trial(&database.path);
        let mut stands_in: Vec<bool> = inventory.databases.iter().map(trial).collect();
        for reference in &inventory.references {
            let context = policy.context(&reference.fact.place.file, reference.context);
            if matches!(context, Context::Code | Context::Config) {
                for own in &*reference.databases {
                    stands_in.get_mut(own.0).into_iter().for_each(|stands_in| *stands_in = false);
                }
            }
        }
        for (index, stands_in) in stands_in.iter_mut().enumerate() {
            match policy.standing(DatabaseId(index)) {
                Standing::Temporary => *stands_in = true,
                Standing::Unknown => {}
                _ => *stands_in = false,
            }
        }
        for holders in holders.values_mut() {
            holders.retain(|database| !stands_in.get(database.0).copied().unwrap_or(false));
            let all = holders.clone();
            holders.retain(|database| !is_copy_of_one(inventory, *database, |original| all.contains(&original)));
        }
        Self { inventory, policy, moves, holders, stands_in, trial: OnceCell::new() }
    }

    fn decide(&self, table_use: &Linked<TableUse>, around: &Around<'a>) -> Decision<'a> {
        let table = &table_use.fact.table;
        let mut real: Vec<DatabaseId> = table_use.databases.to_vec();
        real.retain(|database| !self.stands_in.get(database.0).copied().unwrap_or(false));
        if real.is_empty() {
            real = self.namesakes(&table_use.databases);
        }
        let all = real.clone();
        real.retain(|database| !is_copy_of_one(self.inventory, *database, |original| all.contains(&original)));
        if !real.is_empty() {
            return self.agreed(table, &real, |databases| format!("its connection can be {databases}"));
        }
        let spoken: Vec<&Move> = self.moves.iter().filter(|own| own.from.table.eq_ignore_ascii_case(table)).collect();
        let Some(first) = spoken.first() else { return Decision::Stays };
        // A throw-away database stands for the real one; an unknown connection for any that holds such a table.
        let none = BTreeSet::new();
        let holders = self.holders.get(&table.to_ascii_lowercase()).unwrap_or(&none);
        // The columns tell tables of one name apart.
        let statement = around.of(table_use.fact.place.span).last();
        let fitting: Vec<DatabaseId> = match statement {
            Some(statement) if table_use.databases.is_empty() => {
                let trial = self.trial.get_or_init(|| Trial::of(self.inventory));
                holders.iter().copied().filter(|database| trial.fits(statement, *database) != Some(false)).collect()
            }
            _ => holders.iter().copied().collect(),
        };
        if fitting.is_empty() && !holders.is_empty() {
            let all: Vec<DatabaseId> = holders.iter().copied().collect();
            let names = self.named(&all);
            let words = format!("its connection is not known, and no `{table}` of {names} has its columns");
            return Decision::Perhaps(first, words);
        }
        let answers: Vec<Option<&Move>> = fitting.iter().map(|database| self.moved(*database, table)).collect();
        // A database of which nothing but the policy is known may be meant as well.
        let seen: Vec<&Move> = holders.iter().filter_map(|database| self.moved(*database, table)).collect();
        let unseen = spoken.iter().copied().filter(|own| !seen.contains(own));
        let targets: BTreeSet<&str> =
            answers.iter().copied().flatten().chain(unseen).map(|own| own.to.table.as_str()).collect();
        let found = answers.iter().copied().flatten().next().unwrap_or(first);
        let stay: Vec<DatabaseId> = fitting
            .iter()
            .zip(&answers)
            .filter(|(_, answer)| answer.is_none())
            .map(|(database, _)| *database)
            .collect();
        match (targets.len(), stay.as_slice()) {
            (0, _) => Decision::Stays,
            (1, []) => Decision::Moved(found),
            (_, []) => {
                let new: Vec<String> = targets.iter().map(|table| format!("`{table}`")).collect();
                let new = new.join(" or ");
                Decision::Open(found, format!("its connection is not known, and the table moves to {new}"))
            }
            _ => {
                let names = self.named(&stay);
                let words = format!("its connection is not known, and {names} holds such a table that does not move");
                Decision::Perhaps(found, words)
            }
        }
    }

    /// A view of the primary serves who still uses the old name, so that places may change one by one.
    fn is_served(&self, table: &str) -> bool {
        self.policy.views.iter().any(|view| view.eq_ignore_ascii_case(table))
            || (0..self.inventory.databases.len())
                .map(DatabaseId)
                .filter(|id| matches!(self.policy.standing(*id), Standing::Primary))
                .any(|id| self.inventory.stand_ins(id).any(|view| view.eq_ignore_ascii_case(table)))
    }

    /// The real databases whose name throw-away ones bear: those stand for them.
    fn namesakes(&self, databases: &[DatabaseId]) -> Vec<DatabaseId> {
        let names: HashSet<&str> = databases.iter().map(|id| self.inventory.database(*id).name.as_str()).collect();
        let all = self.inventory.databases.iter().zip(&self.stands_in).enumerate();
        let real = all.filter(|(_, (own, stands_in))| !**stands_in && names.contains(own.name.as_str()));
        real.map(|(index, _)| DatabaseId(index)).collect()
    }

    /// One answer for all these databases, or none.
    fn agreed(&self, table: &str, databases: &[DatabaseId], reason: impl Fn(&str) -> String) -> Decision<'a> {
        let answers: Vec<Option<&Move>> = databases.iter().map(|database| self.moved(*database, table)).collect();
        let Some(found) = answers.iter().copied().flatten().next() else { return Decision::Stays };
        let same = |answer: &Option<&Move>| answer.is_some_and(|answer| answer.to.table == found.to.table);
        if answers.iter().all(same) {
            return Decision::Moved(found);
        }
        let words = reason(&self.named(databases));
        match answers.iter().all(Option::is_some) {
            true => Decision::Open(found, words),
            false => Decision::Perhaps(found, words),
        }
    }

    fn named(&self, databases: &[DatabaseId]) -> String {
        let told = |database: &DatabaseId| format!("`{}`", super::told_apart(self.inventory, *database));
        let mut names: Vec<String> = databases.iter().map(told).collect();
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        if names.len() > SHOWN {
            names.truncate(SHOWN);
            names.push("another".to_owned());
        }
        names.join(" or ")
    }

    /// Whether the table of some retired database comes into the primary under this name.
    fn is_kept(&self, table: &str) -> bool {
        let none = BTreeSet::new();
        self.holders.get(&table.to_ascii_lowercase()).unwrap_or(&none).iter().any(|database| {
            let Standing::Retired(entry) = self.policy.standing(*database) else { return false };
            let path = self.policy.retired.get(entry).map(|retired| retired.path.value.as_str());
            path.is_some_and(|path| self.moves.find(path, table).is_none())
        })
    }

    /// The move of a table of this database.
    fn moved(&self, database: DatabaseId, table: &str) -> Option<&'a Move> {
        match self.policy.standing(database) {
            Standing::Retired(entry) => {
                let path = &self.policy.retired.get(entry)?.path.value;
                self.moves.find(path, table)
            }
            Standing::Primary => {
                let path = self.policy.primary.as_ref().map_or("", |primary| primary.path.value.as_str());
                self.moves.find(path, table).or_else(|| {
                    // The code was moved, its SQL was not: sure only where the primary has no table of the old name, and no
                    // other retired database brings one that keeps it.
                    let missing = lacks(self.inventory, database, table) && !self.is_kept(table);
                    self.moves.iter().filter(|_| missing).find(|own| own.from.table.eq_ignore_ascii_case(table))
                })
            }
            _ => None,
        }
    }
}

/// Code that works on a database, and on copies of it under names that are not known (`x.db.*`), works on that database.
fn is_copy_of_one(inventory: &Inventory, database: DatabaseId, among: impl Fn(DatabaseId) -> bool) -> bool {
    inventory.copied_from(database).is_some_and(among)
}

fn lacks(inventory: &Inventory, database: DatabaseId, table: &str) -> bool {
    let schema = inventory.database(database).file.as_ref().and_then(|file| file.schema.as_ref());
    schema.is_some_and(|schema| {
        schema.table(table).is_none() && !schema.views.iter().any(|view| view.name.eq_ignore_ascii_case(table))
    })
}

/// `ALTER TABLE old RENAME TO new` and `INSERT INTO new SELECT .. FROM old` are the move itself. A column may be called `new` too.
fn says_both(around: &Around<'_>, stated: &[&TableUse], table_use: &TableUse, new: &str) -> bool {
    // `users` may become `Users`.
    let is_new = |name: &str| match table_use.table.eq_ignore_ascii_case(new) {
        true => name == new,
        false => name.eq_ignore_ascii_case(new),
    };
    around.of(table_use.place.span).map(|statement| &statement.fact).any(|statement| {
        let words: Vec<&str> = statement
            .sql
            .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .filter(|word| !word.is_empty())
            .collect();
        let renames = words.windows(3).any(|words| {
            let [rename, to, name] = words else { return false };
            rename.eq_ignore_ascii_case("rename") && to.eq_ignore_ascii_case("to") && is_new(name)
        });
        let span = statement.place.span;
        let first = stated.partition_point(|other| other.place.span.start < span.start);
        let mut within = stated.iter().skip(first).take_while(|other| other.place.span.start < span.end);
        renames || within.any(|other| span.contains(other.place.span) && is_new(&other.table))
    })
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_name_fits_what_is_known_of_it() {
        for (pattern, name) in [
            ("users", "users"),
            ("starred_*", "starred_folder"),
            ("*_old", "users_old"),
            ("a*b*c", "axbyc"),
            ("a*", "a"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("users", "user"), ("starred_*", "folder"), ("*_old", "users"), ("a*b*c", "acb"), ("ab*ba", "aba")]
        {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
