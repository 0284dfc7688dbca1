//! `dbguard migrate plan --docs`: what documents should say when the plan is carried out, as a patch to review.

use std::path::{Path, PathBuf};

use super::code;
use crate::cli::Session;
use crate::cli::docs::read_page;
use crate::cli::docs_metadata::inherit;
use crate::cli::failure::{Exit, Failure};
use crate::cli::fix::below_top;
use crate::db;
use crate::docs::{Known, Page, Subject};
use crate::migrate::{Plan, outline};
use crate::output::{Renamed, docs_page, docs_rules, escape};
use crate::policy::Policy;
use crate::text::diff;

/// Files in which projects keep their rules, the most particular first.
const RULES: [&str; 4] = ["CLAUDE.md", "AGENTS.md", ".cursorrules", "CONTRIBUTING.md"];
/// The page about the target.
const PAGE: &str = "docs/database.md";
/// The part of the rules that is dbguard's.
const PART: &str = "rules";

/// The documents as they should be.
pub(super) struct Documents {
    /// What `git apply` takes; empty where they say all of it.
    pub(super) patch: Vec<u8>,
    /// Files that it changes or makes.
    pub(super) files: Vec<String>,
}

/// Makes the patch. `rules` names the file of the rules; else the first of those that projects have is taken.
pub(super) fn documents(
    session: &Session<'_>,
    root: &Path,
    plan: &Plan,
    policy: &Policy,
    rules: Option<&Path>,
) -> Result<Documents, Failure> {
    let open = plan.open_choices();
    if !open.is_empty() {
        return Err(Failure {
            title: "the documents cannot be proposed yet".to_owned(),
            happened: format!("the plan leaves open: {}", escape(&open.join(", "))),
            next: "decide where it says \"?\", then run `dbguard migrate plan --docs` again".to_owned(),
            exit: Exit::Findings,
        });
    }
    let rules = rules.map(Path::to_path_buf).unwrap_or_else(|| {
        let found = RULES.iter().find(|name| root.join(name).is_file());
        PathBuf::from(found.unwrap_or(&"CONTRIBUTING.md"))
    });
    let renamed = renamed(root, plan);
    let section = docs_rules(plan, policy, &renamed, PAGE);
    let mut documents = Documents { patch: Vec::new(), files: Vec::new() };
    documents.add(root, &rules, |page| page.with_part(PART, &section))?;
    let subject = subject(session, root, plan, &renamed)?;
    let file = Path::new(PAGE);
    read_page(&root.join(file), file)?;
    documents.add(root, file, |page| page.renewed(&docs_page(&subject, page)))?;
    Ok(documents)
}

impl Documents {
    fn add(&mut self, root: &Path, file: &Path, renew: impl FnOnce(&Page) -> Page) -> Result<(), Failure> {
        let shown = file.to_string_lossy().replace('\\', "/");
        let unread = |why: String| {
            Failure::usage(
                "a document cannot be read",
                format!("{}: {why}", escape(&shown)),
                "name another: --docs=FILE",
            )
        };
        let old = match std::fs::read(root.join(file)) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(unread(error.to_string())),
        };
        let text = String::from_utf8(old.clone().unwrap_or_default())
            .map_err(|_| unread("it is no text in UTF-8".to_owned()))?;
        let page = Page::read(&text).map_err(|damage| unread(format!("line {}: {}", damage.line, damage.message)))?;
        let new = renew(&page).text();
        let patch = diff::unified(&below_top(root, &shown), old.as_deref(), new.as_bytes());
        if !patch.is_empty() {
            self.files.push(shown);
            self.patch.extend(patch);
        }
        Ok(())
    }
}

/// The target as a page tells of it: its schema as the plan makes it, used by the code as the plan rewrites it.
fn subject(session: &Session<'_>, root: &Path, plan: &Plan, renamed: &[Renamed]) -> Result<Subject, Failure> {
    let schema = outline(root, plan).map_err(super::stopped)?;
    let code = code::prepare(session, plan)?;
    let known = Known { name: &plan.target.path, connection: None, inventory: code.target(), plan: Some(plan) };
    let mut subject = Subject::of(schema, known).map_err(|error| {
        Failure::failed("the schema cannot be read", escape(&error.to_string()), "this is a defect of dbguard")
    })?;
    subject.planned = true;
    for source in plan.merged() {
        let path = root.join(&source.path);
        let (_, schema) = db::read(&path);
        let names: Vec<(String, String)> = schema
            .iter()
            .flat_map(|schema| schema.own_tables())
            .map(|table| {
                let new = renamed.iter().find(|it| it.database == source.path && it.from == table.name);
                (table.name.clone(), new.map_or_else(|| table.name.clone(), |it| it.to.clone()))
            })
            .collect();
        inherit(&mut subject.words, &path, &names);
    }
    Ok(subject)
}

/// Tables that get another name, by the plan.
fn renamed(root: &Path, plan: &Plan) -> Vec<Renamed> {
    let mut found = Vec::new();
    for source in plan.merged() {
        let (_, schema) = db::read(&root.join(&source.path));
        for table in schema.iter().flat_map(|schema| schema.own_tables()) {
            let own = plan.table(&source.id, &table.name).and_then(|block| block.rename_to.as_deref());
            let to = plan.renamed(own.unwrap_or(&table.name));
            if to != table.name {
                found.push(Renamed { database: source.path.clone(), from: table.name.clone(), to: to.to_owned() });
            }
        }
    }
    found
}
