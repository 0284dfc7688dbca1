//! Changes written out in Python. Follows no value: what a place means was understood before.

mod declared;
mod expression;
mod imports;
mod joined;
mod literal;
#[cfg(test)]
mod tests;
mod width;

use tree_sitter::{Node, Parser};

use super::{is_too_deep, span};
use crate::lang::write::{Access, Change, Keep, Refusal, Written};
use crate::lang::{Language, names};
use crate::text::{Edit, Source, Span};
use expression::{Kind, PathExpression, Read};
use imports::Imports;
use literal::{Literal, quoted};

pub(in crate::lang) fn write(source: &Source, _language: Language, changes: &[Change<'_>]) -> Vec<Written> {
    let refuse = |words: &str| changes.iter().map(|_| Err(Refusal::because(words))).collect();
    if is_too_deep(&source.text) {
        return refuse("the file is nested too deeply to be read");
    }
    let mut parser = Parser::new();
    let tree = match parser.set_language(&tree_sitter_python::LANGUAGE.into()) {
        Ok(()) => parser.parse(&source.text, None),
        Err(_) => None,
    };
    let Some(tree) = tree.filter(|tree| !tree.root_node().has_error()) else {
        return refuse("the file does not parse as Python");
    };
    let root = tree.root_node();
    let writer = Writer { source, root, imports: Imports::read(source, root) };
    let mut written: Vec<Written> = changes.iter().map(|change| writer.one(change)).collect();
    width::kept(source, root, &mut written, writer.imports.line_end());
    written
}

struct Writer<'a> {
    source: &'a Source,
    root: Node<'a>,
    imports: Imports,
}

/// What is asked of a path that becomes a reading of the environment.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    env: &'a str,
    default: &'a str,
    access: &'a Access,
    keep: Keep,
}

impl<'a> Writer<'a> {
    fn one(&self, change: &Change<'_>) -> Written {
        match *change {
            Change::UseEnvironment { at, env, default, access, keep, value } => {
                self.use_environment(at, value, Wanted { env, default, access, keep })
            }
            Change::Retarget { at, path } => self.retarget(at, path),
            Change::SetValue { at, value } => self.retarget(at, names::strip_url(value)),
            Change::RenameVariable { at, from, to } => self.rename_variable(at, from, to),
            Change::RenameTable { at, to, .. } => self.name_table(at, to),
            Change::DeclareTable { at, to, how } => self.declare(at, to, how),
        }
    }

    fn use_environment(&self, at: Span, value: &str, wanted: Wanted<'_>) -> Written {
        let node = self.node(at)?;
        if let Some(read) = Read::of(self.source, node) {
            let named = Literal::of(self.source, read.name).and_then(|it| it.text());
            return match read.default {
                // The variable is the right one: what is wrong is its default.
                Some(default) if named.as_deref() == Some(wanted.env) => {
                    let found = PathExpression::around(self.source, default)?;
                    self.other_default(&found, &read, value, wanted)
                }
                _ => self.other_variable(&read, wanted),
            };
        }
        let found = PathExpression::around(self.source, node)?;
        self.holds_whole_path(&found, value)?;
        match &found.read {
            Some(read) => self.other_default(&found, read, value, wanted),
            None => {
                let (text, mut edits) = self.accessed(&found, value, wanted)?;
                let place = if found.kind == Kind::Url { found.node } else { self.with_brackets(found.node) };
                edits.push(Edit::replace(span(place), text));
                Ok(edits)
            }
        }
    }

    /// The node with brackets around it that a call does not need.
    fn with_brackets(&self, node: Node<'a>) -> Node<'a> {
        let Some(around) = node.parent().filter(|it| it.kind() == "parenthesized_expression") else { return node };
        let before = self.source.text.get(..around.start_byte()).and_then(|text| text.chars().next_back());
        let is_glued = before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
        let inner = self.source.slice(span(around)).trim_matches(['(', ')']).trim();
        let is_bare = inner == self.source.slice(span(node)).trim_matches(['(', ')']).trim();
        if is_bare && !is_glued { self.with_brackets(around) } else { node }
    }

    /// The node that a span is, or refusal where it is only a part of one.
    fn node(&self, at: Span) -> Result<Node<'a>, Refusal> {
        let found = self.root.named_descendant_for_byte_range(at.range().start, at.range().end);
        let mut node = found.ok_or_else(|| Refusal::because("there is nothing to change"))?;
        // Of nodes that cover the same bytes the outermost is meant.
        while let Some(parent) = node.parent().filter(|parent| parent.byte_range() == node.byte_range()) {
            if matches!(parent.kind(), "module" | "block" | "expression_statement") {
                break;
            }
            node = parent;
        }
        if at.is_empty() || node.byte_range() != at.range() {
            return Err(Refusal::because("the path is a part of a longer text: SQL, a command, or another program"));
        }
        Ok(node)
    }

    /// A name that is joined with its folder somewhere else is no path yet.
    fn holds_whole_path(&self, found: &PathExpression<'_>, value: &str) -> Result<(), Refusal> {
        let (value, scattered) =
            (names::strip_url(value), Refusal::because("the name is put together with its folder somewhere else"));
        let lone = found.fixed.as_ref().is_some_and(|text| !text.contains(['/', '\\']));
        if lone
            && joined::bound_name(self.source, found.node)
                .is_some_and(|name| joined::is_joined(&self.source.text, name))
        {
            return Err(scattered);
        }
        match &found.fixed {
            Some(text) if names::strip_url(text).trim_start_matches("./") != value.trim_start_matches("./") => {
                Err(scattered)
            }
            None if value.contains('/') && !self.source.slice(span(found.node)).contains(['/', '(']) => Err(scattered),
            _ => Ok(()),
        }
    }

    /// `os.getenv("OTHER", default)` as a whole: its variable is renamed, or all of it becomes the imported name.
    fn other_variable(&self, read: &Read<'_>, wanted: Wanted<'_>) -> Written {
        let is_url = read.default.is_some_and(|it| {
            Literal::of(self.source, it).is_some_and(|it| it.text().is_some_and(|text| text.contains("://")))
        });
        if wanted.access.import.is_some() || is_url {
            let default = read.default.ok_or_else(|| Refusal::because("the variable may hold a URL or a path"))?;
            let found = PathExpression::around(self.source, default)?;
            let (text, mut edits) = self.accessed(&found, wanted.default, Wanted { keep: Keep::Nothing, ..wanted })?;
            edits.push(Edit::replace(span(read.node), text));
            return Ok(edits);
        }
        Ok(vec![self.rename(read.name, wanted.env)?])
    }

    /// The default of a reading is another database: the reading becomes one of the right variable with the right default.
    fn other_default(&self, found: &PathExpression<'_>, read: &Read<'_>, value: &str, wanted: Wanted<'_>) -> Written {
        let named = Literal::of(self.source, read.name).and_then(|it| it.text());
        let is_right = named.as_deref() == Some(wanted.env);
        if !is_right && (found.kind == Kind::Url || wanted.access.import.is_some()) {
            let (text, mut edits) = self.accessed(found, value, wanted)?;
            edits.push(Edit::replace(span(read.node), text));
            return Ok(edits);
        }
        let mut edits = Vec::new();
        if !is_right {
            edits.push(self.rename(read.name, wanted.env)?);
        }
        let text = match found.kind {
            Kind::Url => self.url_literal(found, wanted.default)?,
            Kind::Text | Kind::Path => self.default_text(found, value, wanted, found.quote)?,
        };
        if text != self.source.slice(span(found.node)) {
            edits.push(Edit::replace(span(found.node), text));
        }
        Ok(edits)
    }

    /// A path expression as the policy wants it written, of the type that it has, with the imports that it needs.
    fn accessed(
        &self,
        found: &PathExpression<'_>,
        value: &str,
        wanted: Wanted<'_>,
    ) -> Result<(String, Vec<Edit>), Refusal> {
        let mut edits = Vec::new();
        let (scheme, query) = found.url_ends();
        let is_fixed = found.fixed.is_some();
        // Within an f-string the other quote is needed.
        let quote = if is_fixed && found.kind == Kind::Url { other(found.quote) } else { found.quote };
        let default = match found.kind {
            Kind::Url if !is_fixed && wanted.keep != Keep::Nothing => self.url_rest(found, value, wanted)?,
            Kind::Url
                if !is_fixed
                    && query.is_empty()
                    && found.contents.iter().any(|content| self.source.slice(*content).contains('?')) =>
            {
                return Err(Refusal::because("the URL is put together at run time"));
            }
            Kind::Url => quoted(wanted.default, quote),
            Kind::Text | Kind::Path => self.default_text(found, value, wanted, quote)?,
        };
        let access = match &wanted.access.import {
            Some(import) => self.imports.name(import, &self.source.path, found.node.start_byte(), &mut edits)?,
            None => {
                let text = template(&wanted.access.template, wanted.env, &default, quote)?;
                self.imports.with_os(&text, found.node.start_byte(), &mut edits)?
            }
        };
        let text = match found.kind {
            Kind::Text => access,
            Kind::Path if expression::is_taken_as_text(self.source, found.node) => access,
            Kind::Path => format!("{}({access})", self.path_class(found, &mut edits)?),
            Kind::Url => url(scheme, &access, query, found),
        };
        Ok((text, edits))
    }

    /// What stands in for a variable that is not set, as an expression.
    fn default_text(
        &self,
        found: &PathExpression<'_>,
        value: &str,
        wanted: Wanted<'_>,
        quote: char,
    ) -> Result<String, Refusal> {
        let now = self.source.slice(span(found.node));
        match wanted.keep {
            _ if found.fixed.is_some() => Ok(quoted(wanted.default, quote)),
            Keep::Whole => Ok(now.to_owned()),
            Keep::Folder => self.with_name(found, span(found.node), value, name(wanted.default)),
            Keep::Below(levels) => self.with_name(found, span(found.node), value, tail(wanted.default, levels)),
            Keep::Nothing => Ok(quoted(wanted.default, quote)),
        }
    }

    /// The text of `part`, with another file's name in its literals.
    fn with_name(&self, found: &PathExpression<'_>, part: Span, value: &str, new: &str) -> Result<String, Refusal> {
        let now = self.source.slice(part);
        let old = name(value);
        let unclear = || Refusal::because("the file's name is put together at run time");
        if old.is_empty() || old.contains('*') {
            return Err(unclear());
        }
        if new.contains(['"', '\'', '\\', '{', '}', '%']) {
            return Err(Refusal::because(format!("`{new}` cannot be written there")));
        }
        let mut places = found.contents.iter().filter(|content| part.contains(**content));
        let at = places.rfind(|content| self.source.slice(**content).contains(old)).ok_or_else(unclear)?;
        let offset = self.source.slice(*at).rfind(old).ok_or_else(unclear)?;
        let start = at.range().start - part.range().start + offset;
        let (head, tail) = now.split_at(start);
        let tail = tail.strip_prefix(old).ok_or_else(unclear)?;
        Ok(format!("{head}{new}{tail}"))
    }

    /// The path of a URL that is put together at run time: the f-string without its scheme and query.
    fn url_rest(&self, found: &PathExpression<'_>, value: &str, wanted: Wanted<'_>) -> Result<String, Refusal> {
        let refused = || Refusal::because("the URL is put together at run time");
        let (scheme, query) = found.url_ends();
        let Some(literal) = Literal::of(self.source, found.node) else {
            return self.sum_rest(found, value, wanted);
        };
        let whole = match wanted.keep {
            Keep::Folder => self.with_name(found, span(found.node), value, name(wanted.default))?,
            Keep::Below(levels) => self.with_name(found, span(found.node), value, tail(wanted.default, levels))?,
            _ => self.source.slice(span(found.node)).to_owned(),
        };
        let open = literal.open;
        let inner = whole.get(open.len()..whole.len() - literal.close.len()).ok_or_else(refused)?;
        let inner = inner.strip_prefix(scheme).and_then(|it| it.strip_suffix(query)).ok_or_else(refused)?;
        Ok(format!("{open}{inner}{}", literal.close))
    }

    /// The path of a URL that is added up or filled in: all of the expression but the scheme that it begins with.
    fn sum_rest(&self, found: &PathExpression<'_>, value: &str, wanted: Wanted<'_>) -> Result<String, Refusal> {
        let refused = || Refusal::because("the URL is put together at run time");
        let literal = expression::first_literal(self.source, found.node).ok_or_else(refused)?;
        let content = literal.content.ok_or_else(refused)?;
        // A query would have to stay behind the path.
        if found.contents.iter().any(|content| self.source.slice(*content).contains('?')) {
            return Err(refused());
        }
        let whole = match wanted.keep {
            Keep::Folder => self.with_name(found, span(found.node), value, name(wanted.default))?,
            Keep::Below(levels) => self.with_name(found, span(found.node), value, tail(wanted.default, levels))?,
            _ => self.source.slice(span(found.node)).to_owned(),
        };
        let (scheme, start) = (found.url_ends().0, span(found.node).range().start);
        let from = content.range().start.checked_sub(start).ok_or_else(refused)?;
        if self.source.slice(content) != scheme {
            let (head, tail) = (whole.get(..from), whole.get(from + scheme.len()..));
            return Ok(format!("{}{}", head.ok_or_else(refused)?, tail.ok_or_else(refused)?));
        }
        let rest = whole.get(from + scheme.len() + literal.close.len()..).ok_or_else(refused)?;
        // Nothing but `(`, the scheme and `+` may go.
        let rest = rest.trim_start().strip_prefix('+').ok_or_else(refused)?;
        match from == literal.open.len() {
            true => Ok(rest.trim_start().to_owned()),
            false => Err(refused()),
        }
    }

    fn path_class(&self, found: &PathExpression<'_>, edits: &mut Vec<Edit>) -> Result<String, Refusal> {
        match &found.class {
            Some(class) => Ok(class.clone()),
            None => self.imports.path_class(found.node.start_byte(), edits),
        }
    }

    /// The path in a literal becomes another; its quotes, its scheme and its query stay.
    fn retarget(&self, at: Span, path: &str) -> Written {
        let found = PathExpression::around(self.source, self.node(at)?)?;
        let text = match found.kind {
            Kind::Url => self.url_literal(&found, path)?,
            Kind::Text if found.fixed.is_some() => quoted(path, found.quote),
            Kind::Path if found.fixed.is_some() => {
                let class =
                    found.class.clone().ok_or_else(|| Refusal::because("the path is put together at run time"))?;
                format!("{class}({})", quoted(path, found.quote))
            }
            _ => return Err(Refusal::because("the path is put together at run time")),
        };
        Ok(vec![Edit::replace(span(found.node), text)])
    }

    fn url_literal(&self, found: &PathExpression<'_>, path: &str) -> Result<String, Refusal> {
        if found.fixed.is_none() {
            return Err(Refusal::because("the URL is put together at run time"));
        }
        let (scheme, query) = found.url_ends();
        Ok(quoted(&format!("{scheme}{path}{query}"), found.quote))
    }

    /// A model whose class gives its table the name gets one of its own: after the docstring, before all else.
    fn name_table(&self, at: Span, to: &str) -> Written {
        let name = self.root.named_descendant_for_byte_range(at.range().start, at.range().end);
        let class = name.and_then(|name| name.parent()).filter(|class| class.kind() == "class_definition");
        let body = class.and_then(|class| class.child_by_field_name("body"));
        let (Some(class), Some(body)) = (class, body) else {
            return Err(Refusal::because("no table is named here"));
        };
        if !to.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-')) {
            return Err(Refusal::because(format!("`{to}` would have to be escaped")));
        }
        let statements = super::named_children(body);
        let first = statements.iter().find(|it| it.kind() != "comment").copied();
        let Some(first) = first.filter(|first| first.start_position().row > class.start_position().row) else {
            return Err(Refusal::because("the class stands on one line"));
        };
        let documented = first.kind() == "expression_statement"
            && first.named_child(0).is_some_and(|it| matches!(it.kind(), "string" | "concatenated_string"));
        let quote = self.usual_quote();
        let indent = self.source.text.get(..first.start_byte()).unwrap_or("").rsplit(['\n', '\r']).next().unwrap_or("");
        let end = self.imports.line_end();
        let is_meta = self.source.slice(at) == "Meta"
            && class.parent().and_then(|body| body.parent()).is_some_and(|outer| outer.kind() == "class_definition");
        let line = match (is_meta, self.fields(&statements).last()) {
            (true, _) => format!("table_name = {}", quoted(to, quote)),
            // peewee reads a `Meta`: after the last field, as people write it.
            (false, Some(field)) => {
                let step = if indent.contains('\t') { "\t" } else { "    " };
                let text =
                    format!("{end}{end}{indent}class Meta:{end}{indent}{step}table_name = {}", quoted(to, quote));
                return Ok(vec![Edit::insert(self.end_of_line(*field), text)]);
            }
            (false, None) => format!("__tablename__ = {}", quoted(to, quote)),
        };
        if documented {
            let text = format!("{end}{indent}{line}");
            return Ok(vec![Edit::insert(u32::try_from(first.end_byte()).unwrap_or(u32::MAX), text)]);
        }
        let text = format!("{line}{end}{indent}");
        Ok(vec![Edit::insert(u32::try_from(first.start_byte()).unwrap_or(u32::MAX), text)])
    }

    /// Those that most strings of the file have.
    fn usual_quote(&self) -> char {
        // Docstrings have the same in most files.
        let count = |quote: char| {
            let three = quote.to_string().repeat(3);
            self.source.text.split(&three).map(|text| text.matches(quote).count()).sum::<usize>()
        };
        if count('"') >= count('\'') { '"' } else { '\'' }
    }

    /// `name = CharField()`: statements that make a class a model of peewee.
    fn fields<'s>(&self, statements: &'s [Node<'a>]) -> Vec<Node<'a>> {
        let is_field = |statement: &&Node<'_>| {
            let value = statement.named_child(0).and_then(|it| it.child_by_field_name("right"));
            let callee = value.filter(|it| it.kind() == "call").and_then(|it| it.child_by_field_name("function"));
            callee.is_some_and(|callee| {
                let name = self.source.slice(span(callee)).rsplit('.').next().unwrap_or("");
                name.len() > "Field".len() && name.ends_with("Field")
            })
        };
        statements.iter().filter(is_field).copied().collect()
    }

    /// Where the line ends on which a statement does: behind a comment.
    fn end_of_line(&self, statement: Node<'_>) -> u32 {
        let from = statement.end_byte();
        let rest = self.source.text.get(from..).unwrap_or("");
        let line = rest.split(['\n', '\r']).next().unwrap_or("");
        let behind = line.trim();
        let length = if behind.is_empty() || behind.starts_with('#') { line.len() } else { 0 };
        u32::try_from(from + length).unwrap_or(u32::MAX)
    }

    fn rename_variable(&self, at: Span, from: &str, to: &str) -> Written {
        let node = self.node(at)?;
        let named = literals_in(node).into_iter().filter(|literal| {
            Literal::of(self.source, *literal).and_then(|it| it.text()).is_some_and(|text| text == from)
        });
        match named.collect::<Vec<_>>().as_slice() {
            [one] => Ok(vec![self.rename(*one, to)?]),
            _ => Err(Refusal::because("the variable's name is not written here")),
        }
    }

    /// The content of a string literal becomes `to`.
    fn rename(&self, literal: Node<'_>, to: &str) -> Result<Edit, Refusal> {
        let refused = || Refusal::because("the variable's name is put together at run time");
        let content = Literal::of(self.source, literal).and_then(|it| it.content).ok_or_else(refused)?;
        Ok(Edit::replace(content, to))
    }
}

/// The file's name in a path or URL.
fn name(path: &str) -> &str {
    tail(path, 1)
}

/// The last components of a path or URL.
fn tail(path: &str, levels: usize) -> &str {
    let path = names::strip_url(path);
    let mut slashes = path.rmatch_indices('/');
    match levels.checked_sub(1).and_then(|skipped| slashes.nth(skipped)) {
        Some((at, _)) => path.get(at + 1..).unwrap_or(path),
        None => path,
    }
}

/// Every string literal at or below a node.
fn literals_in(node: Node<'_>) -> Vec<Node<'_>> {
    let mut found = Vec::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        if node.kind() == "string" {
            found.push(node);
        } else {
            open.extend(super::named_children(node));
        }
    }
    found
}

/// The policy's template, filled; its quotes are those of the text around it.
fn template(template: &str, env: &str, default: &str, quote: char) -> Result<String, Refusal> {
    let mut text = template.to_owned();
    if !text.contains(quote) && text.matches(other(quote)).count() > 0 {
        text = text.replace(other(quote), &quote.to_string());
    }
    let own = if text.contains(quote) { quote } else { other(quote) };
    text = text.replace(&format!("{own}{{path}}{own}"), "{path}").replace("{env}", env);
    if text.contains("{path}") { Ok(text.replace("{path}", default)) } else { Ok(text) }
}

fn other(quote: char) -> char {
    if quote == '"' { '\'' } else { '"' }
}

/// A URL of an accessor: an f-string where its quotes allow one before Python 3.12, else a sum.
fn url(scheme: &str, access: &str, query: &str, found: &PathExpression<'_>) -> String {
    let quote = found.quote;
    if found.fixed.is_some() && !access.contains([quote, '\\', '\n', '{', '}']) && !query.contains(['{', '}', '\\']) {
        return format!("f{quote}{scheme}{{{access}}}{query}{quote}");
    }
    let mut sum = format!("{} + {access}", quoted(scheme, quote));
    if !query.is_empty() {
        sum.push_str(&format!(" + {}", quoted(query, quote)));
    }
    if found.stands_alone { sum } else { format!("({sum})") }
}
