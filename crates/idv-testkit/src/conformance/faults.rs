//! Faults: whatever happens on the way, the vendor has one verification at most, and the error tells the truth about it.

use idv_core::{Capability, CreateSafety, Effect, ErrorKind};

use super::{Case, Fault, Harness, Trouble, skip};

/// The connection was reset: it is tried again, or it is said that nobody knows what had been sent by then.
pub async fn a_creation_that_is_refused_is_tried_again_or_unknown<H: Harness>(harness: &H) {
    let (made, told) = create(harness, Trouble::Refused).await;
    let keyed = harness.client().info().create_safety == CreateSafety::Keyed;
    let truthful = matches!((made, &told), (1, Told::Created))
        || (!keyed && matches!((made, &told), (0, Told::Unknown)));
    assert!(
        truthful,
        "{made} at the vendor, and the caller is told {told:?}"
    );
}

/// No answer came, and the vendor had not acted.
pub async fn a_creation_cut_before_the_effect_makes_one_at_most<H: Harness>(harness: &H) {
    uncertain(harness, Trouble::CutBefore, false).await;
}

/// No answer came, and the vendor had acted.
pub async fn a_creation_cut_after_the_effect_makes_one<H: Harness>(harness: &H) {
    uncertain(harness, Trouble::CutAfter, true).await;
}

/// 500, without effect: nobody can know that.
pub async fn a_creation_answered_by_a_broken_vendor_makes_one_at_most<H: Harness>(harness: &H) {
    uncertain(harness, Trouble::Status(500), false).await;
}

/// 429: it was not acted on, and is tried again, unless the vendor blocks those who do.
pub async fn a_creation_that_comes_too_often_waits_or_says_so<H: Harness>(harness: &H) {
    let (made, told) = create(harness, Trouble::RateLimited).await;
    assert!(
        matches!((made, &told), (1, Told::Created) | (0, Told::NotCreated)),
        "{made} at the vendor, and the caller is told {told:?}"
    );
}

/// 502 by a proxy, with a page of HTML.
pub async fn a_creation_answered_by_a_proxy_makes_one_at_most<H: Harness>(harness: &H) {
    uncertain(harness, Trouble::Html, false).await;
}

/// The vendor had acted, and its answer breaks off.
pub async fn a_creation_whose_answer_breaks_off_makes_one<H: Harness>(harness: &H) {
    uncertain(harness, Trouble::Truncated, true).await;
}

/// The vendor had acted, and its answer is JSON of another shape.
pub async fn a_creation_whose_answer_is_something_else_makes_one<H: Harness>(harness: &H) {
    uncertain(harness, Trouble::WrongType, true).await;
}

/// The vendor had acted, and its answer has no end.
pub async fn a_creation_whose_answer_is_endless_makes_one<H: Harness>(harness: &H) {
    uncertain(harness, Trouble::Oversize, true).await;
}

/// A poll that fails for a while is tried again; one that cannot be read says so; the next one works.
pub async fn a_poll_that_fails_says_how_and_the_next_one_works<H: Harness>(harness: &H) {
    if !harness.client().info().has(Capability::Polling) {
        return skip(harness, "it cannot be asked");
    }
    let case = Case::create(harness).await;
    for (trouble, kinds) in [
        (Trouble::Refused, None),
        (Trouble::CutBefore, None),
        (Trouble::CutAfter, None),
        (Trouble::Status(503), None),
        (Trouble::RateLimited, None),
        (Trouble::Html, None),
        (Trouble::Truncated, None),
        // What it is taken for depends on the status that it comes with.
        (
            Trouble::WrongType,
            Some(&[ErrorKind::Malformed, ErrorKind::NotFound][..]),
        ),
        (Trouble::Oversize, Some(&[ErrorKind::LimitExceeded])),
    ] {
        harness.plan(Fault::Poll(trouble));
        match (harness.client().poll(case.id()).await, kinds) {
            (Ok(observation), None) => assert!(observation.subject.is(case.id()), "{trouble:?}"),
            (Err(error), Some(kinds)) => {
                assert!(
                    kinds.contains(error.kind()) && error.effect() == Effect::NotApplied,
                    "{trouble:?}: {error}"
                );
            }
            (Ok(_), Some(kinds)) => panic!("{trouble:?} should be one of {kinds:?}"),
            (Err(error), None) => panic!("{trouble:?} should be tried again: {error}"),
        }
        assert!(
            harness.client().poll(case.id()).await.is_ok(),
            "{trouble:?}: the next one works"
        );
    }
}

/// What the caller is told of a creation.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Created,
    /// That nobody knows.
    Unknown,
    /// That there is none.
    NotCreated,
}

async fn create<H: Harness>(harness: &H, trouble: Trouble) -> (usize, Told) {
    harness.plan(Fault::Create(trouble));
    let told = match harness.client().create(&harness.person()).await {
        Ok(_) => Told::Created,
        Err(error) if error.effect() == Effect::Unknown => Told::Unknown,
        Err(_) => Told::NotCreated,
    };
    (harness.verifications(), told)
}

/// A fault of which nobody knows what it left behind. `acted` is whether the vendor had acted.
async fn uncertain<H: Harness>(harness: &H, trouble: Trouble, acted: bool) {
    let (made, told) = create(harness, trouble).await;
    let safety = harness.client().info().create_safety;
    // A keyed creation is repeated; what can be found is found; else nobody knows.
    let readable = matches!(trouble, Trouble::WrongType | Trouble::Oversize);
    let expected = match safety {
        CreateSafety::Keyed if !readable => (1, Told::Created),
        CreateSafety::Findable if acted => (1, Told::Created),
        _ => (usize::from(acted), Told::Unknown),
    };
    assert_eq!(
        (made, told),
        expected,
        "{trouble:?} at a vendor whose creations are {safety:?}"
    );
}
