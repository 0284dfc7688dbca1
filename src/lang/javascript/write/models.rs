//! Models of JavaScript's mappers, given the names of their tables where the mapper looks for one. Decides no name.

use super::{Writer, children};
use crate::lang::write::{Refusal, Written};
use crate::text::{Edit, Source, Span};

/// How a mapper is told of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lang) enum Model {
    /// Sequelize: `{ modelName: "user" }`, where the key stands.
    Keyed(usize),
    /// Sequelize: `define("user", ..)`.
    Defined,
    /// TypeORM: `@Entity() class User`, behind the parenthesis.
    Decorated(usize),
}

/// Decorators stand at most that many bytes before their class.
const DECORATED: usize = 600;

/// The model whose name stands at a place.
pub(in crate::lang) fn model_at(source: &Source, at: Span) -> Option<Model> {
    let before = source.text.get(..at.range().start)?;
    if before.trim_end().ends_with("class") {
        let found = before.rfind("@Entity(").filter(|found| before.len() - found < DECORATED)?;
        return Some(Model::Decorated(found + "@Entity(".len()));
    }
    let before = before.strip_suffix(['"', '\'', '`'])?.trim_end();
    if before.ends_with(".define(") {
        return Some(Model::Defined);
    }
    let before = before.strip_suffix(':')?.trim_end();
    let bare = before.strip_suffix(['"', '\'']).unwrap_or(before);
    let start = bare.strip_suffix("modelName")?;
    let key = match before.len() == bare.len() {
        true => Some(start).filter(|_| !start.ends_with(|last: char| last.is_alphanumeric() || last == '_')),
        false => start.strip_suffix(['"', '\'']),
    };
    key.map(|key| Model::Keyed(key.len()))
}

impl Writer<'_, '_> {
    /// A model gets the name of its table where its mapper looks for one.
    pub(super) fn name_table(&self, at: Span, to: &str) -> Written {
        let Some(model) = model_at(self.source, at) else {
            return Err(Refusal::because("no table is named here"));
        };
        if !to.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-')) {
            return Err(Refusal::because(format!("`{to}` would have to be escaped")));
        }
        let (place, text) = match model {
            Model::Keyed(key) => {
                let quote = self.source.text.get(..at.range().start).and_then(|before| before.chars().next_back());
                let quote = quote.unwrap_or('"');
                (key, format!("tableName: {quote}{to}{quote},{}", self.separator(key)))
            }
            Model::Defined => self.in_options(at, to)?,
            Model::Decorated(inside) => {
                let rest = self.source.text.get(inside..).unwrap_or("");
                let given = rest.trim_start();
                let count = |quote: char| self.source.text.matches(quote).count();
                let quote = if count('\'') > count('"') { '\'' } else { '"' };
                // MikroORM's decorator takes options alone.
                let mikro = self.source.text.contains("mikro-orm");
                let key = if mikro { "tableName" } else { "name" };
                if given.starts_with(')') && mikro {
                    (inside, format!("{{ tableName: {quote}{to}{quote} }}"))
                } else if given.starts_with(')') {
                    (inside, format!("{quote}{to}{quote}"))
                } else if given.starts_with('{') {
                    (inside + rest.len() - given.len() + 1, format!(" {key}: {quote}{to}{quote},"))
                } else {
                    return Err(Refusal::because("what describes the table is put together elsewhere"));
                }
            }
        };
        Ok(vec![Edit::insert(u32::try_from(place).unwrap_or(u32::MAX), text)])
    }

    /// `define("user", {..}, { tableName: "users" })`.
    fn in_options(&self, at: Span, to: &str) -> Result<(usize, String), Refusal> {
        let range = at.range();
        let mut node = self.root.descendant_for_byte_range(range.start, range.end);
        while let Some(inner) = node.filter(|inner| inner.kind() != "arguments") {
            node = inner.parent();
        }
        let given = node.map(children).unwrap_or_default();
        let quote = self.source.text.get(..range.start).and_then(|before| before.chars().next_back()).unwrap_or('"');
        match given.as_slice() {
            [_, columns] => Ok((columns.end_byte(), format!(", {{ tableName: {quote}{to}{quote} }}"))),
            [_, _, options, ..] if options.kind() == "object" => {
                Ok((options.start_byte() + 1, format!(" tableName: {quote}{to}{quote},")))
            }
            _ => Err(Refusal::because("the model's options are put together elsewhere")),
        }
    }

    /// What stands between a new key and the one at `key`: on a line of its own, or on the same.
    fn separator(&self, key: usize) -> String {
        let before = self.source.text.get(..key).unwrap_or("");
        let indent = before.rsplit('\n').next().unwrap_or("");
        match indent.trim().is_empty() {
            true if before.contains("\r\n") => format!("\r\n{indent}"),
            true => format!("\n{indent}"),
            false => " ".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lang::Language::Javascript;
    use crate::lang::write::{Change, write};
    use crate::text::{Source, Span, apply};

    #[test]
    fn a_model_is_given_the_name_of_its_table() {
        for (text, becomes) in [
            (
                "User.init({}, { sequelize, modelName: 'user' })",
                "User.init({}, { sequelize, tableName: 'people', modelName: 'user' })",
            ),
            (
                "super.init({}, {\r\n  \"modelName\": \"user\",\r\n})",
                "super.init({}, {\r\n  tableName: \"people\",\r\n  \"modelName\": \"user\",\r\n})",
            ),
            ("x.define('user', {})", "x.define('user', {}, { tableName: 'people' })"),
            (
                "x.define(\n  'user', { a: b(1) }, {\n  timestamps: false })",
                "x.define(\n  'user', { a: b(1) }, { tableName: 'people',\n  timestamps: false })",
            ),
            ("x.define('user', a, options)", "refused: the model's options are put together elsewhere"),
            ("import 'x';\n@Entity()\nexport class user {}", "import 'x';\n@Entity('people')\nexport class user {}"),
            (
                "@Entity({ synchronize: false })\nclass user {}",
                "@Entity({ name: \"people\", synchronize: false })\nclass user {}",
            ),
            (
                "import '@mikro-orm/core';\n@Entity()\nclass user {}",
                "import '@mikro-orm/core';\n@Entity({ tableName: 'people' })\nclass user {}",
            ),
            (
                "import '@mikro-orm/core';\n@Entity({ repository: () => A })\nclass user {}",
                "import '@mikro-orm/core';\n@Entity({ tableName: 'people', repository: () => A })\nclass user {}",
            ),
            ("@Entity(options)\nclass user {}", "refused: what describes the table is put together elsewhere"),
            ("f({ name: 'user' })", "refused: the name is put together from pieces"),
        ] {
            let source = Source::new("user.js", text.as_bytes().to_vec());
            let start = text.find("user").unwrap_or(0);
            let change = Change::RenameTable { at: Span::new(start, start + 4), from: "users", to: "people" };
            let written = match write(&source, Javascript, &[change]).remove(0) {
                Ok(edits) => apply(text, &edits).unwrap(),
                Err(refusal) => format!("refused: {}", refusal.0),
            };
            assert_eq!(written, becomes);
        }
    }
}
