//! Programs that show the crates at work against the sandbox.
