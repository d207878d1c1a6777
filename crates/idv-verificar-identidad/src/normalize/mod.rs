//! Normalizes the vendor's payloads: pure functions from [`wire`](crate::wire) to [`Observation`]
//! and [`Report`](idv_core::Report).
//!
//! [`STATES`] and [`RESULTS`] are the document's tables.

mod attribute;
mod codes;
mod custom;
mod ignored;
mod judge;
mod number;
mod report;

use idv_core::adapter::{non_empty, payload_channel};
use idv_core::{
    Channel, Error, Observation, Outcome, Page, ProviderId, Result, ResultState, Status, Subject,
    Text, Timestamp, VendorId, time_zone,
};
use jiff::civil::DateTime;

pub use codes::{
    OF_AGE, OVERRULING, RESULTS, ResultRow, SIMILAR, STATES, StateRow, find_result, find_state,
    leaning,
};
pub use ignored::IGNORED;
pub use report::REPORT_FIELDS;

use crate::api::ZONE;
use crate::wire::{Answer, Report};
use judge::Judgement;

/// The provider's id in reports.
pub(crate) const PROVIDER: ProviderId = ProviderId::new("verificar-identidad");

/// The service of this crate (`Servicio`).
pub const SERVICE: &str = "VERIFICACION_IDENTIDAD";

/// An account's own rules of judgement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rules {
    /// Whether the automatic result is final because no operator validates this account's
    /// verifications. 5001 is then the end, unless an operator must judge the result.
    pub automatic_outcome_is_final: bool,
}

impl Rules {
    /// Sets whether the automatic result is final.
    #[must_use]
    pub const fn automatic_outcome_is_final(mut self, is_final: bool) -> Self {
        self.automatic_outcome_is_final = is_final;
        self
    }
}

/// Normalizes a report, or returns `None` if it is about another service. The observation is a
/// claim: the receiver adds the proof.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if the report lacks its service or its request, or
/// names several.
pub fn observe(
    payload: &Report<'_>,
    rules: Rules,
    channel: Channel,
) -> Result<Option<Observation>> {
    if payload.others.contradicts("Servicio") || payload.others.contradicts("ID") {
        return Err(Error::malformed(
            "the report names several services or requests: Servicio or ID occurs twice",
        ));
    }
    let service = non_empty(payload.service.as_ref())
        .ok_or_else(|| Error::malformed("the report lacks its service: Servicio"))?;
    if !service.eq_ignore_ascii_case(SERVICE) {
        return Ok(None);
    }
    let id = non_empty(payload.id.as_ref())
        .ok_or_else(|| Error::malformed("the report lacks its request: ID"))?;
    let mut observation =
        Observation::claimed(Subject::new(None, Some(VendorId::new(id))), channel);
    observation.at = time(payload.updated_at.as_ref());

    let found = payload.result().unwrap_or_default();
    let card = found.card();
    let judgement = Judgement::of(payload, &found, &card);
    let (code, row, contradicts) = state(payload);
    observation.code = code;
    observation.status = row.map(|row| judgement.status(row, rules));
    if contradicts {
        observation.status = Some(Status::Finished(Outcome::Disputed));
    }
    let row = row.filter(|_| !contradicts);
    let mut report = report::report(payload, &found, &card, judgement, row, observation.status);
    if matches!(observation.status, Some(Status::Finished(_))) {
        report.completed_at = observation.at;
        let is_automatic = row.is_some_and(|row| matches!(row.status, Status::InReview { .. }));
        report.acceptance = is_automatic.then(|| judge::AUTOMATIC.to_owned());
    }
    observation.result = ResultState::Inline(report);
    Ok(Some(observation))
}

/// Normalizes a response of the send function: the identifier of a request whose message was sent.
/// A response that reports a failure has no subject and keeps its code. The report's `custom` has
/// the other members.
#[must_use]
pub fn sent(answer: &Answer<'_>, channel: Channel) -> Observation {
    let id = non_empty(answer.id.as_ref()).map(VendorId::new);
    let taken = answer.code() == Some(1) && id.is_some();
    let mut observation = Observation::claimed(Subject::new(None, id), channel);
    observation.code = non_empty(answer.res.as_ref()).map(str::to_owned);
    observation.status = taken.then_some(Status::AwaitingPerson);
    observation.result = custom::of_answer(answer).map_or(ResultState::Absent, ResultState::Inline);
    observation
}

/// Normalizes a payload of the given kind, by the default rules.
///
/// `callback` and `result` are reports, as JSON or as a form: the vendor has no other source of
/// results. `status` is a response of the send function, in any format, or a report.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if the payload cannot be parsed;
/// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `kind` if `kind` is not one of
/// these.
pub fn kind(bytes: &[u8], kind: &str) -> Result<Page> {
    let channel = payload_channel(kind)?;
    Ok(Page::new(payload(bytes, channel)?, 0, None))
}

/// Normalizes a payload that arrived by `channel`: see [`kind`](fn@kind).
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if the payload cannot be parsed;
/// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `channel` if this vendor does not
/// use that channel.
pub fn payload(bytes: &[u8], channel: Channel) -> Result<Vec<Observation>> {
    let rules = Rules::default();
    match channel {
        Channel::Fetch | Channel::Callback => Ok(observe(&Report::read(bytes)?, rules, channel)?
            .into_iter()
            .collect()),
        Channel::Poll => match Report::read(bytes) {
            // A response has an `ID`, too.
            Ok(payload) if payload.service.is_some() => {
                Ok(observe(&payload, rules, channel)?.into_iter().collect())
            }
            _ => Ok(vec![sent(&Answer::read(bytes)?, channel)]),
        },
        _ => Err(Error::invalid(
            "channel",
            "expected fetch, poll or callback",
        )),
    }
}

/// Returns the vendor's code of the state, the row of the last state, and whether several states
/// contradict each other about the end.
fn state(payload: &Report<'_>) -> (Option<String>, Option<&'static StateRow>, bool) {
    let last = non_empty(payload.state.as_ref());
    if !payload.others.contradicts("Estado") {
        return (last.map(str::to_owned), last.and_then(state_of), false);
    }
    let codes: Vec<_> = payload
        .others
        .get("Estado")
        .iter()
        .filter_map(|code| code.expose().as_str())
        .collect();
    let ends =
        |code: &&str| state_of(code).is_some_and(|row| matches!(row.status, Status::Finished(_)));
    (
        Some(codes.join(", ")),
        last.and_then(state_of),
        codes.iter().any(ends),
    )
}

/// Returns the row of a state as the report writes it.
fn state_of(code: &str) -> Option<&'static StateRow> {
    // The vendor does not write "+5100" or "05100".
    let plain = code.bytes().all(|byte| byte.is_ascii_digit()) && !code.starts_with('0');
    if plain {
        code.parse().ok().and_then(find_state)
    } else {
        None
    }
}

/// Selects this vendor's conversions ([`FromVendor`](idv_core::adapter::FromVendor)).
struct Vendor;

/// Returns the text unless it is empty or the vendor's word for none.
fn given_text<'t>(text: Option<&'t Text<'_>>) -> Option<&'t str> {
    non_empty(text).filter(|text| !text.eq_ignore_ascii_case("N/A"))
}

/// Parses a time of the vendor, which has no zone and is in Spain's.
fn time(text: Option<&Text<'_>>) -> Option<Timestamp> {
    time_zone(ZONE)?.to_timestamp(local(text)?).ok()
}

/// Parses a time of the vendor as Spanish local time.
fn local(text: Option<&Text<'_>>) -> Option<DateTime> {
    non_empty(text)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_in_spains_zone() {
        let at = |text: &'static str| time(Some(&Text::new(text))).map(|time| time.to_string());
        assert_eq!(
            at("2021-10-10 10:10").as_deref(),
            Some("2021-10-10T08:10:00Z")
        );
        assert_eq!(
            at("2021-12-10 10:10:05").as_deref(),
            Some("2021-12-10T09:10:05Z")
        );
        for text in [
            "",
            "N/A",
            "yesterday",
            "0000-00-00 00:00:00",
            "10/10/2021 10:10",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn only_plain_number_is_a_state() {
        assert_eq!(state_of("5100").map(|row| row.code), Some(5100));
        for code in ["+5100", "05100", "5100.0", "5100 ", "99999999999", "OK", ""] {
            assert_eq!(state_of(code), None, "{code}");
        }
    }
}
