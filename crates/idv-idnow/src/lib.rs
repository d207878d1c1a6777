//! The IDnow gateway API v1 as an idv provider.
