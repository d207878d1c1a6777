//! The memory budget of a payload that is being read.
//!
//! A part is read without a context, so the budget is a thread-local variable: reading is a single
//! call on one thread.

use std::cell::Cell;

use serde::de::Error;

/// Bytes of memory that the parts of a payload may use regardless of its length; each byte of the
/// payload allows for more.
///
/// An element may have two bytes in the payload and a thousand in memory. Within this bound, a
/// payload of 4 MiB needs at most a few times its size, and a long list of short verifications can
/// be read.
const FREE_ROOM: usize = 12 << 20;
const ROOM_PER_BYTE: usize = 3;

thread_local! {
    static ROOM: Cell<usize> = const { Cell::new(FREE_ROOM) };
    static REPEATS: Cell<bool> = const { Cell::new(false) };
}

/// Reads a payload of this length, in which repeated names are either lists, or the last one
/// counts.
///
/// A payload inside another has a budget of its own.
pub(super) fn reading<T>(length: usize, repeats: bool, read: impl FnOnce() -> T) -> T {
    let outer = (
        ROOM.replace(FREE_ROOM + length * ROOM_PER_BYTE),
        REPEATS.replace(repeats),
    );
    let value = read();
    ROOM.set(outer.0);
    REPEATS.set(outer.1);
    value
}

/// Returns whether repeated names are a list in the current payload, as for the elements of XML.
///
/// Otherwise the last one counts.
#[must_use]
pub fn repeats_are_lists() -> bool {
    REPEATS.get()
}

/// Deducts the memory of a part beyond that of its type from the budget, in bytes.
///
/// # Errors
///
/// Returns an error if the parts of the payload need far more memory than its length suggests.
pub fn take_room<E: Error>(bytes: usize) -> Result<(), E> {
    let room = ROOM
        .get()
        .checked_sub(bytes)
        .ok_or_else(|| E::custom("far more parts than the length suggests"))?;
    ROOM.set(room);
    Ok(())
}
