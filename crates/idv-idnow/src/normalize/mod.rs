//! Normalizes IDnow's results: pure functions from [`wire`] to [`Observation`] and
//! [`Report`](idv_core::Report).
//!
//! Its tables are public, each row with its source: [`RESULTS`], [`REASONS`], [`ATTACHMENTS`].

mod attachments;
mod attribute;
mod custom;
mod ignored;
mod judgement;
mod reasons;
mod report;
mod results;

use std::borrow::Cow;

use idv_core::adapter::wire::Members;
use idv_core::adapter::{non_empty, payload_channel};
use idv_core::{
    Channel, Error, Observation, Page, Result, ResultHandle, ResultState, Subject, Timestamp,
    VendorId, time_in_zone,
};
use judgement::Judgement;

pub use attachments::{ATTACHMENTS, AttachmentRow};
pub use ignored::IGNORED;
pub use reasons::{REASONS, ReasonRow};
pub use results::{RESULTS, ResultRow};

pub(crate) use report::REPORT_FIELDS;

use crate::wire::archive::{self, Options};
use crate::wire::{self, Identification};

/// The zone of times without an offset: the vendor's.
const ZONE: &str = "Europe/Berlin";

/// The maximum number of identifications in one callback. The document's callbacks have one
/// (chapter 14.4.1).
pub(crate) const IDENTIFICATIONS_OF_CALLBACK: usize = 16;

/// The number of reports that a payload of any length may have. A report takes thousands of bytes
/// of memory.
const FREE_REPORTS: usize = 1_000;
/// The length in bytes for which a payload may have one report more.
const BYTES_PER_REPORT: usize = 1_024;

/// The form of an observation's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Inline {
    /// The observation includes the report.
    Report,
    /// The observation only has a handle, by which the report can be fetched: for lists.
    Handle,
}

/// Normalizes an identification.
///
/// The observation is a claim: a caller that received it as a response adds the proof.
///
/// - The status is that of `result` by [`RESULTS`], unless other members contradict it: a suspicion
///   beside a success is a dispute. An unknown code has no status and is kept verbatim.
/// - The subject is the transaction number and the Ident-ID, verbatim.
/// - The time is `identificationtime`. The document's samples all have an offset; a time without
///   one is in Berlin's zone, where the vendor is based.
///
/// ```
/// use idv_core::{Channel, Outcome, ResultState, Status};
/// use idv_idnow::normalize::{self, Inline};
/// use idv_idnow::wire;
///
/// let json = br#"{"identificationprocess":{"result":"SUCCESS_DATA_CHANGED",
///     "transactionnumber":"AH73JK3LM","identificationtime":"2014-06-02T05:03:54Z"}}"#;
/// let payload = wire::read(json)?;
/// let observation =
///     normalize::observation(&payload.identifications[0], Channel::List, Inline::Handle);
/// assert_eq!(observation.status, Some(Status::Finished(Outcome::Verified)));
/// assert_eq!(observation.code.as_deref(), Some("SUCCESS_DATA_CHANGED"));
/// assert!(matches!(observation.result, ResultState::Fetchable(_)));
/// # Ok::<(), idv_core::Error>(())
/// ```
#[must_use]
pub fn observation(
    identification: &Identification<'_>,
    channel: Channel,
    inline: Inline,
) -> Observation {
    observation_beside(identification, channel, inline, &Members::default())
}

/// As [`observation`], with members beside the identification in its payload.
pub(crate) fn observation_beside(
    identification: &Identification<'_>,
    channel: Channel,
    inline: Inline,
    beside: &Members,
) -> Observation {
    let process = &identification.identificationprocess;
    let code = non_empty(process.result.as_ref());
    let mut observation = Observation::claimed(subject(identification), channel);
    observation.code = code.map(Into::into);
    observation.at = non_empty(process.identificationtime.as_ref()).and_then(time);
    let judgement = Judgement::of(identification, code.and_then(results::find), observation.at);
    observation.status = judgement.status;
    observation.result = match inline {
        Inline::Report => ResultState::Inline(report::report(
            identification,
            judgement,
            observation.at,
            beside,
        )),
        // The call for a single result accepts either name (chapter 8.3.3.2); IDnow ignores case.
        Inline::Handle => non_empty(process.transactionnumber.as_ref())
            .or(non_empty(process.id.as_ref()))
            .map_or(ResultState::Absent, |name| {
                ResultState::Fetchable(ResultHandle::new(name.to_ascii_lowercase()))
            }),
    };
    observation
}

/// Returns the subject of an identification.
pub(crate) fn subject(identification: &Identification<'_>) -> Subject {
    let process = &identification.identificationprocess;
    Subject::new(
        non_empty(process.transactionnumber.as_ref()).map(Into::into),
        non_empty(process.id.as_ref()).map(VendorId::new),
    )
}

/// Normalizes a payload of any format, including ZIP: one observation with its report for each
/// identification.
///
/// ```
/// use idv_core::{Channel, Status};
/// use idv_idnow::normalize;
///
/// let json = br#"{"identificationprocess":{"result":"ABORTED","transactionnumber":"AH73JK3LM",
///     "reason":"USER_CANCELLED"}}"#;
/// let observations = normalize::payload(json, Channel::Fetch)?;
/// assert_eq!(observations.len(), 1);
/// assert_eq!(observations[0].code.as_deref(), Some("ABORTED"));
/// assert!(observations[0].report().is_some());
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if the payload cannot be parsed, or has far more
/// identifications than its length suggests; those of [`archive::result`] for archives.
pub fn payload(bytes: &[u8], channel: Channel) -> Result<Vec<Observation>> {
    payload_with(bytes, channel, Options::default())
}

/// As [`payload`], with limits for archives and a password for encrypted ones (chapter 10.1).
///
/// ```
/// use idv_core::{Channel, ErrorKind, Secret};
/// use idv_idnow::normalize;
/// use idv_idnow::wire::archive::{Limits, Options};
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/encrypted.zip");
/// # let archive = std::fs::read(path)?;
/// let password = Secret::from("chosen by the company");
/// let options = Options::from(&Limits::default()).password(&password);
/// let observations = normalize::payload_with(&archive, Channel::Fetch, options)?;
/// assert_eq!(observations[0].code.as_deref(), Some("ABORTED"));
///
/// let mut limits = Limits::default();
/// limits.entry = 10; // bytes
/// let options = Options::from(&limits).password(&password);
/// let refused = normalize::payload_with(&archive, Channel::Fetch, options);
/// assert_eq!(refused.expect_err("a longer file").kind(), &ErrorKind::LimitExceeded);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Those of [`payload`].
pub fn payload_with<'a>(
    bytes: &[u8],
    channel: Channel,
    options: impl Into<Options<'a>>,
) -> Result<Vec<Observation>> {
    let bytes = unpacked(bytes, &options.into())?;
    let payload = wire::read(&bytes)?;
    if payload.identifications.len() > reports(bytes.len()) {
        return Err(Error::malformed(
            "the payload has far more identifications than its length suggests",
        ));
    }
    Ok(observations(&payload, channel, Inline::Report))
}

/// Normalizes a payload of the given kind: `result` is the response to a fetch, `status` to a list
/// or a poll, `callback` the body of a webhook, all in the same formats.
///
/// Unreadable entries of a list are counted. The observations of a very long list have no reports;
/// each report can be fetched.
///
/// ```
/// use idv_core::Channel;
/// use idv_idnow::normalize;
///
/// let list = br#"{"identifications":[null,
///     {"identificationprocess":{"result":"REVIEW_PENDING","transactionnumber":"AH73JK3LM"}}]}"#;
/// let page = normalize::kind(list, "status")?;
/// assert_eq!((page.observations.len(), page.unreadable), (1, 1));
/// assert_eq!(page.observations[0].channel, Channel::List);
/// assert!(normalize::kind(list, "invoice").is_err());
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`payload`]; [`Malformed`](idv_core::ErrorKind::Malformed) also if no entry of a list
/// can be parsed, or a callback has more than sixteen identifications;
/// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `kind` if `kind` is not one of
/// these.
pub fn kind(bytes: &[u8], kind: &str) -> Result<Page> {
    let bytes = unpacked(bytes, &Options::default())?;
    let payload = wire::read(&bytes)?;
    let channel = kind_channel(kind, payload.listed)?;
    if payload.identifications.is_empty() && payload.unreadable > 0 {
        return Err(Error::malformed(
            "no entry of the list names an identification",
        ));
    }
    if channel == Channel::Callback {
        check_callback(&payload)?;
    }
    let inline = if payload.identifications.len() > reports(bytes.len()) {
        Inline::Handle
    } else {
        Inline::Report
    };
    Ok(Page::new(
        observations(&payload, channel, inline),
        payload.unreadable,
        None,
    ))
}

/// Checks the number of identifications in a callback.
pub(crate) fn check_callback(payload: &wire::Payload<'_>) -> Result<()> {
    if payload.identifications.len() > IDENTIFICATIONS_OF_CALLBACK {
        return Err(Error::malformed(
            "the callback has more than 16 identifications; the document's have one",
        ));
    }
    Ok(())
}

/// Returns the number of reports that a payload of this length may have.
const fn reports(length: usize) -> usize {
    FREE_REPORTS + length / BYTES_PER_REPORT
}

/// Returns the channel of payloads of a kind: `result`, `status` (of one identification, or
/// [listed](wire::Payload::listed)), `callback`.
///
/// ```
/// use idv_core::Channel;
/// use idv_idnow::normalize;
///
/// assert_eq!(normalize::kind_channel("status", false)?, Channel::Poll);
/// assert_eq!(normalize::kind_channel("status", true)?, Channel::List);
/// assert_eq!(normalize::kind_channel("callback", false)?, Channel::Callback);
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `kind` if `kind` is not one of
/// these.
pub fn kind_channel(kind: &str, listed: bool) -> Result<Channel> {
    payload_channel(kind).map(|channel| {
        if listed && channel == Channel::Poll {
            Channel::List
        } else {
            channel
        }
    })
}

/// Normalizes identifications. Members beside a list describe the list: its first report has them.
pub(crate) fn observations(
    payload: &wire::Payload<'_>,
    channel: Channel,
    inline: Inline,
) -> Vec<Observation> {
    let none = Members::default();
    let beside = std::iter::once(&payload.others).chain(std::iter::repeat(&none));
    let identifications = payload.identifications.iter().zip(beside);
    identifications
        .map(|(identification, beside)| observation_beside(identification, channel, inline, beside))
        .collect()
}

fn unpacked<'b>(bytes: &'b [u8], options: &Options<'_>) -> Result<Cow<'b, [u8]>> {
    if archive::is_archive(bytes) {
        return archive::result(bytes, *options).map(Cow::Owned);
    }
    Ok(Cow::Borrowed(bytes))
}

/// Parses a time in ISO 8601 (chapter 13.1.1). Clients have also seen seconds since 1970.
fn time(text: &str) -> Option<Timestamp> {
    time_in_zone(text, ZONE).or_else(|| seconds(text))
}

/// Parses a time in seconds or milliseconds since 1970.
fn seconds(text: &str) -> Option<Timestamp> {
    let number = text
        .parse::<i64>()
        .ok()
        .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    match text.len() {
        9 | 10 => Timestamp::from_second(number).ok(),
        12 | 13 => Timestamp::from_millisecond(number).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_without_offset_is_in_the_vendors_zone() {
        let at = |text: &str| time(text).map(|time| time.to_string());
        assert_eq!(
            at("2014-06-02T05:03:54Z").as_deref(),
            Some("2014-06-02T05:03:54Z")
        );
        assert_eq!(
            at("2015-10-20T17:40:37+02:00").as_deref(),
            Some("2015-10-20T15:40:37Z")
        );
        assert_eq!(
            at("2016-02-25T13:51:20.5+0100").as_deref(),
            Some("2016-02-25T12:51:20.5Z")
        );
        assert_eq!(
            at("2014-06-02T05:03:54").as_deref(),
            Some("2014-06-02T03:03:54Z")
        );
        assert_eq!(
            at("2014-01-02T05:03:54").as_deref(),
            Some("2014-01-02T04:03:54Z")
        );
        for text in ["", "yesterday", "2014-13-02T05:03:54Z", "02.06.2014 05:03"] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn time_in_seconds_is_parsed() {
        let at = |text: &str| time(text).map(|time| time.to_string());
        assert_eq!(at("1401685434").as_deref(), Some("2014-06-02T05:03:54Z"));
        assert_eq!(
            at("1401685434120").as_deref(),
            Some("2014-06-02T05:03:54.12Z")
        );
        assert_eq!(at("999999999").as_deref(), Some("2001-09-09T01:46:39Z"));
        assert_eq!(
            at("999999999999").as_deref(),
            Some("2001-09-09T01:46:39.999Z")
        );
        for text in [
            "7",
            "14016854341",
            "-140168543",
            "+140168543",
            "14016854341201",
            "1401685434.5",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn each_kind_has_its_channel() {
        assert_eq!(kind_channel("result", true).unwrap(), Channel::Fetch);
        assert_eq!(kind_channel("status", true).unwrap(), Channel::List);
        assert_eq!(kind_channel("status", false).unwrap(), Channel::Poll);
        assert_eq!(kind_channel("callback", false).unwrap(), Channel::Callback);
        assert!(kind_channel("other", false).is_err());
    }
}
