=== data/zoe.db
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'member', 'guest')),
    created_at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, birthday TEXT, user_id INTEGER REFERENCES users (id));
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    due TEXT,
    done INTEGER NOT NULL DEFAULT 0,
    assigned_to INTEGER REFERENCES users (id) ON DELETE SET NULL
);
CREATE TABLE notifications (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, payload TEXT, sent_at TEXT);
CREATE TABLE audit_log (id INTEGER PRIMARY KEY, what TEXT NOT NULL, who INTEGER, at TEXT DEFAULT CURRENT_TIMESTAMP);
CREATE INDEX tasks_open ON tasks (due) WHERE done = 0;
CREATE INDEX users_by_email ON users (lower(email));
CREATE VIEW open_tasks AS SELECT t.id, t.title, u.username FROM tasks t LEFT JOIN users u ON u.id = t.assigned_to WHERE t.done = 0;
CREATE TRIGGER users_audit AFTER INSERT ON users BEGIN
    INSERT INTO audit_log (what, who) VALUES ('registered', new.id);
END;
INSERT INTO users (id, username, email, password_hash, role) VALUES
    (1, 'jason', 'jason@house.test', '3b1869b5487151e1c23e7e31d64e7203db8769e8daf2ea126a593b952bc87eac', 'owner'),
    (2, 'maria', 'maria@house.test', '8c746e9221eb2da6b2e031f55a34f8615dbcc8f755596230bc55e291f5a7e45b', 'member'),
    (3, 'ada', 'ada@house.test', '29fa3e6e49e79c211172c8cd5eea5e9996a9f272501baa46a48c88699bc2176d', 'member'),
    (4, 'tom', 'tom@house.test', '6bbbdec27bc30be2fc2e723b1cbeda14e319057658dd566b78922004dc226fc8', 'guest');
INSERT INTO people VALUES (1, 'Maria', '1986-03-02', 2), (2, 'Tom', '2011-11-30', 4), (3, 'Grandmother Rose', '1949-06-17', NULL);
INSERT INTO tasks (title, due, done, assigned_to) VALUES
    ('Call the plumber', '2025-11-20', 0, 1), ('Sign the school letter', '2025-11-22', 0, 2),
    ('Order firewood', '2025-12-01', 0, 1), ('Clean the filter', '2025-10-01', 1, NULL);
INSERT INTO notifications VALUES (1, 'push', '{"title": "Dinner"}', '2025-11-01T18:00:00Z'), (2, 'mail', NULL, NULL);
=== data/auth.db
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    last_login INTEGER
);
CREATE TABLE sessions (
    token TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER DEFAULT (unixepoch())
) WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user_id);
INSERT INTO users VALUES
    (1, 'maria', '8c746e9221eb2da6b2e031f55a34f8615dbcc8f755596230bc55e291f5a7e45b', 1763000000),
    (2, 'jason', '3b1869b5487151e1c23e7e31d64e7203db8769e8daf2ea126a593b952bc87eac', NULL);
INSERT INTO sessions (token, user_id, created_at) VALUES ('a1b2', 1, 1763000000), ('c3d4', 2, 1763000500);
=== data/sessions.db
CREATE TABLE sessions (session_id TEXT PRIMARY KEY, user_id TEXT NOT NULL, data TEXT, expires_at INTEGER);
INSERT INTO sessions VALUES ('web-1', '2', '{"theme": "dark"}', 1893456000), ('a1b2', '1', NULL, 1893456000), ('web-3', '99', NULL, 0);
=== data/developer_tasks.db
CREATE TABLE users (user_id TEXT PRIMARY KEY, username TEXT NOT NULL, email TEXT, is_admin INTEGER NOT NULL DEFAULT 0);
CREATE TABLE tasks (task_id TEXT PRIMARY KEY, title TEXT NOT NULL, owner TEXT REFERENCES users (user_id), state TEXT NOT NULL DEFAULT 'new');
CREATE TABLE task_executions (id INTEGER PRIMARY KEY, task_id TEXT REFERENCES tasks (task_id), log TEXT, took REAL);
INSERT INTO users VALUES ('u-1', 'jason', 'jason@work.test', 1), ('u-2', 'sam', NULL, 0);
INSERT INTO tasks VALUES ('T1', 'Merge the databases', 'u-1', 'new'), ('T2', 'Write the docs', 'u-2', 'done');
INSERT INTO task_executions VALUES (1, 'T1', 'failed', 0.5), (2, 'T1', 'failed', 0.7), (3, 'T9', 'orphan', NULL);
=== data/memory.db wal
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, relation TEXT);
CREATE TABLE facts (id INTEGER PRIMARY KEY, fact TEXT NOT NULL, person_id INTEGER REFERENCES people (id), embedding BLOB);
CREATE VIRTUAL TABLE facts_fts USING fts5(fact, content='facts', content_rowid='id');
CREATE TRIGGER facts_added AFTER INSERT ON facts BEGIN
    INSERT INTO facts_fts (rowid, fact) VALUES (new.id, new.fact);
END;
INSERT INTO people VALUES (1, 'Doctor Weiss', 'physician'), (2, 'Tom', 'child');
INSERT INTO facts (fact, person_id, embedding) VALUES ('the key is under the mat', NULL, x'00ff10'), ('Tom dislikes olives', 2, NULL);
--- unflushed
INSERT INTO people VALUES (3, 'Petra', 'neighbour'), (4, 'Grandmother Rose', 'grandmother');
INSERT INTO facts (fact, person_id) VALUES ('Petra has a key', 3);
=== data/notifications.db
CREATE TABLE notifications (
    id INTEGER PRIMARY KEY, title TEXT, value TEXT, owner INTEGER, body TEXT, user_id INTEGER, read INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE system_state (key TEXT PRIMARY KEY, value TEXT);
INSERT INTO notifications (id, title, body, user_id) VALUES
    (1, 'Bins', 'Put the bins out', 1), (2, 'Rain', 'Take an umbrella', 2), (3, 'Bins', 'Put the bins out', 2);
INSERT INTO system_state VALUES ('last_run', '2025-11-20');
=== data/calendar.db
CREATE TABLE events (id INTEGER PRIMARY KEY, title TEXT NOT NULL, value TEXT, owner INTEGER, starts TEXT);
INSERT INTO events (title, owner, starts) VALUES ('Dentist', 1, '2025-12-03T09:00'), ('School play', 2, '2025-12-12 17:30');
=== data/lists.db
CREATE TABLE list_items (id INTEGER PRIMARY KEY, title TEXT NOT NULL, value TEXT, owner INTEGER, done INTEGER DEFAULT 0);
INSERT INTO list_items (title, done) VALUES ('milk', 0), ('candles', 0), ('bread', 1);
=== data/journal.db
CREATE TABLE entries (id INTEGER PRIMARY KEY, title TEXT, value TEXT, owner INTEGER, written_at TEXT);
CREATE VIRTUAL TABLE entries_fts USING fts5(title, value);
INSERT INTO entries (title, value, written_at) VALUES ('First snow', 'It snowed all night.', '2025-11-18');
INSERT INTO entries_fts (rowid, title, value) SELECT id, title, value FROM entries;
=== data/weather.db
CREATE TABLE forecasts (id INTEGER PRIMARY KEY, title TEXT, value REAL, owner INTEGER, day TEXT);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
INSERT INTO forecasts (title, value, day) SELECT 'temperature', 12.5 - i * 0.25, date('2025-10-01', i || ' days') FROM n;
=== data/music.db
CREATE TABLE tracks (id INTEGER PRIMARY KEY, title TEXT NOT NULL, value TEXT, owner INTEGER, plays INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX tracks_by_title ON tracks (title COLLATE NOCASE);
INSERT INTO tracks (title, plays) VALUES ('Nocturne', 12), ('Étude', 3), ('Song for a kettle', 0);
=== data/devices.db
CREATE TABLE rooms (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE devices (id INTEGER PRIMARY KEY, title TEXT, name TEXT, value TEXT, owner INTEGER, room INTEGER REFERENCES rooms (id));
CREATE TABLE changes (device INTEGER, was TEXT, at TEXT DEFAULT CURRENT_TIMESTAMP);
CREATE TRIGGER device_changed AFTER UPDATE OF value ON devices WHEN old.value IS NOT new.value BEGIN
    INSERT INTO changes (device, was) VALUES (old.id, old.value);
END;
INSERT INTO rooms VALUES (1, 'kitchen'), (2, 'hall');
INSERT INTO devices (title, name, value, room) VALUES ('Lamp', 'lamp-1', 'on', 1), ('Lock', 'lock-1', 'closed', 2), ('Sensor', 'temp-1', '21.5', 7);
UPDATE devices SET value = 'off' WHERE name = 'lamp-1';
=== data/energy.db
CREATE TABLE readings (id INTEGER PRIMARY KEY, title TEXT, value REAL, owner INTEGER, at INTEGER);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
INSERT INTO readings (title, value, at) SELECT 'meter', i * 0.31, 1763000000 + i * 900 FROM n;
=== data/recipes.db
CREATE TABLE recipes (id INTEGER PRIMARY KEY, title TEXT NOT NULL, value TEXT, owner INTEGER);
INSERT INTO recipes (title, value) VALUES ('Soup', 'leek, potato'), ('Bread', 'flour, water, salt');
=== data/metrics.db
CREATE TABLE samples (id INTEGER PRIMARY KEY, title TEXT, value REAL, owner INTEGER);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
INSERT INTO samples (title, value, owner) SELECT 'load', i % 7, 1 + i % 4 FROM n;
=== data/presence.db zero-bytes
=== data/voice.db
=== data/ideas.db
CREATE TABLE ideas (id INTEGER PRIMARY KEY, words TEXT);
INSERT INTO ideas (words) VALUES ('a bell for the cat'), ('fewer databases');
=== homeassistant/home-assistant_v2.db
CREATE TABLE states (state_id INTEGER PRIMARY KEY, entity_id TEXT, state TEXT, last_updated_ts REAL);
CREATE TABLE schema_changes (change_id INTEGER PRIMARY KEY, schema_version INTEGER, changed DATETIME);
INSERT INTO states (entity_id, state, last_updated_ts) VALUES ('light.kitchen', 'off', 1763000000.5), ('sensor.hall', '21.5', 1763000100.25);
INSERT INTO schema_changes VALUES (1, 50, '2025-11-01 00:00:00');
