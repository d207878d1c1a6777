//! Reports: what the vendor posts to the account's address each time a request changes its status.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::Moment;
use super::account::{Account, ReportFormat, ReportNesting};
use super::case::{Access, Case, estado, minute, second};
use super::finding::result;
use super::php::{self, Digits};
use crate::callback::{Callback, Told};

/// The service of these reports.
const SERVICE: &str = "VERIFICACION_IDENTIDAD";
/// A boundary begins a line, and no value of a report has more than one.
const MULTIPART: &str = "multipart/form-data; boundary=----InformeDeVerificacionDeIdentidad";
const BOUNDARY: &str = "------InformeDeVerificacionDeIdentidad";

/// A value of a report.
enum Field {
    Text(String),
    /// A number, or its digits as text.
    Number(i64),
    /// Values with parts, and how their numbers are written.
    Nested(Vec<Value>, Digits),
    /// Not known yet.
    Unknown,
}

/// Tells of the status that a request has now.
pub(super) fn tell(case: &Case, account: &Account, moment: &mut Moment<'_>) {
    let Some(url) = account.callback_url.as_ref() else { return };
    let mut headers = Vec::new();
    if let Some(user) = &account.report_user {
        let credentials = STANDARD.encode(format!("{user}:{}", account.report_password));
        headers.push(("authorization".to_owned(), format!("Basic {credentials}")));
    }
    let mut send = |kind: &'static str, fields: Vec<(&'static str, Field)>| {
        let (media_type, body) = body(fields, account);
        let body = (media_type, body.into());
        moment.callbacks.push(Callback {
            kind,
            reference: case.id.clone(),
            method: Method::POST,
            url: url.clone(),
            headers: headers.clone(),
            body: Some(body),
            told: Told::Nothing,
        });
    };
    if account.other_services {
        let text = |text: &str| Field::Text(text.to_owned());
        let fields = vec![
            ("Servicio", text("SMSRECIBIDO")),
            ("idMensaje", text("27184020")),
            ("Telefono", text("34600000009")),
            ("Mensaje", text("Gracias")),
        ];
        send("SMSRECIBIDO", fields);
    }
    send(SERVICE, fields(case, account));
}

fn fields(case: &Case, account: &Account) -> Vec<(&'static str, Field)> {
    let Some(&(status, at)) = case.statuses.last() else { return Vec::new() };
    let known = |known: bool, field: fn(&Case) -> Field| if known { field(case) } else { Field::Unknown };
    let shown = |statuses: &[i64]| case.reached(statuses) || case.is_processed();
    let accessed = !case.accesses.is_empty();
    // The front is asked for, then shown, then the back is asked for.
    let front = shown(&[estado::BACK, estado::IN_PROCESS]);
    let back = shown(&[estado::IN_PROCESS]);
    let has_result = case.is_processed() || (account.early_result && back);
    vec![
        ("Servicio", Field::Text(SERVICE.to_owned())),
        ("ID", Field::Text(case.id.clone())),
        ("FechaEnvio", Field::Text(minute(case.send_at))),
        ("Estado", Field::Number(status)),
        ("UltimaActualizacion", Field::Text(minute(at))),
        ("Acceso", known(accessed, |case| Field::Nested(accesses(case), Digits::Shortest))),
        ("Telefono", case.phone.parse().map_or_else(|_| Field::Text(case.phone.clone()), Field::Number)),
        ("DNIAnverso", known(front, |case| Field::Text(case.front().to_owned()))),
        ("DNIReverso", known(back, |case| Field::Text(case.back().to_owned()))),
        ("DNISolicitado", case.wanted.clone().map_or(Field::Unknown, Field::Text)),
        ("Posicion", known(accessed && account.position_allowed, |_| Field::Nested(vec![position()], Digits::Shortest))),
        ("Dispositivo", known(accessed, |_| Field::Nested(vec![device()], Digits::Shortest))),
        (
            "Result",
            if has_result { Field::Nested(vec![result(case, &account.person)], Digits::Seventeen) } else { Field::Unknown },
        ),
    ]
}

fn accesses(case: &Case) -> Vec<Value> {
    let access = |access: &Access| {
        let (date, port) = (second(access.at), access.port.to_string());
        json!({ "Fecha": date, "IP": "85.10.20.221", "Puerto": port })
    };
    case.accesses.iter().map(access).collect()
}

fn position() -> Value {
    json!({
        "Direccion": "C. de las calles, 8B, 28333 Madrid, Spain",
        "Coordenadas": {
            "Longitud": "-1.6592592",
            "Latitud": "4.4577993",
            "Altura": 75.702_290_580_414_91,
            "Precision": 15.265_999_794_006_348,
        },
    })
}

fn device() -> Value {
    json!({ "browser": "Chrome 92.0.4515.131", "SysOp": "Android 11", "displayResolution": "360 x 800" })
}

/// The body and its media type.
fn body(fields: Vec<(&'static str, Field)>, account: &Account) -> (&'static str, String) {
    let fields = fields.into_iter().filter(|(_, field)| account.empty_when_unknown || !matches!(field, Field::Unknown));
    if account.report_format == ReportFormat::Json {
        let parts: Vec<String> = fields.map(|(name, field)| format!("\"{name}\":{}", json_of(field, account))).collect();
        return ("application/json", format!("{{{}}}", parts.join(",")));
    }
    let pairs: Vec<(&str, String)> = fields.map(|(name, field)| (name, form_of(field, account))).collect();
    match account.report_format {
        ReportFormat::Multipart => {
            let part = |(name, value): &(&str, String)| {
                format!("{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
            };
            (MULTIPART, pairs.iter().map(part).collect::<String>() + BOUNDARY + "--\r\n")
        }
        ReportFormat::Form | ReportFormat::Json => {
            let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            ("application/x-www-form-urlencoded", form)
        }
    }
}

/// A value in a report in JSON.
fn json_of(field: Field, account: &Account) -> String {
    match field {
        Field::Number(number) if account.report_numbers => number.to_string(),
        Field::Nested(values, digits) if account.nested != ReportNesting::Text => nested(values, digits, account),
        field => Value::String(form_of(field, account)).to_string(),
    }
}

/// A value in a form: text.
fn form_of(field: Field, account: &Account) -> String {
    match field {
        Field::Text(text) => text,
        Field::Number(number) => number.to_string(),
        Field::Nested(values, digits) => nested(values, digits, account),
        Field::Unknown => String::new(),
    }
}

/// Several are an array in any case.
fn nested(mut values: Vec<Value>, digits: Digits, account: &Account) -> String {
    let value = match (account.nested, values.len()) {
        (ReportNesting::Text | ReportNesting::Object, 1) => values.pop().unwrap_or_default(),
        _ => Value::Array(values),
    };
    php::text(&value, digits)
}
