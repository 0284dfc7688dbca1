//! Destructuring: what each name of a pattern is bound to.

use std::sync::Arc;

use tree_sitter::Node;

use super::super::program::{Bound, ExprId, Kind, Op};
use super::{At, Lowering, bare, children, span};
use crate::text::Span;

/// Whether a pattern declares its names here, or assigns to names that are declared somewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Declared,
    Assigned,
}

impl Lowering<'_> {
    pub(super) fn pattern(&mut self, node: Node<'_>, value: Bound, target: Target, at: At) {
        let Some(at) = at.deeper() else { return };
        match node.kind() {
            "identifier" | "shorthand_property_identifier_pattern" | "undefined" => {
                let name = self.name(node);
                self.target(name, value, span(node), target, at);
            }
            "object_pattern" => self.fields(node, &value, target, at),
            "array_pattern" => self.elements(node, &value, target, at),
            "assignment_pattern" | "object_assignment_pattern" => self.defaulted(node, value, target, at),
            "rest_pattern" => {
                if let Some(inner) = children(node).first() {
                    self.pattern(*inner, value, target, at);
                }
            }
            "member_expression" | "subscript_expression" => {
                let value = self.expr_of(&value, span(node), at);
                self.assign_member(node, value, at);
            }
            "non_null_expression" | "parenthesized_expression" => {
                let inner = bare(node);
                if inner.id() != node.id() {
                    self.pattern(inner, value, target, at);
                }
            }
            _ => {}
        }
    }

    pub(super) fn target(&mut self, name: Arc<str>, value: Bound, span: Span, target: Target, at: At) {
        match target {
            Target::Declared => self.builder.bind(at.scope, name, value, span, at.block),
            Target::Assigned => {
                self.assigned.push(super::Assigned { name, value, span, scope: at.scope, block: at.block });
            }
        }
    }

    fn fields(&mut self, node: Node<'_>, value: &Bound, target: Target, at: At) {
        for child in children(node) {
            match child.kind() {
                "shorthand_property_identifier_pattern" => {
                    let name = self.name(child);
                    let field = self.field(value, &name, child, at);
                    self.target(name, field, span(child), target, at);
                }
                "object_assignment_pattern" => {
                    let Some(left) = child.child_by_field_name("left") else { continue };
                    let name = self.name(left);
                    let field = self.field(value, &name, left, at);
                    self.defaulted(child, field, target, at);
                }
                "pair_pattern" => {
                    let (Some(key), Some(inner)) =
                        (child.child_by_field_name("key"), child.child_by_field_name("value"))
                    else {
                        continue;
                    };
                    let name: Arc<str> = self.literal(key).unwrap_or_else(|| self.text(key)).into();
                    let field = self.field(value, &name, key, at);
                    self.pattern(inner, field, target, at);
                }
                "rest_pattern" => self.pattern(child, value.clone(), target, at),
                _ => {}
            }
        }
    }

    fn elements(&mut self, node: Node<'_>, value: &Bound, target: Target, at: At) {
        let whole = self.expr_of(value, span(node), at);
        let mut index = 0;
        let mut cursor = node.walk();
        let parts: Vec<_> = node.children(&mut cursor).collect();
        for part in parts {
            match part.kind() {
                "," => index += 1,
                _ if !part.is_named() || part.kind() == "comment" => {}
                _ => self.pattern(part, Bound::Part(whole, index), target, at),
            }
        }
    }

    /// `pattern = default`.
    fn defaulted(&mut self, node: Node<'_>, value: Bound, target: Target, at: At) {
        let Some(left) = node.child_by_field_name("left") else { return };
        let Some(right) = node.child_by_field_name("right") else {
            self.pattern(left, value, target, at);
            return;
        };
        let given = self.expr_of(&value, span(left), at);
        let default = self.expr(right, at);
        let either = self.make(Kind::Binary { op: Op::Or, left: given, right: default }, node, at);
        self.pattern(left, Bound::Expr(either), target, at);
    }

    fn field(&mut self, value: &Bound, name: &Arc<str>, node: Node<'_>, at: At) -> Bound {
        match value {
            Bound::Module(module) => Bound::Import { module: Arc::clone(module), name: Arc::clone(name) },
            // Written out as a member, so that a read of `process.env` is seen for what it is.
            other => {
                let whole = self.expr_of(other, span(node), at);
                Bound::Expr(self.make(Kind::Member(whole, Arc::clone(name)), node, at))
            }
        }
    }

    /// An expression that means what the name would be bound to.
    fn expr_of(&mut self, value: &Bound, span: Span, at: At) -> ExprId {
        let kind = match value {
            Bound::Expr(value) => return *value,
            Bound::Field(base, name) => Kind::Member(*base, Arc::clone(name)),
            Bound::Part(base, index) => {
                let index = Kind::Number(index.to_string().into());
                let index = self.builder.expr(index, span, at.scope, at.block);
                Kind::Index(*base, index)
            }
            Bound::Element(base) => {
                let unknown = self.builder.expr(Kind::Opaque(Vec::new()), span, at.scope, at.block);
                Kind::Index(*base, unknown)
            }
            Bound::Module(module) => Kind::Name(self.module_name(module, span)),
            Bound::Import { module, name } => {
                let module = Kind::Name(self.module_name(module, span));
                let module = self.builder.expr(module, span, at.scope, at.block);
                Kind::Member(module, Arc::clone(name))
            }
            _ => Kind::Opaque(Vec::new()),
        };
        self.builder.expr(kind, span, at.scope, at.block)
    }
}
