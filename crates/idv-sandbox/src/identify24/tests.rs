//! Single steps, the person's page, and the sample of a webhook.

use std::time::Duration;

use serde_json::Value;

use super::create::Submitted;
use super::ident::{Ident, WEBHOOK};
use super::scenario::STEPS;
use super::{LIFETIME, Moment, Own, World, api, pages};
use crate::exchange::Piece;
use crate::part::Part as _;
use crate::person::Choice;
use crate::sandbox::Sandbox;
use crate::state::State;
use crate::vendor::with_secret;

async fn start() -> Sandbox {
    let builder = Sandbox::builder().in_process().speed(0.0);
    builder.start().await.unwrap()
}

fn with<T>(sandbox: &Sandbox, work: impl FnOnce(&mut World, &mut Moment<'_>) -> T) -> T {
    let work = |state: &mut State, now| state.with::<Own, T>(now, work);
    sandbox.worlds.unrecorded(work)
}

/// Creates an ident and returns its id.
fn create(sandbox: &Sandbox) -> String {
    with(sandbox, |world, moment| {
        let account = world.first.clone();
        api::add(world, &account, Submitted::sample("6").unwrap(), moment)
    })
}

fn ident(sandbox: &Sandbox, id: &str) -> Ident {
    with(sandbox, |world, _| world.cases.get(id).unwrap().clone())
}

async fn pass(sandbox: &Sandbox, seconds: u64) {
    sandbox.clock().advance(Duration::from_secs(seconds)).await;
}

/// Takes a step, whose effects happen at once.
async fn take(sandbox: &Sandbox, id: &str, step: &str) -> Result<(), String> {
    let vendor = sandbox.vendor(Own::ID).unwrap();
    vendor
        .take_step(id, step)
        .map_err(|error| error.to_string())?;
    pass(sandbox, 0).await;
    Ok(())
}

fn choose(sandbox: &Sandbox, id: &str, choice: Choice) {
    let choose = |state: &mut State, now| (Own::ENTRY.choose)(state, now, id, choice);
    sandbox.worlds.unrecorded(choose).unwrap();
}

/// Returns the text of the page behind the hand-off link.
fn page(sandbox: &Sandbox, id: &str) -> String {
    let answer = with(sandbox, |world, _| pages::handle(world, id));
    String::from_utf8(Piece::collect(answer.body)).unwrap()
}

fn is_open(sandbox: &Sandbox, id: &str) -> bool {
    crate::part::person::<Own>(&sandbox.worlds.state(), id).is_some_and(|page| page.is_open)
}

#[tokio::test]
async fn each_step_leads_to_its_status() {
    let sandbox = start().await;
    let cases: [(&[&str], &str, bool, Option<&str>); 11] = [
        (&["person-calls"], "Unidentified", false, None),
        (&["person-aborts"], "Aborted", false, None),
        (&["person-calls", "person-aborts"], "Aborted", false, None),
        (
            &["person-calls", "agent-requests-review"],
            "InReview",
            false,
            None,
        ),
        (
            &["person-calls", "agent-suspects-fraud"],
            "FraudSuspected",
            false,
            None,
        ),
        (
            &["person-calls", "agent-rejects"],
            "Rejected",
            true,
            Some("DOCUMENT_NOT_VALID"),
        ),
        (
            &["person-calls", "agent-identifies-no-person"],
            "Unidentified",
            true,
            Some("NOT_IDENTIFIABLE"),
        ),
        (
            &["person-calls", "agent-suspects-fraud", "reviewer-confirms"],
            "Identified",
            true,
            None,
        ),
        (
            &[
                "person-calls",
                "agent-requests-review",
                "reviewer-finds-fraud",
            ],
            "Rejected",
            true,
            Some("FRAUD"),
        ),
        (
            &["person-calls", "agent-requests-review", "reviewer-cancels"],
            "Canceled",
            true,
            Some("PHOTO_NOT_CLEAR"),
        ),
        (
            &["vendor-sends-unknown-status"],
            "EscalatedToPartner",
            false,
            None,
        ),
    ];
    for (steps, word, is_last, reason) in cases {
        let id = create(&sandbox);
        for step in steps {
            take(&sandbox, &id, step).await.unwrap();
        }
        let ident = ident(&sandbox, &id);
        assert_eq!((ident.word(), ident.finished), (word, is_last), "{steps:?}");
        assert_eq!(ident.reject_reason.as_deref(), reason, "{steps:?}");
        assert_eq!(ident.agent_name.is_some(), steps[0] == "person-calls");
    }
    let id = create(&sandbox);
    take(&sandbox, &id, "vendor-deletes-ident").await.unwrap();
    let deleted = ident(&sandbox, &id);
    assert_eq!((deleted.word(), deleted.gone), ("Expired", true));
    let id = create(&sandbox);
    for step in ["person-calls", "agent-corrects-name"] {
        take(&sandbox, &id, step).await.unwrap();
    }
    let name = ident(&sandbox, &id)
        .submitted
        .text("person_last_name")
        .map(str::to_owned);
    assert_eq!(name.as_deref(), Some("DOE-BEISPIEL"));
}

#[tokio::test]
async fn step_is_refused_when_it_does_not_fit() {
    let sandbox = start().await;
    let review = ["person-calls", "agent-requests-review"];
    let cases: [(&[&str], &str, &str); 8] = [
        (&[], "person-dances", "unknown step; steps: person-calls"),
        (&[], "agent-rejects", "not in a call"),
        (&[], "reviewer-confirms", "not in a review"),
        (&review[..1], "person-calls", "already in a call"),
        (
            &["person-calls", "person-aborts"],
            "agent-rejects",
            "not in a call",
        ),
        (&review, "person-calls", "a review follows"),
        (&review, "person-aborts", "a review follows"),
        (
            &["person-calls", "agent-rejects"],
            "person-calls",
            "is over",
        ),
    ];
    for (before, step, reason) in cases {
        let id = create(&sandbox);
        for step in before {
            take(&sandbox, &id, step).await.unwrap();
        }
        let error = take(&sandbox, &id, step).await.unwrap_err();
        assert!(error.contains(reason), "{step}: {error}");
    }
    for (step, _) in STEPS {
        let id = create(&sandbox);
        let refusal = take(&sandbox, &id, step).await.err().unwrap_or_default();
        assert!(!refusal.contains("unknown step"), "{step}: {refusal}");
    }
}

#[tokio::test]
async fn page_is_open_until_the_call_is_over() {
    let sandbox = start().await;
    for (choice, reached, last) in [
        (Choice::Succeed, "InReview", "Identified"),
        (Choice::DataDiffer, "InReview", "Identified"),
        (Choice::SuspectFraud, "FraudSuspected", "Rejected"),
    ] {
        let id = create(&sandbox);
        assert!(is_open(&sandbox, &id));
        choose(&sandbox, &id, choice);
        pass(&sandbox, 0).await;
        assert!(ident(&sandbox, &id).agent_name.is_some(), "{choice:?}");
        assert_eq!(ident(&sandbox, &id).word(), reached);
        assert!(!is_open(&sandbox, &id));
        assert!(page(&sandbox, &id).contains("is being reviewed"));
        pass(&sandbox, 12 * 60).await;
        assert_eq!(ident(&sandbox, &id).word(), last);
        assert!(!is_open(&sandbox, &id));
        assert!(page(&sandbox, &id).contains("is finished"));
        let place = (Own::ENTRY.return_address)(&sandbox.worlds.state(), &id);
        assert_eq!(place, None, "the document has no return address");
    }
    let id = create(&sandbox);
    choose(&sandbox, &id, Choice::Fail);
    pass(&sandbox, 0).await;
    assert_eq!(ident(&sandbox, &id).word(), "Rejected");
    assert!(!is_open(&sandbox, &id));
}

#[tokio::test]
async fn abandoned_call_can_be_repeated() {
    let sandbox = start().await;
    let id = create(&sandbox);
    choose(&sandbox, &id, Choice::ComeBackLater);
    pass(&sandbox, 60).await;
    assert_eq!(ident(&sandbox, &id).word(), "Unidentified");
    choose(&sandbox, &id, Choice::Abandon);
    pass(&sandbox, 0).await;
    assert_eq!(ident(&sandbox, &id).word(), "Aborted");
    assert!(is_open(&sandbox, &id));
    choose(&sandbox, &id, Choice::Succeed);
    pass(&sandbox, 12 * 60).await;
    assert_eq!(ident(&sandbox, &id).word(), "Identified");
}

#[tokio::test]
async fn page_shows_the_expected_person_and_document() {
    let sandbox = start().await;
    let id = create(&sandbox);
    let contents = |sandbox: &Sandbox| with(sandbox, |world, _| Own::person(world, &id));
    let page = contents(&sandbox).unwrap();
    assert_eq!((page.asked.len(), page.shown.len()), (3, 3));
    assert!(page.asked[0].contains("identity card or passport"));
    assert_eq!(page.shown[1], ("Last name".to_owned(), "DOE".to_owned()));
    with(&sandbox, |world, moment| {
        let ident = world.cases.get_mut(&id).unwrap();
        ident.submitted.correct("type_of_id", "Reisepass");
        ident
            .submitted
            .correct("pdf_url", "https://bank.example/contract.pdf");
        ident.appointment = Some(moment.now);
    });
    let page = contents(&sandbox).unwrap();
    assert_eq!(page.asked.len(), 4);
    assert!(page.asked[0].contains("your passport"));
    assert!(
        page.asked[2].contains("2026-01-01 01:00"),
        "{:?}",
        page.asked
    );
    pass(&sandbox, LIFETIME.as_secs()).await;
    assert_eq!(contents(&sandbox), None, "the data is deleted");
}

#[tokio::test]
async fn trigger_gives_a_signed_webhook() {
    let sandbox = start().await;
    let url = "http://127.0.0.1:9/hook";
    let trigger = |event: &str, url: &str| {
        let trigger = |state: &mut State, now| (Own::ENTRY.trigger)(state, now, event, url);
        sandbox.worlds.unrecorded(trigger)
    };
    let callback = trigger(WEBHOOK, url).unwrap();
    assert_eq!((callback.kind, callback.url), (WEBHOOK, with_secret(url)));
    let (_, body) = callback.body.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (&body["status_id"], &body["status"]),
        (&"5".into(), &"Identified".into())
    );
    assert_eq!(body["ident_id"], callback.reference.as_str());
    assert!(body["agent_name"].is_string());
    assert!(trigger("status", url).is_err());
    assert!(trigger(WEBHOOK, "https://bank.example/hook").is_err());
    assert_eq!(sandbox.identify24().idents(), 0);
    assert_eq!(sandbox.identify24().account().callback_url, None);
    assert!(sandbox.callbacks().is_empty());
}
