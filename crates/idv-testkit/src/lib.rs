//! Test tools for idv providers: scripted transport, manual clock, canary check.
