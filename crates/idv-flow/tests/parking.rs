//! Messages that cannot be judged yet: they are kept, shown to an operator, and judged again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::time::Duration;

use idv_core::{Reference, Status};
use idv_flow::store::{Inbox as _, Phase};
use idv_flow::{About, Engine, Keep, Resolution, Retention};
use serde_json::json;
use support::*;

/// A vendor that reports by message alone, and repeats nothing.
fn reporting() -> Kind {
    Kind {
        polling: false,
        ..Kind::default()
    }
}

fn taught() -> Kind {
    Kind {
        taught: Some("Identified"),
        ..reporting()
    }
}

/// A verification about which a message with an unknown word came.
async fn waiting(bench: &Bench, flow: &Engine) -> (idv_flow::FlowId, Reference) {
    let (id, reference) = start(flow).await;
    let reply = flow
        .receive("example", &message(&reference, None, "Identified"))
        .await
        .unwrap();
    assert_eq!(reply.status, 200);
    bench.pass(flow, MINUTE).await;
    (id, reference)
}

async fn parked(bench: &Bench) -> usize {
    bench.store.parked(None, 100).await.unwrap().len()
}

#[tokio::test]
async fn report_counts_once_its_code_is_taught() {
    let bench = Bench::new(reporting());
    let flow = bench.flow().await;
    let (id, _) = waiting(&bench, &flow).await;
    assert_eq!(
        attention(&flow).await,
        ["unknown_code"],
        "one task, though a message waits too"
    );
    assert_eq!(
        flow.status(id).await.unwrap().status,
        Some(Status::AwaitingPerson)
    );
    assert_eq!(flow.report(id).await.unwrap(), None);

    let taught = bench.with(taught()).flow().await;
    // As soon as it works, without any time passing.
    taught.run_due().await.unwrap();
    let status = taught.status(id).await.unwrap();
    assert!(
        status.is_verified() && status.has_report && status.phase == Phase::Done,
        "{status:?}"
    );
    assert_eq!(
        taught
            .report(id)
            .await
            .unwrap()
            .unwrap()
            .agent
            .unwrap()
            .expose(),
        "Identified"
    );
    assert_eq!(
        (attention(&taught).await.len(), parked(&bench).await),
        (0, 0)
    );
    assert!(taught.verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn acknowledged_code_is_still_judged_again() {
    let bench = Bench::new(reporting());
    let flow = bench.flow().await;
    let (id, _) = waiting(&bench, &flow).await;
    flow.resolve(id, &Resolution::Acknowledge, "operator-7")
        .await
        .unwrap();
    bench.pass(&flow, 3 * HOUR).await;
    assert_eq!((attention(&flow).await.len(), parked(&bench).await), (0, 1));
    let taught = bench.with(taught()).flow().await;
    taught.run_due().await.unwrap();
    assert!(taught.status(id).await.unwrap().is_verified());
}

#[tokio::test]
async fn waiting_message_is_judged_again_ever_less_often() {
    let bench = Bench::new(reporting());
    let flow = bench.flow().await;
    let (_, _) = waiting(&bench, &flow).await;
    let tries = async || bench.store.parked(None, 1).await.unwrap()[0].tries;
    let before = tries().await;
    bench.pass(&flow, 2 * HOUR).await;
    let early = tries().await - before;
    assert!((1..=2).contains(&early), "{early}");
    bench.pass(&flow, 10 * DAY).await;
    let later = tries().await;
    bench.pass(&flow, 10 * DAY).await;
    let daily = tries().await - later;
    assert!((9..=11).contains(&daily), "{daily}");
}

#[tokio::test]
async fn ask_now_judges_waiting_messages_at_once() {
    let bench = Bench::new(reporting());
    let flow = bench.flow().await;
    let (id, _) = waiting(&bench, &flow).await;
    let taught = bench.with(taught()).flow().await;
    let before = bench.store.parked(None, 1).await.unwrap()[0].due.unwrap();
    taught
        .resolve(id, &Resolution::AskNow, "operator-7")
        .await
        .unwrap();
    let due = bench.store.parked(None, 1).await.unwrap()[0].due.unwrap();
    assert!(due < before, "{due} {before}");
    taught.run_due().await.unwrap();
    assert!(taught.status(id).await.unwrap().is_verified());
}

#[tokio::test]
async fn taught_code_that_changes_nothing_ends_the_task() {
    let bench = Bench::new(reporting());
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    for state in ["passed", "Identified"] {
        flow.receive("example", &message(&reference, None, state))
            .await
            .unwrap();
        flow.run_due().await.unwrap();
    }
    assert!(flow.status(id).await.unwrap().is_verified());
    assert_eq!(attention(&flow).await, ["unknown_code"]);
    let taught = bench.with(taught()).flow().await;
    taught.run_due().await.unwrap();
    assert_eq!(
        (attention(&taught).await.len(), parked(&bench).await),
        (0, 0)
    );
}

#[tokio::test]
async fn message_of_several_waits_for_each_of_them() {
    let bench = Bench::new(reporting());
    let flow = bench.flow().await;
    let (first, one) = start(&flow).await;
    let (second, other) = start(&flow).await;
    let word =
        |reference: &Reference| json!({"reference": reference.as_str(), "state": "Identified"});
    let both = json!([word(&one), word(&other)]).to_string();
    flow.receive("example", &delivery(both, SECRET))
        .await
        .unwrap();
    flow.run_due().await.unwrap();
    assert_eq!(parked(&bench).await, 2);
    flow.delete(first, "desk-3").await.unwrap();
    bench.pass(&flow, HOUR).await;
    assert_eq!(flow.status(first).await.unwrap().phase, Phase::Erased);
    assert_eq!(parked(&bench).await, 1, "the other's stays");
    let taught = bench.with(taught()).flow().await;
    taught.run_due().await.unwrap();
    assert!(taught.status(second).await.unwrap().is_verified());
    assert!(!taught.status(first).await.unwrap().has_report);
    assert_eq!(parked(&bench).await, 0);
}

#[tokio::test]
async fn waiting_message_is_erased_with_its_flow() {
    let bench = Bench::new(reporting());
    let flow = bench.flow().await;
    let (id, _) = waiting(&bench, &flow).await;
    assert_eq!(parked(&bench).await, 1);
    flow.delete(id, "desk-3").await.unwrap();
    bench.pass(&flow, HOUR).await;
    assert_eq!(
        (flow.status(id).await.unwrap().phase, parked(&bench).await),
        (Phase::Erased, 0)
    );
}

#[tokio::test]
async fn unreadable_message_is_kept_and_counts_after_an_upgrade() {
    let bench = Bench::new(reporting());
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    let xml = delivery(format!("<{}/>", reference.as_str()), SECRET);
    for _ in 0..2 {
        assert_eq!(flow.receive("example", &xml).await.unwrap().status, 200);
    }
    bench.pass(&flow, HOUR).await;
    let items = flow.operator().await.unwrap();
    assert_eq!(
        items
            .iter()
            .map(|item| item.attention.name())
            .collect::<Vec<_>>(),
        ["unreadable"]
    );
    assert!(
        items[0].what_to_do.contains("upgrade"),
        "{}",
        items[0].what_to_do
    );
    let upgraded = bench
        .with(Kind {
            reads_xml: true,
            ..reporting()
        })
        .flow()
        .await;
    upgraded.run_due().await.unwrap();
    assert!(upgraded.status(id).await.unwrap().is_verified());
    assert_eq!(
        (attention(&upgraded).await.len(), parked(&bench).await),
        (0, 0)
    );
}

#[tokio::test]
async fn unreadable_message_without_proof_is_refused() {
    for (kind, secret) in [
        (reporting(), "wrong"),
        (
            Kind {
                guarded: false,
                ..reporting()
            },
            SECRET,
        ),
    ] {
        let bench = Bench::new(kind);
        let flow = bench.flow().await;
        let refused = flow
            .receive("example", &delivery("\u{fe}\u{ff}<", secret))
            .await
            .unwrap();
        assert!(refused.status == 400, "{refused:?}");
        assert_eq!(parked(&bench).await, 0);
    }
}

#[tokio::test]
async fn parked_message_is_dismissed_or_erased_in_time() {
    let bench = Bench::new(reporting());
    let week = Retention::new(Keep::default(), Keep::after(7 * DAY));
    let flow = bench.open(bench.builder().retention(week)).await;
    for text in ["<1", "<2"] {
        flow.receive("example", &delivery(text, SECRET))
            .await
            .unwrap();
    }
    bench.pass(&flow, 6 * DAY).await;
    assert_eq!(attention(&flow).await, ["unreadable", "unreadable"]);
    let About::Message(digest) = flow.operator().await.unwrap()[0].about else {
        panic!("it is about a message")
    };
    flow.resolve_message(&digest, false).await.unwrap();
    assert_eq!((attention(&flow).await.len(), parked(&bench).await), (1, 1));
    bench.pass(&flow, 2 * DAY).await;
    assert_eq!((attention(&flow).await.len(), parked(&bench).await), (0, 0));
}

#[tokio::test]
async fn parked_message_is_not_kept_for_ever() {
    let bench = Bench::new(reporting());
    let flow = bench.flow().await;
    flow.receive("example", &delivery("<1", SECRET))
        .await
        .unwrap();
    bench.pass(&flow, 360 * DAY).await;
    assert_eq!(parked(&bench).await, 1);
    bench.pass(&flow, 7 * DAY).await;
    assert_eq!(parked(&bench).await, 0);
}

#[tokio::test]
async fn full_inbox_refuses_what_would_be_parked() {
    let bench = Bench::new(reporting());
    let flow = bench.open(bench.builder().parked_limit(2)).await;
    let (id, reference) = start(&flow).await;
    for text in ["<1", "<2"] {
        assert_eq!(
            flow.receive("example", &delivery(text, SECRET))
                .await
                .unwrap()
                .status,
            200
        );
    }
    assert_eq!(
        flow.receive("example", &delivery("<3", SECRET))
            .await
            .unwrap()
            .status,
        503
    );
    assert_eq!(
        flow.receive("example", &message(&reference, None, "Identified"))
            .await
            .unwrap()
            .status,
        503
    );
    assert_eq!(
        attention(&flow).await,
        ["unreadable", "unreadable", "inbox_full"]
    );
    assert_eq!(parked(&bench).await, 2);
    // The observations that can be judged are applied all the same.
    assert_eq!(
        flow.receive("example", &message(&reference, None, "passed"))
            .await
            .unwrap()
            .status,
        200
    );
    flow.run_due().await.unwrap();
    assert!(flow.status(id).await.unwrap().is_verified());
}

#[tokio::test]
async fn delivery_about_too_many_is_refused_or_parked() {
    for (count, guarded, status, kept) in
        [(16, true, 200, 0), (17, true, 200, 1), (17, false, 400, 0)]
    {
        let bench = Bench::new(Kind {
            guarded,
            ..Kind::default()
        });
        let flow = bench.flow().await;
        let all: Vec<_> = (0..count)
            .map(|number| json!({"reference": number.to_string(), "state": "passed"}))
            .collect();
        let reply = flow
            .receive("example", &delivery(json!(all).to_string(), SECRET))
            .await
            .unwrap();
        assert_eq!(
            (reply.status.as_u16(), parked(&bench).await),
            (status, kept),
            "{count}"
        );
    }
}

#[tokio::test]
async fn message_of_an_unconfigured_vendor_stays_parked() {
    let bench = Bench::new(reporting());
    let flow = bench.flow().await;
    flow.receive("example", &delivery("<1", SECRET))
        .await
        .unwrap();
    let other = bench
        .with(Kind {
            provider: "elsewhere",
            ..reporting()
        })
        .flow()
        .await;
    other.run_due().await.unwrap();
    bench.clock.advance(Duration::from_secs(120));
    assert_eq!(attention(&flow).await, ["unreadable"]);
}

#[tokio::test]
async fn tasks_of_an_operator_come_in_pages() {
    let bench = Bench::new(Kind {
        safety: idv_core::CreateSafety::Unkeyed,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    for _ in 0..3 {
        let (_, reference) = start(&flow).await;
        bench.vendor.becomes(&reference, "passed");
        // About nobody who is known here.
        let other = Reference::random(&idv_core::OsRandom);
        flow.receive("example", &message(&other, None, "passed"))
            .await
            .unwrap();
    }
    bench.pass(&flow, 3 * DAY).await;
    let all = flow.operator().await.unwrap();
    assert!(all.len() >= 3, "{all:?}");
    let (mut paged, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = flow.operator_page(after, 1).await.unwrap();
        assert!(page.items.len() <= 1 || page.next.is_none());
        paged.extend(page.items);
        pages += 1;
        let Some(next) = page.next else { break };
        // A page is asked for by text, as of a web page.
        after = Some(next.to_string().parse().unwrap());
    }
    assert!(paged == all && pages > all.len(), "{paged:?}");
}
