//! Tables in which migration tools keep which of their steps were taken. Each belongs to one history: two are never one. Knows
//! names only.

/// A tool's own table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bookkeeping {
    /// In lower case.
    pub table: &'static str,
    /// Whose it is.
    pub tool: &'static str,
    /// How the tool is told of another name; what to do where it cannot be.
    pub told: &'static str,
}

const fn of(table: &'static str, tool: &'static str, told: &'static str) -> Bookkeeping {
    Bookkeeping { table, tool, told }
}

const ALL: [Bookkeeping; 17] = [
    of("alembic_version", "alembic", "version_table of context.configure() in env.py"),
    of("django_migrations", "Django", "Django knows this name alone: take its steps over with `migrate --fake`"),
    of("schema_migrations", "its tool", "most tools have a setting for it (golang-migrate: x-migrations-table)"),
    of("schema_version", "the application", "the code that reads it"),
    of("migrations", "its tool", "most tools have a setting for it"),
    of("ar_internal_metadata", "Rails", "active_record.internal_metadata_table_name"),
    of("goose_db_version", "goose", "-table"),
    of("flyway_schema_history", "Flyway", "flyway.table"),
    of("knex_migrations", "Knex", "migrations.tableName"),
    of("knex_migrations_lock", "Knex", "it follows from migrations.tableName"),
    of("migratehistory", "peewee-migrate", "migrate_table"),
    of("sequelizemeta", "Sequelize", "migrationStorageTableName"),
    of("_prisma_migrations", "Prisma", "Prisma knows this name alone: take its steps over with `migrate resolve`"),
    of("_sqlx_migrations", "sqlx", "sqlx knows this name alone: one of the histories has to go"),
    of("__drizzle_migrations", "Drizzle", "migrations.table"),
    of("__diesel_schema_migrations", "Diesel", "Diesel knows this name alone: one of the histories has to go"),
    of("__efmigrationshistory", "Entity Framework", "MigrationsHistoryTable"),
];

/// What a table is to a migration tool, by its name.
#[must_use]
pub fn bookkeeping(table: &str) -> Option<&'static Bookkeeping> {
    ALL.iter().find(|own| own.table.eq_ignore_ascii_case(table))
}
