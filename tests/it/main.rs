//! The program and its sources, seen from outside: one binary for every integration test.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail, and makes the files it looks at")]

mod bad_input;
mod baseline;
mod browser;
mod check;
mod commit_hook;
mod consolidation;
mod described_tables;
mod django_renames;
mod docs;
mod documents;
mod extend;
mod fix;
mod fix_bad_input;
mod floor_plan;
mod formats;
mod github;
mod library_renames;
mod migrate_code;
mod migrate_disturbed;
mod migrate_histories;
mod migrate_joined;
mod migrate_kill;
mod migrate_kill_code;
mod migrate_plan;
mod migrate_refuse;
mod migrate_report;
mod migrate_run;
mod migrate_views;
mod packages;
mod pre_commit;
mod sandbox;
mod scan;
mod schemas;
mod since;
mod staged;
mod steadiness;
mod suppression;
mod tools;
mod uses_picture;
mod whole_renames;
