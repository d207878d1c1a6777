//! Reports, which the vendor sends for every change of a request's state ("Reception of delivery
//! reports").

use std::borrow::Cow;

use idv_core::adapter::wire::{decoded_tolerantly, object, read_form};
use idv_core::{Error, Result, Text};
use serde_json::Value;

use super::members::{Object as _, Others, Packed, with_others};
use super::tree::{Tree, parse};

object! {
    /// A report. Members may be missing, of another type, or JSON in a string.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Report<'a> {
        /// The service of the report (`Servicio`). All services of an account share one URL.
        "Servicio" service: Option<Text<'a>>,
        /// The identifier of the request, as the send function returned it (`ID`).
        "ID" | "Id" | "id" id: Option<Text<'a>>,
        /// The time at which the request was sent, in Spanish local time (`FechaEnvio`).
        "FechaEnvio" sent_at: Option<Text<'a>>,
        /// The state (`Estado`).
        "Estado" state: Option<Text<'a>>,
        /// The time of the last change of the state, in Spanish local time (`UltimaActualizacion`).
        "UltimaActualizacion" updated_at: Option<Text<'a>>,
        /// The recipient's number (`Telefono`).
        "Telefono" phone: Option<Text<'a>>,
        /// The number on the front of the document (`DNIAnverso`).
        "DNIAnverso" number_front: Option<Text<'a>>,
        /// The number on the back of the document (`DNIReverso`).
        "DNIReverso" number_back: Option<Text<'a>>,
        /// The requested number (`DNISolicitado`).
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
        /// Members without a field.
        others: Others,
    }
}

with_others!(Report IdentityResult Card Access Position Coordinates Device);

impl<'a> Report<'a> {
    /// Parses a report, as JSON or as a form.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the body is truncated or ill-formed, or
    /// lacks both `Servicio` and `ID`.
    ///
    /// ```
    /// use idv_verificar_identidad::wire::Report;
    ///
    /// let json = br#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":299846332,"Estado":"3000"}"#;
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
                "not a report: Servicio and ID are missing",
            ));
        }
        Ok(report)
    }

    /// Returns the findings, if there are any (`Result`).
    #[must_use]
    pub fn result(&self) -> Option<IdentityResult<'_>> {
        Some(self.result.merged::<IdentityResult<'_>>())
            .filter(|result| *result != IdentityResult::default())
    }

    /// Returns the person's accesses (`Acceso`).
    #[must_use]
    pub fn accesses(&self) -> Vec<Access<'_>> {
        self.access.each()
    }

    /// Returns the person's location (`Posicion`).
    #[must_use]
    pub fn position(&self) -> Position<'_> {
        self.position.merged()
    }

    /// Returns the person's device (`Dispositivo`).
    #[must_use]
    pub fn device(&self) -> Device<'_> {
        self.device.merged()
    }
}

fn members(text: &str) -> Result<Vec<super::tree::Member<'_>>> {
    match text.trim_ascii_start().as_bytes().first() {
        None => Err(Error::malformed("the body is empty")),
        Some(b'{' | b'[' | b'"') => parse::<Tree<'_>>(text)?.single(),
        Some(_) => match read_form(text)? {
            Tree::Object(members) => Ok(members),
            _ => Ok(Vec::new()),
        },
    }
}

object! {
    /// The findings about a person (`Result`).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct IdentityResult<'a> {
        /// The similarity of the person to the document in percent if it is above 80, otherwise a
        /// negative code (`Resultado`).
        "Resultado" outcome: Option<Text<'a>>,
        /// The number on the front (`DNIAnverso`).
        "DNIAnverso" number_front: Option<Text<'a>>,
        /// The number on the back (`DNIReverso`).
        "DNIReverso" number_back: Option<Text<'a>>,
        /// Whether front and back match, `Si` or `No` (`AnversoReversoCoinciden`).
        "AnversoReversoCoinciden" sides_match: Option<Text<'a>>,
        /// The requested number (`DNISolicitado`).
        "DNISolicitado" requested_number: Option<Text<'a>>,
        /// Whether the document has the requested number, `Si`, `No` or `N/A`
        /// (`DNISolicitadoCoincide`).
        "DNISolicitadoCoincide" requested_number_matches: Option<Text<'a>>,
        /// Whether one person completed every step, `Si` or `No` (`ProcesoRelizadoMismaPersona`, in
        /// the vendor's spelling).
        "ProcesoRelizadoMismaPersona" | "ProcesoRealizadoMismaPersona" same_person: Option<Text<'a>>,
        /// A beard (`Barba`).
        "Barba" beard: Option<Text<'a>>,
        /// A moustache (`Bigote`).
        "Bigote" moustache: Option<Text<'a>>,
        /// Reading glasses (`GafasLectura`).
        "GafasLectura" reading_glasses: Option<Text<'a>>,
        /// Sunglasses (`GafasSol`).
        "GafasSol" sunglasses: Option<Text<'a>>,
        /// The apparent sex in a sentence, with its probability (`Sexo`). [`Card::sex`] is the sex
        /// on the document.
        "Sexo" apparent_sex: Option<Text<'a>>,
        /// The apparent age as a range (`RangoAparenteEdad`).
        "RangoAparenteEdad" apparent_age: Option<Text<'a>>,
        /// The device in one line (`Dispositivo`).
        "Dispositivo" device: Option<Text<'a>>,
        /// The similarity of the person to the document's photo, in percent (`ParecidoPersonaDNI`).
        "ParecidoPersonaDNI" similarity: Option<Text<'a>>,
        /// Whether the liveness test passed, `Si` or `No` (`PruebaDeVida`).
        "PruebaDeVida" liveness: Option<Text<'a>>,
        /// Objects: see [`IdentityResult::card`].
        "DNI" card: Packed<'a>,
        ..
        /// Members without a field.
        others: Others,
    }
}

impl IdentityResult<'_> {
    /// Returns the data of the document (`DNI`). If the member is a bare number, it is the
    /// document's number.
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
    /// The data of a document (`DNI`).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Card<'a> {
        /// The age in years (`Edad`).
        "Edad" age: Option<Text<'a>>,
        /// The date of birth, DD/MM/YYYY (`FechaNacimiento`).
        "FechaNacimiento" birth_date: Option<Text<'a>>,
        /// The number (`DNI`).
        "DNI" number: Option<Text<'a>>,
        /// The nationality, three letters (`Nacionalidad`).
        "Nacionalidad" nationality: Option<Text<'a>>,
        /// The country, three letters (`Pais`).
        "Pais" country: Option<Text<'a>>,
        /// The name, `SURNAMES,NAME` (`Nombre`).
        "Nombre" name: Option<Text<'a>>,
        /// The serial number (`NumeroSerie`).
        "NumeroSerie" serial_number: Option<Text<'a>>,
        /// The type of the document (`TipoDocumento`).
        "TipoDocumento" kind: Option<Text<'a>>,
        /// The sex, `F` or `M` (`Sexo`).
        "Sexo" sex: Option<Text<'a>>,
        /// The expiry date, DD/MM/YYYY (`FechaExpira`).
        "FechaExpira" expires_on: Option<Text<'a>>,
        /// Whether the document has expired, `Si` or `No` (`Caducado`).
        "Caducado" expired: Option<Text<'a>>,
        ..
        /// Members without a field.
        others: Others,
    }
}

object! {
    /// One access of the person to the service (`Acceso`).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Access<'a> {
        /// The time, in Spanish local time (`Fecha`).
        "Fecha" at: Option<Text<'a>>,
        /// The IP address (`IP`).
        "IP" ip: Option<Text<'a>>,
        /// The port (`Puerto`).
        "Puerto" port: Option<Text<'a>>,
        ..
        /// Members without a field.
        others: Others,
    }
}

object! {
    /// The person's location (`Posicion`).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Position<'a> {
        /// The street address (`Direccion`).
        "Direccion" address: Option<Text<'a>>,
        /// Objects: see [`Position::coordinates`].
        "Coordenadas" coordinates: Packed<'a>,
        ..
        /// Members without a field.
        others: Others,
    }
}

impl Position<'_> {
    /// Returns the coordinates of the location (`Coordenadas`).
    #[must_use]
    pub fn coordinates(&self) -> Coordinates<'_> {
        self.coordinates.merged()
    }
}

object! {
    /// The coordinates that the person's device reported.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Coordinates<'a> {
        /// The longitude in degrees (`Longitud`).
        "Longitud" longitude: Option<Text<'a>>,
        /// The latitude in degrees (`Latitud`).
        "Latitud" latitude: Option<Text<'a>>,
        /// The altitude, in an undocumented unit (`Altura`).
        "Altura" altitude: Option<Text<'a>>,
        /// The precision in metres (`Precision`).
        "Precision" precision: Option<Text<'a>>,
        ..
        /// Members without a field.
        others: Others,
    }
}

object! {
    /// The person's device (`Dispositivo`).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Device<'a> {
        /// The browser, with its version (`browser`).
        "browser" browser: Option<Text<'a>>,
        /// The operating system, with its version (`SysOp`).
        "SysOp" operating_system: Option<Text<'a>>,
        /// The resolution of the display (`displayResolution`).
        "displayResolution" resolution: Option<Text<'a>>,
        ..
        /// Members without a field.
        others: Others,
    }
}

/// Returns whether a text may be a document's number: letters, digits and separators, with at least
/// one digit.
fn is_number(text: &str) -> bool {
    let allowed = |character: char| {
        character.is_alphanumeric() || matches!(character, ' ' | '.' | '-' | '/' | '<')
    };
    text.contains(|character: char| character.is_ascii_digit()) && text.chars().all(allowed)
}
