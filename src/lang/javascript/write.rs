//! Changes of JavaScript and TypeScript: literals keep their quotes, expressions their meaning among operators.

mod models;
mod width;

use tree_sitter::Node;

use super::{bare, children, component, parse, span};
use crate::lang::config::whole_words;
use crate::lang::write::{Change, Keep, Refusal, Written};
use crate::lang::{Language, spell};
use crate::text::{Edit, Source, Span};

pub(in crate::lang) use models::model_at;

/// Functions of `path` and `url` that put a path together from their arguments.
const JOINS: [&str; 4] = ["join", "resolve", "normalize", "joinPath"];

/// Writes each change out by itself: the environment needs no import.
pub(in crate::lang) fn write(source: &Source, language: Language, changes: &[Change<'_>]) -> Vec<Written> {
    let parts = component::parts(source, language);
    let Some(tree) = parse(source, parts.dialect, &parts.code) else {
        return vec![Err(Refusal::because("the file could not be read as a program")); changes.len()];
    };
    let writer = Writer { source, root: tree.root_node() };
    let mut written: Vec<Written> = changes.iter().map(|change| writer.one(change)).collect();
    width::kept(source, &mut written);
    written
}

struct Writer<'a, 't> {
    source: &'a Source,
    root: Node<'t>,
}

impl<'t> Writer<'_, 't> {
    fn one(&self, change: &Change<'_>) -> Written {
        match *change {
            Change::UseEnvironment { at, env, default, keep, .. } => self.use_environment(at, env, default, keep),
            Change::Retarget { at, path } => self.respell(self.literal(at)?, path, false),
            Change::SetValue { at, value } => self.respell(self.literal(at)?, value, true),
            Change::RenameVariable { at, from, to } => self.rename(at, from, to),
            Change::RenameTable { at, to, .. } => self.name_table(at, to),
            Change::DeclareTable { .. } => Err(Refusal::because("no table is named here")),
        }
    }

    fn text(&self, node: Node<'_>) -> &str {
        self.source.slice(span(node))
    }

    /// The expression that stands at a place, and nothing beside it.
    fn at(&self, at: Span) -> Result<Node<'t>, Refusal> {
        let range = at.range();
        let found = self.root.descendant_for_byte_range(range.start, range.end);
        match found.filter(|node| node.byte_range() == range) {
            Some(node) => Ok(node),
            None if found.is_some_and(|node| within(node, &["string", "template_string", "jsx_text"])) => {
                Err(Refusal::because("the text is written out for another program"))
            }
            None if found.is_some_and(|node| within(node, &["comment"])) => Err(Refusal::because("it is a comment")),
            None => Err(Refusal::because("the path is not written here")),
        }
    }

    /// The string literal at a place, or the last one of what is put together there.
    fn literal(&self, at: Span) -> Result<Node<'t>, Refusal> {
        let mut node = bare(self.at(at)?);
        for _ in 0..16 {
            node = match node.kind() {
                "string" | "template_string" => return Ok(node),
                "binary_expression" => match node.child_by_field_name("right") {
                    Some(right) => bare(right),
                    None => break,
                },
                "call_expression" if self.is_join(node) => match last_argument(node) {
                    Some(argument) => bare(argument),
                    None => break,
                },
                _ => break,
            };
        }
        Err(Refusal::because("the path is not written here"))
    }

    /// What stands between a literal's quotes.
    fn inner(&self, literal: Node<'_>) -> Result<(Span, &str), Refusal> {
        let inner = Span::new(literal.start_byte() + 1, literal.end_byte().saturating_sub(1));
        let text = self.source.slice(inner);
        if text.contains(['\\', '\n', '\r']) {
            return Err(Refusal::because("escapes or several lines stand in it"));
        }
        Ok((inner, text))
    }

    fn respell(&self, literal: Node<'t>, path: &str, value: bool) -> Written {
        let (inner, text) = self.inner(literal)?;
        let joined = self.whole(literal) != literal;
        let (range, new) = if joined {
            file_name_only(text, path)?
        } else if value {
            spell::revalued(text, path).map_err(Refusal::because)?
        } else {
            spell::respelled(text, path).map_err(Refusal::because)?
        };
        if text.get(range.clone()) == Some(new.as_str()) {
            return Ok(Vec::new());
        }
        let quote = self.text(literal).chars().next().unwrap_or('"');
        if new.contains([quote, '\\', '\n', '$']) && !text.contains('$') {
            return Err(Refusal::because(format!("`{new}` cannot be written here without escapes")));
        }
        let start = inner.range().start;
        Ok(vec![Edit::replace(Span::new(start + range.start, start + range.end), new)])
    }

    fn use_environment(&self, at: Span, env: &str, default: &str, keep: Keep) -> Written {
        let node = bare(self.at(at)?);
        if let Some(name) = self.env_read(node) {
            let mut edits = self.rename(span(node), &name, env)?;
            if let Some(fallback) = fallback_of(node) {
                edits.extend(self.default_to(fallback, default)?);
            }
            return Ok(edits);
        }
        if matches!(node.kind(), "shorthand_property_identifier_pattern") {
            let name = self.text(node).to_owned();
            let mut edits = self.rename(span(node), &name, env)?;
            if let Some(fallback) = node.parent().and_then(|parent| parent.child_by_field_name("right")) {
                edits.extend(self.default_to(fallback, default)?);
            }
            return Ok(edits);
        }
        let literal = self.literal(at)?;
        let whole = self.whole(literal);
        if let Some(edits) = self.as_default(whole, literal, env, default)? {
            return Ok(edits);
        }
        self.wrap(whole, literal, (env, default), keep)
    }

    /// The literal is what a variable falls back to: `process.env.X || "x.db"`.
    fn as_default(
        &self,
        whole: Node<'t>,
        literal: Node<'t>,
        env: &str,
        default: &str,
    ) -> Result<Option<Vec<Edit>>, Refusal> {
        let Some(parent) = parent_of(whole) else { return Ok(None) };
        let mut edits = match parent.kind() {
            "binary_expression" if is_choice(parent) && field_is(parent, "right", whole) => {
                let Some(left) = parent.child_by_field_name("left").map(bare) else { return Ok(None) };
                let Some(name) = self.env_read(left) else {
                    return match self.env_reads(left).as_slice() {
                        [] => Ok(None),
                        names if names.iter().any(|name| name == env) => self.respell(literal, default, true).map(Some),
                        _ => Err(Refusal::because("several variables are tried before it")),
                    };
                };
                self.rename(span(left), &name, env)?
            }
            "ternary_expression" if field_is(parent, "alternative", whole) => {
                let mut edits = Vec::new();
                for field in ["condition", "consequence"] {
                    let Some(node) = parent.child_by_field_name(field).map(bare) else { return Ok(None) };
                    let Some(name) = self.env_read(node) else { return Ok(None) };
                    edits.extend(self.rename(span(node), &name, env)?);
                }
                edits
            }
            "object_assignment_pattern" if field_is(parent, "right", whole) && self.is_of_environment(parent) => {
                let Some(left) = parent.child_by_field_name("left") else { return Ok(None) };
                let name = self.text(left).to_owned();
                self.rename(span(left), &name, env)?
            }
            "assignment_pattern" if field_is(parent, "right", whole) && self.is_of_environment(parent) => {
                return Err(Refusal::because("the variable is taken apart under another name"));
            }
            _ => return Ok(None),
        };
        edits.extend(self.default_to(literal, default)?);
        Ok(Some(edits))
    }

    fn default_to(&self, node: Node<'t>, default: &str) -> Result<Vec<Edit>, Refusal> {
        let literal = self.literal(span(bare(node)))?;
        let whole = self.whole(literal);
        let (inner, text) = self.inner(literal)?;
        if whole != literal && text.rsplit('/').next() != default.rsplit('/').next() {
            let quote = self.text(literal).chars().next().unwrap_or('"');
            return Ok(vec![Edit::replace(span(whole), self.elsewhere(whole, literal, default, quote)?)]);
        }
        if whole != literal {
            return Ok(Vec::new());
        }
        let (range, new) = spell::revalued(text, default).map_err(Refusal::because)?;
        if text.get(range.clone()) == Some(new.as_str()) {
            return Ok(Vec::new());
        }
        let start = inner.range().start;
        Ok(vec![Edit::replace(Span::new(start + range.start, start + range.end), new)])
    }

    /// `process.env.X ?? "/app/data/zoe.db"` in the place of a path.
    fn wrap(&self, whole: Node<'t>, literal: Node<'t>, (env, default): (&str, &str), keep: Keep) -> Written {
        let parent = parent_of(whole).ok_or_else(|| Refusal::because("the path is not written here"))?;
        let attribute = parent.kind() == "jsx_attribute";
        if !attribute && !is_expression(whole, parent) {
            return Err(Refusal::because("no expression can stand here"));
        }
        let access = self.access(env);
        let (_, text) = self.inner(literal)?;
        let quote = self.text(literal).chars().next().unwrap_or('"');
        let plain = if quote == '`' { '"' } else { quote };
        if default.contains([plain, '\\', '`', '$', '\n']) {
            return Err(Refusal::because(format!("`{default}` cannot be written here without escapes")));
        }
        let holes = text.contains("${") && quote == '`';
        let name = text.rsplit('/').next().unwrap_or(text);
        if whole != literal && (name.starts_with('.') || !name.contains('.')) {
            return Err(Refusal::because("only a folder of the path is written here"));
        }
        if self.has_folder_beside(whole) {
            return Err(Refusal::because("its folder is given beside it"));
        }
        // A file of that name in another folder is another database.
        let same_name =
            matches!(keep, Keep::Whole | Keep::Folder) && text.rsplit('/').next() == default.rsplit('/').next();
        let mut template = false;
        let new = if (whole != literal || holes) && same_name && !text.contains("://") && !text.starts_with("file:") {
            // The folder is only known at run time: it stays what the variable falls back to.
            format!("{access} ?? {}", self.text(whole))
        } else if whole != literal || holes {
            if text.contains("://") || self.text(whole).contains("sqlite:") || self.text(whole).contains("file:") {
                return Err(Refusal::because("a URL is put together here"));
            }
            format!("{access} ?? {}", self.elsewhere(whole, literal, default, plain)?)
        } else {
            let (range, path) = spell::respelled(text, default).map_err(Refusal::because)?;
            let (head, tail) = (text.get(..range.start).unwrap_or(""), text.get(range.end..).unwrap_or(""));
            if head.is_empty() && tail.is_empty() {
                format!("{access} ?? {plain}{path}{plain}")
            } else if text.contains('`') {
                return Err(Refusal::because("a backtick stands in it"));
            } else {
                let slash = if path.starts_with("//") { "/" } else { "" };
                let path = path.strip_prefix(slash).unwrap_or(&path);
                template = true;
                let inner = if plain == '`' { '"' } else { plain };
                format!("`{head}{slash}${{{access} ?? {inner}{path}{inner}}}{tail}`")
            }
        };
        let new = if attribute {
            format!("{{{new}}}")
        } else if !template && needs_parentheses(whole, parent) {
            format!("({new})")
        } else {
            new
        };
        Ok(vec![Edit::replace(span(whole), new)])
    }

    /// Another database in the place of a path that is joined at run time. A relative path alone would be looked for where the
    /// program is started: the folder that is joined stays.
    fn elsewhere(&self, whole: Node<'t>, literal: Node<'t>, default: &str, quote: char) -> Result<String, Refusal> {
        if default.starts_with(['/', '\\', '~', '$']) || default.get(1..2) == Some(":") {
            return Ok(format!("{quote}{default}{quote}"));
        }
        let (inner, text) = self.inner(literal)?;
        let (folder, name) = text.rsplit_once('/').unwrap_or(("", text));
        let (wanted, new) = default.rsplit_once('/').unwrap_or(("", default));
        let folder = folder.trim_start_matches(['.', '/']);
        if folder.is_empty() || !format!("/{wanted}").ends_with(&format!("/{folder}")) || name.contains("${") {
            return Err(Refusal::because("its folder is only known when it runs"));
        }
        let (range, start) = (inner.range(), whole.start_byte());
        let old = self.text(whole);
        let head = range.end.checked_sub(name.len() + start).and_then(|end| old.get(..end));
        let tail = range.end.checked_sub(start).and_then(|end| old.get(end..));
        let (Some(head), Some(tail)) = (head, tail) else {
            return Err(Refusal::because("its folder is only known when it runs"));
        };
        Ok(format!("{head}{new}{tail}"))
    }

    /// `{ db: "x.db", dir: "./data" }`: the path is told in two places.
    fn has_folder_beside(&self, node: Node<'_>) -> bool {
        let object = parent_of(node).filter(|pair| pair.kind() == "pair").and_then(|pair| pair.parent());
        object.is_some_and(|object| {
            let pairs = children(object).into_iter().filter_map(|pair| match pair.kind() {
                "shorthand_property_identifier" => Some(pair),
                _ => pair.child_by_field_name("key"),
            });
            let mut keys = pairs.map(|key| self.text(key).trim_matches(['"', '\'']).to_ascii_lowercase());
            keys.any(|key| matches!(key.as_str(), "dir" | "directory" | "folder" | "location" | "basedir" | "datadir"))
        })
    }

    /// How this file reads the environment already, or as every runtime does.
    fn access(&self, env: &str) -> String {
        let text = &self.source.text;
        if text.contains("process.env") {
            format!("process.env.{env}")
        } else if text.contains("Deno.env.get(") {
            format!("Deno.env.get(\"{env}\")")
        } else if text.contains("Bun.env.") {
            format!("Bun.env.{env}")
        } else {
            format!("process.env.{env}")
        }
    }

    /// The name of the variable that an expression reads.
    fn env_read(&self, node: Node<'_>) -> Option<String> {
        let environment = |node: Node<'_>| {
            matches!(
                self.text(node),
                "process.env" | "Bun.env" | "import.meta.env" | "Deno.env" | "globalThis.process.env"
            )
        };
        match node.kind() {
            "member_expression" if environment(node.child_by_field_name("object")?) => {
                Some(self.text(node.child_by_field_name("property")?).to_owned())
            }
            "subscript_expression" if environment(node.child_by_field_name("object")?) => {
                self.plain_string(node.child_by_field_name("index")?)
            }
            "call_expression" if self.text(node.child_by_field_name("function")?) == "Deno.env.get" => {
                self.plain_string(last_argument(node)?)
            }
            _ => None,
        }
    }

    fn plain_string(&self, node: Node<'_>) -> Option<String> {
        (node.kind() == "string").then(|| self.text(node).trim_matches(['"', '\'']).to_owned())
    }

    /// Every variable in a chain of choices.
    fn env_reads(&self, node: Node<'_>) -> Vec<String> {
        let mut found = Vec::new();
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            match self.env_read(node) {
                Some(name) => found.push(name),
                None if node.kind() == "binary_expression" => {
                    open.extend(["left", "right"].iter().filter_map(|field| node.child_by_field_name(field)).map(bare));
                }
                None => {}
            }
        }
        found
    }

    /// A pattern that takes `process.env` apart.
    fn is_of_environment(&self, node: Node<'_>) -> bool {
        let mut at = Some(node);
        while let Some(node) = at {
            if node.kind() == "variable_declarator" {
                return node.child_by_field_name("value").is_some_and(|value| {
                    matches!(self.text(bare(value)), "process.env" | "Bun.env" | "import.meta.env")
                });
            }
            at = node.parent().filter(|node| node.kind().contains("pattern") || node.kind() == "variable_declarator");
        }
        false
    }

    fn rename(&self, at: Span, from: &str, to: &str) -> Written {
        if from == to {
            return Ok(Vec::new());
        }
        let node = self.at(at).ok();
        let kind = node.map_or("", |node| node.kind());
        if kind == "shorthand_property_identifier_pattern" {
            return Ok(vec![Edit::insert(at.start, format!("{to}: "))]);
        }
        let name = node.and_then(|node| match node.kind() {
            "member_expression" => node.child_by_field_name("property"),
            "subscript_expression" => node.child_by_field_name("index"),
            _ => None,
        });
        let at = name.map_or(at, span);
        let start = at.range().start;
        let found = whole_words(self.source.slice(at), from);
        match found.first() {
            Some(first) if found.len() == 1 => {
                Ok(vec![Edit::replace(Span::new(start + first, start + first + from.len()), to)])
            }
            Some(_) => Err(Refusal::because(format!("`{from}` is written here more than once"))),
            None => Err(Refusal::because(format!("`{from}` is not written here"))),
        }
    }

    /// The whole expression that puts a path together with the literal at its end.
    fn whole(&self, literal: Node<'t>) -> Node<'t> {
        let mut whole = literal;
        for _ in 0..16 {
            let Some(parent) = parent_of(whole) else { break };
            let next = match parent.kind() {
                "binary_expression" if operator(parent) == "+" && field_is(parent, "right", whole) => Some(parent),
                "arguments" => parent
                    .parent()
                    .filter(|call| self.is_join(*call) && last_argument(*call).map(bare) == Some(bare(whole))),
                _ => None,
            };
            match next {
                Some(next) => whole = next,
                None => break,
            }
        }
        whole
    }

    fn is_join(&self, call: Node<'_>) -> bool {
        let Some(callee) = call.child_by_field_name("function").filter(|_| call.kind() == "call_expression") else {
            return false;
        };
        let name = match callee.kind() {
            "identifier" => Some(callee),
            "member_expression" => {
                let object = callee.child_by_field_name("object").map_or("", |object| self.text(object));
                // `require("node:path").join(..)`
                let path = object.trim_end_matches(['"', '\'', ')']).to_ascii_lowercase();
                (path.ends_with("path") || path.ends_with("posix"))
                    .then(|| callee.child_by_field_name("property"))
                    .flatten()
            }
            _ => None,
        };
        name.is_some_and(|name| JOINS.contains(&self.text(name)))
    }
}

/// The literal ends what is joined: only the name of the file can change there.
fn file_name_only(text: &str, path: &str) -> Result<(std::ops::Range<usize>, String), Refusal> {
    let (folder, name) = text.rsplit_once('/').unwrap_or(("", text));
    let (target, base) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = folder.trim_start_matches("./").trim_matches('/');
    if !folder.is_empty() && !format!("/{target}/").ends_with(&format!("/{folder}/")) {
        return Err(Refusal::because(format!(
            "the path is put together here, and `{path}` does not lie in `{folder}`"
        )));
    }
    Ok((text.len() - name.len()..text.len(), base.to_owned()))
}

fn within(node: Node<'_>, kinds: &[&str]) -> bool {
    let mut at = Some(node);
    while let Some(node) = at {
        if kinds.contains(&node.kind()) {
            return true;
        }
        at = node.parent();
    }
    false
}

/// The parent, past parentheses and what TypeScript says of types.
fn parent_of(node: Node<'_>) -> Option<Node<'_>> {
    let mut parent = node.parent()?;
    while parent.kind() == "parenthesized_expression" {
        parent = parent.parent()?;
    }
    Some(parent)
}

fn field_is(parent: Node<'_>, field: &str, node: Node<'_>) -> bool {
    parent.child_by_field_name(field).is_some_and(|child| bare(child) == bare(node))
}

fn operator(node: Node<'_>) -> &str {
    node.child_by_field_name("operator").map_or("", |operator| operator.kind())
}

fn is_choice(node: Node<'_>) -> bool {
    matches!(operator(node), "||" | "??")
}

/// What an expression falls back to where it is not set.
fn fallback_of(node: Node<'_>) -> Option<Node<'_>> {
    let parent = parent_of(node).filter(|parent| parent.kind() == "binary_expression" && is_choice(*parent))?;
    let right = parent.child_by_field_name("right")?;
    (field_is(parent, "left", node) && matches!(bare(right).kind(), "string" | "template_string" | "call_expression"))
        .then_some(right)
}

fn last_argument(call: Node<'_>) -> Option<Node<'_>> {
    children(call.child_by_field_name("arguments")?).last().copied()
}

/// Whether any expression could stand in the place of `node`.
fn is_expression(node: Node<'_>, parent: Node<'_>) -> bool {
    match parent.kind() {
        "import_statement"
        | "export_statement"
        | "import_specifier"
        | "import_attribute"
        | "literal_type"
        | "enum_assignment"
        | "enum_body"
        | "expression_statement"
        | "import_require_clause"
        | "computed_property_name"
        | "module" => parent.kind() == "export_statement" && field_is(parent, "value", node),
        "pair" | "public_field_definition" | "field_definition" | "pair_pattern" | "method_definition" => {
            field_is(parent, "value", node)
        }
        _ => true,
    }
}

/// `??` binds more loosely than most, and stands beside neither `||` nor `&&`.
fn needs_parentheses(node: Node<'_>, parent: Node<'_>) -> bool {
    // Parentheses that are there already are enough.
    if node.parent().is_some_and(|direct| direct.kind() == "parenthesized_expression") {
        return false;
    }
    match parent.kind() {
        "binary_expression" => operator(parent) != "??",
        "unary_expression"
        | "await_expression"
        | "member_expression"
        | "subscript_expression"
        | "call_expression"
        | "new_expression"
        | "as_expression"
        | "satisfies_expression"
        | "non_null_expression"
        | "type_assertion"
        | "class_heritage"
        | "update_expression" => !(parent.kind() == "subscript_expression" && field_is(parent, "index", node)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::lang::Language::{Javascript, Typescript};
    use crate::lang::write::testing::{defaulted, environment, renamed, retargeted, sound, valued};

    #[test]
    fn literals_are_read_from_the_environment() {
        for (text, becomes) in [
            (
                "const p = ‹\"x.db\"›; // x.db\n",
                "const p = process.env.DATABASE_PATH ?? \"/app/data/zoe.db\"; // x.db\n",
            ),
            ("const p = ‹'x.db'›\r\n", "const p = process.env.DATABASE_PATH ?? '/app/data/zoe.db'\r\n"),
            ("const p = ‹`x.db`›\n", "const p = process.env.DATABASE_PATH ?? \"/app/data/zoe.db\"\n"),
            ("new Database( ‹'x.db'›, o )", "new Database( process.env.DATABASE_PATH ?? '/app/data/zoe.db', o )"),
            ("f(a || ‹'x.db'›)", "f(a || (process.env.DATABASE_PATH ?? '/app/data/zoe.db'))"),
            ("f(a ?? ‹'x.db'›)", "f(a ?? process.env.DATABASE_PATH ?? '/app/data/zoe.db')"),
            ("f(a ? ‹'x.db'› : b)", "f(a ? process.env.DATABASE_PATH ?? '/app/data/zoe.db' : b)"),
            ("f('a' + ‹'x.db'› + '-wal')", "f((process.env.DATABASE_PATH ?? '/app/data/zoe.db') + '-wal')"),
            ("f((‹'x.db'›).length)", "f((process.env.DATABASE_PATH ?? '/app/data/zoe.db').length)"),
            ("f(‹'x.db'›.length)", "f((process.env.DATABASE_PATH ?? '/app/data/zoe.db').length)"),
            (
                "const o = { filename: ‹'./x.db'›, a }",
                "const o = { filename: process.env.DATABASE_PATH ?? '/app/data/zoe.db', a }",
            ),
            ("function f(p = ‹'x.db'›) {}", "function f(p = process.env.DATABASE_PATH ?? '/app/data/zoe.db') {}"),
            ("class A { path = ‹'x.db'› }", "class A { path = process.env.DATABASE_PATH ?? '/app/data/zoe.db' }"),
            ("f(`${‹'x.db'›}-wal`)", "f(`${process.env.DATABASE_PATH ?? '/app/data/zoe.db'}-wal`)"),
            ("f(‹'file:./x.db?mode=ro'›)", "f(`file:${process.env.DATABASE_PATH ?? '/app/data/zoe.db'}?mode=ro`)"),
            ("f(‹\"sqlite:///x.db\"›)", "f(`sqlite:///${process.env.DATABASE_PATH ?? \"/app/data/zoe.db\"}`)"),
            (
                "g(Deno.env.get('A'), ‹'x.db'›)",
                "g(Deno.env.get('A'), Deno.env.get(\"DATABASE_PATH\") ?? '/app/data/zoe.db')",
            ),
        ] {
            assert_eq!(environment("a.js", Javascript, text), becomes);
        }
        for (text, becomes) in [
            ("const p = ‹'x.db'› as const;", "const p = (process.env.DATABASE_PATH ?? '/app/data/zoe.db') as const;"),
            (
                "const e = <Db path=‹\"x.db\"› a />;",
                "const e = <Db path={process.env.DATABASE_PATH ?? \"/app/data/zoe.db\"} a />;",
            ),
            ("const p: string = ‹'x.db'›;", "const p: string = process.env.DATABASE_PATH ?? '/app/data/zoe.db';"),
        ] {
            assert_eq!(environment("a.tsx", Typescript, text), becomes);
        }
    }

    #[test]
    fn what_is_put_together_keeps_its_folder() {
        for (text, becomes) in [
            (
                "f(path.join(__dirname, 'data', ‹'zoe.db'›))",
                "f(process.env.DATABASE_PATH ?? path.join(__dirname, 'data', 'zoe.db'))",
            ),
            ("f(path.join(__dirname, ‹'auth.db'›))", "f(process.env.DATABASE_PATH ?? '/app/data/zoe.db')"),
            ("f(__dirname + ‹'/zoe.db'›)", "f(process.env.DATABASE_PATH ?? __dirname + '/zoe.db')"),
            ("const p = ‹`${dir}/zoe.db`›", "const p = process.env.DATABASE_PATH ?? `${dir}/zoe.db`"),
            ("const p = ‹`${dir}/auth.db`›", "const p = process.env.DATABASE_PATH ?? \"/app/data/zoe.db\""),
            ("f(‹path.resolve('zoe.db')›)", "f(process.env.DATABASE_PATH ?? path.resolve('zoe.db'))"),
        ] {
            assert_eq!(environment("a.js", Javascript, text), becomes);
        }
    }

    #[test]
    fn a_relative_path_stays_in_the_folder_that_is_joined() {
        for (text, becomes) in [
            (
                "f(path.resolve(__dirname, ‹'../database/auth.db'›))",
                "f(process.env.DATABASE_PATH ?? path.resolve(__dirname, '../database/main.db'))",
            ),
            ("const p = ‹`${dir}/database/auth.db`›", "refused: its folder is only known when it runs"),
            ("f(path.join(dir, ‹'auth.db'›))", "refused: its folder is only known when it runs"),
            ("f(path.join(dir, ‹'other/auth.db'›))", "refused: its folder is only known when it runs"),
            (
                "const p = process.env.AUTH_DB || path.join(__dirname, ‹'database/auth.db'›)",
                "const p = process.env.DATABASE_PATH || path.join(__dirname, 'database/main.db')",
            ),
        ] {
            assert_eq!(defaulted("a.js", Javascript, text, "database/main.db"), becomes);
        }
    }

    #[test]
    fn defaults_of_variables() {
        for (text, becomes) in [
            (
                "const p = process.env.AUTH_DB || ‹'auth.db'›",
                "const p = process.env.DATABASE_PATH || '/app/data/zoe.db'",
            ),
            (
                "const p = process.env['AUTH_DB'] ?? ‹'auth.db'›",
                "const p = process.env['DATABASE_PATH'] ?? '/app/data/zoe.db'",
            ),
            (
                "const p = ‹process.env.AUTH_DB› || 'auth.db'",
                "const p = process.env.DATABASE_PATH || '/app/data/zoe.db'",
            ),
            ("const p = ‹process.env.AUTH_DB›!", "const p = process.env.DATABASE_PATH!"),
            (
                "const p = process.env.A ? process.env.A : ‹'auth.db'›",
                "const p = process.env.DATABASE_PATH ? process.env.DATABASE_PATH : '/app/data/zoe.db'",
            ),
            (
                "const { AUTH_DB = ‹'auth.db'› } = process.env",
                "const { DATABASE_PATH: AUTH_DB = '/app/data/zoe.db' } = process.env",
            ),
            (
                "const p = process.env.A || process.env.B || ‹'auth.db'›",
                "refused: several variables are tried before it",
            ),
            (
                "const p = process.env.A || process.env.DATABASE_PATH || ‹'auth.db'›",
                "const p = process.env.A || process.env.DATABASE_PATH || '/app/data/zoe.db'",
            ),
            (
                "const p = process.env.AUTH_DB || path.join(d, ‹'auth.db'›)",
                "const p = process.env.DATABASE_PATH || '/app/data/zoe.db'",
            ),
            (
                "const u = process.env.AUTH_URL || ‹'file:./auth.db'›",
                "const u = process.env.DATABASE_PATH || 'file:/app/data/zoe.db'",
            ),
        ] {
            assert_eq!(environment("a.ts", Typescript, text), becomes);
        }
        assert_eq!(
            valued("a.js", Javascript, "f(process.env.D || ‹'a.db'›)", "/x/y.db"),
            "f(process.env.D || '/x/y.db')"
        );
    }

    #[test]
    fn what_cannot_be_written_says_why() {
        let other = "refused: the text is written out for another program";
        for (text, refused) in [
            ("f(`sqlite3 ‹x.db› .dump`)", other),
            ("f('sqlite3 ‹x.db›')", other),
            ("import p from ‹'x.db'›", "refused: no expression can stand here"),
            ("f({ ‹'x.db'›: 1 })", "refused: no expression can stand here"),
            ("f(‹db›)", "refused: the path is not written here"),
            ("f(path.join(home, ‹'.app'›))", "refused: only a folder of the path is written here"),
            ("f({ db: ‹'x.db'›, dir: home })", "refused: its folder is given beside it"),
            ("// ‹x.db›\n", "refused: it is a comment"),
            ("f(‹'a\\x2edb'›)", "refused: escapes or several lines stand in it"),
        ] {
            assert_eq!(environment("a.ts", Typescript, text), refused, "{text}");
        }
        assert_eq!(environment("a.ts", Typescript, "type P = ‹'x.db'›"), "refused: no expression can stand here");
    }

    #[test]
    fn paths_and_names() {
        for (text, becomes) in [
            ("f(‹'auth.db'›)", "f('/app/data/zoe.db')"),
            ("f(‹`${d}/auth.db`›)", "f(`${d}/zoe.db`)"),
            ("f(path.join(d, ‹'auth.db'›))", "f(path.join(d, 'zoe.db'))"),
            ("f(path.join(d, ‹'data/auth.db'›))", "f(path.join(d, 'data/zoe.db'))"),
            ("f(‹\"file:/app/auth.db\"›)", "f(\"file:/app/data/zoe.db\")"),
        ] {
            assert_eq!(retargeted("a.js", Javascript, text), becomes);
        }
        for (text, becomes) in [
            ("const p = ‹process.env.ZOE_DB›", "const p = process.env.DATABASE_PATH"),
            ("const p = ‹process.env[\"ZOE_DB\"]›", "const p = process.env[\"DATABASE_PATH\"]"),
            ("const { ‹ZOE_DB› } = process.env", "const { DATABASE_PATH: ZOE_DB } = process.env"),
        ] {
            assert_eq!(renamed("a.js", Javascript, text, "ZOE_DB"), becomes);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_at_any_place(text in crate::lang::config::testing::odd_text(), from in 0..120_usize, length in 0..40_usize) {
            sound("a.ts", Typescript, &text, from, length);
        }
    }
}
