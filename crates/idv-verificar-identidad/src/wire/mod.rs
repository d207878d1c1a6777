//! The vendor's payloads in its own words: answers of the API, and reports.
//!
//! Reading is tolerant, since the document contradicts itself: numbers come as text and text as numbers, objects as JSON within a string
//! or within arrays, or as arrays of pairs; parts may be missing, null or of another type, and unknown ones are kept apart. The document
//! names no charset: text that is not UTF-8 is read as windows-1252. A payload that is not whole or not well formed is refused, but one
//! unreadable part of a report does not spoil the others.
//!
//! Text borrows from the payload and cannot be printed.

mod answer;
mod members;
mod report;
mod tree;

pub use answer::Answer;
pub use members::{Others, Packed};
pub use report::{Access, Card, Coordinates, Device, IdentityResult, Position, Report};
