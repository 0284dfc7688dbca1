#!/usr/bin/env bash
# Measures `dbguard check` against ripgrep over the same tree: 40,000 files, 100 MB of Python, mostly without databases.
#
#   benches/against-ripgrep.sh [FILES] [FOLDER]
#
# Lays the tree out once in FOLDER (default: a folder below target/), then times both with hyperfine, and prints the memory.
set -euo pipefail
cd "$(dirname "$0")/.."

files=${1:-40000}
folder=${2:-target/bench-tree-$files}
for tool in rg hyperfine python3; do
  command -v "$tool" >/dev/null || { echo "against-ripgrep: install $tool first" >&2; exit 3; }
done

cargo build --release --locked
dbguard=$PWD/target/release/dbguard

if [ ! -e "$folder/.laid-out" ]; then
  rm -rf "$folder" && mkdir -p "$folder"
  python3 - "$folder" "$files" <<'PYTHON'
import os, random, sqlite3, sys

root, count = sys.argv[1], int(sys.argv[2])
chance = random.Random(7)
words = "value name limit total index order account message queue worker state result batch item user event token".split()


def method(name):
    a, b, c = (chance.choice(words) for _ in range(3))
    return (f"    def {name}(self, {a}, {b}=None):\n        \"\"\"Returns the {c} of one {a}.\"\"\"\n"
            f"        {c}_of = [entry for entry in {a} if entry != {b}]\n        if not {c}_of:\n"
            f"            raise ValueError(f\"no {c} in {{{a}!r}}\")\n        return sorted({c}_of)[: self.limit]\n\n")


for number in range(count):
    folder = os.path.join(root, f"package_{number // 400:03}", f"part_{number // 40 % 10}")
    os.makedirs(folder, exist_ok=True)
    text = "import os\nimport logging\n\n\n"
    while len(text) < 2500:
        text += f"class {chance.choice(words).title()}{chance.randrange(9999)}:\n    limit = {chance.randrange(99)}\n\n"
        text += "".join(method(f"{chance.choice(words)}_{chance.choice(words)}_{at}") for at in range(3)) + "\n"
    if number % 200 == 0:
        text += (f"import sqlite3\n\nDB_PATH = os.getenv('DATABASE_PATH', 'data/service_{number // 200 % 12}.db')\n\n\n"
                 "def connect():\n    return sqlite3.connect(DB_PATH)\n")
    with open(os.path.join(folder, f"module_{number}.py"), "w") as out:
        out.write(text)

os.makedirs(os.path.join(root, "data"), exist_ok=True)
for number in range(12):
    with sqlite3.connect(os.path.join(root, "data", f"service_{number}.db")) as database:
        database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
PYTHON
  touch "$folder/.laid-out"
fi

du -sh --apparent-size "$folder"
pattern='\.(db|sqlite3?|db3)\b|sqlite:|DATABASE_PATH'
hyperfine --warmup 2 --runs 10 --ignore-failure --shell none \
  --command-name ripgrep "rg -l '$pattern' $folder" \
  --command-name 'dbguard check' "$dbguard check --root $folder --output-format concise $folder"
if [ -x /usr/bin/time ]; then
  /usr/bin/time -f 'dbguard check: %M KiB at most, %e s' "$dbguard" check --root "$folder" --output-format concise "$folder" >/dev/null || true
fi
