//! Words of SQL that the walk knows by their place. Data only.

/// Schemas whose tables belong to the engine.
pub(super) const SYSTEM_SCHEMAS: [&str; 4] = ["information_schema", "pg_catalog", "mysql", "performance_schema"];

/// Words that may follow FROM's list and end it.
pub(super) const ENDS_FROM: [&str; 17] = [
    "WHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "WINDOW",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "RETURNING",
    "SET",
    "VALUES",
    "OFFSET",
    "FETCH",
    "FOR",
    "SELECT",
    "DO",
];

/// Words that cannot be a table where one is looked for.
pub(super) const NOT_TABLES: [&str; 28] = [
    "SELECT", "WHERE", "VALUES", "SET", "FROM", "JOIN", "ON", "USING", "GROUP", "ORDER", "BY", "AND", "OR", "NOT",
    "NULL", "AS", "INTO", "UNION", "LIMIT", "CASE", "WHEN", "THEN", "ELSE", "END", "IN", "EXISTS", "DEFAULT", "TABLE",
];
