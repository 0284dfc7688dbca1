//! Names of tables that code makes from the names of other tables: `table_name = "starred_" + Folder._meta.table_name`. Those others
//! keep their names. Knows no SQL.

use std::collections::HashSet;

use super::evaluate::Val;
use super::facts::Reading;
use super::ir::{Bound, ExprId, Kind, ScopeId, ScopeKind};
use super::models::is_meta;

/// The models of one module whose tables give others their names.
#[derive(Debug, Default)]
pub(super) struct Sources {
    classes: HashSet<ScopeId>,
    /// It can be any of them: `target._meta.table_name` of a parameter.
    any: bool,
}

impl Sources {
    pub(super) fn has(&self, class: ScopeId) -> bool {
        self.any || self.classes.contains(&class)
    }
}

impl Reading<'_> {
    pub(super) fn sources_of_names(&self) -> Sources {
        let mut found = Sources::default();
        for scope in self.module.scopes.iter().filter(|scope| scope.kind == ScopeKind::Class) {
            let keys: &[&str] =
                if is_meta(self.module, scope) { &["db_table", "table_name"] } else { &["__tablename__"] };
            for binding in keys.iter().filter_map(|key| scope.bindings.get(*key)).flatten() {
                if let Bound::Expr(value) = binding.value {
                    self.sources_in(value, &mut found);
                }
            }
        }
        found
    }

    /// The models that an expression asks for the names of their tables, unless it is nothing but one of them.
    fn sources_in(&self, value: ExprId, found: &mut Sources) {
        let whole = self.module.expr(value);
        if matches!(whole.kind, Kind::Member(..)) {
            return;
        }
        for part in self.module.exprs.iter().filter(|part| whole.span.contains(part.span)) {
            let Kind::Member(base, name) = &part.kind else { continue };
            if !matches!(name.as_ref(), "__tablename__" | "table_name" | "db_table") {
                continue;
            }
            let model = match &self.module.expr(*base).kind {
                Kind::Member(model, meta) if meta.as_ref() == "_meta" => *model,
                _ => *base,
            };
            let classes: Vec<_> = self
                .evaluator
                .ask(self.at, model)
                .into_iter()
                .filter_map(|val| match val {
                    Val::Class(class) => Some(class),
                    _ => None,
                })
                .collect();
            found.any |= classes.is_empty();
            found.classes.extend(classes.into_iter().filter(|(home, _)| *home == self.at).map(|(_, class)| class));
        }
    }
}
