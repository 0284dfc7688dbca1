#!/usr/bin/env bash
# Measures `dbguard check --staged` against `git diff --cached --raw` in a repository of 3,000 Python files: with 100 files
# staged that name no database, with 100 of which 5 do, with one, and with one that does. The two run in turn; each line tells
# the medians, the bound in milliseconds, and the ratio with its bound where there is one; and once more where nothing was learnt yet
# of the contents that are staged.
#
#   benches/staged.sh [FOLDER]
#
# Lays the repository out once in FOLDER (default: a folder below target/); compare the figures by ratio. On a machine where others
# are at work: build first, then `chrt -r 10 benches/staged.sh`.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-target/bench-staged}
for tool in git hyperfine python3; do
  command -v "$tool" >/dev/null || { echo "staged: install $tool first" >&2; exit 3; }
done
cargo build --release --locked
dbguard=$PWD/target/release/dbguard

if [ ! -e "$folder/.git/laid-out" ]; then
  rm -rf "$folder" && mkdir -p "$folder"
  python3 - "$folder" <<'PYTHON'
import os, random, sys

chance = random.Random(7)
words = "value name limit total index order account message queue worker state result batch item user event token".split()
for number in range(3000):
    folder = os.path.join(sys.argv[1], f"package_{number // 100:02}")
    os.makedirs(folder, exist_ok=True)
    text = "import os\nimport logging\n\n\n"
    while len(text) < 2500:
        a, b, c = (chance.choice(words) for _ in range(3))
        text += f"def {a}_{b}_{len(text)}({a}, {b}=None):\n    return sorted({c} for {c} in {a} if {c} != {b})\n\n\n"
    if number % 200 == 0:
        text += (f"import sqlite3\n\nDB_PATH = os.getenv('DATABASE_PATH', 'data/service_{number // 200}.db')\n\n\n"
                 "def connect():\n    return sqlite3.connect(DB_PATH)\n")
    with open(os.path.join(folder, f"module_{number}.py"), "w") as out:
        out.write(text)
PYTHON
  git -C "$folder" init -q
  git -C "$folder" add .
  git -C "$folder" -c user.name=bench -c user.email=bench@localhost commit -qm all
  touch "$folder/.git/laid-out"
fi
cd "$folder"

# What is known of the contents that are committed.
git reset -q --hard
"$dbguard" check --staged --quiet >/dev/null || true
rm -rf .git/known-before && cp -R .git/dbguard .git/known-before

# measure NAME MOST_MILLISECONDS [MOST_TIMES]
measure() {
  python3 - "$dbguard" "$(git diff --cached --raw | wc -l) staged, $1" "${@:2}" <<'PYTHON'
import shutil, statistics, subprocess, sys, time

dbguard, what, bound, *times = sys.argv[1:]

def run(command):
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1000

pair = (["git", "diff", "--cached", "--raw"], [dbguard, "check", "--staged", "--quiet"])
def forget():
    shutil.rmtree(".git/dbguard")
    shutil.copytree(".git/known-before", ".git/dbguard")

for how, prepare in (("", lambda: None), (", contents new", forget)):
    runs = [[run(pair[0]), (prepare(), run(pair[1]))[1]] for _ in range(43)][3:]
    git, ours = (statistics.median(side) for side in zip(*runs))
    ratio = statistics.median(ours / git for git, ours in runs)
    print(f"{what}{how}: git {git:.1f} ms, dbguard {ours:.1f} ms (bound {bound}), {ratio:.1f} x" + (f" (bound {times[0]})" if times else ""))
PYTHON
  git reset -q --hard
}

for number in $(seq 7 30 2999); do echo "# changed" >>"$(printf 'package_%02d/module_%d.py' $((number / 100)) "$number")"; done
git add -u
measure 'none with a database' 100 3
for number in $(seq 7 30 2829); do echo "# changed" >>"$(printf 'package_%02d/module_%d.py' $((number / 100)) "$number")"; done
for number in 0 200 400 600 800; do
  file=$(printf 'package_%02d/module_%d.py' $((number / 100)) "$number")
  printf '\n\ndef again():\n    return sqlite3.connect("data/other.db")\n' >>"$file"
done
git add -u
measure '5 with a database' 100 3
echo "# changed" >>package_00/module_7.py
git add -u
measure 'without a database' 40
printf '\n\ndef again():\n    return sqlite3.connect("data/other.db")\n' >>package_02/module_200.py
git add -u
measure 'with a database' 40
echo "# changed" >>package_00/module_7.py
git add -u
echo "the first run in a clone:"
hyperfine --runs 5 --ignore-failure --shell none --prepare 'rm -rf .git/dbguard' "$dbguard check --staged --quiet" 2>&1 | grep Time
git reset -q --hard
