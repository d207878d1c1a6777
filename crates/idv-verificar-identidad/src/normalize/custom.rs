//! Collects members beyond the model, by the vendor's path.

use idv_core::adapter::{CustomValues, NameClash, is_blank, non_empty, path};
use idv_core::report::Check;
use idv_core::{Report, Text, VendorId};

use super::judge::{measured, words};
use super::{PROVIDER, given_text, local, number};
use crate::wire::{self, Answer, Card, IdentityResult, Others};

/// If a path has several values, all are kept.
const CLASH: NameClash = NameClash::Array;

type Fields<'t> = &'t [(&'static str, &'t Option<Text<'t>>)];

/// Returns the values beyond the model: members that the report has no field for, and words that no
/// check expresses.
pub(super) fn of_report(
    payload: &wire::Report<'_>,
    found: &IdentityResult<'_>,
    card: &Card<'_>,
    checks: &[Check],
) -> CustomValues {
    let mut custom = CustomValues::new(CLASH);
    let accesses = payload.accesses();
    for (index, access) in accesses.iter().enumerate() {
        let path = if accesses.len() == 1 {
            "Acceso".to_owned()
        } else {
            format!("Acceso.{index}")
        };
        let fields: Fields<'_> = &[
            ("Fecha", &access.at),
            ("IP", &access.ip),
            ("Puerto", &access.port),
        ];
        add(&mut custom, &path, fields, &access.others);
    }
    let device = payload.device();
    let fields: Fields<'_> = &[
        ("SysOp", &device.operating_system),
        ("browser", &device.browser),
        ("displayResolution", &device.resolution),
    ];
    add(&mut custom, "Dispositivo", fields, &device.others);
    let position = payload.position();
    add(
        &mut custom,
        "Posicion",
        &[("Direccion", &position.address)],
        &position.others,
    );
    let place = position.coordinates();
    let fields: Fields<'_> = &[
        ("Altura", &place.altitude),
        ("Latitud", &place.latitude),
        ("Longitud", &place.longitude),
        ("Precision", &place.precision),
    ];
    add(&mut custom, "Posicion.Coordenadas", fields, &place.others);
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
    add(&mut custom, "Result", fields, &found.others);
    add(
        &mut custom,
        "Result.DNI",
        &[("Edad", &card.age)],
        &card.others,
    );
    add(
        &mut custom,
        "",
        &[("FechaEnvio", &payload.sent_at)],
        &payload.others,
    );

    if local(payload.updated_at.as_ref()).is_none() {
        custom.text("UltimaActualizacion", "", payload.updated_at.as_ref());
    }
    if measured(found).is_none_or(|(_, name)| name != "ParecidoPersonaDNI") {
        custom.text("Result.ParecidoPersonaDNI", "", found.similarity.as_ref());
    }
    for word in words(found, card) {
        let check = checks.iter().find(|check| check.kind == word.kind);
        let is_told = word.is_plain() && check.map(|check| check.result) == word.result();
        if let Some(text) = word.word().filter(|_| !is_told) {
            custom.add(word.path, text.into());
        }
    }
    // The document uses `N/A` only beside `Si` and `No`, not instead of a number.
    for (path, text) in [
        ("DNIAnverso", &payload.number_front),
        ("DNIReverso", &payload.number_back),
        ("DNISolicitado", &payload.requested_number),
        ("Result.DNIAnverso", &found.number_front),
        ("Result.DNIReverso", &found.number_back),
        ("Result.DNISolicitado", &found.requested_number),
        ("Result.DNI.DNI", &card.number),
    ] {
        if given_text(text.as_ref()).is_none() {
            custom.text(path, "", text.as_ref());
        }
    }
    // The report has a field for only one requested number.
    let mut requested = number::requested(payload, found);
    if let (Some(first), Some(second)) = (requested.next(), requested.next())
        && first != second
    {
        custom.add("DNISolicitado", second.into());
    }
    custom
}

/// Builds a report with the members of a response that the observation lacks, or returns `None` if
/// there are none.
pub(super) fn of_answer(answer: &Answer<'_>) -> Option<Box<Report>> {
    let mut custom = CustomValues::new(CLASH);
    add(
        &mut custom,
        "",
        &[("Cred", &answer.credits), ("Error", &answer.error)],
        &answer.others,
    );
    if custom.is_empty() {
        return None;
    }
    let mut report = Box::new(Report::new(PROVIDER));
    report.vendor_id = non_empty(answer.id.as_ref()).map(VendorId::new);
    report.custom = custom.into_values();
    Some(report)
}

/// Adds fields below a parent's path, and the unknown members beside them, which include each value of a
/// contradicted field.
fn add(
    custom: &mut CustomValues,
    parent: &str,
    fields: &[(&'static str, &Option<Text<'_>>)],
    others: &Others,
) {
    for (name, text) in fields.iter().filter(|(name, _)| !others.contradicts(name)) {
        custom.text(parent, name, text.as_ref());
    }
    for (name, values) in others.iter() {
        let value = match values {
            [one] => one.expose().clone(),
            several => several.iter().map(|value| value.expose().clone()).collect(),
        };
        if !is_blank(&value) {
            custom.add(path(parent, name), value);
        }
    }
}
