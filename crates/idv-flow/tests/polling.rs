//! Polling the vendor, and the trust in its messages.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use idv_core::{Clock as _, Outcome, Status};
use idv_flow::store::{Phase, TimerStore as _};
use idv_flow::{Engine, FlowError, Resolution, Schedule, Vault};
use serde_json::json;
use sha2::{Digest, Sha256};
use support::*;

#[tokio::test]
async fn polls_become_rarer_and_end_with_the_outcome() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    bench.pass(&flow, HOUR).await;
    let in_first_hour = bench.vendor.calls("poll");
    bench.pass(&flow, 10 * HOUR).await;
    let in_ten_more = bench.vendor.calls("poll") - in_first_hour;
    assert!((5..=12).contains(&in_first_hour), "{in_first_hour}");
    assert!((8..=13).contains(&in_ten_more), "{in_ten_more}");

    bench.vendor.becomes(&reference, "passed");
    bench.pass(&flow, 3 * HOUR).await;
    let status = flow.status(id).await.unwrap();
    assert!(
        status.is_verified()
            && status.has_report
            && status.due.is_none()
            && status.phase == Phase::Done
    );
    let report = flow.report(id).await.unwrap().unwrap();
    assert_eq!(report.reference.as_deref(), Some(reference.as_str()));
    let polls = bench.vendor.calls("poll");
    bench.pass(&flow, 30 * DAY).await;
    assert_eq!(bench.vendor.calls("poll"), polls);
}

#[tokio::test]
async fn many_claims_cause_one_poll() {
    let bench = Bench::new(Kind {
        guarded: false,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    bench.pass(&flow, 10 * HOUR).await;
    bench.clock.advance(MINUTE);
    let before = bench.vendor.calls("poll");
    for number in 0..50 {
        let claim = said(&reference, None, "passed", &number.to_string());
        assert_eq!(flow.receive("example", &claim).await.unwrap().status, 200);
        flow.run_due().await.unwrap();
    }
    assert_eq!(bench.vendor.calls("poll"), before + 1);
    let status = flow.status(id).await.unwrap();
    assert_eq!(
        status.status,
        Some(Status::AwaitingPerson),
        "a claim does not count"
    );
    let woken = flow
        .audit_of(id)
        .await
        .unwrap()
        .iter()
        .filter(|entry| entry.event.contains("woken"))
        .count();
    assert!(woken <= 3, "{woken}");
}

#[tokio::test]
async fn suspicion_after_end_is_polled_and_disputed() {
    for guarded in [true, false] {
        let bench = Bench::new(Kind {
            guarded,
            ..Kind::default()
        });
        let flow = bench.flow().await;
        let (id, reference) = start(&flow).await;
        bench.vendor.becomes(&reference, "passed");
        bench.pass(&flow, 2 * HOUR).await;
        let status = flow.status(id).await.unwrap();
        assert!(status.is_verified() && status.phase == Phase::Done);
        let polls = bench.vendor.calls("poll");
        let says = |state: &str, number: u32| {
            delivery(
                json!({"reference": reference.as_str(), "state": state, "number": number})
                    .to_string(),
                SECRET,
            )
        };

        // A message that agrees with the outcome is no reason to poll.
        flow.receive("example", &says("passed", 1)).await.unwrap();
        bench.pass(&flow, HOUR).await;
        assert_eq!(bench.vendor.calls("poll"), polls);
        // A contradicting message causes one poll; a forged one changes nothing.
        flow.receive("example", &says("suspicious", 2))
            .await
            .unwrap();
        bench.pass(&flow, HOUR).await;
        assert_eq!(bench.vendor.calls("poll"), polls + 1);
        assert!(flow.status(id).await.unwrap().is_verified());

        bench.vendor.becomes(&reference, "suspicious");
        flow.receive("example", &says("suspicious", 3))
            .await
            .unwrap();
        bench.pass(&flow, HOUR).await;
        let status = flow.status(id).await.unwrap();
        assert!(!status.is_verified());
        assert_eq!(
            status.attention.as_ref().map(idv_flow::Attention::name),
            Some("disputed")
        );
    }
}

#[tokio::test]
async fn message_about_a_flow_counts_once_and_at_once() {
    let bench = Bench::new(Kind {
        polling: false,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    let passed = message(&reference, Some("v1"), "passed");
    for _ in 0..3 {
        assert_eq!(flow.receive("example", &passed).await.unwrap().status, 200);
    }
    let status = flow.status(id).await.unwrap();
    assert!(status.is_verified() && status.has_report && status.phase == Phase::Done);
    assert_eq!(flow.run_due().await.unwrap(), 0);
    flow.receive("example", &passed).await.unwrap();
    assert_eq!(flow.run_due().await.unwrap(), 0);
}

#[tokio::test]
async fn message_causes_poll_when_vendor_has_polling() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    flow.receive("example", &message(&reference, None, "passed"))
        .await
        .unwrap();
    flow.run_due().await.unwrap();
    let status = flow.status(id).await.unwrap();
    assert_eq!(
        (status.status, bench.vendor.calls("poll")),
        (Some(Status::InReview { leaning: None }), 1)
    );
}

#[tokio::test]
async fn contradictory_messages_verify_no_one_until_resolved() {
    let bench = Bench::new(Kind {
        polling: false,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    for state in ["passed", "failed"] {
        flow.receive("example", &message(&reference, None, state))
            .await
            .unwrap();
        flow.run_due().await.unwrap();
    }
    let status = flow.status(id).await.unwrap();
    assert!(status.disputed && !status.is_verified() && status.status.is_none());
    assert_eq!(flow.report(id).await.unwrap(), None);
    assert_eq!(
        flow.reports(id).await.unwrap().len(),
        2,
        "the operator can read both reports"
    );
    assert_eq!(attention(&flow).await, ["disputed"]);

    flow.resolve(
        id,
        &Resolution::ResolveDispute(Outcome::Rejected),
        "operator-7",
    )
    .await
    .unwrap();
    let status = flow.status(id).await.unwrap();
    assert_eq!(
        (status.status, status.phase),
        (Some(Status::Finished(Outcome::Rejected)), Phase::Done)
    );
    assert_eq!(
        flow.report(id)
            .await
            .unwrap()
            .unwrap()
            .agent
            .unwrap()
            .expose(),
        "failed"
    );
    assert!(attention(&flow).await.is_empty());
    let error = flow
        .resolve(
            id,
            &Resolution::ResolveDispute(Outcome::Verified),
            "operator-7",
        )
        .await
        .unwrap_err();
    assert!(matches!(error, FlowError::Conflict(_)), "{error}");
}

#[tokio::test]
async fn session_expires_after_last_poll() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (id, _) = start(&flow).await;
    bench.pass(&flow, 29 * DAY).await;
    assert_eq!(flow.status(id).await.unwrap().phase, Phase::Open);
    bench.pass(&flow, 2 * DAY).await;
    let status = flow.status(id).await.unwrap();
    assert_eq!(
        (status.status, status.phase),
        (Some(Status::Finished(Outcome::Expired)), Phase::Done)
    );
}

#[tokio::test]
async fn late_outcome_counts_after_outage_at_expiry() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    bench.pass(&flow, 29 * DAY).await;
    bench.vendor.becomes(&reference, "passed");
    for _ in 0..24 {
        bench.vendor.next("poll", Fate::Status(503));
    }
    bench.pass(&flow, 3 * DAY).await;
    assert!(flow.status(id).await.unwrap().is_verified());
}

#[tokio::test]
async fn long_outage_needs_operator_and_polls_continue() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    for _ in 0..20 {
        bench.vendor.next("poll", Fate::Status(503));
    }
    bench.pass(&flow, 5 * HOUR).await;
    assert!(attention(&flow).await.is_empty());
    bench.pass(&flow, 3 * HOUR).await;
    assert_eq!(
        attention(&flow).await,
        ["failing", "failing"],
        "the flow, and its account"
    );
    bench.vendor.becomes(&reference, "passed");
    bench.pass(&flow, 30 * HOUR).await;
    assert!(flow.status(id).await.unwrap().is_verified());
    assert!(attention(&flow).await.is_empty());
}

#[tokio::test]
async fn refused_credentials_need_operator_soon() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (id, _) = start(&flow).await;
    for _ in 0..50 {
        bench.vendor.next("poll", Fate::Status(401));
    }
    bench.pass(&flow, HOUR).await;
    bench.vendor.recovers();
    let item = flow.operator().await.unwrap().remove(0);
    assert!(
        item.what_to_do.contains("credentials"),
        "{}",
        item.what_to_do
    );
    flow.resolve(id, &Resolution::AskNow, "operator-7")
        .await
        .unwrap();
    bench.pass(&flow, HOUR).await;
    assert!(attention(&flow).await.is_empty());
}

#[tokio::test]
async fn unknown_code_makes_one_task_and_changes_nothing() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    bench.vendor.becomes(&reference, "a-new-word");
    bench.pass(&flow, 6 * HOUR).await;
    let status = flow.status(id).await.unwrap();
    assert_eq!(
        (status.status, attention(&flow).await),
        (Some(Status::AwaitingPerson), vec!["unknown_code"])
    );
    let told = flow
        .audit_of(id)
        .await
        .unwrap()
        .iter()
        .filter(|entry| entry.event.contains("not_understood"))
        .count();
    assert_eq!(told, 1);
    assert!(
        bench.vendor.calls("poll") < 15,
        "an unknown code is no reason to poll faster: {}",
        bench.vendor.calls("poll")
    );
    flow.resolve(id, &Resolution::Acknowledge, "operator-7")
        .await
        .unwrap();
    bench.pass(&flow, 6 * HOUR).await;
    assert!(
        attention(&flow).await.is_empty(),
        "the vendor repeats an acknowledged code"
    );
    bench.vendor.becomes(&reference, "another-new-word");
    bench.pass(&flow, 6 * HOUR).await;
    assert_eq!(attention(&flow).await, ["unknown_code"]);
}

#[tokio::test]
async fn overdue_report_needs_operator_who_can_abandon_it() {
    let bench = Bench::new(Kind {
        polling: false,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    flow.receive("example", &message(&reference, None, "review"))
        .await
        .unwrap();
    bench.pass(&flow, 40 * DAY).await;
    assert_eq!(attention(&flow).await, ["overdue"]);
    flow.resolve(id, &Resolution::Abandon, "operator-7")
        .await
        .unwrap();
    assert!(attention(&flow).await.is_empty());
    assert_eq!(flow.status(id).await.unwrap().phase, Phase::Done);
    flow.receive("example", &message(&reference, None, "passed"))
        .await
        .unwrap();
    flow.run_due().await.unwrap();
    assert!(
        flow.status(id).await.unwrap().is_verified(),
        "a late report still counts"
    );
}

#[tokio::test]
async fn list_is_read_once_and_only_changed_flows_are_polled() {
    let bench = Bench::new(Kind {
        listing: true,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let mut flows = Vec::new();
    for _ in 0..50 {
        flows.push(start(&flow).await);
    }
    bench.pass(&flow, HOUR).await;
    assert_eq!(bench.vendor.calls("poll"), 0);
    let lists = bench.vendor.calls("list");
    assert!((10..=12).contains(&lists), "{lists}");
    let (id, reference) = &flows[7];
    bench.vendor.becomes(reference, "passed");
    bench.pass(&flow, HOUR).await;
    assert_eq!(bench.vendor.calls("poll"), 1);
    assert!(flow.status(*id).await.unwrap().has_report);
    let trail = flow.audit_of(flows[8].0).await.unwrap();
    assert_eq!(
        trail.len(),
        3,
        "a repeated list entry writes one audit entry: {trail:?}"
    );
}

#[tokio::test]
async fn message_before_vendor_id_is_known_is_not_lost() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let unnamed = idv_core::Delivery::callback(
        http::Method::POST,
        format!("/callbacks/example?secret={SECRET}")
            .parse()
            .unwrap(),
        http::HeaderMap::new(),
        json!({"id": "v1", "state": "running"}).to_string(),
    );
    assert_eq!(flow.receive("example", &unnamed).await.unwrap().status, 200);
    flow.run_due().await.unwrap();
    let (id, _) = start(&flow).await;
    bench.clock.advance(Duration::from_secs(30));
    flow.run_due().await.unwrap();
    assert_eq!(
        flow.status(id).await.unwrap().status,
        Some(Status::InProgress)
    );
}

#[tokio::test]
async fn unmatched_message_is_kept_only_if_authenticated() {
    for (guarded, items) in [(true, vec!["unmatched"]), (false, vec![])] {
        let bench = Bench::new(Kind {
            guarded,
            ..Kind::default()
        });
        let flow = bench.flow().await;
        flow.receive("example", &message(&flow.reference(), None, "passed"))
            .await
            .unwrap();
        assert_eq!(
            flow.run_due().await.unwrap(),
            usize::from(guarded),
            "a claim that matches no flow is not stored"
        );
        bench.pass(&flow, 3 * DAY).await;
        assert_eq!(attention(&flow).await, items);
        if let Some(idv_flow::TaskTarget::Message(digest)) = flow
            .operator()
            .await
            .unwrap()
            .first()
            .map(|item| item.about)
        {
            flow.resolve_message(&digest, false).await.unwrap();
            assert!(attention(&flow).await.is_empty());
        }
    }
}

#[tokio::test]
async fn message_needs_operator_when_its_secret_has_changed() {
    let bench = Bench::new(Kind {
        polling: false,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let new = new_verification(&flow);
    // It waits in the inbox, since its flow is not known yet.
    flow.receive("example", &message(&new.reference, None, "passed"))
        .await
        .unwrap();
    let id = settle(new, &flow).await;
    let other = Bench {
        kind: Kind {
            secret: "another-secret-of-the-tests",
            ..bench.kind.clone()
        },
        ..bench.clone()
    };
    let changed = other.flow().await;
    changed.run_due().await.unwrap();
    assert!(!changed.status(id).await.unwrap().is_verified());
    assert_eq!(attention(&changed).await, ["unproven"]);
    let item = changed.operator().await.unwrap().remove(0);
    let idv_flow::TaskTarget::Message(digest) = item.about else {
        panic!("the task is not about a message")
    };
    // With the old secret configured again, the message counts.
    flow.resolve_message(&digest, true).await.unwrap();
    flow.run_due().await.unwrap();
    assert!(flow.status(id).await.unwrap().is_verified());
    assert!(attention(&flow).await.is_empty());
}

#[tokio::test]
async fn each_account_has_its_schedule_and_invalid_one_is_refused() {
    let bench = Bench::new(Kind::default());
    let client = bench.client();
    let mut schedule = Schedule::of(client.info());
    schedule.interval = 10 * MINUTE;
    schedule.growth = 1.0;
    let flow = bench
        .open(bench.builder().schedule("example", schedule.clone()))
        .await;
    start(&flow).await;
    bench.pass(&flow, 2 * HOUR).await;
    assert!(
        (10..=13).contains(&bench.vendor.calls("poll")),
        "{}",
        bench.vendor.calls("poll")
    );

    let clock = || std::sync::Arc::new(bench.clock.clone());
    schedule.growth = 0.0;
    assert!(
        bench
            .builder()
            .schedule("example", schedule.clone())
            .clock(clock())
            .open()
            .await
            .is_err()
    );
    schedule.growth = 1.0;
    let error = bench
        .builder()
        .schedule("other", schedule)
        .clock(clock())
        .open()
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("other"), "{error}");
    assert!(
        bench
            .builder()
            .client(bench.client())
            .clock(clock())
            .open()
            .await
            .unwrap_err()
            .to_string()
            .contains("twice")
    );
    assert!(
        Engine::builder(bench.store.clone())
            .clock(clock())
            .open()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn personal_data_is_sealed_and_wrong_key_opens_nothing() {
    let bench = Bench::new(Kind {
        polling: false,
        ..Kind::default()
    });
    let key = |digit: &str| idv_core::Secret::new(digit.repeat(64));
    let vault = Vault::new(&key("a")).unwrap();
    let flow = bench.open(bench.builder().vault(vault.clone())).await;
    bench.vendor.next("create", Fate::AnswerLost);
    let (id, reference) = start(&flow).await;
    flow.receive("example", &message(&reference, Some("v1"), "passed"))
        .await
        .unwrap();
    let dump = format!(
        "{:?}",
        idv_flow::store::FlowStore::list(&bench.store, &Default::default(), None, 10)
            .await
            .unwrap()
    );
    flow.run_due().await.unwrap();
    let reports = idv_flow::store::FlowStore::reports(&bench.store, id)
        .await
        .unwrap()
        .unwrap();
    let text = String::from_utf8_lossy(&reports).into_owned() + &dump;
    for secret in ["Mustermann", reference.as_str(), SECRET] {
        assert!(!text.contains(secret));
    }
    assert!(!reports.windows(6).any(|window| window == b"passed"));

    let open = async |vault: Vault| {
        bench
            .builder()
            .vault(vault)
            .clock(std::sync::Arc::new(bench.clock.clone()))
            .open()
            .await
    };
    for wrong in [Vault::plain(), Vault::new(&key("b")).unwrap()] {
        assert!(matches!(
            open(wrong).await.unwrap_err(),
            FlowError::Damaged(_)
        ));
    }
    let rotated = open(
        Vault::new(&key("b"))
            .unwrap()
            .with_older(&key("a"))
            .unwrap(),
    )
    .await
    .unwrap();
    assert!(rotated.status(id).await.unwrap().is_verified());
    assert!(
        open(Vault::new(&key("b")).unwrap()).await.is_ok(),
        "the store's own keys are sealed again"
    );
    let plain = Bench::new(Kind::default());
    assert!(plain.flow().await.is_plain() && !flow.is_plain());
    assert!(
        plain
            .builder()
            .vault(vault)
            .clock(std::sync::Arc::new(plain.clock.clone()))
            .open()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn long_review_needs_operator_and_polls_continue() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    bench.pass(&flow, 5 * DAY).await;
    assert!(attention(&flow).await.is_empty(), "the person has time");
    bench.vendor.becomes(&reference, "review");
    bench.pass(&flow, 5 * DAY).await;
    assert_eq!(attention(&flow).await, ["overdue"]);
    bench.vendor.becomes(&reference, "passed");
    bench.pass(&flow, DAY).await;
    assert!(flow.status(id).await.unwrap().is_verified() && attention(&flow).await.is_empty());
}

#[tokio::test]
async fn operator_polls_vendor_regardless_of_schedule() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    let asked = async |times: usize| {
        flow.resolve(id, &Resolution::AskNow, "operator-7")
            .await
            .unwrap();
        flow.run_due().await.unwrap();
        assert_eq!(bench.vendor.calls("poll"), times);
        flow.run_due().await.unwrap();
        assert_eq!(
            bench.vendor.calls("poll"),
            times,
            "the vendor is polled once"
        );
    };
    // Before the first poll is due, again within the shortest gap, and after a failure within its
    // backoff.
    asked(1).await;
    asked(2).await;
    bench
        .vendor
        .next("poll", Fate::Status(503))
        .next("poll", Fate::Status(429));
    asked(3).await;
    asked(4).await;
    asked(5).await;
    bench.vendor.becomes(&reference, "passed");
    asked(6).await;
    assert!(flow.status(id).await.unwrap().is_verified());
    // A closed verification is not polled any more, and neither is an erased one.
    asked(6).await;
    flow.delete(id, "desk-3").await.unwrap();
    bench.pass(&flow, HOUR).await;
    asked(6).await;
}

#[tokio::test]
async fn audit_trail_has_digest_of_callback_bytes() {
    let bench = Bench::new(Kind {
        polling: false,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    let said = message(&reference, None, "passed");
    flow.receive("example", &said).await.unwrap();
    flow.run_due().await.unwrap();
    let digest = hex::encode(Sha256::digest(&said.body));
    let trail = flow.audit_of(id).await.unwrap();
    let observed = trail
        .iter()
        .find(|entry| entry.event.contains("\"observed\""))
        .unwrap();
    assert!(observed.event.contains(&digest), "{}", observed.event);
}

#[tokio::test]
async fn resolution_is_refused_unless_outcome_is_disputed() {
    let bench = Bench::new(Kind {
        polling: false,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    let ruled = async |outcome| {
        flow.resolve(id, &Resolution::ResolveDispute(outcome), "operator-7")
            .await
    };
    assert!(
        matches!(
            ruled(Outcome::Verified).await.unwrap_err(),
            FlowError::Conflict(_)
        ),
        "the verification is open"
    );
    for state in ["passed", "failed"] {
        flow.receive("example", &message(&reference, None, state))
            .await
            .unwrap();
        flow.run_due().await.unwrap();
    }
    let before = flow.audit_of(id).await.unwrap().len();
    assert!(matches!(
        ruled(Outcome::Disputed).await.unwrap_err(),
        FlowError::Conflict(_)
    ));
    assert!(flow.status(id).await.unwrap().disputed);
    assert_eq!(flow.audit_of(id).await.unwrap().len(), before);
    ruled(Outcome::Verified).await.unwrap();
    assert!(
        matches!(
            ruled(Outcome::Rejected).await.unwrap_err(),
            FlowError::Conflict(_)
        ),
        "the verification is settled"
    );
    assert!(flow.status(id).await.unwrap().is_verified());
}

#[tokio::test]
async fn resolved_outcome_has_latest_report_if_none_matches() {
    let bench = Bench::new(Kind {
        polling: false,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    flow.receive("example", &message(&reference, None, "suspicious"))
        .await
        .unwrap();
    flow.run_due().await.unwrap();
    let status = flow.status(id).await.unwrap();
    assert!(status.disputed && !status.is_verified());
    assert_eq!(
        (attention(&flow).await, flow.report(id).await.unwrap()),
        (vec!["disputed"], None)
    );
    flow.resolve(
        id,
        &Resolution::ResolveDispute(Outcome::Verified),
        "operator-7",
    )
    .await
    .unwrap();
    assert!(flow.status(id).await.unwrap().is_verified());
    assert_eq!(
        flow.report(id)
            .await
            .unwrap()
            .unwrap()
            .agent
            .unwrap()
            .expose(),
        "suspicious"
    );
    assert!(flow.verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn verification_not_begun_is_polled_less_and_less() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    let end = bench.clock.now() + jiff::SignedDuration::try_from(30 * DAY).unwrap();
    while bench.clock.now() < end {
        flow.run_due().await.unwrap();
        let due = bench.store.next_due(&[], &[]).await.unwrap().unwrap();
        bench.clock.advance(
            Duration::try_from(due.duration_since(bench.clock.now()))
                .unwrap_or_default()
                .max(Duration::from_secs(1)),
        );
    }
    let polls = bench.vendor.calls("poll");
    assert!((30..=60).contains(&polls), "{polls} polls in 30 days");
    // No change is lost: a callback causes a poll at once, and the schedule finds other changes in
    // time.
    bench.vendor.becomes(&reference, "passed");
    flow.receive("example", &message(&reference, None, "passed"))
        .await
        .unwrap();
    flow.run_due().await.unwrap();
    assert!(flow.status(id).await.unwrap().is_verified());
}

#[tokio::test]
async fn polls_are_spread_after_outage() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let mut started = Vec::new();
    for _ in 0..200 {
        started.push(start(&flow).await);
    }
    bench.pass(&flow, DAY).await;
    // No worker runs for a working day.
    bench.clock.advance(20 * HOUR);
    let (mut most, before) = (0, bench.vendor.calls("poll"));
    for _ in 0..90 {
        let polls = bench.vendor.calls("poll");
        flow.run_due().await.unwrap();
        most = most.max(bench.vendor.calls("poll") - polls);
        bench.clock.advance(MINUTE);
    }
    assert!(
        bench.vendor.calls("poll") - before >= 200,
        "each flow is polled"
    );
    assert!(most <= 20, "{most} polls in a minute");
    // A message does not wait for the spread poll.
    bench.clock.advance(20 * HOUR);
    let (id, reference) = &started[0];
    bench.vendor.becomes(reference, "passed");
    flow.receive("example", &message(reference, None, "passed"))
        .await
        .unwrap();
    flow.run_due().await.unwrap();
    assert!(flow.status(*id).await.unwrap().is_verified());
}
