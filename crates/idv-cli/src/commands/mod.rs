//! One module per command.

pub(crate) mod audit;
pub(crate) mod completions;
pub(crate) mod create;
pub(crate) mod decrypt;
pub(crate) mod delete;
pub(crate) mod evidence;
pub(crate) mod fetch;
pub(crate) mod find;
pub(crate) mod flow;
pub(crate) mod link;
pub(crate) mod list;
pub(crate) mod normalize;
pub(crate) mod poll;
pub(crate) mod providers;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod token;
pub(crate) mod verify;
pub(crate) mod watch;

use std::io::Read as _;
use std::path::Path;

use crate::failure::Failure;

/// Reads a file, or standard input for `-`; at most `limit` bytes.
pub(crate) fn read_input(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let name = path.display();
    let failed = |error: std::io::Error| Failure::usage(format!("{name} cannot be read: {error}"));
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        std::fs::File::open(path).map_err(failed)?.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > limit {
        return Err(Failure::usage(format!("{name} is longer than {limit} bytes")));
    }
    Ok(bytes)
}
