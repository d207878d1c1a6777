//! Shared by the tests of calls: an account, a client with scripted responses, and IDnow's answers.
#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]

use bytes::Bytes;
use http::{Request, Response};
use idv_core::call::CallPolicy;
use idv_core::{Client, Reference, VendorId, VerificationId};
use idv_idnow::{DataCentre, Idnow, IdnowConfig};
use idv_testkit::{Exchange, ManualClock, ScriptedTransport, environment};

pub(crate) use idv_testkit::{empty, file, header, line};

/// The application's reference in every test: the transaction number.
pub(crate) const REFERENCE: &str = "0123456789abcdef0123456789abcdef";
/// The Ident-ID in every test.
pub(crate) const IDENT_ID: &str = "IBA-H5FD8";
/// The token in the document's login.
pub(crate) const TOKEN: &str = "7eb579f6-51b9-4a61-a32b-8bce0f84c6fa";
/// The base URL of the document's account.
pub(crate) const BASE: &str = "https://gateway.test.idnow.de/api/v1/ihrebank";

/// The document's account on the test system.
pub(crate) fn config() -> IdnowConfig {
    IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test)
}

/// A client of the document's account.
pub(crate) fn client(transport: &ScriptedTransport) -> Client {
    client_of(config(), transport)
}

/// A client of another account, whose sleeps end immediately.
pub(crate) fn client_of(config: IdnowConfig, transport: &ScriptedTransport) -> Client {
    let clock = ManualClock::leaping("2014-06-02T05:00:00Z".parse().unwrap());
    Client::new(
        Idnow::new(config).unwrap(),
        environment(transport, &clock),
        CallPolicy::default(),
    )
}

/// The verification in every test.
pub(crate) fn id() -> VerificationId {
    VerificationId::new(
        Reference::parse(REFERENCE).unwrap(),
        Some(VendorId::new(IDENT_ID)),
    )
}

/// A transport whose script begins with a login.
pub(crate) fn logged_in() -> ScriptedTransport {
    let transport = ScriptedTransport::new();
    transport.then_json(200, format!(r#"{{"authToken":"{TOKEN}"}}"#));
    transport
}

/// The result of an identification, as a bare object.
pub(crate) fn result(code: &str) -> String {
    format!(
        r#"{{"identificationprocess":{{"result":"{code}","agentname":"HMUELLER","identificationtime":"2014-06-02T05:03:54Z","type":"WEB","transactionnumber":"{REFERENCE}","companyid":"ihrebank","id":"{IDENT_ID}","filename":"{REFERENCE}.zip","href":"/api/v1/ihrebank/identifications/{REFERENCE}.zip"}},"userdata":{{"firstname":{{"value":"ARMIN","status":"MATCH"}}}},"attachments":{{"pdf":"{REFERENCE}.pdf","userface":"{REFERENCE}_userface.jpg"}}}}"#
    )
}

/// The result of an identification as XML.
pub(crate) fn result_xml(code: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<identifications><identification><identificationprocess><result>{code}</result><agentname>HMUELLER</agentname><identificationtime>2014-06-02T05:03:54Z</identificationtime><type>WEB</type><transactionnumber>{REFERENCE}</transactionnumber><companyid>ihrebank</companyid><id>{IDENT_ID}</id><filename>{REFERENCE}.zip</filename><href>/api/v1/ihrebank/identifications/{REFERENCE}.zip</href></identificationprocess><userdata><firstname status="MATCH">ARMIN</firstname></userdata><attachments><pdf>{REFERENCE}.pdf</pdf><userface>{REFERENCE}_userface.jpg</userface></attachments></identification></identifications>"#
    )
}

/// The documented body of an error.
pub(crate) fn failure(cause: &str, key: &str) -> String {
    let key = if key.is_empty() {
        "null".to_owned()
    } else {
        format!("\"{key}\"")
    };
    format!(r#"{{"errors":[{{"cause":"{cause}","id":"487800773","key":{key},"message":null}}]}}"#)
}

/// An archive with the result as XML and two files.
pub(crate) fn archive(xml: &str) -> Vec<u8> {
    archive_of(&[
        (&format!("{REFERENCE}.xml"), xml.as_bytes()),
        (&format!("{REFERENCE}.pdf"), b"%PDF-1.4 report"),
        (&format!("{REFERENCE}_userface.jpg"), b"\xFF\xD8\xFF face"),
    ])
}

/// An archive of files.
pub(crate) fn archive_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
