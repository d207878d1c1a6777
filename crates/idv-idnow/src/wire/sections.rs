//! The sections of a result (chapter 13.1).

use idv_core::adapter::non_empty;
use idv_core::adapter::wire::{Members, object};

use super::entry::Entries;
use super::item::{Classes, Item, LicenceClasses, Scalar};

object! {
    /// One identification (chapter 13.1).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Identification<'a> {
        /// The result and the process that led to it.
        "identificationprocess" identificationprocess: IdentificationProcess<'a>,
        /// Custom texts of the start request: `custom1` to `custom5` (chapter 13.1.2).
        "customdata" customdata: Entries<'a>,
        /// The person's contact data (chapter 13.1.3).
        "contactdata" contactdata: ContactData<'a>,
        /// The person (chapter 13.1.4).
        "userdata" userdata: UserData<'a>,
        /// The identity document (chapter 13.1.5). Missing for an aborted or canceled
        /// identification (chapter 14.5).
        "identificationdocument" identificationdocument: IdentificationDocument<'a>,
        /// File names by key (chapter 13.1.6). Missing for an aborted or canceled identification.
        "attachments" attachments: Entries<'a>,
        /// Answers by the question's key (chapter 13.1.7).
        "questions" questions: Entries<'a>,
        /// The signing, only for eSign accounts. Known from other clients; undocumented.
        "esigning" esigning: Vec<ESigning<'a>>,
        /// The tracking id of the link (chapter 6.1.2), which "will be returned in the trackingid
        /// field in the results". The document does not name the section, so the parser also
        /// accepts it here.
        "trackingid" trackingid: Option<Scalar<'a>>,
        ..
        /// Members without a field, in their own shapes.
        others: Members,
    }
}

object! {
    /// The result of an identification and its process (chapter 13.1.1).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct IdentificationProcess<'a> {
        /// The result: a code of chapters 13.1.1 and 14.5, or a newer one.
        "result" result: Option<Scalar<'a>>,
        /// The reason of a failure (chapter 14.5.3) or of a suspicion (chapter 13.1.1). The vendor
        /// may list several.
        "reason" reason: Vec<Scalar<'a>>,
        /// The agent's name.
        "agentname" agentname: Option<Scalar<'a>>,
        /// The time at which the identification was finished: ISO 8601, with an offset in every
        /// sample.
        "identificationtime" identificationtime: Option<Scalar<'a>>,
        /// The channel that the person used: `WEB` or `APP`.
        "type" channel: Option<Scalar<'a>>,
        /// The application's reference.
        "transactionnumber" transactionnumber: Option<Scalar<'a>>,
        /// The company id of the account.
        "companyid" companyid: Option<Scalar<'a>>,
        /// The vendor's identifier, called Ident-ID.
        "id" id: Option<Scalar<'a>>,
        /// The archive's file name.
        "filename" filename: Option<Scalar<'a>>,
        /// The archive's address: a path, although the document calls it an absolute URL.
        "href" href: Option<Scalar<'a>>,
        /// Whether the agent changed a value: `true` or `false`.
        "identchanges" identchanges: Option<Scalar<'a>>,
        /// Whether the reviewer changed a value: `true` or `false`.
        "reviewchanges" reviewchanges: Option<Scalar<'a>>,
        /// The preliminary result before this one.
        "previousresult" previousresult: Option<Scalar<'a>>,
        /// The tracking id of the link (chapter 6.1.2).
        "trackingid" trackingid: Option<Scalar<'a>>,
        ..
        /// Members without a field, in their own shapes.
        others: Members,
    }
}

object! {
    /// The person's contact data (chapter 13.1.3), as submitted or as changed by the person.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct ContactData<'a> {
        /// The e-mail address.
        "email" email: Option<Box<Item<'a>>>,
        /// The mobile number.
        "mobilephone" mobilephone: Option<Box<Item<'a>>>,
        ..
        /// Members without a field, in their own shapes.
        others: Members,
    }
}

object! {
    /// The person (chapter 13.1.4).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct UserData<'a> {
        /// The date of birth, YYYY-MM-DD.
        "birthday" birthday: Option<Box<Item<'a>>>,
        /// The name at birth.
        "birthname" birthname: Option<Box<Item<'a>>>,
        /// The place of birth.
        "birthplace" birthplace: Option<Box<Item<'a>>>,
        /// The given names.
        "firstname" firstname: Option<Box<Item<'a>>>,
        /// `MALE` or `FEMALE`.
        "gender" gender: Option<Box<Item<'a>>>,
        /// The family name.
        "lastname" lastname: Option<Box<Item<'a>>>,
        /// The nationality, two letters.
        "nationality" nationality: Option<Box<Item<'a>>>,
        /// The person's national identification number. Known from clients of AutoIdent;
        /// undocumented.
        "personalnumber" personalnumber: Option<Box<Item<'a>>>,
        /// The academic title, if it is part of the name.
        "title" title: Option<Box<Item<'a>>>,
        /// The address.
        "address" address: Address<'a>,
        ..
        /// Members without a field, in their own shapes.
        others: Members,
    }
}

object! {
    /// The person's address (chapter 13.1.4).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Address<'a> {
        /// The street, with the number if the account is configured so.
        "street" street: Option<Box<Item<'a>>>,
        /// The house number.
        "streetnumber" streetnumber: Option<Box<Item<'a>>>,
        /// The postal code.
        "zipcode" zipcode: Option<Box<Item<'a>>>,
        /// The city.
        "city" city: Option<Box<Item<'a>>>,
        /// The country, two letters.
        "country" country: Option<Box<Item<'a>>>,
        ..
        /// Members without a field, in their own shapes.
        others: Members,
    }
}

object! {
    /// The identity document (chapter 13.1.5).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct IdentificationDocument<'a> {
        /// `IDCARD`, `PASSPORT`, `DRIVERS_LICENSE` or `RESIDENCE_TITLE`.
        "type" kind: Option<Box<Item<'a>>>,
        /// The country of issue, two letters.
        "country" country: Option<Box<Item<'a>>>,
        /// The last day of validity, YYYY-MM-DD.
        "validuntil" validuntil: Option<Box<Item<'a>>>,
        /// The document's number.
        "number" number: Option<Box<Item<'a>>>,
        /// The issuing authority.
        "issuedby" issuedby: Option<Box<Item<'a>>>,
        /// The date of issue, YYYY-MM-DD.
        "dateissued" dateissued: Option<Box<Item<'a>>>,
        /// The classes of a driver's licence.
        "driversclasses" driversclasses: Option<Box<Classes<'a>>> as LicenceClasses<'a>,
        ..
        /// Members without a field, in their own shapes.
        others: Members,
    }
}

object! {
    /// The signing, only for eSign accounts. Known from other clients; undocumented.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct ESigning<'a> {
        /// The result of the signing.
        "result" result: Option<Scalar<'a>>,
        /// The signing's id.
        "sessionid" sessionid: Option<Scalar<'a>>,
        ..
        /// Members without a field, in their own shapes.
        others: Members,
    }
}

impl Identification<'_> {
    /// Returns whether the section names its identification. Otherwise it cannot be attributed.
    pub(super) fn is_named(&self) -> bool {
        let process = &self.identificationprocess;
        [&process.transactionnumber, &process.id]
            .into_iter()
            .any(|name| non_empty(name.as_ref()).is_some())
    }
}
