//! Documents: each name of a database in them is a mention, in prose, tables, code fences and drawings of trees alike.

use std::ops::Range;

use super::config::Gather;
use super::{Confidence, Facts, Language, Role, Value, names};
use crate::text::{Source, Span};

pub(super) fn read(source: &Source) -> Facts {
    let mut gather = Gather::new(source, Language::Markdown);
    let mut fenced = false;
    let mut tree: Vec<(usize, String)> = Vec::new();
    let mut at = 0;
    for line in source.text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let words = line.trim_start();
        if words.starts_with("```") || words.starts_with("~~~") {
            fenced = !fenced;
            continue;
        }
        if let Some((column, name)) = branch(line) {
            tree.retain(|(before, _)| *before < column);
            drawn(&mut gather, &tree, start + name.start, line.get(name.clone()).unwrap_or(""));
            let folder = line.get(name).unwrap_or("").trim_end_matches('/').to_owned();
            tree.push((column, folder));
        } else if !line.contains('│') {
            tree.clear();
        }
        let (sure, construct) = if fenced { (Confidence::Low, "code block") } else { (Confidence::Medium, "text") };
        gather.mention(Span::new(start, at), sure, construct);
    }
    gather.finish()
}

/// HARD-CASE 51: a file in a drawing lies in the folders above it. The topmost line is left out: it is mostly the project's own name.
fn drawn(gather: &mut Gather<'_>, tree: &[(usize, String)], start: usize, name: &str) {
    if tree.is_empty() || !names::is_database_path(name) {
        return;
    }
    let folders: Vec<&str> = tree.iter().map(|(_, folder)| folder.as_str()).collect();
    let path = format!("{}/{name}", folders.join("/"));
    let span = Span::new(start, start + name.len());
    gather.refer(span, Role::Mentions, Value::text(path), "tree", Confidence::Low, None);
}

/// The column of a branch (`├──`, `└──`, `|--`) and where the name behind it stands.
fn branch(line: &str) -> Option<(usize, Range<usize>)> {
    let mark = ["├", "└", "|--", "`--", "+--"].iter().find_map(|mark| line.find(mark))?;
    let column = line.get(..mark)?.chars().count();
    let rest = line.get(mark..)?;
    let skip = rest.len() - rest.trim_start_matches(['├', '└', '─', '|', '`', '+', '-', '╴', ' ', '\u{a0}']).len();
    let name = rest.get(skip..)?.split(char::is_whitespace).next()?;
    (!name.is_empty()).then(|| (column, mark + skip..mark + skip + name.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Language;
    use super::super::config::testing::{odd_text, references, sound_for};

    #[test]
    fn case_51_documents() {
        let text = "# Zoé 🙂 `auth.db`\n\n| file | what |\n| data/zoe.db | main |\n\n```sh\nsqlite3 /app/x.db\n```\nself.db.x, *.db, www.sqlite.org\n<code>y.sqlite</code>\n";
        assert_eq!(
            references("README.md", Language::Markdown, text),
            [
                "1:10 mentions auth.db -> auth.db",
                "4:3 mentions data/zoe.db -> data/zoe.db",
                "7:9 mentions /app/x.db -> /app/x.db",
                "10:7 mentions y.sqlite -> y.sqlite",
            ]
        );
    }

    #[test]
    fn case_51_drawings_of_trees() {
        let text =
            "project/\n├── data/\n│   ├── auth.db   # users\n│   └── old/\n│       └── zoe.db\n└── x.db\n\n└── y.db\n";
        assert_eq!(
            references("README.md", Language::Markdown, text),
            [
                "3:9 mentions auth.db -> data/auth.db",
                "5:13 mentions zoe.db -> data/old/zoe.db",
                "6:5 mentions x.db -> x.db",
                "8:5 mentions y.db -> y.db",
            ]
        );
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            sound_for("x.md", Language::Markdown, bytes);
        }

        #[test]
        fn any_text(text in odd_text()) {
            sound_for("x.md", Language::Markdown, text.into_bytes());
        }
    }
}
