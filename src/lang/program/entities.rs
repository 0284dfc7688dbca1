//! Models of JavaScript's mappers, which take the name of their table from their own: Sequelize's and TypeORM's. A model may be meant
//! by every plural of its name. Knows no SQL.

use super::evaluate::{argument, static_text};
use super::facts::Reading;
use super::ir::{Arg, ExprId, Kind, Piece, Scope, ScopeId, ScopeKind};
use super::models::{name_of_class, snake};
use super::tables::is_name;
use crate::lang::facts::{Access, Naming, TableUse};
use crate::lang::plural::plurals;
use crate::text::Span;

const SEQUELIZE: &str = "Sequelize takes the table's name from the model: give it a `tableName`";
const BETWEEN: &str = "a `@JoinTable()` takes the name of its table from those of models: give it a `name`";
const PIVOT: &str = "MikroORM calls a table between two models after theirs: give it a `pivotTable`";
const COLUMNS_BETWEEN: &str =
    "the columns of a `@JoinTable()` are called after tables: give it a `joinColumn` and an `inverseJoinColumn`";
const THROUGH: &str = "Sequelize takes it for the name of a model, or makes the table";

/// Methods of what changes a schema by hand, which name the table first. Data.
const OF_STEPS: [&str; 25] = [
    "addColumn",
    "addColumns",
    "addConstraint",
    "addIndex",
    "bulkDelete",
    "bulkInsert",
    "bulkUpdate",
    "changeColumn",
    "clearTable",
    "createForeignKey",
    "createForeignKeys",
    "createIndex",
    "createIndices",
    "createPrimaryKey",
    "createUniqueConstraint",
    "describeTable",
    "dropColumn",
    "dropColumns",
    "dropForeignKey",
    "dropIndex",
    "getTable",
    "removeColumn",
    "removeConstraint",
    "removeIndex",
    "renameColumn",
];

/// Decorators stand at most that many bytes before their class.
const DECORATED: usize = 600;

impl Reading<'_> {
    pub(super) fn entities(&mut self) {
        let text = &self.module.source.text;
        let (sequelize, typeorm) =
            (["equelize", "modelName"].iter().any(|sign| text.contains(sign)), text.contains("Entity("));
        for &call in &self.module.calls {
            let Kind::Call { callee, args } = &self.module.expr(call).kind else { continue };
            match &self.module.expr(*callee).kind {
                Kind::Member(base, method) => {
                    if sequelize {
                        self.of_sequelize(*base, method, args);
                    }
                    self.of_interface(*base, method, args);
                }
                Kind::Name(name) => self.of_typeorm(name, args),
                _ => {}
            }
        }
        for index in 0..self.module.exprs.len() {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            if sequelize && let Kind::Dict(pairs) = &self.module.expr(id).kind {
                self.references(pairs);
                self.model_elsewhere(id);
            }
        }
        let between = if typeorm { self.between() } else { Vec::new() };
        for index in 0..self.module.scopes.len() {
            let class = ScopeId(u32::try_from(index).unwrap_or(u32::MAX));
            let scope = self.module.scope(class);
            if typeorm && scope.kind == ScopeKind::Class && self.is_nameless_entity(scope) {
                let (name, at) = (scope.name.to_string(), name_of_class(self.module, class));
                let tables = [snake(&name), name.to_ascii_lowercase()];
                let between = between.iter().find(|(own, _)| *own == name).map(|(_, reason)| *reason);
                self.may_be_of(tables, at, between);
            }
        }
        for (name, reason) in &between {
            self.named_between(name, reason);
        }
        // MikroORM calls a table between two models after that of one of them.
        let text = &self.module.source.text;
        let is_between = ["ManyToMany(", "manyToMany("].iter().any(|sign| text.contains(sign));
        if text.contains("mikro-orm") && is_between && !text.contains("pivotTable") {
            for found in &mut self.facts.table_uses {
                if found.access == Access::Defines && matches!(found.naming, Naming::Given | Naming::Implied) {
                    found.fixed.get_or_insert_with(|| PIVOT.into());
                }
            }
        }
    }

    /// `@Entity("users")` before a class after whose table another one is called.
    fn named_between(&mut self, class: &str, reason: &str) {
        for scope in self.module.scopes.iter().filter(|scope| scope.kind == ScopeKind::Class && *scope.name == *class) {
            let head = (scope.span.start as usize).saturating_sub(DECORATED);
            let decorators = self.module.calls.iter().map(|&call| self.module.expr(call)).filter(|call| {
                matches!(&call.kind, Kind::Call { callee, .. }
                    if matches!(&self.module.expr(*callee).kind, Kind::Name(name) if name.as_ref() == "Entity"))
            });
            // The last one before the words `class User`.
            let at = self.module.source.slice(scope.span).find("class ").map_or(0, |at| at as u32) + scope.span.start;
            let own = decorators
                .map(|call| call.span)
                .filter(|span| span.start as usize >= head && span.end <= at)
                .max_by_key(|span| span.start);
            for found in &mut self.facts.table_uses {
                if found.place.file == self.module.source.path && own.is_some_and(|own| own.contains(found.place.span))
                {
                    found.fixed.get_or_insert_with(|| reason.into());
                }
            }
        }
    }

    /// `User.init({..}, { modelName: "user" })`, `sequelize.define("user", {..})`, `A.belongsToMany(B, { through: "a_b" })`.
    fn of_sequelize(&mut self, base: ExprId, method: &str, args: &[Arg]) {
        let options =
            args.iter().skip(1).map(|arg| arg.value).rfind(|&arg| matches!(self.module.expr(arg).kind, Kind::Dict(_)));
        let field = |name: &str| options.and_then(|options| self.field(options, name));
        let named = match method {
            "init" if options.is_some() && (field("sequelize").or(field("modelName")).is_some()) => field("modelName"),
            "define" => argument(args, 0, &[]).filter(|_| args.len() > 1),
            "belongsToMany" => {
                if let Some((table, span)) = field("through").and_then(|through| self.name_in(through)) {
                    self.may_be([table], Some(span), THROUGH);
                }
                return;
            }
            _ => return,
        };
        if field("tableName").is_some() {
            return;
        }
        if let Some((model, span)) = named.and_then(|named| self.name_in(named)) {
            self.may_be_of(plurals(&model), Some(span), None);
        } else if method == "init" && named.is_none() {
            let own = super::members::enclosing_class(self.module, self.module.expr(base).scope);
            let named = match &self.module.expr(base).kind {
                Kind::Name(name) if name.as_ref() != "super" => Some((name.to_string(), self.module.expr(base).span)),
                _ => own.and_then(|class| {
                    let at = name_of_class(self.module, class)?;
                    Some((self.module.scope(class).name.to_string(), at))
                }),
            };
            if let Some((model, at)) = named {
                self.may_be(plurals(&model), Some(at), SEQUELIZE);
            }
        }
    }

    /// `new Storage({ modelName: "user" })`, from which something else makes a model.
    fn model_elsewhere(&mut self, options: ExprId) {
        let is_init = self.module.expr(options).parent.is_some_and(|call| match &self.module.expr(call).kind {
            Kind::Call { callee, .. } => {
                matches!(&self.module.expr(*callee).kind, Kind::Member(_, name) if name.as_ref() == "init")
            }
            _ => false,
        });
        if is_init || self.field(options, "tableName").is_some() {
            return;
        }
        if let Some((model, span)) = self.field(options, "modelName").and_then(|model| self.name_in(model)) {
            self.may_be(plurals(&model), Some(span), SEQUELIZE);
        }
    }

    /// A step that does away with what TypeORM called after a digest of the table's name: `dropIndex("users", "IDX_97672ac8")`.
    fn digest_of_table(&mut self, args: &[Arg]) {
        let [table, name, ..] = args else { return };
        let Some((digest, _)) = self.text_in(name.value) else { return };
        let is_digest = digest.split_once('_').is_some_and(|(kind, hex)| {
            matches!(kind, "IDX" | "FK" | "UQ" | "PK" | "REL" | "CHK" | "DF")
                && hex.len() >= 16
                && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        // Where a step gives the name by hand, it stands there as well.
        let places = self.module.source.text.matches(digest.as_str()).count();
        let drops = self.module.calls.iter().filter(|&&call| {
            let Kind::Call { callee, args } = &self.module.expr(call).kind else { return false };
            matches!(&self.module.expr(*callee).kind, Kind::Member(_, method) if method.starts_with("drop"))
                && args.get(1).and_then(|name| self.text_in(name.value)).is_some_and(|(own, _)| own == digest)
        });
        if is_digest
            && places == drops.count()
            && let Some((table, span)) = self.name_in(table.value)
        {
            let place = self.module.source.place(span);
            let reason = format!("TypeORM makes the name `{digest}` from that of the table");
            for found in self.facts.table_uses.iter_mut().filter(|found| found.place == place && *found.table == *table)
            {
                found.fixed = Some(reason.as_str().into());
            }
        }
    }

    /// Whoever changes a schema by hand names the table first: `queryInterface.addColumn("users", ..)`.
    fn of_interface(&mut self, base: ExprId, method: &str, args: &[Arg]) {
        let (Kind::Name(name) | Kind::Member(_, name)) = &self.module.expr(base).kind else { return };
        let text = &self.module.source.text;
        let called = matches!(name.as_ref(), "queryInterface" | "queryRunner") && method != "query";
        let of_steps = OF_STEPS.contains(&method)
            && ["QueryRunner", "QueryInterface", "queryInterface"].iter().any(|word| text.contains(word));
        if !called && !of_steps {
            return;
        }
        let first = args.iter().take(if method == "renameTable" { 2 } else { 1 }).map(|arg| arg.value);
        for given in first.collect::<Vec<_>>() {
            self.names_table(given, Access::Defines, Naming::Given, &[]);
        }
        if text.contains("typeorm") && method.starts_with("drop") {
            self.digest_of_table(args);
        }
    }

    /// `references: { model: "users", key: "id" }`.
    fn references(&mut self, pairs: &[(Option<ExprId>, ExprId)]) {
        for &(key, value) in pairs {
            let key = key.and_then(|key| static_text(self.module, key));
            if key.as_deref() == Some("references")
                && let Some(model) = self.field(value, "model").or_else(|| self.field(value, "table"))
            {
                self.names_table(model, Access::Reads, Naming::Given, &[]);
            }
        }
    }

    /// `@Entity({ name: "users" })`, `new Table({ name: "users" })`, `new TableForeignKey({ referencedTableName: "users" })`.
    fn of_typeorm(&mut self, name: &str, args: &[Arg]) {
        let Some(only) = args.first() else { return };
        let key = match name {
            "Entity" | "Table" | "JoinTable" => "name",
            "TableForeignKey" => "referencedTableName",
            _ => return,
        };
        if let Some(given) = self.field(only.value, key) {
            self.names_table(given, Access::Defines, Naming::Given, &[]);
        }
    }

    /// `@Entity()`, `@Entity({ synchronize: false })` before a class.
    fn is_nameless_entity(&self, class: &Scope) -> bool {
        let text = &self.module.source.text;
        let end = class.span.start as usize;
        let mut from = end.saturating_sub(DECORATED);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        // A grammar may count the decorators to the class.
        let own = self.module.source.slice(class.span);
        let head = own.split_once("class ").map_or("", |(head, _)| head);
        let around = format!("{}{head}", text.get(from..end).unwrap_or(""));
        let Some((_, after)) = around.rsplit_once("@Entity(") else { return false };
        let given = after.split(')').next().unwrap_or("");
        !after.contains("class ") && !given.contains(['"', '\'', '`'])
    }

    /// Classes of which TypeORM calls a table between them after theirs, or its columns, and why they keep their names.
    fn between(&self) -> Vec<(String, &'static str)> {
        let mut found = Vec::new();
        for (at, call) in self.evaluator.program.every_caller("JoinTable") {
            let Some(module) = self.evaluator.program.module(at) else { continue };
            let Kind::Call { args, .. } = &module.expr(call).kind else { continue };
            let keys: Vec<String> = match args.first().map(|arg| &module.expr(arg.value).kind) {
                Some(Kind::Dict(pairs)) => {
                    pairs.iter().filter_map(|(key, _)| key.and_then(|key| static_text(module, key))).collect()
                }
                _ => Vec::new(),
            };
            let has = |key: &str| keys.iter().any(|own| own.trim_end_matches('s') == key);
            let reason = match has("name") {
                false => BETWEEN,
                true if has("joinColumn") && has("inverseJoinColumn") => continue,
                true => COLUMNS_BETWEEN,
            };
            let span = module.expr(call).span;
            let class =
                module.scopes.iter().filter(|scope| scope.kind == ScopeKind::Class && scope.span.contains(span));
            found.extend(class.map(|class| (class.name.to_string(), reason)));
            // The other side is what the nearest `@ManyToMany(() => Role)` says.
            let relations = module.calls.iter().filter_map(|&other| match &module.expr(other).kind {
                Kind::Call { callee, args } => {
                    let named = matches!(&module.expr(*callee).kind, Kind::Name(name) if name.as_ref() == "ManyToMany");
                    let words = module.source.slice(module.expr(args.first()?.value).span);
                    named.then(|| (module.expr(other).span.start.abs_diff(span.start), words))
                }
                _ => None,
            });
            if let Some((_, words)) = relations.min_by_key(|(distance, _)| *distance) {
                let name = words
                    .rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_')
                    .find(|word| !word.is_empty());
                found.extend(name.map(|name| (name.to_owned(), reason)));
            }
        }
        found
    }

    /// The tables that a model may stand for keep their names.
    fn may_be(&mut self, tables: impl IntoIterator<Item = String>, at: Option<Span>, reason: &str) {
        self.may_be_of(tables, at, Some(reason));
    }

    fn may_be_of(&mut self, tables: impl IntoIterator<Item = String>, at: Option<Span>, fixed: Option<&str>) {
        let Some(at) = at else { return };
        let place = self.module.source.place(at);
        for table in tables {
            if self.facts.table_uses.iter().any(|found| found.place == place && *found.table == *table) {
                continue;
            }
            self.facts.table_uses.push(TableUse {
                access: Access::Defines,
                fixed: fixed.map(Into::into),
                ..self.table_use(place.clone(), table, Naming::Implied, ScopeId(0))
            });
        }
    }

    /// The value of a key of an object literal.
    fn field(&self, object: ExprId, name: &str) -> Option<ExprId> {
        let Kind::Dict(pairs) = &self.module.expr(object).kind else { return None };
        let has = |key: &Option<ExprId>| key.and_then(|key| static_text(self.module, key)).as_deref() == Some(name);
        pairs.iter().find(|(key, _)| has(key)).map(|(_, value)| *value)
    }

    fn text_in(&self, literal: ExprId) -> Option<(String, Span)> {
        let Kind::Text(pieces) = &self.module.expr(literal).kind else { return None };
        let [Piece::Text(text, span)] = pieces.as_slice() else { return None };
        ((span.end - span.start) as usize == text.len()).then(|| (text.clone(), *span))
    }

    fn name_in(&self, literal: ExprId) -> Option<(String, Span)> {
        self.text_in(literal).filter(|(text, _)| is_name(text))
    }
}
