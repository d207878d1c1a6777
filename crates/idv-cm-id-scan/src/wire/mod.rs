//! CM.com's payloads, member by member.
//!
//! Parsing is tolerant because the documentation shows only samples, and those of different years
//! differ. Any member may be missing, null or of another type. Unknown members keep their shape,
//! and the last of repeated members counts. A task is a word in the response to a creation and an
//! object later; the time of creation is `created` or `createdAt`. A truncated or ill-formed
//! payload is an error.
//!
//! Text borrows from the payload unless it contains escaped characters (the vendor escapes the
//! slashes of URLs), and has no `Display`.

mod event;
mod score;
mod transaction;

pub use event::{ErrorBody, Event, EventTask, EventTransaction, Webhook};
pub use idv_core::adapter::wire::Loose;
pub use score::Score;
pub(crate) use transaction::named;
pub use transaction::{File, ResultField, Scan, Task, TaskResult, Transaction, Value};
