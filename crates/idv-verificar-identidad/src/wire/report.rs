//! Reports: what the vendor sends on every change of a request's state ("Reception of delivery reports").

use std::borrow::Cow;

use idv_core::adapter::wire::{decoded_tolerantly, object, read_form};
use idv_core::{Error, Result, Text};
use serde_json::Value;

use super::members::{Object as _, Others, Packed, with_others};
use super::tree::{Tree, parse};

object! {
    /// A report. Parts may be missing, of another type, or JSON in a string.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Report<'a> {
        /// The service that the report is about: `Servicio`. An account has one address for all of them.
        "Servicio" service: Option<Text<'a>>,
        /// The identifier of the request, as the send function returned it: `ID`.
        "ID" | "Id" | "id" id: Option<Text<'a>>,
        /// When the request was sent, Spanish local time: `FechaEnvio`.
        "FechaEnvio" sent_at: Option<Text<'a>>,
        /// The state: `Estado`.
        "Estado" state: Option<Text<'a>>,
        /// When the state last changed, Spanish local time: `UltimaActualizacion`.
        "UltimaActualizacion" updated_at: Option<Text<'a>>,
        /// The recipient's number: `Telefono`.
        "Telefono" phone: Option<Text<'a>>,
        /// The number that was read on the front of the document: `DNIAnverso`.
        "DNIAnverso" number_front: Option<Text<'a>>,
        /// The number that was read on its back: `DNIReverso`.
        "DNIReverso" number_back: Option<Text<'a>>,
        /// The number that was asked for: `DNISolicitado`.
        "DNISolicitado" requested_number: Option<Text<'a>>,
        /// Objects: see [`Report::accesses`].
        "Acceso" access: Packed<'a>,
        /// Objects: see [`Report::position`].
        "Posicion" position: Packed<'a>,
        /// Objects: see [`Report::device`].
        "Dispositivo" device: Packed<'a>,
        /// Objects: see [`Report::result`].
        "Result" result: Packed<'a>,
        ..
        /// Members that have no field.
        others: Others,
    }
}

with_others!(Report IdentityResult Card Access Position Coordinates Device);

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
        let report = match decoded_tolerantly(bytes) {
            Cow::Borrowed(text) if text.trim_ascii_start().starts_with('{') => parse(text)?,
            Cow::Borrowed(text) => Self::of(members(text)?),
            Cow::Owned(text) => match Tree::Object(members(&text)?).into_owned() {
                Tree::Object(members) => Self::of(members),
                _ => Self::default(),
            },
        };
        if report.service.is_none() && report.id.is_none() {
            return Err(Error::malformed(
                "it is no report: Servicio and ID are missing",
            ));
        }
        Ok(report)
    }

    /// Returns what was found out, if there is anything yet: `Result`.
    #[must_use]
    pub fn result(&self) -> Option<IdentityResult<'_>> {
        Some(self.result.merged::<IdentityResult<'_>>())
            .filter(|result| *result != IdentityResult::default())
    }

    /// Returns the person's accesses, of which there may be several: `Acceso`.
    #[must_use]
    pub fn accesses(&self) -> Vec<Access<'_>> {
        self.access.each()
    }

    /// Returns the place where the person was: `Posicion`.
    #[must_use]
    pub fn position(&self) -> Position<'_> {
        self.position.merged()
    }

    /// Returns the device that the person used: `Dispositivo`.
    #[must_use]
    pub fn device(&self) -> Device<'_> {
        self.device.merged()
    }
}

fn members(text: &str) -> Result<Vec<super::tree::Member<'_>>> {
    match text.trim_ascii_start().as_bytes().first() {
        None => Err(Error::malformed("it is empty")),
        Some(b'{' | b'[' | b'"') => parse::<Tree<'_>>(text)?.single(),
        Some(_) => match read_form(text)? {
            Tree::Object(members) => Ok(members),
            _ => Ok(Vec::new()),
        },
    }
}

object! {
    /// The findings about a person: `Result`.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct IdentityResult<'a> {
        /// The similarity of the person to the document in percent if it is above 80, else a negative code: `Resultado`.
        "Resultado" outcome: Option<Text<'a>>,
        /// The number on the front: `DNIAnverso`.
        "DNIAnverso" number_front: Option<Text<'a>>,
        /// The number on the back: `DNIReverso`.
        "DNIReverso" number_back: Option<Text<'a>>,
        /// Whether front and back match, `Si` or `No`: `AnversoReversoCoinciden`.
        "AnversoReversoCoinciden" sides_match: Option<Text<'a>>,
        /// The number that was asked for: `DNISolicitado`.
        "DNISolicitado" requested_number: Option<Text<'a>>,
        /// Whether the document has it, `Si`, `No` or `N/A`: `DNISolicitadoCoincide`.
        "DNISolicitadoCoincide" requested_number_matches: Option<Text<'a>>,
        /// Whether one person did every step, `Si` or `No`: `ProcesoRelizadoMismaPersona`, as the vendor spells it.
        "ProcesoRelizadoMismaPersona" | "ProcesoRealizadoMismaPersona" same_person: Option<Text<'a>>,
        /// A beard: `Barba`.
        "Barba" beard: Option<Text<'a>>,
        /// A moustache: `Bigote`.
        "Bigote" moustache: Option<Text<'a>>,
        /// Reading glasses: `GafasLectura`.
        "GafasLectura" reading_glasses: Option<Text<'a>>,
        /// Sunglasses: `GafasSol`.
        "GafasSol" sunglasses: Option<Text<'a>>,
        /// The apparent sex in a sentence, with its probability: `Sexo`. The sex on the document is [`Card::sex`].
        "Sexo" apparent_sex: Option<Text<'a>>,
        /// The apparent age, from and to: `RangoAparenteEdad`.
        "RangoAparenteEdad" apparent_age: Option<Text<'a>>,
        /// The device in one line: `Dispositivo`.
        "Dispositivo" device: Option<Text<'a>>,
        /// The similarity of the person to the photograph on the document, in percent: `ParecidoPersonaDNI`.
        "ParecidoPersonaDNI" similarity: Option<Text<'a>>,
        /// Whether a living person was there, `Si` or `No`: `PruebaDeVida`.
        "PruebaDeVida" liveness: Option<Text<'a>>,
        /// Objects: see [`IdentityResult::card`].
        "DNI" card: Packed<'a>,
        ..
        /// Members that have no field.
        others: Others,
    }
}

impl IdentityResult<'_> {
    /// Returns the data on the document: `DNI`. A bare number in its place is the document's number.
    #[must_use]
    pub fn card(&self) -> Card<'_> {
        if let Some(card) = self.card.object() {
            return card;
        }
        let mut unpacked = self.card.unpacked();
        let bare = match unpacked.rest.as_slice() {
            [Value::String(text)] if unpacked.objects.is_empty() && is_number(text) => {
                Some(text.clone())
            }
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

object! {
    /// The data on a document: `DNI`.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Card<'a> {
        /// The age in years: `Edad`.
        "Edad" age: Option<Text<'a>>,
        /// The date of birth, DD/MM/YYYY: `FechaNacimiento`.
        "FechaNacimiento" birth_date: Option<Text<'a>>,
        /// The number: `DNI`.
        "DNI" number: Option<Text<'a>>,
        /// The nationality, three letters: `Nacionalidad`.
        "Nacionalidad" nationality: Option<Text<'a>>,
        /// The country, three letters: `Pais`.
        "Pais" country: Option<Text<'a>>,
        /// The name, `SURNAMES,NAME`: `Nombre`.
        "Nombre" name: Option<Text<'a>>,
        /// The serial number: `NumeroSerie`.
        "NumeroSerie" serial_number: Option<Text<'a>>,
        /// The type of the document: `TipoDocumento`.
        "TipoDocumento" kind: Option<Text<'a>>,
        /// The sex, `F` or `M`: `Sexo`.
        "Sexo" sex: Option<Text<'a>>,
        /// The day on which the document expires, DD/MM/YYYY: `FechaExpira`.
        "FechaExpira" expires_on: Option<Text<'a>>,
        /// Whether the document has expired, `Si` or `No`: `Caducado`.
        "Caducado" expired: Option<Text<'a>>,
        ..
        /// Members that have no field.
        others: Others,
    }
}

object! {
    /// One access of the person to the service: `Acceso`.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Access<'a> {
        /// The time, Spanish local time: `Fecha`.
        "Fecha" at: Option<Text<'a>>,
        /// The address: `IP`.
        "IP" ip: Option<Text<'a>>,
        /// The port: `Puerto`.
        "Puerto" port: Option<Text<'a>>,
        ..
        /// Members that have no field.
        others: Others,
    }
}

object! {
    /// The place where the person was: `Posicion`.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Position<'a> {
        /// The address of the place: `Direccion`.
        "Direccion" address: Option<Text<'a>>,
        /// Objects: see [`Position::coordinates`].
        "Coordenadas" coordinates: Packed<'a>,
        ..
        /// Members that have no field.
        others: Others,
    }
}

impl Position<'_> {
    /// Returns the coordinates of the place: `Coordenadas`.
    #[must_use]
    pub fn coordinates(&self) -> Coordinates<'_> {
        self.coordinates.merged()
    }
}

object! {
    /// Coordinates, as the person's device gave them.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Coordinates<'a> {
        /// In degrees: `Longitud`.
        "Longitud" longitude: Option<Text<'a>>,
        /// In degrees: `Latitud`.
        "Latitud" latitude: Option<Text<'a>>,
        /// `Altura`, of which the document does not say the unit.
        "Altura" altitude: Option<Text<'a>>,
        /// In metres: `Precision`.
        "Precision" precision: Option<Text<'a>>,
        ..
        /// Members that have no field.
        others: Others,
    }
}

object! {
    /// The device that the person used: `Dispositivo`.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Device<'a> {
        /// The browser, with its version: `browser`.
        "browser" browser: Option<Text<'a>>,
        /// The operating system, with its version: `SysOp`.
        "SysOp" operating_system: Option<Text<'a>>,
        /// The display's resolution: `displayResolution`.
        "displayResolution" resolution: Option<Text<'a>>,
        ..
        /// Members that have no field.
        others: Others,
    }
}

/// Whether a text may be a document's number: letters, digits and what divides them, and a digit at least.
fn is_number(text: &str) -> bool {
    let allowed = |character: char| {
        character.is_alphanumeric() || matches!(character, ' ' | '.' | '-' | '/' | '<')
    };
    text.contains(|character: char| character.is_ascii_digit()) && text.chars().all(allowed)
}
