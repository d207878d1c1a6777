//! State of a payload that is being read: the memory that it may still take, and whether its text has to be mended.
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
    static STATE: Cell<State> = const { Cell::new(State { room: FREE_ROOM, mend: false }) };
}

#[derive(Clone, Copy)]
struct State {
    room: usize,
    mend: bool,
}

/// Runs a read of a payload of a length. Returns with it whether something was seen that only [mending](super::mend) the text keeps. A payload
/// inside of another has bounds of its own.
pub(super) fn reading<T>(length: usize, read: impl FnOnce() -> T) -> (T, bool) {
    let outer = STATE.replace(State { room: FREE_ROOM + length * ROOM_PER_BYTE, mend: false });
    let value = read();
    (value, STATE.replace(outer).mend)
}

/// Takes room for a part of this size.
pub(super) fn take_room<E: Error>(bytes: usize) -> Result<(), E> {
    let state = STATE.get();
    let room = state.room.checked_sub(bytes).ok_or_else(|| E::custom("far more parts than the length suggests"))?;
    STATE.set(State { room, ..state });
    Ok(())
}

/// Notes that the text has to be mended.
fn note_loss() {
    STATE.set(State { mend: true, ..STATE.get() });
}

/// Looks at a number that was read as a floating-point number: a long one may have lost digits.
pub(super) fn note_float(value: f64) {
    /// Below this every whole number is kept, and every number of so few digits.
    const EXACT: f64 = 1e15;
    const DIGITS: usize = 15;
    if value.abs() >= EXACT || value.to_string().len() > DIGITS {
        note_loss();
    }
}

/// Looks at a text that was written with escapes: a NUL is no part of a name or number.
pub(super) fn note_text(text: &str) {
    if text.contains('\0') {
        note_loss();
    }
}
