//! Faults: a fault on the way leaves at most one verification at the vendor, and the error says
//! truthfully whether there is one.

use idv_core::{Capability, CreateSafety, Effect, ErrorKind};

use super::{Case, Fault, Harness, RequestFault, skip};

/// If the connection is reset, the request is repeated, or the error says that its effect is
/// unknown.
pub async fn refused_create_is_retried_or_unknown<H: Harness>(harness: &H) {
    let (made, answer) = create(harness, RequestFault::Refused).await;
    let keyed = harness.client().info().create_safety == CreateSafety::Keyed;
    let truthful = matches!((made, &answer), (1, Answer::Created))
        || (!keyed && matches!((made, &answer), (0, Answer::Unknown)));
    assert!(
        truthful,
        "{made} at the vendor, and the client answers {answer:?}"
    );
}

/// A create request without a response, on which the vendor did not act, makes at most one
/// verification.
pub async fn create_cut_before_effect_makes_at_most_one<H: Harness>(harness: &H) {
    uncertain(harness, RequestFault::CutBefore, false).await;
}

/// A create request without a response, on which the vendor acted, makes one verification.
pub async fn create_cut_after_effect_makes_one<H: Harness>(harness: &H) {
    uncertain(harness, RequestFault::CutAfter, true).await;
}

/// A create request answered with 500, on which the vendor did not act, makes at most one
/// verification.
pub async fn create_answered_with_500_makes_at_most_one<H: Harness>(harness: &H) {
    uncertain(harness, RequestFault::Status(500), false).await;
}

/// A create request answered with 429 is repeated, unless the vendor blocks senders that do so.
pub async fn rate_limited_create_is_retried_or_not_created<H: Harness>(harness: &H) {
    let (made, answer) = create(harness, RequestFault::RateLimited).await;
    assert!(
        matches!(
            (made, &answer),
            (1, Answer::Created) | (0, Answer::NotCreated)
        ),
        "{made} at the vendor, and the client answers {answer:?}"
    );
}

/// A create request answered by a proxy with 502 and HTML makes at most one verification.
pub async fn create_answered_by_proxy_makes_at_most_one<H: Harness>(harness: &H) {
    uncertain(harness, RequestFault::Html, false).await;
}

/// A create request whose response breaks off makes one verification.
pub async fn create_with_truncated_response_makes_one<H: Harness>(harness: &H) {
    uncertain(harness, RequestFault::Truncated, true).await;
}

/// A create request whose response is JSON of another shape makes one verification.
pub async fn create_with_unexpected_response_makes_one<H: Harness>(harness: &H) {
    uncertain(harness, RequestFault::WrongType, true).await;
}

/// A create request whose response has no end makes one verification.
pub async fn create_with_endless_response_makes_one<H: Harness>(harness: &H) {
    uncertain(harness, RequestFault::Oversize, true).await;
}

/// A poll that fails temporarily is repeated; one with an unreadable response fails; the next poll
/// succeeds.
pub async fn failed_poll_reports_cause_and_next_succeeds<H: Harness>(harness: &H) {
    if !harness.client().info().has(Capability::Polling) {
        return skip(harness, "the vendor cannot be polled");
    }
    let case = Case::create(harness).await;
    for (fault, kinds) in [
        (RequestFault::Refused, None),
        (RequestFault::CutBefore, None),
        (RequestFault::CutAfter, None),
        (RequestFault::Status(503), None),
        (RequestFault::RateLimited, None),
        (RequestFault::Html, None),
        (RequestFault::Truncated, None),
        // The kind of error depends on the status of the response.
        (
            RequestFault::WrongType,
            Some(&[ErrorKind::Malformed, ErrorKind::NotFound][..]),
        ),
        (RequestFault::Oversize, Some(&[ErrorKind::LimitExceeded])),
    ] {
        harness.plan(Fault::Poll(fault));
        match (harness.client().poll(case.id()).await, kinds) {
            (Ok(observation), None) => assert!(observation.subject.is(case.id()), "{fault:?}"),
            (Err(error), Some(kinds)) => {
                assert!(
                    kinds.contains(error.kind()) && error.effect() == Effect::NotApplied,
                    "{fault:?}: {error}"
                );
            }
            (Ok(_), Some(kinds)) => panic!("{fault:?} should fail with one of {kinds:?}"),
            (Err(error), None) => panic!("{fault:?} should be retried: {error}"),
        }
        assert!(
            harness.client().poll(case.id()).await.is_ok(),
            "{fault:?}: the next poll succeeds"
        );
    }
}

/// The client's answer to a create call.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Created,
    /// The effect is unknown.
    Unknown,
    /// No verification was created.
    NotCreated,
}

async fn create<H: Harness>(harness: &H, fault: RequestFault) -> (usize, Answer) {
    harness.plan(Fault::Create(fault));
    let answer = match harness.client().create(&harness.person()).await {
        Ok(_) => Answer::Created,
        Err(error) if error.effect() == Effect::Unknown => Answer::Unknown,
        Err(_) => Answer::NotCreated,
    };
    (harness.verifications(), answer)
}

/// Sends a create request with a fault that hides the effect. `acted` says whether the vendor
/// acted.
async fn uncertain<H: Harness>(harness: &H, fault: RequestFault, acted: bool) {
    let (made, answer) = create(harness, fault).await;
    let safety = harness.client().info().create_safety;
    // A keyed request is repeated; a findable verification is found; otherwise the effect stays
    // unknown.
    let readable = matches!(fault, RequestFault::WrongType | RequestFault::Oversize);
    let expected = match safety {
        CreateSafety::Keyed if !readable => (1, Answer::Created),
        CreateSafety::Findable if acted => (1, Answer::Created),
        _ => (usize::from(acted), Answer::Unknown),
    };
    assert_eq!(
        (made, answer),
        expected,
        "{fault:?} with create safety {safety:?}"
    );
}
