#!/usr/bin/env bash
# Memory of `scan`, `check` and `fix` over 100, 1,000, 5,000 and 20,000 Python files that are all rewritten, and how much each file adds.
#   benches/fix-memory.sh [DBGUARD] [SIZES]
set -euo pipefail
dbguard=${1:-target/release/dbguard}
dbguard=$(cd "$(dirname "$dbguard")" && pwd)/$(basename "$dbguard")
sizes=${2:-100 1000 5000 20000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

lay_out() { # FILES WITH-TABLES
  python3 - "$work/tree" "$1" "$2" <<'PYTHON'
import pathlib, sys
root, files, tables = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "yes"
root.mkdir()
policy = '[primary]\npath = "/app/data/zoe.db"\nenv = "DATABASE_PATH"\n'
(root / "dbguard.toml").write_text(policy + ('[tables]\nroadmap_items = "roadmap_priority"\n' if tables else ""))
text = '''"""Service @."""
import sqlite3
from datetime import datetime

DB_PATH = "/app/data/zoe.db"


class Store@:
    """Keeps items of service @."""

    def __init__(self, path=DB_PATH):
        self.connection = sqlite3.connect(path)

    def create(self):
        self.connection.execute("CREATE TABLE IF NOT EXISTS roadmap_items (id INTEGER PRIMARY KEY, title TEXT, state TEXT)")

    def add(self, title, state="open"):
        cursor = self.connection.cursor()
        cursor.execute(
            "INSERT INTO roadmap_items (title, state) VALUES (?, ?)",
            (title, state + datetime.now().isoformat()),
        )
        self.connection.commit()
        return cursor.lastrowid

    def of_state(self, state):
        rows = self.connection.execute("SELECT id, title FROM roadmap_items WHERE state = ?", (state,))
        return [dict(id=row[0], title=row[1]) for row in rows]


def summary_@(limit=10):
    with sqlite3.connect(DB_PATH) as connection:
        found = connection.execute("SELECT count(*) FROM roadmap_items").fetchone()
    print(f"service @: {found[0]} items, at most {limit}")
    return found[0]


if __name__ == "__main__":
    for item in Store@().of_state("open"):
        print(item["id"], item["title"], summary_@())
'''
for number in range(files):
    folder = root / f"part{number // 100}"
    folder.mkdir(exist_ok=True)
    (folder / f"service_{number}.py").write_text(text.replace("@", str(number)))
PYTHON
}

measure() { # LABEL WITH-TABLES ARGUMENTS
  local label=$1 tables=$2 last="" last_size=""
  shift 2
  for size in $sizes; do
    rm -rf "$work/tree"
    lay_out "$size" "$tables"
    /usr/bin/time -f "%M %e" -o "$work/took" "$dbguard" "$@" --root "$work/tree" >/dev/null 2>&1 || true
    read -r memory seconds < <(tail -1 "$work/took")
    slope=""
    [ -n "$last" ] && slope=", $(((memory - last) * 1024 / (size - last_size))) bytes a file more"
    echo "$label, $size files: $memory KiB, $seconds s$slope"
    last=$memory last_size=$size
  done
}

measure "scan" no scan
measure "check" no check
measure "fix --diff" no fix --diff
measure "fix" no fix --allow-dirty
measure "fix --unsafe, with a table renamed" yes fix --unsafe --allow-dirty
