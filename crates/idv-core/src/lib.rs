//! The model every identity-verification vendor is normalized to: traits, facts and their fold, reports, errors, calls.
