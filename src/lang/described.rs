//! Tables that a text names otherwise than in SQL and in programs that are followed: schemas of tools, what a tool remembers of one,
//! declarations in languages that are read by their literals. Asked only where tables are renamed, and never changed but for snapshots
//! of drizzle-kit: what is not understood well enough to be renamed keeps its name everywhere. Knows no policy.

use std::ops::Range;

use super::facts::{Access, Naming, TableUse};
use super::plural::plurals;
use super::program::snake;
use super::snapshots;
use super::{Facts, Language};
use crate::text::{Source, Span};

const PRISMA: &str = "it is a model of Prisma, which keeps a checksum of each migration: rename it there, and let `prisma migrate` make the step";
const SNAPSHOT: &str = "a tool compares this description of the schema with the code: rename it with that tool";
const DESCRIBED: &str = "a description of tables names it as well";
const DECLARED: &str = "it may be declared here, in a language that is read by its literals only";
const MODEL: &str = "a mapper may call its table after it";
const FILLED: &str = "SQL of this file is filled with names of tables";

/// Words of a line in which a literal can be the name of a table. Data.
const TELLING: [&str; 9] =
    ["table", "schema", "entity", "relation", "foreign", "references", "fixtures", "from", "collection"];

/// What tells that a file declares models for a mapper, which calls tables after them. Data.
const MAPPERS: [&str; 17] = [
    "ApplicationRecord",
    "ActiveRecord",
    "extends Model",
    "Eloquent",
    "gorm",
    "DbContext",
    "DbSet<",
    "@Entity",
    "@Table",
    "[Table",
    "Ecto.Schema",
    "@Model",
    "xorm",
    "bun.BaseModel",
    "Table()",
    "IdTable",
    "PersistentModel",
];

/// How files of programs end that are read by their literals. Data.
const CODE: [&str; 28] = [
    "rs", "go", "rb", "rake", "java", "kt", "kts", "scala", "groovy", "cs", "fs", "vb", "php", "ex", "exs", "erl",
    "swift", "dart", "lua", "pl", "pm", "c", "cc", "cpp", "h", "hpp", "m", "cr",
];

/// Words before the name of a model. Data.
const DECLARES: [&str; 6] = ["class", "struct", "object", "type", "record", "model"];

/// Adds what such a text says of these tables.
pub fn described(source: &Source, language: Language, tables: &[String], facts: &mut Facts) {
    let path = source.path.to_ascii_lowercase();
    let text = Text { source, lower: source.text.to_ascii_lowercase() };
    let mut found = Vec::new();
    match (language, path.rsplit('.').next().unwrap_or("")) {
        (_, "prisma") => text.prisma(tables, &mut found),
        (Language::Json, _) => text.json(&path, tables, &mut found),
        (Language::Yaml, _) => text.yaml(tables, &mut found),
        (_, "sq" | "sqm") => {
            for table in tables {
                found.extend(
                    text.words(&table.to_ascii_lowercase()).map(|at| (at, table.as_str(), Naming::Given, DECLARED)),
                );
            }
        }
        (Language::Other, ending) if CODE.contains(&ending) => text.other(tables, &mut found),
        _ => {}
    }
    let known: Vec<Span> = facts.table_uses.iter().map(|known| known.place.span).collect();
    let of_drizzle = match language {
        Language::Json if path.contains("snapshot") => snapshots::drizzle(&source.text, tables),
        _ => None,
    };
    if let Some(places) = of_drizzle {
        for (at, table) in places {
            let Some(table) = tables.get(table) else { continue };
            facts.table_uses.push(TableUse {
                place: source.place(Span::new(at.start, at.end)),
                table: table.as_str().into(),
                access: Access::Defines,
                naming: Naming::Given,
                fixed: None,
                declared: None,
                connection: [].into(),
                language,
                symbol: None,
            });
        }
        return;
    }
    for (at, table, naming, reason) in found {
        let span = Span::new(at.start, at.end);
        if known.iter().any(|known| known.contains(span)) {
            continue;
        }
        facts.table_uses.push(TableUse {
            place: source.place(span),
            table: table.into(),
            access: Access::Defines,
            naming,
            fixed: Some(reason.into()),
            declared: None,
            connection: [].into(),
            language,
            symbol: None,
        });
    }
}

/// Where a table is named, which, and what is said of it.
type Found<'t> = (Range<usize>, &'t str, Naming, &'static str);

struct Text<'s> {
    source: &'s Source,
    /// As long as the text itself.
    lower: String,
}

impl Text<'_> {
    fn is_letter(&self, at: Option<usize>) -> bool {
        let byte = at.and_then(|at| self.lower.as_bytes().get(at));
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    }

    /// Where a word stands by itself.
    fn words<'w>(&'w self, word: &'w str) -> impl Iterator<Item = Range<usize>> + 'w {
        self.lower
            .match_indices(word)
            .map(|(at, word)| at..at + word.len())
            .filter(|at| !at.is_empty() && !self.is_letter(at.start.checked_sub(1)) && !self.is_letter(Some(at.end)))
    }

    /// Where it is all of a literal, or a symbol: `"users"`, `:users`.
    fn literals<'w>(&'w self, word: &'w str) -> impl Iterator<Item = Range<usize>> + 'w {
        let byte = |at: Option<usize>| at.and_then(|at| self.lower.as_bytes().get(at)).copied();
        self.words(word).filter(move |at| match (byte(at.start.checked_sub(1)), byte(Some(at.end))) {
            (Some(open @ (b'"' | b'\'' | b'`')), Some(close)) => open == close,
            (Some(b':'), _) => byte(at.start.checked_sub(2)) != Some(b':'),
            _ => false,
        })
    }

    fn line(&self, at: usize) -> &str {
        let start = crate::text::line_start(&self.lower, at);
        self.lower.get(start..).and_then(|rest| rest.lines().next()).unwrap_or("")
    }

    fn line_before(&self, at: usize) -> &str {
        let start = self.lower.get(..at).and_then(|before| before.rfind('\n')).unwrap_or(0);
        if start == 0 { "" } else { self.line(start - 1) }
    }

    /// `model User { .. @@map("users") }`, and tables between two models.
    fn prisma<'t>(&self, tables: &'t [String], found: &mut Vec<Found<'t>>) {
        let text = self.source.text.as_str();
        let provider = text.split("datasource").nth(1).and_then(|block| block.split("provider").nth(1));
        let provider = provider.and_then(|rest| rest.split('"').nth(1));
        if provider.is_some_and(|provider| provider != "sqlite") {
            return;
        }
        let mut models = Vec::new();
        let mut model: Option<Range<usize>> = None;
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let words = line.trim_start();
            let indent = line.len() - words.len();
            if let Some(rest) = words.strip_prefix("model ") {
                let name = rest.trim_start();
                let from = at + indent + "model ".len() + rest.len() - name.len();
                let length = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
                model = Some(from..from + length);
            } else if let Some((_, mapped)) = words.split_once("@@map(")
                && let Some(table) = mapped.split('"').nth(1)
            {
                let from = at + indent + words.len() - mapped.len() + mapped.find('"').map_or(0, |at| at + 1);
                models.extend(model.take().map(|_| from..from + table.len()));
            } else if words.starts_with('}') {
                models.extend(model.take());
            }
            at += line.len();
        }
        for table in tables {
            let named =
                |at: &&Range<usize>| text.get((*at).clone()).is_some_and(|name| name.eq_ignore_ascii_case(table));
            if let Some(at) = models.iter().find(named) {
                found.push((at.clone(), table, Naming::Given, PRISMA));
            } else if let Some(between) = table.strip_prefix('_') {
                let is_model =
                    |name: &str| self.words(&format!("model {}", name.to_ascii_lowercase())).next().is_some();
                let relation = self.literals(&between.to_ascii_lowercase()).next();
                let sides = between.match_indices("To").any(|(at, _)| {
                    between.get(..at).is_some_and(is_model) && between.get(at + 2..).is_some_and(is_model)
                });
                if let Some(at) = relation.or_else(|| sides.then_some(0..0)) {
                    found.push((at, table, Naming::Given, PRISMA));
                }
            }
        }
    }

    /// Snapshots of a schema, metadata of tables.
    fn json<'t>(&self, path: &str, tables: &'t [String], found: &mut Vec<Found<'t>>) {
        let snapshot = path.contains("snapshot") || path.contains("schemas/");
        if !["\"tables\"", "\"tablename\"", "\"entities\"", "\"table\""].iter().any(|sign| self.lower.contains(sign)) {
            return;
        }
        let other =
            ["postgresql", "mysql"].iter().any(|engine| self.lower.contains(&format!("\"dialect\": \"{engine}\"")));
        if snapshot && other {
            return;
        }
        let telling = if snapshot { Vec::new() } else { self.tellings() };
        let (naming, reason) = if snapshot { (Naming::Given, SNAPSHOT) } else { (Naming::Spoken, DESCRIBED) };
        for table in tables {
            let lower = table.to_ascii_lowercase();
            let mut places = self.literals(&lower);
            let at = places.find(|at| snapshot || telling.iter().any(|told| told.contains(&at.start)));
            found.extend(at.map(|at| (at, table.as_str(), naming, reason)));
        }
    }

    /// What stands behind the keys that speak of tables: the text behind `"table":`, all that the brackets behind `"tables":` hold.
    fn tellings(&self) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for (key, brackets) in
            [("\"tables\"", true), ("\"entities\"", true), ("\"table\"", false), ("\"tablename\"", false)]
        {
            for (at, _) in self.lower.match_indices(key) {
                let from = at + key.len();
                let rest = self.lower.get(from..).unwrap_or("");
                let Some(value) = rest.trim_start().strip_prefix(':').map(str::trim_start) else { continue };
                let start = from + rest.len() - value.len();
                if brackets && value.starts_with(['{', '[']) {
                    found.push(start..start + bracketed(value));
                } else if let Some(text) = value.strip_prefix('"') {
                    found.push(start..start + 2 + text.find('"').unwrap_or(text.len()));
                }
            }
        }
        found
    }

    /// `tables:` with a table below it, as a key or by its `name`.
    fn yaml<'t>(&self, tables: &'t [String], found: &mut Vec<Found<'t>>) {
        let says = |key: &str| {
            self.words(key).any(|at| {
                let behind = self.lower.get(at.end..).unwrap_or("").trim_start_matches(['"', '\'']);
                behind.starts_with(':')
            })
        };
        if !says("tables") && !says("table") {
            return;
        }
        for table in tables {
            let table_lower = table.to_ascii_lowercase();
            let at = self.words(&table_lower).find(|at| {
                let line = self.line(at.start).trim().trim_start_matches("- ").replace(['"', '\''], "");
                let value = ["name:", "table:", "tables:"].iter().find_map(|key| line.strip_prefix(key));
                value.unwrap_or(&line).trim().trim_end_matches(':') == table_lower
            });
            found.extend(at.map(|at| (at, table.as_str(), Naming::Spoken, DESCRIBED)));
        }
    }

    fn other<'t>(&self, tables: &'t [String], found: &mut Vec<Found<'t>>) {
        let fills = self.fills_tables();
        let mapper = MAPPERS.iter().any(|sign| self.source.text.contains(sign));
        let models = if mapper { self.models() } else { Vec::new() };
        let diesel = self.lower.contains("table!") || self.lower.contains("table_name");
        for table in tables {
            let lower = table.to_ascii_lowercase();
            for at in self.literals(&lower) {
                let line = self.line(at.start);
                if is_comment(line) {
                    continue;
                }
                let tells =
                    TELLING.iter().any(|word| line.contains(word)) || self.line_before(at.start).contains("table");
                if tells || fills {
                    found.push((at, table, Naming::Spoken, if tells { DECLARED } else { FILLED }));
                }
            }
            for at in self.words(&lower).filter(|_| diesel) {
                let line = self.line(at.start);
                let names = line.trim_start().starts_with(&format!("{lower} (")) || line.contains("table_name");
                if names && !is_comment(line) {
                    found.push((at, table, Naming::Spoken, DECLARED));
                }
            }
            for (at, names) in &models {
                if names.contains(&lower) {
                    found.push((at.clone(), table, Naming::Spoken, MODEL));
                }
            }
        }
    }

    /// Somewhere SQL goes on with what code knows: `"DELETE FROM " + table`, `f"FROM {table}"`, `"INTO %s"`.
    fn fills_tables(&self) -> bool {
        ["from ", "into ", "update ", "join ", "table ", "exists "].iter().any(|word| {
            self.lower.match_indices(word).any(|(at, word)| {
                let rest = self.lower.get(at + word.len()..).unwrap_or("").trim_start_matches([' ', '\\', '[']);
                let rest = rest.strip_prefix(['`', '"', '\'']).unwrap_or(rest);
                ["%", "{", "#{", "${", "$", "\"", "'", "+", "."].iter().any(|sign| rest.trim_start().starts_with(sign))
            })
        })
    }

    /// The models that are declared, with every name that their tables may have.
    fn models(&self) -> Vec<(Range<usize>, Vec<String>)> {
        let mut found = Vec::new();
        for word in DECLARES {
            for at in self.words(word) {
                let Some(rest) = self.source.text.get(at.end..).and_then(|rest| rest.strip_prefix(' ')) else {
                    continue;
                };
                let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
                if !name.is_empty() && !is_comment(self.line(at.start)) {
                    let start = at.end + 1;
                    let mut names: Vec<String> = plurals(&snake(name)).into_iter().collect();
                    names.extend(plurals(&name.to_ascii_lowercase()));
                    found.push((start..start + name.len(), names));
                }
            }
        }
        // `DbSet<User> People`
        for (at, _) in self.lower.match_indices("dbset<") {
            let Some((of, after)) = self.source.text.get(at..).and_then(|rest| rest.split_once('>')) else { continue };
            let name = after.trim_start();
            let start = at + of.len() + 1 + after.len() - name.len();
            let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
            if !name.is_empty() {
                found.push((start..start + name.len(), vec![name.to_ascii_lowercase()]));
            }
        }
        found
    }
}

/// How long the object or list is that a text of JSON begins with.
fn bracketed(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.len()
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["//", "*", "/*", "--", ";", "# ", "\"\"\""].iter().any(|mark| line.starts_with(mark))
}
