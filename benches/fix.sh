#!/usr/bin/env bash
# Times `dbguard fix --unsafe --diff` over a tree, and over 4 and 16 copies of it side by side: seconds, and memory that should
# hardly grow. The tree needs a dbguard.toml; nothing in it is written.
#   benches/fix.sh TREE [DBGUARD]
set -euo pipefail
tree=$(cd "$1" && pwd)
dbguard=${2:-target/release/dbguard}
dbguard=$(cd "$(dirname "$dbguard")" && pwd)/$(basename "$dbguard")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for copies in 1 4 16; do
  for number in $(seq "$copies"); do
    mkdir -p "$work/$copies/copy$number"
    # Databases stay behind: references are what is fixed.
    (cd "$tree" && git ls-files -z | grep -zvE '\.(db|sqlite3?)(-wal|-shm)?$' | tar --null -T - -cf -) |
      tar -xf - -C "$work/$copies/copy$number"
    rm -f "$work/$copies/copy$number/dbguard.toml"
  done
  cp "$tree/dbguard.toml" "$work/$copies/"
  for _ in 1 2 3; do
    /usr/bin/time -f "$copies trees: %e s, %U s of processor, %M KiB" \
      "$dbguard" fix --unsafe --diff --root "$work/$copies" 2>"$work/said" >"$work/patch" || true
    tail -1 "$work/said"
  done
  echo "  $(find "$work/$copies" -type f | wc -l) files, $(grep -c '^+++ ' "$work/patch" || true) of them rewritten"
done
