//! Verify people's identity with any of several vendors behind one model: the facade.
