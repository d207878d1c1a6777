//! The vendor's payloads, member by member: responses of the API, and reports.
//!
//! Parsing is tolerant because the document contradicts itself: numbers arrive as text and text as
//! numbers, objects as JSON in a string, in arrays, or as arrays of pairs. Members may be missing,
//! null or of another type, and unknown members are kept separately. The document names no charset:
//! text that is not UTF-8 is decoded as windows-1252. A truncated or ill-formed payload is an
//! error, but one unreadable member of a report does not affect the others.
//!
//! Text borrows from the payload and has no `Display`.

mod answer;
mod members;
mod report;
mod tree;

pub use answer::Answer;
pub use members::{Others, Packed};
pub use report::{Access, Card, Coordinates, Device, IdentityResult, Position, Report};
