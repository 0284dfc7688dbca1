//! Which rows of a source are rows that the stage already has: by alias, by the key that the plan names, by primary key, by
//! whatever the target holds unique. Writes only to `temp`.

use super::catalogue::{Table, number, same};
use super::layout::{Group, Member};
use super::reading::{Exceptions, Reading};
use super::{Work, unique};
use crate::db::quote;
use crate::migrate::Stop;
use crate::migrate::plan::{Rekey, Strategy};

/// What names a row: its rowid, or its primary key where it has none.
pub(super) fn row_key(table: &Table) -> Option<Vec<String>> {
    if table.without_rowid { Some(table.primary_key()) } else { table.rowid().map(|name| vec![name]) }
}

/// `a.x = b.y AND …`
pub(super) fn equal(left: &[String], right: &[String]) -> String {
    let pairs: Vec<String> = left.iter().zip(right).map(|(left, right)| format!("{left} = {right}")).collect();
    if pairs.is_empty() { "1".to_owned() } else { pairs.join(" AND ") }
}

pub(super) fn of(alias: &str, columns: &[String]) -> Vec<String> {
    columns.iter().map(|column| format!("{alias}.{}", quote(column))).collect()
}

pub(super) fn numbered(alias: &str, letter: char, count: usize) -> Vec<String> {
    (0..count).map(|at| format!("{alias}{letter}{at}")).collect()
}

/// One table on its way, with the table of the target it goes to.
pub(super) struct Way<'w> {
    pub(super) at: usize,
    pub(super) member: &'w Member,
    pub(super) table: &'w Table,
    pub(super) group: &'w Group,
    pub(super) target: &'w Table,
}

impl Way<'_> {
    /// The source's column that becomes a column of the result.
    pub(super) fn own(&self, result: &str) -> Option<&str> {
        self.member.columns.iter().find(|(name, _)| same(name, result)).map(|(_, own)| own.as_str())
    }

    fn unnamed(&self) -> Stop {
        Stop::new(
            format!("rows of `{}` cannot be told apart", self.member.table),
            "its columns hide every name of the rowid, and it has no INTEGER PRIMARY KEY",
            "keep it a table of its own with `rename-to`",
        )
    }

    pub(super) fn keys(&self) -> Result<(Vec<String>, Vec<String>), Stop> {
        let (Some(old), Some(new)) = (row_key(self.table), row_key(self.target)) else { return Err(self.unnamed()) };
        if self.table.without_rowid != self.target.without_rowid {
            return Err(Stop::new(
                format!("`{}` is WITHOUT ROWID in one source and not in another", self.member.target),
                "their rows are named in different ways",
                "keep them two tables with `rename-to`",
            ));
        }
        Ok((old, new))
    }
}

/// Fills `temp.m…` with the rows of the source that are rows of the stage: `o…` is the source's key, `n…` the stage's.
pub(super) fn matches(work: &Work<'_>, reading: &Reading, way: &Way<'_>) -> Result<(), Stop> {
    let (old, new) = way.keys()?;
    let at = way.at;
    let columns = [numbered("", 'o', old.len()), numbered("", 'n', new.len())].concat();
    let keys = numbered("", 'o', old.len()).join(", ");
    work.db.execute_batch(&format!(
        "CREATE TEMP TABLE m{at}({}, how TEXT, PRIMARY KEY({keys})) WITHOUT ROWID; CREATE INDEX temp.mn{at} ON m{at}({});",
        columns.join(", "),
        numbered("", 'n', new.len()).join(", "),
    ))?;
    aliases(work, reading, way, &old, &new)?;
    if let Some(on) = &way.group.match_on {
        tells_rows_apart(work, reading, way, on)?;
        by(work, reading, way, on, &old, &new, "match")?;
    }
    let moved = reading.shift(at).is_some_and(|shift| shift.by != 0);
    let apart = way.group.strategy == Strategy::KeepBoth && way.group.rekey != Some(Rekey::Keep);
    if let Some(id) = &way.target.id
        && !moved
        && (way.group.match_on.is_none() || apart || way.group.rekey == Some(Rekey::Map))
    {
        by(work, reading, way, std::slice::from_ref(id), &old, &new, "id")?;
    }
    let primary = way.target.primary_key();
    if way.target.id.is_none() && !primary.is_empty() {
        by(work, reading, way, &primary, &old, &new, "id")?;
    }
    for unique in &way.target.uniques {
        match &unique.columns {
            Some(columns) => by(work, reading, way, columns, &old, &new, "unique")?,
            None => unique::by_index(work, reading, way, unique, &old, &new)?,
        }
    }
    Ok(())
}

fn by(
    work: &Work<'_>,
    reading: &Reading,
    way: &Way<'_>,
    columns: &[String],
    old: &[String],
    new: &[String],
    how: &str,
) -> Result<(), Stop> {
    let mut conditions = Vec::new();
    for column in columns {
        let Some(target) = way.target.column(column) else {
            return Err(Stop::new(
                format!("`{}` has no column `{column}`", way.member.target),
                "match-on names columns of the result",
                "mend `match-on` of its block",
            ));
        };
        let Some(value) = reading.column(work, way.member, way.table, target)? else { return Ok(()) };
        conditions.push(format!("t.{} = {value}", quote(&target.name)));
    }
    let known = equal(&of("s", old), &numbered("k.", 'o', old.len()));
    work.db.execute_batch(&format!(
        "INSERT INTO temp.m{at} SELECT {old}, {new}, '{how}' FROM src.{own} AS s JOIN main.{target} AS t ON {on}
         WHERE NOT EXISTS (SELECT 1 FROM temp.m{at} AS k WHERE {known}) GROUP BY {old}",
        at = way.at,
        old = of("s", old).join(", "),
        new = of("t", new).join(", "),
        own = quote(&way.table.name),
        target = quote(&way.target.name),
        on = conditions.join(" AND "),
    ))?;
    Ok(())
}

/// A key of which a source has several rows is none.
fn tells_rows_apart(work: &Work<'_>, reading: &Reading, way: &Way<'_>, on: &[String]) -> Result<(), Stop> {
    if way.group.strategy == Strategy::KeepBoth {
        return Ok(());
    }
    let mut values = Vec::new();
    for column in on {
        let Some(target) = way.target.column(column) else { return Ok(()) };
        let Some(value) = reading.column(work, way.member, way.table, target)? else { return Ok(()) };
        values.push(format!("{value} COLLATE {}", quote(&target.collation)));
    }
    let whole: Vec<String> = values.iter().map(|value| format!("{value} IS NOT NULL")).collect();
    let twice = number(
        &work.db,
        &format!(
            "SELECT count(*) FROM (SELECT 1 FROM src.{} AS s WHERE {} GROUP BY {} HAVING count(*) > 1)",
            quote(&way.table.name),
            whole.join(" AND "),
            values.join(", ")
        ),
    )?;
    if twice == 0 {
        return Ok(());
    }
    Err(Stop::new(
        format!("`{}` does not tell its rows apart by {}", way.member.table, on.join(", ")),
        format!("{twice} keys belong to several rows of this source"),
        "name more columns in `match-on`, or choose strategy = \"keep-both\"",
    ))
}

fn aliases(work: &Work<'_>, reading: &Reading, way: &Way<'_>, old: &[String], new: &[String]) -> Result<(), Stop> {
    let Some(block) = way.member.block.and_then(|at| work.plan.tables.get(at)) else { return Ok(()) };
    let id = work.id(reading.source);
    for (index, alias) in block.alias.iter().enumerate() {
        let sides = [(&alias.from, &alias.to), (&alias.to, &alias.from)];
        let Some((mine, theirs)) =
            sides.into_iter().find(|(mine, _)| mine.split_once(':').is_some_and(|(it, _)| it == id))
        else {
            continue;
        };
        let (Some((_, key)), Some((other, other_key))) = (mine.split_once(':'), theirs.split_once(':')) else {
            continue;
        };
        let Some(other) = work.sources.iter().position(|source| source.id == other) else { continue };
        let earlier =
            way.group.members.iter().filter_map(|&at| work.layout.members.get(at)).any(|it| it.source == other);
        if other >= reading.source || !earlier {
            continue;
        }
        let Some(row) = work.find_earlier(way, other, other_key)? else {
            return Err(missing(theirs, &way.member.target));
        };
        // A row that was set aside is none that another could be one with.
        let places: Vec<String> = (1..=row.len()).map(|at| format!("?{at}")).collect();
        let stands: bool = work.db.query_row(
            &format!(
                "SELECT EXISTS (SELECT 1 FROM main.{} AS t WHERE {})",
                quote(&way.target.name),
                equal(&of("t", new), &places)
            ),
            rusqlite::params_from_iter(&row),
            |row| row.get(0),
        )?;
        if !stands {
            continue;
        }
        let named: Vec<String> = naming(way.table, way.group, way.member)
            .iter()
            .map(|column| format!("CAST(s.{} AS TEXT) = ?1", quote(column)))
            .collect();
        let landed: Vec<String> = (0..new.len()).map(|at| format!("?{}", at + 2)).collect();
        let sql = format!(
            "INSERT INTO temp.m{} SELECT {}, {}, 'alias {index}' FROM src.{} AS s WHERE {} LIMIT 1",
            way.at,
            of("s", old).join(", "),
            landed.join(", "),
            quote(&way.table.name),
            named.join(" OR "),
        );
        let mut values = vec![rusqlite::types::Value::Text(key.to_owned())];
        values.extend(row);
        if work.db.execute(&sql, rusqlite::params_from_iter(values))? == 0 {
            return Err(missing(mine, &way.member.target));
        }
    }
    Ok(())
}

fn missing(row: &str, table: &str) -> Stop {
    Stop::new(
        format!("`{table}`: no row `{row}`"),
        "an alias of the plan names a row that is not there",
        "write source:key, with the value of the primary key or of the column under `match-on`",
    )
}

/// The columns by whose value an alias may name a row.
pub(super) fn naming(table: &Table, group: &Group, member: &Member) -> Vec<String> {
    let mut columns = Vec::new();
    if let [one] = table.primary_key().as_slice() {
        columns.push(one.clone());
    }
    if let Some([one]) = group.match_on.as_deref()
        && let Some((_, own)) = member.columns.iter().find(|(result, _)| same(result, one))
    {
        columns.push(own.clone());
    }
    if columns.is_empty() {
        columns.extend(table.rowid());
    }
    columns
}

/// Lists, in `temp`, the keys of a parent that references use and that became others than its shift says.
pub(super) fn exceptions(work: &Work<'_>, reading: &mut Reading, way: &Way<'_>) -> Result<(), Stop> {
    let (old, new) = way.keys()?;
    let wanted: Vec<Vec<String>> = reading
        .refs
        .iter()
        .filter(|it| same(&it.parent, &way.table.name))
        .map(|it| it.parent_columns.clone())
        .collect();
    let mut made: Vec<Vec<String>> = Vec::new();
    for columns in wanted {
        if made.contains(&columns) {
            continue;
        }
        made.push(columns.clone());
        let mut after = Vec::new();
        let mut definitions = Vec::new();
        for (at, column) in columns.iter().enumerate() {
            let declared = way.table.column(column);
            let (affinity, collation) = declared
                .map_or(("INTEGER", "BINARY"), |it| (super::reading::affinity(&it.declared), it.collation.as_str()));
            definitions.push(format!("o{at} {affinity} COLLATE {}", quote(collation)));
            let landed = match declared {
                Some(column) => way
                    .member
                    .columns
                    .iter()
                    .find(|(_, own)| same(own, &column.name))
                    .and_then(|(result, _)| way.target.column(result))
                    .map(|column| column.name.clone()),
                None => way.target.rowid(),
            };
            let Some(landed) = landed else { continue };
            after.push(format!("t.{}", quote(&landed)));
        }
        if after.len() != columns.len() {
            continue;
        }
        definitions.extend(numbered("", 'n', columns.len()));
        let name = format!("f{}_{}", way.at, made.len());
        let before: Vec<String> = columns
            .iter()
            .map(|column| {
                let name = way.table.column(column).map_or_else(|| way.table.rowid(), |it| Some(it.name.clone()));
                format!("s.{}", quote(&name.unwrap_or_default()))
            })
            .collect();
        work.db.execute_batch(&format!(
            "CREATE TEMP TABLE {name}({definitions});
             INSERT INTO temp.{name} SELECT {before}, {after} FROM temp.m{at} AS m JOIN src.{own} AS s ON {on_old}
             JOIN main.{target} AS t ON {on_new};
             CREATE INDEX temp.i{name} ON {name}({keys});",
            definitions = definitions.join(", "),
            before = before.join(", "),
            after = after.join(", "),
            at = way.at,
            own = quote(&way.table.name),
            target = quote(&way.target.name),
            on_old = equal(&of("s", &old), &numbered("m.", 'o', old.len())),
            on_new = equal(&of("t", &new), &numbered("m.", 'n', new.len())),
            keys = numbered("", 'o', columns.len()).join(", "),
        ))?;
        let rekeyed = reading.rekeyed.iter().find(|(at, _)| *at == way.at).map(|(_, name)| name.clone());
        if let ([column], Some(key)) = (columns.as_slice(), rekeyed)
            && same(column, &key)
        {
            work.db.execute_batch(&format!("INSERT INTO temp.{name} SELECT o, n FROM temp.k{}", way.at))?;
        }
        if number(&work.db, &format!("SELECT EXISTS (SELECT 1 FROM temp.{name})"))? == 0 {
            work.db.execute_batch(&format!("DROP TABLE temp.{name}"))?;
        } else {
            reading.exceptions.push(Exceptions { parent: way.table.name.clone(), columns, table: name });
        }
    }
    Ok(())
}
