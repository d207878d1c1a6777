//! Shared by the tests of eSigning: an account with scripted responses, the document's example, and
//! the samples of chapter 7.
#![allow(dead_code, reason = "each test uses a part of it")]

use idv_core::call::{CallContext, CallPolicy};
use idv_core::{Client, ErrorKind, Operation};
use idv_idnow::api::documents::{
    Anchor, DefinitionId, DocumentDefinition, PDF, ParsedList, Position,
};
use idv_idnow::api::{Api, TransactionNumber};
use idv_idnow::{DataCentre, Idnow};
use idv_testkit::{ManualClock, ScriptedTransport, environment};
use serde_json::Value;

use crate::fixture::fixture;
use crate::support::{config, logged_in};

pub(crate) const PDF_FILE: &[u8] = b"%PDF-1.4\n%%EOF\n";

/// The API of an account, and a client that creates contexts for it.
pub(crate) struct Account {
    pub(crate) api: Api,
    client: Client,
}

impl Account {
    pub(crate) fn new(transport: &ScriptedTransport) -> Self {
        Self::at(DataCentre::Test, transport)
    }

    pub(crate) fn at(centre: DataCentre, transport: &ScriptedTransport) -> Self {
        let mut config = config();
        config.host = Some(centre);
        let clock = ManualClock::leaping("2018-11-15T10:00:00Z".parse().unwrap());
        let environment = environment(transport, &clock);
        let api = Api::new(&config).unwrap();
        Self {
            api,
            client: Client::new(
                Idnow::new(config).unwrap(),
                environment,
                CallPolicy::default(),
            ),
        }
    }

    pub(crate) fn cx(&self) -> CallContext {
        self.client.context(Operation::Other)
    }
}

/// The identifier in every example.
pub(crate) fn doc1() -> DefinitionId {
    DefinitionId::parse("doc1").unwrap()
}

/// The transaction number in the paths of chapter 7.
pub(crate) fn number() -> TransactionNumber {
    TransactionNumber::parse("1234567890").unwrap()
}

/// A sample as text.
pub(crate) fn text(name: &str) -> String {
    String::from_utf8(fixture(&format!("documents/{name}"))).unwrap()
}

/// A sample as JSON.
pub(crate) fn sample(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap()
}

/// The definition in every example.
pub(crate) fn contract() -> DocumentDefinition {
    let mut definition = DocumentDefinition::new(doc1(), "Arbeitsvertrag", PDF);
    definition.optional = Some(false);
    definition.sort_order = Some(1);
    definition
}

/// A position in a form field, with the numbers of the examples.
pub(crate) fn by_field(name: &str) -> Position {
    Position::new(Anchor::Field(name.into()), 200, 35).from_corner(50, 50)
}

/// The definitions in a response.
pub(crate) async fn definitions(answer: &str) -> ParsedList<DocumentDefinition> {
    let transport = logged_in();
    transport.then_json(200, answer);
    let account = Account::new(&transport);
    account
        .api
        .document_definitions(&account.cx())
        .await
        .unwrap()
}

/// The field that the error of a definition names; nothing must be sent.
pub(crate) async fn refused(centre: DataCentre, definition: &DocumentDefinition) -> Option<String> {
    let transport = logged_in();
    transport.then_json(200, "{}");
    let account = Account::at(centre, &transport);
    let error = account
        .api
        .update_document_definition(&account.cx(), definition)
        .await
        .err()?;
    assert_eq!(
        (transport.count(), error.attempts()),
        (0, 0),
        "nothing is sent"
    );
    match error.kind() {
        ErrorKind::InvalidRequest { field } => Some(field.to_string()),
        _ => panic!("{error}"),
    }
}
