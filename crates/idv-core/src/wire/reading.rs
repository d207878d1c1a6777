//! What is known of a payload while it is read: how many elements it may still have, and whether its text has to be mended.
//!
//! A part is read without a context that could carry this, so it lives in a thread-local variable: reading is one call, on one thread.

use std::cell::Cell;

use serde::de::{DeserializeSeed, Error, SeqAccess};

/// How many elements of arrays, and members that are kept in their own shape, a payload may have whatever its length, and for how many bytes
/// it may have one more.
///
/// An element may take two bytes of the payload and a few hundred of memory. Within this bound, a payload of 4 MiB takes at most a few
/// times its size in memory.
const FREE_PLACES: usize = 10_000;
const BYTES_PER_PLACE: usize = 128;

thread_local! {
    static STATE: Cell<State> = const { Cell::new(State { places: FREE_PLACES, mend: false }) };
}

#[derive(Clone, Copy)]
struct State {
    places: usize,
    mend: bool,
}

/// Runs a read of a payload of a length. Returns with it whether something was seen that only [mending](super::mend) the text keeps. A payload
/// inside of another has bounds of its own.
pub(super) fn reading<T>(length: usize, read: impl FnOnce() -> T) -> (T, bool) {
    let outer = STATE.replace(State { places: FREE_PLACES + length / BYTES_PER_PLACE, mend: false });
    let value = read();
    (value, STATE.replace(outer).mend)
}

/// Takes the place of one element.
pub(super) fn take_place<E: Error>() -> Result<(), E> {
    let state = STATE.get();
    let places = state.places.checked_sub(1).ok_or_else(|| E::custom("far more elements than the length suggests"))?;
    STATE.set(State { places, ..state });
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

/// The elements of an array, counted.
pub(super) struct Counted<A>(pub(super) A);

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Counted<A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        let element = self.0.next_element_seed(seed)?;
        if element.is_some() {
            take_place()?;
        }
        Ok(element)
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}
