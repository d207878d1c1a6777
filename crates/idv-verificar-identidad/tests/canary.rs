//! Marked data in every operation; no log, error or `Debug` output contains them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod support;

use http::{HeaderMap, Method};
use idv_core::{
    Delivery, EvidenceId, NewVerification, Operation, Reference, VendorId, VerificationId,
};
use idv_testkit::{Canary, Recording, ScriptedTransport};
use idv_verificar_identidad::api::{Api, RequestId, SendRequest};
use idv_verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig};
use support::{client_of, file, scripted};

const DNI: &str = "87654321X";
const PHONE: &str = "34699887766";
const REQUEST: &str = "7718281828";

/// Marked values that must not be printed.
struct Marked {
    canary: Canary,
    token: String,
    secret: String,
    words: Vec<String>,
    reference: Reference,
}

impl Marked {
    fn new() -> Self {
        let mut canary = Canary::new();
        let (token, secret) = (canary.mark("token"), canary.mark("callbacksecret"));
        let words = [
            "family", "given", "serial", "address", "device", "purpose", "error", "others",
        ]
        .map(|what| canary.mark(what))
        .into();
        // These have alphabets of their own; the last is the encoded token in the request.
        for value in [
            DNI,
            PHONE,
            REQUEST,
            "198.51.100.77",
            "24/12/1961",
            "1961-12-24",
            "YXBpLXVzZXI6",
        ] {
            canary.watch(value);
        }
        let reference = Reference::parse(format!("ref-1234-{}", canary.mark("reference"))).unwrap();
        Self {
            canary,
            token,
            secret,
            words,
            reference,
        }
    }

    fn config(&self) -> VerificarIdentidadConfig {
        let mut config = VerificarIdentidadConfig::new("api-user", self.token.as_str().into());
        config.callback_secret = self.secret.as_str().into();
        config
    }

    fn id(&self) -> VerificationId {
        VerificationId::new(self.reference.clone(), Some(VendorId::new(REQUEST)))
    }

    fn verification(&self) -> NewVerification {
        let mut new = NewVerification::new(self.reference.clone());
        new.contact.phone = Some(format!("+{PHONE}").into());
        new.document.number = Some(DNI.into());
        new.person.family_name = Some(self.words[0].as_str().into());
        new
    }

    fn taken() -> String {
        format!(r#"[{{"Res":1,"ID":"{REQUEST}","Cred":5}}]"#)
    }

    /// A report with marks in every value.
    fn report(&self, state: &str) -> String {
        let [family, given, serial, address, device, _, error, others] = self.words.as_slice()
        else {
            unreachable!()
        };
        let result = format!(
            r#"{{"Resultado":"-3","DNIAnverso":"{DNI}","DNISolicitado":"{DNI}","PruebaDeVida":"{others}","Barba":"{others}","Dispositivo":"{device}",
               "DNI":{{"Edad":60,"FechaNacimiento":"24/12/1961","DNI":"{DNI}","Nombre":"{family},{given}","NumeroSerie":"{serial}",
               "Nacionalidad":"{others}","TipoDocumento":"{others}","Sexo":"{others}"}}}}"#
        );
        serde_json::json!({
            "Servicio": "VERIFICACION_IDENTIDAD", "ID": REQUEST, "Estado": state, "Telefono": PHONE, "Motivo": error,
            "Acceso": format!(r#"{{"IP":"198.51.100.77"}}"#), "Posicion": { "Direccion": address }, "Result": result,
        })
        .to_string()
    }

    fn delivery(&self, body: String, token: &str) -> Delivery {
        Delivery::callback(
            Method::POST,
            format!("/idv?token={token}").parse().unwrap(),
            HeaderMap::new(),
            body,
        )
    }
}

#[tokio::test]
async fn successful_operations_print_no_personal_data() {
    let (recording, marked) = (Recording::start(), Marked::new());
    let transport = ScriptedTransport::new();
    transport.then_json(200, Marked::taken());
    transport.then(file(200, format!("%PDF-1.7 {}", marked.words[0])));
    let client = client_of(marked.config(), &transport);
    let mut new = marked.verification();
    new.purpose = Some(marked.words[5].clone());
    let created = client.create(&new).await.unwrap();
    assert!(
        String::from_utf8_lossy(transport.requests()[0].body()).contains(DNI),
        "the marks were sent"
    );
    let downloaded = client
        .evidence(
            &marked.id(),
            &EvidenceId::new("certificate"),
            1000,
            &mut Vec::new(),
        )
        .await
        .unwrap();
    // The purpose is not personal, so a `NewVerification` prints it.
    marked.canary.check(
        "created",
        &format!(
            "{created:?} {created:#?} {:?} {downloaded:?} {client:?}",
            marked.verification()
        ),
    );

    for state in ["5001", "5100", "5500"] {
        let delivery = marked.delivery(marked.report(state), &marked.secret);
        let received = client.receive(&delivery).unwrap();
        let report = received.observations[0].report().unwrap();
        assert!(report.person.family_name.is_some() && report.custom.contains_key("Motivo"));
        marked.canary.check(
            "received",
            &format!("{delivery:?} {received:?} {received:#?}"),
        );
    }

    let transport = scripted(&[(200, &Marked::taken()), (200, r#"[{"Res":1,"Cred":5}]"#)]);
    let cx = client_of(marked.config(), &transport).context(Operation::Other);
    let api = Api::new(&marked.config()).unwrap();
    let mut request = SendRequest::new(PHONE);
    request.message = Some(format!("{} [LINK]", marked.words[5]).into());
    request.number = Some(DNI.into());
    let sent = api.send(&cx, &request).await.unwrap();
    let credits = api.credits(&cx).await.unwrap();
    let provider = VerificarIdentidad::new(marked.config()).unwrap();
    marked.canary.check(
        "api",
        &format!(
            "{api:?} {request:?} {sent:?} {credits:?} {cx:?} {provider:#?} {:?}",
            RequestId::parse(REQUEST)
        ),
    );

    let logged = recording.text();
    assert!(logged.contains("idv.call"), "something was recorded");
    marked.canary.check("logged", &logged);
}

#[tokio::test]
async fn failed_operations_print_no_personal_data() {
    let (recording, marked) = (Recording::start(), Marked::new());
    let word = &marked.words[6];
    let mut answers: Vec<(u16, String)> = Vec::new();
    for body in [
        // The vendor's description may repeat the request.
        format!(r#"[{{"Res":-3,"Error":"{word} {PHONE} {DNI}"}}]"#),
        format!("Res:-3;\nError:{word};"),
        format!("<result><Res>-5</Res><Error>{word}</Error></result>"),
        format!(r#"{{"Res":-99,"Error":"{word}"}}"#),
        // Invalid bodies: the parser must not quote them.
        format!(r#"{{"Res":"{word}"}}"#),
        format!(r#"{{"Res":1,"ID":["{word}"]}}"#),
        format!(r#"{{"{word}":{word}}}"#),
        format!("<{word}>"),
        word.clone(),
    ] {
        answers
            .extend([200, 302, 400, 401, 403, 404, 429, 500].map(|status| (status, body.clone())));
    }
    for (status, body) in answers {
        let client = || client_of(marked.config(), &scripted(&[(status, body.as_str()); 4]));
        let mut errors = Vec::new();
        errors.extend(client().create(&marked.verification()).await.err());
        errors.extend(
            client()
                .evidence(
                    &marked.id(),
                    &EvidenceId::new("certificate"),
                    1000,
                    &mut Vec::new(),
                )
                .await
                .err(),
        );
        errors.extend(
            client()
                .evidence(
                    &marked.id(),
                    &EvidenceId::new(word.as_str()),
                    1000,
                    &mut Vec::new(),
                )
                .await
                .err(),
        );
        let cx = client().context(Operation::Other);
        errors.extend(Api::new(&marked.config()).unwrap().credits(&cx).await.err());
        assert_eq!(errors.len(), 4, "{status} {body}");
        errors
            .iter()
            .for_each(|error| marked.canary.check_error(&body, error));
    }

    let client = client_of(marked.config(), &ScriptedTransport::new());
    for (body, token) in [
        (marked.report("5100"), "wrong"),
        (marked.report("5100"), ""),
        (
            marked.report("5100").replace("VERIFICACION_IDENTIDAD", ""),
            &marked.secret,
        ),
        (word.clone(), &marked.secret),
        (format!("--{word}\n{word}"), &marked.secret),
    ] {
        marked.canary.check_error(
            "refused",
            &client.receive(&marked.delivery(body, token)).unwrap_err(),
        );
    }
    marked.canary.check("logged", &recording.text());
}

#[tokio::test]
async fn refused_input_is_not_printed() {
    let marked = Marked::new();
    let transport = ScriptedTransport::new();
    let client = client_of(marked.config(), &transport);
    let changes: [&dyn Fn(&mut NewVerification); 4] = [
        &|new| new.contact.phone = Some(PHONE.into()),
        &|new| new.contact.phone = Some(format!("+{}", marked.words[0]).into()),
        &|new| new.document.number = Some("87654321A".into()),
        &|new| new.purpose = Some(format!("[LINK] {}", marked.words[5])),
    ];
    for change in changes {
        let mut new = marked.verification();
        change(&mut new);
        marked
            .canary
            .check_error("refused", &client.create(&new).await.unwrap_err());
    }
    let elsewhere = VerificationId::new(
        marked.reference.clone(),
        Some(VendorId::new(&marked.words[0])),
    );
    let error = client
        .evidence(
            &elsewhere,
            &EvidenceId::new("certificate"),
            10,
            &mut Vec::new(),
        )
        .await
        .unwrap_err();
    marked.canary.check_error("refused", &error);
    assert_eq!(transport.count(), 0);
}

#[test]
fn refused_configuration_is_not_printed() {
    let marked = Marked::new();
    let changes: [&dyn Fn(&mut VerificarIdentidadConfig); 4] = [
        &|config| config.token = format!("{}\n", marked.token).as_str().into(),
        &|config| config.callback_password = marked.secret.as_str().into(),
        &|config| config.callback_secret = "short".into(),
        &|config| config.sender = Some(marked.words[0].clone()),
    ];
    for change in changes {
        let mut config = marked.config();
        change(&mut config);
        marked
            .canary
            .check_error("refused", &VerificarIdentidad::new(config).unwrap_err());
    }
    marked.canary.check(
        "configured",
        &format!("{:?} {:#?}", marked.config(), marked.config()),
    );
}
