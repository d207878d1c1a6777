//! What the vendor says, in the model's words: pure functions from [`wire`](crate::wire) to [`Observation`] and
//! [`Report`](idv_core::Report).
//!
//! The tables they go by are data, each row a row of the document's: [`STATES`], [`RESULTS`].

mod attribute;
mod codes;
mod report;

use idv_core::{Channel, Error, Observation, Page, ProviderId, Result, ResultState, Status, Subject, Text, Timestamp, VendorId};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

pub use codes::{OF_AGE, RESULTS, ResultRow, SIMILAR, STATES, StateRow, find_result, find_state, leaning};
pub use report::REPORT_FIELDS;
use report::report;

use crate::api::ZONE;
use crate::wire::{Answer, Report};

/// The provider's id, which reports carry.
pub(crate) const PROVIDER: ProviderId = ProviderId::new("verificar-identidad");

/// The service that this crate is about (`Servicio`).
pub const SERVICE: &str = "VERIFICACION_IDENTIDAD";

/// What a report says; nothing, where it is about another service. It is a claim: whoever received it adds the proof.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) where it does not say which service or which request it is about, or where its result
/// is not well formed.
pub fn observe(told: &Report<'_>, channel: Channel) -> Result<Option<Observation>> {
    let service =
        filled(told.service.as_ref()).ok_or_else(|| Error::malformed("the report does not say its service: Servicio"))?;
    if !service.eq_ignore_ascii_case(SERVICE) {
        return Ok(None);
    }
    let id = filled(told.id.as_ref()).ok_or_else(|| Error::malformed("the report does not say which request it is about: ID"))?;
    let code = filled(told.state.as_ref());
    let state = code.and_then(state_of);
    let mut observation = Observation::claimed(Subject::new(None, Some(VendorId::new(id))), channel);
    observation.code = code.map(str::to_owned);
    observation.at = time(told.updated_at.as_ref());
    observation.status = state.map(|row| row.status);
    if state.is_some_and(|row| !row.reports) {
        return Ok(Some(observation));
    }
    let found = told.result()?;
    if let Some(Status::InReview { leaning: leans }) = &mut observation.status {
        *leans = found.as_deref().and_then(report::outcome).and_then(leaning);
    }
    if state.is_some() || found.is_some() {
        let mut report = report(told, &found.unwrap_or_default(), state)?;
        report.completed_at = observation.at.filter(|_| matches!(observation.status, Some(Status::Finished(_))));
        observation.result = ResultState::Inline(report);
    }
    Ok(Some(observation))
}

/// What the answer of the send function says: under which identifier a person was sent a message. An answer that says why none was sent
/// is about nobody, and keeps its code.
#[must_use]
pub fn sent(answer: &Answer<'_>, channel: Channel) -> Observation {
    let id = filled(answer.id.as_ref()).map(VendorId::new);
    let taken = answer.code() == Some(1) && id.is_some();
    let mut observation = Observation::claimed(Subject::new(None, id), channel);
    observation.code = filled(answer.res.as_ref()).map(str::to_owned);
    observation.status = taken.then_some(Status::AwaitingPerson);
    observation
}

/// What a payload of a kind says. `callback` and `result` are reports, JSON or a form: the vendor gives results in no other way.
/// `status` is the answer of the send function, in any of its forms, or a report.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) where it cannot be read; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest)
/// naming `kind`, where there is no such kind.
pub fn kind(bytes: &[u8], kind: &str) -> Result<Page> {
    let channel = kind_channel(kind).ok_or_else(|| Error::invalid("kind", "it is result, status or callback"))?;
    Ok(Page::new(payload(bytes, channel)?, 0, None))
}

/// What a payload that came by a channel says: see [`kind`](fn@kind).
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) where it cannot be read; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest)
/// naming `channel`, where nothing comes from this vendor by that channel.
pub fn payload(bytes: &[u8], channel: Channel) -> Result<Vec<Observation>> {
    match channel {
        Channel::Fetch | Channel::Callback => Ok(observe(&Report::read(bytes)?, channel)?.into_iter().collect()),
        Channel::Poll => match Report::read(bytes) {
            // An answer has an `ID` too.
            Ok(told) if told.service.is_some() => Ok(observe(&told, channel)?.into_iter().collect()),
            _ => Ok(vec![sent(&Answer::read(bytes)?, channel)]),
        },
        _ => Err(Error::invalid("channel", "it is fetch, poll or callback")),
    }
}

/// The channel that payloads of a kind come by: `result`, `status`, `callback`.
#[must_use]
pub fn kind_channel(kind: &str) -> Option<Channel> {
    match kind {
        "result" => Some(Channel::Fetch),
        "status" => Some(Channel::Poll),
        "callback" => Some(Channel::Callback),
        _ => None,
    }
}

/// The row of a state as the report writes it.
fn state_of(code: &str) -> Option<&'static StateRow> {
    // "+5100" and "05100" are not how the vendor writes numbers.
    let plain = code.bytes().all(|byte| byte.is_ascii_digit()) && !code.starts_with('0');
    if plain { code.parse().ok().and_then(find_state) } else { None }
}

/// The text, where there is any: an empty one is none, and so is the vendor's word for none.
fn filled<'t>(text: Option<&'t Text<'_>>) -> Option<&'t str> {
    text.map(|text| text.expose().trim()).filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("N/A"))
}

/// A time of the vendor's, which has no zone: it is Spain's.
fn time(text: Option<&Text<'_>>) -> Option<Timestamp> {
    let local: DateTime = filled(text)?.parse().ok()?;
    TimeZone::get(ZONE).ok()?.to_timestamp(local).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_spains() {
        let at = |text: &'static str| time(Some(&Text::new(text))).map(|time| time.to_string());
        assert_eq!(at("2021-10-10 10:10").as_deref(), Some("2021-10-10T08:10:00Z"));
        assert_eq!(at("2021-12-10 10:10:05").as_deref(), Some("2021-12-10T09:10:05Z"));
        for text in ["", "N/A", "yesterday", "0000-00-00 00:00:00", "10/10/2021 10:10"] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn only_a_plain_number_is_a_state() {
        assert_eq!(state_of("5100").map(|row| row.code), Some(5100));
        for code in ["+5100", "05100", "5100.0", "5100 ", "99999999999", "OK", ""] {
            assert_eq!(state_of(code), None, "{code}");
        }
    }
}
