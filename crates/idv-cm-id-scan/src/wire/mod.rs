//! What CM.com sends, in its own words.
//!
//! Reading is tolerant, since the documentation shows only samples, and those of different years differ: every part may be missing, null
//! or of another type, unknown parts are passed over, and of a part that is repeated the last one counts. A task is a word where a
//! transaction is created and an object later; a time of creation is `created` or `createdAt`. What is not tolerated is a payload that is
//! not whole or not well formed: half a result is no result.
//!
//! Text borrows from the payload unless a character of it is escaped (the vendor escapes the slashes of addresses), and cannot be printed.

mod event;
mod json;
mod transaction;

use idv_core::{Error, Result};

pub use event::{ErrorBody, Event, EventTask, EventTransaction, Webhook};
pub use transaction::{File, ResultField, Scan, Score, Task, TaskResult, Transaction, Value};

use json::Part;

/// Reads a payload of any kind.
fn read<'a, P: Part<'a>>(bytes: &'a [u8]) -> Result<P> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::malformed("it is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'{') => {}
        Some(_) => return Err(Error::malformed("it is no object of JSON")),
        None => return Err(Error::malformed("it is empty")),
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    P::read(&mut deserializer)
        // Nothing but white space may follow: what follows would be lost without a word.
        .and_then(|payload| deserializer.end().map(|()| payload))
        .map_err(|error| Error::malformed_json(&error))
}
