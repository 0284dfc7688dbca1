//! Which table of which source goes where: the plan laid over what the sources hold. Reads no row, writes nothing.

use super::aside::{KEPT_ASIDE, KEY_MAP};
use super::catalogue::{Catalogue, Table, same};
use super::shape::Renames;
use crate::db::bookkeeping;
use crate::migrate::Stop;
use crate::migrate::plan::{Action, Choice, Plan, Rekey, Strategy, TableAction, TablePlan};

/// One table of one source on its way into the target.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// Index of the source among those that are merged.
    pub(super) source: usize,
    /// Its name in the source.
    pub(super) table: String,
    /// Its name in the stage, before the renames of the plan.
    pub(super) target: String,
    /// Index of its block in the plan.
    pub(super) block: Option<usize>,
    /// The plan leaves it out.
    pub(super) skip: bool,
    /// Column of the result, column of the source.
    pub(super) columns: Vec<(String, String)>,
    /// Columns of the source that the result does not get.
    pub(super) dropped: Vec<String>,
}

/// All that becomes one table of the target.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) target: String,
    /// Indexes into the members, in the order of loading.
    pub(super) members: Vec<usize>,
    /// The member whose definition the target's table has.
    pub(super) owner: usize,
    pub(super) match_on: Option<Vec<String>>,
    pub(super) strategy: Strategy,
    pub(super) rekey: Option<Rekey>,
    pub(super) newest: Option<String>,
    /// Indexes of sources, the best first.
    pub(super) rank: Vec<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) members: Vec<Member>,
    pub(super) groups: Vec<Group>,
}

impl Layout {
    pub(super) fn of_source(&self, source: usize) -> impl Iterator<Item = (usize, &Member)> {
        self.members.iter().enumerate().filter(move |(_, member)| member.source == source)
    }

    pub(super) fn member(&self, source: usize, table: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.source == source && same(&member.table, table))
    }

    pub(super) fn group(&self, target: &str) -> Option<&Group> {
        self.groups.iter().find(|group| same(&group.target, target))
    }
}

/// What SQLite must rename in one source before its tables can stand in the target.
pub(super) fn renames(layout: &Layout, source: usize) -> Renames {
    let mut renames = Renames::default();
    for (_, member) in layout.of_source(source).filter(|(_, member)| !member.skip) {
        if member.table != member.target {
            renames.tables.push((member.table.clone(), member.target.clone()));
        }
        renames.drops.extend(member.dropped.iter().map(|column| (member.table.clone(), column.clone())));
        let moved = member.columns.iter().filter(|(result, own)| result != own);
        renames.columns.extend(moved.map(|(result, own)| (member.table.clone(), own.clone(), result.clone())));
    }
    renames
}

pub(super) fn layout(plan: &Plan, sources: &[(&str, &Catalogue)], base: Option<usize>) -> Result<Layout, Stop> {
    let mut layout = Layout::default();
    for (index, (id, catalogue)) in sources.iter().enumerate() {
        for table in &catalogue.tables {
            layout.members.push(member(plan, sources, index, id, table)?);
        }
    }
    for block in &plan.tables {
        for id in &block.from {
            let merged = sources.iter().find(|(source, _)| source == id);
            let known = plan.source(id).is_some_and(|source| source.action.made() == Some(&Action::Merge));
            if known && merged.is_some_and(|(_, catalogue)| catalogue.table(&block.name).is_none()) {
                return Err(Stop::new(
                    format!("`{id}` has no table `{}`", block.name),
                    "a block of the plan speaks of a table that is not there",
                    format!("take `{id}` out of `from`, or make the plan anew with `dbguard migrate plan`"),
                ));
            }
        }
    }
    for index in 0..layout.members.len() {
        let Some(member) = layout.members.get(index).filter(|member| !member.skip) else { continue };
        let target = member.target.clone();
        match layout.groups.iter_mut().find(|group| same(&group.target, &target)) {
            Some(group) => group.members.push(index),
            None => layout.groups.push(Group {
                target,
                members: vec![index],
                owner: index,
                match_on: None,
                strategy: Strategy::Stop,
                rekey: None,
                newest: None,
                rank: Vec::new(),
            }),
        }
    }
    let Layout { members, groups } = &mut layout;
    for group in groups {
        decide(plan, sources, base, members, group)?;
    }
    Ok(layout)
}

fn member(plan: &Plan, sources: &[(&str, &Catalogue)], source: usize, id: &str, table: &Table) -> Result<Member, Stop> {
    let block =
        plan.tables.iter().position(|block| same(&block.name, &table.name) && block.from.iter().any(|from| from == id));
    let decided = block.and_then(|at| plan.tables.get(at));
    let skip = match decided.map(|block| block.action) {
        Some(Choice::Open) => return Err(open(&table.name, "action")),
        Some(Choice::Made(TableAction::Skip)) => true,
        _ => false,
    };
    let everywhere = sources.iter().filter(|(_, catalogue)| catalogue.table(&table.name).is_some()).count() > 1;
    let own_mark = everywhere && bookkeeping(&table.name).is_some();
    let is_base = plan.target.base.as_deref() == Some(id);
    let target = match decided.and_then(|block| block.rename_to.clone()) {
        Some(name) => name,
        None if own_mark && decided.is_none() && !is_base => format!("{}_{id}", table.name),
        // What an earlier migration kept aside stays what it is, beside what this one will.
        None if [KEPT_ASIDE, KEY_MAP].iter().any(|name| same(name, &table.name)) => (1..)
            .map(|n| if n == 1 { format!("{}_{id}", table.name) } else { format!("{}_{id}_{n}", table.name) })
            .find(|name| sources.iter().all(|(_, catalogue)| catalogue.table(name).is_none()))
            .unwrap_or_default(),
        None => table.name.clone(),
    };
    let dropped: Vec<String> = decided.and_then(|block| block.drop_columns.get(id).cloned()).unwrap_or_default();
    let mapped = decided.and_then(|block| block.columns.get(id));
    for name in dropped.iter().chain(mapped.iter().flat_map(|mapped| mapped.values())) {
        if table.column(name).is_none() {
            return Err(Stop::new(
                format!("`{}` of `{id}` has no column `{name}`", table.name),
                "the plan maps or drops a column that is not there",
                "mend `columns` or `drop-columns` of its block",
            ));
        }
    }
    let result = |own: &str| {
        mapped
            .and_then(|mapped| mapped.iter().find(|(_, source)| same(source, own)))
            .map_or_else(|| own.to_owned(), |(result, _)| result.clone())
    };
    let columns: Vec<(String, String)> = table
        .columns
        .iter()
        .filter(|column| !dropped.iter().any(|name| same(name, &column.name)))
        .map(|column| (result(&column.name), column.name.clone()))
        .collect();
    for (at, (result, _)) in columns.iter().enumerate() {
        if columns.iter().skip(at + 1).any(|(other, _)| same(other, result)) {
            return Err(Stop::new(
                format!("two columns of `{}` of `{id}` become `{result}`", table.name),
                "each column of the result has one column of a source",
                "map or drop the other one in its block",
            ));
        }
    }
    Ok(Member { source, table: table.name.clone(), target, block, skip, columns, dropped })
}

/// What the blocks of a group say together.
fn decide(
    plan: &Plan,
    sources: &[(&str, &Catalogue)],
    base: Option<usize>,
    members: &[Member],
    group: &mut Group,
) -> Result<(), Stop> {
    let own: Vec<&Member> = group.members.iter().filter_map(|&index| members.get(index)).collect();
    let name = &group.target;
    let id = |source: usize| sources.get(source).map_or("", |(id, _)| *id);
    if own.len() > 1 && own.iter().any(|member| member.block.is_none()) {
        let who: Vec<&str> = own.iter().map(|member| id(member.source)).collect();
        return Err(Stop::new(
            format!("several sources have `{name}`"),
            format!("{} have it, and the plan does not say for each whether their rows are one table", who.join(", ")),
            "add a [[table]] block: match-on and strategy, rekey, rename-to, or action = \"skip\"",
        ));
    }
    let mut blocks: Vec<usize> = own.iter().filter_map(|member| member.block).collect();
    blocks.dedup();
    let blocks: Vec<&TablePlan> = blocks.into_iter().filter_map(|at| plan.tables.get(at)).collect();
    for (key, is_open) in [
        ("match-on", blocks.iter().any(|block| block.match_on.as_ref().is_some_and(Choice::is_open))),
        ("rekey", blocks.iter().any(|block| block.rekey.as_ref().is_some_and(Choice::is_open))),
        ("strategy", blocks.iter().any(|block| block.strategy.as_ref().is_some_and(Choice::is_open))),
    ] {
        if is_open {
            return Err(open(name, key));
        }
    }
    group.match_on =
        blocks.iter().find_map(|block| block.match_on.as_ref()?.made().cloned()).filter(|on| !on.is_empty());
    group.rekey = blocks.iter().find_map(|block| block.rekey.as_ref()?.made().copied());
    group.newest = blocks.iter().find_map(|block| block.newest.clone());
    group.strategy = match blocks.iter().find_map(|block| block.strategy).unwrap_or(plan.defaults.on_conflict) {
        Choice::Made(strategy) => strategy,
        Choice::Open if own.len() > 1 => return Err(open("[defaults]", "on-conflict")),
        Choice::Open => Strategy::Stop,
    };
    let listed =
        blocks.iter().flat_map(|block| block.prefer.iter()).chain(blocks.iter().flat_map(|block| block.from.iter()));
    for source in listed {
        if let Some(at) = sources.iter().position(|(id, _)| id == source)
            && !group.rank.contains(&at)
        {
            group.rank.push(at);
        }
    }
    let of =
        |source: usize| group.members.iter().copied().find(|&at| members.get(at).is_some_and(|it| it.source == source));
    let first = blocks
        .iter()
        .flat_map(|block| block.from.iter())
        .find_map(|from| sources.iter().position(|(id, _)| id == from).and_then(of));
    group.owner = base.and_then(of).or(first).unwrap_or(group.owner);
    for at in 0..sources.len() {
        let of_one = own.iter().filter(|member| member.source == at).count();
        if of_one > 1 {
            return Err(Stop::new(
                format!("two tables of `{}` become `{name}`", id(at)),
                "rows of one source are never merged with each other",
                "give one of them another `rename-to`",
            ));
        }
    }
    Ok(())
}

fn open(table: &str, key: &str) -> Stop {
    Stop::new(
        format!("`{table}`: {key} is still \"?\""),
        "the plan leaves a decision to you",
        format!("write what you want as {key} in migration.toml, then run it again"),
    )
}
