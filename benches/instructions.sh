#!/usr/bin/env bash
# Counts the instructions of `client.poll` and `client.create`, compared with reqwest + serde by hand. callgrind
# counts the whole program; the difference of two runs removes the cost of its start. Needs valgrind.
#
#   benches/instructions.sh
set -euo pipefail
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "valgrind is not installed" >&2; exit 1; }
program=$(cargo bench -q -p idv-benches --bench calls --no-run --message-format=json 2>/dev/null |
    sed -n 's/.*"executable":"\([^"]*calls[^"]*\)".*/\1/p' | tail -n 1)

# The sandbox runs on threads of the same program. Both sides send it the same requests, so its equal share only
# lowers the ratio. Therefore the client's thread is counted separately.
count() {
    local out
    out=$(mktemp)
    valgrind --tool=callgrind --separate-threads=yes --callgrind-out-file="$out" "$program" --count "$1" "$2" "$3" >/dev/null 2>&1
    # The first thread is the client's.
    sed -n 's/^\(totals\|summary\): \([0-9]*\).*/\2/p' "$out-01" | tail -n 1
    rm -f "$out"*
}

printf '%-32s %14s %14s %8s %8s\n' "" "ours" "baseline" "ratio" "budget"
for what in idnow-poll idnow-create identity-tm-poll identity-tm-create; do
    ours=$(( ($(count $what ours 300) - $(count $what ours 100)) / 200 ))
    baseline=$(( ($(count $what baseline 300) - $(count $what baseline 100)) / 200 ))
    awk -v w="$what, instructions" -v o="$ours" -v b="$baseline" 'BEGIN {
        printf "%-32s %14d %14d %7.2fx %7.2fx%s\n", w, o, b, o / b, 1.15, (o / b > 1.15 ? "  MISSED" : "") }'
done
