# Commands for development. `just` alone lists them; CI runs the same through `.ci/run`.

default:
    @just --list

# Verifies simulated people at every vendor.
demo:
    cargo run -p idv-cli -- demo

# Runs every test, the documentation's examples included. Installs PostgreSQL if it is missing.
test:
    cargo xtask test

# Runs every test ten times: plainly, under load, and with the clock a year ahead.
soak:
    cargo xtask soak

# Checks formatting and lints as CI does.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Regenerates the generated parts of the documentation.
generate:
    IDV_GENERATE=write cargo test -p idv-tests --test generated

# Prints each benchmark as a ratio to a baseline measured in the same run.
bench:
    cargo bench -p idv-benches

# Measures build time, crates and size with one vendor beside a bare client.
footprint:
    benches/footprint.sh

# Runs everything that CI checks.
ci:
    .ci/run
