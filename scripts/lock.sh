#!/usr/bin/env bash
# Pin requirements/*.in with hashes; no address of an index and no path gets into a lock.
set -euo pipefail
cd "$(dirname "$0")/../requirements"
venv=../${1:-.venv}

for name in build requirements; do
    "$venv/bin/pip-compile" --quiet --generate-hashes --allow-unsafe --strip-extras \
        --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
        --no-emit-trusted-host --output-file "$name.txt" "$name.in"
    if grep -nE '://|^-| @ ' "$name.txt"; then
        echo "robot_runtime: $name.txt has an address or an option in the lines above." >&2
        exit 1
    fi
done
