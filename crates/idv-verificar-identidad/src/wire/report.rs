//! Reports: what the vendor sends on every change of a request's state ("Reception of delivery reports").

use std::borrow::Cow;

use idv_core::adapter::wire::decoded_tolerantly;
use idv_core::{Error, Result, Text};
use serde_json::Value;

use super::form;
use super::members::{Object as _, Others, members};
use super::tree::Tree;

/// A report. Parts may be missing, of another type, or JSON in a string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report<'a> {
    /// The service that the report is about: `Servicio`. An account has one address for all of them.
    pub service: Option<Text<'a>>,
    /// The identifier of the request, as the send function returned it: `ID`.
    pub id: Option<Text<'a>>,
    /// When the request was sent, Spanish local time: `FechaEnvio`.
    pub sent_at: Option<Text<'a>>,
    /// The state: `Estado`.
    pub state: Option<Text<'a>>,
    /// When the state last changed, Spanish local time: `UltimaActualizacion`.
    pub updated_at: Option<Text<'a>>,
    /// The recipient's number: `Telefono`.
    pub phone: Option<Text<'a>>,
    /// The number that was read on the front of the document: `DNIAnverso`.
    pub number_front: Option<Text<'a>>,
    /// The number that was read on its back: `DNIReverso`.
    pub number_back: Option<Text<'a>>,
    /// The number that was asked for: `DNISolicitado`.
    pub requested_number: Option<Text<'a>>,
    /// Members that have no field.
    pub others: Others,
    access: Tree<'a>,
    position: Tree<'a>,
    device: Tree<'a>,
    result: Tree<'a>,
}

members! {
    Report<'a> {
        "Servicio" => service,
        "ID" | "Id" | "id" => id,
        "FechaEnvio" => sent_at,
        "Estado" => state,
        "UltimaActualizacion" => updated_at,
        "Telefono" => phone,
        "DNIAnverso" => number_front,
        "DNIReverso" => number_back,
        "DNISolicitado" => requested_number,
        objects {
            "Acceso" => access,
            "Posicion" => position,
            "Dispositivo" => device,
            "Result" => result,
        }
    }
}

impl<'a> Report<'a> {
    /// Reads a report, JSON or a form.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if it is not whole, not well formed, or no report: without `Servicio` and `ID`.
    ///
    /// ```
    /// use idv_verificar_identidad::wire::Report;
    ///
    /// let json = br#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":299846332,"Estado":"3000","Result":"[]"}"#;
    /// let form = b"Servicio=VERIFICACION_IDENTIDAD&ID=299846332&Estado=3000";
    /// for payload in [json.as_slice(), form.as_slice()] {
    ///     let report = Report::read(payload)?;
    ///     assert_eq!(report.id.as_ref().map(|id| id.expose()), Some("299846332"));
    ///     assert!(report.result().is_none());
    /// }
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let members = match decoded_tolerantly(bytes) {
            Cow::Borrowed(text) => members(text)?,
            Cow::Owned(text) => match Tree::Object(members(&text)?).into_owned() {
                Tree::Object(members) => members,
                _ => Vec::new(),
            },
        };
        let report = Self::of(members);
        if report.service.is_none() && report.id.is_none() {
            return Err(Error::malformed("it is no report: Servicio and ID are missing"));
        }
        Ok(report)
    }

    /// Returns what was found out, if there is anything yet: `Result`.
    #[must_use]
    pub fn result(&self) -> Option<IdentityResult<'_>> {
        Some(IdentityResult::merged(self.result.unpacked())).filter(|result| *result != IdentityResult::default())
    }

    /// Returns the person's accesses, of which there may be several: `Acceso`.
    #[must_use]
    pub fn accesses(&self) -> Vec<Access<'_>> {
        Access::each(self.access.unpacked())
    }

    /// Returns the place where the person was: `Posicion`.
    #[must_use]
    pub fn position(&self) -> Position<'_> {
        Position::merged(self.position.unpacked())
    }

    /// Returns the device that the person used: `Dispositivo`.
    #[must_use]
    pub fn device(&self) -> Device<'_> {
        Device::merged(self.device.unpacked())
    }
}

fn members(text: &str) -> Result<Vec<super::tree::Member<'_>>> {
    match text.trim_ascii_start().as_bytes().first() {
        None => Err(Error::malformed("it is empty")),
        Some(b'{' | b'[' | b'"') => Tree::parse(text)?.single(),
        Some(_) => form::read(text),
    }
}

/// The findings about a person: `Result`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentityResult<'a> {
    /// The similarity of the person to the document in percent if it is above 80, else a negative code: `Resultado`.
    pub outcome: Option<Text<'a>>,
    /// The number on the front: `DNIAnverso`.
    pub number_front: Option<Text<'a>>,
    /// The number on the back: `DNIReverso`.
    pub number_back: Option<Text<'a>>,
    /// Whether front and back match, `Si` or `No`: `AnversoReversoCoinciden`.
    pub sides_match: Option<Text<'a>>,
    /// The number that was asked for: `DNISolicitado`.
    pub requested_number: Option<Text<'a>>,
    /// Whether the document has it, `Si`, `No` or `N/A`: `DNISolicitadoCoincide`.
    pub requested_number_matches: Option<Text<'a>>,
    /// Whether one person did every step, `Si` or `No`: `ProcesoRelizadoMismaPersona`, as the vendor spells it.
    pub same_person: Option<Text<'a>>,
    /// A beard: `Barba`.
    pub beard: Option<Text<'a>>,
    /// A moustache: `Bigote`.
    pub moustache: Option<Text<'a>>,
    /// Reading glasses: `GafasLectura`.
    pub reading_glasses: Option<Text<'a>>,
    /// Sunglasses: `GafasSol`.
    pub sunglasses: Option<Text<'a>>,
    /// The apparent sex in a sentence, with its probability: `Sexo`. The sex on the document is [`Card::sex`].
    pub apparent_sex: Option<Text<'a>>,
    /// The apparent age, from and to: `RangoAparenteEdad`.
    pub apparent_age: Option<Text<'a>>,
    /// The device in one line: `Dispositivo`.
    pub device: Option<Text<'a>>,
    /// The similarity of the person to the photograph on the document, in percent: `ParecidoPersonaDNI`.
    pub similarity: Option<Text<'a>>,
    /// Whether a living person was there, `Si` or `No`: `PruebaDeVida`.
    pub liveness: Option<Text<'a>>,
    /// Members that have no field.
    pub others: Others,
    card: Tree<'a>,
}

members! {
    IdentityResult<'a> {
        "Resultado" => outcome,
        "DNIAnverso" => number_front,
        "DNIReverso" => number_back,
        "AnversoReversoCoinciden" => sides_match,
        "DNISolicitado" => requested_number,
        "DNISolicitadoCoincide" => requested_number_matches,
        "ProcesoRelizadoMismaPersona" | "ProcesoRealizadoMismaPersona" => same_person,
        "Barba" => beard,
        "Bigote" => moustache,
        "GafasLectura" => reading_glasses,
        "GafasSol" => sunglasses,
        "Sexo" => apparent_sex,
        "RangoAparenteEdad" => apparent_age,
        "Dispositivo" => device,
        "ParecidoPersonaDNI" => similarity,
        "PruebaDeVida" => liveness,
        objects { "DNI" => card, }
    }
}

impl IdentityResult<'_> {
    /// Returns the data on the document: `DNI`. A bare number in its place is the document's number.
    #[must_use]
    pub fn card(&self) -> Card<'_> {
        let mut unpacked = self.card.unpacked();
        let bare = match unpacked.rest.as_slice() {
            [Value::String(text)] if unpacked.objects.is_empty() && is_number(text) => Some(text.clone()),
            [Value::Number(number)] if unpacked.objects.is_empty() => Some(number.to_string()),
            _ => None,
        };
        if bare.is_some() {
            unpacked.rest.clear();
        }
        let mut card = Card::merged(unpacked);
        card.number = card.number.or(bare.map(Text::new));
        card
    }
}

/// The data on a document: `DNI`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Card<'a> {
    /// The age in years: `Edad`.
    pub age: Option<Text<'a>>,
    /// The date of birth, DD/MM/YYYY: `FechaNacimiento`.
    pub birth_date: Option<Text<'a>>,
    /// The number: `DNI`.
    pub number: Option<Text<'a>>,
    /// The nationality, three letters: `Nacionalidad`.
    pub nationality: Option<Text<'a>>,
    /// The country, three letters: `Pais`.
    pub country: Option<Text<'a>>,
    /// The name, `SURNAMES,NAME`: `Nombre`.
    pub name: Option<Text<'a>>,
    /// The serial number: `NumeroSerie`.
    pub serial_number: Option<Text<'a>>,
    /// The type of the document: `TipoDocumento`.
    pub kind: Option<Text<'a>>,
    /// The sex, `F` or `M`: `Sexo`.
    pub sex: Option<Text<'a>>,
    /// The day on which the document expires, DD/MM/YYYY: `FechaExpira`.
    pub expires_on: Option<Text<'a>>,
    /// Whether the document has expired, `Si` or `No`: `Caducado`.
    pub expired: Option<Text<'a>>,
    /// Members that have no field.
    pub others: Others,
}

members! {
    Card<'a> {
        "Edad" => age,
        "FechaNacimiento" => birth_date,
        "DNI" => number,
        "Nacionalidad" => nationality,
        "Pais" => country,
        "Nombre" => name,
        "NumeroSerie" => serial_number,
        "TipoDocumento" => kind,
        "Sexo" => sex,
        "FechaExpira" => expires_on,
        "Caducado" => expired,
        objects {}
    }
}

/// One access of the person to the service: `Acceso`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access<'a> {
    /// The time, Spanish local time: `Fecha`.
    pub at: Option<Text<'a>>,
    /// The address: `IP`.
    pub ip: Option<Text<'a>>,
    /// The port: `Puerto`.
    pub port: Option<Text<'a>>,
    /// Members that have no field.
    pub others: Others,
}

members! {
    Access<'a> {
        "Fecha" => at,
        "IP" => ip,
        "Puerto" => port,
        objects {}
    }
}

/// The place where the person was: `Posicion`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position<'a> {
    /// The address of the place: `Direccion`.
    pub address: Option<Text<'a>>,
    /// Members that have no field.
    pub others: Others,
    coordinates: Tree<'a>,
}

members! {
    Position<'a> {
        "Direccion" => address,
        objects { "Coordenadas" => coordinates, }
    }
}

impl Position<'_> {
    /// Returns the coordinates of the place: `Coordenadas`.
    #[must_use]
    pub fn coordinates(&self) -> Coordinates<'_> {
        Coordinates::merged(self.coordinates.unpacked())
    }
}

/// Coordinates, as the person's device gave them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Coordinates<'a> {
    /// In degrees: `Longitud`.
    pub longitude: Option<Text<'a>>,
    /// In degrees: `Latitud`.
    pub latitude: Option<Text<'a>>,
    /// `Altura`, of which the document does not say the unit.
    pub altitude: Option<Text<'a>>,
    /// In metres: `Precision`.
    pub precision: Option<Text<'a>>,
    /// Members that have no field.
    pub others: Others,
}

members! {
    Coordinates<'a> {
        "Longitud" => longitude,
        "Latitud" => latitude,
        "Altura" => altitude,
        "Precision" => precision,
        objects {}
    }
}

/// The device that the person used: `Dispositivo`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device<'a> {
    /// The browser, with its version: `browser`.
    pub browser: Option<Text<'a>>,
    /// The operating system, with its version: `SysOp`.
    pub operating_system: Option<Text<'a>>,
    /// The display's resolution: `displayResolution`.
    pub resolution: Option<Text<'a>>,
    /// Members that have no field.
    pub others: Others,
}

members! {
    Device<'a> {
        "browser" => browser,
        "SysOp" => operating_system,
        "displayResolution" => resolution,
        objects {}
    }
}

/// Whether a text may be a document's number: letters, digits and what divides them, and a digit at least.
fn is_number(text: &str) -> bool {
    let allowed = |character: char| character.is_alphanumeric() || matches!(character, ' ' | '.' | '-' | '/' | '<');
    text.contains(|character: char| character.is_ascii_digit()) && text.chars().all(allowed)
}
