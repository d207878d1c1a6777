//! Document definitions and the positions of signatures (chapters 7.1.1 and 7.1.2): serialization,
//! parsing and checks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod esigning;
mod fixture;
mod support;

use esigning::*;
use idv_core::ErrorKind;
use idv_idnow::DataCentre;
use idv_idnow::api::documents::{
    Anchor, Appearance, DefinitionId, Document, DocumentDefinition, DocumentUpdate, PDF, Position,
    Seal, Signature, ViewPolicy,
};
use support::*;

#[tokio::test]
async fn each_anchor_round_trips_as_documented() {
    let mut seal = Seal::default();
    seal.font_size = Some(8);
    seal.image = Some("idnow_seal".into());
    let mut field = contract();
    let signature = Signature::at(by_field("my_acrofield_signature"));
    let signature = signature
        .with_appearance(Appearance::Electronic(seal))
        .with_optional(false);
    field.signatures.insert("mysignature1".into(), signature);
    let mut page = contract();
    let signature = Signature::at(Position::new(Anchor::Page(1), 200, 35).from_corner(800, 100));
    page.signatures.insert(
        "mysignature1".into(),
        signature
            .with_appearance(Appearance::Handwritten)
            .with_optional(false),
    );
    let mut beside = DocumentDefinition::new(doc1(), "Arbeitsvertrag", PDF);
    let place =
        Position::new(Anchor::Text("Ort, Datum, Unterschrift".into()), 250, 35).from_corner(0, -40);
    beside
        .signatures
        .insert("mysignature1".into(), Signature::at(place));
    beside.view_policy = Some(ViewPolicy::Scroll);

    for (definition, name) in [
        (field, "signatures-acrofield.json"),
        (page, "signatures-page.json"),
        (beside, "signatures-text.json"),
    ] {
        definition
            .check()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            serde_json::to_value(&definition).unwrap(),
            sample(name),
            "{name}"
        );
        let read = definitions(&text(name)).await;
        assert_eq!(read.entries, [definition], "{name}");
    }
}

#[tokio::test]
async fn every_other_element_round_trips() {
    let mut seal = Seal::default();
    seal.font_size = Some(9);
    seal.second_font_size = Some(7);
    seal.image = Some("seal_2".into());
    let mut definition = contract();
    definition.version = Some("V1.2.3".into());
    definition.view_policy = Some(ViewPolicy::Default);
    definition.optional = Some(true);
    let signature = Signature::at(by_field("f"))
        .with_appearance(Appearance::Electronic(seal))
        .with_optional(true);
    definition.signatures.insert("a".into(), signature);
    let written = serde_json::to_value(&definition).unwrap();
    assert_eq!(written["viewPolicy"], "DEFAULT");
    assert_eq!(
        (&written["version"], &written["optional"]),
        (&"V1.2.3".into(), &true.into())
    );
    let signature = &written["signatures"]["a"];
    assert_eq!(
        (
            &signature["signatureFontSize"],
            &signature["signatureFontSize2"]
        ),
        (&9.into(), &7.into())
    );
    assert_eq!(
        (&signature["signatureImage"], &signature["optional"]),
        (&"seal_2".into(), &"true".into())
    );
    assert_eq!(
        definitions(&written.to_string()).await.entries,
        [definition]
    );
}

#[tokio::test]
async fn loose_types_are_parsed_and_bad_entries_counted() {
    let listed = definitions(&text("loose.json")).await;
    assert_eq!((listed.entries.len(), listed.unreadable), (2, 6));
    let [definition, bare] = listed.entries.as_slice() else {
        panic!("{listed:?}")
    };
    assert_eq!(
        (definition.identifier.as_str(), definition.name.as_str()),
        ("Doc_4.v2", "7")
    );
    assert_eq!(
        (definition.optional, definition.sort_order),
        (Some(true), Some(4))
    );
    assert_eq!(
        (definition.version.as_deref(), definition.mime_type.as_str()),
        (Some("1.5"), "")
    );
    assert_eq!(
        definition.view_policy,
        Some(ViewPolicy::Other("NEW".into()))
    );
    let signature = &definition.signatures["a"];
    assert_eq!(
        signature.position,
        Some(Position::new(Anchor::Page(2), 200, 35).from_corner(10, 0))
    );
    assert_eq!(
        (&signature.appearance, signature.optional),
        (&None, Some(true))
    );
    // Two anchors are ambiguous, and half a position is not one.
    assert_eq!(definition.signatures["b"].position, None);
    assert_eq!(
        definition.signatures["b"].appearance,
        Some(Appearance::Other("STAMPED".into()))
    );
    assert_eq!(definition.signatures["c"].position, None);
    let Some(Appearance::Electronic(seal)) = &definition.signatures["c"].appearance else {
        panic!("{definition:?}")
    };
    assert_eq!(
        (seal.font_size, seal.second_font_size, seal.image.as_deref()),
        (Some(9), Some(7), Some("seal_2"))
    );
    assert_eq!(definition.signatures.len(), 3);
    assert!(bare.signatures.is_empty() && bare.optional.is_none() && bare.sort_order.is_none());
    // Parsed values that must not be sent are not sent back.
    assert_eq!(
        refused(DataCentre::Test, definition).await.as_deref(),
        Some("mimeType")
    );
}

#[tokio::test]
async fn document_signature_replaces_the_definitions() {
    let transport = logged_in();
    transport.then_json(
        200,
        r#"{"name":"A","documentDefinition":{"identifier":"doc1","signatures":{
            "a":{"position":{"acrofield":"a","left":1,"width":1,"bottom":1,"height":1},"type":"HANDWRITTEN"},
            "b":{"position":{"acrofield":"b","left":1,"width":1,"bottom":1,"height":1},"type":"HANDWRITTEN"}}},
            "signatures":{
            "b":{"position":{"page":"2","left":1,"width":1,"bottom":1,"height":1}},
            "c":{"position":{"page":"3","left":1,"width":1,"bottom":1,"height":1}}}}"#,
    );
    let account = Account::new(&transport);
    let document = account
        .api
        .document(&account.cx(), &number(), &doc1())
        .await
        .unwrap();
    let signatures = document.effective_signatures();
    let anchors: Vec<_> = signatures
        .iter()
        .map(|(name, signature)| (name.as_str(), &signature.position.as_ref().unwrap().anchor))
        .collect();
    assert_eq!(
        anchors,
        [
            ("a", &Anchor::Field("a".into())),
            ("b", &Anchor::Page(2)),
            ("c", &Anchor::Page(3))
        ]
    );
    assert_eq!(
        (&signatures["a"].appearance, &signatures["b"].appearance),
        (&Some(Appearance::Handwritten), &None)
    );
    assert!(Document::default().effective_signatures().is_empty());
}

#[test]
fn identifier_has_the_documented_alphabet() {
    for text in ["doc1", "document-abc", "my_doc", "a"] {
        assert_eq!(DefinitionId::parse(text).unwrap().to_string(), text);
    }
    for text in [
        "", "Doc1", "doc 1", "doc/1", "..", "döc", "doc1.pdf", "doc%31",
    ] {
        let error = DefinitionId::parse(text).unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidRequest {
                field: "identifier".into()
            },
            "{text}"
        );
    }
}

#[tokio::test]
async fn invalid_definition_is_refused_by_field() {
    type Change = fn(&mut DocumentDefinition);
    let changes: [(Change, Option<&str>); 11] = [
        (|_| {}, None),
        (|it| it.name.clear(), Some("name")),
        (|it| it.name = "  ".into(), Some("name")),
        (|it| it.mime_type.clear(), Some("mimeType")),
        (|it| it.mime_type = "pdf".into(), Some("mimeType")),
        (|it| it.mime_type = "application/".into(), Some("mimeType")),
        (
            |it| it.mime_type = "application/pdf; x=y".into(),
            Some("mimeType"),
        ),
        (|it| it.mime_type = "text/plain".into(), None),
        (|it| it.sort_order = Some(0), Some("sortOrder")),
        (
            |it| it.view_policy = Some(ViewPolicy::Other("WIDE".into())),
            Some("viewPolicy"),
        ),
        (
            |it| it.signatures = [(String::new(), Signature::at(by_field("f")))].into(),
            Some("signatures"),
        ),
    ];
    for (index, (change, field)) in changes.into_iter().enumerate() {
        let mut definition = contract();
        change(&mut definition);
        assert_eq!(
            refused(DataCentre::De, &definition).await.as_deref(),
            field,
            "{index}"
        );
        assert_eq!(definition.check().is_err(), field.is_some(), "{index}");
    }
}

#[tokio::test]
async fn invalid_signature_is_refused_by_field() {
    let seal = |change: fn(&mut Seal)| {
        let mut seal = Seal::default();
        change(&mut seal);
        Signature::at(by_field("f")).with_appearance(Appearance::Electronic(seal))
    };
    let at = |anchor: Anchor, left: i32, bottom: i32| {
        Signature::at(Position::new(anchor, 1, 1).from_corner(left, bottom))
    };
    let field = || Anchor::Field("f".into());
    let cases = [
        (Signature::default(), Some("signatures.position")),
        (
            at(Anchor::Field(String::new()), 0, 0),
            Some("signatures.position.acrofield"),
        ),
        (at(Anchor::Page(0), 0, 0), Some("signatures.position.page")),
        (
            at(Anchor::Text(" ".into()), 0, 0),
            Some("signatures.position.textcontent"),
        ),
        (at(field(), -1, 0), Some("signatures.position.left")),
        (
            at(Anchor::Page(1), 0, -1),
            Some("signatures.position.bottom"),
        ),
        (at(Anchor::Text("sign here".into()), -1, -1), None),
        (
            Signature::at(Position::new(field(), 0, 1)),
            Some("signatures.position.width"),
        ),
        (
            Signature::at(Position::new(field(), 1, 0)),
            Some("signatures.position.height"),
        ),
        (
            seal(|seal| seal.font_size = Some(0)),
            Some("signatures.signatureFontSize"),
        ),
        (
            seal(|seal| seal.second_font_size = Some(0)),
            Some("signatures.signatureFontSize2"),
        ),
        (
            seal(|seal| seal.second_font_size = Some(7)),
            Some("signatures.signatureFontSize2"),
        ),
        (
            seal(|seal| seal.image = Some("Seal.png".into())),
            Some("signatures.signatureImage"),
        ),
        (
            seal(|seal| seal.image = Some(String::new())),
            Some("signatures.signatureImage"),
        ),
        (seal(|seal| seal.image = Some("seal_2".into())), None),
        (
            Signature::at(by_field("f")).with_appearance(Appearance::Other("STAMPED".into())),
            Some("signatures.type"),
        ),
    ];
    for (index, (signature, field)) in cases.into_iter().enumerate() {
        let mut definition = contract();
        definition.signatures.insert("s".into(), signature.clone());
        assert_eq!(
            refused(DataCentre::De, &definition).await.as_deref(),
            field,
            "{index}"
        );

        let transport = logged_in();
        transport.then(empty(200));
        let account = Account::at(DataCentre::De, &transport);
        let mut update = DocumentUpdate::default();
        update.signatures.insert("s".into(), signature);
        let updated = account
            .api
            .update_document(&account.cx(), &number(), &doc1(), &update)
            .await;
        assert_eq!(updated.is_err(), field.is_some(), "{index}");
        assert_eq!(transport.count(), if field.is_some() { 0 } else { 2 });
    }
}

#[tokio::test]
async fn data_centres_accept_their_own_signatures() {
    let mut two = contract();
    two.signatures
        .insert("a".into(), Signature::at(by_field("a")));
    two.signatures
        .insert("b".into(), Signature::at(by_field("b")));
    let mut seal = Seal::default();
    seal.second_font_size = Some(8);
    let mut second_line = contract();
    second_line.signatures.insert(
        "a".into(),
        Signature::at(by_field("a")).with_appearance(Appearance::Electronic(seal)),
    );
    for (centre, several, size) in [
        (DataCentre::De, None, Some("signatures.signatureFontSize2")),
        (DataCentre::Ch, Some("signatures"), None),
        (DataCentre::Test, None, None),
    ] {
        assert_eq!(
            refused(centre, &two).await.as_deref(),
            several,
            "{centre:?}"
        );
        assert_eq!(
            refused(centre, &second_line).await.as_deref(),
            size,
            "{centre:?}"
        );
    }
}

#[tokio::test]
async fn empty_update_is_refused() {
    let mut nameless = DocumentUpdate::default();
    nameless.name = Some("".into());
    for (update, field) in [(DocumentUpdate::default(), "request"), (nameless, "name")] {
        let transport = logged_in();
        let account = Account::new(&transport);
        let error = account
            .api
            .update_document(&account.cx(), &number(), &doc1(), &update)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), transport.count()),
            (
                &ErrorKind::InvalidRequest {
                    field: field.into()
                },
                0
            )
        );
    }
}
