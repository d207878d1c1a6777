//! The ends of orders, their results, and files (chapters 3.2 to 3.4, 3.8 and 3.11).

use idv::identity_tm::{Images, Recordings, wire};
use idv::report::{EvidenceKind, Method, Reason, Source, Verdict};
use idv::{Channel, Decision, Effect, ErrorKind, EvidenceId, Outcome, Status, Step};
use idv_sandbox::{Fault, FaultKind};

use crate::support::identity_tm::{Vendor, follow, order_of, poll};

#[tokio::test]
async fn each_scenario_ends_as_it_should() {
    let review = |leaning| Decision::Open(Status::InReview { leaning });
    let cases = [
        ("happy", Decision::Settled(Outcome::Verified), true),
        ("data-changed", Decision::Settled(Outcome::Verified), true),
        ("rejected", Decision::Settled(Outcome::Rejected), false),
        ("fraud", Decision::Settled(Outcome::Rejected), true),
        (
            "fraud-in-review",
            Decision::Settled(Outcome::Rejected),
            true,
        ),
        (
            "aborted-then-success",
            Decision::Settled(Outcome::Verified),
            true,
        ),
        (
            "canceled-in-review",
            Decision::Settled(Outcome::Canceled),
            false,
        ),
        ("never-finishes", review(None), false),
        ("unknown-status", Decision::Open(Status::InProgress), false),
    ];
    for (scenario, expected, has_data) in cases {
        let vendor = Vendor::new().await;
        let mut verification = vendor.bank.create().await;
        vendor.act(&verification, scenario);
        let report = follow(&vendor, &vendor.bank, &mut verification).await;
        assert_eq!(verification.decision(), expected, "{scenario}");
        let knows = report
            .as_ref()
            .is_some_and(|report| report.person.family_name.is_some());
        assert_eq!(knows, has_data, "{scenario}: only these have data");
        if has_data || matches!(expected, Decision::Settled(Outcome::Canceled)) {
            assert_eq!(
                verification.next_step(vendor.bank.client.info()),
                Step::Done,
                "{scenario}"
            );
        }
        if matches!(expected, Decision::Settled(Outcome::Rejected)) {
            let report = report.unwrap_or_else(|| panic!("{scenario}: no report with reasons"));
            assert!(!report.reasons.is_empty(), "{scenario}");
        }
    }
}

#[tokio::test]
async fn final_codes_decide_and_not_the_last_code() {
    let vendor = Vendor::new().await;
    let mut verification = vendor.bank.create().await;
    vendor.play(&verification, "happy").await;
    let observation = vendor.bank.client.poll(verification.id()).await.unwrap();
    assert_eq!(
        observation.code.as_deref(),
        Some("6"),
        "23 and 80 follow it"
    );
    assert!(observation.trust.is_proven());
    verification.apply(&observation);
    assert_eq!(
        verification.decision(),
        Decision::Settled(Outcome::Verified)
    );
    let Step::Fetch(handle) = verification.next_step(vendor.bank.client.info()) else {
        panic!("no result to fetch")
    };
    let fetched = vendor
        .bank
        .client
        .fetch(verification.id(), Some(&handle))
        .await
        .unwrap();
    assert_eq!(
        (fetched.channel, fetched.trust.is_proven()),
        (Channel::Fetch, true)
    );
    let report = fetched.report().unwrap();
    assert_eq!(
        report.reference.as_deref(),
        Some(verification.id().reference.as_str())
    );
    assert_eq!(report.vendor_id, verification.id().vendor_id);
    assert_eq!(report.method, Some(Method::Video));
    assert!(report.completed_at.is_some());
    let family_name = report.person.family_name.as_ref().unwrap();
    assert_eq!(
        (family_name.verdict, family_name.source),
        (Verdict::Match, Source::Agent)
    );
    assert_eq!(
        report
            .person
            .address
            .street
            .as_ref()
            .unwrap()
            .expose()
            .unwrap(),
        "Heidestr. 17"
    );
}

#[tokio::test]
async fn absent_person_is_expired_by_the_vendor() {
    let vendor = Vendor::new().await;
    let mut verification = vendor.bank.create().await;
    vendor.act(&verification, "expired");
    vendor.pass(29 * 24 * 60).await;
    assert_eq!(
        poll(&vendor.bank, &mut verification).await,
        Decision::Open(Status::AwaitingPerson)
    );
    vendor.pass(2 * 24 * 60).await;
    assert_eq!(
        poll(&vendor.bank, &mut verification).await,
        Decision::Settled(Outcome::Expired)
    );
    assert_eq!(
        verification.next_step(vendor.bank.client.info()),
        Step::Done
    );
}

#[tokio::test]
async fn changed_data_keep_submitted_values() {
    let vendor = Vendor::new().await;
    let mut verification = vendor.bank.create().await;
    vendor.act(&verification, "data-changed");
    let report = follow(&vendor, &vendor.bank, &mut verification)
        .await
        .unwrap();
    let birth_place = report.person.birth_place.unwrap();
    assert_eq!(birth_place.verdict, Verdict::Changed);
    assert_eq!(birth_place.expose().unwrap(), "Hamburg");
    assert_eq!(birth_place.submitted.as_ref().unwrap().expose(), "Berlin");
    let birth_date = report.person.birth_date.unwrap();
    assert_eq!(birth_date.verdict, Verdict::Changed);
    assert_eq!(birth_date.expose().unwrap().to_string(), "1965-08-12");
    assert_eq!(
        birth_date.submitted.unwrap().expose().to_string(),
        "1964-08-12"
    );
    assert_eq!(report.person.given_names.unwrap().verdict, Verdict::Match);
    // A value that was not submitted is new, and is marked as such.
    assert_eq!(report.document.number.unwrap().verdict, Verdict::New);
}

#[tokio::test]
async fn suspicion_of_fraud_is_rejected_with_its_reason() {
    let vendor = Vendor::new().await;
    let mut verification = vendor.bank.create().await;
    vendor.play(&verification, "fraud").await;
    let observation = vendor.bank.client.poll(verification.id()).await.unwrap();
    verification.apply(&observation);
    assert_eq!(
        verification.decision(),
        Decision::Settled(Outcome::Rejected)
    );
    let report = vendor.bank.report(verification.id()).await;
    assert!(report.person.family_name.is_some());
    assert!(
        report
            .reasons
            .iter()
            .any(|finding| finding.reason == Reason::SuspiciousBehaviour),
        "{:?}",
        report.reasons
    );
    assert!(!report.checks.is_empty(), "a check failed");
}

#[tokio::test]
async fn images_are_downloaded_from_each_source() {
    for (images, in_result) in [(Images::Embedded, true), (Images::Separate, false)] {
        let vendor = Vendor::with(|account| {
            account.images_in_result = in_result;
            account.image_length = 200_000;
        })
        .await;
        let bank = vendor.bank(|config| config.images = images);
        let verification = bank.create().await;
        vendor.play(&verification, "happy").await;
        let report = bank.report(verification.id()).await;
        let kinds: Vec<_> = report
            .evidence
            .iter()
            .map(|evidence| evidence.kind)
            .collect();
        assert!(
            kinds.contains(&EvidenceKind::DocumentFront)
                && kinds.contains(&EvidenceKind::DocumentBack),
            "{kinds:?}"
        );
        for evidence in &report.evidence {
            let file = bank
                .evidence(verification.id(), evidence.id.as_str())
                .await
                .unwrap();
            assert_eq!(file.len(), 200_000, "{images:?}");
            assert!(file.starts_with(b"\xff\xd8\xff"), "{images:?}: a JPEG");
            let limited = bank
                .client
                .evidence(verification.id(), &evidence.id, 199_999, &mut Vec::new())
                .await
                .map(|it| it.length);
            assert_eq!(
                limited.unwrap_err().kind(),
                &ErrorKind::LimitExceeded,
                "{images:?}"
            );
        }
        let nothing = bank
            .evidence(verification.id(), "image/nothing.jpg")
            .await
            .unwrap_err();
        assert_eq!(nothing.kind(), &ErrorKind::NotFound, "{images:?}");
        assert_eq!(vendor.calls("getImages") > 0, images == Images::Separate);
    }
}

#[tokio::test]
async fn pdf_and_sound_are_evidence_if_enabled() {
    let vendor = Vendor::with(|account| account.audio_recording = true).await;
    let mut recordings = Recordings::default();
    (recordings.pdf, recordings.voice) = (true, true);
    let bank = vendor.bank(|config| config.recordings = recordings);
    let verification = bank.create().await;

    // Before the end there are none, which is no failure of the adapter.
    let error = bank.evidence(verification.id(), "pdf").await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Conflict);

    vendor.play(&verification, "happy").await;
    let listed = bank.report(verification.id()).await.evidence;
    let ids: Vec<_> = listed
        .iter()
        .map(|evidence| (evidence.id.as_str(), evidence.kind))
        .collect();
    assert!(
        ids.contains(&("pdf", EvidenceKind::ReportPdf))
            && ids.contains(&("voice/1", EvidenceKind::Audio)),
        "{ids:?}"
    );
    assert!(
        bank.evidence(verification.id(), "pdf")
            .await
            .unwrap()
            .starts_with(b"%PDF-")
    );
    assert!(
        bank.evidence(verification.id(), "voice/1")
            .await
            .unwrap()
            .starts_with(b"ID3")
    );
    assert_eq!(
        bank.evidence(verification.id(), "voice/2")
            .await
            .unwrap_err()
            .kind(),
        &ErrorKind::NotFound
    );
    let mut part = Vec::new();
    let error = bank
        .client
        .evidence(verification.id(), &EvidenceId::new("pdf"), 10, &mut part)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::LimitExceeded);
    assert!(part.len() <= 10);

    // An account without them.
    vendor
        .sandbox
        .identity_tm()
        .configure(|account| (account.result_pdf, account.audio_recording) = (false, false))
        .unwrap();
    for name in ["pdf", "voice/1"] {
        assert_eq!(
            bank.evidence(verification.id(), name)
                .await
                .unwrap_err()
                .kind(),
            &ErrorKind::Conflict,
            "{name}"
        );
    }
}

#[tokio::test]
async fn agent_is_reported_if_requested() {
    for as_text in [true, false] {
        let vendor = Vendor::with(|account| account.identifier_as_text = as_text).await;
        let asking = vendor.bank(|config| config.include_identifier = true);
        let verification = asking.create().await;
        vendor.play(&verification, "happy").await;
        assert_eq!(
            asking
                .report(verification.id())
                .await
                .agent
                .unwrap()
                .expose(),
            "1872"
        );
        assert_eq!(vendor.bank.report(verification.id()).await.agent, None);
    }
}

#[tokio::test]
async fn result_is_read_in_either_spelling() {
    for printed in [true, false] {
        let vendor = Vendor::with(|account| {
            account.names_as_printed = printed;
            account.user_ip_in_result = true;
        })
        .await;
        let bank = vendor.preparing(
            |config| config.product = 0,
            |order| order.eid_settings.enable_ocr = true,
        );
        let verification = bank.create().await;
        vendor.play(&verification, "happy").await;
        let report = bank.report(verification.id()).await;
        assert_eq!(report.method, Some(Method::Eid), "{printed}");
        assert_eq!(
            report.person.family_name.unwrap().source,
            Source::Chip,
            "{printed}"
        );
        assert_eq!(report.custom["UserIp"].expose(), "203.0.113.7");
        let status = bank.api().system_status(&bank.call()).await.unwrap();
        assert_eq!(status.auto_ident_available, Some(true), "{printed}");
    }
}

#[tokio::test]
async fn every_method_of_identification_ends() {
    for (product, method) in [
        (0, Method::Eid),
        (8, Method::Shop),
        (12, Method::Video),
        (16, Method::Auto),
    ] {
        let vendor = Vendor::new().await;
        let bank = vendor.bank(|config| config.product = product);
        let mut verification = bank.create().await;
        vendor.act(&verification, "happy");
        let mut seen = Vec::new();
        while verification.next_step(bank.client.info()) == Step::Poll {
            vendor.pass(1).await;
            poll(&bank, &mut verification).await;
            seen.push(verification.decision());
            assert!(seen.len() < 120, "{product}: {seen:?}");
        }
        assert_eq!(
            verification.decision(),
            Decision::Settled(Outcome::Verified),
            "{product}"
        );
        assert_eq!(
            bank.report(verification.id()).await.method,
            Some(method),
            "{product}"
        );
    }
}

#[tokio::test]
async fn broken_answer_is_an_error_and_verifies_no_one() {
    for fault in [
        FaultKind::WrongType,
        FaultKind::Html,
        FaultKind::Truncated,
        FaultKind::Oversize(2_000_000),
    ] {
        let vendor = Vendor::new().await;
        let bank = vendor.bank(|config| config.max_embedded_bytes = 1 << 20);
        let mut verification = bank.create().await;
        vendor.play(&verification, "happy").await;
        vendor
            .sandbox
            .plan(Fault::new(fault.clone()).at("/get").times(99));
        let expected = match fault {
            FaultKind::WrongType => ErrorKind::Malformed,
            FaultKind::Oversize(_) => ErrorKind::LimitExceeded,
            _ => ErrorKind::Unavailable,
        };
        let errors = [
            bank.client.poll(verification.id()).await.unwrap_err(),
            bank.client
                .fetch(verification.id(), None)
                .await
                .unwrap_err(),
        ];
        for error in errors {
            assert_eq!(
                (error.kind(), error.effect()),
                (&expected, Effect::NotApplied),
                "{fault:?}"
            );
        }
        vendor.sandbox.clear_faults();
        assert_eq!(
            poll(&vendor.bank, &mut verification).await,
            Decision::Settled(Outcome::Verified),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn raw_answer_is_available() {
    let vendor = Vendor::new().await;
    let verification = vendor.bank.create().await;
    vendor.play(&verification, "happy").await;
    let (api, cx) = (vendor.bank.api(), vendor.bank.call());
    let kinds = async |extended_list, include_sub_kind| {
        let mut variants = idv::identity_tm::api::StatusVariants::default();
        (variants.extended_list, variants.include_sub_kind) = (extended_list, include_sub_kind);
        let answer = api
            .status(&cx, &order_of(verification.id()), variants)
            .await
            .unwrap();
        let list = answer.read(wire::StatusList::read).unwrap();
        let entries = list.status.unwrap();
        let kinds: Vec<_> = entries
            .iter()
            .filter_map(|entry| entry.kind.as_ref()?.number())
            .collect();
        (kinds, entries.iter().any(|entry| entry.sub_kind.is_some()))
    };
    assert_eq!(kinds(false, false).await, (vec![75, 11, 30, 6, 80], false));
    assert_eq!(kinds(false, true).await.0, [75, 11, 30, 6, 80]);
    let (all, with_details) = kinds(true, true).await;
    assert_eq!(all, [25, 77, 78, 71, 75, 104, 105, 11, 106, 30, 6, 23, 80]);
    assert!(with_details);
    assert_eq!(kinds(true, false).await, (all, false));
}
