//! What a change adds: two trees of git are read and judged, and what the older one has already is left out.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::Session;
use super::failure::Failure;
use super::gather::{Gathered, policy_from, scan_options};
use super::options::{Scope, scope};
use crate::check::{self, Before, Options, Report};
use crate::finding::Finding;
use crate::output::escape;
use crate::policy::Policy;
use crate::rules;
use crate::scan::{Inventory, Listing, Store, databases_on_disk, scan_held, side_by_side, stands_apart};
use crate::text::Source;
use crate::tree::{self, GitError, Item, Mode, Repository};

/// Which change is looked at.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Only what a change adds")]
pub(super) struct Change {
    /// Report what the next commit adds; reads git's index and neither touches nor reads the files of the work tree
    ///
    /// Where pre-commit gives PRE_COMMIT_FROM_REF and PRE_COMMIT_TO_REF, it is what lies between those.
    #[arg(long, conflicts_with_all = ["since", "from_ref"])]
    pub(super) staged: bool,
    /// Report what HEAD adds since it left REV: against their merge base, without a baseline
    #[arg(long, value_name = "REV", conflicts_with = "from_ref")]
    since: Option<String>,
    /// Report what the commits from REV on add
    #[arg(long, value_name = "REV")]
    from_ref: Option<String>,
    /// The last commit of --from-ref [default: HEAD]
    #[arg(long, value_name = "REV", requires = "from_ref")]
    to_ref: Option<String>,
    /// Nothing staged is nothing to complain of: git asks before each commit, also one that changes its message only.
    #[arg(skip)]
    pub(super) in_hook: bool,
}

impl Change {
    /// Whether the whole work tree is meant.
    pub(super) fn is_none(&self) -> bool {
        !self.staged && self.since.is_none() && self.from_ref.is_none()
    }

    /// The commits between which the change lies; `None` for what is staged.
    fn range(&self, session: &Session<'_>) -> Option<(String, String)> {
        let to = || self.to_ref.clone().unwrap_or_else(|| "HEAD".to_owned());
        match (&self.since, &self.from_ref) {
            (Some(rev), _) => Some((rev.clone(), "HEAD".to_owned())),
            (None, Some(rev)) => Some((rev.clone(), to())),
            (None, None) => session.world.pre_commit_range.clone(),
        }
    }
}

/// The sides of a change.
struct Sides {
    after: Vec<Item>,
    /// What was changed from each older tree; a merge has two of those. Without any, all of `after` is told.
    changes: Vec<Vec<tree::Change>>,
}

/// An older side, looked at.
struct Former {
    items: Vec<Item>,
    inventory: Inventory,
    findings: Vec<Finding>,
}

/// What was found, as for a work tree.
pub(super) struct Compared {
    pub(super) gathered: Gathered,
    pub(super) report: Report,
    pub(super) options: Options,
    /// How many findings of a file and a fingerprint are there and not told, because they were there before; `None` where
    /// all is told.
    pub(super) already: Option<BTreeMap<(String, String), usize>>,
}

/// Reads and judges both sides. Without `whole_inventory`, the inventory may be empty where nothing new can be told.
pub(super) fn compare(
    change: &Change,
    paths: &[std::path::PathBuf],
    asked: Options,
    whole_inventory: bool,
    session: &Session<'_>,
) -> Result<Compared, Failure> {
    let scope = scope(session.world, session.global, paths)?;
    let repository = Repository::at(&scope.root, session.world.git_for(&scope.root));
    let mut store = Store::of(&repository);
    let range = change.range(session);
    let sides = match &range {
        Some((from, to)) => between(&repository, from, to),
        None => staged(&repository, &mut store),
    };
    let sides = sides.map_err(|error| trouble(&error, &scope.root))?;
    let policy = policy_held(&scope, &sides, &store)?;

    let threads = session.global.threads.map_or(0, usize::from);
    let options = crate::scan::Options { threads, ..scan_options(policy.as_ref()) };
    let fresh = sides.changes.first().into_iter().flatten().filter_map(|change| Some(&change.after.as_ref()?.oid));
    let old = sides.changes.iter().flatten().filter_map(|change| change.before.as_ref());
    store.learn(sides.after.iter().chain(old), fresh, &options).map_err(|error| trouble(&error, &scope.root))?;

    let below = |path: &std::path::PathBuf| {
        path.strip_prefix(&scope.root).ok().map(|path| path.to_string_lossy().replace('\\', "/"))
    };
    let judging = Options { paths: scope.paths.iter().filter_map(below).collect(), ..asked };
    let none = Policy::default();
    let judge =
        |inventory: &Inventory, policy: Option<&Policy>| check::check(inventory, policy.unwrap_or(&none), &judging);
    if sides.changes.is_empty() && change.in_hook {
        session.say("Nothing is staged, so there is nothing to check.");
        return Ok(nothing_new(policy, &scope, judging));
    }
    let may_stand_apart = !sides.changes.is_empty() && !whole_inventory && !touches_policy(policy.as_ref(), &sides);
    if may_stand_apart && sides.changes.iter().all(|changes| stands_apart(&sides.after, changes, &store)) {
        session.say(&summary(&sides, range.as_ref(), &store));
        store.leave();
        return Ok(nothing_new(policy, &scope, judging));
    }
    let listing = Listing::held(&sides.after, &store, &options);
    // Mostly both sides are asked for: then they are looked at side by side.
    let ahead = sides.changes.first().filter(|changes| changes.iter().any(|change| touches(change, &store)));
    let ahead = ahead.map(|changes| (changes, listing.before(changes, &store)));
    let judged_before = |changes: &[tree::Change], listing: Option<Listing>| {
        let items = before(&sides.after, changes);
        let listing = listing.unwrap_or_else(|| Listing::held(&items, &store, &options));
        let inventory = scan_held(listing, &items, &store, &options);
        let findings = judge(&inventory, policy.as_ref()).findings;
        Former { items, inventory, findings }
    };
    let judged_after = || {
        let mut inventory = scan_held(listing, &sides.after, &store, &options);
        if brings_database(&inventory, &sides) {
            // What it repeats lies mostly in databases that git rightly does not have.
            inventory.beside = databases_on_disk(&scope.root, &options).unwrap_or_default();
            let is_held = |path: &str| sides.after.binary_search_by(|item| (*item.path).cmp(path)).is_ok();
            inventory.beside.retain(|file| !is_held(&file.path));
        }
        let report = judge(&inventory, policy.as_ref());
        (inventory, report)
    };
    let ((inventory, mut report), mut former) =
        side_by_side(threads, judged_after, || ahead.map(|(changes, listing)| judged_before(changes, listing)));
    let mut already: BTreeMap<(String, String), usize> = BTreeMap::new();
    for changes in &sides.changes {
        if report.findings.is_empty() {
            break;
        }
        if !has_part(changes, &store) {
            report.findings.clear();
            break;
        }
        let Former { items, inventory: former, findings: mut told } =
            former.take().unwrap_or_else(|| judged_before(changes, None));
        if let Some(policy) = &policy {
            let held = Held { changes, after: &sides.after, store: &store };
            told = with_former_policy(told, policy, &scope, &held, |policy| judge(&former, Some(policy)).findings);
        }
        let before = accounts(told, changes, &former, &items, &store);
        let mut lookup = |file: &str| Some(Source::new(file, text_of(file, &sides.after, &store)?.to_vec()));
        let prints = check::fingerprints(&report.findings, &inventory, &mut lookup);
        let is_new = check::added(&report.findings, &prints, &before);
        for ((finding, print), _) in report.findings.iter().zip(prints).zip(&is_new).filter(|(_, is_new)| !**is_new) {
            *already.entry((finding.place.file.to_string(), print.as_str().to_owned())).or_default() += 1;
        }
        let mut is_new = is_new.into_iter();
        report.findings.retain(|_| is_new.next().unwrap_or(true));
    }
    report.count();
    session.say(&summary(&sides, range.as_ref(), &store));
    let texts = texts(&report.findings, &sides.after, &store);
    let gathered = Gathered::held(inventory, policy, &scope, judging.paths.clone(), texts);
    let already = (!sides.changes.is_empty()).then_some(already);
    // The process is about to end: to take all of this apart would be a part of the time that a commit waits.
    store.leave();
    std::mem::forget(sides);
    Ok(Compared { gathered, report, options: judging, already })
}

fn nothing_new(policy: Option<Policy>, scope: &Scope, options: Options) -> Compared {
    let gathered = Gathered::held(Inventory::default(), policy, scope, options.paths.clone(), HashMap::new());
    Compared { gathered, report: Report::default(), options, already: Some(BTreeMap::new()) }
}

fn staged(repository: &Repository, store: &mut Store<'_>) -> Result<Sides, GitError> {
    // Git takes longest to find this out: meanwhile the rest is read.
    let changes = repository.staged(None);
    store.warm_up();
    let after = repository.index()?;
    store.prepare(&after);
    let changes = changes.finish()?;
    if changes.is_empty() {
        if after.is_empty() && repository.is_bare() {
            return Err(GitError::Bare);
        }
        return Ok(Sides { after, changes: Vec::new() });
    }
    let mut changes = vec![changes];
    // What a merge brings was looked at where it was made.
    if repository.is_merging() {
        changes.push(repository.staged(Some("MERGE_HEAD")).finish()?);
    }
    Ok(Sides { after, changes })
}

fn between(repository: &Repository, from: &str, to: &str) -> Result<Sides, GitError> {
    let target = repository.commit(to)?;
    let base = repository.merge_base(from, to)?;
    Ok(Sides { after: repository.tree(&target)?, changes: vec![repository.between(&base, &target)?] })
}

/// Whether the policy itself is changed, or one that it extends.
fn touches_policy(policy: Option<&Policy>, sides: &Sides) -> bool {
    let Some(policy) = policy else { return false };
    let is_it = |item: &Option<Item>| item.as_ref().is_some_and(|item| is_of(policy, &item.path));
    sides.changes.iter().flatten().any(|change| is_it(&change.before) || is_it(&change.after))
}

/// Whether a file is one of those that the policy stands in.
fn is_of(policy: &Policy, file: &str) -> bool {
    policy.file.iter().chain(&policy.extends).any(|own| own == file)
}

/// Whether a database is among the files that changed.
fn brings_database(inventory: &Inventory, sides: &Sides) -> bool {
    let new: HashSet<&str> =
        sides.changes.iter().flatten().filter_map(|change| Some(&*change.after.as_ref()?.path)).collect();
    inventory.databases.iter().any(|database| database.file.is_some() && new.contains(database.path.as_str()))
}

/// The files before the changes: those after them, with the changes undone.
fn before(after: &[Item], changes: &[tree::Change]) -> Vec<Item> {
    let mut gone: Vec<&str> = changes.iter().filter_map(|it| Some(&*it.after.as_ref()?.path)).collect();
    gone.sort_unstable();
    let mut gone = gone.into_iter().peekable();
    let mut stays = |item: &&Item| {
        while gone.next_if(|path| *path < &*item.path).is_some() {}
        gone.peek().is_none_or(|path| *path != &*item.path)
    };
    let mut items: Vec<Item> = after.iter().filter(|item| stays(item)).cloned().collect();
    items.extend(changes.iter().filter_map(|change| change.before.clone()));
    items.sort_by(|left, right| left.path.cmp(&right.path));
    items.dedup_by(|later, first| later.path == first.path);
    items
}

/// Whether the changes had any part in what was found. Where they touched only files that nobody read, and none came or
/// went, the tree before is judged the same.
fn has_part(changes: &[tree::Change], store: &Store<'_>) -> bool {
    let had_part = |change: &tree::Change| change.after.as_ref().is_some_and(|new| store.had_part(&new.oid));
    changes.iter().any(|change| touches(change, store) || had_part(change))
}

/// Whether a change can have a part as far as its files tell by themselves.
fn touches(change: &tree::Change, store: &Store<'_>) -> bool {
    match (&change.before, &change.after) {
        (Some(old), Some(new)) => {
            old.path != new.path || old.mode != new.mode || store.may_matter(old) || store.may_matter(new)
        }
        _ => true,
    }
}

/// The policy as the change leaves it; files that git does not hold are read from disk.
fn policy_held(scope: &Scope, sides: &Sides, store: &Store<'_>) -> Result<Option<Policy>, Failure> {
    policy_from(scope, &mut |path, shown| match text_of(shown, &sides.after, store) {
        Some(bytes) => Ok(bytes.to_vec()),
        None => std::fs::read(path),
    })
}

fn text_of(path: &str, items: &[Item], store: &Store<'_>) -> Option<Arc<[u8]>> {
    let at = items.binary_search_by(|item| (*item.path).cmp(path)).ok()?;
    items.get(at).filter(|item| item.mode == Mode::File).and_then(|item| store.text(&item.oid))
}

/// A change, with the tree after it.
struct Held<'h> {
    changes: &'h [tree::Change],
    after: &'h [Item],
    store: &'h Store<'h>,
}

/// Both sides are judged by the policy as it is after the change, or a new one would turn all of the tree into news. What
/// is wrong within the policy's files is another matter: there, what counts is what was wrong before.
fn with_former_policy(
    told: Vec<Finding>,
    policy: &Policy,
    scope: &Scope,
    held: &Held<'_>,
    judge: impl Fn(&Policy) -> Vec<Finding>,
) -> Vec<Finding> {
    let changes =
        held.changes.iter().filter_map(|change| Some((&*change.after.as_ref()?.path, change.before.as_ref())));
    let changed: HashMap<&str, Option<&Item>> = changes.filter(|(file, _)| is_of(policy, file)).collect();
    if changed.is_empty() {
        return told;
    }
    let is_changed = |finding: &Finding| changed.contains_key(&*finding.place.file);
    let mut told: Vec<Finding> = told.into_iter().filter(|finding| !is_changed(finding)).collect();
    let former = policy_from(scope, &mut |path, shown| match changed.get(shown) {
        Some(before) => before
            .and_then(|item| held.store.text(&item.oid))
            .map(|text| text.to_vec())
            .ok_or(std::io::ErrorKind::NotFound.into()),
        None => match text_of(shown, held.after, held.store) {
            Some(text) => Ok(text.to_vec()),
            None => std::fs::read(path),
        },
    });
    if let Ok(Some(former)) = former {
        told.extend(judge(&former).into_iter().filter(is_changed));
    }
    told
}

/// What the older tree accounts for, under the names that its files have now.
fn accounts(
    mut told: Vec<Finding>,
    changes: &[tree::Change],
    former: &Inventory,
    items: &[Item],
    store: &Store<'_>,
) -> Vec<Before> {
    let mut renamed: HashMap<&str, &str> = HashMap::new();
    let mut rewritten: HashSet<&str> = HashSet::new();
    for change in changes {
        if let (Some(old), Some(new)) = (&change.before, &change.after) {
            renamed.insert(&old.path, &new.path);
            if old.oid != new.oid {
                rewritten.insert(&old.path);
            }
        }
    }
    // What is wrong with a file's content as a whole is wrong anew with each content.
    told.retain(|it| !(rules::card(&it.rule).is_some_and(|card| card.anew) && rewritten.contains(&*it.place.file)));
    for finding in &mut told {
        let renamed = finding.database.as_deref().and_then(|path| renamed.get(path));
        if let Some(renamed) = renamed {
            finding.database = Some((*renamed).into());
        }
    }
    let mut lookup = |file: &str| Some(Source::new(file, text_of(file, items, store)?.to_vec()));
    let prints = check::fingerprints(&told, former, &mut lookup);
    let account = |(finding, fingerprint): (&Finding, _)| {
        let file = &*finding.place.file;
        let file = renamed.get(file).copied().unwrap_or(file).to_owned();
        Before { file, line: finding.place.start.line, fingerprint }
    };
    told.iter().zip(prints).map(account).collect()
}

/// The sources that findings show.
fn texts(findings: &[Finding], items: &[Item], store: &Store<'_>) -> HashMap<String, Arc<[u8]>> {
    let mut texts = HashMap::new();
    let labels = findings.iter().flat_map(|finding| finding.labels.iter().map(|label| &label.place));
    for place in findings.iter().map(|finding| &finding.place).chain(labels) {
        if !texts.contains_key(&*place.file)
            && let Some(text) = text_of(&place.file, items, store)
        {
            texts.insert(place.file.to_string(), text);
        }
    }
    texts
}

fn summary(sides: &Sides, range: Option<&(String, String)>, store: &Store<'_>) -> String {
    let files = |count: usize| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
    let tree = format!("of {} in the tree, {} read", sides.after.len(), store.read());
    let changed = sides.changes.first().map_or(0, Vec::len);
    match range {
        Some((from, to)) => {
            let changed = files(changed);
            format!("{changed} changed between {} and {} ({tree}).", escape(from), escape(to))
        }
        None if sides.changes.is_empty() && sides.after.is_empty() => {
            "Nothing is staged, and there is no commit yet: nothing was checked.".to_owned()
        }
        None if sides.changes.is_empty() => {
            format!("Nothing is staged: the last commit is checked as a whole ({tree}).")
        }
        None => format!("{} staged ({tree}).", files(changed)),
    }
}

/// What git's refusal means for those who asked.
pub(super) fn trouble(error: &GitError, root: &Path) -> Failure {
    match error {
        GitError::NotInstalled => Failure::failed(
            "git is not installed",
            "a change can only be read with git",
            "install git, or run `dbguard check` on the whole tree",
        ),
        GitError::NotARepository => Failure::usage(
            "not a git repository",
            format!("{} is in none", root.display()),
            "run it inside a repository, or run `dbguard check` on the whole tree",
        ),
        GitError::Bare => Failure::usage(
            "the repository is bare",
            "it has no work tree, so that nothing is staged or committed in it",
            "look at the clone where commits are made, or compare commits: `dbguard check --from-ref OLD --to-ref NEW`",
        ),
        GitError::UnknownRevision(revision) if revision == "HEAD" => Failure::usage(
            "there is no commit yet",
            "HEAD names none, so there is nothing to compare with",
            "commit something first, or check what is staged with `dbguard check --staged`",
        ),
        GitError::UnknownRevision(revision) => Failure::usage(
            "unknown revision",
            format!("`{}` names no commit here", escape(revision)),
            "look at its spelling, or fetch it: CI often clones one branch, or one commit of it (`git fetch --unshallow origin`, \
             `fetch-depth: 0` of actions/checkout)",
        ),
        GitError::NoMergeBase { one, other, shallow: true } => Failure::usage(
            "the clone is too shallow",
            format!("the commit that {} and {} share is not in it", escape(one), escape(other)),
            "fetch the history: `git fetch --unshallow`, or `fetch-depth: 0` of actions/checkout",
        ),
        GitError::NoMergeBase { one, other, shallow: false } => Failure::usage(
            "nothing in common",
            format!("{} and {} have no commit in common", escape(one), escape(other)),
            "name a revision that the branch comes from",
        ),
        GitError::Said(words) => Failure::failed(
            "git could not be asked",
            escape(words).to_string(),
            "run `git status` here; it says what is wrong",
        ),
    }
}
