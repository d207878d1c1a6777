# What a developer runs. `just` alone lists it; CI runs the same through `.ci/run`.

default:
    @just --list

# The main job: verify simulated people at every vendor.
demo:
    cargo run -p idv-cli -- demo

# Every test, the documentation's examples included.
test:
    cargo test --workspace --all-features

# Formatting and lints, as CI wants them.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Writes the generated parts of the documentation anew.
generate:
    IDV_GENERATE=write cargo test -p idv-tests --test generated

# Prints each benchmark as a ratio to a baseline measured in the same run.
bench:
    cargo bench -p idv-benches

# Build time, crates and size with one vendor beside a bare client.
footprint:
    benches/footprint.sh

# Everything that CI checks.
ci:
    .ci/run
