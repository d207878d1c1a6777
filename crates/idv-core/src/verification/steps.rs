//! Tests of the next steps, the finality of reports, and facts that are added later.

use super::tests::{
    answer, askable, capabilities, expires_at, id, inline, proven_callback, said, told_only,
    verification,
};
use super::*;
use crate::id::Reference;
use crate::observation::{Channel, Proof, ProofKind, ResultState, Trust};

fn finished(outcome: Outcome) -> Observation {
    answer(Status::Finished(outcome))
}

#[test]
fn next_step_follows_from_the_state() {
    use ReportSource::{Callback, Fetch, Poll};
    let polling = capabilities(&[Capability::Polling], Poll);
    let told_of_polls = capabilities(&[Capability::Callbacks], Poll);
    let listed = capabilities(&[Capability::Listing], Fetch);
    let polled_and_told = capabilities(&[Capability::Polling, Capability::Callbacks], Callback);
    let ended = Some(answer(Status::Ended));
    let verified = Some(finished(Outcome::Verified));
    let with_report = Some(inline(finished(Outcome::Verified)));
    let rows = [
        (&polling, &None, Step::Poll),
        (&polling, &Some(answer(Status::InProgress)), Step::Poll),
        (&polling, &ended, Step::Poll),
        (&polling, &verified, Step::Poll),
        (&polling, &with_report, Step::Done),
        (&polling, &Some(finished(Outcome::Canceled)), Step::Done),
        (&polling, &Some(finished(Outcome::Expired)), Step::Done),
        (
            &polling,
            &Some(finished(Outcome::Disputed)),
            Step::NeedsOperator,
        ),
        (&told_only(), &None, Step::AwaitCallback),
        (&told_only(), &ended, Step::AwaitReport),
        (&told_only(), &verified, Step::AwaitReport),
        (&told_only(), &with_report, Step::Done),
        (&told_of_polls, &ended, Step::AwaitReport),
        (&listed, &None, Step::NeedsOperator),
        (&listed, &ended, Step::NeedsOperator),
        (&listed, &verified, Step::Done),
        (&polled_and_told, &None, Step::Poll),
        (&polled_and_told, &ended, Step::AwaitReport),
        (&polled_and_told, &verified, Step::AwaitReport),
        (&askable(), &ended, Step::AwaitReport),
    ];
    for (index, (capabilities, observation, step)) in rows.into_iter().enumerate() {
        let mut state = verification(capabilities);
        if let Some(observation) = observation {
            state.apply(observation);
        }
        assert_eq!(state.next_step(capabilities), step, "row {index}");
    }
}

#[test]
fn result_is_fetched_after_any_end_that_has_one() {
    for (outcome, decision, after) in [
        (
            Outcome::Canceled,
            Decision::Settled(Outcome::Canceled),
            Step::Done,
        ),
        (
            Outcome::Expired,
            Decision::Settled(Outcome::Expired),
            Step::Done,
        ),
        (Outcome::Disputed, Decision::Disputed, Step::NeedsOperator),
    ] {
        let mut canceled = finished(outcome);
        canceled.result = ResultState::Fetchable(ResultHandle::new("r"));
        let mut state = verification(&askable());
        let mut claimed = canceled.clone().trusted(Trust::Claimed);
        claimed.status = None;
        state.apply(&claimed);
        state.apply(&finished(outcome));
        assert_eq!(
            state.next_step(&askable()),
            after,
            "an unproven handle is not worth a fetch"
        );
        state.apply(&canceled);
        assert_eq!(
            state.next_step(&askable()),
            Step::Fetch(ResultHandle::new("r"))
        );
        let mut fetched = inline(finished(outcome));
        fetched.channel = Channel::Fetch;
        state.apply(&fetched);
        assert_eq!(
            (state.next_step(&askable()), state.decision()),
            (after.clone(), decision)
        );
        let polled = capabilities(&[Capability::Polling], ReportSource::Poll);
        let mut state = verification(&polled);
        state.apply(&canceled);
        assert_eq!(state.next_step(&polled), after, "nothing can be fetched");
    }
}

#[test]
fn report_is_as_final_as_its_observation() {
    let with_code = |code: Option<&str>, mut observation: Observation| {
        observation.code = code.map(Into::into);
        inline(observation)
    };
    let own = |channel, status| said(channel, status).proven(Proof::of(ProofKind::OwnCall, b""));
    let rows = [
        (own(Channel::Fetch, None), Some(ReportFinality::Final)),
        (own(Channel::Poll, None), Some(ReportFinality::Preliminary)),
        (
            own(Channel::Fetch, Some(Status::Ended)),
            Some(ReportFinality::Preliminary),
        ),
        (
            own(Channel::Poll, Some(Status::Finished(Outcome::Rejected))),
            Some(ReportFinality::Final),
        ),
        (
            own(Channel::Poll, Some(Status::InProgress)),
            Some(ReportFinality::Preliminary),
        ),
        (proven_callback(Status::Finished(Outcome::Verified)), None),
        (said(Channel::Return, None), None),
    ];
    let state = verification(&askable());
    for (index, (observation, weight)) in rows.into_iter().enumerate() {
        let known = observation.status.is_some();
        assert_eq!(
            state.report_finality(&with_code(None, observation.clone())),
            weight,
            "row {index}"
        );
        // A known code changes nothing; an unknown one makes the report wait.
        assert_eq!(
            state.report_finality(&with_code(Some("CODE"), observation)),
            weight.filter(|_| known),
            "row {index} with a code"
        );
    }
    assert_eq!(
        state.report_finality(&finished(Outcome::Verified)),
        None,
        "there is no report"
    );
    let mut foreign = inline(finished(Outcome::Verified));
    foreign.subject = crate::Subject::new(Some("another-reference-000".into()), None);
    assert_eq!(state.report_finality(&foreign), None);
}

#[test]
fn unknown_facts_are_added_once() {
    let nameless = VerificationId::new(
        Reference::parse("0123456789abcdef0123456789abcdef").unwrap(),
        None,
    );
    let mut state = Verification::new(nameless, &askable(), None);
    assert_eq!((state.expires_at(), &state.id().vendor_id), (None, &None));
    assert_eq!(state.expire_if_due(expires_at()), None, "no time is set");
    state.expire_at(expires_at());
    state.expire_at(Timestamp::MAX);
    state.identify(VendorId::new("V-1"));
    state.identify(VendorId::new("V-2"));
    assert_eq!(
        (state.expires_at(), state.id()),
        (Some(expires_at()), &id())
    );
    assert!(state.expire_if_due(expires_at()).is_some());
}

#[test]
fn session_expires_once_and_not_after_an_outcome() {
    let mut state = verification(&askable());
    let lapse = state.expire_if_due(expires_at()).unwrap();
    state.apply(&lapse);
    assert_eq!(state.expire_if_due(Timestamp::MAX), None);
    let mut settled = verification(&askable());
    settled.apply(&finished(Outcome::Rejected));
    assert_eq!(settled.expire_if_due(Timestamp::MAX), None);
}

#[test]
fn unproven_news_requests_a_poll() {
    let claim = |status| said(Channel::Callback, status);
    let mut open = verification(&askable());
    assert_eq!(
        open.apply(&claim(Some(Status::InProgress))),
        Transition::PollRequested
    );
    assert_eq!(open.apply(&claim(None)), Transition::PollRequested);
    let mut settled = verification(&askable());
    settled.apply(&finished(Outcome::Verified));
    assert_eq!(
        settled.apply(&claim(Some(Status::InProgress))),
        Transition::Unchanged
    );
    assert_eq!(settled.apply(&claim(None)), Transition::Unchanged);
    assert_eq!(
        settled.apply(&claim(Some(Status::Finished(Outcome::Canceled)))),
        Transition::PollRequested
    );
    let leaning = |outcome| {
        Some(Status::InReview {
            leaning: Some(outcome),
        })
    };
    assert_eq!(
        settled.apply(&claim(leaning(Outcome::Verified))),
        Transition::Unchanged
    );
    assert_eq!(
        settled.apply(&claim(leaning(Outcome::Rejected))),
        Transition::PollRequested
    );
    assert_eq!(
        settled.apply(&claim(Some(Status::InReview { leaning: None }))),
        Transition::Unchanged
    );
    let mut disputed = verification(&askable());
    disputed.apply(&finished(Outcome::Disputed));
    assert_eq!(
        disputed.apply(&claim(Some(Status::InProgress))),
        Transition::PollRequested
    );
}

#[test]
fn report_alone_is_progress() {
    let mut state = verification(&askable());
    state.apply(&finished(Outcome::Verified));
    let fetched = inline(said(Channel::Fetch, None).proven(Proof::of(ProofKind::OwnCall, b"")));
    assert_eq!(state.apply(&fetched), Transition::Progressed);
    assert_eq!(state.apply(&fetched), Transition::Unchanged);
    assert_eq!(state.next_step(&askable()), Step::Done);
}

#[test]
fn expired_callback_of_an_askable_vendor_is_no_progress() {
    let mut state = verification(&askable());
    assert_eq!(
        state.apply(&proven_callback(Status::Finished(Outcome::Expired))),
        Transition::PollRequested
    );
    assert_eq!(state.decision(), Decision::Open(Status::AwaitingPerson));
}

#[test]
fn progress_after_expiry_is_reported() {
    let mut state = verification(&askable());
    state.apply(&state.expire_if_due(expires_at()).unwrap());
    assert_eq!(
        state.apply(&answer(Status::InProgress)),
        Transition::Progressed
    );
    assert_eq!(state.decision(), Decision::Settled(Outcome::Expired));
    assert_eq!(
        state.apply(&answer(Status::InProgress)),
        Transition::Unchanged
    );
}

#[test]
fn debug_prints_the_proven_outcomes() {
    let mut state = verification(&askable());
    state.apply(&finished(Outcome::Verified));
    state.apply(&finished(Outcome::Rejected));
    assert!(
        format!("{state:?}").contains("outcomes: {Verified, Rejected}"),
        "{state:?}"
    );
}
