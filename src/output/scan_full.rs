//! `scan` for people: one table of databases, then what is odd about them, each in a line.

use std::io::{self, Write};

use super::look::{BAD, CAUTION, FAINT, GOOD, HEADING, NAME, PLAIN, Side, Table, count, escape, grouped};
use super::overview::{Overview, Row, at, headline, open_words};
use super::{Look, Opinion, shown};
use crate::db::Verdict;
use crate::rules::Standing;
use crate::scan::{self, Inventory};

/// How many lines a section takes before `-v` is asked for.
const SHORT: usize = 12;

/// Writes the inventory as it fits on a page.
pub fn scan_full(inventory: &Inventory, opinion: &Opinion<'_>, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let overview = Overview::of(inventory, opinion);
    writeln!(out, "{}", look.paint(HEADING, &look.wrap(&headline(inventory), 2)))?;
    databases(&overview, opinion, look, out)?;
    let page = Page { opinion, look };
    page.section("Tables that stand in several databases", &duplicates(&overview, look), out)?;
    page.section("Who reads and writes what", &usage(inventory, opinion.verbose), out)?;
    page.section("Statements of the code against the databases as they are", &statements(inventory, look), out)?;
    page.section("Dangling: code refers to it, no such file is here", &dangling(&overview, look), out)?;
    page.section("Databases that neither code nor configuration refers to", &unreferenced(&overview, inventory), out)?;
    page.section("Opens that could not be resolved", &unresolved(&overview, look), out)?;
    let skipped: Vec<String> = inventory
        .skipped
        .iter()
        .filter(|skipped| opinion.verbose || !skipped.by_design)
        .map(|skipped| format!("{}: {}", escape(&shown(&inventory.root, &skipped.path)), escape(&skipped.reason)))
        .collect();
    page.section("Skipped", &skipped, out)
}

/// How sections are laid out.
struct Page<'a> {
    opinion: &'a Opinion<'a>,
    look: &'a Look,
}

impl Page<'_> {
    fn section(&self, title: &str, lines: &[String], out: &mut dyn Write) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{}", self.look.paint(HEADING, title))?;
        let shown = if self.opinion.verbose || lines.len() <= SHORT + 1 { lines.len() } else { SHORT };
        for line in lines.iter().take(shown) {
            writeln!(out, "  {}", self.look.wrap(line, 4))?;
        }
        if shown < lines.len() {
            let more = format!("and {} more; -v lists them", grouped((lines.len() - shown) as u64));
            writeln!(out, "  {}", self.look.paint(FAINT, &more))?;
        }
        Ok(())
    }
}

fn databases(overview: &Overview<'_>, opinion: &Opinion<'_>, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let mut rows: Vec<&Row<'_>> = overview.rows.iter().collect();
    if opinion.verbose {
        rows.extend(&overview.aside);
    }
    if !rows.is_empty() {
        let judged = rows.iter().any(|row| row.standing.is_some());
        let noted = rows.iter().any(|row| !row.note.is_empty());
        let mut columns = vec![
            ("database", Side::Left),
            ("references", Side::Right),
            ("files", Side::Right),
            ("tables", Side::Right),
            ("rows", Side::Right),
        ];
        columns.extend(judged.then_some(("policy", Side::Left)));
        columns.extend(noted.then_some(("", Side::Left)));
        let mut table = Table::new(&columns);
        for row in rows {
            let number = |number: Option<u64>| (number.map_or_else(|| "–".to_owned(), grouped), PLAIN);
            let mut cells = vec![
                (escape(&row.path), NAME),
                number(Some(row.references as u64)),
                number(Some(row.files as u64)),
                number(row.tables.map(|tables| tables as u64)),
                number(row.rows),
            ];
            cells.extend(judged.then(|| (escape(&row.says), row.standing.map_or(PLAIN, colour))));
            cells.extend(noted.then(|| (escape(&row.note), FAINT)));
            table.row(cells);
        }
        write!(out, "\n{}", table.draw(look))?;
    }
    if !opinion.verbose && !overview.aside.is_empty() {
        let line = format!(
            "and {} of tests, temporary folders or documents only; -v lists them",
            count(overview.aside.len(), "database", "databases")
        );
        writeln!(out, "  {}", look.paint(FAINT, &look.wrap(&line, 2)))?;
    }
    Ok(())
}

fn colour(standing: Standing) -> anstyle::Style {
    match standing {
        Standing::Primary => GOOD,
        Standing::Retired(_) => BAD,
        Standing::Unknown => CAUTION,
        Standing::Specialised(_) | Standing::External(_) | Standing::Temporary | Standing::Server => PLAIN,
    }
}

/// How many statements compile, then each that does not or that nobody can judge.
fn statements(inventory: &Inventory, look: &Look) -> Vec<String> {
    let judged = scan::judge(inventory, |id| inventory.database(id).file.as_ref()?.schema.as_ref());
    let tally = scan::Tally::of(&judged);
    if tally.compile + tally.broken == 0 {
        return Vec::new();
    }
    let mut lines = vec![format!(
        "of {}, {} compile, {} do not, {} cannot be judged",
        count(tally.found(), "statement", "statements"),
        grouped(tally.compile as u64),
        grouped(tally.broken as u64),
        grouped(tally.undecided as u64)
    )];
    let code = || judged.iter().filter(|one| scan::is_code(one.statement.context));
    let told = |one: &scan::Judged<'_>, words: &str| {
        let place = &one.statement.fact.place;
        format!("{}:{} {}", look.paint(NAME, &escape(&place.file)), place.start.line, escape(words))
    };
    lines.extend(code().filter_map(|one| match &one.verdict {
        Verdict::Broken(fault) => Some(told(one, &format!("does not run: {}", fault.words()))),
        _ => None,
    }));
    lines.extend(code().filter_map(|one| match &one.verdict {
        Verdict::Undecided(words) => Some(told(one, words)),
        _ => None,
    }));
    lines
}

fn duplicates(overview: &Overview<'_>, look: &Look) -> Vec<String> {
    overview
        .duplicates
        .iter()
        .map(|duplicate| {
            let mut line = format!("{}: {}", escape(&duplicate.table), escape(&overview.sides(duplicate)));
            let asides = Overview::asides(duplicate);
            if !asides.is_empty() {
                line.push(' ');
                // Painted word by word, so that a line may be broken between them.
                let words = format!("({})", escape(&asides.join("; ")));
                line.push_str(&words.split(' ').map(|word| look.paint(FAINT, word)).collect::<Vec<_>>().join(" "));
            }
            line
        })
        .collect()
}

/// Tables that code writes or reads, those in several hands first; a test's own are left out.
fn usage(inventory: &Inventory, verbose: bool) -> Vec<String> {
    /// Functions that a line names before it counts.
    const NAMED: usize = 3;
    let listed = |names: &[String]| {
        let shown = if verbose || names.len() <= NAMED + 1 { names.len() } else { NAMED };
        let mut words = names.iter().take(shown).map(|name| escape(name)).collect::<Vec<_>>().join(", ");
        if shown < names.len() {
            words.push_str(&format!(" and {} more", names.len() - shown));
        }
        words
    };
    let mut lines: Vec<(usize, String)> = Vec::new();
    for usage in scan::matrix(inventory) {
        let code = |places: &[&scan::Linked<crate::lang::TableUse>]| {
            let own: Vec<_> = places.iter().copied().filter(|it| it.context == scan::Context::Code).collect();
            usage.names(&own)
        };
        let (writers, readers) = (code(&usage.writers), code(&usage.readers));
        let database = inventory.database(usage.database);
        if writers.is_empty() && readers.is_empty() || database.temporary {
            continue;
        }
        let mut parts = Vec::new();
        for (verb, names) in [("written by", &writers), ("read by", &readers)] {
            if !names.is_empty() {
                parts.push(format!("{verb} {}", listed(names)));
            }
        }
        let path = escape(&shown(&inventory.root, &database.path));
        lines.push((writers.len() + readers.len(), format!("{} in {path}: {}", escape(usage.table), parts.join("; "))));
    }
    lines.sort_by_key(|(hands, _)| std::cmp::Reverse(*hands));
    lines.into_iter().map(|(_, line)| line).collect()
}

fn dangling(overview: &Overview<'_>, look: &Look) -> Vec<String> {
    overview
        .dangling
        .iter()
        .filter_map(|(id, references)| {
            let first = references.first()?;
            let more = match references.len() {
                1 => String::new(),
                many => format!(" and {} more", grouped(many as u64 - 1)),
            };
            let path = overview.rows.iter().find(|row| row.id == *id).map_or("", |row| row.path.as_str());
            Some(format!("{}: {}{more}", look.paint(NAME, &escape(path)), escape(&at(first))))
        })
        .collect()
}

fn unreferenced(overview: &Overview<'_>, inventory: &Inventory) -> Vec<String> {
    overview
        .unreferenced
        .iter()
        .map(|&id| {
            let database = inventory.database(id);
            let path = escape(&shown(&inventory.root, &database.path));
            match database.file.as_ref().and_then(|file| file.schema.as_ref()) {
                Some(schema) => format!(
                    "{path}: {}, {}",
                    count(schema.own_tables().count(), "table", "tables"),
                    count(usize::try_from(schema.rows()).unwrap_or(usize::MAX), "row", "rows")
                ),
                None => path,
            }
        })
        .collect()
}

fn unresolved(overview: &Overview<'_>, look: &Look) -> Vec<String> {
    overview
        .unresolved
        .iter()
        .map(|open| format!("{}: {}", look.paint(NAME, &escape(&at(open))), escape(&open_words(&open.fact))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    fn drawn(policy: bool, verbose: bool, look: Look) -> String {
        let (inventory, policy) = (sample::inventory(), policy.then(sample::policy));
        let applied = policy.as_ref().map(|policy| crate::rules::Applied::new(&inventory, policy));
        let mut out = Vec::new();
        scan_full(&inventory, &Opinion { applied: applied.as_ref(), verbose }, &look, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_page_without_a_policy() {
        let page = drawn(false, false, Look { colour: false, width: Some(100) });
        snapbox::assert_data_eq!(
            page,
            snapbox::str![[r#"
5 databases (3 files), 6 references in 4 files, 0 table uses

  database       references  files  tables  rows
  data/auth.db            2      2       1     2
  data/zoe.db             2      1       1     4
  old.db                  1      1       –     –  no such file
  data/spare.db           0      0       1     7
  and 1 database of tests, temporary folders or documents only; -v lists them

Tables that stand in several databases
  users: 4 in zoe.db, 2 in auth.db, 2 of the 4 missing there (matched on username; columns differ)

Dangling: code refers to it, no such file is here
  old.db: services/old.py:1:1

Databases that neither code nor configuration refers to
  data/spare.db: 1 table, 7 rows

Opens that could not be resolved
  services/auth.py:9:1: sqlite3.connect of path

Skipped
  big.sql: 209 MB: larger than 16 MB

"#]]
        );
    }

    #[test]
    fn a_policy_has_its_column_and_more_is_told_when_asked() {
        let page = drawn(true, true, Look { colour: false, width: Some(100) });
        snapbox::assert_data_eq!(
            page,
            snapbox::str![[r#"
5 databases (3 files), 6 references in 4 files, 0 table uses

  database       references  files  tables  rows  policy
  data/zoe.db             2      1       1     4  primary (DATABASE_PATH)
  data/auth.db            2      2       1     2  retired
  old.db                  1      1       –     –  unknown                  no such file
  data/spare.db           0      0       1     7  unknown
  :memory:                1      1       –     –  temporary                in memory

Tables that stand in several databases
  users: 4 in zoe.db, 2 in auth.db, 2 of the 4 missing there (matched on username; columns differ)

Dangling: code refers to it, no such file is here
  old.db: services/old.py:1:1

Databases that neither code nor configuration refers to
  data/spare.db: 1 table, 7 rows

Opens that could not be resolved
  services/auth.py:9:1: sqlite3.connect of path

Skipped
  big.sql: 209 MB: larger than 16 MB
  .venv: a virtual environment

"#]]
        );
    }

    #[test]
    fn no_escape_of_a_path_reaches_the_terminal() {
        let page = drawn(false, true, Look { colour: false, width: None });
        assert!(!page.contains('\u{1b}'), "{page:?}");
        let colourful = drawn(false, false, Look { colour: true, width: None });
        assert!(colourful.contains("\u{1b}[") && !colourful.contains("[31m.py"), "{colourful:?}");
    }

    #[test]
    fn a_narrow_page_is_kept_to() {
        let page = drawn(false, false, Look { colour: false, width: Some(60) });
        assert!(page.lines().all(|line| super::super::look::width(line) <= 62), "{page}");
    }
}
