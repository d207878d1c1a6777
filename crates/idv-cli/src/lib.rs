//! The program idv.
