//! The members that the model has no place for, by the vendor's path.

use idv_core::adapter::{CustomValues, NameClash, is_blank, non_empty};
use idv_core::report::Check;
use idv_core::{Report, Text, VendorId};

use super::judge::{measured, words};
use super::{PROVIDER, filled, local, number};
use crate::wire::{self, Answer, Card, IdentityResult, Others};

/// The rule for values of one path: both are kept.
const CLASH: NameClash = NameClash::Array;

type Fields<'t> = &'t [(&'static str, &'t Option<Text<'t>>)];

/// Returns what the model has no place for: members that the report's fields do not have, and words that its checks do not say.
pub(super) fn of_report(
    told: &wire::Report<'_>,
    found: &IdentityResult<'_>,
    card: &Card<'_>,
    checks: &[Check],
) -> CustomValues {
    let mut custom = CustomValues::new(CLASH);
    let accesses = told.accesses();
    for (index, access) in accesses.iter().enumerate() {
        let path = if accesses.len() == 1 {
            "Acceso.".to_owned()
        } else {
            format!("Acceso.{index}.")
        };
        let fields: Fields<'_> = &[
            ("Fecha", &access.at),
            ("IP", &access.ip),
            ("Puerto", &access.port),
        ];
        add(&mut custom, &path, fields, &access.others);
    }
    let device = told.device();
    let fields: Fields<'_> = &[
        ("SysOp", &device.operating_system),
        ("browser", &device.browser),
        ("displayResolution", &device.resolution),
    ];
    add(&mut custom, "Dispositivo.", fields, &device.others);
    let position = told.position();
    add(
        &mut custom,
        "Posicion.",
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
    add(
        &mut custom,
        "Result.DNI.",
        &[("Edad", &card.age)],
        &card.others,
    );
    add(
        &mut custom,
        "",
        &[("FechaEnvio", &told.sent_at)],
        &told.others,
    );

    if local(told.updated_at.as_ref()).is_none() {
        custom.text("UltimaActualizacion", "", told.updated_at.as_ref());
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
            custom.text(path, "", text.as_ref());
        }
    }
    // The report has a place for one requested number.
    let requested = number::requested(told, found);
    if let [first, second] = requested.as_slice()
        && first != second
    {
        custom.add("DNISolicitado", (*second).into());
    }
    custom
}

/// Returns a report with the members of an answer that the observation has no place for; none if there are none.
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

/// Adds fields below a path, and the members beside them. A field that is contradicted stands among the latter with each of its values.
fn add(
    custom: &mut CustomValues,
    path: &str,
    fields: &[(&'static str, &Option<Text<'_>>)],
    others: &Others,
) {
    for (name, text) in fields.iter().filter(|(name, _)| !others.contradicts(name)) {
        if let Some(text) = non_empty(text.as_ref()) {
            custom.add([path, *name].concat(), text.into());
        }
    }
    for (name, values) in others.iter() {
        let name = if name.is_empty() {
            path.trim_end_matches('.').to_owned()
        } else {
            [path, name].concat()
        };
        let value = match values {
            [one] => one.expose().clone(),
            several => several.iter().map(|value| value.expose().clone()).collect(),
        };
        if !is_blank(&value) {
            custom.add(name, value);
        }
    }
}
