//! Facets: what is there does what it promises, and what is absent is refused without a request.

use std::time::Duration;

use idv_core::{
    Capability, CreateSafety, DeleteOutcome, ErrorKind, EvidenceId, HandOff, HandOffKind,
    ListQuery, NewVerification, Reference,
};

use super::{Case, Harness, skip};

/// Who the vendor is, what can be asked of it, and what has to be done by hand.
pub async fn the_profile_says_who_it_is_and_what_it_can<H: Harness>(harness: &H) {
    let info = harness.client().info();
    assert!(
        !info.provider.as_str().is_empty() && !info.name.is_empty() && !info.document.is_empty()
    );
    assert!(
        !info.report_fields.is_empty(),
        "a vendor of whom nothing is ever learnt"
    );
    assert!(!info.accepts.is_empty(), "a vendor that is told nothing");
    let known = everything(harness.client().reference()).given();
    for path in info.accepts {
        assert!(known.contains(path), "the model has no {path}");
    }
    for path in info.requires.iter().flat_map(|entry| entry.split('|')) {
        assert!(
            info.accepts.contains(&path),
            "{path} is required and not accepted"
        );
    }
    assert!(
        info.has(Capability::Deletion) || !info.manual_steps.is_empty(),
        "a vendor without deletion says what a person has to do instead"
    );
    assert!(
        info.create_safety != CreateSafety::Findable || info.has(Capability::Lookup),
        "what can be found can be looked up"
    );
    assert!(
        info.has(Capability::Polling) || info.has(Capability::Callbacks),
        "nothing is ever learnt of the outcome"
    );
    assert!(
        info.has(Capability::Polling) || info.callback_proof.is_some(),
        "a vendor that cannot be asked has to prove what it says"
    );
}

/// A creation is one verification, under our reference, and says how the person comes to the vendor.
pub async fn a_creation_is_one_verification_that_is_handed_to_the_person<H: Harness>(harness: &H) {
    let person = harness.person();
    let created = harness
        .client()
        .create(&person)
        .await
        .expect("a creation is taken");
    assert_eq!(created.id.reference, person.reference);
    assert!(!created.already_existed);
    assert_eq!(harness.verifications(), 1);
    match (&created.hand_off, harness.client().info().hand_off) {
        (HandOff::Redirect(url), HandOffKind::Redirect) => {
            assert!(matches!(url.expose().scheme(), "http" | "https"))
        }
        (HandOff::VendorContactsPerson, HandOffKind::VendorContactsPerson) => {}
        (hand_off, kind) => panic!("the profile says {kind:?}, and it is {hand_off:?}"),
    }
    let refused = everything(Reference::existing("short").expect("it is a name"));
    let before = harness.requests();
    let error = harness
        .client()
        .create(&refused)
        .await
        .expect_err("a reference that can be guessed");
    assert!(
        matches!(error.kind(), ErrorKind::InvalidRequest { .. }),
        "{error}"
    );
    assert_eq!(
        harness.requests(),
        before,
        "it is refused before anything is sent"
    );
}

/// What is given and not taken is listed, and nothing else.
pub async fn what_is_submitted_and_not_taken_is_listed<H: Harness>(harness: &H) {
    let mut person = harness.person();
    person.purpose = Some("to open an account".to_owned());
    person.custom.insert("custom1".to_owned(), "our own".into());
    let given = person.given();
    let created = harness
        .client()
        .create(&person)
        .await
        .expect("a creation is taken");
    let accepts = harness.client().info().accepts;
    let expected: Vec<_> = given
        .into_iter()
        .filter(|path| !accepts.contains(path))
        .collect();
    assert_eq!(created.unsupported_fields, expected);
}

/// The state of one that nobody has begun is a state, and it is about the one that was asked for.
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
        .expect("a person who has not begun is a state");
    assert!(observation.trust.is_proven() && observation.subject.is(case.id()));
    assert!(
        observation.status.is_some(),
        "what is nobody's fault yet is a state"
    );
    let other = idv_core::VerificationId::new(
        harness.client().reference(),
        Some(idv_core::VendorId::new("0")),
    );
    let stranger = harness.client().poll(&other).await;
    assert!(
        stranger.is_err() || stranger.is_ok_and(|seen| seen.subject.is(&other)),
        "nobody else's state is believed"
    );
}

/// The result of one that is verified says no more than the profile declares, and before there is none.
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
        "there is no result yet"
    );
    if !case.play("happy").await {
        return;
    }
    let observation = case.last_report().expect("a report came");
    let report = observation
        .report()
        .expect("it is one of those with a report");
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
            "the profile does not declare {field}"
        );
    }
}

/// Every piece of evidence that a report lists can be downloaded, or is to be waited for; no limit is exceeded.
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
            .expect_err("it has no evidence");
        assert_eq!(
            (error.kind(), harness.requests()),
            (&ErrorKind::Unsupported, before)
        );
        return skip(
            harness,
            "it has no evidence: the client refuses, and nothing is sent",
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
    assert!(
        nothing.is_empty(),
        "nothing of what is not there is written"
    );
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
                    short.expect_err("it is longer than the limit").kind(),
                    &ErrorKind::LimitExceeded
                );
            }
            Err(error) => {
                assert_eq!(error.kind(), &ErrorKind::NotReady, "{error}");
                assert!(file.is_empty(), "nothing of what is not ready is written");
            }
        }
    }
}

/// What is finished is listed, without a report.
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
            .expect("a list is answered");
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

/// What was created is found by our reference, and nothing else.
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
            .expect("a lookup is answered"),
        [case.id().clone()]
    );
    let unknown = harness.client().find(&harness.client().reference()).await;
    assert_eq!(unknown.expect("that there is none is an answer"), []);
}

/// What is deleted is gone, and deleting it again is no error.
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
            .expect("it can be deleted"),
        DeleteOutcome::Data
    );
    assert_eq!(
        harness
            .client()
            .delete(case.id())
            .await
            .expect("gone is no error"),
        DeleteOutcome::AlreadyGone
    );
    if harness.client().info().has(Capability::Results) {
        assert!(
            harness.client().fetch(case.id(), None).await.is_err(),
            "what is deleted is not fetched"
        );
    }
}

/// What the vendor tells is about the verification, and is believed by its proof.
pub async fn callbacks<H: Harness>(harness: &H) {
    let mut case = Case::create(harness).await;
    if !harness.client().info().has(Capability::Callbacks) {
        let delivery = idv_core::Delivery::returning(http::Uri::from_static("/"));
        assert_eq!(
            harness
                .client()
                .receive(&delivery)
                .expect_err("it has no callbacks")
                .kind(),
            &ErrorKind::Unsupported
        );
        return skip(harness, "it has no callbacks: the client refuses");
    }
    let Ok(moments) = harness.act(case.id(), "happy").await else {
        return skip(harness, "nobody is ever happy there");
    };
    harness
        .advance(moments.into_iter().max().unwrap_or(Duration::ZERO))
        .await;
    let deliveries = harness.deliveries().await;
    assert!(!deliveries.is_empty(), "the vendor told nothing");
    let proves = harness.client().info().callback_proof.is_some();
    let provided = harness
        .client()
        .provider()
        .capabilities()
        .callbacks
        .expect("the facet is there");
    let (guard, intake) = (provided.auth(), provided.spec());
    for delivery in &deliveries {
        assert!(
            intake.methods.contains(&delivery.method),
            "a server would refuse {}",
            delivery.method
        );
        assert!(
            delivery.body.len() <= intake.body_limit,
            "a server would not read {} bytes",
            delivery.body.len()
        );
        let mut head = delivery.clone();
        head.body.clear();
        guard
            .precheck(&head)
            .expect("a server would not read the body");
        let before = harness.requests();
        let received = harness
            .client()
            .receive(delivery)
            .expect("a callback of the vendor is taken");
        assert_eq!(
            harness.requests(),
            before,
            "nothing is asked of the vendor before it has its reply"
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

/// For a facet that is absent: the client refuses, and no request is made. Whether it is.
async fn absent<H, T, F>(harness: &H, facet: Capability, call: impl FnOnce() -> F) -> bool
where
    H: Harness,
    F: Future<Output = idv_core::Result<T>>,
{
    if harness.client().info().has(facet) {
        return false;
    }
    let before = harness.requests();
    let error = call().await.err().expect("what is absent is refused");
    assert_eq!(error.kind(), &ErrorKind::Unsupported, "{error}");
    assert_eq!(
        harness.requests(),
        before,
        "no request is made for what is absent"
    );
    skip(
        harness,
        &format!("it has no {facet}: the client refuses, and nothing is sent"),
    );
    true
}

/// A verification with everything that the model has.
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
