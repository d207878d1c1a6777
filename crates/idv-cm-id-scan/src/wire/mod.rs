//! What CM.com sends, in its own words.
//!
//! Reading is tolerant, since the documentation shows only samples, and those of different years differ: every part may be missing, null
//! or of another type, unknown parts are passed over, and of a part that is repeated the last one counts. A task is a word where a
//! transaction is created and an object later; a time of creation is `created` or `createdAt`. What is not tolerated is a payload that is
//! not whole or not well formed: half a result is no result.
//!
//! Text borrows from the payload unless a character of it is escaped (the vendor escapes the slashes of addresses), and cannot be printed.

mod event;
mod transaction;

pub use event::{ErrorBody, Event, EventTask, EventTransaction, Webhook};
pub use transaction::{File, ResultField, Scan, Score, Task, TaskResult, Transaction, Value};
