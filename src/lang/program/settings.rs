//! Settings classes: pydantic's fields are environment variables under their names.

use super::evaluate::{Evaluator, InModule, Val, argument, static_text};
use super::ir::{Bound, Kind, ScopeId};
use super::view::View;

impl View<'_> {
    /// The `env_prefix` of a pydantic settings class; `None` when the class is none.
    pub(super) fn settings_prefix(&self, evaluator: &Evaluator<'_>, class: InModule<ScopeId>) -> Option<String> {
        let module = self.module(class.0)?;
        let body = module.scope(class.1);
        let is_settings =
            body.bases.iter().any(|&base| {
                module.source.slice(module.expr(base).span).ends_with("BaseSettings")
                    || evaluator.eval(class.0, base, &None).iter().any(|val| match val {
                        Val::External(name) => name.ends_with("BaseSettings"),
                        Val::Class(base) => {
                            *base != class
                                && self.module(base.0).is_some_and(|module| {
                                    module.scope(base.1).bases.iter().any(|&base| {
                                        module.source.slice(module.expr(base).span).ends_with("BaseSettings")
                                    })
                                })
                        }
                        _ => false,
                    })
            });
        if !is_settings {
            return None;
        }
        let mut prefix = String::new();
        if let Some(binding) = body.bindings.get("model_config").and_then(|bindings| bindings.last())
            && let Bound::Expr(config) = binding.value
        {
            match &module.expr(config).kind {
                Kind::Call { args, .. } => {
                    if let Some(text) =
                        argument(args, usize::MAX, &["env_prefix"]).and_then(|arg| static_text(module, arg))
                    {
                        prefix = text;
                    }
                }
                Kind::Dict(pairs) => {
                    for (key, value) in pairs {
                        if key.and_then(|key| static_text(module, key)).as_deref() == Some("env_prefix") {
                            prefix = static_text(module, *value).unwrap_or_default();
                        }
                    }
                }
                _ => {}
            }
        }
        if let Some(Bound::Class(inner)) =
            body.bindings.get("Config").and_then(|bindings| bindings.last()).map(|binding| &binding.value)
            && let Some(Bound::Expr(value)) = module
                .scope(*inner)
                .bindings
                .get("env_prefix")
                .and_then(|bindings| bindings.last())
                .map(|binding| &binding.value)
        {
            prefix = static_text(module, *value).unwrap_or_default();
        }
        Some(prefix)
    }

    /// The environment variable of a field of a settings class.
    pub(super) fn settings_env(&self, class: InModule<ScopeId>, field: &str, prefix: &str) -> Option<String> {
        let module = self.module(class.0)?;
        let binding = module.scope(class.1).bindings.get(field).and_then(|bindings| bindings.last());
        match binding.map(|binding| &binding.value) {
            Some(Bound::Expr(value)) => {
                if let Kind::Call { args, .. } = &module.expr(*value).kind {
                    let named = argument(args, usize::MAX, &["env", "validation_alias", "alias"])
                        .and_then(|arg| static_text(module, arg));
                    if let Some(named) = named {
                        return Some(named);
                    }
                }
            }
            // A field that a base declares is read under the settings class's own prefix.
            Some(Bound::Annotated(_)) | None => {}
            Some(_) => return None,
        }
        Some(format!("{prefix}{field}").to_uppercase())
    }
}
