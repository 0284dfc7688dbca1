//! Imports and exports, of both module systems.

use std::sync::Arc;

use tree_sitter::Node;

use super::super::program::{BlockId, Bound, ExprId, Kind, ScopeId};
use super::patterns::Target;
use super::{At, Lowering, bare, children, span};
use crate::text::Span;

impl Lowering<'_> {
    /// A name of the module's scope that stands for a module which code takes in without naming it
    /// (`require("m").x`); no program can spell it.
    pub(super) fn module_name(&mut self, module: &Arc<str>, span: Span) -> Arc<str> {
        let name: Arc<str> = format!("require({module})").into();
        if !self.builder.scope_mut(ScopeId(0)).bindings.contains_key(&name) {
            let module = Arc::clone(module);
            self.builder.bind(ScopeId(0), Arc::clone(&name), Bound::Module(module), span, BlockId(0));
        }
        name
    }

    /// The module that `require("m")` or `import("m")` takes in.
    pub(super) fn required(&self, node: Node<'_>) -> Option<Arc<str>> {
        let call = bare(node);
        if call.kind() != "call_expression" {
            return None;
        }
        let function = call.child_by_field_name("function")?;
        if !matches!(self.text(function), "require" | "import") {
            return None;
        }
        let arguments = children(call.child_by_field_name("arguments")?);
        self.literal(*arguments.first()?).map(Into::into)
    }

    /// What a declaration binds when its value is a module, or a part of one.
    pub(super) fn imported(&self, node: Node<'_>) -> Option<Bound> {
        if let Some(module) = self.required(node) {
            return Some(Bound::Module(module));
        }
        let member = bare(node);
        if member.kind() != "member_expression" {
            return None;
        }
        let module = self.required(member.child_by_field_name("object")?)?;
        let name = self.name(member.child_by_field_name("property")?);
        Some(Bound::Import { module, name })
    }

    fn module_of(&self, node: Node<'_>) -> Option<Arc<str>> {
        self.literal(node.child_by_field_name("source")?).map(Into::into)
    }

    pub(super) fn import(&mut self, node: Node<'_>, at: At) {
        for clause in children(node) {
            match clause.kind() {
                "import_clause" => {
                    if let Some(module) = self.module_of(node) {
                        self.import_clause(clause, &module, at);
                    }
                }
                // `import x = require("m")`
                "import_require_clause" => {
                    if let (Some(name), Some(module)) = (children(clause).first(), self.module_of(clause)) {
                        let words = self.name(*name);
                        self.target(words, Bound::Module(module), span(*name), Target::Declared, at);
                    }
                }
                _ => {}
            }
        }
    }

    fn import_clause(&mut self, clause: Node<'_>, module: &Arc<str>, at: At) {
        for part in children(clause) {
            match part.kind() {
                "identifier" => {
                    let value = Bound::Import { module: Arc::clone(module), name: "default".into() };
                    let words = self.name(part);
                    self.target(words, value, span(part), Target::Declared, at);
                }
                "namespace_import" => {
                    if let Some(name) = children(part).first() {
                        let words = self.name(*name);
                        self.target(words, Bound::Module(Arc::clone(module)), span(*name), Target::Declared, at);
                    }
                }
                "named_imports" => {
                    for specifier in children(part) {
                        if let Some((name, alias)) = self.specifier(specifier) {
                            let value = Bound::Import { module: Arc::clone(module), name };
                            let words = self.export_name(alias);
                            self.target(words, value, span(alias), Target::Declared, at);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// `name as alias`; the alias is the name itself where there is none.
    fn specifier<'t>(&self, node: Node<'t>) -> Option<(Arc<str>, Node<'t>)> {
        let name = node.child_by_field_name("name")?;
        let alias = node.child_by_field_name("alias").unwrap_or(name);
        Some((self.export_name(name), alias))
    }

    fn export_name(&self, node: Node<'_>) -> Arc<str> {
        self.literal(node).unwrap_or_else(|| self.text(node)).into()
    }

    pub(super) fn export(&mut self, node: Node<'_>, at: At) {
        let mut cursor = node.walk();
        let default = node.children(&mut cursor).any(|child| child.kind() == "default");
        for child in children(node) {
            if child.kind() == "decorator" {
                self.all(child, at);
            }
        }
        if let Some(declaration) = node.child_by_field_name("declaration") {
            self.statement(declaration, at);
            if let (true, Some(name)) = (default, declaration.child_by_field_name("name")) {
                let value = self.make(Kind::Name(self.name(name)), name, at);
                self.default_export(value, span(name));
            }
            return;
        }
        if let Some(value) = node.child_by_field_name("value") {
            let value = self.expr(value, at);
            self.default_export(value, span(node));
            return;
        }
        let module = self.module_of(node);
        for child in children(node) {
            match (child.kind(), &module) {
                ("export_clause", module) => {
                    for specifier in children(child) {
                        self.export_specifier(specifier, module.as_ref(), at);
                    }
                }
                ("namespace_export", Some(module)) => {
                    if let Some(name) = children(child).first() {
                        let words = self.export_name(*name);
                        self.exported.push((words, Bound::Module(Arc::clone(module)), span(*name)));
                    }
                }
                ("string", Some(module)) if self.stars(node) => {
                    let value = Bound::Import { module: Arc::clone(module), name: "*".into() };
                    self.target("*".into(), value, span(child), Target::Declared, at);
                }
                // `export = value`
                ("identifier" | "object" | "call_expression" | "member_expression" | "new_expression", None) => {
                    let value = self.expr(child, at);
                    self.default_export(value, span(child));
                }
                _ => {}
            }
        }
    }

    /// `export * from "m"`.
    fn stars(&self, node: Node<'_>) -> bool {
        let mut cursor = node.walk();
        node.children(&mut cursor).any(|child| child.kind() == "*")
    }

    fn export_specifier(&mut self, specifier: Node<'_>, module: Option<&Arc<str>>, at: At) {
        let Some((name, alias)) = self.specifier(specifier) else { return };
        let outside = self.export_name(alias);
        let value = match module {
            Some(module) => Bound::Import { module: Arc::clone(module), name },
            None if name == outside => return,
            None => Bound::Expr(self.make(Kind::Name(name), specifier, at)),
        };
        self.exported.push((outside, value, span(alias)));
    }

    pub(super) fn default_export(&mut self, value: ExprId, at: Span) {
        self.exported.push(("default".into(), Bound::Expr(value), at));
        let Some(Kind::Dict(pairs)) = self.builder.module.exprs.get(value.0 as usize).map(|expr| &expr.kind) else {
            return;
        };
        let named: Vec<_> = pairs
            .iter()
            .filter_map(|&(key, value)| Some((self.builder.module.exprs.get(key?.0 as usize)?, value)))
            .filter_map(|(key, value)| match &key.kind {
                Kind::Text(pieces) => match pieces.as_slice() {
                    [super::super::program::Piece::Text(name, span)] => {
                        Some((name.as_str().into(), Bound::Expr(value), *span))
                    }
                    _ => None,
                },
                _ => None,
            })
            .collect();
        self.exported.extend(named);
    }

    /// `module.exports = value`, `exports.name = value`, `module.exports.name = value`; whether it is one of these.
    pub(super) fn common_export(&mut self, target: Node<'_>, value: ExprId) -> bool {
        let (Some(object), Some(property)) =
            (target.child_by_field_name("object"), target.child_by_field_name("property"))
        else {
            return false;
        };
        match (self.text(object), self.text(property)) {
            ("module", "exports") => self.default_export(value, span(property)),
            ("exports" | "module.exports", _) => {
                let name = self.name(property);
                self.exported.push((name, Bound::Expr(value), span(property)));
            }
            _ => return false,
        }
        true
    }
}
