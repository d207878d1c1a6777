//! The members that the model has no place for, by the vendor's path.

use std::collections::BTreeMap;

use idv_core::adapter::{is_blank, non_empty};
use idv_core::report::Check;
use idv_core::{Pii, Report, Text, VendorId};
use serde_json::Value;

use super::judge::{measured, words};
use super::{PROVIDER, filled, local, number};
use crate::wire::{self, Answer, Card, IdentityResult, Others};

type Custom = BTreeMap<String, Pii<Value>>;
type Fields<'t> = &'t [(&'static str, &'t Option<Text<'t>>)];

/// Returns what the model has no place for: members that the report's fields do not have, and words that its checks do not say.
pub(super) fn of_report(told: &wire::Report<'_>, found: &IdentityResult<'_>, card: &Card<'_>, checks: &[Check]) -> Custom {
    let mut custom = Custom::new();
    let accesses = told.accesses();
    for (index, access) in accesses.iter().enumerate() {
        let path = if accesses.len() == 1 { "Acceso.".to_owned() } else { format!("Acceso.{index}.") };
        let fields: Fields<'_> = &[("Fecha", &access.at), ("IP", &access.ip), ("Puerto", &access.port)];
        add(&mut custom, &path, fields, &access.others);
    }
    let device = told.device();
    let fields: Fields<'_> =
        &[("SysOp", &device.operating_system), ("browser", &device.browser), ("displayResolution", &device.resolution)];
    add(&mut custom, "Dispositivo.", fields, &device.others);
    let position = told.position();
    add(&mut custom, "Posicion.", &[("Direccion", &position.address)], &position.others);
    let place = position.coordinates();
    let fields: Fields<'_> = &[
        ("Altura", &place.altitude),
        ("Latitud", &place.latitude),
        ("Longitud", &place.longitude),
        ("Precision", &place.precision),
    ];
    add(&mut custom, "Posicion.Coordenadas.", fields, &place.others);
    let fields: Fields<'_> = &[
        ("Barba", &found.beard),
        ("Bigote", &found.moustache),
        ("Dispositivo", &found.device),
        ("GafasLectura", &found.reading_glasses),
        ("GafasSol", &found.sunglasses),
        ("RangoAparenteEdad", &found.apparent_age),
        ("Resultado", &found.outcome),
        ("Sexo", &found.apparent_sex),
    ];
    add(&mut custom, "Result.", fields, &found.others);
    add(&mut custom, "Result.DNI.", &[("Edad", &card.age)], &card.others);
    add(&mut custom, "", &[("FechaEnvio", &told.sent_at)], &told.others);

    if local(told.updated_at.as_ref()).is_none() {
        add_text(&mut custom, "UltimaActualizacion", told.updated_at.as_ref());
    }
    if measured(found).is_none_or(|(_, name)| name != "ParecidoPersonaDNI") {
        add_text(&mut custom, "Result.ParecidoPersonaDNI", found.similarity.as_ref());
    }
    for word in words(found, card) {
        let check = checks.iter().find(|check| check.kind == word.kind);
        let is_told = word.is_plain() && check.map(|check| check.result) == word.result();
        if let Some(text) = word.word().filter(|_| !is_told) {
            add_value(&mut custom, word.path.to_owned(), text.into());
        }
    }
    // The document has `N/A` beside `Si` and `No`, not in place of a number.
    for (path, text) in [
        ("DNIAnverso", &told.number_front),
        ("DNIReverso", &told.number_back),
        ("DNISolicitado", &told.requested_number),
        ("Result.DNIAnverso", &found.number_front),
        ("Result.DNIReverso", &found.number_back),
        ("Result.DNISolicitado", &found.requested_number),
        ("Result.DNI.DNI", &card.number),
    ] {
        if filled(text.as_ref()).is_none() {
            add_text(&mut custom, path, text.as_ref());
        }
    }
    // The report has a place for one requested number.
    let requested = number::requested(told, found);
    if let [first, second] = requested.as_slice()
        && first != second
    {
        add_value(&mut custom, "DNISolicitado".to_owned(), (*second).into());
    }
    custom
}

/// Returns a report with the members of an answer that the observation has no place for; none if there are none.
pub(super) fn of_answer(answer: &Answer<'_>) -> Option<Box<Report>> {
    let mut custom = Custom::new();
    add(&mut custom, "", &[("Cred", &answer.credits), ("Error", &answer.error)], &answer.others);
    if custom.is_empty() {
        return None;
    }
    let mut report = Box::new(Report::new(PROVIDER));
    report.vendor_id = non_empty(answer.id.as_ref()).map(VendorId::new);
    report.custom = custom;
    Some(report)
}

/// Adds fields below a path, and the members beside them. A field that is contradicted stands among the latter with each of its values.
fn add(custom: &mut Custom, path: &str, fields: &[(&'static str, &Option<Text<'_>>)], others: &Others) {
    for (name, text) in fields.iter().filter(|(name, _)| !others.contradicts(name)) {
        add_text(custom, &format!("{path}{name}"), text.as_ref());
    }
    for (name, values) in others.iter() {
        let name = if name.is_empty() { path.trim_end_matches('.').to_owned() } else { format!("{path}{name}") };
        let value = match values {
            [one] => one.expose().clone(),
            several => several.iter().map(|value| value.expose().clone()).collect(),
        };
        if !is_blank(&value) {
            add_value(custom, name, value);
        }
    }
}

fn add_text(custom: &mut Custom, path: &str, text: Option<&Text<'_>>) {
    if let Some(text) = non_empty(text) {
        add_value(custom, path.to_owned(), text.into());
    }
}

/// Adds a value. If another one has the same path, both are kept.
fn add_value(custom: &mut Custom, path: String, value: Value) {
    let both = match custom.remove(&path).map(Pii::into_exposed) {
        Some(known) if known != value => Value::Array(vec![known, value]),
        _ => value,
    };
    custom.insert(path, Pii::new(both));
}
