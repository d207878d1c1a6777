//! Reports: the vendor posts one to the account's address each time a request changes its status.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::Moment;
use super::account::{Account, RejectionReason, ReportFormat, ReportNesting, SpoiledResult};
use super::case::{Access, Case, estado, minute, second};
use super::charset::windows_1252;
use super::finding::result;
use super::php::{self, Digits};
use crate::callback::Callback;

/// The service in these reports.
const SERVICE: &str = "VERIFICACION_IDENTIDAD";
/// The kind of callback of another service's report.
pub(super) const OTHER_SERVICE: &str = "SMSRECIBIDO";
/// The boundary starts a line, and no value of a report has several lines.
const MULTIPART: &str = "multipart/form-data; boundary=----InformeDeVerificacionDeIdentidad";
const BOUNDARY: &str = "------InformeDeVerificacionDeIdentidad";

/// A value of a report.
enum Field {
    Text(String),
    /// A number, or its digits as a string.
    Number(i64),
    /// Structured values, and the format of their numbers.
    Nested(Vec<Value>, Digits),
    /// A JSON value; in a form, a string.
    Json(Value),
    /// Not known yet.
    Unknown,
}

/// Reports the current status of a request.
pub(super) fn tell(case: &Case, account: &Account, moment: &mut Moment<'_>) {
    let Some(url) = account.callback_url.as_ref() else {
        return;
    };
    let mut headers = Vec::new();
    if let Some(user) = &account.report_user {
        let credentials = STANDARD.encode(format!("{user}:{}", account.report_password));
        headers.push(("authorization".to_owned(), format!("Basic {credentials}")));
    }
    let mut send = |kind: &'static str, fields: Vec<(&'static str, Field)>| {
        let (media_type, body) = body(fields, account);
        let body = if account.windows_1252 {
            windows_1252(&body)
        } else {
            body.into_bytes()
        };
        let callback = Callback::new(kind, &case.id, Method::POST, url.clone());
        moment.callbacks.push(Callback {
            headers: headers.clone(),
            body: Some((media_type, body.into())),
            ..callback
        });
    };
    if account.other_services {
        let text = |text: &str| Field::Text(text.to_owned());
        let fields = vec![
            ("Servicio", text(OTHER_SERVICE)),
            ("idMensaje", text("27184020")),
            ("Telefono", text("34600000009")),
            ("Mensaje", text("Gracias")),
        ];
        send(OTHER_SERVICE, fields);
    }
    send(kind(case), fields(case, account));
}

/// Returns the kind of callback of a report: its service and its status.
fn kind(case: &Case) -> &'static str {
    match case.status() {
        Some(estado::ACCESSED) => "VERIFICACION_IDENTIDAD-3000",
        Some(estado::LIVENESS) => "VERIFICACION_IDENTIDAD-3001",
        Some(estado::FRONT) => "VERIFICACION_IDENTIDAD-3002",
        Some(estado::BACK) => "VERIFICACION_IDENTIDAD-3003",
        Some(estado::IN_PROCESS) => "VERIFICACION_IDENTIDAD-5000",
        Some(estado::UNDER_VERIFICATION) => "VERIFICACION_IDENTIDAD-5001",
        Some(estado::VALIDATED) => "VERIFICACION_IDENTIDAD-5100",
        Some(estado::REJECTED) => "VERIFICACION_IDENTIDAD-5500",
        _ => SERVICE,
    }
}

fn fields(case: &Case, account: &Account) -> Vec<(&'static str, Field)> {
    let Some(&(status, at)) = case.statuses.last() else {
        return Vec::new();
    };
    let known =
        |known: bool, field: fn(&Case) -> Field| if known { field(case) } else { Field::Unknown };
    let shown = |statuses: &[i64]| case.reached(statuses) || case.is_processed();
    let accessed = !case.accesses.is_empty();
    // The front is requested, then shown, then the back is requested.
    let front = shown(&[estado::BACK, estado::IN_PROCESS]);
    let back = shown(&[estado::IN_PROCESS]);
    let has_result = case.is_processed() || (account.early_result && back);
    let mut fields = vec![
        ("Servicio", Field::Text(SERVICE.to_owned())),
        ("ID", Field::Text(case.id.clone())),
        ("FechaEnvio", Field::Text(minute(case.send_at))),
        ("Estado", Field::Number(status)),
        ("UltimaActualizacion", Field::Text(minute(at))),
        (
            "Acceso",
            known(accessed, |case| {
                Field::Nested(accesses(case), Digits::Shortest)
            }),
        ),
        (
            "Telefono",
            case.phone
                .parse()
                .map_or_else(|_| Field::Text(case.phone.clone()), Field::Number),
        ),
        (
            "DNIAnverso",
            known(front, |case| Field::Text(case.front().to_owned())),
        ),
        (
            "DNIReverso",
            known(back, |case| Field::Text(case.back().to_owned())),
        ),
        (
            "DNISolicitado",
            case.wanted.clone().map_or(Field::Unknown, Field::Text),
        ),
        (
            "Posicion",
            known(accessed && account.position_allowed, |_| {
                Field::Nested(vec![position()], Digits::Shortest)
            }),
        ),
        (
            "Dispositivo",
            known(accessed, |_| {
                Field::Nested(vec![device()], Digits::Shortest)
            }),
        ),
        (
            "Result",
            if has_result {
                result_field(case, account)
            } else {
                Field::Unknown
            },
        ),
    ];
    let reason = (status == estado::REJECTED)
        .then(|| reason(account.rejection_reason))
        .flatten();
    fields.extend(reason.map(|reason| ("Motivo", reason)));
    fields
}

/// Returns `Result` in the account's form.
fn result_field(case: &Case, account: &Account) -> Field {
    let mut value = result(case, &account.person);
    let spoiled = if case.is_processed() {
        account.spoiled_result
    } else {
        SpoiledResult::None
    };
    match spoiled {
        SpoiledResult::None => {}
        SpoiledResult::Truncated => {
            let text = nested(vec![value], Digits::Seventeen, account);
            let half = text
                .char_indices()
                .nth(text.chars().count() / 2)
                .and_then(|(at, _)| text.get(..at));
            return Field::Text(half.unwrap_or_default().to_owned());
        }
        SpoiledResult::Word => return Field::Text("Array".to_owned()),
        SpoiledResult::FlatCard => {
            if let Some(card) = value.get_mut("DNI") {
                *card = case.front().into();
            }
        }
    }
    Field::Nested(vec![value], Digits::Seventeen)
}

/// Returns the reason of a rejection.
fn reason(form: RejectionReason) -> Option<Field> {
    const TEXT: &str = "Documento manipulado según el operador";
    match form {
        RejectionReason::None => None,
        RejectionReason::Text => Some(Field::Text(TEXT.to_owned())),
        RejectionReason::Object => Some(Field::Json(json!({ "Codigo": 4, "Texto": TEXT }))),
        RejectionReason::Array => Some(Field::Json(json!(["Foto", "Brillos"]))),
    }
}

fn accesses(case: &Case) -> Vec<Value> {
    // The IP address of the document's sample, and the following ones.
    let access = |(number, access): (u8, &Access)| {
        let (date, port) = (second(access.at), access.port.to_string());
        json!({ "Fecha": date, "IP": format!("85.10.20.{}", 221_u8.wrapping_add(number)), "Puerto": port })
    };
    (0..=u8::MAX)
        .cycle()
        .zip(&case.accesses)
        .map(access)
        .collect()
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

/// Builds the body; returns it with its media type.
fn body(fields: Vec<(&'static str, Field)>, account: &Account) -> (&'static str, String) {
    let fields = fields
        .into_iter()
        .filter(|(_, field)| account.empty_when_unknown || !matches!(field, Field::Unknown));
    if account.report_format == ReportFormat::Json {
        let parts: Vec<String> = fields
            .map(|(name, field)| format!("\"{name}\":{}", json_of(field, account)))
            .collect();
        return ("application/json", format!("{{{}}}", parts.join(",")));
    }
    let pairs: Vec<(&str, String)> = fields
        .map(|(name, field)| (name, form_of(field, account)))
        .collect();
    match account.report_format {
        ReportFormat::Multipart => {
            let part = |(name, value): &(&str, String)| {
                format!(
                    "{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                )
            };
            (
                MULTIPART,
                pairs.iter().map(part).collect::<String>() + BOUNDARY + "--\r\n",
            )
        }
        ReportFormat::Form | ReportFormat::Json => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.encoding_override(if account.windows_1252 {
                Some(&encode)
            } else {
                None
            });
            (
                "application/x-www-form-urlencoded",
                form.extend_pairs(pairs).finish(),
            )
        }
    }
}

fn encode(text: &str) -> Cow<'_, [u8]> {
    Cow::Owned(windows_1252(text))
}

/// Formats a value for a JSON report.
fn json_of(field: Field, account: &Account) -> String {
    match field {
        Field::Number(number) if account.report_numbers => number.to_string(),
        Field::Nested(values, digits) if account.nested != ReportNesting::Text => {
            nested(values, digits, account)
        }
        Field::Json(value) => value.to_string(),
        field => Value::String(form_of(field, account)).to_string(),
    }
}

/// Formats a value for a form: text.
fn form_of(field: Field, account: &Account) -> String {
    match field {
        Field::Text(text) => text,
        Field::Number(number) => number.to_string(),
        Field::Nested(values, digits) => nested(values, digits, account),
        Field::Json(value) => value.to_string(),
        Field::Unknown => String::new(),
    }
}

/// Formats structured values. Several are always an array.
fn nested(mut values: Vec<Value>, digits: Digits, account: &Account) -> String {
    if account.nested == ReportNesting::Pairs {
        values = values.into_iter().map(pairs).collect();
    }
    let value = match (account.nested, values.len()) {
        (ReportNesting::Text | ReportNesting::Object | ReportNesting::Pairs, 1) => {
            values.pop().unwrap_or_default()
        }
        _ => Value::Array(values),
    };
    php::text(&value, digits)
}

/// Replaces each object with an array of names and values.
fn pairs(value: Value) -> Value {
    match value {
        Value::Object(object) => object
            .into_iter()
            .map(|(name, value)| json!([name, pairs(value)]))
            .collect(),
        value => value,
    }
}
