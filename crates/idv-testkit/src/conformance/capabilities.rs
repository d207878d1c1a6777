//! Capabilities: one that is present keeps its promise; one that is absent is refused without a
//! request.

use std::time::Duration;

use idv_core::{
    Capability, CreateSafety, DeleteOutcome, ErrorKind, EvidenceId, HandOff, HandOffKind,
    ListQuery, NewVerification, Reference,
};

use super::{Case, Harness, skip};

/// The profile names the vendor, its capabilities and the steps that an operator has to take.
pub async fn profile_is_complete<H: Harness>(harness: &H) {
    let info = harness.client().info();
    assert!(
        !info.provider.as_str().is_empty() && !info.name.is_empty() && !info.document.is_empty()
    );
    assert!(
        !info.report_fields.is_empty(),
        "a profile declares the fields of its reports"
    );
    assert!(
        !info.accepts.is_empty(),
        "a profile declares the fields that it accepts"
    );
    let known = everything(harness.client().reference()).given();
    for path in info.accepts {
        assert!(known.contains(path), "the model has no {path}");
    }
    for path in info.requires.iter().flat_map(|entry| entry.split('|')) {
        assert!(
            info.accepts.contains(&path),
            "{path} is required but not accepted"
        );
    }
    assert!(
        info.has(Capability::Deletion) || !info.manual_steps.is_empty(),
        "a vendor without deletion lists manual steps"
    );
    assert!(
        info.create_safety != CreateSafety::Findable || info.has(Capability::Lookup),
        "a findable creation needs the lookup capability"
    );
    assert!(
        info.has(Capability::Polling) || info.has(Capability::Callbacks),
        "the outcome arrives by polling or by callback"
    );
    assert!(
        info.has(Capability::Polling) || info.callback_proof.is_some(),
        "a vendor that cannot be polled authenticates its callbacks"
    );
}

/// Creating makes one verification under the application's reference and returns the hand-off to
/// the person.
pub async fn create_makes_one_verification_with_hand_off<H: Harness>(harness: &H) {
    let person = harness.person();
    let created = harness
        .client()
        .create(&person)
        .await
        .expect("the vendor creates the verification");
    assert_eq!(created.id.reference, person.reference);
    assert!(!created.already_existed);
    assert_eq!(harness.verifications(), 1);
    match (&created.hand_off, harness.client().info().hand_off) {
        (HandOff::Redirect(url), HandOffKind::Redirect) => {
            assert!(matches!(url.expose().scheme(), "http" | "https"));
        }
        (HandOff::VendorContactsPerson, HandOffKind::VendorContactsPerson) => {}
        (hand_off, kind) => {
            panic!("the profile declares {kind:?}, the response contains {hand_off:?}")
        }
    }
    let refused = everything(Reference::existing("short").expect("a valid reference"));
    let before = harness.requests();
    let error = harness
        .client()
        .create(&refused)
        .await
        .expect_err("a reference that can be guessed is refused");
    assert!(
        matches!(error.kind(), ErrorKind::InvalidRequest { .. }),
        "{error}"
    );
    assert_eq!(
        harness.requests(),
        before,
        "the request is refused before it is sent"
    );
}

/// Submitted fields that the vendor does not accept are listed, and no others.
pub async fn unsupported_fields_are_listed<H: Harness>(harness: &H) {
    let mut person = harness.person();
    person.purpose = Some("to open an account".to_owned());
    person.custom.insert("custom1".to_owned(), "our own".into());
    let given = person.given();
    let created = harness
        .client()
        .create(&person)
        .await
        .expect("the vendor creates the verification");
    let accepts = harness.client().info().accepts;
    let expected: Vec<_> = given
        .into_iter()
        .filter(|path| !accepts.contains(path))
        .collect();
    assert_eq!(created.unsupported_fields, expected);
}

/// A verification that the person has not begun has a status, which is about the verification that
/// was polled.
pub async fn polling<H: Harness>(harness: &H) {
    let case = Case::create(harness).await;
    if absent(harness, Capability::Polling, || {
        harness.client().poll(case.id())
    })
    .await
    {
        return;
    }
    let observation = harness
        .client()
        .poll(case.id())
        .await
        .expect("a verification that has not begun has a status");
    assert!(observation.trust.is_proven() && observation.subject.is(case.id()));
    assert!(
        observation.status.is_some(),
        "a verification that has not begun has a status"
    );
    let other = idv_core::VerificationId::new(
        harness.client().reference(),
        Some(idv_core::VendorId::new("0")),
    );
    let stranger = harness.client().poll(&other).await;
    assert!(
        stranger.is_err() || stranger.is_ok_and(|seen| seen.subject.is(&other)),
        "the status of another verification is refused"
    );
}

/// The result of a verified person contains no field beyond the declared ones, and there is none
/// before the end.
pub async fn results<H: Harness>(harness: &H) {
    let mut case = Case::create(harness).await;
    if absent(harness, Capability::Results, || {
        harness.client().fetch(case.id(), None)
    })
    .await
    {
        return;
    }
    assert!(
        harness.client().fetch(case.id(), None).await.is_err(),
        "there is no result before the end"
    );
    if !case.play("happy").await {
        return;
    }
    let observation = case.last_report().expect("the vendor sent a report");
    let report = observation
        .report()
        .expect("the observation contains the report");
    assert!(
        report
            .person
            .family_name
            .as_ref()
            .is_some_and(|name| name.value.is_some()),
        "a result names the person"
    );
    let declared = harness.client().info().report_fields;
    for field in idv_core::report::Field::ALL {
        assert!(
            !field.is_filled(report) || declared.contains(field),
            "the profile does not declare the field {field}"
        );
    }
}

/// Every piece of evidence in a report can be downloaded or is not ready yet; no download exceeds
/// its limit.
pub async fn evidence<H: Harness>(harness: &H) {
    let mut case = Case::create(harness).await;
    let id = EvidenceId::new("no such piece");
    let mut nothing = Vec::new();
    let before = harness.requests();
    if !harness.client().info().has(Capability::Evidence) {
        let error = harness
            .client()
            .evidence(case.id(), &id, 1, &mut nothing)
            .await
            .expect_err("the vendor has no evidence");
        assert_eq!(
            (error.kind(), harness.requests()),
            (&ErrorKind::Unsupported, before)
        );
        return skip(
            harness,
            "no evidence capability: the client refuses without a request",
        );
    }
    if !case.play("happy").await {
        return;
    }
    assert!(
        harness
            .client()
            .evidence(case.id(), &id, 1 << 20, &mut nothing)
            .await
            .is_err()
    );
    assert!(nothing.is_empty(), "a failed download writes nothing");
    let pieces = case.evidence();
    assert!(
        !pieces.is_empty(),
        "a report of a verified person lists evidence"
    );
    for piece in pieces {
        let mut file = Vec::new();
        match harness
            .client()
            .evidence(case.id(), &piece, 64 << 20, &mut file)
            .await
        {
            Ok(download) => {
                assert!(!file.is_empty() && download.length == file.len() as u64);
                assert_eq!(download.sha256, idv_core::Download::of(&file).sha256);
                let short = harness
                    .client()
                    .evidence(case.id(), &piece, download.length - 1, &mut Vec::new())
                    .await;
                assert_eq!(
                    short.expect_err("the file is longer than the limit").kind(),
                    &ErrorKind::LimitExceeded
                );
            }
            Err(error) => {
                assert_eq!(error.kind(), &ErrorKind::NotReady, "{error}");
                assert!(file.is_empty(), "a failed download writes nothing");
            }
        }
    }
}

/// Finished verifications are listed, without their reports.
pub async fn listing<H: Harness>(harness: &H) {
    let mut case = Case::create(harness).await;
    if absent(harness, Capability::Listing, || async {
        harness.client().list(&ListQuery::default(), None).await
    })
    .await
    {
        return;
    }
    if !case.play("happy").await {
        return;
    }
    let (mut cursor, mut found) = (None::<String>, 0);
    for _ in 0..100 {
        let page = harness
            .client()
            .list(&ListQuery::default(), cursor.as_deref())
            .await
            .expect("the vendor returns a list");
        assert_eq!(page.unreadable, 0);
        assert!(
            page.observations
                .iter()
                .all(|seen| seen.trust.is_proven() && seen.report().is_none())
        );
        found += page
            .observations
            .iter()
            .filter(|seen| seen.subject.is(case.id()))
            .count();
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(found, 1, "each verification is listed once");
}

/// A lookup by the application's reference finds that verification only.
pub async fn lookup<H: Harness>(harness: &H) {
    let case = Case::create(harness).await;
    let reference = &case.id().reference;
    if absent(harness, Capability::Lookup, || {
        harness.client().find(reference)
    })
    .await
    {
        return;
    }
    assert_eq!(
        harness
            .client()
            .find(reference)
            .await
            .expect("the vendor answers the lookup"),
        [case.id().clone()]
    );
    let unknown = harness.client().find(&harness.client().reference()).await;
    assert_eq!(unknown.expect("an empty lookup is not an error"), []);
}

/// Deleted data is gone, and deleting it again is not an error.
pub async fn deletion<H: Harness>(harness: &H) {
    let mut case = Case::create(harness).await;
    if absent(harness, Capability::Deletion, || {
        harness.client().delete(case.id())
    })
    .await
    {
        return;
    }
    if !case.play("happy").await {
        return;
    }
    assert_eq!(
        harness
            .client()
            .delete(case.id())
            .await
            .expect("the vendor deletes the data"),
        DeleteOutcome::Data
    );
    assert_eq!(
        harness
            .client()
            .delete(case.id())
            .await
            .expect("deleting again is not an error"),
        DeleteOutcome::AlreadyGone
    );
    if harness.client().info().has(Capability::Results) {
        assert!(
            harness.client().fetch(case.id(), None).await.is_err(),
            "deleted data cannot be fetched"
        );
    }
}

/// A callback of the vendor is about the verification and is trusted according to its
/// authentication.
pub async fn callbacks<H: Harness>(harness: &H) {
    let mut case = Case::create(harness).await;
    if !harness.client().info().has(Capability::Callbacks) {
        let delivery = idv_core::Delivery::returning(http::Uri::from_static("/"));
        assert_eq!(
            harness
                .client()
                .receive(&delivery)
                .expect_err("the vendor sends no callbacks")
                .kind(),
            &ErrorKind::Unsupported
        );
        return skip(harness, "no callback capability: the client refuses");
    }
    let Ok(moments) = harness.act(case.id(), "happy").await else {
        return skip(harness, "the vendor has no happy scenario");
    };
    harness
        .advance(moments.into_iter().max().unwrap_or(Duration::ZERO))
        .await;
    let deliveries = harness.deliveries().await;
    assert!(!deliveries.is_empty(), "the vendor sent no callback");
    let proves = harness.client().info().callback_proof.is_some();
    let provided = harness
        .client()
        .provider()
        .capabilities()
        .callbacks
        .expect("the capability is present");
    let (auth, spec) = (provided.auth(), provided.spec());
    for delivery in &deliveries {
        assert!(
            spec.methods.contains(&delivery.method),
            "a server would refuse {}",
            delivery.method
        );
        assert!(
            delivery.body.len() <= spec.body_limit,
            "a server would not read {} bytes",
            delivery.body.len()
        );
        let mut head = delivery.clone();
        head.body.clear();
        auth.precheck(&head)
            .expect("the precheck accepts the callback's head");
        let before = harness.requests();
        let received = harness
            .client()
            .receive(delivery)
            .expect("the client accepts the vendor's callback");
        assert_eq!(
            harness.requests(),
            before,
            "no request is sent before the reply to the callback"
        );
        assert!(
            received.reply.status.is_success(),
            "{}",
            received.reply.status
        );
        for observation in received.observations {
            assert_eq!(observation.trust.is_proven(), proves);
            assert!(observation.subject.is(case.id()));
            case.take(&observation);
        }
    }
}

/// Checks that the client refuses an absent capability without a request. Returns whether it is
/// absent.
async fn absent<H, T, F>(harness: &H, capability: Capability, call: impl FnOnce() -> F) -> bool
where
    H: Harness,
    F: Future<Output = idv_core::Result<T>>,
{
    if harness.client().info().has(capability) {
        return false;
    }
    let before = harness.requests();
    let error = call().await.err().expect("an absent capability is refused");
    assert_eq!(error.kind(), &ErrorKind::Unsupported, "{error}");
    assert_eq!(
        harness.requests(),
        before,
        "an absent capability causes no request"
    );
    skip(
        harness,
        &format!("no {capability} capability: the client refuses without a request"),
    );
    true
}

/// Returns a verification with a value in every field of the model.
fn everything(reference: Reference) -> NewVerification {
    use idv_core::report::{Country, DocumentKind, Gender};
    use jiff::civil::date;

    let mut new = NewVerification::new(reference);
    let country = Country::from_alpha2("DE").map(Into::into);
    let text = || Some("x".into());
    let url = || "https://example.com/".parse().ok();
    let person = &mut new.person;
    (
        person.given_names,
        person.family_name,
        person.birth_name,
        person.birth_place,
    ) = (text(), text(), text(), text());
    (person.title, person.nationality) = (text(), country.clone());
    (person.birth_date, person.gender) =
        (Some(date(1964, 8, 12).into()), Some(Gender::Female.into()));
    let address = &mut person.address;
    (
        address.street,
        address.house_number,
        address.postal_code,
        address.city,
    ) = (text(), text(), text(), text());
    address.country = country.clone();
    (new.contact.email, new.contact.phone) = (text(), text());
    let document = &mut new.document;
    (document.kind, document.number) = (Some(DocumentKind::IdCard.into()), text());
    (document.issuing_country, document.issuer) = (country, text());
    (document.issued_on, document.expires_on) =
        (Some(date(2020, 1, 1).into()), Some(date(2030, 1, 1).into()));
    new.locale = "de".parse().ok();
    (
        new.return_urls.success,
        new.return_urls.failure,
        new.callback_url,
    ) = (url(), url(), url());
    new.purpose = Some("x".to_owned());
    new.custom.insert("custom1".to_owned(), "x".into());
    new
}
