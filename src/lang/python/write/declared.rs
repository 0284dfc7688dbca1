//! Names of tables, written where none stands yet: in the `Meta` of a model of Django, in the options of the migration that makes it, as
//! an argument of a field. Knows no table but the one that it is told.

use tree_sitter::Node;

use super::literal::quoted;
use super::{Writer, span};
use crate::finding::Declared;
use crate::lang::write::{Refusal, Written};
use crate::text::{Edit, Span};

impl<'a> Writer<'a> {
    pub(super) fn declare(&self, at: Span, to: &str, how: &Declared) -> Written {
        let written = match how {
            Declared::Argument { value: Some(value), .. } => value,
            _ => to,
        };
        if written.is_empty() || !written.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
        {
            return Err(Refusal::because(format!("`{written}` would have to be escaped")));
        }
        let value = quoted(written, self.usual_quote());
        let edit = match how {
            Declared::Meta { base } => self.in_meta(at, base.as_deref(), &value),
            Declared::Options => self.in_options(at, &value),
            Declared::Argument { keyword, .. } => self.in_call(at, keyword, &value),
        };
        edit.map(|edit| vec![edit])
    }

    /// `class Meta` of the class that is called so at `at`.
    fn in_meta(&self, at: Span, base: Option<&str>, value: &str) -> Result<Edit, Refusal> {
        let one_line = || Refusal::because("the class stands on one line");
        let name = self.root.named_descendant_for_byte_range(at.range().start, at.range().end);
        let class = name.and_then(|name| name.parent()).filter(|class| class.kind() == "class_definition");
        let body = class.and_then(|class| class.child_by_field_name("body"));
        let (Some(class), Some(body)) = (class, body) else {
            return Err(Refusal::because("no model stands here"));
        };
        let all = super::super::named_children(body);
        let statements: Vec<Node<'a>> = all.into_iter().filter(|it| it.kind() != "comment").collect();
        let first = statements.first().filter(|first| is_below(class, **first)).ok_or_else(one_line)?;
        let end = self.imports.line_end();
        let indent = self.indent_of(*first);
        let is_meta = |it: &&Node<'_>| {
            let name = it.child_by_field_name("name").map(|name| self.source.slice(span(name)));
            it.kind() == "class_definition" && name == Some("Meta")
        };
        if let Some(meta) = statements.iter().find(is_meta) {
            let inner = meta.child_by_field_name("body").map(super::super::named_children).unwrap_or_default();
            let inner: Vec<Node<'_>> = inner.into_iter().filter(|it| it.kind() != "comment").collect();
            let first = inner.first().filter(|first| is_below(*meta, **first)).ok_or_else(one_line)?;
            let indent = self.indent_of(*first);
            return Ok(match is_text(*first) {
                true => Edit::insert(at_byte(first.end_byte()), format!("{end}{indent}db_table = {value}")),
                false => Edit::insert(at_byte(first.start_byte()), format!("db_table = {value}{end}{indent}")),
            });
        }
        if self.source.slice(span(body)).contains("class Meta") {
            return Err(Refusal::because("a `Meta` stands further in"));
        }
        let step = indent.strip_prefix(self.indent_of(class)).filter(|step| !step.is_empty()).unwrap_or("    ");
        let derived = base.map(|base| format!("({base}.Meta)")).unwrap_or_default();
        let meta = format!("class Meta{derived}:{end}{indent}{step}db_table = {value}");
        // After the fields and before the methods, as Django's own style has it.
        let is_field = |it: &&Node<'_>| !matches!(it.kind(), "function_definition" | "decorated_definition");
        match statements.iter().take_while(is_field).last() {
            Some(last) => {
                let at = self.end_of_line(*last);
                let follows = self.source.text.get(at as usize..).unwrap_or("");
                if !(follows.is_empty() || follows.starts_with(['\n', '\r'])) {
                    return Err(Refusal::because("two statements stand on one line"));
                }
                Ok(Edit::insert(at, format!("{end}{end}{indent}{meta}")))
            }
            None => Ok(Edit::insert(at_byte(first.start_byte()), format!("{meta}{end}{end}{indent}"))),
        }
    }

    /// `options` of the call whose name stands at `at`.
    fn in_options(&self, at: Span, value: &str) -> Result<Edit, Refusal> {
        let arguments = self.arguments(at)?;
        let quote = self.usual_quote();
        let key = format!("{quote}db_table{quote}: {value}");
        let all = given(arguments);
        let keyword = |name: &str| all.iter().copied().find(|it| self.keyword(*it) == Some(name));
        let positional: Vec<Node<'a>> = all.iter().copied().filter(|it| it.kind() != "keyword_argument").collect();
        let options = keyword("options").and_then(|it| it.child_by_field_name("value")).or(positional.get(2).copied());
        if let Some(options) = options {
            if options.kind() != "dictionary" {
                return Err(Refusal::because("the options of the model are put together at run time"));
            }
            return Ok(match given(options).first() {
                Some(first) => Edit::insert(at_byte(first.start_byte()), format!("{key},{}", self.before(*first))),
                None => Edit::insert(at_byte(options.start_byte() + 1), key),
            });
        }
        let fields = keyword("fields").or(positional.get(1).copied()).filter(|_| positional.len() < 3);
        let Some(fields) = fields.or(all.last().copied().filter(|_| keyword("bases").is_none())) else {
            return Err(Refusal::because("the model is put together at run time"));
        };
        let before = self.before(fields);
        let (end, indent) = (self.imports.line_end(), self.indent_of(fields));
        let options = match before.starts_with(' ') {
            true => format!("options={{{key}}}"),
            false => format!("options={{{end}{indent}    {key},{end}{indent}}}"),
        };
        Ok(Edit::insert(at_byte(fields.end_byte()), format!(",{before}{options}")))
    }

    /// An argument more for the call whose name stands at `at`: before the first that has a name, so that no comment gets another one.
    fn in_call(&self, at: Span, keyword: &str, value: &str) -> Result<Edit, Refusal> {
        let arguments = self.arguments(at)?;
        let all = given(arguments);
        let text = format!("{keyword}={value}");
        if all.iter().any(|it| matches!(it.kind(), "dictionary_splat" | "list_splat")) {
            return Err(Refusal::because("what it is handed is put together at run time"));
        }
        let named = all.iter().find(|it| it.kind() == "keyword_argument");
        Ok(match (named, all.last()) {
            (Some(named), _) => Edit::insert(at_byte(named.start_byte()), format!("{text},{}", self.before(*named))),
            (None, Some(last)) => Edit::insert(at_byte(last.end_byte()), format!(", {text}")),
            (None, None) => Edit::insert(at_byte(arguments.start_byte() + 1), text),
        })
    }

    fn arguments(&self, at: Span) -> Result<Node<'a>, Refusal> {
        let mut node = self.root.named_descendant_for_byte_range(at.range().start, at.range().end);
        while let Some(here) = node {
            if here.kind() == "call" {
                let called = here.child_by_field_name("function").filter(|it| it.end_byte() == at.range().end);
                let arguments = here.child_by_field_name("arguments").filter(|it| it.kind() == "argument_list");
                return called.and(arguments).ok_or_else(|| Refusal::because("nothing is called here"));
            }
            node = here.parent();
        }
        Err(Refusal::because("nothing is called here"))
    }

    fn keyword(&self, argument: Node<'_>) -> Option<&str> {
        let name = argument.child_by_field_name("name").filter(|_| argument.kind() == "keyword_argument")?;
        Some(self.source.slice(span(name)))
    }

    /// What stands between an argument and one before it: a line of its own where it has one.
    fn before(&self, argument: Node<'_>) -> String {
        let line = self.line_before(argument);
        match line.trim().is_empty() {
            true => format!("{}{line}", self.imports.line_end()),
            false => " ".to_owned(),
        }
    }

    fn line_before(&self, node: Node<'_>) -> &str {
        self.source.text.get(..node.start_byte()).unwrap_or("").rsplit(['\n', '\r']).next().unwrap_or("")
    }

    fn indent_of(&self, node: Node<'_>) -> &str {
        let line = self.line_before(node);
        line.get(..line.len() - line.trim_start().len()).unwrap_or("")
    }
}

/// What stands between brackets, without comments.
fn given(node: Node<'_>) -> Vec<Node<'_>> {
    super::super::named_children(node).into_iter().filter(|it| it.kind() != "comment").collect()
}

fn is_below(class: Node<'_>, statement: Node<'_>) -> bool {
    statement.start_position().row > class.start_position().row
}

/// A docstring.
fn is_text(statement: Node<'_>) -> bool {
    statement.kind() == "expression_statement"
        && statement.named_child(0).is_some_and(|it| matches!(it.kind(), "string" | "concatenated_string"))
}

fn at_byte(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
