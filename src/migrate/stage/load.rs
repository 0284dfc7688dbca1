//! The rows of one source into the tables of the stage. Plain INSERT only: a conflict is an event, never an outcome.

use super::Work;
use super::catalogue::{self, Table, number};
use super::layout::Member;
use super::start::about;
use crate::db::{quote, uri};
use crate::migrate::{Account, Stop};

pub(super) fn load(work: &mut Work<'_>, source: usize) -> Result<(), Stop> {
    let Some((id, path)) = work.sources.get(source).map(|source| (source.id.clone(), source.path.clone())) else {
        return Ok(());
    };
    work.db.execute("ATTACH ? AS src", [uri(&path, "mode=ro")])?;
    let done = attached(work, source).map_err(|stop| about(&id, stop));
    work.db.execute_batch("DETACH src")?;
    done
}

fn attached(work: &mut Work<'_>, source: usize) -> Result<(), Stop> {
    let members: Vec<(usize, Member)> =
        work.layout.of_source(source).map(|(at, member)| (at, member.clone())).collect();
    for (_, member) in members {
        let Some(table) = work.sources.get(source).and_then(|it| it.catalogue.table(&member.table)).cloned() else {
            continue;
        };
        if table.is_virtual {
            continue;
        }
        let rows = count(work, "src", &member.table)?;
        let mut account = Account {
            source: work.id(source),
            table: member.table.clone(),
            target: (!member.skip).then(|| member.target.clone()),
            rows,
            copied: 0,
            identical: 0,
            merged: 0,
            kept_aside: 0,
        };
        if !member.skip {
            account.copied = if work.base == Some(source) { rows } else { copy(work, &member, &table)? };
        }
        work.staged.accounts.push(account);
    }
    Ok(())
}

fn count(work: &Work<'_>, schema: &str, table: &str) -> Result<u64, Stop> {
    let rows = number(&work.db, &format!("SELECT count(*) FROM {}.{}", quote(schema), quote(table)))?;
    Ok(u64::try_from(rows).unwrap_or(0))
}

fn copy(work: &Work<'_>, member: &Member, table: &Table) -> Result<u64, Stop> {
    let here = catalogue::read(&work.db, "main")?;
    let Some(target) = here.table(&member.target) else { return Ok(0) };
    let mut into = Vec::new();
    let mut from = Vec::new();
    for column in table.stored() {
        if let Some((result, own)) = member.columns.iter().find(|(_, own)| *own == column.name)
            && target.stored().any(|it| catalogue::same(&it.name, result))
        {
            into.push(quote(result));
            from.push(format!("s.{}", quote(own)));
        }
    }
    if table.id.is_none()
        && target.id.is_none()
        && let (Some(theirs), Some(ours)) = (table.rowid(), target.rowid())
    {
        into.push(ours);
        from.push(format!("s.{theirs}"));
    }
    let sql = format!(
        "INSERT INTO main.{}({}) SELECT {} FROM src.{} AS s",
        quote(&member.target),
        into.join(", "),
        from.join(", "),
        quote(&member.table)
    );
    let inserted = work.db.execute(&sql, [])?;
    Ok(inserted as u64)
}
