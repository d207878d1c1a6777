//! The API on its own: requests as in the document, responses in each format, and no repetitions.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;
mod support;

use bytes::Bytes;
use fixture::{fixture, text};
use http::{Request, Response};
use idv_core::call::CallPolicy;
use idv_core::{
    Client, Download, Effect, Error, ErrorKind, EvidenceId, Operation, Sink, Transport,
    TransportCause, async_trait,
};
use idv_testkit::{Exchange, ManualClock, ScriptedTransport};
use idv_verificar_identidad::api::{Api, RequestId, SendRequest};
use idv_verificar_identidad::{
    AnswerFormat, RequestFormat, VerificarIdentidad, VerificarIdentidadConfig,
};
use serde_json::{Value, json};
use support::*;

fn api(config: &VerificarIdentidadConfig) -> Api {
    Api::new(config).unwrap()
}

async fn send(
    config: VerificarIdentidadConfig,
    transport: &ScriptedTransport,
    request: SendRequest,
) -> Result<String, Error> {
    let api = api(&config);
    let cx = client_of(config, transport).context(Operation::Create);
    api.send(&cx, &request)
        .await
        .map(|sent| sent.id.as_str().to_owned())
}

async fn credits(transport: &ScriptedTransport) -> Result<String, Error> {
    let cx = client(transport).context(Operation::Other);
    api(&config())
        .credits(&cx)
        .await
        .map(|credits| credits.as_str().to_owned())
}

async fn certificate(
    transport: &ScriptedTransport,
    limit: u64,
) -> (Result<Download, Error>, Vec<u8>) {
    let mut sink = Vec::new();
    let cx = client(transport).context(Operation::Evidence);
    let downloaded = api(&config())
        .certificate(&cx, &RequestId::parse("0012").unwrap(), limit, &mut sink)
        .await;
    (downloaded, sink)
}

fn everything() -> SendRequest {
    let mut request = SendRequest::new("34600000001");
    request.message = Some("Verifique su identidad: [LINK] & ñ".into());
    request.number = Some("00000000T".into());
    request.send_at = Some("2022-05-01T13:09:01Z".parse().unwrap());
    request.sender = Some("MiEmpresa".to_owned());
    request
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> &'a str {
    request.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn request_matches_the_document() {
    let transport = scripted(&[(200, TAKEN)]);
    assert_eq!(
        send(config(), &transport, everything()).await.unwrap(),
        REQUEST
    );
    let request = transport.requests().remove(0);
    assert_eq!(
        format!("{} {}", request.method(), request.uri()),
        format!("POST {BASE}/VerificarIdentidad")
    );
    assert_eq!(
        (
            header(&request, "authorization"),
            header(&request, "content-type")
        ),
        (BASIC, "application/json")
    );
    let sent: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(
        sent,
        json!({
            "Mensaje": "Verifique su identidad: [LINK] & ñ",
            "Dni": "00000000T",
            // The zone is Spain's: 13:10 UTC is 15:10 there in May.
            "Fecha": "2022-05-01 15:10",
            "Remitente": "MiEmpresa",
            "Telefono": "34600000001",
            "Resp": "JSON",
        })
    );
    // The names of the document's sample, and its values except for the message.
    let mut sample: Value = serde_json::from_slice(&fixture("send-request.json")).unwrap();
    sample["Mensaje"] = sent["Mensaje"].clone();
    assert_eq!(sent, sample);
}

#[tokio::test]
async fn form_equals_json_and_absent_values_are_not_sent() {
    let transport = scripted(&[(200, TAKEN), (200, TAKEN)]);
    let form = |format: AnswerFormat| {
        with(|config| (config.request_format, config.answer_format) = (RequestFormat::Form, format))
    };
    send(form(AnswerFormat::Xml), &transport, everything())
        .await
        .unwrap();
    send(
        form(AnswerFormat::Txt),
        &transport,
        SendRequest::new("34600000001"),
    )
    .await
    .unwrap();
    let requests = transport.requests();
    assert_eq!(
        header(&requests[0], "content-type"),
        "application/x-www-form-urlencoded"
    );
    assert_eq!(
        requests[0].body(),
        "Mensaje=Verifique+su+identidad%3A+%5BLINK%5D+%26+%C3%B1&Dni=00000000T&Fecha=2022-05-01+15%3A10&Remitente=MiEmpresa\
         &Telefono=34600000001&Resp=XML"
    );
    assert_eq!(requests[1].body(), "Telefono=34600000001&Resp=TXT");
}

#[tokio::test]
async fn other_functions_match_the_document() {
    let transport = scripted(&[
        (200, r#"[{"Res":1,"Cred":"12345.67"}]"#),
        (200, "%PDF-1.7 certificate"),
    ]);
    assert_eq!(credits(&transport).await.unwrap(), "12345.67");
    let cx = client(&transport).context(Operation::Evidence);
    api(&config())
        .certificate(
            &cx,
            &RequestId::parse(REQUEST).unwrap(),
            100,
            &mut Vec::new(),
        )
        .await
        .unwrap();
    let requests = transport.requests();
    for (request, name, sample) in [
        (&requests[0], "GetCreditos", "credits-request.json"),
        (
            &requests[1],
            "GetCertificadoIdentidad",
            "certificate-request.json",
        ),
    ] {
        assert_eq!(
            format!("{} {}", request.method(), request.uri()),
            format!("POST {BASE}/{name}")
        );
        assert_eq!(header(request, "authorization"), BASIC);
        let (sent, sample): (Value, Value) = (
            serde_json::from_slice(request.body()).unwrap(),
            serde_json::from_str(&text(sample)).unwrap(),
        );
        // By the table `Id` is an integer; the sample has it as text.
        assert_eq!(
            sent.to_string(),
            sample.to_string().replace("\"1283876988\"", "1283876988")
        );
    }
}

#[test]
fn forbidden_values_are_refused_by_parameter() {
    let refused = |change: &dyn Fn(&mut SendRequest)| {
        let mut request = everything();
        change(&mut request);
        request.check().err().map(|error| match error.kind() {
            ErrorKind::InvalidRequest { field } => field.clone().into_owned(),
            other => panic!("{other:?}"),
        })
    };
    for phone in [
        "",
        "+34600000001",
        "34 600 000 001",
        "0034600000001",
        "123456",
        "3460000000100000",
        "34600A00001",
    ] {
        assert_eq!(
            refused(&|it| it.phone = phone.into()).as_deref(),
            Some("Telefono"),
            "{phone}"
        );
    }
    for message in ["[LINK] [LINK]", "[LINK]\r\n\tMiEmpresa"] {
        assert_eq!(
            refused(&|it| it.message = Some(message.into())),
            None,
            "{message:?}"
        );
    }
    for message in ["", "MiEmpresa", "[link]", "[LINK]\u{0}", "[LINK]\u{7f}"] {
        assert_eq!(
            refused(&|it| it.message = Some(message.into())).as_deref(),
            Some("Mensaje"),
            "{message:?}"
        );
    }
    for sender in ["", " ", "123456789012", "a\tb"] {
        assert_eq!(
            refused(&|it| it.sender = Some(sender.to_owned())).as_deref(),
            Some("Remitente"),
            "{sender:?}"
        );
    }
    assert_eq!(
        refused(&|it| it.sender = Some("ñandú ñandú".to_owned())),
        None,
        "11 characters, though more bytes"
    );
    for number in ["", " ", "0000\n0000T"] {
        assert_eq!(
            refused(&|it| it.number = Some(number.into())).as_deref(),
            Some("Dni"),
            "{number}"
        );
    }
    for number in [
        "C01X00T47",
        "K1234567L",
        "12345678A",
        "I<ESP 123/4",
        "Ñ1234567",
    ] {
        assert_eq!(
            refused(&|it| it.number = Some(number.into())),
            None,
            "the document forbids no number: {number}"
        );
    }
    assert_eq!(
        RequestId::parse("12345678901234567890").unwrap().as_str(),
        "12345678901234567890"
    );
    for id in ["", "12a", "-1", &"1".repeat(65), "../x", "１"] {
        assert_eq!(
            RequestId::parse(id).unwrap_err().kind(),
            &ErrorKind::InvalidRequest {
                field: "vendor_id".into()
            },
            "{id}"
        );
    }
}

#[tokio::test]
async fn time_is_spanish_and_ambiguous_times_are_refused() {
    for (at, date) in [
        ("2022-01-01T14:10:00Z", "2022-01-01 15:10"),
        ("2022-10-30T00:59:00Z", "2022-10-30 02:59"),
    ] {
        let mut request = everything();
        request.send_at = Some(at.parse().unwrap());
        if at.starts_with("2022-10-30") {
            // 02:59 occurs twice that night.
            assert_eq!(
                request.check().unwrap_err().kind(),
                &ErrorKind::InvalidRequest {
                    field: "Fecha".into()
                }
            );
            continue;
        }
        let transport = scripted(&[(200, TAKEN)]);
        send(config(), &transport, request).await.unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(transport.requests()[0].body()).unwrap()["Fecha"],
            date
        );
    }
}

#[tokio::test]
async fn send_time_is_rounded_up_and_never_in_the_past() {
    for (at, date) in [
        ("2022-05-01T13:10:00Z", "2022-05-01 15:10"),
        ("2022-05-01T13:10:00.001Z", "2022-05-01 15:11"),
        ("2022-05-01T13:10:59Z", "2022-05-01 15:11"),
        ("2022-05-01T21:59:30Z", "2022-05-02 00:00"),
        ("2021-10-10T08:00:00Z", "2021-10-10 10:00"),
    ] {
        let mut request = everything();
        request.send_at = Some(at.parse().unwrap());
        let transport = scripted(&[(200, TAKEN)]);
        send(config(), &transport, request).await.unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(transport.requests()[0].body()).unwrap()["Fecha"],
            date,
            "{at}"
        );
    }
    // The clock of every test is at 2021-10-10T08:00:00Z.
    let mut request = everything();
    request.send_at = Some("2021-10-10T07:59:59Z".parse().unwrap());
    let transport = ScriptedTransport::new();
    let error = send(config(), &transport, request).await.unwrap_err();
    assert_eq!(
        (error.kind(), transport.count()),
        (
            &ErrorKind::InvalidRequest {
                field: "Fecha".into()
            },
            0
        )
    );
}

#[tokio::test]
async fn credits_are_parsed_without_code_and_with_comma() {
    for (body, credits, number) in [
        (r#"{"Cred":"12.345,67"}"#, "12.345,67", 12_345.67),
        (r#"[{"Cred":12345.67}]"#, "12345.67", 12_345.67),
        (r#"[{"Res":1,"Cred":"7"}]"#, "7", 7.0),
    ] {
        let transport = scripted(&[(200, body)]);
        let cx = client(&transport).context(Operation::Other);
        let read = api(&config()).credits(&cx).await.unwrap();
        assert_eq!((read.as_str(), read.number()), (credits, number), "{body}");
    }
    // Only the code tells whether a message was sent.
    let transport = scripted(&[(200, r#"{"ID":"7","Cred":5}"#)]);
    let error = send(config(), &transport, everything()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (&ErrorKind::Malformed, Effect::Unknown)
    );
}

#[tokio::test]
async fn forbidden_request_is_not_sent() {
    let transport = ScriptedTransport::new();
    let error = send(config(), &transport, SendRequest::new("+34600000001"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), transport.count()),
        (
            &ErrorKind::InvalidRequest {
                field: "Telefono".into()
            },
            0
        )
    );
}

#[tokio::test]
async fn failure_inside_a_200_has_its_kind_and_is_not_retried() {
    let request = || ErrorKind::InvalidRequest {
        field: "request".into(),
    };
    for (status, body, kind, effect, code) in [
        (
            200,
            r#"[{"Res":-1}]"#,
            ErrorKind::Unauthorized,
            Effect::NotApplied,
            Some("-1"),
        ),
        (
            200,
            "-1",
            ErrorKind::Unauthorized,
            Effect::NotApplied,
            Some("-1"),
        ),
        (
            200,
            "<result><Res>-2</Res></result>",
            ErrorKind::QuotaExhausted,
            Effect::NotApplied,
            Some("-2"),
        ),
        (
            200,
            r#"{"Res":"-3","Error":"Falta Telefono 600000001"}"#,
            request(),
            Effect::NotApplied,
            Some("-3"),
        ),
        (
            200,
            "Res:-3;Error:Falta;",
            request(),
            Effect::NotApplied,
            Some("-3"),
        ),
        (
            200,
            "Res:-4;",
            ErrorKind::QuotaExhausted,
            Effect::NotApplied,
            Some("-4"),
        ),
        (
            200,
            r#"[{"Res":-5}]"#,
            request(),
            Effect::Unknown,
            Some("-5"),
        ),
        (
            200,
            r#"[{"Res":-7}]"#,
            request(),
            Effect::Unknown,
            Some("-7"),
        ),
        (
            200,
            r#"[{"Res":-99}]"#,
            ErrorKind::Malformed,
            Effect::Unknown,
            Some("-99"),
        ),
        (
            200,
            r#"[{"Res":0}]"#,
            ErrorKind::Malformed,
            Effect::Unknown,
            Some("0"),
        ),
        (
            200,
            r#"[{"Res":1}]"#,
            ErrorKind::Malformed,
            Effect::Unknown,
            None,
        ),
        (
            200,
            r#"[{"Res":1,"ID":" "}]"#,
            ErrorKind::Malformed,
            Effect::Unknown,
            None,
        ),
        (200, "", ErrorKind::Malformed, Effect::Unknown, None),
        (
            200,
            "<html>It works!</html>",
            ErrorKind::Malformed,
            Effect::Unknown,
            None,
        ),
        (401, "", ErrorKind::Unauthorized, Effect::NotApplied, None),
        (
            403,
            "<html>",
            ErrorKind::Unauthorized,
            Effect::NotApplied,
            None,
        ),
        (
            400,
            r#"[{"Res":-3,"Error":"x"}]"#,
            request(),
            Effect::NotApplied,
            Some("-3"),
        ),
        (400, "Bad request", request(), Effect::NotApplied, None),
        (404, "", ErrorKind::NotFound, Effect::NotApplied, None),
        (429, "", ErrorKind::RateLimited, Effect::NotApplied, None),
        (302, "", ErrorKind::Malformed, Effect::NotApplied, None),
        (
            500,
            r#"[{"Res":-2}]"#,
            ErrorKind::Unavailable,
            Effect::Unknown,
            None,
        ),
        (503, "", ErrorKind::Unavailable, Effect::Unknown, None),
        (408, "", ErrorKind::Unavailable, Effect::Unknown, None),
    ] {
        let transport = scripted(&[(status, body), (200, TAKEN)]);
        let error = send(config(), &transport, everything()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect(), error.vendor_code()),
            (&kind, effect, code),
            "{status} {body}"
        );
        assert_eq!(
            transport.count(),
            1,
            "{status} {body}: the request was repeated"
        );
        assert!(
            !format!("{error} {error:?}").contains("Falta"),
            "the vendor's text is not printed"
        );
    }
}

#[tokio::test]
async fn only_unsent_requests_are_retried() {
    for (exchange, requests, effect) in [
        (
            Exchange::Fail(idv_core::Sent::No, TransportCause::Connect),
            2,
            None,
        ),
        (
            Exchange::Fail(idv_core::Sent::Maybe, TransportCause::Interrupted),
            1,
            Some(Effect::Unknown),
        ),
        (
            Exchange::Break(Response::new(Bytes::from_static(b"[{\"Res\":"))),
            1,
            Some(Effect::Unknown),
        ),
        (Exchange::Hang, 1, Some(Effect::Unknown)),
    ] {
        let transport = ScriptedTransport::new();
        transport.then(exchange).then_json(200, TAKEN);
        let sent = send(config(), &transport, everything()).await;
        assert_eq!(
            (sent.err().map(|error| error.effect()), transport.count()),
            (effect, requests)
        );
    }
}

#[tokio::test]
async fn credits_are_parsed_in_each_format() {
    for (body, read) in [
        (r#"[{"Res":1,"Cred":12345.67}]"#, "12345.67"),
        (r#"{"Res":"1","Cred":"0"}"#, "0"),
        ("<result><Res>1</Res><Cred>-3.5</Cred></result>", "-3.5"),
        ("Res:1;\nCred:7;", "7"),
    ] {
        assert_eq!(
            credits(&scripted(&[(200, body)])).await.unwrap(),
            read,
            "{body}"
        );
    }
    for (status, body, kind) in [
        (200, "[{\"Res\":1}]", ErrorKind::Malformed),
        (200, "[{\"Res\":1,\"Cred\":\"many\"}]", ErrorKind::Malformed),
        (200, "[{\"Res\":-2}]", ErrorKind::Malformed),
        (200, "-1", ErrorKind::Unauthorized),
        (200, "oops", ErrorKind::Malformed),
        (429, "", ErrorKind::RateLimited),
        (500, "", ErrorKind::Unavailable),
        (503, "-1", ErrorKind::Unavailable),
    ] {
        let transport = scripted(&[(status, body), (200, "[{\"Res\":1,\"Cred\":1}]")]);
        let error = credits(&transport).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect(), transport.count()),
            (&kind, Effect::NotApplied, 1),
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn only_a_pdf_reaches_the_sink() {
    let transport = ScriptedTransport::new();
    transport.then(file(200, "%PDF-1.7\nthe certificate"));
    let (downloaded, sink) = certificate(&transport, 1000).await;
    let downloaded = downloaded.unwrap();
    assert_eq!(
        (downloaded.length, downloaded.media_type.as_deref()),
        (24, Some("application/pdf"))
    );
    assert_eq!(
        (sink.as_slice(), downloaded.sha256),
        (
            b"%PDF-1.7\nthe certificate".as_slice(),
            Download::of(&sink).sha256
        )
    );
    // An identifier keeps the leading zeros that a number would lose.
    assert_eq!(
        transport.requests()[0].body(),
        r#"{"Id":"0012","Resp":"JSON"}"#
    );

    for before in ["\u{feff}", "\r\n", " \n\t", "\u{feff}\n"] {
        let transport = ScriptedTransport::new();
        let file_body = format!("{before}%PDF-1.7");
        transport.then(file(200, file_body.clone()));
        let (downloaded, sink) = certificate(&transport, 1000).await;
        assert_eq!(
            (downloaded.unwrap().length, sink),
            (file_body.len() as u64, file_body.into_bytes()),
            "{before:?}"
        );
    }
    for (status, body, kind, code) in [
        (200, r#"[{"Res":-1}]"#, ErrorKind::Unauthorized, Some("-1")),
        (200, "-1", ErrorKind::Unauthorized, Some("-1")),
        (
            200,
            r#"[{"Res":-3,"Error":"No existe"}]"#,
            ErrorKind::NotFound,
            Some("-3"),
        ),
        (200, "Res:-5;", ErrorKind::NotFound, Some("-5")),
        (200, r#"[{"Res":1}]"#, ErrorKind::Malformed, None),
        (200, "", ErrorKind::Malformed, None),
        (200, "%PD", ErrorKind::Malformed, None),
        (200, "<html>not found</html>", ErrorKind::Malformed, None),
        (200, "x%PDF-1.7", ErrorKind::Malformed, None),
        (200, "   ", ErrorKind::Malformed, None),
        (403, "%PDF-1.7", ErrorKind::Unauthorized, None),
        (404, "", ErrorKind::NotFound, None),
        (500, "%PDF-1.7", ErrorKind::Unavailable, None),
    ] {
        let transport = ScriptedTransport::new();
        transport
            .then(file(status, body))
            .then(file(200, "%PDF-1.7"));
        let (downloaded, sink) = certificate(&transport, 1000).await;
        let error = downloaded.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect(), error.vendor_code()),
            (&kind, Effect::NotApplied, code),
            "{status} {body}"
        );
        assert!(sink.is_empty() && transport.count() == 1, "{status} {body}");
    }
}

#[tokio::test]
async fn query_is_retried_after_a_broken_connection() {
    let transport = ScriptedTransport::new();
    transport
        .then(Exchange::Fail(
            idv_core::Sent::Maybe,
            TransportCause::Interrupted,
        ))
        .then(file(200, "%PDF-1.7"));
    let (downloaded, sink) = certificate(&transport, 1000).await;
    assert_eq!(
        (downloaded.is_ok(), sink.as_slice(), transport.count()),
        (true, b"%PDF-1.7".as_slice(), 2)
    );
}

#[tokio::test]
async fn certificate_size_and_kept_failure_are_limited() {
    let transport = ScriptedTransport::new();
    transport.then(file(200, [b"%PDF-".as_slice(), &[0; 100]].concat()));
    let (downloaded, _) = certificate(&transport, 104).await;
    assert_eq!(downloaded.unwrap_err().kind(), &ErrorKind::LimitExceeded);

    let transport = ScriptedTransport::new();
    transport.then(file(200, vec![b'x'; 1_000_000]));
    let (downloaded, sink) = certificate(&transport, 2_000_000).await;
    assert_eq!(
        (downloaded.unwrap_err().kind(), sink.len()),
        (&ErrorKind::Malformed, 0)
    );
}

/// A transport whose responses arrive one byte at a time.
#[derive(Debug)]
struct Dripping(&'static [u8]);

struct Drops(&'static [u8]);

#[async_trait]
impl idv_core::Chunks for Drops {
    async fn next(&mut self) -> Result<Option<Bytes>, idv_core::TransportError> {
        let Some((first, rest)) = self.0.split_first() else {
            return Ok(None);
        };
        self.0 = rest;
        Ok(Some(Bytes::copy_from_slice(&[*first])))
    }
}

#[async_trait]
impl Transport for Dripping {
    async fn send(
        &self,
        _: Request<Bytes>,
    ) -> Result<Response<idv_core::Body>, idv_core::TransportError> {
        Ok(Response::new(idv_core::Body::chunks(Drops(self.0))))
    }
}

#[tokio::test]
async fn certificate_is_recognized_byte_by_byte() {
    for (body, taken) in [(b"%PDF-1.7 x".as_slice(), true), (b"[{\"Res\":-3}]", false)] {
        let clock = ManualClock::leaping("2021-10-10T08:00:00Z".parse().unwrap());
        let environment = idv_core::Environment::new(Dripping(body), clock);
        let client = Client::new(
            VerificarIdentidad::new(config()).unwrap(),
            environment,
            CallPolicy::default(),
        );
        let mut sink = Counting::default();
        let downloaded = client
            .evidence(&id(), &EvidenceId::new("certificate"), 100, &mut sink)
            .await;
        assert_eq!(
            (downloaded.is_ok(), sink.0.as_slice()),
            (taken, if taken { body } else { b"" })
        );
    }
}

#[derive(Default)]
struct Counting(Vec<u8>);

#[async_trait]
impl Sink for Counting {
    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        assert!(!bytes.is_empty());
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

#[tokio::test]
async fn vendor_text_is_kept_and_not_printed() {
    const REFUSED: &str = r#"[{"Res":-3,"Error":" DNI de Erika Mustermann "}]"#;
    let transport = scripted(&[(200, REFUSED)]);
    let sent = send(config(), &transport, everything()).await.unwrap_err();
    let transport = ScriptedTransport::new();
    transport.then(file(200, REFUSED));
    let downloaded = certificate(&transport, 1000).await.0.unwrap_err();
    for error in [sent, downloaded] {
        assert_eq!(
            (error.vendor_code(), vendor_text(&error)),
            (Some("-3"), Some("DNI de Erika Mustermann"))
        );
        assert!(
            !format!("{error} {error:?}").contains("Mustermann"),
            "{error}"
        );
    }
}
