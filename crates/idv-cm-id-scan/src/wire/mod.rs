//! What CM.com sends, in its own words.
