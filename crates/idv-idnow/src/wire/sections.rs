//! The sections of a result (chapter 13.1), in the vendor's own words.

use idv_core::adapter::non_empty;
use idv_core::adapter::wire::{Members, object};

use super::entry::Entries;
use super::item::{Classes, Item, LicenceClasses, Scalar};

object! {
    /// One identification (chapter 13.1).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Identification<'a> {
        /// The result and how it came about.
        "identificationprocess" identificationprocess: IdentificationProcess<'a>,
        /// Texts that were sent along when it was started: `custom1` to `custom5` (chapter 13.1.2).
        "customdata" customdata: Entries<'a>,
        /// The person's contact data (chapter 13.1.3).
        "contactdata" contactdata: ContactData<'a>,
        /// The person (chapter 13.1.4).
        "userdata" userdata: UserData<'a>,
        /// The document (chapter 13.1.5). Missing when the identification was aborted or canceled (chapter 14.5).
        "identificationdocument" identificationdocument: IdentificationDocument<'a>,
        /// File names by key (chapter 13.1.6). Missing when the identification was aborted or canceled.
        "attachments" attachments: Entries<'a>,
        /// Answers by the question's key (chapter 13.1.7).
        "questions" questions: Entries<'a>,
        /// The signing, of eSign accounts only. Known from clients; not in the document.
        "esigning" esigning: Vec<ESigning<'a>>,
        /// The tracking id of the link (chapter 6.1.2), which "will be returned in the trackingid field in the results": the document
        /// does not say in which section, so it is looked for here too.
        "trackingid" trackingid: Option<Scalar<'a>>,
        ..
        /// Members that no field takes, in their own shapes.
        others: Members,
    }
}

object! {
    /// The result of an identification and how it came about (chapter 13.1.1).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct IdentificationProcess<'a> {
        /// The result: a code of chapters 13.1.1 and 14.5, or a newer one.
        "result" result: Option<Scalar<'a>>,
        /// Why it failed (chapter 14.5.3) or which fraud is suspected (chapter 13.1.1); several if the vendor lists several.
        "reason" reason: Vec<Scalar<'a>>,
        /// The agent's name.
        "agentname" agentname: Option<Scalar<'a>>,
        /// When it was finished: ISO 8601, with a zone in every sample.
        "identificationtime" identificationtime: Option<Scalar<'a>>,
        /// The channel that the person used: `WEB` or `APP`.
        "type" channel: Option<Scalar<'a>>,
        /// Our reference for it.
        "transactionnumber" transactionnumber: Option<Scalar<'a>>,
        /// The account.
        "companyid" companyid: Option<Scalar<'a>>,
        /// The vendor's identifier for it, called Ident-ID.
        "id" id: Option<Scalar<'a>>,
        /// The archive's file name.
        "filename" filename: Option<Scalar<'a>>,
        /// The archive's address: a path, although the document says that it is an absolute URL.
        "href" href: Option<Scalar<'a>>,
        /// Whether the agent changed something: `true` or `false`.
        "identchanges" identchanges: Option<Scalar<'a>>,
        /// Whether the reviewer changed something: `true` or `false`.
        "reviewchanges" reviewchanges: Option<Scalar<'a>>,
        /// The preliminary result before this one.
        "previousresult" previousresult: Option<Scalar<'a>>,
        /// The tracking id of the link (chapter 6.1.2).
        "trackingid" trackingid: Option<Scalar<'a>>,
        ..
        /// Members that no field takes, in their own shapes.
        others: Members,
    }
}

object! {
    /// The person's contact data (chapter 13.1.3): as they were submitted, or as the person changed them.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct ContactData<'a> {
        /// The e-mail address.
        "email" email: Option<Box<Item<'a>>>,
        /// The number of the mobile phone.
        "mobilephone" mobilephone: Option<Box<Item<'a>>>,
        ..
        /// Members that no field takes, in their own shapes.
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
        /// The number that a state gives its citizens. Known from clients of AutoIdent; not in the document.
        "personalnumber" personalnumber: Option<Box<Item<'a>>>,
        /// The academic title, if it is part of the name.
        "title" title: Option<Box<Item<'a>>>,
        /// The address.
        "address" address: Address<'a>,
        ..
        /// Members that no field takes, in their own shapes.
        others: Members,
    }
}

object! {
    /// The person's address (chapter 13.1.4).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Address<'a> {
        /// The street; with the number in it if the account is set so.
        "street" street: Option<Box<Item<'a>>>,
        /// The number in the street.
        "streetnumber" streetnumber: Option<Box<Item<'a>>>,
        /// The postal code.
        "zipcode" zipcode: Option<Box<Item<'a>>>,
        /// The city.
        "city" city: Option<Box<Item<'a>>>,
        /// The country, two letters.
        "country" country: Option<Box<Item<'a>>>,
        ..
        /// Members that no field takes, in their own shapes.
        others: Members,
    }
}

object! {
    /// The document that the person showed (chapter 13.1.5).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct IdentificationDocument<'a> {
        /// `IDCARD`, `PASSPORT`, `DRIVERS_LICENSE` or `RESIDENCE_TITLE`.
        "type" kind: Option<Box<Item<'a>>>,
        /// The country that issued it, two letters.
        "country" country: Option<Box<Item<'a>>>,
        /// The last day of its validity, YYYY-MM-DD.
        "validuntil" validuntil: Option<Box<Item<'a>>>,
        /// Its number.
        "number" number: Option<Box<Item<'a>>>,
        /// The authority that issued it.
        "issuedby" issuedby: Option<Box<Item<'a>>>,
        /// The day of its issue, YYYY-MM-DD.
        "dateissued" dateissued: Option<Box<Item<'a>>>,
        /// The classes of a driver's licence.
        "driversclasses" driversclasses: Option<Box<Classes<'a>>> as LicenceClasses<'a>,
        ..
        /// Members that no field takes, in their own shapes.
        others: Members,
    }
}

object! {
    /// The signing, of eSign accounts only. Known from clients; not in the document.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct ESigning<'a> {
        /// The result of the signing.
        "result" result: Option<Scalar<'a>>,
        /// The signing's id.
        "sessionid" sessionid: Option<Scalar<'a>>,
        ..
        /// Members that no field takes, in their own shapes.
        others: Members,
    }
}

impl Identification<'_> {
    /// Whether it says which identification it is about. One that does not cannot be attributed.
    pub(super) fn is_named(&self) -> bool {
        let process = &self.identificationprocess;
        [&process.transactionnumber, &process.id]
            .into_iter()
            .any(|name| non_empty(name.as_ref()).is_some())
    }
}
