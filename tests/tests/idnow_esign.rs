//! IDnow's eSigning, signed results, copies and archiving, end to end (chapters 7, 8.3.5, 8.3.6 and
//! 13.3.1).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::Arc;

use idv::call::{CallContext, CallPolicy};
use idv::idnow::api::documents::{
    Anchor, Appearance, DefinitionId, DocumentDefinition, DocumentFile, DocumentStatus,
    DocumentUpdate, PDF, Position, Seal, Signature, ViewPolicy,
};
use idv::idnow::api::{Api, TransactionNumber};
use idv::idnow::signature::PublicKey;
use idv::idnow::wire::archive::Limits;
use idv::idnow::{DataCentre, Idnow, IdnowConfig};
use idv::{
    Client, Decision, Effect, ErrorKind, EvidenceId, Operation, Outcome, Secret, Verification,
    VerificationId,
};
use idv_sandbox::{Fault, FaultKind, Sandbox};
use support::{Setup, minutes, plain_http};

/// A PDF of two pages with a form field.
const CONTRACT: &[u8] =
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]>>>>endobj\n\
    2 0 obj<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>endobj\n\
    3 0 obj<</Type /Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n\
    4 0 obj<</Type /Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n\
    5 0 obj<</FT/Sig/T(signature_customer)/Subtype/Widget/Rect[100 100 350 135]>>endobj\n\
    trailer<</Root 1 0 R>>\n%%EOF\n";

/// A company that has documents signed, with IDnow's own API.
struct Company {
    setup: Setup,
    provider: Arc<Idnow>,
    client: Client,
}

impl Company {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut idv_sandbox::Account)) -> Self {
        let setup = Setup::of(Sandbox::builder().speed(0.0).start().await.unwrap());
        let configured = setup.sandbox.idnow().configure(|account| {
            account.e_sign = true;
            change(account);
        });
        configured.unwrap();
        let idnow = setup.sandbox.idnow();
        let (provider, client) = account(&setup.sandbox, idnow.company_id(), idnow.api_key());
        Self {
            setup,
            provider,
            client,
        }
    }

    fn api(&self) -> &Api {
        self.provider.api()
    }

    fn call(&self) -> CallContext {
        self.client.context(Operation::Other)
    }

    async fn define(&self, definition: &DocumentDefinition) {
        self.api()
            .create_document_definition(&self.call(), definition)
            .await
            .unwrap();
    }

    /// Creates an identification and returns it with its transaction number.
    async fn create(&self) -> (Verification, TransactionNumber) {
        let created = self
            .client
            .create(&self.setup.new_verification())
            .await
            .unwrap();
        let transaction = TransactionNumber::try_from(&created.id.reference).unwrap();
        (
            Verification::new(created.id, self.client.info(), created.expires_at),
            transaction,
        )
    }

    async fn play(&self, verification: &mut Verification, scenario: &str) {
        self.setup.act(verification, scenario);
        self.setup.sandbox.clock().advance(minutes(60)).await;
        verification.apply(&self.client.poll(verification.id()).await.unwrap());
    }

    fn calls(&self, method: &str, end: &str) -> usize {
        let requests = self.setup.sandbox.requests();
        requests
            .iter()
            .filter(|request| request.method == method && request.path.ends_with(end))
            .count()
    }
}

fn account(sandbox: &Sandbox, company: &str, key: &str) -> (Arc<Idnow>, Client) {
    let mut config = IdnowConfig::new(company, Secret::new(key.to_owned()), DataCentre::Test);
    config.gateway_url = Some(sandbox.idnow().base_url().parse().unwrap());
    config.go_url = config.gateway_url.clone();
    let provider = Arc::new(Idnow::new(config).unwrap());
    let client = Client::from_arc(
        Arc::clone(&provider) as _,
        support::environment(sandbox),
        CallPolicy::default(),
    );
    (provider, client)
}

fn id(text: &str) -> DefinitionId {
    DefinitionId::parse(text).unwrap()
}

fn definition(identifier: &str) -> DocumentDefinition {
    DocumentDefinition::new(id(identifier), "Arbeitsvertrag", PDF)
}

fn signature(anchor: Anchor) -> Signature {
    Signature::at(Position::new(anchor, 250, 35).from_corner(10, 20))
}

fn contract() -> DocumentFile {
    DocumentFile::pdf(CONTRACT).unwrap()
}

#[tokio::test]
async fn definitions_are_read_as_written() {
    let company = Company::with(|account| account.handwritten_signatures = true).await;
    let (api, cx) = (company.api(), company.call());
    assert!(
        api.document_definitions(&cx)
            .await
            .unwrap()
            .entries
            .is_empty()
    );

    let mut first = definition("doc1");
    first.optional = Some(false);
    first.version = Some("7".into());
    first.sort_order = Some(1);
    first.view_policy = Some(ViewPolicy::Scroll);
    let mut seal = Seal::default();
    (seal.font_size, seal.image) = (Some(9), Some("our_seal".into()));
    let by_field = signature(Anchor::Field("signature_customer".into()))
        .with_appearance(Appearance::Electronic(seal));
    first.signatures.insert("field".into(), by_field);
    let by_page = signature(Anchor::Page(2))
        .with_appearance(Appearance::Handwritten)
        .with_optional(true);
    first.signatures.insert("page".into(), by_page);
    let by_text = Position::new(Anchor::Text("Unterschrift".into()), 250, 35).from_corner(-5, -40);
    first
        .signatures
        .insert("text".into(), Signature::at(by_text).with_optional(false));
    company.define(&first).await;
    assert_eq!(
        api.document_definition(&cx, &id("doc1")).await.unwrap(),
        first
    );

    let mut second = definition("doc2");
    second.sort_order = Some(2);
    company.define(&second).await;
    let listed = api.document_definitions(&cx).await.unwrap();
    assert_eq!((listed.entries.len(), listed.unreadable), (2, 0));
    assert_eq!(listed.entries[0], first);

    first.name = "Arbeitsvertrag, neu".into();
    first.signatures.remove("page");
    api.update_document_definition(&cx, &first).await.unwrap();
    assert_eq!(
        api.document_definition(&cx, &id("doc1"))
            .await
            .unwrap()
            .name,
        "Arbeitsvertrag, neu"
    );

    api.delete_document_definition(&cx, &id("doc2"))
        .await
        .unwrap();
    assert_eq!(
        api.document_definitions(&cx).await.unwrap().entries.len(),
        1
    );
    for error in [
        api.document_definition(&cx, &id("doc2")).await.unwrap_err(),
        api.delete_document_definition(&cx, &id("doc2"))
            .await
            .unwrap_err(),
        api.update_document_definition(&cx, &second)
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), &ErrorKind::NotFound);
    }
    let error = api
        .create_document_definition(&cx, &first)
        .await
        .unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::InvalidRequest { field } if field == "identifier"),
        "{error}"
    );
}

#[tokio::test]
async fn account_without_esigning_has_no_documents() {
    let company = Company::with(|account| account.e_sign = false).await;
    let error = company
        .api()
        .document_definitions(&company.call())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NotFound);
}

#[tokio::test]
async fn definition_is_created_once_when_answers_are_lost() {
    let company = Company::new().await;
    company
        .api()
        .document_definitions(&company.call())
        .await
        .unwrap();
    company
        .setup
        .sandbox
        .plan(Fault::new(FaultKind::CutAfter).at("documentdefinitions"));
    let error = company
        .api()
        .create_document_definition(&company.call(), &definition("doc1"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (&ErrorKind::Unavailable, Effect::Unknown)
    );
    assert_eq!(company.calls("POST", "/documentdefinitions"), 1);
    // A later call shows whether it was created.
    company
        .api()
        .document_definition(&company.call(), &id("doc1"))
        .await
        .unwrap();
}

#[tokio::test]
async fn default_document_is_signed_without_own_document() {
    let company = Company::new().await;
    let (api, cx) = (company.api(), company.call());
    let mut defined = definition("doc1");
    defined.signatures.insert(
        "customer".into(),
        signature(Anchor::Field("signature_customer".into())),
    );
    company.define(&defined).await;
    let error = api
        .download_default_document(&cx, &id("doc1"), 1 << 20, &mut Vec::new())
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::NotFound,
        "the document does not exist yet"
    );
    api.upload_default_document(&cx, &id("doc1"), &contract())
        .await
        .unwrap();
    let mut file = Vec::new();
    let download = api
        .download_default_document(&cx, &id("doc1"), 1 << 20, &mut file)
        .await
        .unwrap();
    assert_eq!(
        (file.as_slice(), download.media_type.as_deref()),
        (CONTRACT, Some("application/pdf"))
    );
    assert_eq!(download.sha256_hex(), contract().sha256_hex());

    let (mut verification, transaction) = company.create().await;
    let [document] = api
        .documents(&cx, &transaction)
        .await
        .unwrap()
        .entries
        .try_into()
        .unwrap();
    assert_eq!(
        (document.status.clone(), document.holds(&contract())),
        (Some(DocumentStatus::Uploaded), Some(true))
    );
    company.play(&mut verification, "happy").await;
    assert_eq!(
        verification.decision(),
        Decision::Settled(Outcome::Verified)
    );
    let mut signed = Vec::new();
    api.download_signed_document(&cx, &transaction, &id("doc1"), 1 << 20, &mut signed)
        .await
        .unwrap();
    assert!(signed.starts_with(CONTRACT) && signed.len() > CONTRACT.len());
}

#[tokio::test]
async fn person_signs_own_document() {
    let company = Company::new().await;
    let (api, cx) = (company.api(), company.call());
    let mut defined = definition("doc1");
    defined
        .signatures
        .insert("customer".into(), signature(Anchor::Page(1)));
    company.define(&defined).await;
    let (mut verification, transaction) = company.create().await;
    let document = api.document(&cx, &transaction, &id("doc1")).await.unwrap();
    assert_eq!(
        (document.status, document.hash),
        (Some(DocumentStatus::NeedUpload), None)
    );
    // Until the document is uploaded, no one can sign it.
    let reference = verification.id().reference.as_str().to_owned();
    company
        .setup
        .sandbox
        .idnow()
        .act(&reference, "happy")
        .unwrap_err();

    let mut update = DocumentUpdate::default();
    (update.name, update.version) = (Some("Vertrag Mustermann".into()), Some("8".into()));
    update
        .signatures
        .insert("customer".into(), signature(Anchor::Page(2)));
    update.signatures.insert(
        "second".into(),
        signature(Anchor::Text("Ort, Datum".into())),
    );
    api.update_document(&cx, &transaction, &id("doc1"), &update)
        .await
        .unwrap();
    api.upload_document(&cx, &transaction, &id("doc1"), &contract())
        .await
        .unwrap();
    let document = api.document(&cx, &transaction, &id("doc1")).await.unwrap();
    assert_eq!(document.status, Some(DocumentStatus::Uploaded));
    assert_eq!(document.holds(&contract()), Some(true));
    assert_eq!(document.display_hash.as_deref().map(str::len), Some(14));
    assert_eq!(
        document.name.as_ref().map(|name| name.expose().as_str()),
        Some("Vertrag Mustermann")
    );
    assert_eq!(document.version.as_deref(), Some("8"));
    let effective = document.effective_signatures();
    assert_eq!(effective.keys().collect::<Vec<_>>(), ["customer", "second"]);
    assert_eq!(
        effective["customer"].position.as_ref().unwrap().anchor,
        Anchor::Page(2),
        "the person's own document takes precedence"
    );
    let early = api
        .download_signed_document(&cx, &transaction, &id("doc1"), 1 << 20, &mut Vec::new())
        .await
        .unwrap_err();
    assert_eq!(
        early.kind(),
        &ErrorKind::NotFound,
        "the document is not signed yet"
    );

    company.play(&mut verification, "data-changed").await;
    assert_eq!(
        verification.decision(),
        Decision::Settled(Outcome::Verified)
    );
    assert_eq!(
        api.document(&cx, &transaction, &id("doc1"))
            .await
            .unwrap()
            .status,
        Some(DocumentStatus::Signed)
    );
    let error = api
        .upload_document(&cx, &transaction, &id("doc1"), &contract())
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::Conflict,
        "a signed document cannot be replaced"
    );
    let error = api
        .update_document(&cx, &transaction, &id("doc1"), &update)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Conflict);
}

#[tokio::test]
async fn signed_document_is_evidence() {
    let company = Company::new().await;
    for name in ["doc1", "doc2"] {
        company.define(&definition(name)).await;
        company
            .api()
            .upload_default_document(&company.call(), &id(name), &contract())
            .await
            .unwrap();
    }
    let (mut verification, transaction) = company.create().await;
    company.play(&mut verification, "happy").await;
    // By its name in the archive (chapter 7.2.7), which the table of attachments lacks (chapter
    // 13.1.6).
    for name in ["doc1", "doc2"] {
        let evidence = EvidenceId::new(format!("{name}_signed.pdf"));
        let mut file = Vec::new();
        let download = company
            .client
            .evidence(verification.id(), &evidence, 1 << 20, &mut file)
            .await
            .unwrap();
        assert_eq!(download.media_type.as_deref(), Some("application/pdf"));
        let mut directly = Vec::new();
        company
            .api()
            .download_signed_document(
                &company.call(),
                &transaction,
                &id(name),
                1 << 20,
                &mut directly,
            )
            .await
            .unwrap();
        assert_eq!(file, directly, "{name}");
        let error = company
            .client
            .evidence(verification.id(), &evidence, 10, &mut Vec::new())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::LimitExceeded);
    }
    let nothing = EvidenceId::new("doc3_signed.pdf");
    let error = company
        .client
        .evidence(verification.id(), &nothing, 1 << 20, &mut Vec::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NotFound);

    // The archive has the same files.
    let mut zip = Vec::new();
    company
        .client
        .evidence(
            verification.id(),
            &EvidenceId::new("archive"),
            1 << 20,
            &mut zip,
        )
        .await
        .unwrap();
    let signed =
        idv::idnow::wire::archive::entry(&zip, "doc1_signed.pdf", &Limits::default()).unwrap();
    assert!(signed.starts_with(CONTRACT) && signed.len() > CONTRACT.len());
}

#[tokio::test]
async fn vendor_refuses_missing_signature_field() {
    let company = Company::new().await;
    for (name, anchor) in [
        ("doc1", Anchor::Page(3)),
        ("doc2", Anchor::Field("nowhere".into())),
    ] {
        let mut defined = definition(name);
        defined
            .signatures
            .insert("customer".into(), signature(anchor));
        company.define(&defined).await;
        let error = company
            .api()
            .upload_default_document(&company.call(), &id(name), &contract())
            .await
            .unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidRequest { .. }),
            "{name}: {error}"
        );
        // An optional signature field may be missing.
        let mut may = defined.clone();
        for signature in may.signatures.values_mut() {
            signature.optional = Some(true);
        }
        company
            .api()
            .update_document_definition(&company.call(), &may)
            .await
            .unwrap();
        company
            .api()
            .upload_default_document(&company.call(), &id(name), &contract())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn invalid_definition_is_refused_before_sending() {
    let company = Company::new().await;
    let refused = async |field: &str, spoil: fn(&mut DocumentDefinition)| {
        let mut spoilt = definition("doc1");
        spoilt
            .signatures
            .insert("customer".into(), signature(Anchor::Page(1)));
        spoil(&mut spoilt);
        let error = company
            .api()
            .create_document_definition(&company.call(), &spoilt)
            .await
            .unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidRequest {
                field: field.to_owned().into()
            }
        );
    };
    refused("name", |it| it.name = " ".into()).await;
    refused("mimeType", |it| it.mime_type = "pdf".into()).await;
    refused("sortOrder", |it| it.sort_order = Some(0)).await;
    refused("signatures.position", |it| {
        it.signatures.get_mut("customer").unwrap().position = None;
    })
    .await;
    refused("signatures.position.page", |it| {
        it.signatures
            .insert("customer".into(), signature(Anchor::Page(0)));
    })
    .await;
    let mut nothing = DocumentUpdate::default();
    nothing.name = None;
    let transaction = TransactionNumber::parse("T-1").unwrap();
    let error = company
        .api()
        .update_document(&company.call(), &transaction, &id("doc1"), &nothing)
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidRequest {
            field: "request".into()
        }
    );
    assert!(company.setup.sandbox.requests().is_empty());
}

#[tokio::test]
async fn signed_result_is_proven_by_its_signature() {
    let company = Company::with(|account| account.sign_results = true).await;
    company.define(&definition("doc1")).await;
    company
        .api()
        .upload_default_document(&company.call(), &id("doc1"), &contract())
        .await
        .unwrap();
    let (mut verification, _) = company.create().await;
    company.play(&mut verification, "happy").await;

    let base = company.setup.sandbox.idnow().base_url();
    let (status, pem) = plain_http(
        "GET",
        &format!("{base}/assets/certs/idnow_signing_test_20171004.pem"),
        "",
    )
    .await;
    assert_eq!(status, 200);
    let key = PublicKey::from_pem(&String::from_utf8(pem).unwrap()).unwrap();

    let mut zip = Vec::new();
    company
        .client
        .evidence(
            verification.id(),
            &EvidenceId::new("archive"),
            1 << 20,
            &mut zip,
        )
        .await
        .unwrap();
    let xml = key.verify_archive(&zip, &Limits::default()).unwrap();
    assert!(String::from_utf8_lossy(&xml).contains(verification.id().reference.as_str()));

    // A result that was changed after its signature is refused, and so is an archive without a
    // signature.
    let mut signature = Vec::new();
    let name = EvidenceId::new(format!("{}.sig", verification.id().reference.as_str()));
    company
        .client
        .evidence(verification.id(), &name, 1 << 20, &mut signature)
        .await
        .unwrap();
    key.verify(&xml, &signature).unwrap();
    for index in [0, xml.len() / 2, xml.len() - 1] {
        let mut changed = xml.clone();
        changed[index] ^= 1;
        assert_eq!(
            key.verify(&changed, &signature).unwrap_err().kind(),
            &ErrorKind::Forged
        );
    }
    company
        .setup
        .sandbox
        .idnow()
        .configure(|account| account.sign_results = false)
        .unwrap();
    let mut unsigned = Vec::new();
    company
        .client
        .evidence(
            verification.id(),
            &EvidenceId::new("archive"),
            1 << 20,
            &mut unsigned,
        )
        .await
        .unwrap();
    assert_eq!(
        key.verify_archive(&unsigned, &Limits::default())
            .unwrap_err()
            .kind(),
        &ErrorKind::Forged
    );
}

#[tokio::test]
async fn finished_identification_is_copied_to_other_account() {
    let company = Company::with(|account| account.copies_to = vec!["testbank".into()]).await;
    let (mut verification, transaction) = company.create().await;
    let early = company
        .api()
        .copy(&company.call(), &transaction, "testbank", None)
        .await
        .unwrap_err();
    assert!(
        matches!(early.kind(), ErrorKind::Conflict | ErrorKind::NotFound),
        "{early}"
    );
    company.play(&mut verification, "happy").await;
    let copy = VerificationId::new(company.client.reference(), None);
    let target = TransactionNumber::try_from(&copy.reference).unwrap();
    let copied = company
        .api()
        .copy(&company.call(), &transaction, "testbank", Some(&target))
        .await
        .unwrap();
    assert_ne!(
        Some(&copied.id),
        verification.id().vendor_id.as_ref(),
        "the copy has its own id"
    );

    let (_, other) = account(&company.setup.sandbox, "testbank", "testbankApiKey");
    let theirs = other.fetch(&copy, None).await.unwrap();
    let ours = company.client.fetch(verification.id(), None).await.unwrap();
    assert_eq!(
        theirs.report().unwrap().person,
        ours.report().unwrap().person
    );
    assert_eq!(
        theirs.report().unwrap().reference.as_deref(),
        Some(copy.reference.as_str())
    );

    let error = company
        .api()
        .copy(&company.call(), &transaction, "ihrebank", None)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.http_status()),
        (&ErrorKind::Unauthorized, Some(403)),
        "to no other account"
    );
    company
        .setup
        .sandbox
        .plan(Fault::new(FaultKind::CutAfter).at("/copy"));
    let another = TransactionNumber::parse("COPY-2").unwrap();
    let error = company
        .api()
        .copy(&company.call(), &transaction, "testbank", Some(&another))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (&ErrorKind::Unavailable, Effect::Unknown),
        "the call is not repeated"
    );
}

#[tokio::test]
async fn finished_identification_is_archived_once() {
    let company = Company::with(|account| account.archiving = true).await;
    let (mut verification, transaction) = company.create().await;
    assert!(
        company
            .api()
            .move_to_archive(&company.call(), &transaction)
            .await
            .is_err(),
        "the identification is not finished"
    );
    company.play(&mut verification, "happy").await;
    company
        .api()
        .move_to_archive(&company.call(), &transaction)
        .await
        .unwrap();
    let again = company
        .api()
        .move_to_archive(&company.call(), &transaction)
        .await
        .unwrap_err();
    assert_eq!(
        (again.kind(), again.vendor_code()),
        (&ErrorKind::Conflict, Some("PRECONDITION_FAILED"))
    );

    let company = Company::new().await;
    let (mut verification, transaction) = company.create().await;
    company.play(&mut verification, "happy").await;
    let error = company
        .api()
        .move_to_archive(&company.call(), &transaction)
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::NotFound,
        "the account has no archive"
    );
}
