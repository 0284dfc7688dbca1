//! SQL that runs as a whole against one connection: `.sql` files, and what is fed to the sqlite3 shell.
//! Follows `.open` and ATTACH, which is all that a script says of its databases.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::token::{Kind, tokens};
use super::{HOLE, SqlStatement, Verb, statements, unquote};
use crate::lang::names;
use crate::lang::{Attach, Confidence, Facts, Language, Reference, Role, Statement, TableUse, Value};
use crate::text::{Place, Source, Span};

/// A run of INSERTs into one table is data; the statements of a longer run say nothing new, but each names the table.
const LONGEST_RUN: usize = 50;

/// The INSERTs that follow each other.
#[derive(Default)]
pub(in crate::lang) struct Run {
    into: String,
    length: usize,
}

impl Run {
    /// Whether a statement only says once more what those before it said.
    pub(in crate::lang) fn repeats(&mut self, statement: &SqlStatement) -> bool {
        if statement.verb != Verb::Insert {
            self.length = 0;
            return false;
        }
        let into = statement.uses.first().map_or_else(String::new, |found| found.table.to_ascii_lowercase());
        self.length = if self.into == into { self.length + 1 } else { 1 };
        self.into = into;
        self.length > LONGEST_RUN
    }
}

/// Where a script stands and what it runs against.
pub(in crate::lang) struct Script<'a> {
    pub(in crate::lang) text: &'a str,
    /// The place of a range of the text.
    pub(in crate::lang) place: &'a dyn Fn(Range<usize>) -> Place,
    /// What an expression of the text (a literal with its quotes, holes in it) says of a path.
    pub(in crate::lang) values: &'a dyn Fn(Range<usize>) -> Vec<Value>,
    pub(in crate::lang) language: Language,
    /// The database it runs against; empty when unknown.
    pub(in crate::lang) connection: Vec<Value>,
    pub(in crate::lang) symbol: Option<String>,
}

/// Reads a `.sql` file.
pub(in crate::lang) fn read(source: &Source) -> Facts {
    let place = |range: Range<usize>| source.place(Span::new(range.start, range.end));
    let values = |range: Range<usize>| literal_values(&source.text, range, &place);
    Script {
        text: &source.text,
        place: &place,
        values: &values,
        language: Language::Sql,
        connection: Vec::new(),
        symbol: None,
    }
    .facts()
}

fn literal_values(text: &str, range: Range<usize>, place: &dyn Fn(Range<usize>) -> Place) -> Vec<Value> {
    let words = text.get(range.clone()).unwrap_or("");
    let literal = unquote(words);
    if literal.is_empty() || literal.contains(HOLE) || words.starts_with(['?', ':', '@', '$', '%', '{']) {
        return Vec::new();
    }
    vec![names::value_of(&literal).with_origin(place(range))]
}

/// What the script has learned so far.
#[derive(Default)]
struct State {
    connection: Vec<Value>,
    aliases: HashMap<String, Vec<Value>>,
    temporary: HashSet<String>,
    run: Run,
}

impl Script<'_> {
    pub(in crate::lang) fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        let mut state = State { connection: self.connection.clone(), ..State::default() };
        let dots = tokens(self.text).into_iter().filter(|token| token.kind == Kind::Dot).map(|token| token.span);
        let mut dots = dots.peekable();
        for statement in statements(self.text) {
            while let Some(dot) = dots.next_if(|dot| dot.start < statement.span.start) {
                self.dot(dot, &mut state, &mut facts);
            }
            self.statement(statement, &mut state, &mut facts);
        }
        for dot in dots {
            self.dot(dot, &mut state, &mut facts);
        }
        self.comments(&mut facts);
        facts
    }

    fn statement(&self, statement: SqlStatement, state: &mut State, facts: &mut Facts) {
        let repeats = state.run.repeats(&statement);
        if let Some(path) = statement.attach.as_ref().and_then(|attach| attach.path.clone()) {
            let alias = statement.attach.as_ref().map_or("", |attach| &attach.alias);
            let attached = (self.values)(path.clone());
            let construct = if alias.is_empty() { "VACUUM INTO" } else { "ATTACH" };
            facts.references.push(self.reference(path.clone(), Role::Opens, attached.clone(), construct));
            if !alias.is_empty() {
                state.aliases.insert(alias.to_ascii_lowercase(), attached.clone());
                facts.attaches.push(Attach {
                    place: (self.place)(path),
                    alias: alias.to_owned(),
                    attached,
                    connection: state.connection.clone(),
                });
            }
        }
        if statement.creates_temp
            && let Some(created) = statement.uses.first()
        {
            state.temporary.insert(created.table.to_ascii_lowercase());
        }
        for found in statement.uses {
            let schema = found.schema.as_deref().map(str::to_ascii_lowercase);
            let connection = match schema.as_deref() {
                None if state.temporary.contains(&found.table.to_ascii_lowercase()) => continue,
                Some("temp") => continue,
                None | Some("main" | "public" | "dbo") => state.connection.clone(),
                Some(alias) => state.aliases.get(alias).cloned().unwrap_or_default(),
            };
            facts.table_uses.push(TableUse {
                place: (self.place)(found.span),
                table: found.table.into(),
                access: found.access,
                naming: found.naming,
                fixed: None,
                declared: None,
                connection: connection.into(),
                language: self.language,
                symbol: self.symbol.as_deref().map(Into::into),
            });
        }
        if repeats {
            return;
        }
        let words = self.text.get(statement.span.clone()).unwrap_or("");
        let sql = words.replace(HOLE, "?");
        facts.statements.push(Statement {
            place: (self.place)(statement.span),
            sql,
            holes: statement.holes,
            ways: words.contains(HOLE).then(|| words.to_owned()).into_iter().collect(),
            connection: state.connection.as_slice().into(),
            language: self.language,
            symbol: self.symbol.as_deref().map(Into::into),
        });
    }

    /// A command of the sqlite3 shell.
    fn dot(&self, line: Range<usize>, state: &mut State, facts: &mut Facts) {
        let words = words(self.text, line);
        let Some((name, arguments)) = words.split_first() else { return };
        let name = self.text.get(name.clone()).unwrap_or("");
        let arguments: Vec<_> =
            arguments.iter().filter(|word| !self.text.get((*word).clone()).unwrap_or("").starts_with('-')).collect();
        let Some(&last) = arguments.last() else { return };
        match name {
            ".open" => {
                state.connection = (self.values)(last.clone());
                state.aliases.clear();
                let values = state.connection.clone();
                facts.references.push(self.reference(last.clone(), Role::Opens, values, name));
            }
            ".backup" | ".save" | ".restore" | ".clone" => {
                facts.references.push(self.reference(last.clone(), Role::Binds, (self.values)(last.clone()), name));
            }
            ".import" if arguments.len() > 1 => {
                let table = unquote(self.text.get(last.clone()).unwrap_or(""));
                if !table.contains([HOLE, '%', '{', '$']) {
                    facts.table_uses.push(TableUse {
                        place: (self.place)(last.clone()),
                        table: table.into(),
                        access: crate::lang::Access::Writes,
                        naming: crate::lang::Naming::Stated,
                        fixed: None,
                        declared: None,
                        connection: state.connection.as_slice().into(),
                        language: self.language,
                        symbol: self.symbol.as_deref().map(Into::into),
                    });
                }
            }
            _ => {}
        }
    }

    fn comments(&self, facts: &mut Facts) {
        for comment in comments(self.text) {
            let Some(words) = self.text.get(comment.clone()) else { continue };
            for name in names::mentions(words) {
                let range = comment.start + name.start..comment.start + name.end;
                let place = (self.place)(range.clone());
                let value = names::value_of(&words[name]).with_origin(place);
                facts.references.push(self.reference(range, Role::Mentions, vec![value], "comment"));
            }
        }
    }

    fn reference(&self, range: Range<usize>, role: Role, values: Vec<Value>, construct: &str) -> Reference {
        Reference {
            place: (self.place)(range),
            role,
            values: values.into(),
            construct: construct.into(),
            language: self.language,
            confidence: Confidence::High,
            name: None,
            symbol: self.symbol.as_deref().map(Into::into),
            generated: false,
        }
    }
}

/// The words of a dot command; quotes hold blanks together.
fn words(text: &str, line: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    let mut quote = None;
    for (offset, c) in text.get(line.clone()).unwrap_or("").char_indices() {
        let at = line.start + offset;
        match (start, quote) {
            (None, _) if c.is_whitespace() => {}
            (None, _) => {
                start = Some(at);
                quote = matches!(c, '\'' | '"').then_some(c);
            }
            (Some(_), Some(open)) if c == open => quote = None,
            (Some(from), None) if c.is_whitespace() => {
                found.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    found.extend(start.map(|from| from..line.end));
    found
}

/// The comments of a script, each with its markers: what lies between tokens and is not blank.
fn comments(text: &str) -> Vec<Range<usize>> {
    let all = tokens(text);
    let starts = all.iter().map(|token| token.span.start).chain(std::iter::once(text.len()));
    let ends = std::iter::once(0).chain(all.iter().map(|token| token.span.end));
    ends.zip(starts)
        .filter_map(|(from, to)| {
            let gap = text.get(from..to)?;
            let start = from + gap.len() - gap.trim_start().len();
            let end = from + gap.trim_end().len();
            (start < end).then_some(start..end)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Access;

    fn facts(text: &str) -> Facts {
        read(&Source::new("db/x.sql", text.as_bytes().to_vec()))
    }

    fn shown(values: &[Value]) -> String {
        values.iter().map(Value::pattern).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn case_31_aliases_are_bound_to_their_file() {
        let found = facts(
            ".open data/zoe.db\nATTACH DATABASE 'data/auth.db' AS Auth;\nINSERT INTO users SELECT * FROM auth.users;\n\
             SELECT * FROM other.t; DETACH auth; VACUUM INTO 'copy.db';\nCREATE TEMP TABLE x(a); SELECT * FROM x;",
        );
        let references: Vec<_> =
            found.references.iter().map(|one| (&*one.construct, one.role, shown(&one.values))).collect();
        assert_eq!(
            references,
            [
                (".open", Role::Opens, "data/zoe.db".to_owned()),
                ("ATTACH", Role::Opens, "data/auth.db".to_owned()),
                ("VACUUM INTO", Role::Opens, "copy.db".to_owned()),
            ]
        );
        let uses: Vec<_> =
            found.table_uses.iter().map(|one| (&*one.table, one.access, shown(&one.connection))).collect();
        assert_eq!(
            uses,
            [
                ("users", Access::Writes, "data/zoe.db".to_owned()),
                ("users", Access::Reads, "data/auth.db".to_owned()),
                ("t", Access::Reads, String::new()),
            ]
        );
        assert_eq!(found.attaches[0].alias, "Auth");
        assert_eq!(shown(&found.attaches[0].connection), "data/zoe.db");
        assert_eq!(found.statements.len(), 7);
    }

    #[test]
    fn case_52_comments_that_name_databases_are_mentions() {
        let found = facts("-- from auth.db and data/zoe.db\nSELECT 1; /* see *.db */ -- 'memory.db'\n");
        let names: Vec<_> = found.references.iter().map(|one| (one.role, shown(&one.values))).collect();
        assert_eq!(
            names,
            [
                (Role::Mentions, "auth.db".to_owned()),
                (Role::Mentions, "data/zoe.db".to_owned()),
                (Role::Mentions, "memory.db".to_owned())
            ]
        );
        assert_eq!((found.references[1].place.start.line, found.references[1].place.start.column), (1, 21));
    }

    #[test]
    fn a_run_of_rows_is_cut_short() {
        assert_eq!(facts(&"INSERT INTO t VALUES (1);\n".repeat(1000)).statements.len(), LONGEST_RUN);
    }

    #[test]
    fn dot_commands_that_name_databases() {
        let found = facts(".backup main 'b.db'\n.import --csv rows.csv users\n.read x.sql\n.open --new \"my x.db\"\n");
        let names: Vec<_> = found.references.iter().map(|one| (&*one.construct, shown(&one.values))).collect();
        assert_eq!(names, [(".backup", "b.db".to_owned()), (".open", "my x.db".to_owned())]);
        assert_eq!(&*found.table_uses[0].table, "users");
    }
}
