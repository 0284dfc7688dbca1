//! The rows of one source into the tables of the stage. Plain INSERT only: a conflict is an event, never an outcome.

use rusqlite::params;

use super::aside::{self, Standing};
use super::catalogue::{self, Table, number, same};
use super::layout::Member;
use super::matching::{self, Way, equal, numbered, of, row_key};
use super::reading::{Reading, Shift};
use super::start::about;
use super::{KeyMap, Keys, Work, dangling, holes, keys, lossless, part, resolve, sequences, virtuals};
use crate::db::{quote, uri};
use crate::migrate::plan::Dangling;
use crate::migrate::{Account, Stop};

/// A table on its way, before its target is looked at.
pub(super) type Travelling = (usize, Member, Table);

pub(super) fn load(work: &mut Work<'_>, source: usize) -> Result<(), Stop> {
    let Some((id, path)) = work.sources.get(source).map(|source| (source.id.clone(), source.path.clone())) else {
        return Ok(());
    };
    work.db.execute("ATTACH ? AS src", [uri(&path, "mode=ro")])?;
    work.db.execute_batch("BEGIN")?;
    attached(work, source).map_err(|stop| about(&id, stop))?;
    work.db.execute_batch("COMMIT")?;
    let left: Vec<String> = catalogue::rows(
        &work.db,
        "SELECT name FROM temp.sqlite_schema WHERE type = 'table' AND (name GLOB '[makf][0-9]*')",
        |row| row.get(0),
    )?;
    for table in left {
        work.db.execute_batch(&format!("DROP TABLE temp.{}", quote(&table)))?;
    }
    work.db.flush_prepared_statement_cache();
    work.db.execute_batch("DETACH src")?;
    Ok(())
}

fn attached(work: &mut Work<'_>, source: usize) -> Result<(), Stop> {
    let mut travelling: Vec<Travelling> = Vec::new();
    for (at, member) in work.layout.of_source(source) {
        if let Some(table) = work.sources.get(source).and_then(|it| it.catalogue.table(&member.table)) {
            travelling.push((at, member.clone(), table.clone()));
        }
    }
    let here = catalogue::read(&work.db, "main")?;
    let base = work.base == Some(source);
    let mut reading =
        Reading { source, refs: work.refs.get(source).cloned().unwrap_or_default(), ..Reading::default() };
    keys::shifts(work, &mut reading, &travelling)?;
    note_moves(work, &reading, &travelling);
    sequences::note(work, &travelling)?;
    work.teach_names(source)?;
    for (_, member, table) in travelling.iter().filter(|(_, member, _)| member.skip) {
        if !base && !table.is_virtual {
            aside::keep(
                work,
                source,
                table,
                "1",
                &[],
                Standing::Aside,
                &format!("skipped: the plan leaves out {}", member.table),
            )?;
        }
    }
    dangling::orphaned(work, &travelling)?;
    let order = parents_first(&travelling, &reading);
    let ways: Vec<Way<'_>> = order
        .iter()
        .filter_map(|&index| travelling.get(index))
        .filter(|(_, member, table)| !member.skip && !table.is_virtual)
        .filter_map(|(at, member, table)| {
            let group = work.layout.group(&member.target)?;
            Some(Way { at: *at, member, table, group, target: here.table(&member.target)? })
        })
        .collect();
    if !base {
        for way in &ways {
            lossless::check(work, way)?;
            if way.group.members.first() != Some(&way.at) {
                matching::matches(work, &reading, way)?;
                part::part(work, &mut reading, way)?;
                matching::exceptions(work, &mut reading, way)?;
            }
        }
    }
    dangling::set_aside(work, &mut reading, &ways)?;
    let mut counts: Vec<(usize, u64)> = Vec::new();
    for way in &ways {
        let rows = count(work, &way.table.name)?;
        counts.push((way.at, rows));
        work.progress.begin(&format!("copy {}.{}", work.id(source), way.member.table), rows, 0);
        if base {
            dangling::mend_base(work, &reading, way)?;
            work.names_of_base(way.member)?;
        } else {
            insert(work, &reading, way)?;
        }
        drop_columns(work, &reading, way)?;
        work.progress.advance(rows, 0);
        work.progress.end();
    }
    drop(ways);
    let moving = travelling.iter().filter(|(_, member, _)| !member.skip);
    let maps: Vec<KeyMap> = moving.map(|(at, _, table)| key_map(work, &reading, *at, table)).collect();
    work.staged.keys.extend(maps);
    for (at, member, table) in &travelling {
        let known = counts.iter().find(|(it, _)| it == at).map(|(_, rows)| *rows);
        let rows = match known {
            Some(rows) => rows,
            None if table.is_virtual => virtuals::rows(work, table)?,
            None => count(work, &table.name)?,
        };
        work.accounts.push((
            *at,
            source,
            Account {
                source: work.id(source),
                table: member.table.clone(),
                target: (!member.skip).then(|| work.plan.renamed(&member.target).to_owned()),
                rows,
                copied: 0,
                identical: 0,
                merged: 0,
                kept_aside: 0,
            },
        ));
    }
    virtuals::load(work, &reading, &travelling)
}

fn count(work: &Work<'_>, table: &str) -> Result<u64, Stop> {
    let rows = number(&work.db, &format!("SELECT count(*) FROM src.{}", quote(table)))?;
    Ok(u64::try_from(rows).unwrap_or(0))
}

/// How far the keys of each table moved: its own shift, or that of the table whose keys it has.
fn note_moves(work: &mut Work<'_>, reading: &Reading, travelling: &[Travelling]) {
    let mut moved = Vec::new();
    for (at, member, table) in travelling.iter().filter(|(_, _, table)| !table.without_rowid) {
        let root = reading.root(work, &member.table, &table.row_name());
        let root =
            root.and_then(|root| travelling.iter().find(|(_, _, it)| it.name == root.name)).map_or(*at, |it| it.0);
        moved.push((*at, reading.shift(root).map_or(0, |shift| shift.by)));
    }
    work.moved.extend(moved);
}

/// Parents before children, as far as references do not go round in circles.
fn parents_first(travelling: &[Travelling], reading: &Reading) -> Vec<usize> {
    let mut left: Vec<usize> = (0..travelling.len()).collect();
    let mut order = Vec::new();
    let name = |index: usize| travelling.get(index).map_or("", |(_, _, table)| table.name.as_str());
    while !left.is_empty() {
        let waits = |index: usize| {
            reading.refs.iter().any(|it| {
                same(&it.child, name(index))
                    && !same(&it.parent, name(index))
                    && left.iter().any(|&other| same(name(other), &it.parent))
            })
        };
        let ready = left.iter().position(|&index| !waits(index)).unwrap_or(0);
        order.push(left.remove(ready));
    }
    order
}

fn insert(work: &Work<'_>, reading: &Reading, way: &Way<'_>) -> Result<(), Stop> {
    let source = work.id(reading.source);
    let first = way.group.members.first() == Some(&way.at);
    let mut conditions = Vec::new();
    if !first {
        resolve::settle(work, reading, way)?;
        let (old, _) = way.keys()?;
        if any(work, &format!("m{}", way.at))? {
            conditions.push(not_listed('m', way.at, &old));
        }
    }
    if dangling::has_list(work, way.at)? {
        conditions.push(not_listed('a', way.at, &row_key(way.table).unwrap_or_default()));
    }
    let mut into = Vec::new();
    let mut from = Vec::new();
    let mut untouched = conditions.is_empty() && first;
    for column in way.target.stored() {
        match reading.column(work, way.member, way.table, column)? {
            Some(value) => {
                untouched &= way.own(&column.name).is_some_and(|own| value == format!("s.{}", quote(own)));
                into.push(column.name.clone());
                from.push(value);
            }
            None if way.target.id.as_ref().is_some_and(|id| same(id, &column.name)) => {
                untouched = false;
                into.push(column.name.clone());
                from.push(reading.value(work, way.table, &way.table.row_name())?);
            }
            None => untouched = false,
        }
    }
    if !way.target.without_rowid
        && way.target.id.is_none()
        && let (Some(ours), Some(theirs)) = (way.target.rowid(), way.table.rowid())
    {
        let value = match &way.table.id {
            Some(id) => reading.value(work, way.table, id)?,
            None => reading.value(work, way.table, &way.table.row_name())?,
        };
        // Rowids that SQLite gives anyway need not be written: then whole b-trees can be transferred.
        let plain = value == format!("s.{}", quote(&theirs)) && in_sequence(work, way, &theirs)?;
        if !plain {
            untouched = false;
            into.push(ours);
            from.push(value);
        }
    }
    note_keys(work, reading, way, first)?;
    let whole = untouched
        && way.table.columns.len() == way.target.columns.len()
        && way.table.columns.len() == from.len()
        && way
            .table
            .columns
            .iter()
            .zip(&way.target.columns)
            .all(|(own, column)| way.own(&column.name) == Some(&own.name));
    let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let (own, target) = (quote(&way.table.name), quote(&way.target.name));
    let holes = if whole { None } else { holes::of(work, way)? };
    if let (Some(holes), Some(rowid)) = (&holes, way.table.rowid()) {
        let new = reading.value(work, way.table, way.table.id.as_ref().unwrap_or(&way.table.row_name()))?;
        for (column, value) in into.iter().zip(&mut from) {
            if holes.is_for(column) {
                *value = holes.expression(value, &format!("s.{}", quote(&rowid)), &new);
            }
        }
    }
    let into: Vec<String> = into.iter().map(|column| quote(column)).collect();
    let sql = if whole {
        // The same definition on both sides: SQLite moves the b-trees without decoding a row.
        format!("INSERT INTO main.{target} SELECT * FROM src.{own}")
    } else {
        format!("INSERT INTO main.{target}({}) SELECT {} FROM src.{own} AS s{filter}", into.join(", "), from.join(", "))
    };
    work.db.execute(&sql, []).map_err(|error| refused(way, &source, error))?;
    holes::fill(work, way, holes.as_ref())
}

/// Where keys follow no rule, what they became is written down.
fn note_keys(work: &Work<'_>, reading: &Reading, way: &Way<'_>, first: bool) -> Result<(), Stop> {
    let source = work.id(reading.source);
    if let Some((_, _)) = reading.rekeyed.iter().find(|(at, _)| *at == way.at) {
        let how = if way.target.id.is_some() { "moved" } else { "rekeyed" };
        work.db.execute(
            &format!(
                "INSERT INTO main.dbguard_key_map SELECT ?1, ?2, s.o, s.n, ?3 FROM temp.k{} AS s WHERE {}",
                way.at,
                if way.target.id.is_some() && dangling::has_list(work, way.at)? {
                    not_listed('a', way.at, &["o".to_owned()])
                } else {
                    "1".to_owned()
                },
            ),
            params![source, way.table.name, how],
        )?;
    }
    if let Some(id) = &way.table.id
        && !reading.owns_its_keys(work, way.table)
        && !reading.exceptions.is_empty()
    {
        let by = work.moved.iter().find(|(at, _)| *at == way.at).map_or(0, |(_, by)| *by);
        let value = reading.value(work, way.table, id)?;
        let key = format!("s.{}", quote(id));
        let mut unmatched = if first { "1".to_owned() } else { not_listed('m', way.at, std::slice::from_ref(id)) };
        if dangling::has_list(work, way.at)? {
            unmatched = format!("{unmatched} AND {}", not_listed('a', way.at, std::slice::from_ref(id)));
        }
        work.db.execute(
            &format!(
                "INSERT INTO main.dbguard_key_map SELECT ?1, ?2, {key}, {value}, 'moved' FROM src.{} AS s
                 WHERE {unmatched} AND ({value}) IS NOT {key} + {by}",
                quote(&way.table.name)
            ),
            params![source, way.table.name],
        )?;
    }
    if way.table.without_rowid && way.group.members.len() > 1 {
        let (old, new) = way.keys()?;
        let mut values = Vec::new();
        for column in &new {
            let value = way.own(column).map(|own| reading.value(work, way.table, own)).transpose()?;
            values.push(value.unwrap_or_else(|| "NULL".to_owned()));
        }
        let columns = [numbered("", 'o', old.len()), numbered("", 'n', new.len())].concat();
        let unmatched = if first { "1".to_owned() } else { not_listed('m', way.at, &old) };
        work.db.execute_batch(&format!(
            "CREATE TEMP TABLE p{at}({}); INSERT INTO temp.p{at} SELECT {}, {} FROM src.{} AS s WHERE {unmatched};
             CREATE INDEX temp.pn{at} ON p{at}({});",
            columns.join(", "),
            of("s", &old).join(", "),
            values.join(", "),
            quote(&way.table.name),
            numbered("", 'n', new.len()).join(", "),
            at = way.at,
        ))?;
    }
    Ok(())
}

fn not_listed(letter: char, at: usize, key: &[String]) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM temp.{letter}{at} AS k WHERE {})",
        equal(&numbered("k.", 'o', key.len()), &of("s", key))
    )
}

fn any(work: &Work<'_>, table: &str) -> Result<bool, Stop> {
    Ok(number(&work.db, &format!("SELECT EXISTS (SELECT 1 FROM temp.{table})"))? != 0)
}

/// Whether rowids are 1, 2, 3 …
fn in_sequence(work: &Work<'_>, way: &Way<'_>, rowid: &str) -> Result<bool, Stop> {
    let sql = format!(
        "SELECT (SELECT count(*) FROM src.{table}) = coalesce((SELECT max({rowid}) FROM src.{table}), 0)
           AND coalesce((SELECT min({rowid}) FROM src.{table}), 1) = 1",
        table = quote(&way.table.name),
        rowid = quote(rowid),
    );
    Ok(way.group.members.len() == 1 && number(&work.db, &sql)? != 0)
}

fn refused(way: &Way<'_>, source: &str, error: rusqlite::Error) -> Stop {
    let is_constraint = error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation);
    let stop = Stop::from(error);
    if !is_constraint {
        return stop;
    }
    Stop::new(
        format!("`{}`: rows of `{source}` break a constraint of the result", way.member.target),
        stop.happened,
        "decide in its block: match-on and strategy, rekey, fill for columns that may not be NULL, or rename-to",
    )
}

/// Values of columns that the result does not get stand aside, each with its whole row.
fn drop_columns(work: &Work<'_>, reading: &Reading, way: &Way<'_>) -> Result<(), Stop> {
    if way.member.dropped.is_empty() {
        return Ok(());
    }
    let some: Vec<String> =
        way.member.dropped.iter().map(|column| format!("s.{} IS NOT NULL", quote(column))).collect();
    let reason = format!("drop-columns: {}", way.member.dropped.join(", "));
    aside::keep(work, reading.source, way.table, &some.join(" OR "), &[], Standing::Copied, &reason)?;
    Ok(())
}

fn key_map(work: &Work<'_>, reading: &Reading, at: usize, table: &Table) -> KeyMap {
    let by = work.moved.iter().find(|(member, _)| *member == at).map_or(0, |(_, by)| *by);
    let root = reading.root(work, &table.name, &table.row_name());
    let root = root.and_then(|root| {
        work.layout.members.iter().position(|it| it.source == reading.source && same(&it.table, &root.name))
    });
    let reach = reading.shift(root.unwrap_or(at)).filter(|shift| shift.by != 0);
    KeyMap {
        source: work.id(reading.source),
        table: table.name.clone(),
        keys: if by == 0 { Keys::Identity } else { Keys::Offset(by) },
        reach: reach.map(|Shift { low, high, .. }| (low, high)),
        exceptions: 0,
    }
}

/// The accounts, counted from what stands in the stage.
pub(super) fn accounts(work: &mut Work<'_>) -> Result<(), Stop> {
    let mut done = Vec::new();
    for (at, source, mut account) in std::mem::take(&mut work.accounts) {
        let listed = |how: &str| -> Result<u64, Stop> {
            let sql = "SELECT count(*) FROM main.dbguard_key_map WHERE source = ?1 AND table_name = ?2 AND how = ?3";
            let rows: i64 = work.db.query_row(sql, params![account.source, account.table, how], |row| row.get(0))?;
            Ok(u64::try_from(rows).unwrap_or(0))
        };
        account.identical = listed("same")?;
        account.merged = listed("merged")? + listed("held")?;
        let sql = "SELECT count(*) FROM main.dbguard_kept_aside WHERE source = ?1 AND table_name = ?2 AND account = 'kept aside'";
        let aside: i64 = work.db.query_row(sql, params![account.source, account.table], |row| row.get(0))?;
        account.kept_aside = u64::try_from(aside).unwrap_or(0);
        account.copied = account.rows.saturating_sub(account.identical + account.merged + account.kept_aside);
        if let Some(map) =
            work.staged.keys.iter_mut().find(|it| it.source == account.source && it.table == account.table)
        {
            map.exceptions =
                listed("same")? + listed("merged")? + listed("held")? + listed("moved")? + listed("rekeyed")?;
        }
        let _ = (at, source);
        done.push(account);
    }
    work.staged.accounts = done;
    Ok(())
}

/// The policy for rows of a member whose parent is missing.
pub(super) fn policy(work: &Work<'_>, member: &Member) -> Dangling {
    work.plan.dangling(member.block.and_then(|at| work.plan.tables.get(at)))
}
