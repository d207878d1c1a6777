#!/usr/bin/env bash
# What an application pays for idv with one vendor, beside a bare reqwest + serde_json client: CPU time of a clean release build, crates,
# and the size of the stripped program. Builds each application from nothing, in a folder of its own; takes some minutes.
#
#   benches/footprint.sh
set -euo pipefail
cd "$(dirname "$0")/footprint"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# measure NAME: prints "cpu-seconds crates bytes".
measure() {
    cp ../../Cargo.lock "$1/Cargo.lock"
    (cd "$1" && cargo fetch --quiet)
    local times
    times=$( { TIMEFORMAT='%U %S'; time (cd "$1" && cargo build --quiet --release --offline --target-dir "$work/$1"); } 2>&1 | tail -n 1)
    local crates bytes
    crates=$(cd "$1" && cargo tree --offline --edges normal,build --prefix none | sed 's/ (.*//' | sort -u | wc -l)
    bytes=$(stat -c %s "$work/$1/release/footprint-$1")
    awk -v crates="$crates" -v bytes="$bytes" '{ print $1 + $2, crates, bytes }' <<<"$times"
    rm -f "$1/Cargo.lock"
}

read -r bare_cpu bare_crates bare_bytes < <(measure bare)
read -r idv_cpu idv_crates idv_bytes < <(measure idv)

awk -v bc="$bare_cpu" -v bn="$bare_crates" -v bb="$bare_bytes" -v ic="$idv_cpu" -v in_="$idv_crates" -v ib="$idv_bytes" 'BEGIN {
    printf "%-28s %12s %12s %12s %10s\n", "", "bare", "one vendor", "difference", "budget"
    printf "%-28s %11.1fs %11.1fs %11.2fx %10s%s\n", "build, CPU time", bc, ic, ic / bc, "1.25x", (ic / bc > 1.25 ? "  MISSED" : "")
    printf "%-28s %12d %12d %+12d %10s%s\n", "crates", bn, in_, in_ - bn, "+15", (in_ - bn > 15 ? "  MISSED" : "")
    printf "%-28s %9.0f kB %9.0f kB %+9.0f kB\n", "stripped program", bb / 1000, ib / 1000, (ib - bb) / 1000
}'
