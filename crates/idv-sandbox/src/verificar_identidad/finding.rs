//! What the process finds out about a person: `Result` of a report.

use jiff::civil::Date;
use serde_json::{Number, Value, json};

use super::account::Person;
use super::case::{Case, spain};

/// What the process finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Finding {
    /// Why it is not positive: -1 to -9.
    pub(super) reason: Option<i64>,
    /// How alike the person and the picture on the document are, in percent.
    pub(super) likeness: f64,
}

/// The front and the back do not match.
pub(super) const SIDES_DIFFER: i64 = -3;
/// The number is not the one that was asked for.
pub(super) const ANOTHER_NUMBER: i64 = -9;

/// The likeness of the document's sample.
pub(super) const ALIKE: f64 = 93.957_847_595_214_84;

/// When somebody under age was born.
const MINOR: Date = Date::constant(2009, 12, 18);
/// Until when an expired document was valid.
const PAST: Date = Date::constant(2021, 10, 19);

impl Finding {
    /// All went well.
    pub(super) const GOOD: Self = Self { reason: None, likeness: ALIKE };

    /// That of one of the reasons -1 to -9; none where there is no such reason.
    pub(super) const fn of(reason: i64) -> Option<Self> {
        let likeness = match reason {
            -1 => 71.208_984_375_124_56,
            -8 => 4.118_730_068_206_787,
            -6..=-2 | -9 => ALIKE,
            _ => return None,
        };
        Some(Self { reason: Some(reason), likeness })
    }

    /// By what `Resultado` is to be.
    pub(super) fn by(number: &Number) -> Option<Self> {
        match number.as_i64().filter(|number| *number < 0) {
            Some(reason) => Self::of(reason),
            None => {
                let likeness = number.as_f64().filter(|likeness| (0.0..=100.0).contains(likeness))?;
                Some(Self { reason: None, likeness })
            }
        }
    }

    /// Whether it is this reason for which it is not positive.
    pub(super) const fn is(self, reason: i64) -> bool {
        matches!(self.reason, Some(own) if own == reason)
    }
}

/// `Result`. Before the process has finished it says just that.
pub(super) fn result(case: &Case, person: &Person) -> Value {
    let wanted = case.wanted.as_deref();
    if !case.is_processed() {
        return json!({
            "Resultado": -7,
            "DNIAnverso": case.front(),
            "DNIReverso": case.back(),
            "AnversoReversoCoinciden": yes(case.front() == case.back()),
            "DNISolicitado": wanted.unwrap_or_default(),
            "DNISolicitadoCoincide": wanted.map_or("N/A", |wanted| yes(wanted == case.front())),
        });
    }
    let finding = case.finding;
    let today = case.statuses.last().map_or(Date::default(), |(_, at)| at.to_zoned(spain()).date());
    let born = if finding.is(-2) { MINOR } else { person.birth_date };
    let expired = finding.is(-5);
    json!({
        "Resultado": finding.reason.map_or_else(|| json!(finding.likeness), |reason| json!(reason)),
        "DNIAnverso": case.front(),
        "DNIReverso": case.back(),
        "AnversoReversoCoinciden": yes(case.front() == case.back()),
        "DNISolicitado": wanted.unwrap_or_default(),
        "DNISolicitadoCoincide": wanted.map_or("N/A", |wanted| yes(wanted == case.front())),
        "DNI": {
            "Edad": age(born, today),
            "FechaNacimiento": day_first(born),
            "DNI": case.front(),
            "Nacionalidad": person.nationality,
            "Pais": "ESP",
            "Nombre": person.name,
            "NumeroSerie": "BGHR56776",
            "TipoDocumento": "ID-1",
            "Sexo": person.sex,
            "FechaExpira": day_first(if expired { PAST } else { person.expiry_date }),
            "Caducado": yes(expired),
        },
        "ProcesoRelizadoMismaPersona": yes(!finding.is(-4)),
        "Barba": "No",
        "Bigote": "No",
        "GafasLectura": "No",
        "GafasSol": "No",
        "Sexo": format!("{} con probabilidad de 99.599784851074%", if person.sex == "F" { "Mujer" } else { "Hombre" }),
        "RangoAparenteEdad": if finding.is(-2) { "12-18" } else { "44-62" },
        "Dispositivo": "Android.v11-Chrome.v92.0.4515.131",
        "ParecidoPersonaDNI": finding.likeness,
        "PruebaDeVida": yes(!finding.is(-6)),
    })
}

fn age(born: Date, today: Date) -> i32 {
    let years = i32::from(today.year()) - i32::from(born.year());
    if (today.month(), today.day()) < (born.month(), born.day()) { years - 1 } else { years }
}

fn day_first(date: Date) -> String {
    date.strftime("%d/%m/%Y").to_string()
}

/// In the vendor's words.
pub(super) const fn yes(is: bool) -> &'static str {
    if is { "Si" } else { "No" }
}
