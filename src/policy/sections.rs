//! `dbguard.toml`, section by section. Reads a text that is given; never stops at the first mistake.

use toml::de::DeTable;

use super::read::{Reader, Section, entry, listed};
use super::{
    External, Places, Policy, Primary, Python, Retired, Specialised, Suppression, Written, globs, nearest, opener,
};
use crate::finding::Severity;
use crate::lang::Engine;
use crate::text::{Place, Source};

const SECTIONS: [&str; 11] = [
    "extend",
    "primary",
    "specialised",
    "retired",
    "external",
    "tables",
    "mounts",
    "places",
    "python",
    "suppression",
    "rules",
];
/// What a primary without `env` is reached through.
const DEFAULT_ENV: &str = "DATABASE_PATH";

/// Reads a policy, but for what it extends. In a `pyproject.toml` it is the table `[tool.dbguard]`.
#[must_use]
pub fn parse(source: &Source) -> Policy {
    parse_onto(source, Policy::default())
}

/// The file that a policy extends, as it names it.
pub(super) fn extended(source: &Source) -> Option<Written<String>> {
    let document = DeTable::parse(&source.text).ok()?;
    let table = if is_pyproject(source) { tool_table(document.get_ref())? } else { document.get_ref() };
    let (_, value) = entry(table, "extend")?;
    Reader::new(source).text(value, "extend")
}

/// Reads a policy that builds on another: what it says itself wins. A key gives way to the same key, and an entry for a database
/// to one for the same database.
pub(super) fn parse_onto(source: &Source, base: Policy) -> Policy {
    let mut reader = Reader::new(source);
    let mut policy = Policy { file: Some(source.path.to_string()), broken: false, ..base };
    let inherited = std::mem::take(&mut policy.mistakes);
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    if !errors.is_empty() {
        for error in &errors {
            let range = error.span().unwrap_or_default();
            let place = reader.place(range);
            reader.mistake(place, format!("not TOML: {}", error.message()), None);
        }
        policy.broken = true;
    } else if is_pyproject(source) {
        if let Some(table) = tool_table(document.get_ref()) {
            read(&mut reader, table, &mut policy);
        }
    } else {
        read(&mut reader, document.get_ref(), &mut policy);
    }
    policy.mistakes = reader.mistakes;
    policy.mistakes.sort_by(|one, other| one.place.cmp(&other.place).then_with(|| one.message.cmp(&other.message)));
    policy.mistakes.dedup();
    policy.mistakes.extend(inherited);
    policy
}

/// Whether a `pyproject.toml` holds a policy; one that does not parse does when it says so in a line.
pub(super) fn has_table(text: &str) -> bool {
    text.contains("dbguard")
        && match DeTable::parse(text) {
            Ok(document) => tool_table(document.get_ref()).is_some(),
            Err(_) => text.lines().any(|line| line.trim_start().starts_with("[tool.dbguard")),
        }
}

fn is_pyproject(source: &Source) -> bool {
    source.path.rsplit(['/', '\\']).next() == Some("pyproject.toml")
}

fn tool_table<'t, 'i>(document: &'t DeTable<'i>) -> Option<&'t DeTable<'i>> {
    entry(document, "tool")?.1.get_ref().as_table().and_then(|tool| entry(tool, "dbguard")?.1.get_ref().as_table())
}

fn read(reader: &mut Reader<'_>, table: &DeTable<'_>, policy: &mut Policy) {
    let whole = Section { table, name: "a policy".to_owned(), place: reader.place(0..0) };
    reader.know(&whole, &SECTIONS);
    if let Some((_, value)) = entry(table, "extend") {
        reader.text(value, "extend");
    }
    let base = policy.primary.take();
    policy.primary = match reader.section(table, "primary") {
        Some(section) => primary(reader, &section, base.as_ref()).or(base),
        None => base,
    };
    let specialised: Vec<_> =
        reader.sections(table, "specialised").iter().filter_map(|it| specialised(reader, it)).collect();
    let retired: Vec<_> = reader.sections(table, "retired").iter().filter_map(|it| retired(reader, it)).collect();
    let external: Vec<_> = reader.sections(table, "external").iter().filter_map(|it| external(reader, it)).collect();
    let named = specialised.iter().map(|it| &it.path).chain(retired.iter().map(|it| &it.path));
    let mut named: Vec<String> = named.chain(external.iter().map(|it| &it.path)).map(|it| it.value.clone()).collect();
    let own = policy.file.as_deref();
    policy.primary.take_if(|it| own != Some(&*it.path.place.file) && named.contains(&it.path.value));
    named.extend(policy.primary.iter().map(|it| it.path.value.clone()));
    policy.specialised.retain(|it| !named.contains(&it.path.value));
    policy.retired.retain(|it| !named.contains(&it.path.value));
    policy.external.retain(|it| !named.contains(&it.path.value));
    policy.specialised.extend(specialised);
    policy.retired.extend(retired);
    policy.external.extend(external);
    for (name, pairs) in [("tables", &mut policy.tables), ("mounts", &mut policy.mounts)] {
        let own = reader.section(table, name).map(|it| reader.pairs_of(it.table)).unwrap_or_default();
        pairs.retain(|(key, _)| !own.iter().any(|(other, _)| other.value == key.value));
        pairs.extend(own);
    }
    if let Some(section) = reader.section(table, "places") {
        places(reader, &section, &mut policy.places);
    }
    if let Some(section) = reader.section(table, "python") {
        python(reader, &section, &mut policy.python);
    }
    if let Some(section) = reader.section(table, "suppression") {
        suppression(reader, &section, &mut policy.suppression);
    }
    rules(reader, table, policy);
    renames(reader, policy);
    one_entry_each(reader, policy);
}

/// `base` has what the section does not say.
fn primary(reader: &mut Reader<'_>, section: &Section<'_, '_>, base: Option<&Primary>) -> Option<Primary> {
    reader.know(section, &["path", "env", "aliases", "engine", "url-env"]);
    let says = |key: &str| entry(section.table, key).is_some();
    let (engine, engine_at) = match base {
        Some(base) if !says("engine") => (base.engine, base.engine_at.clone()),
        _ => engine(reader, section),
    };
    let inherited = base.filter(|base| base.engine == engine);
    let or_inherited = |own: Option<Written<String>>, key: &str, of: fn(&Primary) -> Option<Written<String>>| {
        if says(key) { own } else { own.or_else(|| inherited.and_then(of)) }
    };
    let url_env = or_inherited(variable(reader, section, "url-env"), "url-env", |base| base.url_env.clone());
    let env = or_inherited(variable(reader, section, "env"), "env", |base| Some(base.env.clone()));
    let mut aliases = reader.strings(section, "aliases");
    aliases.retain(|alias| is_variable(reader, alias));
    if !says("aliases") {
        aliases = inherited.map(|base| base.aliases.clone()).unwrap_or_default();
    }
    let nowhere = || Written { value: String::new(), place: section.place.clone() };
    let path = if let Some(base) = inherited.filter(|_| !says("path")) {
        base.path.clone()
    } else if engine == Engine::Sqlite {
        path(reader, section)?
    } else {
        if url_env.is_none() && !says("url-env") {
            let message = "a primary that is no SQLite file is reached by URL: `[primary]` has no `url-env`";
            reader.mistake(section.place.clone(), message, Some("url-env = \"DATABASE_URL\"".to_owned()));
        }
        reader.string(section, "path").unwrap_or_else(nowhere)
    };
    let env = env
        .or_else(|| url_env.clone().filter(|_| engine != Engine::Sqlite))
        .unwrap_or_else(|| Written { value: DEFAULT_ENV.to_owned(), place: section.place.clone() });
    Some(Primary { path, env, aliases, engine, engine_at, url_env })
}

fn engine(reader: &mut Reader<'_>, section: &Section<'_, '_>) -> (Engine, Option<Place>) {
    const ENGINES: [(&str, Engine); 3] =
        [("sqlite", Engine::Sqlite), ("postgresql", Engine::Postgresql), ("mysql", Engine::Mysql)];
    let Some(word) = reader.string(section, "engine") else { return (Engine::Sqlite, None) };
    if let Some((_, engine)) = ENGINES.iter().find(|(name, _)| *name == word.value) {
        return (*engine, Some(word.place));
    }
    let names = ENGINES.map(|(name, _)| name);
    let help = match nearest(&word.value, names) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("engines are {}", listed(&names)),
    };
    reader.mistake(word.place.clone(), format!("unknown engine `{}`", word.value), Some(help));
    (Engine::Other, Some(word.place))
}

fn specialised(reader: &mut Reader<'_>, section: &Section<'_, '_>) -> Option<Specialised> {
    reader.know(section, &["path", "env", "allowed-in", "why"]);
    let env = variable(reader, section, "env");
    let allowed_in = globs(reader, section, "allowed-in");
    let why = reader.string(section, "why").map(|why| why.value);
    Some(Specialised { path: path(reader, section)?, env, allowed_in, why })
}

fn retired(reader: &mut Reader<'_>, section: &Section<'_, '_>) -> Option<Retired> {
    reader.know(section, &["path", "tables", "why"]);
    let tables = reader.pairs(section, "tables");
    let why = reader.string(section, "why").map(|why| why.value);
    Some(Retired { path: path(reader, section)?, tables, why })
}

fn external(reader: &mut Reader<'_>, section: &Section<'_, '_>) -> Option<External> {
    reader.know(section, &["path", "owner"]);
    let owner = reader.string(section, "owner").map(|owner| owner.value);
    Some(External { path: path(reader, section)?, owner })
}

fn places(reader: &mut Reader<'_>, section: &Section<'_, '_>, places: &mut Places) {
    reader.know(section, &["config", "temporary", "tests", "exclude"]);
    for (key, list) in [
        ("config", &mut places.config),
        ("temporary", &mut places.temporary),
        ("tests", &mut places.tests),
        ("exclude", &mut places.exclude),
    ] {
        if entry(section.table, key).is_some() {
            *list = globs(reader, section, key);
        }
    }
}

fn python(reader: &mut Reader<'_>, section: &Section<'_, '_>, python: &mut Python) {
    reader.know(section, &["openers", "access", "import"]);
    let mut openers = Vec::new();
    for written in reader.strings(section, "openers") {
        match opener::parse(&written.value) {
            Ok(value) => openers.push(Written { value, place: written.place }),
            Err(reason) => {
                let help = "a function with its path argument: `app.db.open_store(path)` or `DBRouter(1)`".to_owned();
                reader.mistake(written.place, format!("`{}`: {reason}", written.value), Some(help));
            }
        }
    }
    let access = reader.string(section, "access");
    let import = reader.string(section, "import");
    if let (Some(_), Some(import)) = (&access, &import) {
        let help = Some("keep the one that a fix should write".to_owned());
        reader.mistake(import.place.clone(), "`[python]` has both `access` and `import`", help);
    }
    if let Some(access) = &access {
        for hole in holes(&access.value).filter(|hole| !matches!(*hole, "env" | "path")) {
            let message = format!("`access` has no hole `{{{hole}}}`");
            reader.mistake(access.place.clone(), message, Some("its holes are `{env}` and `{path}`".to_owned()));
        }
    }
    if entry(section.table, "openers").is_some() {
        python.openers = openers;
    }
    // They are two ways to say one thing.
    if access.is_some() || import.is_some() {
        python.access = access;
        python.import = import;
    }
}

fn suppression(reader: &mut Reader<'_>, section: &Section<'_, '_>, suppression: &mut Suppression) {
    reader.know(section, &["require-reason"]);
    if let Some(require) = reader.flag(section, "require-reason") {
        suppression.require_reason = Some(require);
    }
}

/// The names between `{` and `}`.
fn holes(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(hole, _)| hole))
}

fn rules(reader: &mut Reader<'_>, table: &DeTable<'_>, policy: &mut Policy) {
    const WORDS: [(&str, Option<Severity>); 4] = [
        ("error", Some(Severity::Error)),
        ("warning", Some(Severity::Warning)),
        ("note", Some(Severity::Note)),
        ("off", None),
    ];
    let Some(section) = reader.section(table, "rules") else { return };
    for (key, value) in section.table {
        let id = key.get_ref();
        let Some(word) = reader.text(value, id) else { continue };
        match WORDS.iter().find(|(name, _)| *name == word.value) {
            Some(&(_, severity)) => {
                let place = reader.place(key.span());
                policy.rules.insert(id.to_string(), Written { value: severity, place });
            }
            None => {
                let names = WORDS.map(|(name, _)| name);
                let help = match nearest(&word.value, names) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("severities are {}", listed(&names)),
                };
                reader.mistake(word.place, format!("`{}` is no severity", word.value), Some(help));
            }
        }
    }
}

fn path(reader: &mut Reader<'_>, section: &Section<'_, '_>) -> Option<Written<String>> {
    let mut path = reader.required(section, "path")?;
    if path.value.contains("://") {
        let help = "`path` is the file; a URL is read from `url-env`".to_owned();
        reader.mistake(path.place, "`path` is a URL", Some(help));
        return None;
    }
    if path.value.contains(['*', '?', '[', '{']) {
        glob_compiles(reader, &path)?;
    }
    if let Some(rest) = path.value.strip_prefix("./") {
        path.value = rest.to_owned();
    }
    Some(path)
}

fn variable(reader: &mut Reader<'_>, section: &Section<'_, '_>, key: &str) -> Option<Written<String>> {
    reader.string(section, key).filter(|name| is_variable(reader, name))
}

fn is_variable(reader: &mut Reader<'_>, name: &Written<String>) -> bool {
    let word = &name.value;
    let fits = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !word.bytes().next().is_some_and(|first| first.is_ascii_digit());
    if !fits {
        let help = word.strip_prefix('$').map(|rest| format!("write `{}`", rest.trim_matches(['{', '}'])));
        reader.mistake(name.place.clone(), format!("`{word}` is no name of an environment variable"), help);
    }
    fits
}

fn globs(reader: &mut Reader<'_>, section: &Section<'_, '_>, key: &str) -> Vec<Written<String>> {
    let patterns = reader.strings(section, key);
    patterns.into_iter().filter(|pattern| glob_compiles(reader, pattern).is_some()).collect()
}

fn glob_compiles(reader: &mut Reader<'_>, pattern: &Written<String>) -> Option<()> {
    match globs::compile(&pattern.value) {
        Ok(_) => Some(()),
        Err(error) => {
            reader.mistake(pattern.place.clone(), format!("not a glob: {}", error.kind()), None);
            None
        }
    }
}

/// A table that is renamed to itself, or two that become one.
fn renames(reader: &mut Reader<'_>, policy: &Policy) {
    let is_own = |it: &Written<String>| policy.file.as_deref() == Some(&it.place.file);
    let renamed = policy.tables.iter().chain(policy.retired.iter().flat_map(|retired| &retired.tables));
    for (old, new) in renamed.filter(|(old, _)| is_own(old)) {
        if old.value == *new && policy.tables.iter().any(|(table, _)| table.place == old.place) {
            reader.mistake(old.place.clone(), format!("`{new}` is renamed to itself"), None);
        }
    }
    for (index, (old, new)) in policy.tables.iter().enumerate().filter(|(_, (old, _))| is_own(old)) {
        if let Some((first, _)) = policy.tables.iter().take(index).find(|(_, other)| other == new) {
            let message = format!("`{}` and `{}` are both renamed to `{new}`", first.value, old.value);
            reader.mistake(old.place.clone(), message, None);
        }
    }
}

/// One database has one entry.
fn one_entry_each(reader: &mut Reader<'_>, policy: &Policy) {
    let primary = policy.primary.iter().map(|it| (&it.path, "primary")).filter(|(path, _)| !path.value.is_empty());
    let entries: Vec<(&Written<String>, &str)> = primary
        .chain(policy.specialised.iter().map(|it| (&it.path, "specialised")))
        .chain(policy.retired.iter().map(|it| (&it.path, "retired")))
        .chain(policy.external.iter().map(|it| (&it.path, "external")))
        .filter(|(path, _)| policy.file.as_deref() == Some(&path.place.file))
        .collect();
    for (index, (path, what)) in entries.iter().enumerate() {
        if let Some((first, other)) = entries.iter().take(index).find(|(first, _)| first.value == path.value) {
            let line = first.place.start.line;
            let message = format!("`{}` is {what} here and {other} in line {line}", path.value);
            reader.mistake(path.place.clone(), message, Some("a database has one entry".to_owned()));
        }
    }
}

#[cfg(test)]
#[path = "sections_tests.rs"]
mod tests;
