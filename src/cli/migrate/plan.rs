//! `dbguard migrate plan`: examines the databases and writes `migration.toml`; opens them for reading only.

use std::path::{Path, PathBuf};

use super::super::Session;
use super::super::failure::{Exit, Failure};
use super::super::gather::{Gathered, Reading, gather};
use super::propose_docs::{Documents, documents};
use crate::db::{self, State};
use crate::migrate::plan::{self, Plan};
use crate::migrate::propose::{Candidate, Role, Wish, propose};
use crate::output::{escape, plan_full, plan_json};
use crate::rules::{Applied, Standing, is_fixture, known_owner};
use crate::text::Source;

/// Examine the databases and write migration.toml, the plan to review
///
/// Retired databases move into the primary, specialised ones stay. Name databases to merge others. What only you can
/// decide stands as "?" in the plan and is listed with numbers. Running it again keeps what you decided.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard migrate plan                                  what the policy says, into migration.toml
  dbguard migrate plan auth.db old.db --target app.db   these, without a policy
  dbguard migrate plan --print --show-values            show it, with the values that differ
  dbguard migrate plan --docs                           and a patch for the project's rules and schema page")]
pub(in crate::cli) struct Args {
    /// Databases to merge into the target [default: the retired ones of the policy]
    #[arg(value_name = "DATABASE")]
    databases: Vec<PathBuf>,
    /// The database that the others become [default: the policy's primary]
    #[arg(long, value_name = "FILE")]
    target: Option<PathBuf>,
    /// The plan to write; decisions that stand in it stay
    #[arg(long, value_name = "FILE", default_value = "migration.toml")]
    plan: PathBuf,
    /// Print the plan instead of writing it
    #[arg(long)]
    print: bool,
    /// Show values of rows that differ; they are masked otherwise
    #[arg(long)]
    show_values: bool,
    /// Write a patch beside the plan that makes documents say what it will leave: a section in the project's rules (CLAUDE.md,
    /// AGENTS.md, CONTRIBUTING.md, or FILE), and the page about the target, docs/database.md
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    docs: Option<Option<PathBuf>>,
    #[arg(long, value_name = "FORMAT", default_value = "full")]
    output_format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Full,
    Json,
}

pub(in crate::cli) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let gathered = gather(session, &[], Reading::Whole)?;
    gathered.tell_mistakes(session);
    let root = &gathered.inventory.root;
    let file = session.world.cwd.join(&args.plan);
    let previous = previous(&file, &args.plan)?;
    let target = target(args, session, &gathered, previous.as_ref())?;
    let candidates =
        if args.databases.is_empty() { of_policy(&gathered, &target) } else { named(args, session, root, &target)? };
    let policy = gathered.policy.as_ref();
    let renames: Vec<(String, String)> = policy
        .map(|policy| policy.tables.iter().map(|(from, to)| (from.value.clone(), to.clone())).collect())
        .unwrap_or_default();
    let wish = Wish { target: &target, candidates: &candidates, renames: &renames, previous: previous.as_ref() };
    let proposal = propose(&wish).map_err(super::stopped)?;
    let text = plan::write(&proposal.plan, &proposal.remarks);
    let open = proposal.plan.open_choices().len();
    if args.print {
        session.print(text.as_bytes())?;
    } else {
        write(&file, &text)?;
        let mut out = Vec::new();
        match args.output_format {
            Format::Full => plan_full(&proposal, args.show_values, &session.look(), &mut out),
            Format::Json => plan_json(&proposal, args.show_values, &mut out),
        }
        .map_err(|error| Failure::output(&error))?;
        session.print(&out)?;
        let next = if open > 0 {
            "Decide where it says \"?\", then run `dbguard migrate plan` again or `dbguard migrate apply --rehearse`."
        } else {
            "Review it, then try it with `dbguard migrate apply --rehearse`."
        };
        session.say(&format!("Wrote {}. {next}", escape(&args.plan.display().to_string())));
    }
    if let Some(rules) = &args.docs {
        let policy = policy.cloned().unwrap_or_default();
        let documents = documents(session, root, &proposal.plan, &policy, rules.as_deref())?;
        propose_documents(args, session, &documents)?;
    }
    Ok(if open > 0 { Exit::Findings } else { Exit::Clean })
}

/// Writes the patch for the documents beside the plan, or prints it behind the plan.
fn propose_documents(args: &Args, session: &Session<'_>, documents: &Documents) -> Result<(), Failure> {
    let shown = args.plan.with_file_name("migration-docs.patch");
    if documents.patch.is_empty() {
        session.say("The documents say all of it already.");
        return Ok(());
    }
    if args.print {
        return session.print(&documents.patch);
    }
    let file = session.world.cwd.join(&shown);
    write(&file, &String::from_utf8_lossy(&documents.patch))?;
    let (shown, files) = (escape(&shown.display().to_string()), escape(&documents.files.join(", ")));
    session.say(&format!(
        "Wrote {shown}, which changes {files}: review it, then `git apply {shown}` when the plan is carried out."
    ));
    Ok(())
}

/// The plan that stands there, which may not be overwritten when it cannot be read.
fn previous(file: &Path, shown: &Path) -> Result<Option<Plan>, Failure> {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::failed(
                "the plan cannot be read",
                format!("{}: {error}", escape(&shown.display().to_string())),
                "look at its path and rights, or name another with --plan",
            ));
        }
    };
    let source = Source::new(shown.display().to_string(), bytes);
    plan::read(&source).map(Some).map_err(|mistakes| {
        let words: Vec<String> = mistakes
            .iter()
            .map(|it| {
                let help = it.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
                let (file, at) = (&it.place.file, it.place.start);
                escape(&format!("{file}:{}:{}: {}{help}", at.line, at.column, it.message))
            })
            .collect();
        Failure::usage("the plan has mistakes", words.join("\n  "), "mend them, or move the file away to begin anew")
    })
}

/// Where the rows go, as the plan writes it.
fn target(args: &Args, session: &Session<'_>, gathered: &Gathered, previous: Option<&Plan>) -> Result<String, Failure> {
    if let Some(path) = &args.target {
        return Ok(shown(&gathered.inventory.root, &session.world.cwd.join(path)));
    }
    let primary = gathered.policy.as_ref().and_then(|policy| {
        let applied = Applied::new(&gathered.inventory, policy);
        let ids = (0..gathered.inventory.databases.len()).map(crate::scan::DatabaseId);
        // Code may name it in ways of which only a part is known; the one that is here goes first.
        let ids = ids.filter(|id| applied.standing(*id) == Standing::Primary);
        let primary =
            ids.map(|id| gathered.inventory.database(id)).min_by_key(|it| (it.file.is_none(), it.is_pattern))?;
        Some(primary.path.clone())
    });
    let written =
        || gathered.policy.as_ref()?.primary.as_ref().map(|it| it.path.value.clone()).filter(|it| !it.is_empty());
    primary.or_else(|| previous.map(|plan| plan.target.path.clone())).or_else(written).ok_or_else(|| {
        Failure::usage(
            "no target",
            "neither --target nor a primary database in dbguard.toml says where the rows go",
            "name it: dbguard migrate plan --target data/app.db, or write a policy with `dbguard init`",
        )
    })
}

/// Every database file of the tree, with what the policy says of it. Throw-away ones are left out.
fn of_policy(gathered: &Gathered, target: &str) -> Vec<Candidate> {
    let inventory = &gathered.inventory;
    let empty = crate::policy::Policy::default();
    let policy = gathered.policy.as_ref().unwrap_or(&empty);
    let applied = Applied::new(inventory, policy);
    let mut candidates = Vec::new();
    for (index, database) in inventory.databases.iter().enumerate() {
        let Some(file) = &database.file else { continue };
        let standing = applied.standing(crate::scan::DatabaseId(index));
        let mut tables = Vec::new();
        let mut why = None;
        let role = match standing {
            _ if database.path == target => Role::Target,
            Standing::Primary => Role::Target,
            Standing::Retired(entry) => {
                if let Some(entry) = policy.retired.get(entry) {
                    tables = entry.tables.iter().map(|(from, to)| (from.value.clone(), to.clone())).collect();
                    why.clone_from(&entry.why);
                }
                Role::Merge
            }
            Standing::Specialised(entry) => {
                why = policy.specialised.get(entry).and_then(|entry| entry.why.clone());
                Role::Keep
            }
            Standing::External(entry) => {
                let owner = policy.external.get(entry).and_then(|entry| entry.owner.clone());
                why = owner.map(|owner| format!("belongs to {owner}"));
                Role::External
            }
            Standing::Temporary | Standing::Server => continue,
            _ if matches!(file.state, State::NotSqlite(_)) => continue,
            _ if known_owner(&database.path).is_some() => {
                why = known_owner(&database.path).map(|owner| format!("belongs to {owner}"));
                Role::External
            }
            // What git keeps among the tests is theirs.
            _ if database.tracking.tracked && is_fixture(&database.path) => {
                why = Some("a fixture of the tests".to_owned());
                Role::Keep
            }
            _ => Role::Undecided,
        };
        candidates.push(Candidate {
            path: database.path.clone(),
            absolute: file.absolute.clone(),
            role,
            state: file.state.clone(),
            schema: file.schema.clone(),
            tables,
            why,
        });
    }
    candidates
}

/// The databases of the command line, and the target if it exists.
fn named(args: &Args, session: &Session<'_>, root: &Path, target: &str) -> Result<Vec<Candidate>, Failure> {
    let at_target = root.join(target);
    let mut candidates = Vec::new();
    let mut seen: Vec<PathBuf> = Vec::new();
    let all = std::iter::once(at_target.clone()).filter(|path| path.exists());
    for path in all.chain(args.databases.iter().map(|path| session.world.cwd.join(path))) {
        let absolute = std::fs::canonicalize(&path).map_err(|error| {
            Failure::usage(
                "no such database",
                format!("{}: {error}", escape(&path.display().to_string())),
                "look at the spelling of the path",
            )
        })?;
        if seen.contains(&absolute) {
            continue;
        }
        seen.push(absolute.clone());
        let (state, schema) = db::read(&absolute);
        let role = if path == at_target { Role::Target } else { Role::Merge };
        candidates.push(Candidate {
            path: shown(root, &absolute),
            absolute,
            role,
            state,
            schema,
            tables: Vec::new(),
            why: None,
        });
    }
    Ok(candidates)
}

/// A path as the plan writes it: relative to the root where it lies below it.
fn shown(root: &Path, path: &Path) -> String {
    let folder = path.parent().and_then(|folder| std::fs::canonicalize(folder).ok());
    let real = match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_path_buf(),
    };
    real.strip_prefix(root).unwrap_or(&real).to_string_lossy().replace('\\', "/")
}

/// The whole new plan or the whole old one.
fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let unwritten = |error: std::io::Error| Failure::unwritten(file, &error);
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(folder).map_err(unwritten)?;
    std::io::Write::write_all(&mut beside, text.as_bytes()).map_err(unwritten)?;
    beside.as_file().sync_all().map_err(unwritten)?;
    #[cfg(unix)]
    {
        let mode =
            std::fs::metadata(file).map_or(0o644, |it| std::os::unix::fs::PermissionsExt::mode(&it.permissions()));
        let rights = std::os::unix::fs::PermissionsExt::from_mode(mode & 0o777);
        beside.as_file().set_permissions(rights).map_err(unwritten)?;
    }
    beside.persist(file).map_err(|error| unwritten(error.error))?;
    Ok(())
}
