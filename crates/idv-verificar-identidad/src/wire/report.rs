//! Reports: what the vendor sends on every change of a request's state ("Reception of delivery reports").

use std::borrow::Cow;

use idv_core::wire::decoded;
use idv_core::{Error, Result, Text};

use super::json::{self, Embedded, parts};

/// A report. Parts may be missing, of another type, or JSON in a string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report<'a> {
    /// Which service it is about: `Servicio`. An account has one address for all of them.
    pub service: Option<Text<'a>>,
    /// The identifier of the request, as the send function returned it: `ID`.
    pub id: Option<Text<'a>>,
    /// When the request was sent, Spanish local time: `FechaEnvio`.
    pub sent_at: Option<Text<'a>>,
    /// The state: `Estado`.
    pub state: Option<Text<'a>>,
    /// When it last changed, Spanish local time: `UltimaActualizacion`.
    pub updated_at: Option<Text<'a>>,
    /// The recipient's number: `Telefono`.
    pub phone: Option<Text<'a>>,
    /// The number that was read on the front of the document: `DNIAnverso`.
    pub number_front: Option<Text<'a>>,
    /// The number that was read on its back: `DNIReverso`.
    pub number_back: Option<Text<'a>>,
    /// The number that was asked for: `DNISolicitado`.
    pub requested_number: Option<Text<'a>>,
    /// Parts that the document does not name.
    pub others: Vec<(Text<'a>, Text<'a>)>,
    access: Embedded<'a, Access<'a>>,
    position: Embedded<'a, Position<'a>>,
    device: Embedded<'a, Device<'a>>,
    result: Embedded<'a, IdentityResult<'a>>,
}

parts! {
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
        embedded {
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
    /// [`Malformed`](idv_core::ErrorKind::Malformed) where it is not UTF-8, not whole, not well formed, or no report: without `Servicio`
    /// and `ID`.
    ///
    /// ```
    /// use idv_verificar_identidad::wire::Report;
    ///
    /// let json = br#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":299846332,"Estado":"3000","Result":"[]"}"#;
    /// let form = b"Servicio=VERIFICACION_IDENTIDAD&ID=299846332&Estado=3000";
    /// for payload in [json.as_slice(), form.as_slice()] {
    ///     let report = Report::read(payload)?;
    ///     assert_eq!(report.id.as_ref().map(|id| id.expose()), Some("299846332"));
    ///     assert!(report.result()?.is_none());
    /// }
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let text = decoded(bytes)?;
        let report = match text.trim_ascii_start().as_bytes().first() {
            None => return Err(Error::malformed("it is empty")),
            Some(b'{' | b'[') => json::single(text)?,
            Some(_) => Self::of_pairs(super::form::read(text)?),
        };
        if report.service.is_none() && report.id.is_none() {
            return Err(Error::malformed("it is no report: Servicio and ID are missing"));
        }
        Ok(report)
    }

    /// What was found out, where it is there already: `Result`.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) where something stands there that is not well formed.
    pub fn result(&self) -> Result<Option<Cow<'_, IdentityResult<'_>>>> {
        self.result.read()
    }

    /// From where the person came: `Acceso`. Of several accesses the last; none where it cannot be read.
    #[must_use]
    pub fn access(&self) -> Cow<'_, Access<'_>> {
        self.access.lenient()
    }

    /// Where the person was: `Posicion`; nothing where it cannot be read.
    #[must_use]
    pub fn position(&self) -> Cow<'_, Position<'_>> {
        self.position.lenient()
    }

    /// What the person held in their hands: `Dispositivo`; nothing where it cannot be read.
    #[must_use]
    pub fn device(&self) -> Cow<'_, Device<'_>> {
        self.device.lenient()
    }

    fn of_pairs(pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>) -> Self {
        let mut report = Self::default();
        for (name, value) in pairs {
            match &*name {
                "Acceso" => report.access = Embedded::text(value),
                "Posicion" => report.position = Embedded::text(value),
                "Dispositivo" => report.device = Embedded::text(value),
                "Result" => report.result = Embedded::text(value),
                _ => report.scalar(name, value),
            }
        }
        report
    }

    fn scalar(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) {
        let part = match &*name {
            "Servicio" => &mut self.service,
            "ID" | "Id" | "id" => &mut self.id,
            "FechaEnvio" => &mut self.sent_at,
            "Estado" => &mut self.state,
            "UltimaActualizacion" => &mut self.updated_at,
            "Telefono" => &mut self.phone,
            "DNIAnverso" => &mut self.number_front,
            "DNIReverso" => &mut self.number_back,
            "DNISolicitado" => &mut self.requested_number,
            _ => {
                self.others.push((Text::new(name), Text::new(value)));
                return;
            }
        };
        *part = Some(Text::new(value));
    }
}

/// What was found out about a person: `Result`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentityResult<'a> {
    /// How similar the person is to the document, in percent, where that is above 80; else a negative code: `Resultado`.
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
    /// The apparent sex in a sentence, with how probable it is: `Sexo`. That of the document stands in [`Card::sex`].
    pub apparent_sex: Option<Text<'a>>,
    /// The apparent age, from and to: `RangoAparenteEdad`.
    pub apparent_age: Option<Text<'a>>,
    /// The device in one line: `Dispositivo`.
    pub device: Option<Text<'a>>,
    /// How similar the person is to the photograph of the document, in percent: `ParecidoPersonaDNI`.
    pub similarity: Option<Text<'a>>,
    /// Whether a living person was there, `Si` or `No`: `PruebaDeVida`.
    pub liveness: Option<Text<'a>>,
    /// Parts that the document does not name.
    pub others: Vec<(Text<'a>, Text<'a>)>,
    card: Embedded<'a, Card<'a>>,
}

parts! {
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
        embedded { "DNI" => card, }
    }
}

impl IdentityResult<'_> {
    /// What stands on the document: `DNI`.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) where something stands there that is not well formed.
    pub fn card(&self) -> Result<Cow<'_, Card<'_>>> {
        Ok(self.card.read()?.unwrap_or_default())
    }
}

/// What stands on a document: `DNI`.
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
    /// Until when it is valid, DD/MM/YYYY: `FechaExpira`.
    pub expires_on: Option<Text<'a>>,
    /// Whether it has expired, `Si` or `No`: `Caducado`.
    pub expired: Option<Text<'a>>,
    /// Parts that the document does not name.
    pub others: Vec<(Text<'a>, Text<'a>)>,
}

parts! {
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
        embedded {}
    }
}

/// From where the person came: `Acceso`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access<'a> {
    /// When, Spanish local time: `Fecha`.
    pub at: Option<Text<'a>>,
    /// The address: `IP`.
    pub ip: Option<Text<'a>>,
    /// The port: `Puerto`.
    pub port: Option<Text<'a>>,
    /// Parts that the document does not name.
    pub others: Vec<(Text<'a>, Text<'a>)>,
}

parts! {
    Access<'a> {
        "Fecha" => at,
        "IP" => ip,
        "Puerto" => port,
        embedded {}
    }
}

/// Where the person was: `Posicion`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position<'a> {
    /// The address of the place: `Direccion`.
    pub address: Option<Text<'a>>,
    /// Parts that the document does not name.
    pub others: Vec<(Text<'a>, Text<'a>)>,
    coordinates: Embedded<'a, Coordinates<'a>>,
}

parts! {
    Position<'a> {
        "Direccion" => address,
        embedded { "Coordenadas" => coordinates, }
    }
}

impl Position<'_> {
    /// The coordinates: `Coordenadas`; nothing where they cannot be read.
    #[must_use]
    pub fn coordinates(&self) -> Cow<'_, Coordinates<'_>> {
        self.coordinates.lenient()
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
    /// Parts that the document does not name.
    pub others: Vec<(Text<'a>, Text<'a>)>,
}

parts! {
    Coordinates<'a> {
        "Longitud" => longitude,
        "Latitud" => latitude,
        "Altura" => altitude,
        "Precision" => precision,
        embedded {}
    }
}

/// What the person held in their hands: `Dispositivo`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device<'a> {
    /// The browser, with its version: `browser`.
    pub browser: Option<Text<'a>>,
    /// The operating system, with its version: `SysOp`.
    pub operating_system: Option<Text<'a>>,
    /// The display's resolution: `displayResolution`.
    pub resolution: Option<Text<'a>>,
    /// Parts that the document does not name.
    pub others: Vec<(Text<'a>, Text<'a>)>,
}

parts! {
    Device<'a> {
        "browser" => browser,
        "SysOp" => operating_system,
        "displayResolution" => resolution,
        embedded {}
    }
}
