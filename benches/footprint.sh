#!/usr/bin/env bash
# Measures the cost of idv for an application, compared with a bare reqwest + serde_json client: CPU time of
# a clean release build, number of crates, and size of the stripped program; with no vendor, with each one, and
# with all. Builds each application from scratch, in its own folder, which takes some minutes per line.
#
#   benches/footprint.sh                  # every line
#   benches/footprint.sh "" idnow all     # these lines: no vendor, IDnow, all
set -euo pipefail
cd "$(dirname "$0")/footprint"

work=$(mktemp -d)
trap 'rm -rf "$work"; rm -f bare/Cargo.lock idv/Cargo.lock' EXIT
mapfile -t vendors < <(sed -n 's/^all-vendors = //p' ../../crates/idv/Cargo.toml | grep -o '[a-z0-9-]*')

# measure APPLICATION FEATURES: prints "cpu-seconds crates bytes".
measure() {
    local features=()
    for vendor in $2; do features+=(--features "idv/$vendor"); done
    cp ../../Cargo.lock "$1/Cargo.lock"
    (cd "$1" && cargo fetch --quiet)
    local times crates bytes
    times=$( { TIMEFORMAT='%U %S'; time (cd "$1" && cargo build --quiet --release --offline "${features[@]}" --target-dir "$work/build"); } 2>&1 | tail -n 1)
    crates=$(cd "$1" && cargo tree --offline --edges normal,build --prefix none "${features[@]}" | sed 's/ (.*//' | sort -u | wc -l)
    bytes=$(stat -c %s "$work/build/release/footprint-$1")
    rm -rf "$work/build"
    awk -v crates="$crates" -v bytes="$bytes" '{ print $1 + $2, crates, bytes }' <<<"$times"
}

read -r bare_cpu bare_crates bare_bytes < <(measure bare "")
row='%-24s %9s %7s %8s %7s %12s %s\n'
# shellcheck disable=SC2059
printf "$row" "" "CPU" "ratio" "crates" "more" "stripped" ""
# shellcheck disable=SC2059
printf "$row" "bare reqwest+serde_json" "${bare_cpu}s" "1.00x" "$bare_crates" "" "$((bare_bytes / 1000)) kB" ""

# The budget is one vendor's: 1.25x of the build, 15 crates.
line() {
    local cpu crates bytes
    read -r cpu crates bytes < <(measure idv "$2")
    awk -v name="$1" -v row="$row" -v budget="$3" -v bc="$bare_cpu" -v bn="$bare_crates" -v c="$cpu" -v n="$crates" -v b="$bytes" 'BEGIN {
        missed = budget && (c / bc > 1.25 || n - bn > 15) ? "MISSED (1.25x, +15)" : ""
        printf row, name, sprintf("%.1fs", c), sprintf("%.2fx", c / bc), n, sprintf("%+d", n - bn), sprintf("%d kB", b / 1000), missed
    }'
}

[ $# -gt 0 ] || set -- "" "${vendors[@]}" all
for wanted in "$@"; do
    case "$wanted" in
        "") line "idv, no vendor" "" 0 ;;
        all) line "idv, all vendors" "${vendors[*]}" 0 ;;
        *) line "idv, $wanted" "$wanted" 1 ;;
    esac
done
