//! The body of `putOrder` (chapter 3.1.4).
