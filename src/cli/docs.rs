//! `dbguard docs`: a page about a database, kept current beside what people write in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Session;
use super::docs_metadata::Metadata;
use super::failure::{Exit, Failure};
use super::gather::{Gathered, Reading, gather};
use super::report::save;
use crate::db::{self, Schema, State};
use crate::docs::{Known, Page, Subject};
use crate::migrate::Plan;
use crate::migrate::plan;
use crate::output::{docs_page, escape};
use crate::rules::{Applied, Standing};
use crate::scan::DatabaseId;
use crate::text::Source;

/// Write a page about a database: a diagram, and each table with who uses it
///
/// Markdown with a Mermaid diagram. In a page that exists only the generated parts are written anew; the first paragraph
/// below a table's heading is its description. Other descriptions come from a table `schema_metadata` and from comments in
/// CREATE TABLE. `--metadata` writes that table into the database.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard docs                                      the primary database, to standard output
  dbguard docs --output docs/database.md            write the page, or bring it up to date
  dbguard docs data/app.db --output docs/app.md     of another database
  dbguard docs --output docs/database.md --check    for CI: fail when it is stale or a table is not described
  dbguard docs --metadata                           what each table is for, into the database itself")]
pub(super) struct Args {
    /// The database, as a path or as the end of one [default: the policy's primary]
    #[arg(value_name = "DATABASE")]
    database: Option<PathBuf>,
    /// The page; what people wrote in it stays [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write nothing; the exit code is 1 when the page is stale or a table is not described
    #[arg(long)]
    check: bool,
    /// Write a table `schema_metadata` into the database: a row for each table, with its description where there is one
    #[arg(long)]
    metadata: bool,
    /// Seconds to wait for a lock of another program
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    lock_timeout: u32,
}

/// A database that a page is written about.
pub(super) struct Chosen {
    pub(super) name: String,
    pub(super) absolute: PathBuf,
    /// What the scan knows it as.
    id: Option<DatabaseId>,
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let gathered = gather(session, &[], Reading::Whole)?;
    gathered.tell_mistakes(session);
    let chosen = choose(args.database.as_deref(), &gathered, session)?;
    let old = args.output.as_deref().map(|file| read_page(&session.world.cwd.join(file), file)).transpose()?.flatten();
    let page = old.clone().unwrap_or_default();
    let mut about = subject(&chosen, &gathered)?;
    if args.metadata {
        let standing = chosen.id.map(|id| standing_of(id, &gathered));
        let metadata = Metadata { chosen: &chosen, standing, root: &gathered.inventory.root };
        metadata.may_be_written()?;
        let wanted = metadata.wanted(&about, &page);
        if args.check {
            let lacks = metadata.lacks(&wanted)?;
            let exit = check(args, session, &about, old.as_ref(), &page.renewed(&docs_page(&about, &page)))?;
            session.print(lacks.as_bytes())?;
            return Ok(if lacks.is_empty() { exit } else { exit.max(Exit::Findings) });
        }
        session.say(&metadata.write(&wanted, Duration::from_secs(args.lock_timeout.into()))?);
        about = subject(&chosen, &gathered)?;
    }
    let subject = about;
    let parts = docs_page(&subject, &page);
    let new = page.renewed(&parts);
    if args.check {
        return check(args, session, &subject, old.as_ref(), &new);
    }
    let Some(file) = &args.output else {
        if args.metadata {
            return Ok(gathered.exit());
        }
        session.print(new.text().as_bytes())?;
        return Ok(gathered.exit());
    };
    save(&session.world.cwd.join(file), |out| out.write_all(new.text().as_bytes()))
        .map_err(|error| Failure::unwritten(file, &error))?;
    let open = subject.undescribed(&new);
    let open = if open.is_empty() { String::new() } else { format!(" Not described yet: {}.", listed(&open)) };
    session.say(&format!("Wrote {}.{open}", escape(&file.display().to_string())));
    Ok(gathered.exit())
}

/// Says what is stale and what is not described.
fn check(
    args: &Args,
    session: &Session<'_>,
    subject: &Subject,
    old: Option<&Page>,
    new: &Page,
) -> Result<Exit, Failure> {
    let mut words = String::new();
    if let Some(file) = &args.output {
        let shown = escape(&file.display().to_string());
        let stale = match old {
            None => Some("it is not there".to_owned()),
            Some(old) => Some(new.differing(old)).filter(|it| !it.is_empty()).map(|names| {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                format!("{} changed", listed(&names))
            }),
        };
        if let Some(why) = stale {
            words.push_str(&format!("{shown} is stale: {why}; write it anew with `dbguard docs --output {shown}`\n"));
        }
    } else if !args.metadata {
        session.say("No page was looked at: name it with --output.");
    }
    for table in subject.undescribed(new) {
        let place = match &args.output {
            Some(file) => format!("write a line below its heading in {}", escape(&file.display().to_string())),
            None => "put a comment into its CREATE TABLE, or a row into schema_metadata".to_owned(),
        };
        words.push_str(&format!("{} is not described: {place}\n", escape(table)));
    }
    session.print(words.as_bytes())?;
    Ok(if words.is_empty() { Exit::Clean } else { Exit::Findings })
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| escape(name)).collect::<Vec<_>>().join(", ")
}

/// The page that stands there, which must be one of dbguard's.
pub(super) fn read_page(file: &Path, shown: &Path) -> Result<Option<Page>, Failure> {
    let shown = escape(&shown.display().to_string());
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::failed(
                "the page cannot be read",
                format!("{shown}: {error}"),
                "look at its path and rights, or name another with --output",
            ));
        }
    };
    let foreign = |happened: String| {
        Failure::usage(
            "this file is no page of dbguard, and is not written over",
            happened,
            "name another file, or put these two lines where the page shall begin:\n    <!-- dbguard docs: overview -->\n    <!-- dbguard docs: end -->",
        )
    };
    let text = String::from_utf8(bytes).map_err(|_| foreign(format!("{shown} is no text in UTF-8")))?;
    let page = Page::read(&text).map_err(|damage| {
        Failure::usage(
            "the marks of the page do not fit",
            format!("{shown}:{}: {}", damage.line, damage.message),
            "mend them by hand; nothing was written",
        )
    })?;
    if page.is_ours() { Ok(Some(page)) } else { Err(foreign(format!("{shown} has no generated part"))) }
}

/// What the page says of the database, read in one transaction.
fn subject(chosen: &Chosen, gathered: &Gathered) -> Result<Subject, Failure> {
    let (state, schema) = db::read(&chosen.absolute);
    let (schema, reading) = match (state, schema) {
        (State::Readable, Some(schema)) => {
            (schema, Some(db::reading(&chosen.absolute).map_err(|it| unread(chosen, &it))?))
        }
        (State::Empty, _) => (Schema::default(), None),
        (state, _) => return Err(unread(chosen, &state)),
    };
    let plan = plan_for(&chosen.name, gathered)?;
    let known = Known {
        name: &chosen.name,
        connection: reading.as_ref().map(|it| &it.connection),
        inventory: chosen.id.map(|id| (&gathered.inventory, id)),
        plan: plan.as_ref(),
    };
    let mut subject = Subject::of(schema, known).map_err(|error| {
        Failure::failed(
            "the database cannot be read",
            format!("{}: {}", escape(&chosen.name), escape(&error.to_string())),
            "look at it with `sqlite3 FILE 'PRAGMA integrity_check'`",
        )
    })?;
    subject.standing = standing(chosen, gathered);
    Ok(subject)
}

/// What the policy makes of it.
fn standing_of(id: DatabaseId, gathered: &Gathered) -> Standing {
    let policy = gathered.policy.as_ref();
    policy.map_or(Standing::Unknown, |policy| Applied::new(&gathered.inventory, policy).standing(id))
}

fn unread(chosen: &Chosen, state: &State) -> Failure {
    let why = match state {
        State::NotSqlite(what) => format!("it is no SQLite database: {what}"),
        State::Encrypted => "it is encrypted, or overwritten".to_owned(),
        State::Corrupt(words) => format!("it is damaged: {words}"),
        State::Locked(words) => format!("another program holds it: {words}"),
        State::Unreadable(words) => words.clone(),
        State::Readable | State::Empty => "it changed while it was read".to_owned(),
    };
    Failure::failed(
        "the database cannot be read",
        escape(&format!("{}: {why}", chosen.name)),
        "name another, or look at the file",
    )
}

/// `migration.toml`, where it speaks of this database as its target.
fn plan_for(name: &str, gathered: &Gathered) -> Result<Option<Plan>, Failure> {
    let Some(source) = gathered.source("migration.toml") else { return Ok(None) };
    let plan = plan::read(&Source::new("migration.toml", source.text.clone().into_bytes())).map_err(|mistakes| {
        let words: Vec<String> = mistakes.iter().map(|it| escape(&it.message)).collect();
        Failure::usage(
            "the plan has mistakes",
            format!("migration.toml: {}", words.join("; ")),
            "mend it, or move it away: it may tell of foreign keys",
        )
    })?;
    Ok(Some(plan).filter(|plan| plan.target.path == name))
}

/// What the policy says, in sentences.
fn standing(chosen: &Chosen, gathered: &Gathered) -> Vec<String> {
    let (Some(policy), Some(id)) = (&gathered.policy, chosen.id) else { return Vec::new() };
    let why = |words: &str, why: Option<&String>| {
        vec![why.map_or_else(|| format!("{words}."), |it| format!("{words}: {it}."))]
    };
    match Applied::new(&gathered.inventory, policy).standing(id) {
        Standing::Primary => {
            let env = policy.primary.as_ref().map(|it| it.env.value.clone()).filter(|it| !it.is_empty());
            let env = env.map_or_else(String::new, |env| format!("; code finds it by {env}"));
            vec![format!("The primary database{env}.")]
        }
        Standing::Specialised(entry) => {
            why("A specialised database", policy.specialised.get(entry).and_then(|it| it.why.as_ref()))
        }
        Standing::Retired(entry) => why("Retired", policy.retired.get(entry).and_then(|it| it.why.as_ref())),
        Standing::External(entry) => {
            why("Another program's", policy.external.get(entry).and_then(|it| it.owner.as_ref()))
        }
        Standing::Temporary | Standing::Server | Standing::Unknown => Vec::new(),
    }
}

fn choose(asked: Option<&Path>, gathered: &Gathered, session: &Session<'_>) -> Result<Chosen, Failure> {
    let inventory = &gathered.inventory;
    let known = |id: DatabaseId| {
        let database = inventory.databases.get(id.0)?;
        let file = database.file.as_ref()?;
        Some(Chosen { name: database.path.clone(), absolute: file.absolute.clone(), id: Some(id) })
    };
    let ids = || (0..inventory.databases.len()).map(DatabaseId);
    let Some(asked) = asked else { return primary(gathered, known) };
    let shown = escape(&asked.display().to_string());
    let absolute = std::fs::canonicalize(session.world.cwd.join(asked)).ok();
    if let Some(absolute) = absolute {
        let same = |file: &Path| std::fs::canonicalize(file).is_ok_and(|file| file == absolute);
        let found = ids().filter_map(known).find(|it| same(&it.absolute));
        let name = absolute.strip_prefix(&inventory.root).ok().or_else(|| absolute.file_name().map(Path::new));
        let name = name.map(|it| it.to_string_lossy().replace('\\', "/")).unwrap_or_default();
        return Ok(found.unwrap_or(Chosen { name, absolute, id: None }));
    }
    let called: Vec<Chosen> = inventory.find(&asked.to_string_lossy()).into_iter().filter_map(known).collect();
    let names: Vec<String> = called.iter().map(|it| escape(&it.name)).collect();
    match <[Chosen; 1]>::try_from(called) {
        Ok([one]) => Ok(one),
        Err(none) if none.is_empty() => Err(Failure::usage(
            "no such database",
            format!("{shown} is neither a file nor the name of a database that was found"),
            "`dbguard scan` lists what there is",
        )),
        Err(_) => Err(Failure::usage(
            "several databases are called so",
            format!("{shown} may be {}", names.join(", ")),
            "say more of its path",
        )),
    }
}

fn primary(gathered: &Gathered, known: impl Fn(DatabaseId) -> Option<Chosen>) -> Result<Chosen, Failure> {
    let inventory = &gathered.inventory;
    let applied = gathered.policy.as_ref().map(|policy| Applied::new(inventory, policy));
    let Some(applied) = applied.filter(|it| it.primary.is_some()) else {
        return Err(Failure::usage(
            "which database?",
            "no policy names a primary one",
            "name it: dbguard docs data/app.db, or write a policy with `dbguard init`",
        ));
    };
    let mut ids =
        (0..inventory.databases.len()).map(DatabaseId).filter(|id| applied.standing(*id) == Standing::Primary);
    ids.find_map(known).ok_or_else(|| {
        let path = applied.primary.as_ref().map(|it| it.path.value.clone()).unwrap_or_default();
        let happened = if path.is_empty() {
            "the primary database is reached by URL, and is no file".to_owned()
        } else {
            format!("the primary database is not there: {}", escape(&path))
        };
        Failure::usage(
            "no database to read",
            happened,
            "create it as the application does, or name another: dbguard docs data/app.db",
        )
    })
}
