//! A sprawling application of any size whose truth is known: made by the tests, the benches and the tour. Knows nothing of dbguard.
//!
//! The templates in `tree/` carry marks (see `markup`) that say what each place means. Writing the application takes the marks
//! out and keeps what they said, so its truth never depends on what a scan finds.

#![allow(dead_code, reason = "tests, benches and the tour use different parts")]
#![allow(unreachable_pub, reason = "a module of its own, not an item of the library")]
#![allow(clippy::disallowed_methods, reason = "writes the application that it makes up")]

mod databases;
pub mod decisions;
mod filler;
mod markup;
mod truth;

use std::fs;
use std::io;
use std::path::Path;

#[allow(unused_imports, reason = "tests, benches and the tour use different parts")]
pub use truth::{Compared, Database, Duplicate, Expected, Truth};

/// The size of the application.
#[derive(Debug, Clone, Copy)]
pub struct Sprawl {
    services: usize,
    filler: usize,
    seed: u64,
}

impl Default for Sprawl {
    fn default() -> Self {
        Self { services: SERVICES.len(), filler: 4, seed: 19 }
    }
}

/// A text of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub path: String,
    pub text: String,
}

/// The services of the default size: name, table, and the way their store finds its database.
const SERVICES: [(&str, &str, &str); 10] = [
    ("calendar", "events", "constant"),
    ("lists", "list_items", "parameter"),
    ("journal", "entries", "file"),
    ("weather", "forecasts", "dictionary"),
    ("music", "tracks", "fstring"),
    ("devices", "devices", "orm"),
    ("energy", "readings", "asynchronous"),
    ("recipes", "recipes", "argument"),
    ("metrics", "samples", "attach"),
    ("notifications", "notifications", "wrapper"),
];

/// Names for services beyond those.
const WORDS: [&str; 12] = [
    "garden", "garage", "pantry", "laundry", "library", "cellar", "attic", "orchard", "workshop", "kennel", "pond",
    "porch",
];

/// Services beyond this number share the databases of earlier ones, as in real trees there are far more files than databases.
const OWN_DATABASES: usize = 200;

const CORE: [&str; 3] =
    [include_str!("tree/app.tree"), include_str!("tree/around.tree"), include_str!("tree/tests.tree")];
const SERVICE: &str = include_str!("tree/services.tree");

/// Committed although an ignore rule covers them.
const COMMITTED_ANYWAY: [&str; 4] = [".env", "data/lists.db", "data/memory.db-wal", "data/presence.db"];

struct Service {
    name: String,
    table: String,
    way: &'static str,
    /// The service whose database it uses.
    database: String,
    number: usize,
}

impl Sprawl {
    /// The case of the design card: 19 databases, 441 references in 95 files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// At least the ten of the default size; each further one brings its own texts, and the first two hundred a database.
    #[must_use]
    pub fn services(mut self, services: usize) -> Self {
        self.services = services.max(SERVICES.len());
        self
    }

    /// Modules without databases in each service.
    #[must_use]
    pub fn filler(mut self, modules: usize) -> Self {
        self.filler = modules;
        self
    }

    /// Decides what stands in the modules without databases.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Writes the application below `root`, which must exist, and tells what is true of it.
    ///
    /// # Errors
    /// When a file or a database cannot be written.
    pub fn lay_out(&self, root: &Path) -> io::Result<Truth> {
        let (texts, truth) = self.texts();
        for text in &texts {
            let path = root.join(&text.path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(path, &text.text)?;
        }
        databases::create(root, &self.extra_databases()).map_err(io::Error::other)?;
        Ok(truth)
    }

    /// What is true of the application, without writing it.
    #[must_use]
    pub fn truth(&self) -> Truth {
        self.texts().1
    }

    /// Every text of the application, and what is true of it.
    #[must_use]
    pub fn texts(&self) -> (Vec<Text>, Truth) {
        let mut texts = Vec::new();
        let mut truth = Truth::default();
        let mut write = |path: String, marked: &str| {
            let (text, found) = markup::strip(&path, marked);
            let (mentions, references): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|found| found.role == "mentions");
            truth.references.extend(references);
            truth.mentions.extend(mentions);
            texts.push(Text { path, text });
        };
        for (path, marked) in CORE.iter().flat_map(|bundle| files(bundle)) {
            write(path.to_owned(), marked);
        }
        for service in self.all_services() {
            for section in [service.way, "around"] {
                for (path, marked) in files(section_of(SERVICE, section)) {
                    write(service.fill(path), &service.fill(marked));
                }
            }
            for index in 0..self.filler {
                let path = format!("services/{}/part_{index}.py", service.name);
                write(path, &filler::module(self.seed ^ (service.number as u64) << 16 ^ index as u64));
            }
        }
        texts.sort_by(|left, right| left.path.cmp(&right.path));
        truth.references.sort();
        truth.mentions.sort();
        truth.texts = texts.iter().map(|text| text.path.clone()).collect();
        truth.databases = databases::truth(&self.extra_databases());
        truth.duplicates = databases::duplicates();
        truth.committed_anyway = COMMITTED_ANYWAY.map(str::to_owned).to_vec();
        (texts, truth)
    }

    fn all_services(&self) -> Vec<Service> {
        (0..self.services).map(service).collect()
    }

    /// `(path, table)` of the databases beyond those of the default size.
    fn extra_databases(&self) -> Vec<(String, String)> {
        self.all_services()
            .into_iter()
            .skip(SERVICES.len())
            .filter(|service| service.database == service.name)
            .map(|service| (format!("data/{}.db", service.name), service.table))
            .collect()
    }
}

fn service(number: usize) -> Service {
    if let Some(&(name, table, way)) = SERVICES.get(number) {
        return Service { name: name.into(), table: table.into(), way, database: name.into(), number };
    }
    let extra = number - SERVICES.len();
    let name_of = |extra: usize| format!("{}_{}", WORDS[extra % WORDS.len()], 1 + extra / WORDS.len());
    let owner = name_of(extra % OWN_DATABASES);
    let way = SERVICES[extra % SERVICES.len()].2;
    Service { name: name_of(extra), table: format!("{owner}_rows"), way, database: owner, number }
}

impl Service {
    fn fill(&self, template: &str) -> String {
        let title: String = self
            .name
            .split('_')
            .map(|word| {
                let mut letters = word.chars();
                letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
            })
            .collect();
        template
            .replace("@name@", &self.name)
            .replace("@NAME@", &self.name.to_uppercase())
            .replace("@Title@", &title)
            .replace("@table@", &self.table)
            .replace("@db@", &self.database)
            .replace("@number@", &format!("{:02}", self.number))
    }
}

/// The texts of a bundle: each begins with a line `=== path`.
fn files(bundle: &str) -> impl Iterator<Item = (&str, &str)> {
    bundle.split("=== ").skip(1).filter_map(|part| part.split_once('\n'))
}

/// The part of the service bundle below the line `##### name`.
fn section_of<'a>(bundle: &'a str, name: &str) -> &'a str {
    let mut sections = bundle.split("##### ").filter_map(|part| part.split_once('\n'));
    sections.find(|(head, _)| *head == name).map(|(_, body)| body).unwrap_or_else(|| panic!("no section {name}"))
}
