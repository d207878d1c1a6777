//! From what the vendor sends to observations and reports.
