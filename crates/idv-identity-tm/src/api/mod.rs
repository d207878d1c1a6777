//! The whole customer API as typed calls, in the vendor's own words.

pub mod order;
