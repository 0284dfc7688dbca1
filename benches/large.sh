#!/usr/bin/env bash
# Measures the memory of `dbguard migrate apply` where a source holds one long blob, and where it holds a large table; both are
# re-keyed, so that no page can be copied as it is.
#
#   benches/large.sh [BLOB-MEGABYTES] [TABLE-MEGABYTES] [FOLDER]
#
# Needs four times their size in FOLDER (default: below target/). 0 leaves one out.
set -euo pipefail
cd "$(dirname "$0")/.."

blob=${1:-500}
table=${2:-5000}
folder=${3:-target/bench-large}
for tool in sqlite3 /usr/bin/time; do
  command -v "$tool" >/dev/null || { echo "large: install $tool first" >&2; exit 3; }
done
if [ -z "${DBGUARD:-}" ]; then
  cargo build --release --locked
  DBGUARD=$PWD/target/release/dbguard
fi
mkdir -p "$folder"
cd "$folder"

# measure NAME SQL: `many.db` gets the schema and the rows of SQL; `few.db`, the base, has its ids already.
measure() {
  rm -rf project && mkdir project
  local schema="CREATE TABLE files (id INTEGER PRIMARY KEY, name TEXT NOT NULL, data BLOB);"
  sqlite3 project/few.db "$schema INSERT INTO files VALUES (1, 'first', x'00'), (2, 'second', x'01');"
  sqlite3 project/many.db "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; $schema $2" >/dev/null
  local before after
  before=$(sqlite3 project/many.db "SELECT count(*), sum(length(data)) FROM files")
  cat >project/migration.toml <<TOML
version = 1
[target]
path = "all.db"
base = "few"
[[source]]
id = "few"
path = "few.db"
[[source]]
id = "many"
path = "many.db"
[[table]]
name = "files"
from = ["few", "many"]
rekey = "offset"
[after]
sources = "archive"
TOML
  local size
  size=$(du -m --apparent-size project/many.db | cut -f1)
  /usr/bin/time -o time -f "%e %M" "$DBGUARD" --root project migrate apply --yes --progress none >outcome 2>&1 ||
    { cat outcome >&2; exit 3; }
  after=$(sqlite3 project/all.db "SELECT count(*), sum(length(data)) FROM files WHERE id > 2")
  [ "$before" = "$after" ] || { echo "large: $1: $before became $after" >&2; exit 1; }
  awk -v name="$1" -v size="$size" '{ printf "%-20s %6d MiB %10.1f s %8d MiB of memory\n", name, size, $1, $2 / 1024 }' time
  rm -rf project
}

[ "$blob" = 0 ] || measure "one blob" "INSERT INTO files VALUES (1, 'long', randomblob($blob * 1000000));"
[ "$table" = 0 ] || measure "one table" "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $table * 1000)
  INSERT INTO files SELECT i, printf('file %d', i), randomblob(960) FROM n;"
