//! Classes, their fields and methods; enumerations.

use std::sync::Arc;

use tree_sitter::Node;

use super::super::program::{Bound, ExprId, Kind, ScopeId, ScopeKind};
use super::{At, Lowering, bare, children, span};

impl Lowering<'_> {
    pub(super) fn class(&mut self, node: Node<'_>, name: Arc<str>, at: At) -> ScopeId {
        let scope = self.builder.scope(ScopeKind::Class, Arc::clone(&name), span(node), at.scope);
        // Its own methods may speak of it by name.
        if let (true, Some(declared)) = (node.kind().ends_with("declaration"), node.child_by_field_name("name")) {
            self.builder.bind(at.scope, name, Bound::Class(scope), span(declared), at.block);
        }
        let mut bases = Vec::new();
        let mut decorators = Vec::new();
        for child in children(node) {
            match child.kind() {
                "class_heritage" => self.heritage(child, &mut bases, at),
                "decorator" => decorators.extend(self.all(child, at)),
                _ => {}
            }
        }
        let class = self.builder.scope_mut(scope);
        class.bases = bases;
        class.decorators = decorators;
        let block = self.builder.block(at.block, None);
        if let Some(body) = node.child_by_field_name("body") {
            let inside = At { scope, block, class: Some(scope), ..at };
            for member in children(body) {
                self.member(member, scope, inside);
            }
        }
        scope
    }

    fn heritage(&mut self, node: Node<'_>, bases: &mut Vec<ExprId>, at: At) {
        for child in children(node) {
            match child.kind() {
                "extends_clause" => {
                    if let Some(base) = child.child_by_field_name("value") {
                        bases.push(self.expr(base, at));
                    }
                }
                "implements_clause" => {}
                _ => bases.push(self.expr(child, at)),
            }
        }
    }

    fn member(&mut self, node: Node<'_>, class: ScopeId, at: At) {
        let Some(at) = at.deeper() else { return };
        match node.kind() {
            "method_definition" => self.method(node, at),
            "field_definition" | "public_field_definition" => self.class_field(node, at),
            "class_static_block" => {
                if let Some(body) = node.child_by_field_name("body") {
                    self.statements(body, at);
                }
            }
            "decorator" => {
                let parts = self.all(node, at);
                self.builder.scope_mut(class).decorators.extend(parts);
            }
            "ERROR" => {
                self.all(node, at);
            }
            _ => {}
        }
    }

    fn key_name(&self, node: Node<'_>) -> Arc<str> {
        self.literal(node).unwrap_or_else(|| self.text(node)).into()
    }

    fn method(&mut self, node: Node<'_>, at: At) {
        let Some(name) = node.child_by_field_name("name") else { return };
        let words = self.key_name(name);
        let scope = self.function(node, Arc::clone(&words), at);
        let mut cursor = node.walk();
        let accessor = node.children(&mut cursor).map(|child| child.kind()).find(|kind| matches!(*kind, "get" | "set"));
        let value = match accessor {
            Some("set") => return,
            Some(_) => Bound::Expr(self.getter(scope, node, at)),
            None => Bound::Function(scope),
        };
        self.builder.bind(at.scope, words, value, span(name), at.block);
    }

    /// Reading the property is calling the function.
    pub(super) fn getter(&mut self, scope: ScopeId, node: Node<'_>, at: At) -> ExprId {
        let callee = self.make(Kind::Function(scope), node, at);
        let call = self.make(Kind::Call { callee, args: Vec::new() }, node, at);
        // No call stands there for others to judge.
        self.builder.module.calls.pop();
        call
    }

    fn class_field(&mut self, node: Node<'_>, at: At) {
        let key = node.child_by_field_name("property").or_else(|| node.child_by_field_name("name"));
        let Some(key) = key else { return };
        for child in children(node) {
            if child.kind() == "decorator" {
                self.all(child, at);
            }
        }
        let name = self.key_name(key);
        let value = match node.child_by_field_name("value") {
            Some(value) => self.named_value(value, &name, at),
            None => match node.child_by_field_name("type").and_then(|annotation| self.annotation(annotation, at)) {
                Some(annotation) => Bound::Annotated(annotation),
                None => return,
            },
        };
        self.builder.bind(at.scope, name, value, span(key), at.block);
    }

    /// What `name = value` binds: functions and classes take the name.
    pub(super) fn named_value(&mut self, value: Node<'_>, name: &Arc<str>, at: At) -> Bound {
        let inner = bare(value);
        match inner.kind() {
            "arrow_function" | "function_expression" | "generator_function" => {
                let function = self.function_expression(inner, Some(Arc::clone(name)), at);
                match self.builder.module.exprs.get(function.0 as usize).map(|expr| &expr.kind) {
                    Some(Kind::Function(scope)) => Bound::Function(*scope),
                    _ => Bound::Expr(function),
                }
            }
            "class" => {
                let scope = self.class(inner, Arc::clone(name), at);
                self.make(Kind::Class(scope), inner, at);
                Bound::Class(scope)
            }
            _ => Bound::Expr(self.expr(value, at)),
        }
    }

    /// `enum Name { A = "a" }` is read as an object literal.
    pub(super) fn enumeration(&mut self, node: Node<'_>, at: At) {
        let (Some(name), Some(body)) = (node.child_by_field_name("name"), node.child_by_field_name("body")) else {
            return;
        };
        let mut pairs = Vec::new();
        for member in children(body) {
            if let (Some(key), Some(value)) = (member.child_by_field_name("name"), member.child_by_field_name("value"))
            {
                let key = if key.kind() == "string" { self.string(key, at) } else { self.word(key, at) };
                pairs.push((Some(key), self.expr(value, at)));
            }
        }
        let value = self.make(Kind::Dict(pairs), body, at);
        let words = self.name(name);
        self.builder.bind(at.scope, words, Bound::Expr(value), span(name), at.block);
    }
}
