//! Repeats the inputs of a state file.

use jiff::Timestamp;

use super::{Input, Journal, Line, Reader, problem};
use crate::callback::{Reply, Sending};
use crate::sandbox::SandboxError;
use crate::state::Begun;
use crate::world::Worlds;

impl Worlds {
    /// Repeats the inputs of a state file, then records further inputs in it. Sends nothing: the
    /// replies to callbacks come from the file. The clock has to be frozen.
    pub(crate) fn restore(&self, mut reader: Reader) -> Result<(), SandboxError> {
        let mut on_its_way = None;
        while let Some(line) = reader.next()? {
            self.repeat(line, &mut on_its_way)
                .map_err(|text| problem(reader.path(), text))?;
        }
        self.record_in(reader.into_journal()?);
        if let Some((sending, at)) = on_its_way {
            // The program ended before a reply, so that the vendor tries again.
            self.record_reply(sending, at, &Reply::default());
        }
        Ok(())
    }

    /// Records every further input in a state file.
    pub(crate) fn record_in(&self, journal: Journal) {
        self.unrecorded(|state, _| state.journal = Some(journal));
    }

    fn repeat(
        &self,
        line: Line,
        on_its_way: &mut Option<(Sending, Timestamp)>,
    ) -> Result<(), String> {
        self.unrecorded(|state, _| {
            while state.begun < line.begun {
                match state.begin_next(&self.clock, line.at) {
                    Some(Begun::Ended) => {}
                    Some(Begun::Sending(sending, at)) if on_its_way.is_none() => {
                        *on_its_way = Some((*sending, at));
                    }
                    Some(Begun::Sending(..)) | None => return Err(changed()),
                }
            }
            if (state.begun, state.random.state()) != (line.begun, line.random) {
                return Err(changed());
            }
            self.clock.move_to(line.at);
            state.wall = line.wall;
            match line.input {
                Input::Request(recorded) => {
                    let vendor = recorded.vendor;
                    state.answer(line.at, vendor, &recorded.request()?);
                }
                Input::Command(command) => {
                    // A command that failed fails again.
                    let _ = command.apply(state, line.at);
                }
                Input::Reply {
                    callback,
                    status,
                    beginning,
                } => {
                    let (sending, at) = on_its_way
                        .take()
                        .filter(|(sending, _)| sending.number == callback)
                        .ok_or_else(changed)?;
                    state.end(sending, at, &Reply::try_from((status, beginning))?);
                }
                Input::Time => {}
            }
            Ok(())
        })
    }
}

/// Returns the error about a repetition that takes another course.
fn changed() -> String {
    "the emulators of this version behave differently from those that wrote it; use the version in \
     its first line, or another file"
        .to_owned()
}
