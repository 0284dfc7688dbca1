#!/usr/bin/env bash
# Puts dbguard into a virtualenv of its own, as a wheel, and says where it is. Understood by bash 3.2, which macOS has.
set -euo pipefail

fail() { echo "::error title=dbguard could not be installed::$1"; exit 3; }

if [ "$DBGUARD_VERSION" = installed ]; then
  dbguard=$(command -v dbguard) || fail "version is 'installed', but there is no dbguard on PATH"
else
  version=${DBGUARD_VERSION#v}
  if [ -z "$version" ]; then
    version=$(sed -n '/^version = "/{s/^version = "\(.*\)"$/\1/;p;q;}' "$GITHUB_ACTION_PATH/Cargo.toml")
  fi
  [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+[0-9a-z.-]*$ ]] || fail "the input 'version' is no version; write it as in 1.2.3"
  python=$(command -v python3 || command -v python) || fail "there is no Python on this runner; install one, or dbguard itself and set version to 'installed'"
  folder="$RUNNER_TEMP/dbguard-$version"
  "$python" -m venv "$folder"
  programs="$folder/bin"
  [ -d "$programs" ] || programs="$folder/Scripts"
  "$programs/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: "dbguard-cli==$version" \
    || fail "no wheel of dbguard-cli $version for this machine"
  dbguard="$programs/dbguard"
fi
"$dbguard" --version
echo "dbguard=$dbguard" >> "$GITHUB_OUTPUT"
