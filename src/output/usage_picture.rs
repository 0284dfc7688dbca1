//! Who reads and writes which table of which database, as pictures: for each database a line for each function and a column for
//! each table. Knows nothing of the page around them, nor of where the uses come from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};

use super::escape;
use super::html::text;
use super::look::{beginning, count, shorten};

/// A function that uses a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use<'a> {
    pub(super) database: &'a str,
    pub(super) table: &'a str,
    pub(super) file: &'a str,
    /// `None` for what stands outside of any function.
    pub(super) function: Option<&'a str>,
    pub(super) reads: bool,
    pub(super) writes: bool,
    pub(super) defines: bool,
}

pub(super) const ABOUT: &str = "A line for each function of the code, a column for each table.";

/// How wide a picture is, and how much of it is words.
#[derive(Debug, Clone, Copy)]
struct Page {
    /// Also its class, and part of its ids.
    name: &'static str,
    width: f64,
    /// Room for the name of a function.
    words: f64,
    cell: f64,
    line: f64,
    letter: f64,
    /// Whether the file stands below the function.
    below: bool,
}

const WIDE: Page =
    Page { name: "wide", width: 1040.0, words: 430.0, cell: 26.0, line: 20.0, letter: 7.4, below: false };
/// Two stand side by side.
const HALF: Page = Page { name: "wide half", width: 500.0, words: 330.0, ..WIDE };
const NARROW: Page =
    Page { name: "narrow", width: 356.0, words: 190.0, cell: 22.0, line: 33.0, letter: 6.6, below: true };

impl Page {
    /// Tables that stand side by side.
    fn columns(self) -> usize {
        whole((self.width - self.words) / self.cell).max(1)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small positive lengths")]
fn whole(length: f64) -> usize {
    length as usize
}

/// Functions of one database that are drawn.
const LINES: usize = 80;
/// Columns of words that a table's name may take.
const NAME: usize = 28;

/// The section of a page; nothing where no use is known. `about` is HTML.
pub(super) fn section(uses: &[Use<'_>], about: &str, out: &mut dyn Write) -> io::Result<()> {
    if uses.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section id=\"uses\">\n<h2>Who reads and writes what</h2>\n<p class=\"about\">{about}</p>\n<ul class=\"legend\">\
         <li class=\"part-reads\">reads</li><li class=\"part-writes\">writes</li><li class=\"part-defines\">creates or \
         changes the table itself</li><li class=\"part-split\">a table that is written in several databases</li></ul>\n\
         <div class=\"matrices\">"
    )?;
    let split = split(uses);
    let mut databases: BTreeMap<&str, Vec<Use<'_>>> = BTreeMap::new();
    for one in uses {
        databases.entry(one.database).or_default().push(*one);
    }
    let mut sorted: Vec<(&str, Vec<Use<'_>>)> = databases.into_iter().collect();
    sorted.sort_by_key(|(_, uses)| std::cmp::Reverse(uses.len()));
    for (index, (database, uses)) in sorted.iter().enumerate() {
        let matrix = Matrix::of(uses, &split);
        let broad = matrix.tables.len() > HALF.columns();
        let tables = count(matrix.tables.len(), "table", "tables");
        let functions = count(matrix.all, "place", "places");
        let left = matrix.all - matrix.lines.len();
        let more = if left > 0 {
            format!(", {left} of them in <code>scan --output-format json</code> only")
        } else {
            String::new()
        };
        writeln!(
            out,
            "<figure class=\"uses{}\"><figcaption><b>{}</b> <span class=\"faint\">{tables}, {functions} of the code{more}</span>\
             </figcaption>{}{}</figure>",
            if broad { " broad" } else { "" },
            text(database),
            matrix.drawn(database, index, if broad { WIDE } else { HALF }),
            matrix.drawn(database, index, NARROW),
        )?;
    }
    writeln!(out, "</div>\n</section>")
}

/// Tables that code writes in more than one database, in small letters, with all their databases.
fn split<'a>(uses: &[Use<'a>]) -> BTreeMap<String, BTreeSet<&'a str>> {
    let mut written: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for one in uses.iter().filter(|one| one.writes) {
        written.entry(one.table.to_lowercase()).or_default().insert(one.database);
    }
    written.retain(|_, databases| databases.len() > 1);
    written
}

/// A function with its file, or a file alone.
type Function<'a> = (&'a str, Option<&'a str>);

/// What a function does with tables, by their names in small letters.
type Cells<'a> = BTreeMap<String, Use<'a>>;

/// The uses of one database.
struct Matrix<'a> {
    /// In small letters → as it is spelled, and the other databases that it is written in.
    tables: BTreeMap<String, (&'a str, Vec<&'a str>)>,
    /// A function and what it does with each table.
    lines: Vec<(Function<'a>, Cells<'a>)>,
    /// Functions, drawn or not.
    all: usize,
}

impl<'a> Matrix<'a> {
    fn of(uses: &[Use<'a>], split: &BTreeMap<String, BTreeSet<&'a str>>) -> Self {
        let mut tables = BTreeMap::new();
        let mut lines: BTreeMap<Function<'_>, (usize, Cells<'_>)> = BTreeMap::new();
        for (at, one) in uses.iter().enumerate() {
            let name = one.table.to_lowercase();
            let others = split.get(&name).into_iter().flatten().copied().filter(|other| *other != one.database);
            tables.entry(name.clone()).or_insert((one.table, others.collect()));
            lines.entry((one.file, one.function)).or_insert((at, Cells::new())).1.insert(name, *one);
        }
        let all = lines.len();
        // Those that use the most are kept; they stand in order of files, and within one as they were given.
        let mut sorted: Vec<_> = lines.into_iter().collect();
        sorted.sort_by_key(|(_, (_, cells))| std::cmp::Reverse(cells.len()));
        sorted.truncate(LINES);
        sorted.sort_by_key(|((file, _), (at, _))| (*file, *at));
        let lines = sorted.into_iter().map(|(place, (_, cells))| (place, cells)).collect();
        Self { tables, lines, all }
    }

    /// The pictures: one, or several below each other where the tables do not stand side by side.
    fn drawn(&self, database: &str, index: usize, page: Page) -> String {
        let names: Vec<&String> = self.tables.keys().collect();
        let mut out = String::new();
        for (part, names) in names.chunks(page.columns()).enumerate() {
            let id = format!("{}-{index}-{part}", if page.below { "narrow" } else { "wide" });
            self.part(database, &id, names, page, &mut out);
        }
        out
    }

    fn part(&self, database: &str, id: &str, names: &[&String], page: Page, out: &mut String) {
        let spelled = |name: &str| self.tables.get(name).map_or("", |(spelled, _)| *spelled);
        let longest = names.iter().map(|name| spelled(name).chars().count().min(NAME)).max().unwrap_or(0);
        let top = longest as f64 * page.letter + 10.0;
        let lines: Vec<_> =
            self.lines.iter().filter(|(_, cells)| names.iter().any(|name| cells.contains_key(*name))).collect();
        let height = top + lines.len() as f64 * page.line + 4.0;
        let _ = write!(
            out,
            "<svg class=\"picture matrix {}\" viewBox=\"0 0 {} {height:.0}\" role=\"img\" aria-labelledby=\"uses-{id}\">\
             <title id=\"uses-{id}\">Who reads and writes the tables of {}</title>",
            page.name,
            page.width,
            text(database)
        );
        for (at, name) in names.iter().enumerate() {
            let x = page.words + page.cell * (at as f64 + 0.5);
            let (spelled, others) = self.tables.get(*name).cloned().unwrap_or_default();
            let (class, more) = if others.is_empty() {
                ("table", String::new())
            } else {
                ("table split", format!(", also written in {}", others.join(", ")))
            };
            let _ = write!(
                out,
                "<text class=\"{class}\" transform=\"translate({:.1} {:.1}) rotate(-90)\">{}<title>{}{}</title></text>",
                x + 4.0,
                top - 6.0,
                text(&beginning(&escape(spelled), NAME)),
                text(spelled),
                text(&more)
            );
        }
        for (at, ((file, function), cells)) in lines.iter().enumerate() {
            let y = top + page.line * at as f64;
            let _ = write!(
                out,
                "<rect class=\"line\" x=\"0\" y=\"{y:.1}\" width=\"{:.1}\" height=\"1\"/>",
                page.words + page.cell * names.len() as f64
            );
            words(out, y, file, *function, page);
            for (column, name) in names.iter().enumerate() {
                let x = page.words + page.cell * column as f64;
                match cells.get(*name) {
                    Some(one) => cell(out, x, y, one, page),
                    None => {
                        let (x, y) = (x + page.cell / 2.0 - 1.0, y + page.line / 2.0 - 1.0);
                        let _ =
                            write!(out, "<rect class=\"none\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"2\" height=\"2\"/>");
                    }
                }
            }
        }
        out.push_str("</svg>");
    }
}

/// The name of a function, and its file.
fn words(out: &mut String, y: f64, file: &str, function: Option<&str>, page: Page) {
    let room = whole((page.words - 10.0) / page.letter);
    let whole = text(&function.map_or_else(|| file.to_owned(), |function| format!("{file}: {function}")));
    let Some(function) = function else {
        let short = text(&shorten(&escape(file), room));
        let _ =
            write!(out, "<text x=\"0\" y=\"{:.1}\">{short}<title>{whole}</title></text>", y + page.line / 2.0 + 4.5);
        return;
    };
    let function = beginning(&escape(function), if page.below { room } else { room * 3 / 5 });
    if page.below {
        let file = text(&shorten(&escape(file), room));
        let _ = write!(
            out,
            "<text x=\"0\" y=\"{:.1}\">{}<title>{whole}</title></text><text class=\"rows\" x=\"0\" y=\"{:.1}\">{file}</text>",
            y + 14.0,
            text(&function),
            y + 27.0
        );
        return;
    }
    let file = text(&shorten(&escape(file), room.saturating_sub(super::look::width(&function) + 2)));
    let _ = write!(
        out,
        "<text x=\"0\" y=\"{:.1}\">{}<tspan class=\"rows\" dx=\"8\">{file}</tspan><title>{whole}</title></text>",
        y + page.line / 2.0 + 4.5,
        text(&function)
    );
}

/// Reading fills the left half, writing the right one; a frame says that the table itself is made or changed.
fn cell(out: &mut String, x: f64, y: f64, one: &Use<'_>, page: Page) {
    let (left, top, half, height) = (x + 3.0, y + 3.0, page.cell / 2.0 - 3.0, page.line - 5.0);
    let does: Vec<&str> = [("reads", one.reads), ("writes", one.writes), ("defines", one.defines)]
        .into_iter()
        .filter_map(|(word, does)| does.then_some(word))
        .collect();
    let place = one.function.map_or_else(|| one.file.to_owned(), |function| format!("{function} in {}", one.file));
    let _ = write!(
        out,
        "<g class=\"use\"><title>{}</title>",
        text(&format!("{place} {} {}", does.join(" and "), one.table))
    );
    for (class, x, does) in [("reads", left, one.reads), ("writes", left + half, one.writes)] {
        if does {
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{half:.1}\" height=\"{height:.1}\"/>"
            );
        }
    }
    if one.defines {
        let _ = write!(
            out,
            "<rect class=\"defines\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{height:.1}\" rx=\"2\"/>",
            half * 2.0
        );
    }
    out.push_str("</g>");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one<'a>(database: &'a str, table: &'a str, function: &'a str) -> Use<'a> {
        Use { database, table, file: "a.py", function: Some(function), reads: false, writes: true, defines: false }
    }

    fn page(uses: &[Use<'_>]) -> String {
        let mut out = Vec::new();
        section(uses, ABOUT, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_that_is_written_in_two_databases_is_marked_in_both() {
        let page = page(&[one("a.db", "users", "f"), one("b.db", "Users", "g"), one("b.db", "notes", "g")]);
        assert!(page.contains("users<title>users, also written in b.db"), "{page}");
        assert!(page.contains("Users<title>Users, also written in a.db"), "{page}");
        assert!(page.contains("notes<title>notes</title>"), "{page}");
        assert!(page.contains("g in a.py writes notes"), "{page}");
    }

    #[test]
    fn no_use_is_no_section_and_many_are_cut_and_counted() {
        assert_eq!(page(&[]), "");
        let functions: Vec<String> = (0..100).map(|number| format!("f{number}")).collect();
        let uses: Vec<Use<'_>> = functions.iter().map(|function| one("a.db", "t", function)).collect();
        let page = page(&uses);
        assert!(page.contains("100 places of the code, 20 of them in"), "{page}");
    }

    #[test]
    fn tables_that_do_not_stand_side_by_side_stand_below_each_other() {
        let tables: Vec<String> = (0..30).map(|number| format!("t{number}")).collect();
        let uses: Vec<Use<'_>> = tables.iter().map(|table| one("a.db", table, "f")).collect();
        let page = page(&uses);
        assert_eq!(page.matches("picture matrix wide").count(), 2);
        assert_eq!(page.matches("picture matrix narrow").count(), 5);
    }
}
