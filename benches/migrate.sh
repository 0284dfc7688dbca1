#!/usr/bin/env bash
# Measures `dbguard migrate apply` on four databases whose ids overlap, so that three of them are re-keyed into the first,
# against a hand-tuned script of the sqlite3 shell that does the same, `.dump | sqlite3`, and a plain copy of the files.
#
#   benches/migrate.sh [MEGABYTES-PER-SOURCE] [ROUNDS] [FOLDER]
#
# Lays the sources out once in FOLDER (default: a folder below target/; it needs seven times their size), runs all of them in
# turn, prints medians, processor time (mean), ratios and the most memory each took, and fails where their rows do not agree. Compare by ratio.
# DUMP=0 leaves `.dump` out, which takes longer than all the others together.
set -euo pipefail
cd "$(dirname "$0")/.."

size=${1:-40}
rounds=${2:-3}
folder=${3:-target/bench-migrate-$size}
for tool in sqlite3 python3 /usr/bin/time; do
  command -v "$tool" >/dev/null || { echo "migrate: install $tool first" >&2; exit 3; }
done
if [ -z "${DBGUARD:-}" ]; then
  cargo build --release --locked
  DBGUARD=$PWD/target/release/dbguard
fi

tables="users sessions events memory_entries blobs"
mkdir -p "$folder/sources" "$folder/out"
cd "$folder"

lay_out() {
  rm -f "sources/s$1.db"
  sqlite3 "sources/s$1.db" <<SQL
PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;
BEGIN;
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, created_at INTEGER);
CREATE TABLE sessions (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id), token TEXT NOT NULL UNIQUE, started_at INTEGER);
CREATE TABLE events (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL REFERENCES sessions(id), kind TEXT, at INTEGER, payload TEXT);
CREATE TABLE memory_entries (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id), key TEXT NOT NULL, value TEXT, updated_at INTEGER, UNIQUE (user_id, key));
CREATE TABLE blobs (id INTEGER PRIMARY KEY, entry_id INTEGER REFERENCES memory_entries(id), mime TEXT, data BLOB);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60 * $size)
  INSERT INTO users SELECT i, printf('user%d@s$1.example', i), printf('User %d of $1', i), 1700000000 + i FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300 * $size)
  INSERT INTO sessions SELECT i, 1 + i * 7919 % (60 * $size), lower(hex(randomblob(16))), 1700000000 + i FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3150 * $size)
  INSERT INTO events SELECT i, 1 + i * 104729 % (300 * $size), CASE i % 4 WHEN 0 THEN 'open' WHEN 1 THEN 'click' WHEN 2 THEN 'read' ELSE 'close' END,
    1700000000 + i * 37 % 9999991, printf('{"n":%d,"trace":"%s","ok":true}', i, hex(randomblob(46))) FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 735 * $size)
  INSERT INTO memory_entries SELECT i, 1 + i % (60 * $size), printf('note/%d', i), hex(randomblob(170)), 1700000000 + i * 101 % 999983 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20 * $size)
  INSERT INTO blobs SELECT i, 1 + i * 31 % (735 * $size), 'application/octet-stream', randomblob(3000 + i * 17 % 2400) FROM n;
CREATE INDEX sessions_user ON sessions(user_id);
CREATE INDEX events_session ON events(session_id);
CREATE INDEX events_at ON events(at);
CREATE INDEX memory_updated ON memory_entries(updated_at);
CREATE INDEX blobs_entry ON blobs(entry_id);
COMMIT;
SQL
}

if [ ! -e sources/laid-out ]; then
  for source in 1 2 3 4; do lay_out $source >/dev/null; done
  touch sources/laid-out
fi
du -ch --apparent-size sources/*.db | tail -1

{
  printf 'version = 1\n\n[target]\npath = "all.db"\nbase = "s1"\n\n[defaults]\non-conflict = "stop"\ndangling = "keep"\n'
  for source in 1 2 3 4; do printf '\n[[source]]\nid = "s%d"\npath = "s%d.db"\naction = "merge"\n' $source $source; done
  for table in $tables; do printf '\n[[table]]\nname = "%s"\nfrom = ["s1", "s2", "s3", "s4"]\nrekey = "offset"\n' $table; done
  printf '\n[after]\nsources = "archive"\nkeep-days = 30\n'
} >migration.toml

# What somebody who knows SQLite writes for just these tables: indexes that no insert needs are dropped and made anew.
{
  echo 'PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA foreign_keys=OFF; PRAGMA cache_size=-32000; PRAGMA temp_store=FILE;'
  echo 'DROP INDEX sessions_user; DROP INDEX events_session; DROP INDEX events_at; DROP INDEX memory_updated; DROP INDEX blobs_entry;'
  for source in 2 3 4; do
    cat <<SQL
ATTACH 'sources/s$source.db' AS src;
CREATE TEMP TABLE o AS SELECT (SELECT max(id) FROM main.users) AS users, (SELECT max(id) FROM main.sessions) AS sessions,
  (SELECT max(id) FROM main.events) AS events, (SELECT max(id) FROM main.memory_entries) AS entries, (SELECT max(id) FROM main.blobs) AS blobs;
BEGIN;
INSERT INTO main.users SELECT id + (SELECT users FROM o), email, name, created_at FROM src.users;
INSERT INTO main.sessions SELECT id + (SELECT sessions FROM o), user_id + (SELECT users FROM o), token, started_at FROM src.sessions;
INSERT INTO main.events SELECT id + (SELECT events FROM o), session_id + (SELECT sessions FROM o), kind, at, payload FROM src.events;
INSERT INTO main.memory_entries SELECT id + (SELECT entries FROM o), user_id + (SELECT users FROM o), key, value, updated_at FROM src.memory_entries;
INSERT INTO main.blobs SELECT id + (SELECT blobs FROM o), entry_id + (SELECT entries FROM o), mime, data FROM src.blobs;
COMMIT;
DROP TABLE o;
DETACH src;
SQL
  done
  cat <<'SQL'
CREATE INDEX sessions_user ON sessions(user_id);
CREATE INDEX events_session ON events(session_id);
CREATE INDEX events_at ON events(at);
CREATE INDEX memory_updated ON memory_entries(updated_at);
CREATE INDEX blobs_entry ON blobs(entry_id);
SQL
} >by-hand.sql

by_copy() { cp sources/*.db out/; }
by_hand() { cp sources/s1.db out/hand.db && sqlite3 out/hand.db <by-hand.sql >/dev/null; }
# The result of the hand-tuned script once more: less than a merge, as nothing is re-keyed.
by_dump() { sqlite3 hand.db .dump | sqlite3 out/dump.db; }
export -f by_copy by_hand by_dump

# measure NAME COMMAND…: seconds and KiB, one line each round.
measure() {
  local name=$1
  shift
  # Whoever comes first would pay for reading the files.
  cat sources/*.db >/dev/null
  rm -f out/*.db
  /usr/bin/time -o time -f "$name %e %M %U %S" "$@" || { echo "migrate: $name failed" >&2; exit 3; }
  tail -1 time >>times
}

counts() { for table in $tables; do sqlite3 "$1" "SELECT '$table', count(*) FROM $table"; done; }
# Neither needs an order: sums over what each row says, and over what its parent says.
sums() {
  sqlite3 "$1" "SELECT sum(length(u.email)), sum(length(s.token) * (1 + u.created_at % 1000)) FROM sessions s JOIN users u ON u.id = s.user_id;
    SELECT sum(length(e.payload) * (1 + s.started_at % 1000)) FROM events e JOIN sessions s ON s.id = e.session_id;
    SELECT sum(length(m.value) * (1 + u.created_at % 1000)) FROM memory_entries m JOIN users u ON u.id = m.user_id;
    SELECT sum(length(b.data) * (1 + m.updated_at % 1000)) FROM blobs b JOIN memory_entries m ON m.id = b.entry_id;"
}

# What `apply` says of its own steps: `stage 1.2 s`.
steps() {
  grep -oE '\b(freeze|backup|stage|prove|fence|publish|check) [0-9.]+ (ms|s|min)\b' "$1" |
    awk '{ unit["ms"] = 0.001; unit["s"] = 1; unit["min"] = 60; print "dbguard:" $1, $2 * unit[$3], 0 }'
}

: >times
for round in $(seq "$rounds"); do
  measure copy bash -c by_copy
  measure by-hand bash -c by_hand
  [ "$round" -gt 1 ] || { counts out/hand.db; sums out/hand.db; } >rows-by-hand
  if [ "${DUMP:-1}" != 0 ]; then
    mv out/hand.db hand.db
    measure dump bash -c by_dump
    rm -f hand.db
  fi
  rm -rf out/*.db project && mkdir project && cp sources/*.db migration.toml project/
  measure dbguard "$DBGUARD" --root project migrate apply --yes --progress none >outcome 2>&1
  steps outcome >>times
  if [ "$round" = 1 ]; then
    { counts project/all.db; sums project/all.db; } >rows-by-dbguard
    diff rows-by-hand rows-by-dbguard || { echo "migrate: the rows do not agree" >&2; exit 1; }
  fi
done
rm -rf project out

awk '
  { if (!($1 in runs)) order[++names] = $1; seconds[$1, ++runs[$1]] = $2; work[$1] += $4 + $5; if ($3 > most[$1]) most[$1] = $3 }
  function median(name, count, at, other, held) {
    count = runs[name]
    for (at = 2; at <= count; at++)
      for (other = at; other > 1 && seconds[name, other] < seconds[name, other - 1]; other--) {
        held = seconds[name, other]; seconds[name, other] = seconds[name, other - 1]; seconds[name, other - 1] = held
      }
    return count % 2 ? seconds[name, (count + 1) / 2] : (seconds[name, count / 2] + seconds[name, count / 2 + 1]) / 2
  }
  END {
    for (at = 1; at <= names; at++) middle[order[at]] = median(order[at])
    printf "%-16s %8s %10s %10s %10s %8s\n", "", "seconds", "x by-hand", "processor", "x by-hand", "MiB"
    for (at = 1; at <= names; at++) {
      name = order[at]
      printf "%-16s %8.2f %10.2f", name, middle[name], middle[name] / middle["by-hand"]
      if (most[name]) printf " %10.2f %10.2f %8d", work[name] / runs[name], work[name] / runs[name] / (work["by-hand"] / runs["by-hand"]), most[name] / 1024
      print ""
    }
    if ("dump" in middle) printf "dump / dbguard: %.1f\n", middle["dump"] / middle["dbguard"]
  }' times
