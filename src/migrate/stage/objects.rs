//! Indexes, views and triggers: laid aside while rows are loaded, made when all rows are there. Touches no row.

use super::Work;
use super::aside::{self, Standing};
use super::catalogue::{self, Object, same};
use super::shape;
use super::{Carried, layout};
use crate::db::quote;
use crate::migrate::Stop;

/// An object that is made after the load.
#[derive(Debug, Clone)]
pub(super) struct Later {
    pub(super) source: usize,
    pub(super) kind: &'static str,
    pub(super) object: Object,
}

/// No trigger may fire while rows are loaded, and no view stand in the way: the base's are taken out.
pub(super) fn lay_aside(work: &mut Work<'_>) -> Result<(), Stop> {
    for source in 0..work.sources.len() {
        let (catalogue, broken) = if work.base == Some(source) {
            let broken = shape::rename(&work.db, &layout::renames(&work.layout, source))?;
            aside::prepare(&work.db)?;
            let catalogue = catalogue::read(&work.db, "main")?;
            for trigger in &catalogue.triggers {
                work.db.execute_batch(&format!("DROP TRIGGER main.{}", quote(&trigger.name)))?;
            }
            for view in &catalogue.views {
                work.db.execute_batch(&format!("DROP VIEW main.{}", quote(&view.name)))?;
            }
            leave_out(work, source)?;
            let indexes = made_anew(work, &catalogue)?;
            (catalogue::Catalogue { indexes, ..catalogue }, broken)
        } else {
            match work.sources.get(source).and_then(|it| it.shaped.as_ref()) {
                Some(shaped) => (shaped.catalogue.clone(), shaped.broken.clone()),
                None => continue,
            }
        };
        let mut add = |kind, objects: Vec<Object>| {
            work.later.extend(objects.into_iter().map(|object| Later { source, kind, object }));
        };
        add("index", catalogue.indexes);
        add("view", catalogue.views);
        for (kind, object) in broken {
            add(if kind == "VIEW" { "view" } else { "trigger" }, vec![object]);
        }
        add("trigger", catalogue.triggers);
    }
    Ok(())
}

/// Drops the indexes of the base that are sooner built anew than kept up row by row: where the others bring much, and nothing
/// is unique in them, so that no clash could show.
fn made_anew(work: &Work<'_>, catalogue: &catalogue::Catalogue) -> Result<Vec<Object>, Stop> {
    let bytes = |base: bool| -> u64 {
        let paths = work.sources.iter().enumerate().filter(|(at, _)| (work.base == Some(*at)) == base);
        paths.filter_map(|(_, source)| std::fs::metadata(&source.path).ok()).map(|metadata| metadata.len()).sum()
    };
    if bytes(false) < bytes(true) / 4 {
        return Ok(Vec::new());
    }
    let mut dropped = Vec::new();
    for index in &catalogue.indexes {
        // Where rows are matched, an index may find them.
        let grows = |group: &layout::Group| group.members.len() > 1 && group.match_on.is_none();
        let grows = work.layout.group(&index.table).is_some_and(grows);
        if grows && !is_unique(index) {
            work.db.execute_batch(&format!("DROP INDEX main.{}", quote(&index.name)))?;
            dropped.push(index.clone());
        }
    }
    Ok(dropped)
}

fn is_unique(index: &Object) -> bool {
    index.sql.get(..14).is_some_and(|head| head.eq_ignore_ascii_case("CREATE UNIQUE "))
}

/// Tables of the base that the plan leaves out: their rows go aside.
fn leave_out(work: &Work<'_>, source: usize) -> Result<(), Stop> {
    let Some(it) = work.sources.get(source) else { return Ok(()) };
    for (_, member) in work.layout.of_source(source).filter(|(_, member)| member.skip) {
        let Some(table) = it.catalogue.table(&member.table) else { continue };
        if !table.is_virtual {
            let reason = format!("skipped: the plan leaves out {}", member.table);
            aside::keep(work, source, table, "1", &[], Standing::Aside, &reason)?;
        }
        work.db.execute_batch(&format!("DROP TABLE main.{}", quote(&member.table)))?;
    }
    Ok(())
}

/// Indexes that must stand while rows are loaded: what is unique, so that a clash shows as one, and those of tables that no
/// other source adds to, so that whole b-trees can be transferred.
pub(super) fn create_first(work: &mut Work<'_>) -> Result<(), Stop> {
    let (first, later): (Vec<Later>, Vec<Later>) = std::mem::take(&mut work.later).into_iter().partition(|it| {
        let alone = work.layout.group(&it.object.table).is_none_or(|group| group.members.len() == 1);
        it.kind == "index" && (alone || is_unique(&it.object))
    });
    work.later = later;
    for it in first {
        make(work, &it)?;
    }
    Ok(())
}

/// Makes what was laid aside: indexes, then views, then triggers.
pub(super) fn create(work: &mut Work<'_>) -> Result<(), Stop> {
    for kind in ["index", "view", "trigger"] {
        let later: Vec<Later> = work.later.iter().filter(|it| it.kind == kind).cloned().collect();
        for it in later {
            make(work, &it)?;
        }
    }
    Ok(())
}

/// Whether another object of the source names it.
fn mentioned(work: &Work<'_>, it: &Later) -> bool {
    let name = it.object.name.to_ascii_lowercase();
    let speaks = |sql: &str| {
        sql.to_ascii_lowercase()
            .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
            .any(|word| word == name)
            || !name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
                && sql.to_ascii_lowercase().contains(&name)
    };
    let catalogue = work.sources.get(it.source).map(|source| &source.catalogue);
    catalogue.is_some_and(|catalogue| {
        catalogue
            .views
            .iter()
            .chain(&catalogue.triggers)
            .any(|other| !same(&other.name, &it.object.name) && speaks(&other.sql))
    })
}

pub(super) fn make(work: &mut Work<'_>, it: &Later) -> Result<(), Stop> {
    let id = work.id(it.source);
    let here = catalogue::read(&work.db, "main")?;
    let objects = || here.indexes.iter().chain(&here.views).chain(&here.triggers);
    let equal = objects().any(|other| {
        same(&other.name, &it.object.name) && same(&other.table, &it.object.table) && other.sql == it.object.sql
    });
    let mut target = it.object.name.clone();
    let taken = |name: &str| {
        objects().any(|other| same(&other.name, name)) || here.tables.iter().any(|table| same(&table.name, name))
    };
    if !equal {
        let mut sql = it.object.sql.clone();
        if taken(&target) {
            target =
                (1..)
                    .map(|n| {
                        if n == 1 { format!("{}_{id}", it.object.name) } else { format!("{}_{id}_{n}", it.object.name) }
                    })
                    .find(|name| !taken(name))
                    .unwrap_or_default();
            if it.kind == "view" && mentioned(work, it) {
                return Err(Stop::new(
                    format!("the name of the view `{}` of `{id}` is taken in the target", it.object.name),
                    "other views or triggers of its database name it, and SQLite does not follow the rename of a view",
                    "rename or drop the view in its own database first",
                ));
            }
            sql = shape::named(&it.object, &target).ok_or_else(|| {
                Stop::new(
                    format!("the {} `{}` of `{id}` cannot get another name", it.kind, it.object.name),
                    "its name is taken in the target, and its text is not as SQLite writes it",
                    "rename it in its own database first",
                )
            })?;
            work.warn(format!(
                "{id}: the {} {} is {target} in the target, where its name was taken",
                it.kind, it.object.name
            ));
        }
        work.db.execute_batch(&sql).map_err(|error| {
            let stop = Stop::from(error);
            Stop {
                title: format!("the {} `{}` of `{id}` cannot be made: {}", it.kind, it.object.name, stop.title),
                ..stop
            }
        })?;
    }
    work.staged.objects.push(Carried {
        source: id,
        kind: it.kind.to_owned(),
        name: it.object.name.clone(),
        target: Some(target),
    });
    Ok(())
}
