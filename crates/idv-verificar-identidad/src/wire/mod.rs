//! What the vendor sends, in its own words: answers of the API, and reports.
//!
//! Reading is tolerant, since the document contradicts itself: numbers come as text and text as numbers, objects as JSON within a string
//! or within arrays; parts may be missing, null or of another type, and unknown ones are kept apart. What is not tolerated is a payload
//! that is not whole or not well formed: half a result is no result.
//!
//! Text borrows from the payload and cannot be printed.

mod answer;
mod form;
mod json;
mod report;
mod xml;

pub use answer::Answer;
pub use report::{Access, Card, Coordinates, Device, IdentityResult, Position, Report};
