//! What the vendor sends, as it sends it.
