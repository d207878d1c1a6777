//! CM.com's payloads, in the vendor's own words.
//!
//! Reading is tolerant, since the documentation shows only samples, and those of different years differ: every part may be missing, null
//! or of another type, unknown parts are kept in their own shape, and of a part that is repeated the last one counts. A task is a word in
//! the answer to a creation and an object later; a time of creation is `created` or `createdAt`. A payload that is cut off or not well
//! formed is refused: half a result is no result.
//!
//! Text borrows from the payload unless a character of it is escaped (the vendor escapes the slashes of addresses), and cannot be printed.

mod event;
mod score;
mod transaction;

pub use event::{ErrorBody, Event, EventTask, EventTransaction, Webhook};
pub use idv_core::adapter::wire::Loose;
pub use score::Score;
pub(crate) use transaction::named;
pub use transaction::{File, ResultField, Scan, Task, TaskResult, Transaction, Value};
