//! What a migration adds to the text of a policy, so that the policy goes on guarding what was moved. Writes no file.

/// Databases and tables that are no more where the policy knows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Added {
    /// Databases that are retired, each with the new names of its tables.
    pub retired: Vec<(String, Vec<(String, String)>)>,
    /// Databases that the policy retires already, each with the new names of tables that it lacks.
    pub names: Vec<(Anchor, Vec<(String, String)>)>,
    /// Tables that have a new name inside the primary.
    pub tables: Vec<(String, String)>,
}

/// A place in the text of a policy, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anchor {
    /// The end of a retired database's path; it has no `tables` yet.
    Path(usize),
    /// The first name in its `tables`.
    Name(usize),
}

impl Anchor {
    fn at(self) -> usize {
        match self {
            Self::Path(at) | Self::Name(at) => at,
        }
    }
}

impl Added {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.retired.is_empty() && self.names.is_empty() && self.tables.is_empty()
    }

    /// The text of a policy with what was added. `prefix` stands before the names of its tables: `tool.dbguard.` in `pyproject.toml`.
    #[must_use]
    pub fn written(&self, text: &str, prefix: &str) -> String {
        let mut out = text.to_owned();
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_by_key(|(anchor, _)| std::cmp::Reverse(anchor.at()));
        for (anchor, tables) in names {
            match *anchor {
                Anchor::Path(at) => {
                    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| at + length);
                    out.insert_str(end, &format!("\ntables = {}", inline(tables)));
                }
                // `tables = { old = ..`, a line below `[retired.tables]`, or `tables.old = ..`.
                Anchor::Name(at) => {
                    let before = text.get(..at).unwrap_or_default();
                    let line = before.rsplit('\n').next().unwrap_or_default();
                    let pairs = pairs(tables);
                    out.insert_str(
                        at,
                        &match line.trim_end().chars().next_back() {
                            Some('{' | ',') => format!("{}, ", pairs.join(", ")),
                            _ => pairs.iter().map(|pair| format!("{pair}\n{line}")).collect(),
                        },
                    );
                }
            }
        }
        if !self.tables.is_empty() {
            let lines: String =
                self.tables.iter().map(|(from, to)| format!("{} = {}\n", quoted(from), quoted(to))).collect();
            let head = format!("[{prefix}tables]");
            let mut at = 0;
            let mut after = None;
            for line in out.split_inclusive('\n') {
                at += line.len();
                if line.split('#').next().is_some_and(|line| line.trim() == head) {
                    after = Some(at);
                }
            }
            match after {
                Some(at) if out.get(..at).is_some_and(|head| head.ends_with('\n')) => out.insert_str(at, &lines),
                Some(_) => out.push_str(&format!("\n{lines}")),
                None => append(&mut out, &format!("{head}\n{lines}")),
            }
        }
        for (path, tables) in &self.retired {
            let mut block = format!("[[{prefix}retired]]\npath = {}\n", quoted(path));
            if !tables.is_empty() {
                block.push_str(&format!("tables = {}\n", inline(tables)));
            }
            append(&mut out, &block);
        }
        out
    }
}

fn append(out: &mut String, block: &str) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(block);
}

fn inline(tables: &[(String, String)]) -> String {
    format!("{{ {} }}", pairs(tables).join(", "))
}

fn pairs(tables: &[(String, String)]) -> Vec<String> {
    tables.iter().map(|(from, to)| format!("{} = {}", quoted(from), quoted(to))).collect()
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Source;

    fn pair(from: &str, to: &str) -> (String, String) {
        (from.to_owned(), to.to_owned())
    }

    #[test]
    fn a_policy_learns_what_was_moved() {
        let text = "[primary]\npath = \"app.db\"\nenv = \"DB\"\n\n[tables]  # renamed\nold = \"new\"\n\n[[retired]]\npath = \"auth.db\"\nwhy = \"merged\"";
        let added = Added {
            retired: vec![("log s.db".to_owned(), vec![pair("notes", "log_notes")]), ("x.db".to_owned(), Vec::new())],
            names: vec![(Anchor::Path(text.find("\"auth.db\"").unwrap()), vec![pair("users", "auth_users")])],
            tables: vec![pair("a b", "c")],
        };
        let text = added.written(text, "");
        let policy = crate::policy::parse(&Source::new("dbguard.toml", text.clone().into_bytes()));
        assert_eq!(policy.mistakes, [], "{text}");
        let retired: Vec<_> = policy
            .retired
            .iter()
            .map(|own| {
                (
                    own.path.value.as_str(),
                    own.tables.iter().map(|(from, to)| format!("{} {to}", from.value)).collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(
            retired,
            [
                ("auth.db", vec!["users auth_users".to_owned()]),
                ("log s.db", vec!["notes log_notes".to_owned()]),
                ("x.db", Vec::new()),
            ]
        );
        let tables: Vec<_> = policy.tables.iter().map(|(from, to)| (from.value.as_str(), to.as_str())).collect();
        assert_eq!(tables, [("a b", "c"), ("old", "new")]);
    }

    #[test]
    fn tables_of_a_retired_database_get_more() {
        let head = "[primary]\npath = \"app.db\"\n[[retired]]\npath = \"auth.db\"\n";
        for tables in [
            "tables = { old = \"new\" }",
            "[retired.tables]\nold = \"new\"\n",
            "  tables.old = \"new\"\nwhy = \"merged\"",
            "tables = {\"old\" = \"new\"}",
        ] {
            let text = format!("{head}{tables}");
            let source = |text: &str| Source::new("dbguard.toml", text.as_bytes().to_vec());
            let known = crate::policy::parse(&source(&text)).retired[0].tables[0].0.place.span.start as usize;
            let more = vec![pair("users", "auth_users"), pair("a b", "c")];
            let added = Added { names: vec![(Anchor::Name(known), more)], ..Added::default() };
            let text = added.written(&text, "");
            let policy = crate::policy::parse(&source(&text));
            assert_eq!(policy.mistakes, [], "{text}");
            let mut found: Vec<_> =
                policy.retired[0].tables.iter().map(|(from, to)| format!("{} {to}", from.value)).collect();
            found.sort();
            assert_eq!(found, ["a b c", "old new", "users auth_users"], "{text}");
        }
    }

    #[test]
    fn a_policy_without_such_tables_gets_them() {
        let added = Added { tables: vec![pair("a", "b")], ..Added::default() };
        assert_eq!(
            added.written("[tool.dbguard.primary]\n", "tool.dbguard."),
            "[tool.dbguard.primary]\n\n[tool.dbguard.tables]\n\"a\" = \"b\"\n"
        );
        assert_eq!(Added::default().written("x = 1", ""), "x = 1");
    }
}
