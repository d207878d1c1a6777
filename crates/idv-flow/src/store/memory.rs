//! A store in memory.
/// x
#[derive(Debug)]
pub struct MemoryStore;
