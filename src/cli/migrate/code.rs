//! The code half of a migration, prepared before anything is switched: patches for every reference and table use that the
//! plan moves, and every statement compiled against the database it will meet. Here code and data are joined.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::{histories, pairs};
use crate::check::{self, Report, Selection};
use crate::cli::Session;
use crate::cli::failure::{Exit, Failure};
use crate::cli::gather::{Gathered, Reading, gather, gather_again};
use crate::db::{self, DatabaseFile, Schema, Verdict};
use crate::finding::{Finding, Fix, Remedy};
use crate::fix::{self, Left, Patches};
use crate::lang::Engine;
use crate::migrate::Stop;
use crate::migrate::plan::{Compat, Plan};
use crate::migrate::run::{FileChange, Used, digest};
use crate::output::escape;
use crate::policy::{Added, Anchor, Policy, Primary, Retired, Written, matches_path};
use crate::scan::{self, Context, DatabaseId, Inventory, Judged, Overlay};
use crate::text::{Place, Source};

/// Rules whose findings are what a migration leaves to mend in code.
const MOVING: [&str; 2] = ["forbidden-database", "retired-table"];

/// Rules that look at what code believes of a table.
const SHAPES: [&str; 2] = ["shape-drift", "replace-on-parent"];

/// As many places as one message lists.
const SHOWN: usize = 40;

/// Code as it is and as it will be.
pub(super) struct Code {
    pub(super) changes: Vec<FileChange>,
    /// What the plan moves, what names it, and nobody can rewrite; the plan does not accept it either.
    pub(super) undecided: Vec<String>,
    /// Places that go on using the old name of a table, through the view that the plan puts there.
    pub(super) through_views: Vec<String>,
    /// The policy's own text, which goes on guarding what the plan retires.
    policy_change: Option<FileChange>,
    before: Inventory,
    after: Inventory,
    policy: Policy,
    target: String,
    /// Paths of the databases that become one.
    merged: BTreeSet<String>,
    accepted: Vec<String>,
}

/// How the statements of the code fare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) compile: usize,
    /// Nobody can tell without running the code, or they go to no database that is here.
    pub(super) undecided: usize,
}

/// For each statement as the files will be, by the line it begins on, the line on which it begins now.
type Lines = BTreeMap<(Arc<str>, u32), u32>;

/// Reads the tree and prepares the patches; writes nothing.
pub(super) fn prepare(session: &Session<'_>, plan: &Plan) -> Result<Code, Failure> {
    let mut gathered = gather(session, &[], Reading::Code)?;
    let mut added = Added::default();
    let policy = policy(plan, &gathered, &mut added);
    let policy_change = follow(&gathered, &added)?;
    let moved: BTreeSet<String> = (0..gathered.inventory.databases.len())
        .map(|index| gathered.inventory.database(DatabaseId(index)))
        .filter(|database| plan.merged().any(|source| source.path == database.path && source.path != plan.target.path))
        .map(|database| database.path.clone())
        .collect();
    let root = gathered.inventory.root.clone();
    let before = std::mem::take(&mut gathered.inventory);
    gathered.inventory.root.clone_from(&root);
    let Patches { patches, left, gone } = patches(session, &gathered, &policy, &moved, &before)?;
    let changed = |file: &str| {
        Failure::failed("a file changed while it was read", escape(file), "run it again; nothing was written")
    };
    if let Some(file) = gone.first() {
        return Err(changed(file));
    }
    let mut overlay = Overlay::new();
    let mut changes = Vec::new();
    for patch in patches {
        if patch.is_new() {
            continue;
        }
        let changed = || {
            Failure::failed(
                "a file changed while it was read",
                escape(&patch.file),
                "run it again; nothing was written",
            )
        };
        let contents = patch.contents(&root).ok_or_else(changed)?;
        overlay.insert(Arc::clone(&patch.file), patch.rewrite().clone());
        let before = digest(&contents.before.unwrap_or_default());
        changes.push(FileChange { path: patch.file.to_string(), before, after: contents.after });
    }
    let accepted = plan.code.accept.clone();
    let left: Vec<&Left> = left.iter().filter(|left| refers(&left.finding, &moved)).collect();
    let (served, open): (Vec<&Left>, Vec<&Left>) =
        left.into_iter().partition(|left| is_served(&left.finding, plan, &before, &root));
    let mut undecided: Vec<String> = open.into_iter().filter_map(|it| stays(it, &accepted)).collect();
    let histories = histories::tell(plan, &before, &root, &mut changes);
    let histories = histories.into_iter().filter(|(place, _)| !is_accepted(place, &accepted));
    undecided.extend(histories.map(|(place, words)| format!("{}:{}: {words}", place.file, place.start.line)));
    let through_views = served.into_iter().filter_map(|it| stays(it, &accepted)).collect();
    let after = gather_again(session, &gathered, &overlay)?;
    let merged = plan.merged().map(|source| source.path.clone()).collect();
    Ok(Code {
        changes,
        undecided,
        through_views,
        policy_change,
        before,
        after,
        policy,
        target: plan.target.path.clone(),
        merged,
        accepted,
    })
}

/// The patches as they come out when every table and database has moved.
fn patches(
    session: &Session<'_>,
    gathered: &Gathered,
    policy: &Policy,
    moved: &BTreeSet<String>,
    before: &Inventory,
) -> Result<Patches, Failure> {
    let options = check::Options::default();
    let mut first = Some(check::check(before, policy, &options));
    let mut look = |overlay: &Overlay| -> Result<(Inventory, Report), Failure> {
        let inventory = gather_again(session, gathered, overlay)?;
        let report = first.take().unwrap_or_else(|| check::check(&inventory, policy, &options));
        Ok((inventory, report))
    };
    let mut decide = |finding: &Finding, _: &Fix, _: &Source| {
        if concerns(finding, moved) { fix::Verdict::Make } else { fix::Verdict::Leave }
    };
    fix::patches(&gathered.inventory.root, policy, moved, &mut look, &mut decide)
}

fn concerns(finding: &Finding, moved: &BTreeSet<String>) -> bool {
    MOVING.contains(&finding.rule.as_str())
        || finding.remedy.is_some() && finding.database.as_ref().is_some_and(|it| moved.contains(&**it))
}

/// What git has, or would take, is no reference.
fn refers(finding: &Finding, moved: &BTreeSet<String>) -> bool {
    concerns(finding, moved) && !matches!(finding.remedy, Some(Remedy::AddIgnore { .. }))
}

/// Whether a view under the old name of a table serves who could not be rewritten. A view tells nobody the key of a new row.
fn is_served(finding: &Finding, plan: &Plan, before: &Inventory, root: &Path) -> bool {
    let Some(table) = finding.table.as_deref().filter(|_| finding.rule == "retired-table") else { return false };
    if !plan.renames.iter().any(|it| it.compat == Compat::View && it.from.eq_ignore_ascii_case(table)) {
        return false;
    }
    let place = &finding.place;
    let around =
        before.statements.iter().find(|it| it.fact.place.file == place.file && it.fact.place.span.contains(place.span));
    let inserts = around.is_none_or(|it| {
        let word = it.fact.sql.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        matches!(word.as_str(), "insert" | "replace" | "with")
    });
    let text = std::fs::read_to_string(root.join(&*place.file)).unwrap_or_default().to_ascii_lowercase();
    !inserts || !["lastrowid", "last_insert_rowid", "returning"].iter().any(|word| text.contains(word))
}

/// The words for what stays as it is, unless the plan accepts it.
fn stays(left: &Left, accepted: &[String]) -> Option<String> {
    let place = &left.finding.place;
    if is_accepted(place, accepted) {
        return None;
    }
    let words = left.reason.as_deref().or(left.finding.help.as_deref());
    let reason = words.unwrap_or("it is for a human to mend");
    Some(format!("{}:{}: {} ({reason})", place.file, place.start.line, left.finding.message))
}

/// `scripts/**`, `app.py`, `app.py:12`.
fn is_accepted(place: &Place, accepted: &[String]) -> bool {
    accepted.iter().any(|words| match words.rsplit_once(':') {
        Some((file, line)) if line.parse() == Ok(place.start.line) => matches_path(file, &place.file),
        _ => matches_path(words, &place.file),
    })
}

/// The change of the policy's file, where there is one below the root.
fn follow(gathered: &Gathered, added: &Added) -> Result<Option<FileChange>, Failure> {
    let Some((file, shown)) = gathered.policy_file.as_ref().filter(|_| !added.is_empty()) else { return Ok(None) };
    let Ok(below) = file.strip_prefix(&gathered.inventory.root) else { return Ok(None) };
    let bytes = std::fs::read(file).map_err(|error| {
        Failure::usage(
            "the policy cannot be read",
            format!("{}: {error}", escape(shown)),
            "look at its path and rights",
        )
    })?;
    let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(None) };
    let prefix = if shown.ends_with("pyproject.toml") { "tool.dbguard." } else { "" };
    let after = added.written(text, prefix);
    let Ok(reads) = crate::policy::load_from(file, shown, &mut |path, _| match path == file {
        true => Ok(after.clone().into_bytes()),
        false => std::fs::read(path),
    }) else {
        return Ok(None);
    };
    // A form that nothing can be appended to: a person writes it, and `check` tells what is missing.
    let unchanged = gathered.policy.as_ref().map_or(0, |policy| policy.mistakes.len());
    let path = below.to_string_lossy().replace('\\', "/");
    Ok((reads.mistakes.len() <= unchanged && !reads.broken).then(|| FileChange {
        path,
        before: digest(&bytes),
        after: after.into_bytes(),
    }))
}

/// The policy as it stands when the plan is carried out: its sources are retired, its tables have their new names. `added` gets
/// what its file does not say yet.
fn policy(plan: &Plan, gathered: &Gathered, added: &mut Added) -> Policy {
    let mut policy = gathered.policy.clone().unwrap_or_default();
    let place = Place::whole("migration.toml".into());
    let written = |value: &str| Written { value: value.to_owned(), place: place.clone() };
    policy.file.get_or_insert_with(|| "migration.toml".to_owned());
    policy.primary.get_or_insert_with(|| Primary {
        path: written(&plan.target.path),
        env: written("DATABASE_PATH"),
        aliases: Vec::new(),
        engine: Engine::Sqlite,
        engine_at: None,
        url_env: None,
    });
    let inventory = &gathered.inventory;
    for source in plan.merged().filter(|source| source.path != plan.target.path) {
        let is_it = |retired: &Retired| {
            inventory.find(&retired.path.value).iter().any(|id| inventory.database(*id).path == source.path)
        };
        let at = match policy.retired.iter().position(is_it) {
            Some(at) => at,
            None => {
                added.retired.push((source.path.clone(), Vec::new()));
                policy.retired.push(Retired {
                    path: written(&source.path),
                    tables: Vec::new(),
                    why: source.why.clone(),
                });
                policy.retired.len() - 1
            }
        };
        let Some(retired) = policy.retired.get_mut(at) else { continue };
        let mut names = Vec::new();
        let schema = inventory.at(&source.path).and_then(|id| inventory.database(id).file.as_ref()?.schema.as_ref());
        // On a branch there may be no database: the plan names the tables that it renames.
        let there = schema.into_iter().flat_map(Schema::own_tables).map(|table| table.name.as_str());
        let planned =
            plan.tables.iter().filter(|block| block.from.contains(&source.id)).map(|block| block.name.as_str());
        for table in there.chain(planned) {
            let own = plan.table(&source.id, table).and_then(|block| block.rename_to.as_deref());
            let new = plan.renamed(own.unwrap_or(table));
            let known = retired.tables.iter().any(|(old, _)| old.value.eq_ignore_ascii_case(table))
                || names.iter().any(|(old, _): &(String, String)| old.eq_ignore_ascii_case(table));
            if new != table && !known {
                names.push((table.to_owned(), new.to_owned()));
            }
        }
        let is_inherited = policy.file.as_deref() != Some(&retired.path.place.file);
        match added.retired.iter_mut().find(|(path, _)| *path == source.path) {
            Some((_, tables)) => tables.clone_from(&names),
            // An entry of a policy that this one extends gives way to one of its own.
            None if !names.is_empty() && is_inherited => {
                let known = retired.tables.iter().map(|(old, new)| (old.value.clone(), new.clone()));
                added.retired.push((retired.path.value.clone(), known.chain(names.iter().cloned()).collect()));
            }
            None if !names.is_empty() => {
                let at = match retired.tables.first() {
                    Some((old, _)) => Anchor::Name(old.place.span.start as usize),
                    None => Anchor::Path(retired.path.place.span.end as usize),
                };
                added.names.push((at, names.clone()));
            }
            None => {}
        }
        retired.tables.extend(names.into_iter().map(|(old, new)| (written(&old), new)));
    }
    policy.views =
        plan.renames.iter().filter(|it| it.compat == Compat::View).map(|rename| rename.from.clone()).collect();
    for rename in &plan.renames {
        if !policy.tables.iter().any(|(old, _)| old.value == rename.from) {
            added.tables.push((rename.from.clone(), rename.to.clone()));
            policy.tables.push((written(&rename.from), rename.to.clone()));
        }
    }
    policy
}

impl Code {
    /// Compiles every statement as the code will be against the staged database, and as it is against the present ones.
    /// One that compiled and does not any more, or whose columns another place takes, stops the run.
    pub(super) fn judge(&self, stage: &Path) -> Result<Tally, Stop> {
        let (_, staged) = db::read(stage);
        let Some(staged) = staged else {
            return Err(Stop::new(
                "the staged database cannot be read",
                "its schema is missing",
                "this is a defect of dbguard; nothing was changed",
            ));
        };
        let after = self.staged(&staged);
        let before = by_file(scan::judge(&self.before, |id| schema_of(&self.before, id)));
        let after_files = by_file(scan::judge(&after, |id| schema_of(&after, id)));
        let renamed = self.renamed();
        let mut tally = Tally::default();
        let mut broken = Vec::new();
        let mut lines = Lines::new();
        for (file, after) in &after_files {
            let before = before.get(file).map_or(&[][..], Vec::as_slice);
            let pairs = pairs::pairs(before, after, &renamed);
            for (judged, pair) in after.iter().zip(pairs) {
                // Tests make their databases when they run: what they do to those says nothing of the target.
                match &judged.verdict {
                    _ if !scan::is_code(judged.statement.context) => {}
                    Verdict::Compiles(_) => tally.compile += 1,
                    Verdict::Undecided(_) => tally.undecided += 1,
                    Verdict::Broken(_) | Verdict::Foreign => {}
                }
                // As the file is now: a rewrite may have moved the lines.
                let own = pair.and_then(|pair| before.get(pair)).unwrap_or(judged);
                let place = &own.statement.fact.place;
                let rewritten = judged.statement.fact.place.start.line;
                lines.insert((Arc::clone(file), rewritten), place.start.line);
                if let Some(words) = self.worse(own, judged)
                    && !is_accepted(place, &self.accepted)
                {
                    broken.push(format!("{}:{}: {words}", place.file, place.start.line));
                }
            }
        }
        broken.extend(self.new_findings(&after, &lines));
        if broken.is_empty() {
            return Ok(tally);
        }
        Err(Stop::new(
            format!("{} of the code would not run on the new database", counted(broken.len(), "statement")),
            listed(&broken),
            "mend the statements or the plan; or accept a place in the plan: [code] accept = [\"app.py:12\"]",
        ))
    }

    /// The code as it will be, and what it knows the target as.
    pub(super) fn target(&self) -> Option<(&Inventory, DatabaseId)> {
        self.after.at(&self.target).map(|id| (&self.after, id))
    }

    /// Files of tests that make throw-away databases under the name of one that is retired: where the program chooses the file,
    /// they look for the old one.
    pub(super) fn tests_of_old_names(&self) -> Vec<&str> {
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let retired: BTreeSet<String> =
            self.merged.iter().filter(|path| **path != self.target).map(|it| name(it)).collect();
        let kept = name(&self.target);
        let own = |id: &DatabaseId| {
            let database = self.after.database(*id);
            database.temporary && database.name != kept && retired.contains(&database.name)
        };
        let tests =
            self.after.references.iter().filter(|it| it.context == Context::Test && it.databases.iter().any(own));
        let files: BTreeSet<&str> = tests.map(|it| &*it.fact.place.file).collect();
        files.into_iter().collect()
    }

    /// Who reads and writes which table of the databases that become one, as the code is now.
    pub(super) fn uses(&self) -> Vec<Used> {
        let mut uses = Vec::new();
        for usage in scan::matrix(&self.before) {
            let database = &self.before.database(usage.database).path;
            if !self.merged.contains(database) && *database != self.target {
                continue;
            }
            uses.extend(usage.hands().into_iter().map(|hand| Used {
                database: database.clone(),
                table: usage.table.to_owned(),
                file: hand.file.to_owned(),
                function: hand.function.map(str::to_owned),
                reads: hand.reads,
                writes: hand.writes,
                defines: hand.defines,
            }));
        }
        uses
    }

    /// The code as it will be, with the stage in the place of the target.
    fn staged(&self, staged: &Schema) -> Inventory {
        let mut after = self.after.clone();
        let target = after.at(&self.target);
        if let Some(database) = target.and_then(|id| after.databases.get_mut(id.0)) {
            let file = database.file.get_or_insert_with(|| DatabaseFile {
                path: self.target.clone(),
                absolute: self.after.root.join(&self.target),
                blob: None,
                size: 0,
                state: db::State::Readable,
                schema: None,
                sidecars: Vec::new(),
            });
            file.schema = Some(staged.clone());
        }
        after
    }

    /// Tables that have another name afterwards, in lower case; where one name goes to several, none is known.
    fn renamed(&self) -> BTreeMap<String, String> {
        let mut renamed: BTreeMap<String, String> = BTreeMap::new();
        let all = self.policy.retired.iter().flat_map(|own| &own.tables).chain(&self.policy.tables);
        for (old, new) in all {
            renamed.insert(old.value.to_ascii_lowercase(), new.to_ascii_lowercase());
        }
        renamed
    }

    /// What a statement loses, in words; nothing where it fares as before.
    fn worse(&self, was: &Judged<'_>, is: &Judged<'_>) -> Option<String> {
        // Of several ways to read, each must go on to work.
        if was.ways.len() == is.ways.len() && was.is_known && is.is_known {
            for (was, is) in was.ways.iter().zip(&is.ways) {
                if let (Verdict::Compiles(_), Verdict::Broken(fault)) = (was, is) {
                    return Some(fault.words());
                }
            }
        }
        match (&was.verdict, &is.verdict) {
            (Verdict::Compiles(_), Verdict::Broken(fault)) => Some(fault.words()),
            (Verdict::Compiles(old), Verdict::Compiles(new))
                if was.is_known && is.is_known && !new.starts_with(old) =>
            {
                let words = format!("its columns were {}, and become {}", old.join(", "), new.join(", "));
                let place = &was.statement.fact.place;
                let text = std::fs::read_to_string(self.before.root.join(&*place.file)).unwrap_or_default();
                let reads = pairs::by_position(&place.file, &text, place.start.line, old, new);
                let reads: Vec<String> = reads.iter().map(|(line, read)| format!("`{read}` in line {line}")).collect();
                Some(match reads.as_slice() {
                    [] => words,
                    reads => format!("{words}; read by position: {}", reads.join(", ")),
                })
            }
            _ => None,
        }
    }

    /// What rules say of the code on the new database, and did not say before.
    fn new_findings(&self, after: &Inventory, lines: &Lines) -> Vec<String> {
        let Ok(selection) = Selection::new(&SHAPES.map(str::to_owned), &[]) else { return Vec::new() };
        let options = check::Options { selection, ..check::Options::default() };
        let of = |inventory: &Inventory| check::check(inventory, &self.policy, &options).findings;
        let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
        for finding in of(&self.before) {
            *known.entry((finding.rule.clone(), finding.place.file.to_string())).or_default() += 1;
        }
        let mut found = Vec::new();
        for finding in of(after) {
            let left = known.entry((finding.rule.clone(), finding.place.file.to_string())).or_default();
            if *left > 0 {
                *left -= 1;
            } else {
                let mut place = finding.place.clone();
                let above = lines.range(..=(Arc::clone(&place.file), place.start.line)).next_back();
                if let Some(((_, rewritten), line)) = above.filter(|((file, _), _)| *file == place.file) {
                    place.start.line = line + (place.start.line - rewritten);
                }
                if !is_accepted(&place, &self.accepted) {
                    found.push(format!("{}:{}: {}", place.file, place.start.line, finding.message));
                }
            }
        }
        found
    }

    /// Everything that the run writes into the code: the rewritten files and the policy.
    pub(super) fn written(&self) -> Vec<FileChange> {
        self.changes.iter().chain(&self.policy_change).cloned().collect()
    }

    /// Why the whole cannot go on, where something names what moves and cannot be rewritten.
    pub(super) fn refusal(&self) -> Option<Failure> {
        if self.undecided.is_empty() {
            return None;
        }
        Some(Failure {
            title: format!("{} cannot be rewritten", counted(self.undecided.len(), "place")),
            happened: listed(&self.undecided),
            next: "mend them by hand, or accept them in the plan: [code] accept = [\"scripts/old.sh\"]".to_owned(),
            exit: Exit::Findings,
        })
    }

    /// Files that would be rewritten, and places that nobody can rewrite.
    fn remaining(&self) -> Vec<String> {
        self.changes.iter().map(|change| change.path.clone()).chain(self.undecided.iter().cloned()).collect()
    }

    /// Why the data may not move alone: code that is deployed here still refers to what the plan retires.
    pub(super) fn refers(&self) -> Option<Failure> {
        let places = self.remaining();
        if places.is_empty() {
            return None;
        }
        Some(Failure {
            title: "the code here still refers to what the plan retires".to_owned(),
            happened: listed(&places),
            next: "deploy the changed code first, move both halves together, or accept places in the plan under [code] accept".to_owned(),
            exit: Exit::Findings,
        })
    }
}

impl Tally {
    /// For people; nothing where the code has no statement.
    pub(super) fn words(self) -> Option<String> {
        let open = match self.undecided {
            0 => String::new(),
            open => format!(
                " {open} cannot be judged without running the code; `dbguard scan --output-format json` lists them."
            ),
        };
        (self.compile + self.undecided > 0).then(|| {
            format!("{} of the code compile against the new database.{open}", counted(self.compile, "statement"))
        })
    }
}

/// Whether the tree refers to nothing that the plan retires, once the changes are written.
pub(super) fn is_clean(session: &Session<'_>, plan: &Plan) -> Result<(), Stop> {
    let again = prepare(session, plan).map_err(|failure| Stop::new(failure.title, failure.happened, failure.next))?;
    let places = again.remaining();
    if places.is_empty() {
        return Ok(());
    }
    let title = "the code still refers to what the plan retires";
    Err(Stop::new(title, listed(&places), "somebody changed it meanwhile; run it again"))
}

fn schema_of(inventory: &Inventory, id: DatabaseId) -> Option<&Schema> {
    inventory.database(id).file.as_ref()?.schema.as_ref()
}

fn by_file(judged: Vec<Judged<'_>>) -> BTreeMap<Arc<str>, Vec<Judged<'_>>> {
    let mut files: BTreeMap<Arc<str>, Vec<Judged<'_>>> = BTreeMap::new();
    for one in judged {
        files.entry(Arc::clone(&one.statement.fact.place.file)).or_default().push(one);
    }
    files
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn listed(lines: &[String]) -> String {
    let mut out: Vec<String> = lines.iter().take(SHOWN).map(|line| escape(line)).collect();
    if lines.len() > SHOWN {
        out.push(format!("and {} more", lines.len() - SHOWN));
    }
    out.join("\n  ")
}
