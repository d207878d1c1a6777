//! Results as IDnow sends them: JSON (chapter 13.4) and XML (chapter 13.3), in the vendor's own words.
//!
//! Reading is tolerant, since the document contradicts itself and the service has grown beyond it: every part may be missing, null
//! or of another type, unknown parts are passed over, and of a part that is repeated the last one counts. What is not tolerated is
//! a payload that is not whole or not well formed: half a result is no result.
//!
//! Text borrows from the payload, and none of it can be printed.

pub mod archive;
mod error;
mod item;
mod json;
mod xml;

use idv_core::wire::decoded;
use idv_core::{Error, Result, Text};

pub use error::{ErrorBody, VendorError};
pub use item::{Classes, Entry, Item};

/// What a payload holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Payload<'a> {
    /// The identifications, in their order.
    pub identifications: Vec<Identification<'a>>,
    /// How many entries of a list name no identification, and so cannot be read. They spoil nothing but themselves.
    pub unreadable: usize,
    /// Whether they came as a list. A single result comes bare over the API and in callbacks (chapters 8.3.3.2 and 14.4.1), and as a
    /// list of one in files (chapters 13.3 and 13.4).
    pub listed: bool,
}

/// Reads a payload: a bare identification, `{"identifications": […]}`, an array, or XML. Which one it is shows in its first byte.
///
/// ```
/// use idv_idnow::wire;
///
/// let payload = wire::read(br#"{"identificationprocess": {"result": "SUCCESS", "transactionnumber": "AH73JK3LM"}}"#)?;
/// let process = &payload.identifications[0].identificationprocess;
/// assert_eq!(process.result.as_ref().map(idv_core::Text::expose), Some("SUCCESS"));
/// assert!(!payload.listed);
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) where it is not UTF-8, not whole, or not well formed; where it is a bare object
/// that names no identification; or where it is an archive, of which [`archive::result`] finds the result.
pub fn read(bytes: &[u8]) -> Result<Payload<'_>> {
    if archive::is_archive(bytes) {
        return Err(Error::malformed("it is a ZIP archive: the result in it is read on its own"));
    }
    let text = decoded(bytes)?;
    // A declaration of XML stands at the beginning; white space before it is an editor's.
    let trimmed = text.trim_ascii_start();
    match trimmed.as_bytes().first() {
        Some(b'{' | b'[') => json::read(text),
        Some(b'<') => xml::read(trimmed),
        Some(_) => Err(Error::malformed("it is neither JSON nor XML")),
        None => Err(Error::malformed("it is empty")),
    }
}

/// Something with named parts. JSON and XML are read into the same parts by the same names, so that they cannot come to differ.
trait Node<'a> {
    /// The place for the part called `name`.
    fn part(&mut self, name: &str) -> Slot<'_, 'a>;
}

/// The place for a part.
enum Slot<'s, 'a> {
    Section(&'s mut (dyn Node<'a> + 's)),
    Text(&'s mut Option<Text<'a>>),
    Item(&'s mut Option<Box<Item<'a>>>),
    Classes(&'s mut Classes<'a>),
    Entries(&'s mut Vec<Entry<'a>>),
    /// There is none: the part is passed over.
    Unknown,
}

macro_rules! section {
    ($(#[$doc:meta])* $section:ident { $($(#[$part_doc:meta])* $name:literal $field:ident: $kind:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $section<'a> {
            $($(#[$part_doc])* pub $field: section!(@type $kind),)*
        }

        impl<'a> Node<'a> for $section<'a> {
            fn part(&mut self, name: &str) -> Slot<'_, 'a> {
                match name {
                    $($name => section!(@slot $kind &mut self.$field),)*
                    _ => Slot::Unknown,
                }
            }
        }
    };
    (@type Text) => { Option<Text<'a>> };
    (@type Item) => { Option<Box<Item<'a>>> };
    (@type Classes) => { Classes<'a> };
    (@type Entries) => { Vec<Entry<'a>> };
    (@type $section:ident) => { $section<'a> };
    (@slot Text $place:expr) => { Slot::Text($place) };
    (@slot Item $place:expr) => { Slot::Item($place) };
    (@slot Classes $place:expr) => { Slot::Classes($place) };
    (@slot Entries $place:expr) => { Slot::Entries($place) };
    (@slot $section:ident $place:expr) => { Slot::Section($place) };
}

section! {
    /// One identification (chapter 13.1).
    Identification {
        /// What came of it.
        "identificationprocess" identificationprocess: IdentificationProcess,
        /// What was sent along when it was started: `custom1` to `custom5` (chapter 13.1.2).
        "customdata" customdata: Entries,
        /// How the person can be reached (chapter 13.1.3).
        "contactdata" contactdata: ContactData,
        /// The person (chapter 13.1.4).
        "userdata" userdata: UserData,
        /// The document (chapter 13.1.5). Missing when the identification was aborted or canceled (chapter 14.5).
        "identificationdocument" identificationdocument: IdentificationDocument,
        /// File names by key (chapter 13.1.6). Missing when the identification was aborted or canceled.
        "attachments" attachments: Entries,
        /// Answers by the question's key (chapter 13.1.7).
        "questions" questions: Entries,
        /// The signing, of eSign accounts only. Known from clients; not in the document.
        "esigning" esigning: ESigning,
        /// The tracking id of the link (chapter 6.1.2), which "will be returned in the trackingid field in the results": the document
        /// does not say where, so it is looked for here too.
        "trackingid" trackingid: Text,
    }
}

section! {
    /// What came of an identification (chapter 13.1.1).
    IdentificationProcess {
        /// The result: a code of chapters 13.1.1 and 14.5, or a newer one.
        "result" result: Text,
        /// Why it failed (chapter 14.5.3) or which fraud is suspected (chapter 13.1.1).
        "reason" reason: Text,
        /// The agent's name.
        "agentname" agentname: Text,
        /// When it was finished: ISO 8601, with a zone in every sample.
        "identificationtime" identificationtime: Text,
        /// The channel that the person used: `WEB` or `APP`.
        "type" channel: Text,
        /// Our name for it.
        "transactionnumber" transactionnumber: Text,
        /// The account.
        "companyid" companyid: Text,
        /// The vendor's name for it, called Ident-ID.
        "id" id: Text,
        /// The archive's file name.
        "filename" filename: Text,
        /// Where the archive is: a path, although the document says that it is an absolute URL.
        "href" href: Text,
        /// Whether the agent changed something: `true` or `false`.
        "identchanges" identchanges: Text,
        /// Whether the reviewer changed something: `true` or `false`.
        "reviewchanges" reviewchanges: Text,
        /// The preliminary result before this one.
        "previousresult" previousresult: Text,
        /// The tracking id of the link (chapter 6.1.2).
        "trackingid" trackingid: Text,
    }
}

section! {
    /// How the person can be reached (chapter 13.1.3): as it was submitted, or as the person changed it.
    ContactData {
        /// The e-mail address.
        "email" email: Item,
        /// The number of the mobile phone.
        "mobilephone" mobilephone: Item,
    }
}

section! {
    /// The person (chapter 13.1.4).
    UserData {
        /// The date of birth, YYYY-MM-DD.
        "birthday" birthday: Item,
        /// The name at birth.
        "birthname" birthname: Item,
        /// The place of birth.
        "birthplace" birthplace: Item,
        /// The given names.
        "firstname" firstname: Item,
        /// `MALE` or `FEMALE`.
        "gender" gender: Item,
        /// The family name.
        "lastname" lastname: Item,
        /// The nationality, two letters.
        "nationality" nationality: Item,
        /// The academic title, where it is part of the name.
        "title" title: Item,
        /// The address.
        "address" address: Address,
    }
}

section! {
    /// The person's address (chapter 13.1.4).
    Address {
        /// The street; with the number in it, where the account is set so.
        "street" street: Item,
        /// The number in the street.
        "streetnumber" streetnumber: Item,
        /// The postal code.
        "zipcode" zipcode: Item,
        /// The city.
        "city" city: Item,
        /// The country, two letters.
        "country" country: Item,
    }
}

section! {
    /// The document that the person showed (chapter 13.1.5).
    IdentificationDocument {
        /// `IDCARD`, `PASSPORT`, `DRIVERS_LICENSE` or `RESIDENCE_TITLE`.
        "type" kind: Item,
        /// The country that issued it, two letters.
        "country" country: Item,
        /// Until when it is valid, YYYY-MM-DD.
        "validuntil" validuntil: Item,
        /// Its number.
        "number" number: Item,
        /// The authority that issued it.
        "issuedby" issuedby: Item,
        /// When it was issued, YYYY-MM-DD.
        "dateissued" dateissued: Item,
        /// The classes of a driver's licence.
        "driversclasses" driversclasses: Classes,
    }
}

section! {
    /// The signing, of eSign accounts only. Known from clients; not in the document.
    ESigning {
        /// What came of the signing.
        "result" result: Text,
        /// The signing's id.
        "sessionid" sessionid: Text,
    }
}

impl Identification<'_> {
    /// Whether it says which identification it is about. One that does not is of no use to anybody.
    fn is_named(&self) -> bool {
        let process = &self.identificationprocess;
        [&process.transactionnumber, &process.id].into_iter().flatten().any(|name| !name.expose().is_empty())
    }
}

/// A list as it is read, and what was left out of it.
#[derive(Default)]
struct List<'a> {
    identifications: Vec<Identification<'a>>,
    unreadable: usize,
}

impl<'a> List<'a> {
    /// Takes an identification in, if it is one.
    fn add(&mut self, identification: Identification<'a>) {
        if identification.is_named() {
            self.identifications.push(identification);
        } else {
            self.unreadable += 1;
        }
    }

    fn into_payload(self) -> Payload<'a> {
        Payload { identifications: self.identifications, unreadable: self.unreadable, listed: true }
    }
}

/// The payload that one bare identification is.
fn bare(identification: Identification<'_>) -> Result<Payload<'_>> {
    if !identification.is_named() {
        return Err(Error::malformed("it names no identification: transactionnumber and id are missing"));
    }
    Ok(Payload { identifications: vec![identification], unreadable: 0, listed: false })
}
