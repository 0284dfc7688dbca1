//! JavaScript's and TypeScript's syntax, lowered to the form that programs share. Follows no value: that is
//! [`super::program`]'s work.

mod classes;
mod component;
mod expressions;
mod functions;
mod modules;
mod patterns;
mod statements;
mod strings;
mod write;

use std::sync::Arc;

use tree_sitter::{Node, Parser, Tree};

use super::Language;
use super::lowering::{At, span};
use super::program::{BlockId, Bound, ExprId, Kind, Module, ModuleBuilder, ScopeId, ScopeKind};
use crate::text::{Source, Span};
use component::Dialect;

pub(super) use write::{model_at, write};

/// Deeper nesting than this is not followed: real code stays below 100, and a stack has an end.
const MAX_DEPTH: u32 = 200;

/// Lowers a source. Text that is no program gives a module with `has_errors` set and whatever could be read.
#[must_use]
pub fn lower(source: Arc<Source>, language: Language) -> Module {
    let mut builder = ModuleBuilder::new(Arc::clone(&source), language);
    let parts = component::parts(&source, language);
    builder.module.prose.extend(parts.prose);
    let Some(tree) = parse(&source, parts.dialect, &parts.code) else {
        builder.module.has_errors = true;
        return builder.module;
    };
    let root = tree.root_node();
    builder.module.has_errors = root.has_error();
    let mut lowering = Lowering { source: &source, builder, assigned: Vec::new(), exported: Vec::new() };
    lowering.comments(root);
    lowering.statements(root, At { scope: ScopeId(0), block: BlockId(0), class: None, levels: MAX_DEPTH });
    lowering.finish()
}

/// Plain JavaScript that its grammar cannot read is often Flow, or TypeScript under another name.
fn parse(source: &Source, dialect: Dialect, code: &[tree_sitter::Range]) -> Option<Tree> {
    let tree = parse_as(source, dialect, code)?;
    if !tree.root_node().has_error() {
        return Some(tree);
    }
    let other = match dialect {
        Dialect::Javascript => Dialect::Tsx,
        Dialect::Typescript | Dialect::Tsx => return Some(tree),
    };
    match parse_as(source, other, code) {
        Some(second) if !second.root_node().has_error() => Some(second),
        _ => Some(tree),
    }
}

fn parse_as(source: &Source, dialect: Dialect, code: &[tree_sitter::Range]) -> Option<Tree> {
    let language = match dialect {
        Dialect::Javascript => tree_sitter_javascript::LANGUAGE.into(),
        Dialect::Typescript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        Dialect::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
    };
    let mut parser = Parser::new();
    parser.set_language(&language).ok()?;
    if !code.is_empty() {
        parser.set_included_ranges(code).ok()?;
    }
    parser.parse(&source.text, None)
}

struct Lowering<'a> {
    source: &'a Source,
    builder: ModuleBuilder,
    /// Assignments to names, which may be declared further out or further down; bound when all is read.
    assigned: Vec<Assigned>,
    /// Names given to the outside that may also be names of the module itself.
    exported: Vec<(Arc<str>, Bound, Span)>,
}

struct Assigned {
    name: Arc<str>,
    value: Bound,
    span: Span,
    scope: ScopeId,
    block: BlockId,
}

impl Lowering<'_> {
    fn text(&self, node: Node<'_>) -> &str {
        self.source.slice(span(node))
    }

    fn name(&self, node: Node<'_>) -> Arc<str> {
        self.text(node).into()
    }

    fn make(&mut self, kind: Kind, node: Node<'_>, at: At) -> ExprId {
        self.builder.expr(kind, span(node), at.scope, at.block)
    }

    /// Comments and the words of markup may stand anywhere, so they are gathered in one walk of their own.
    fn comments(&mut self, root: Node<'_>) {
        let mut cursor = root.walk();
        loop {
            let node = cursor.node();
            match node.kind() {
                "comment" | "html_comment" | "jsx_text" => self.builder.module.prose.push(span(node)),
                "jsx_attribute" => {
                    let words = children(node).into_iter().filter(|child| child.kind() == "string");
                    self.builder.module.prose.extend(words.map(span));
                }
                _ => {}
            }
            if cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
            }
        }
    }

    /// The class that a name stands for here.
    fn class_called(&self, name: &str, at: At) -> Option<ScopeId> {
        let scopes = &self.builder.module.scopes;
        let mut scope = Some(at.scope);
        while let Some(here) = scope.and_then(|id| scopes.get(id.0 as usize)) {
            if let Some(bindings) = here.bindings.get(name) {
                return bindings.iter().rev().find_map(|binding| match binding.value {
                    Bound::Class(class) => Some(class),
                    _ => None,
                });
            }
            scope = here.parent;
        }
        None
    }

    /// The innermost scope around `scope` that declares `name`; the module for a name that is never declared.
    fn declaring(&self, name: &str, scope: ScopeId) -> ScopeId {
        let scopes = &self.builder.module.scopes;
        let mut at = Some(scope);
        while let Some(id) = at {
            let Some(here) = scopes.get(id.0 as usize) else { break };
            if here.kind != ScopeKind::Class && here.bindings.contains_key(name) {
                return id;
            }
            at = here.parent;
        }
        ScopeId(0)
    }

    fn finish(mut self) -> Module {
        for Assigned { name, value, span, scope, block } in std::mem::take(&mut self.assigned) {
            let scope = self.declaring(&name, scope);
            self.builder.bind(scope, Arc::clone(&name), value, span, block);
            if let Some(bindings) = self.builder.scope_mut(scope).bindings.get_mut(&name) {
                bindings.sort_by_key(|binding| binding.span);
            }
        }
        for (name, value, span) in std::mem::take(&mut self.exported) {
            if !self.builder.scope_mut(ScopeId(0)).bindings.contains_key(&name) {
                self.builder.bind(ScopeId(0), name, value, span, BlockId(0));
            }
        }
        let module = &mut self.builder.module;
        let exprs = &module.exprs;
        let start = |id: &ExprId| exprs.get(id.0 as usize).map(|expr| expr.span.start);
        module.texts.sort_by_key(start);
        module.prose.sort_unstable();
        self.builder.module
    }
}

/// The named children that are code: neither comments nor types.
fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| {
            !matches!(
                child.kind(),
                "comment"
                    | "html_comment"
                    | "jsx_text"
                    | "type_annotation"
                    | "type_arguments"
                    | "type_parameters"
                    | "optional_chain"
                    | "hash_bang_line"
            )
        })
        .collect()
}

/// What stands inside parentheses, `await`, `as T`, `satisfies T`, `<T>` and `!`.
fn bare(node: Node<'_>) -> Node<'_> {
    let mut node = node;
    loop {
        let inner = match node.kind() {
            "parenthesized_expression"
            | "await_expression"
            | "non_null_expression"
            | "as_expression"
            | "satisfies_expression"
            | "instantiation_expression" => children(node).first().copied(),
            "type_assertion" => children(node).last().copied(),
            _ => None,
        };
        match inner {
            Some(inner) if inner.kind() != "sequence_expression" => node = inner,
            _ => return node,
        }
    }
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;
