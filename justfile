# Commands for development. `just` lists them; CI runs `.ci/run`.

default:
    @just --list

# Verifies simulated people at every vendor.
demo:
    cargo run -p idv-cli -- demo

# Runs every test, including the examples of the documentation. Installs PostgreSQL if it is missing.
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
    cargo xtask recording --write
    cargo xtask numbers --write

# Checks spelling, English and links.
prose:
    typos
    cargo xtask style
    cargo xtask links

# Shows the book in a browser.
book:
    mdbook-mermaid install docs
    mdbook serve docs --open

# Prints each benchmark as a ratio to a baseline of the same run.
bench:
    cargo bench -p idv-benches

# Compares build time, crates and size of one vendor with a bare HTTP client.
footprint:
    benches/footprint.sh

# Runs everything that CI checks.
ci:
    .ci/run
