//! The memory that a payload may still take while it is read.
//!
//! A part is read without a context that could carry this, so it lives in a thread-local variable: reading is one call, on one thread.

use std::cell::Cell;

use serde::de::Error;

/// Bytes of memory that the parts of a payload may take whatever its length, and further ones for each byte of it.
///
/// An element may take two bytes of the payload and a thousand of memory. Within this bound, a payload of 4 MiB takes at most a few times
/// its size, and a long list of short verifications is read.
const FREE_ROOM: usize = 12 << 20;
const ROOM_PER_BYTE: usize = 3;

thread_local! {
    static ROOM: Cell<usize> = const { Cell::new(FREE_ROOM) };
    static REPEATS: Cell<bool> = const { Cell::new(false) };
}

/// Runs a read of a payload of this length, in which repeated names are a list, or the last one of them counts. A payload inside of another
/// has bounds of its own.
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

/// Returns whether names that are repeated are a list in the payload that is being read, as elements of XML are. Else the last one of
/// them counts.
#[must_use]
pub fn repeats_are_lists() -> bool {
    REPEATS.get()
}

/// Takes room for the memory of a part beyond that of its type, in bytes.
///
/// # Errors
///
/// One if the parts of the payload take far more memory than its length suggests.
pub fn take_room<E: Error>(bytes: usize) -> Result<(), E> {
    let room = ROOM
        .get()
        .checked_sub(bytes)
        .ok_or_else(|| E::custom("far more parts than the length suggests"))?;
    ROOM.set(room);
    Ok(())
}
