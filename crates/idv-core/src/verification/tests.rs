use proptest::prelude::*;

use super::*;
use crate::id::{ProviderId, Reference, Subject};
use crate::info::{CreateSafety, HandOffKind};
use crate::observation::{Channel, Proof, ProofKind, ResultState, Trust};
use crate::report::Report;

const REFERENCE: &str = "0123456789abcdef0123456789abcdef";

pub(crate) fn id() -> VerificationId {
    VerificationId::new(
        Reference::parse(REFERENCE).unwrap(),
        Some(VendorId::new("V-1")),
    )
}

pub(crate) fn capabilities(facets: &[Capability], report_from: ReportSource) -> VendorInfo {
    let id = ProviderId::new("example");
    let mut info = VendorInfo::new(
        id,
        "Example",
        CreateSafety::Keyed,
        HandOffKind::Redirect,
        report_from,
    );
    info.capabilities = facets.to_vec();
    info
}

pub(crate) fn askable() -> VendorInfo {
    capabilities(
        &[
            Capability::Polling,
            Capability::Results,
            Capability::Callbacks,
        ],
        ReportSource::Fetch,
    )
}

pub(crate) fn told_only() -> VendorInfo {
    capabilities(&[Capability::Callbacks], ReportSource::Callback)
}

pub(crate) fn expires_at() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

pub(crate) fn verification(capabilities: &VendorInfo) -> Verification {
    Verification::new(id(), capabilities, Some(expires_at()))
}

pub(crate) fn said(channel: Channel, status: Option<Status>) -> Observation {
    Observation {
        status,
        ..Observation::claimed(Subject::from(&id()), channel)
    }
}

pub(crate) fn answer(status: Status) -> Observation {
    said(Channel::Poll, Some(status)).proven(Proof::of(ProofKind::OwnCall, b""))
}

pub(crate) fn proven_callback(status: Status) -> Observation {
    said(Channel::Callback, Some(status)).proven(Proof::of(ProofKind::SharedSecret, b""))
}

pub(crate) fn inline(mut observation: Observation) -> Observation {
    observation.result = ResultState::Inline(Box::new(Report::new(ProviderId::new("example"))));
    observation
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    proptest::sample::select(Outcome::ALL.to_vec())
}

fn any_status() -> impl Strategy<Value = Option<Status>> {
    prop_oneof![
        Just(None),
        Just(Some(Status::AwaitingPerson)),
        Just(Some(Status::InProgress)),
        proptest::option::of(any_outcome()).prop_map(|leaning| Some(Status::InReview { leaning })),
        Just(Some(Status::Ended)),
        any_outcome().prop_map(|outcome| Some(Status::Finished(outcome))),
    ]
}

fn any_observation() -> impl Strategy<Value = Observation> {
    let channel = prop_oneof![
        Just(Channel::Poll),
        Just(Channel::Fetch),
        Just(Channel::List),
        Just(Channel::Callback),
        Just(Channel::Return)
    ];
    let result = prop_oneof![
        Just(ResultState::Absent),
        "[a-c]".prop_map(|handle| ResultState::Fetchable(ResultHandle::new(handle))),
        Just(ResultState::Inline(Box::new(Report::new(ProviderId::new(
            "example"
        ))))),
    ];
    let told = (channel, any_status(), result, any::<bool>(), any::<bool>()).prop_map(
        |(channel, status, result, proven, ours)| {
            let subject = if ours {
                Subject::from(&id())
            } else {
                Subject::new(Some("somebody-else-0000".into()), None)
            };
            let mut observation = Observation {
                status,
                result,
                ..Observation::claimed(subject, channel)
            };
            observation.code = status.is_none().then(|| "NEW_WORD".to_owned());
            match channel {
                // The person's return is never proven, and a response to a request always is.
                Channel::Return => observation,
                Channel::Callback if proven => {
                    observation.proven(Proof::of(ProofKind::SharedSecret, b""))
                }
                Channel::Callback => observation,
                _ => observation.proven(Proof::of(ProofKind::OwnCall, b"")),
            }
        },
    );
    prop_oneof![9 => told, 1 => Just(Observation::lapsed(&id(), expires_at()))]
}

fn fold<'a>(
    capabilities: &VendorInfo,
    observations: impl IntoIterator<Item = &'a Observation>,
) -> Verification {
    let mut verification = verification(capabilities);
    for observation in observations {
        verification.apply(observation);
    }
    verification
}

/// Returns every order of the numbers below `length`.
fn orders(length: usize) -> Vec<Vec<usize>> {
    (0..length).fold(vec![Vec::new()], |orders, next| {
        let insert = |order: &Vec<usize>, at| {
            let mut longer = order.clone();
            longer.insert(at, next);
            longer
        };
        orders
            .iter()
            .flat_map(|order| {
                (0..=order.len())
                    .map(|at| insert(order, at))
                    .collect::<Vec<_>>()
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_order_and_repetition_ends_in_one_state(
        observations in proptest::collection::vec(any_observation(), 0..=5),
        again in proptest::collection::vec(any::<proptest::sample::Index>(), 0..4),
        asked in any::<bool>(),
    ) {
        let capabilities = if asked { askable() } else { told_only() };
        let expected = fold(&capabilities, &observations);
        for order in orders(observations.len()) {
            let repeated = again.iter().filter(|_| !order.is_empty()).map(|index| order[index.index(order.len())]);
            let state = fold(&capabilities, order.iter().copied().chain(repeated).map(|index| &observations[index]));
            prop_assert_eq!(&state, &expected);
            prop_assert_eq!(state.next_step(&capabilities), expected.next_step(&capabilities));
        }
    }

    #[test]
    fn unproven_observation_decides_nothing(
        observations in proptest::collection::vec(any_observation(), 0..8),
        claims in proptest::collection::vec(any_observation(), 0..8),
        asked in any::<bool>(),
    ) {
        let capabilities = if asked { askable() } else { told_only() };
        let mut state = fold(&capabilities, &observations);
        let (decision, progress, report) = (state.decision(), state.progress, state.report);
        for claim in &claims {
            let transition = state.apply(&claim.clone().trusted(Trust::Claimed));
            prop_assert!(
                matches!(transition, Transition::PollRequested | Transition::Unchanged | Transition::WrongSubject),
                "{transition:?}"
            );
        }
        prop_assert_eq!((state.decision(), state.progress, state.report), (decision, progress, report));
    }

    #[test]
    fn progress_never_moves_backwards(observations in proptest::collection::vec(any_observation(), 0..12), asked in any::<bool>()) {
        let mut state = verification(&if asked { askable() } else { told_only() });
        for observation in &observations {
            let (progress, report, outcomes) = (state.progress, state.report, state.outcomes);
            let before = state.decision();
            state.apply(observation);
            prop_assert!(state.progress >= progress && state.report >= report && state.outcomes.contains_all(outcomes));
            if before == Decision::Disputed {
                prop_assert_eq!(state.decision(), Decision::Disputed);
            }
            if let (Decision::Settled(outcome), Decision::Open(_)) = (before, state.decision()) {
                // Only an expiry by the application's clock is revoked, by a vendor that has seen
                // the person.
                prop_assert!(outcome == Outcome::Expired && state.lapsed);
            }
        }
    }

    #[test]
    fn no_person_is_verified_against_proven_evidence(observations in proptest::collection::vec(any_observation(), 0..12), asked in any::<bool>()) {
        let capabilities = if asked { askable() } else { told_only() };
        let state = fold(&capabilities, &observations);
        let proven: Vec<_> = observations
            .iter()
            .filter(|observation| observation.subject.is(&id()) && observation.trust.is_proven())
            .filter(|observation| observation.channel != Channel::Callback || !asked)
            .filter(|observation| observation.channel != Channel::Deadline)
            .filter_map(|observation| match observation.status {
                Some(Status::Finished(outcome)) => Some(outcome),
                _ => None,
            })
            .collect();
        let expected = !proven.is_empty() && proven.iter().all(|outcome| *outcome == Outcome::Verified);
        prop_assert_eq!(state.decision().is_verified(), expected);
        let contradictory = proven.iter().any(|outcome| *outcome != proven[0] || *outcome == Outcome::Disputed);
        prop_assert_eq!(state.decision() == Decision::Disputed, contradictory);
        if contradictory {
            let next = state.next_step(&capabilities);
            prop_assert!(matches!(next, Step::NeedsOperator | Step::Fetch(_)), "{next:?}");
        }
    }

    #[test]
    fn stored_state_is_restored_unchanged(observations in proptest::collection::vec(any_observation(), 0..8)) {
        let state = fold(&askable(), &observations);
        let stored = serde_json::to_string(&state).unwrap();
        prop_assert_eq!(serde_json::from_str::<Verification>(&stored).unwrap(), state);
    }
}

#[test]
fn proven_callback_requests_a_poll_if_polling_is_possible() {
    let mut state = verification(&askable());
    assert_eq!(
        state.apply(&proven_callback(Status::Finished(Outcome::Verified))),
        Transition::Progressed
    );
    assert_eq!(
        state.decision(),
        Decision::Open(Status::InReview { leaning: None })
    );
    assert_eq!(
        state.apply(&proven_callback(Status::Finished(Outcome::Verified))),
        Transition::PollRequested
    );
    assert_eq!(state.next_step(&askable()), Step::Poll);
    assert_eq!(
        state.apply(&answer(Status::Finished(Outcome::Rejected))),
        Transition::Settled(Outcome::Rejected)
    );
}

#[test]
fn only_a_proven_callback_settles_without_polling() {
    let mut state = verification(&told_only());
    assert_eq!(state.next_step(&told_only()), Step::AwaitCallback);
    assert_eq!(
        state.apply(&said(
            Channel::Callback,
            Some(Status::Finished(Outcome::Verified))
        )),
        Transition::PollRequested
    );
    assert_eq!(state.decision(), Decision::Open(Status::AwaitingPerson));
    let settled = state.apply(&inline(proven_callback(Status::Finished(
        Outcome::Verified,
    ))));
    assert_eq!(settled, Transition::Settled(Outcome::Verified));
    assert_eq!(state.next_step(&told_only()), Step::Done);
}

#[test]
fn late_unproven_callback_requests_a_poll_if_it_differs() {
    let mut state = verification(&askable());
    state.apply(&answer(Status::Finished(Outcome::Verified)));
    let same = said(Channel::Callback, Some(Status::Finished(Outcome::Verified)));
    let other = said(Channel::Callback, Some(Status::Finished(Outcome::Rejected)));
    assert_eq!(state.apply(&same), Transition::Unchanged);
    assert_eq!(state.apply(&other), Transition::PollRequested);
    assert_eq!(state.decision(), Decision::Settled(Outcome::Verified));
}

#[test]
fn dispute_is_resolved_by_an_operator_until_new_evidence() {
    let mut state = verification(&askable());
    state.apply(&answer(Status::Finished(Outcome::Verified)));
    assert_eq!(
        state.apply(&answer(Status::Finished(Outcome::Rejected))),
        Transition::Disputed
    );
    assert!(!state.decision().is_verified());
    assert!(state.resolve_dispute(Outcome::Disputed).is_err());
    assert!(!state.decision().is_verified());
    state.resolve_dispute(Outcome::Rejected).unwrap();
    assert_eq!(state.decision(), Decision::Settled(Outcome::Rejected));
    assert_eq!(
        state.apply(&answer(Status::Finished(Outcome::Verified))),
        Transition::Unchanged
    );
    assert_eq!(
        state.apply(&answer(Status::Finished(Outcome::Canceled))),
        Transition::Disputed
    );
    assert_eq!(state.next_step(&askable()), Step::NeedsOperator);
}

#[test]
fn disputed_outcome_verifies_only_after_a_resolution() {
    let mut state = verification(&askable());
    state.apply(&answer(Status::Finished(Outcome::Verified)));
    let disputed = answer(Status::Finished(Outcome::Disputed));
    assert_eq!(state.apply(&disputed), Transition::Disputed);
    let mut alone = verification(&askable());
    assert_eq!(alone.apply(&disputed), Transition::Disputed);
    for state in [&mut state, &mut alone] {
        assert_eq!(
            (state.decision(), state.next_step(&askable())),
            (Decision::Disputed, Step::NeedsOperator)
        );
        state.resolve_dispute(Outcome::Verified).unwrap();
        assert!(state.decision().is_verified());
        assert_eq!(
            state.apply(&disputed),
            Transition::Unchanged,
            "the operator knows it"
        );
        state.resolve_dispute(Outcome::Rejected).unwrap();
        assert_eq!(
            state.decision(),
            Decision::Settled(Outcome::Rejected),
            "a resolution can be replaced"
        );
    }
}

#[test]
fn undisputed_outcome_cannot_be_resolved() {
    let mut state = verification(&askable());
    assert_eq!(
        state.resolve_dispute(Outcome::Verified).unwrap_err().kind(),
        &ErrorKind::Conflict
    );
    state.apply(&answer(Status::Finished(Outcome::Rejected)));
    assert_eq!(
        state.resolve_dispute(Outcome::Verified).unwrap_err().kind(),
        &ErrorKind::Conflict
    );
    assert_eq!(state.decision(), Decision::Settled(Outcome::Rejected));
}

#[test]
fn proven_callback_ends_nothing_if_polling_is_possible() {
    for status in [Status::Ended, Status::Finished(Outcome::Verified)] {
        let mut state = verification(&askable());
        state.apply(&proven_callback(status));
        assert_eq!(
            state.decision(),
            Decision::Open(Status::InReview { leaning: None })
        );
        assert_eq!(state.next_step(&askable()), Step::Poll);
    }
    let mut state = verification(&told_only());
    state.apply(&proven_callback(Status::Ended));
    assert_eq!(state.decision(), Decision::Open(Status::Ended));
}

#[test]
fn handles_are_tried_in_turn_and_can_be_dropped() {
    let named = |handle: &str, trust: Trust| {
        let mut returned = said(Channel::Return, None);
        (returned.trust, returned.result) =
            (trust, ResultState::Fetchable(ResultHandle::new(handle)));
        returned
    };
    let proof = Trust::Proven(Proof::of(ProofKind::SharedSecret, b""));
    let forged: Vec<String> = (0..100).map(|number| format!("-{number}")).collect();
    let observations: Vec<_> = forged
        .iter()
        .map(|handle| named(handle, Trust::Claimed))
        .chain([named("genuine", proof)])
        .collect();
    let fold = |order: &mut dyn Iterator<Item = &Observation>| {
        let mut state = verification(&askable());
        order.for_each(|observation| drop(state.apply(observation)));
        state.apply(&answer(Status::Ended));
        state
    };
    let mut state = fold(&mut observations.iter());
    assert_eq!(state, fold(&mut observations.iter().rev()));
    assert_eq!(state.handles().count(), Verification::MAX_HANDLES + 1);
    assert_eq!(
        state.next_step(&askable()),
        Step::Fetch(ResultHandle::new("genuine"))
    );
    assert!(state.drop_handle(&ResultHandle::new("genuine")));
    assert!(!state.drop_handle(&ResultHandle::new("genuine")));
    for left in (0..Verification::MAX_HANDLES).rev() {
        let Step::Fetch(handle) = state.next_step(&askable()) else {
            panic!("a handle is left")
        };
        assert!(state.drop_handle(&handle));
        assert_eq!(state.handles().count(), left);
    }
    assert_eq!(state.next_step(&askable()), Step::AwaitReport);
}

#[test]
fn report_is_fetched_once_the_end_is_known() {
    let mut state = verification(&askable());
    let mut ended = answer(Status::Ended);
    ended.result = ResultState::Fetchable(ResultHandle::new("r"));
    state.apply(&ended);
    assert_eq!(
        state.next_step(&askable()),
        Step::Fetch(ResultHandle::new("r"))
    );
    let mut fetched = inline(answer(Status::Finished(Outcome::Verified)));
    fetched.channel = Channel::Fetch;
    assert_eq!(
        state.apply(&fetched),
        Transition::Settled(Outcome::Verified)
    );
    assert_eq!(state.next_step(&askable()), Step::Done);
}

#[test]
fn preliminary_report_still_leads_to_a_fetch() {
    let mut state = verification(&askable());
    state.apply(&inline(answer(Status::InReview {
        leaning: Some(Outcome::Verified),
    })));
    assert_eq!(
        state.decision(),
        Decision::Open(Status::InReview {
            leaning: Some(Outcome::Verified)
        })
    );
    let mut finished = answer(Status::Finished(Outcome::Verified));
    finished.result = ResultState::Fetchable(ResultHandle::new("r"));
    state.apply(&finished);
    assert_eq!(
        state.next_step(&askable()),
        Step::Fetch(ResultHandle::new("r"))
    );
}

#[test]
fn handle_from_the_browser_may_be_tried_and_decides_nothing() {
    let mut state = verification(&askable());
    let mut returned = said(Channel::Return, None);
    returned.result = ResultState::Fetchable(ResultHandle::new("claimed"));
    assert_eq!(state.apply(&returned), Transition::PollRequested);
    assert_eq!(state.decision(), Decision::Open(Status::AwaitingPerson));
    state.apply(&answer(Status::Ended));
    assert_eq!(
        state.next_step(&askable()),
        Step::Fetch(ResultHandle::new("claimed"))
    );
}

#[test]
fn expiry_ends_only_an_unfinished_session() {
    let now = expires_at();
    let mut idle = verification(&askable());
    assert_eq!(
        idle.expire_if_due(now - jiff::SignedDuration::from_secs(1)),
        None
    );
    let lapse = idle.expire_if_due(now).unwrap();
    assert_eq!(idle.apply(&lapse), Transition::Settled(Outcome::Expired));
    assert_eq!(idle.next_step(&askable()), Step::Done);
    // The vendor's statement prevails over the application's clock.
    assert_eq!(
        idle.apply(&answer(Status::Finished(Outcome::Verified))),
        Transition::Settled(Outcome::Verified)
    );

    let mut reviewed = verification(&askable());
    reviewed.apply(&answer(Status::InReview { leaning: None }));
    reviewed.apply(&lapse);
    assert_eq!(
        reviewed.decision(),
        Decision::Open(Status::InReview { leaning: None })
    );
}

#[test]
fn unknown_code_changes_nothing_and_is_reported() {
    let mut state = verification(&askable());
    let mut unknown = said(Channel::Poll, None).proven(Proof::of(ProofKind::OwnCall, b""));
    unknown.code = Some("SOMETHING_NEW".into());
    assert_eq!(
        state.apply(&unknown),
        Transition::UnknownCode("SOMETHING_NEW".into())
    );
    assert_eq!(state, verification(&askable()));
    // A response can contain a report together with an unknown code.
    for channel in [Channel::Poll, Channel::Fetch] {
        unknown.channel = channel;
        unknown.result = ResultState::Inline(Box::new(Report::new(ProviderId::new("example"))));
        assert_eq!(
            state.apply(&unknown),
            Transition::UnknownCode("SOMETHING_NEW".into())
        );
        assert_eq!(state, verification(&askable()));
    }
}

#[test]
fn open_verification_takes_at_most_512_bytes() {
    let mut state = verification(&askable());
    let mut observation = answer(Status::InReview {
        leaning: Some(Outcome::Verified),
    });
    observation.result =
        ResultState::Fetchable(ResultHandle::new("6f1c2a9e-1c1f-4a6b-9a52-0c2d6a1f7e11"));
    state.apply(&observation);
    let heap = REFERENCE.len() + "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX".len() * 2;
    assert!(
        size_of::<Verification>() + heap <= 512,
        "{} + {heap}",
        size_of::<Verification>()
    );
}

#[test]
fn callback_report_counts_even_if_the_outcome_is_polled() {
    let vendor = capabilities(
        &[Capability::Polling, Capability::Callbacks],
        ReportSource::Callback,
    );
    let told = inline(proven_callback(Status::Finished(Outcome::Verified)));
    let answered = answer(Status::Finished(Outcome::Verified));
    for observations in [[&told, &answered], [&answered, &told]] {
        let mut state = verification(&vendor);
        state.apply(observations[0]);
        assert_ne!(state.next_step(&vendor), Step::Done);
        state.apply(observations[1]);
        assert_eq!(
            (state.decision(), state.next_step(&vendor)),
            (Decision::Settled(Outcome::Verified), Step::Done)
        );
    }
    let mut state = verification(&vendor);
    state.apply(&told);
    assert_eq!(
        (state.decision().is_verified(), state.next_step(&vendor)),
        (false, Step::Poll),
        "the callback decides nothing"
    );
    let mut claimed = told;
    claimed.trust = Trust::Claimed;
    let mut state = verification(&vendor);
    state.apply(&answered);
    state.apply(&claimed);
    assert_eq!(
        state.next_step(&vendor),
        Step::AwaitReport,
        "an unproven report does not count either"
    );
}
