#!/bin/bash
# SPDX-License-Identifier: MIT
# Every transcript that transcript_reader makes is valid by the schemas, and one that is not is refused.
# Usage: schema_test.sh OUTPUT_READER
set -euo pipefail
check=$(cd "$(dirname "$0")/../../.." && pwd)/scripts/check-schema
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

SCOPE_TRANSCRIPTS=$folder "$1" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
status=0
transcripts=("$folder"/*.json "$folder"/*.jsonl)
"$check" "${transcripts[@]}" || status=$?
[ "$status" -eq 0 ] || exit "$status"
echo "${#transcripts[@]} transcripts are valid"

sed 's/"outcome":"timeout"/"outcome":"tired"/' "$(grep -l '"timeout"' "$folder"/*.json | head -1)" \
    >"$folder/bad"
if "$check" "$folder/bad" >/dev/null; then
    echo "an outcome that does not exist was let through"
    exit 1
fi
