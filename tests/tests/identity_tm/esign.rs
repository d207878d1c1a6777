//! Orders for a signature: their end and the signed documents (chapters 3.1.4, 3.2.1 and 3.5 to
//! 3.7).

use idv::identity_tm::api::StatusVariants;
use idv::identity_tm::api::order::{
    Behaviors, MultiSign, Order, Placement, SignDocument, SignHash, SignParameters, Stamp,
};
use idv::identity_tm::{IdentityTmConfig, Recordings, wire};
use idv::report::EvidenceKind;
use idv::{Decision, ErrorKind, EvidenceId, Outcome, Step};

use crate::support::identity_tm::{Bank, Vendor, follow, order_of, poll};

/// An empty PDF of one page.
pub(crate) const CONTRACT: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
    2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
    3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n\
    % [sign here]\ntrailer<</Root 1 0 R>>\n%%EOF\n";

/// Configures a product for signatures, with the results as evidence.
pub(crate) fn for_signing(config: &mut IdentityTmConfig) {
    config.product = 15;
    config.recordings = Recordings::default();
    config.recordings.signed_documents = true;
}

/// Adds the contract.
pub(crate) fn with_contract(order: &mut Order) {
    order.esign_pdfs.push(SignDocument::new(
        CONTRACT.to_vec(),
        "contract.pdf".to_owned(),
    ));
}

fn signing(vendor: &Vendor) -> Bank {
    vendor.preparing(for_signing, with_contract)
}

/// Returns the codes of a history.
async fn kinds(
    bank: &Bank,
    verification: &idv::Verification,
    variants: StatusVariants,
) -> Vec<u32> {
    let answer = bank
        .api()
        .status(&bank.call(), &order_of(verification.id()), variants)
        .await
        .unwrap();
    let list = answer.read(wire::StatusList::read).unwrap();
    list.status
        .unwrap()
        .iter()
        .filter_map(|entry| entry.kind.as_ref()?.number())
        .collect()
}

#[tokio::test]
async fn signature_ends_by_code_of_extended_history() {
    let vendor = Vendor::new().await;
    let bank = signing(&vendor);
    let mut verification = bank.create().await;
    vendor.play(&verification, "happy").await;
    assert!(
        !kinds(&bank, &verification, StatusVariants::default())
            .await
            .contains(&84)
    );
    assert!(
        kinds(&bank, &verification, StatusVariants::ALL)
            .await
            .contains(&84)
    );
    let observation = bank.client.poll(verification.id()).await.unwrap();
    assert_eq!(observation.code.as_deref(), Some("84"));
    verification.apply(&observation);
    assert_eq!(
        verification.decision(),
        Decision::Settled(Outcome::Verified)
    );
}

#[tokio::test]
async fn identification_is_no_signature() {
    let vendor = Vendor::new().await;
    let bank = signing(&vendor);
    let mut verification = bank.create().await;
    vendor.act(&verification, "happy");
    let (mut seen, mut identified_only) = (Vec::new(), false);
    while verification.next_step(bank.client.info()) == Step::Poll {
        vendor.pass(1).await;
        let kinds = kinds(&bank, &verification, StatusVariants::ALL).await;
        let decision = poll(&bank, &mut verification).await;
        let signed = kinds.contains(&84);
        assert_eq!(
            decision == Decision::Settled(Outcome::Verified),
            signed,
            "{kinds:?}"
        );
        identified_only |= kinds.contains(&6) && !signed;
        seen.push(decision);
        assert!(seen.len() < 60, "{seen:?}");
    }
    assert!(identified_only, "6 precedes 84");
}

#[tokio::test]
async fn signed_document_is_evidence() {
    let vendor = Vendor::new().await;
    let bank = vendor.preparing(for_signing, |order| {
        let mut first = SignDocument::new(CONTRACT.to_vec(), "contract.pdf".to_owned());
        first.placement = Some(Placement::Tag {
            tag: "[sign here]".into(),
            offset: Some((10, -5)),
        });
        first.stamps.push(Stamp::new("[SIGNEE] [DATE]".to_owned()));
        let mut second =
            SignDocument::new([CONTRACT, b"% second\n"].concat(), "terms.pdf".to_owned());
        second.placement = Some(Placement::At {
            x: 100,
            y: 90,
            width: Some(200),
            height: Some(60),
            page: Some(1),
        });
        order.esign_pdfs = vec![first, second];
        order.esign_tan_sms_text = Some("Sign with [TAN].".into());
    });
    let mut verification = bank.create().await;
    let early = bank
        .evidence(verification.id(), "signed-document/1")
        .await
        .unwrap_err();
    assert_eq!(
        early.kind(),
        &ErrorKind::Conflict,
        "the document is not signed yet"
    );
    vendor.act(&verification, "happy");
    let report = follow(&vendor, &bank, &mut verification).await.unwrap();
    let evidence = report
        .evidence
        .iter()
        .find(|evidence| evidence.kind == EvidenceKind::SignedDocument)
        .unwrap();
    assert_eq!(
        (evidence.id.as_str(), evidence.media_type.as_deref()),
        ("signed-document/1", Some("application/pdf"))
    );
    for (name, submitted) in [
        ("signed-document/1", CONTRACT.to_vec()),
        ("signed-document/2", [CONTRACT, b"% second\n"].concat()),
    ] {
        let mut file = Vec::new();
        let download = bank
            .client
            .evidence(
                verification.id(),
                &EvidenceId::new(name),
                1 << 20,
                &mut file,
            )
            .await
            .unwrap();
        assert_eq!(
            download.media_type.as_deref(),
            Some("application/pdf"),
            "{name}"
        );
        assert!(
            file.starts_with(&submitted) && file.len() > submitted.len(),
            "{name}: our document with a signature"
        );
    }
    for name in [
        "signed-document/0",
        "signed-document/3",
        "signed-document/x",
    ] {
        assert_eq!(
            bank.evidence(verification.id(), name)
                .await
                .unwrap_err()
                .kind(),
            &ErrorKind::NotFound,
            "{name}"
        );
    }
    let unknown = vendor
        .control(
            "GET",
            &format!(
                "identity-tm/orders/{}",
                order_of(verification.id()).as_str()
            ),
            &().into(),
        )
        .await;
    assert_eq!(
        unknown["unknown"],
        serde_json::json!([]),
        "only documented members are sent"
    );
}

#[tokio::test]
async fn hashes_are_signed_by_name() {
    let vendor = Vendor::new().await;
    let bank = vendor.preparing(for_signing, |order| {
        order.esign_hashes = vec![
            SignHash::new(vec![1; 32], "contract.pdf".to_owned()),
            SignHash::new(vec![2; 32], "terms.pdf".to_owned()),
        ];
    });
    let mut verification = bank.create().await;
    vendor.act(&verification, "happy");
    follow(&vendor, &bank, &mut verification).await.unwrap();
    let answer = bank
        .api()
        .signed_hashes(&bank.call(), &order_of(verification.id()))
        .await
        .unwrap();
    let hashes = answer.read(wire::Hashes::read).unwrap().hashes;
    let names: Vec<_> = hashes
        .entries
        .iter()
        .map(|(name, _)| name.expose())
        .collect();
    assert_eq!(names, ["contract.pdf", "terms.pdf"]);
    assert_ne!(hashes.entries[0].1, hashes.entries[1].1);
    assert_eq!(
        bank.evidence(verification.id(), "signed-hashes")
            .await
            .unwrap(),
        answer.body.to_vec()
    );
    assert_eq!(
        bank.evidence(verification.id(), "signed-document/1")
            .await
            .unwrap_err()
            .kind(),
        &ErrorKind::Conflict
    );
}

#[tokio::test]
async fn advanced_signature_leaves_audit_log() {
    let vendor = Vendor::new().await;
    let advanced = vendor.preparing(
        |config| {
            for_signing(config);
            config.behaviors = Behaviors::ADVANCED_SIGNATURE.bits();
            config.recordings.audit_log = true;
        },
        with_contract,
    );
    let mut verification = advanced.create().await;
    vendor.act(&verification, "happy");
    let report = follow(&vendor, &advanced, &mut verification).await.unwrap();
    assert!(
        report
            .evidence
            .iter()
            .any(|evidence| evidence.id.as_str() == "audit-log")
    );
    assert!(
        advanced
            .evidence(verification.id(), "audit-log")
            .await
            .unwrap()
            .starts_with(b"%PDF-")
    );

    // A qualified signature leaves none.
    let qualified = signing(&vendor);
    let mut verification = qualified.create().await;
    vendor.act(&verification, "happy");
    follow(&vendor, &qualified, &mut verification)
        .await
        .unwrap();
    assert_eq!(
        qualified
            .evidence(verification.id(), "audit-log")
            .await
            .unwrap_err()
            .kind(),
        &ErrorKind::Conflict
    );
}

#[tokio::test]
async fn unsigned_order_is_canceled_and_has_data() {
    let vendor = Vendor::new().await;
    let bank = signing(&vendor);
    let mut verification = bank.create().await;
    vendor.play(&verification, "signature-aborted").await;
    let observation = bank.client.poll(verification.id()).await.unwrap();
    assert_eq!(observation.code.as_deref(), Some("103"));
    verification.apply(&observation);
    assert_eq!(
        verification.decision(),
        Decision::Settled(Outcome::Canceled)
    );
    let Step::Fetch(handle) = verification.next_step(bank.client.info()) else {
        panic!("the person was identified")
    };
    verification.apply(
        &bank
            .client
            .fetch(verification.id(), Some(&handle))
            .await
            .unwrap(),
    );
    assert_eq!(
        verification.decision(),
        Decision::Settled(Outcome::Canceled)
    );
    assert_eq!(verification.next_step(bank.client.info()), Step::Done);
    assert_eq!(
        bank.evidence(verification.id(), "signed-document/1")
            .await
            .unwrap_err()
            .kind(),
        &ErrorKind::Conflict
    );
}

#[tokio::test]
async fn new_account_without_signature_is_finished() {
    let vendor = Vendor::new().await;
    let bank = vendor.bank(|config| {
        config.product = 15;
        config.behaviors = Behaviors::SIGN_ME_CREATE.bits();
    });
    let mut verification = bank.create().await;
    vendor.play(&verification, "happy").await;
    assert_eq!(
        poll(&bank, &mut verification).await,
        Decision::Settled(Outcome::Verified),
        "the order has no document to sign"
    );
}

#[tokio::test]
async fn several_people_sign_same_documents() {
    let vendor = Vendor::new().await;
    let first = signing(&vendor);
    let mut one = first.create().await;
    let of_first = order_of(one.id());
    let bank = vendor.preparing(for_signing, move |order| {
        let mut multi = MultiSign::of(of_first.clone());
        let place = Placement::At {
            x: 100,
            y: 300,
            width: None,
            height: None,
            page: None,
        };
        multi
            .sign_parameters
            .push(SignParameters::new("contract.pdf".to_owned(), place));
        order.multi_sign = Some(multi);
        order.mobile = Some("+491707654321".into());
    });
    let mut two = bank.create().await;
    vendor.act(&one, "happy");
    vendor.act(&two, "happy");
    assert!(follow(&vendor, &first, &mut one).await.is_some());
    assert!(follow(&vendor, &bank, &mut two).await.is_some());
    assert_eq!(
        (one.decision(), two.decision()),
        (
            Decision::Settled(Outcome::Verified),
            Decision::Settled(Outcome::Verified)
        )
    );
    assert!(
        bank.evidence(two.id(), "signed-document/1")
            .await
            .unwrap()
            .starts_with(CONTRACT),
        "the first person's"
    );
}

#[tokio::test]
async fn second_signatory_with_same_phone_is_inconclusive() {
    let vendor = Vendor::new().await;
    let first = signing(&vendor);
    let mut one = first.create().await;
    let of_first = order_of(one.id());
    let bank = vendor.preparing(for_signing, move |order| {
        order.multi_sign = Some(MultiSign::of(of_first.clone()));
    });
    let mut two = bank.create().await;
    vendor.act(&one, "happy");
    follow(&vendor, &first, &mut one).await;
    vendor.act(&two, "happy");
    follow(&vendor, &bank, &mut two).await;
    assert_eq!(two.decision(), Decision::Settled(Outcome::Inconclusive));
    let observation = bank.client.fetch(two.id(), None).await.unwrap();
    let reasons = &observation.report().unwrap().reasons;
    assert!(
        reasons
            .iter()
            .any(|finding| finding.code == "29/65" && finding.permanent == Some(true)),
        "{reasons:?}"
    );
}

#[tokio::test]
async fn invalid_document_is_refused_before_sending() {
    let vendor = Vendor::new().await;
    let refused = async |prepare: fn(&mut Order)| {
        let bank = vendor.preparing(for_signing, prepare);
        let error = bank
            .client
            .create(&crate::support::identity_tm::new_verification(&bank.client))
            .await
            .unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidRequest { .. }),
            "{error}"
        );
        error.to_string()
    };
    refused(|_| {}).await;
    refused(|order| {
        order.esign_pdfs.push(SignDocument::new(
            b"not a PDF".to_vec(),
            "contract.pdf".to_owned(),
        ));
    })
    .await;
    refused(|order| {
        order
            .esign_pdfs
            .push(SignDocument::new(CONTRACT.to_vec(), "c".repeat(51)));
    })
    .await;
    refused(|order| {
        with_contract(order);
        order.esign_tan_sms_text = Some("no place for it".into());
    })
    .await;
    assert_eq!(vendor.sandbox.identity_tm().orders(), 0);
    assert_eq!(vendor.count(), 0, "nothing was sent");
}
