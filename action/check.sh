#!/usr/bin/env bash
# Runs dbguard once and writes every report from that run. Needs no token, so it works for a pull request from a fork.
# Understood by bash 3.2, which macOS has.
set -euo pipefail

is_true() {
  case "$2" in
    true) return 0 ;;
    false) return 1 ;;
    *) echo "::error title=dbguard::the input '$1' is true or false"; exit 2 ;;
  esac
}

findings="$RUNNER_TEMP/dbguard-findings.jsonl"
rm -f "$findings"
run=("$DBGUARD" check --fail-on "$INPUT_FAIL_ON" --output "json-lines=$findings")
if is_true annotations "$INPUT_ANNOTATIONS"; then run+=(--output-format github); fi
if is_true summary "$INPUT_SUMMARY"; then run+=(--output "markdown=$GITHUB_STEP_SUMMARY"); fi
if [ -n "$INPUT_CONFIG" ]; then run+=(--config "$INPUT_CONFIG"); fi
if [ -n "$INPUT_SINCE" ]; then run+=(--since "$INPUT_SINCE"); fi
if [ -n "$INPUT_SARIF" ]; then run+=(--output "sarif=$INPUT_SARIF"); fi
if [ -n "$INPUT_ARGS" ]; then
  words=$(printf '%s' "$INPUT_ARGS" | xargs -n 1 printf '%s\n') || { echo "::error title=dbguard::the input 'args' has a quote without its end"; exit 2; }
  while IFS= read -r word; do run+=("$word"); done <<< "$words"
fi

code=0
"${run[@]}" || code=$?

count=""
new=""
sarif=""
if [ -f "$findings" ]; then
  count=$(wc -l < "$findings" | tr -d ' ')
  if [ -n "$INPUT_SINCE" ]; then new=$count; fi
fi
if [ -n "$INPUT_SARIF" ] && [ -f "$INPUT_SARIF" ]; then
  case "$INPUT_SARIF" in
    /* | [A-Za-z]:*) sarif=$INPUT_SARIF ;;
    *) sarif="${INPUT_WORKING_DIRECTORY%/}/$INPUT_SARIF" ;;
  esac
fi
{
  echo "findings=$count"
  echo "new-findings=$new"
  echo "sarif-file=${sarif#./}"
  echo "exit-code=$code"
} >> "$GITHUB_OUTPUT"
exit "$code"
