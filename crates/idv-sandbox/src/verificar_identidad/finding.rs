//! The findings of the process about a person: `Result` of a report.

use jiff::Span;
use jiff::civil::Date;
use serde_json::{Map, Number, Value, json};

use super::account::{Person, STANDARD_EXPIRY};
use super::case::{Case, spain};
use crate::clock::renewed;

/// A finding of the process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Finding {
    /// The reason of a result that is not positive: -1 to -9.
    pub(super) reason: Option<i64>,
    /// The similarity of the person and the picture on the document, in percent.
    pub(super) likeness: f64,
    /// Whether the document has a number other than the requested one.
    pub(super) another: bool,
    /// Whether the document is a passport, which has no back.
    pub(super) passport: bool,
    /// Whether the machine misreads the name and the date of birth, until an operator corrects
    /// them.
    pub(super) misread: bool,
}

/// The front and the back do not match.
pub(super) const SIDES_DIFFER: i64 = -3;
/// The process has not finished.
const UNFINISHED: i64 = -7;
/// The number differs from the requested one.
pub(super) const ANOTHER_NUMBER: i64 = -9;

/// The similarity in the document's sample.
pub(super) const ALIKE: f64 = 93.957_847_595_214_84;

/// The date of birth of a minor.
const MINOR: Date = Date::constant(2009, 12, 18);
/// The last day of an expired document's validity.
const PAST: Date = Date::constant(2021, 10, 19);

impl Finding {
    /// A positive result.
    pub(super) const GOOD: Self = Self {
        reason: None,
        likeness: ALIKE,
        another: false,
        passport: false,
        misread: false,
    };
    /// A positive result, with a document of another number.
    pub(super) const ANOTHER: Self = Self {
        another: true,
        ..Self::GOOD
    };
    /// A positive result, with a passport.
    pub(super) const PASSPORT: Self = Self {
        passport: true,
        ..Self::GOOD
    };
    /// A positive result, with a passport of another number.
    pub(super) const ANOTHER_PASSPORT: Self = Self {
        reason: Some(ANOTHER_NUMBER),
        another: true,
        ..Self::PASSPORT
    };
    /// A positive result, with misread data.
    pub(super) const MISREAD: Self = Self {
        misread: true,
        ..Self::GOOD
    };

    /// Returns the finding with one of the reasons -1 to -9; `None` if there is no such reason.
    pub(super) const fn of(reason: i64) -> Option<Self> {
        let likeness = match reason {
            -1 => 71.208_984_375_124_56,
            -8 => 4.118_730_068_206_787,
            -6..=-2 | -9 => ALIKE,
            _ => return None,
        };
        Some(Self {
            reason: Some(reason),
            likeness,
            another: reason == ANOTHER_NUMBER,
            ..Self::GOOD
        })
    }

    /// Returns the finding with this `Resultado`.
    pub(super) fn by(number: &Number) -> Option<Self> {
        match number.as_i64().filter(|number| *number < 0) {
            Some(reason) => Self::of(reason),
            None => {
                let likeness = number
                    .as_f64()
                    .filter(|likeness| (0.0..=100.0).contains(likeness))?;
                Some(Self {
                    likeness,
                    ..Self::GOOD
                })
            }
        }
    }

    /// Returns whether this is the reason of a result that is not positive.
    pub(super) const fn is(self, reason: i64) -> bool {
        matches!(self.reason, Some(own) if own == reason)
    }
}

/// Returns `Result`. Before the process has finished, it only says so.
pub(super) fn result(case: &Case, person: &Person) -> Value {
    let (wanted, finding) = (case.wanted.as_deref(), case.finding);
    let is_processed = case.is_processed();
    let mut result = Map::new();
    let unfinished = if is_processed {
        finding.reason
    } else {
        Some(UNFINISHED)
    };
    result.insert(
        "Resultado".into(),
        unfinished.map_or_else(|| json!(finding.likeness), |reason| json!(reason)),
    );
    result.insert("DNIAnverso".into(), case.front().into());
    result.insert("DNIReverso".into(), case.back().into());
    let coincide = if finding.passport {
        "N/A"
    } else {
        yes(case.front() == case.back())
    };
    result.insert("AnversoReversoCoinciden".into(), coincide.into());
    result.insert("DNISolicitado".into(), wanted.unwrap_or_default().into());
    let as_wanted = wanted.map_or("N/A", |wanted| yes(wanted == case.front()));
    result.insert("DNISolicitadoCoincide".into(), as_wanted.into());
    if is_processed && let Value::Object(findings) = findings(case, person) {
        result.extend(findings);
    }
    result.into()
}

/// Returns the parts of `Result` that exist after the end of the process.
fn findings(case: &Case, person: &Person) -> Value {
    let finding = case.finding;
    let today = case.statuses.last().map_or(Date::default(), |(_, at)| {
        at.to_zoned_datetime(spain()).date()
    });
    let born = if finding.is(-2) {
        MINOR
    } else {
        person.birth_date
    };
    let expired = finding.is(-5);
    let (name, born) = if finding.misread && !case.is_validated() {
        misread(person)
    } else {
        (person.name.clone(), born)
    };
    json!({
        "DNI": {
            "Edad": age(born, today),
            "FechaNacimiento": day_first(born),
            "DNI": case.front(),
            "Nacionalidad": person.nationality,
            "Pais": "ESP",
            "Nombre": name,
            "NumeroSerie": "BGHR56776",
            "TipoDocumento": if finding.passport { "ID-3" } else { "ID-1" },
            "Sexo": person.sex,
            "FechaExpira": day_first(if expired { PAST } else { renewed(person.expiry_date, STANDARD_EXPIRY, today) }),
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

/// Returns the misread name and date of birth: without the last letter, and a year early.
fn misread(person: &Person) -> (String, Date) {
    let mut name = person.name.clone();
    name.pop();
    (
        name,
        person
            .birth_date
            .checked_sub(Span::new().years(1))
            .unwrap_or(Date::MIN),
    )
}

fn age(born: Date, today: Date) -> i32 {
    let years = i32::from(today.year()) - i32::from(born.year());
    if (today.month(), today.day()) < (born.month(), born.day()) {
        years - 1
    } else {
        years
    }
}

fn day_first(date: Date) -> String {
    date.strftime("%d/%m/%Y").to_string()
}

/// Returns the vendor's word.
pub(super) const fn yes(is: bool) -> &'static str {
    if is { "Si" } else { "No" }
}
