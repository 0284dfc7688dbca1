//! Linking: each fact with the databases it concerns, in an order that no thread decides.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::context::context_of;
use super::duplicates::duplicates;
use super::gather::Gathered;
use super::mounts::mount_points;
use super::registry::Registry;
use super::resolve::{SetTo, World, name_of};
use super::store::Store;
use super::{Context, DatabaseId, Inventory, Linked, Options, SourceInfo, files};
use crate::lang::{Base, Engine, Mount, Reference, Role, Setting, Shared, Value, names};
use crate::text::{Place, once};
use crate::tree::{Entry, Kind, Skipped, Tree};

/// The paths of the databases that a fact can mean, likeliest first.
type Paths = Arc<[String]>;

/// Facts with the paths of their databases: numbers come once all databases are known,
/// so that their order does not depend on which fact named one first.
struct Drafts<T>(Vec<(T, Paths, Context)>);

impl<T> Drafts<T> {
    /// As many again would be held while a list grows.
    fn with_room_for(facts: usize) -> Self {
        Self(Vec::with_capacity(facts))
    }

    fn add(&mut self, context: Context, facts: Vec<T>, mut paths: impl FnMut(&mut T) -> Paths) {
        for mut fact in facts {
            let paths = paths(&mut fact);
            self.0.push((fact, paths, context));
        }
    }

    fn finish(self, numbers: &HashMap<Paths, Arc<[DatabaseId]>>) -> Vec<Linked<T>> {
        let linked = |(fact, paths, context): (T, Paths, Context)| {
            let databases = numbers.get(&paths).map(Arc::clone).unwrap_or_default();
            Linked { fact, databases, context }
        };
        self.0.into_iter().map(linked).collect()
    }
}

struct Resolver<'w> {
    world: &'w World,
    registry: Registry,
    /// All that were asked for: most facts mean what others mean.
    paths: HashSet<Paths>,
}

impl Resolver<'_> {
    fn paths(&mut self, file: &str, values: &[Value]) -> Paths {
        let mut paths = Vec::new();
        for value in values {
            for identity in self.world.identities(file, value, 0) {
                self.registry.add(&identity);
                if !paths.contains(&identity.path) {
                    paths.push(identity.path);
                }
            }
        }
        once(&mut self.paths, copies_last(paths).into())
    }
}

/// The same paths; one that is another with something unknown behind it (`x.db.*` beside `x.db`) is a copy of that and comes last.
fn copies_last(paths: Vec<String>) -> Vec<String> {
    let is_copy =
        |path: &str| super::inventory::copied_path(path).is_some_and(|whole| paths.iter().any(|it| it == whole));
    let (copies, mut sorted): (Vec<String>, Vec<String>) = paths.iter().cloned().partition(|path| is_copy(path));
    sorted.extend(copies);
    sorted
}

/// The inventory of what was gathered.
pub(super) fn link(
    root: &Path,
    store: Option<&Store<'_>>,
    tree: Tree,
    gathered: Gathered,
    options: &Options,
) -> Inventory {
    let is_test = |path: &str| options.tests.as_ref().is_some_and(|globs| globs.is_match(path));
    let candidates = files::candidates(&tree.entries, &gathered.databases);
    let on_disk: BTreeSet<String> = candidates.iter().map(|entry| entry.path.to_string()).collect();
    let Said { mounts, settings, mut named, count } = Said::by(&gathered, &is_test);
    let mut world = World::new(mount_points(&options.mounts, &mounts), settings, on_disk, tree.links);
    for (source, facts) in gathered.facts() {
        if context_of(&source.path, source.language, &is_test) == Context::Test {
            world.tests.insert(source.path.to_string());
        }
        // A listing in a document tells where somebody's files lay, not where the program has them.
        for reference in facts.references.iter().filter(|it| it.role != Role::Mentions) {
            world.anchor(&source.path, &reference.values);
        }
    }
    world.know_itself(root.file_name().and_then(|name| name.to_str()).unwrap_or(""));
    named.extend(world.files.iter().map(|file| name_of(file).to_owned()));
    let mut resolver = Resolver { world: &world, registry: Registry::default(), paths: HashSet::new() };

    let mut inventory = Inventory { root: root.to_path_buf(), in_git: tree.in_git, mounts, ..Inventory::default() };
    inventory.skipped = tree.skipped;
    inventory.skipped.extend(gathered.skipped);
    inventory.ignore_patterns = gathered.ignore_patterns;
    let sidecars = tree.entries.iter().filter(|entry| entry.kind == Kind::Sidecar && entry.tracked && entry.asked);
    inventory.tracked_sidecars = sidecars.map(|entry| entry.path.to_string()).collect();

    let mut references = Drafts::with_room_for(count.references);
    let mut table_uses = Drafts::with_room_for(count.table_uses);
    let mut unfollowed = Drafts::with_room_for(0);
    let mut statements = Drafts::with_room_for(count.statements);
    let mut settings = Drafts::with_room_for(0);
    let mut env_reads = Drafts::with_room_for(0);
    let mut copies = Drafts::with_room_for(0);
    let mut attaches = Drafts::with_room_for(0);
    let mut shared = Shared::default();
    for source in gathered.sources {
        let Some(mut facts) = source.facts(&gathered.aside) else {
            let reason = "the temporary folder does not give back what was put there".to_owned();
            inventory.skipped.push(Skipped { path: source.path.to_string(), reason, by_design: false });
            continue;
        };
        facts.share(&mut shared);
        by_place(&mut facts.table_uses, |it| &it.place);
        by_place(&mut facts.statements, |it| &it.place);
        let context = context_of(&source.path, source.language, &is_test);
        let mut paths = |values: &[Value]| resolver.paths(&source.path, values);
        // A folder or a model file that a variable names is no database.
        settings.add(context, facts.settings, |fact| {
            let named = names::env_names_database(&fact.name) || is_database(&fact.value);
            paths(if named { std::slice::from_ref(&fact.value) } else { &[] })
        });
        if !source.asked {
            continue;
        }
        let known = facts.doubtful.into_iter().filter(|fact| names_of(fact).any(|name| named.contains(&name)));
        let mut all: Vec<Reference> = facts.references.into_iter().chain(known).collect();
        by_place(&mut all, |it| &it.place);
        references.add(context, all, |fact| paths(&fact.values));
        // Which databases they can be is known from here on; how that was said is not asked again, and there are many of them.
        table_uses.add(context, facts.table_uses, |fact| paths(&std::mem::take(&mut fact.connection)));
        unfollowed.add(context, facts.unfollowed, |fact| paths(&std::mem::take(&mut fact.connection)));
        statements.add(context, facts.statements, |fact| paths(&std::mem::take(&mut fact.connection)));
        env_reads.add(context, facts.env_reads, |fact| {
            let default =
                fact.default.as_ref().filter(|default| names::env_names_database(&fact.name) || is_database(default));
            paths(default.map_or(&[], std::slice::from_ref))
        });
        copies.add(context, facts.copies, |fact| paths(&fact.from));
        attaches.add(context, facts.attaches, |fact| paths(&fact.attached));
        inventory.destroyed.extend(facts.destroyed);
        inventory.index_names.extend(facts.index_names);
        inventory.allows.extend(source.allows);
        if let Some(reason) = facts.trouble {
            inventory.skipped.push(Skipped { path: source.path.to_string(), reason, by_design: true });
        }
        inventory.sources.push(SourceInfo {
            path: source.path.to_string(),
            language: source.language,
            context,
            digest: source.digest,
        });
    }
    // A database elsewhere in the tree matters to a part of it only when that part speaks of it.
    let wanted = |entry: &&Entry| entry.asked || resolver.registry.knows(&entry.path);
    let wanted: Vec<&Entry> = candidates.into_iter().filter(wanted).collect();
    for (file, tracking) in files::examine(root, store, &tree.entries, &wanted) {
        resolver.registry.add_file(file, tracking);
    }
    let (databases, index) = resolver.registry.finish();
    let number = |paths: Paths| {
        let numbers: Arc<[DatabaseId]> = paths.iter().filter_map(|path| index.get(path).copied()).collect();
        (paths, numbers)
    };
    let numbers: HashMap<Paths, Arc<[DatabaseId]>> = resolver.paths.into_iter().map(number).collect();
    inventory.databases = databases;
    if !options.no_rows {
        inventory.duplicates = duplicates(&inventory.databases);
    }
    inventory.in_use = files::in_use(store, &inventory.databases);
    inventory.references = references.finish(&numbers);
    by_place(&mut inventory.references, |it| &it.fact.place);
    inventory.table_uses = table_uses.finish(&numbers);
    by_place(&mut inventory.table_uses, |it| &it.fact.place);
    inventory.unfollowed = unfollowed.finish(&numbers);
    by_place(&mut inventory.unfollowed, |it| &it.fact.place);
    by_place(&mut inventory.index_names, |it| &it.place);
    inventory.statements = statements.finish(&numbers);
    by_place(&mut inventory.statements, |it| &it.fact.place);
    inventory.settings = settings.finish(&numbers);
    inventory.env_reads = env_reads.finish(&numbers);
    inventory.copies = copies.finish(&numbers);
    inventory.attaches = attaches.finish(&numbers);
    by_place(&mut inventory.allows, |it| &it.place);
    inventory.skipped.sort();
    inventory
}

/// Sorts a list, which mostly is in order: sources come in the order of their paths. To sort takes half as much room again, even then.
fn by_place<T>(list: &mut [T], place: fn(&T) -> &Place) {
    if !list.is_sorted_by_key(place) {
        list.sort_by(|left, right| place(left).cmp(place(right)));
    }
}

/// What all sources have to say before anything is linked.
#[derive(Default)]
struct Said {
    mounts: Vec<Mount>,
    settings: HashMap<String, Vec<SetTo>>,
    /// The names of the databases that something in the tree opens, binds or configures.
    named: HashSet<String>,
    count: Count,
}

/// How many facts there are of the kinds that there are many of.
#[derive(Default)]
struct Count {
    references: usize,
    table_uses: usize,
    statements: usize,
}

impl Said {
    fn by(gathered: &Gathered, is_test: &dyn Fn(&str) -> bool) -> Self {
        let mut said = Self::default();
        for (source, facts) in gathered.facts() {
            said.count.references += facts.references.len();
            said.count.table_uses += facts.table_uses.len();
            said.count.statements += facts.statements.len();
            said.mounts.extend(facts.mounts);
            let references = facts.references.iter().filter(|reference| reference.role != Role::Mentions);
            said.named.extend(references.flat_map(names_of));
            let in_tests = context_of(&source.path, source.language, is_test) == Context::Test;
            for Setting { name, value, .. } in facts.settings {
                let set = SetTo { file: source.path.to_string(), value, in_tests };
                said.settings.entry(name).or_default().push(set);
            }
        }
        said
    }
}

fn names_of(reference: &Reference) -> impl Iterator<Item = String> {
    reference.values.iter().filter_map(Value::file_name)
}

/// By its ending, its URL or its engine, and not by the name of the variable that holds it.
fn is_database(value: &Value) -> bool {
    value.engine != Engine::Sqlite
        || value.base == Base::Memory
        || names::is_database_path(&value.pattern().replace('*', "x"))
}
