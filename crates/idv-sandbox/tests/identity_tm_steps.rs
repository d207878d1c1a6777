//! Identity.TM's single steps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod identity_tm;
mod support;

use std::collections::BTreeSet;

use identity_tm::{Tm, order, with};
use idv_sandbox::Vendor;
use serde_json::{Value, json};

const CONFIRMED: &[&str] = &["person-begins", "person-completes", "reviewer-confirms"];

fn vendor(tm: &Tm) -> Vendor<'_> {
    tm.sandbox.vendor("identity-tm").unwrap()
}

/// Creates an order and takes steps. Every step happens at once.
async fn play(tm: &Tm, body: &Value, steps: &[&str]) -> String {
    let id = tm.order(body).await;
    for step in steps {
        vendor(tm)
            .take_step(&id, step)
            .unwrap_or_else(|error| panic!("{step}: {error}"));
        tm.seconds(0).await;
    }
    id
}

#[tokio::test]
async fn steps_reach_the_statuses_of_the_scenario() {
    let tm = Tm::start().await;
    let with_tan = with(order(19), "eIDSettings.VerifyMobileNumber", json!(true));
    for body in [order(12), order(16), with_tan, order(17)] {
        let by_steps = play(&tm, &body, CONFIRMED).await;
        let by_scenario = tm.finished(&body, "happy").await;
        assert_eq!(
            tm.statuses(&by_steps).await,
            tm.statuses(&by_scenario).await,
            "{body}"
        );
    }
    let shop = play(&tm, &order(8), &CONFIRMED[1..]).await;
    let by_scenario = tm.finished(&order(8), "happy").await;
    assert_eq!(tm.statuses(&shop).await, tm.statuses(&by_scenario).await);
    let body = |mobile: &str| with(order(15), "Mobile", json!(mobile));
    let steps = [CONFIRMED, &["person-signs"]].concat();
    let signed = play(&tm, &body("+491711234561"), &steps).await;
    let by_scenario = tm.finished(&body("+491711234562"), "happy").await;
    assert_eq!(tm.statuses(&signed).await, tm.statuses(&by_scenario).await);
}

#[tokio::test]
async fn each_step_sets_its_status() {
    let tm = Tm::start().await;
    let conducted = &CONFIRMED[..2];
    let mut taken = BTreeSet::from(["person-signs"]);
    let after = |steps: &[&'static str], step: &'static str| [steps, &[step]].concat();
    for (product, steps, expected) in [
        (12, vec!["person-begins"], (78, 0)),
        (12, conducted.to_vec(), (75, 0)),
        (16, conducted.to_vec(), (105, 0)),
        (19, conducted.to_vec(), (51, 0)),
        (12, vec!["person-aborts"], (16, 0)),
        (12, vec!["person-begins", "person-aborts"], (16, 0)),
        (15, after(CONFIRMED, "person-aborts"), (103, 0)),
        (12, vec!["person-begins", "attempt-fails"], (7, 21)),
        (16, vec!["person-begins", "attempt-fails"], (153, 176)),
        (19, vec!["person-begins", "attempt-fails"], (53, 0)),
        (8, vec!["attempt-fails"], (24, 0)),
        (12, after(conducted, "agent-corrects-data"), (75, 0)),
        (12, vec!["person-begins", "agent-suspects-fraud"], (89, 0)),
        (16, after(conducted, "agent-suspects-fraud"), (20_003, 0)),
        (12, after(conducted, "agent-rejects"), (17, 73)),
        (12, after(conducted, "review-begins"), (11, 0)),
        (
            12,
            [conducted, &["review-begins", "reviewer-finds-error"]].concat(),
            (107, 0),
        ),
        (12, after(conducted, "reviewer-confirms"), (80, 0)),
        (12, after(conducted, "reviewer-terminates"), (22, 0)),
        (12, vec!["partner-fails"], (29, 0)),
        (12, vec!["partner-fails-for-now"], (139, 0)),
        (12, vec!["order-times-out"], (99, 0)),
        (15, after(CONFIRMED, "order-times-out"), (100, 0)),
    ] {
        let id = play(&tm, &order(product), &steps).await;
        let last = tm.statuses(&id).await.pop();
        assert_eq!(last, Some(expected), "{product}: {steps:?}");
        taken.extend(steps);
    }
    let known: BTreeSet<&str> = vendor(&tm).steps().iter().map(|(name, _)| *name).collect();
    assert_eq!(taken, known);
    let readme = include_str!("../vendors/identity-tm.md");
    for name in known {
        assert!(readme.contains(&format!("`{name}`")), "{name}");
    }
}

#[tokio::test]
async fn corrected_data_is_in_the_result() {
    let tm = Tm::start().await;
    let steps = [
        "person-begins",
        "person-completes",
        "agent-corrects-data",
        "reviewer-confirms",
    ];
    let id = play(&tm, &order(12), &steps).await;
    let result = tm.get(&format!("getIdentData/{id}")).await.json();
    assert_eq!(result["IdentData"][0]["Birthplace"], json!("Hamburg"));
}

#[tokio::test]
async fn step_is_refused_unless_it_fits_the_state() {
    let tm = Tm::start().await;
    for (product, before, step, sentence) in [
        (12, &[][..], "person-completes", "has not begun"),
        (12, &["person-begins"], "person-begins", "already begun"),
        (12, &CONFIRMED[..2], "person-begins", "completed their part"),
        (12, &CONFIRMED[..2], "person-aborts", "completed their part"),
        (12, &CONFIRMED[..2], "attempt-fails", "completed their part"),
        (12, &[], "attempt-fails", "has not begun"),
        (12, &[], "agent-rejects", "has not begun"),
        (12, &[], "agent-suspects-fraud", "has not begun"),
        (12, &["person-begins"], "reviewer-confirms", "not completed"),
        (12, &CONFIRMED[..2], "reviewer-finds-error", "no review"),
        (12, &CONFIRMED[..2], "order-times-out", "does not time out"),
        (12, &CONFIRMED[..2], "person-signs", "nothing to sign"),
        (12, CONFIRMED, "person-begins", "the order is over"),
        (15, CONFIRMED, "reviewer-confirms", "already identified"),
        (15, CONFIRMED, "person-begins", "already identified"),
        (8, &[], "person-begins", "no status"),
        (17, &["person-begins"], "attempt-fails", "no failed"),
        (19, &CONFIRMED[..2], "review-begins", "no review"),
        (12, &[], "person-sleeps", "unknown step"),
    ] {
        let id = play(&tm, &order(product), before).await;
        let statuses = tm.statuses(&id).await;
        let error = vendor(&tm).take_step(&id, step).unwrap_err().to_string();
        assert!(error.contains(sentence), "{before:?}, {step}: {error}");
        tm.seconds(0).await;
        assert_eq!(tm.statuses(&id).await, statuses, "{before:?}, {step}");
    }
    tm.sandbox
        .identity_tm()
        .configure(|account| account.customer_side_signing = true)
        .unwrap();
    let id = play(&tm, &order(15), CONFIRMED).await;
    let error = vendor(&tm).take_step(&id, "person-signs").unwrap_err();
    assert!(error.to_string().contains("requestSign"), "{error}");
}
