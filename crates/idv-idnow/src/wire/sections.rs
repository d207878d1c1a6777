//! The sections of a result (chapter 13.1), in the vendor's own words.

use std::borrow::Cow;

use idv_core::Text;
use idv_core::adapter::wire::Members;

use super::item::{Classes, Entry, Item};
use super::place::{Node, Place, Seen, Slot};

macro_rules! section {
    ($(#[$doc:meta])* $section:ident { $($(#[$part_doc:meta])* $name:literal $field:ident: $kind:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $section<'a> {
            $($(#[$part_doc])* pub $field: section!(@type $kind),)*
            /// Parts that no field can hold, in their own shapes.
            pub others: Members,
        }

        impl<'a> Node<'a> for $section<'a> {
            fn place(&mut self, name: &str) -> Place<'_, 'a> {
                match name {
                    $($name => Place {
                        name: Cow::Borrowed($name),
                        slot: section!(@slot $kind &mut self.$field),
                        others: &mut self.others,
                    },)*
                    _ => Place { name: Cow::Owned(name.to_owned()), slot: Slot::Unknown, others: &mut self.others },
                }
            }

            fn clear(&mut self) {
                *self = Self::default();
            }

            fn visit<'s>(&'s self, visitor: &mut dyn FnMut(&'static str, Seen<'s, 'a>)) {
                $(section!(@visit $kind visitor $name self.$field);)*
            }

            fn others(&self) -> &Members {
                &self.others
            }
        }
    };
    (@type Text) => { Option<Text<'a>> };
    (@type Words) => { Vec<Text<'a>> };
    (@type Item) => { Option<Box<Item<'a>>> };
    (@type Classes) => { Option<Box<Classes<'a>>> };
    (@type ClassList) => { ClassList<'a> };
    (@type Entries) => { Vec<Entry<'a>> };
    (@type Signings) => { Vec<ESigning<'a>> };
    (@type $section:ident) => { $section<'a> };
    (@slot Text $place:expr) => { Slot::Text($place) };
    (@slot Words $place:expr) => { Slot::Words($place) };
    (@slot Item $place:expr) => { Slot::Item($place) };
    (@slot Classes $place:expr) => { Slot::Classes($place) };
    (@slot ClassList $place:expr) => { Slot::ClassList($place) };
    (@slot Entries $place:expr) => { Slot::Entries($place) };
    (@slot Signings $place:expr) => { Slot::Signings($place) };
    (@slot $section:ident $place:expr) => { Slot::Section($place) };
    (@visit Text $visitor:ident $name:literal $field:expr) => {
        if let Some(text) = &$field {
            $visitor($name, Seen::Text(text));
        }
    };
    (@visit Words $visitor:ident $name:literal $field:expr) => {};
    (@visit ClassList $visitor:ident $name:literal $field:expr) => {};
    (@visit Item $visitor:ident $name:literal $field:expr) => {
        if let Some(item) = &$field {
            $visitor($name, Seen::Item(&**item));
        }
    };
    (@visit Classes $visitor:ident $name:literal $field:expr) => {
        if let Some(classes) = &$field {
            $visitor($name, Seen::Item(&**classes));
        }
    };
    (@visit Entries $visitor:ident $name:literal $field:expr) => {
        $visitor($name, Seen::Entries(&$field));
    };
    (@visit Signings $visitor:ident $name:literal $field:expr) => {
        $visitor($name, Seen::Signings(&$field));
    };
    (@visit $section:ident $visitor:ident $name:literal $field:expr) => {
        $visitor($name, Seen::Section(&$field));
    };
}

pub(super) use section;

section! {
    /// One identification (chapter 13.1).
    Identification {
        /// The result and how it came about.
        "identificationprocess" identificationprocess: IdentificationProcess,
        /// Texts that were sent along when it was started: `custom1` to `custom5` (chapter 13.1.2).
        "customdata" customdata: Entries,
        /// The person's contact data (chapter 13.1.3).
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
        "esigning" esigning: Signings,
        /// The tracking id of the link (chapter 6.1.2), which "will be returned in the trackingid field in the results": the document
        /// does not say in which section, so it is looked for here too.
        "trackingid" trackingid: Text,
    }
}

section! {
    /// The result of an identification and how it came about (chapter 13.1.1).
    IdentificationProcess {
        /// The result: a code of chapters 13.1.1 and 14.5, or a newer one.
        "result" result: Text,
        /// Why it failed (chapter 14.5.3) or which fraud is suspected (chapter 13.1.1); several if the vendor lists several.
        "reason" reason: Words,
        /// The agent's name.
        "agentname" agentname: Text,
        /// When it was finished: ISO 8601, with a zone in every sample.
        "identificationtime" identificationtime: Text,
        /// The channel that the person used: `WEB` or `APP`.
        "type" channel: Text,
        /// Our reference for it.
        "transactionnumber" transactionnumber: Text,
        /// The account.
        "companyid" companyid: Text,
        /// The vendor's identifier for it, called Ident-ID.
        "id" id: Text,
        /// The archive's file name.
        "filename" filename: Text,
        /// The archive's address: a path, although the document says that it is an absolute URL.
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
    /// The person's contact data (chapter 13.1.3): as they were submitted, or as the person changed them.
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
        /// The number that a state gives its citizens. Known from clients of AutoIdent; not in the document.
        "personalnumber" personalnumber: Item,
        /// The academic title, if it is part of the name.
        "title" title: Item,
        /// The address.
        "address" address: Address,
    }
}

section! {
    /// The person's address (chapter 13.1.4).
    Address {
        /// The street; with the number in it if the account is set so.
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
        /// The last day of its validity, YYYY-MM-DD.
        "validuntil" validuntil: Item,
        /// Its number.
        "number" number: Item,
        /// The authority that issued it.
        "issuedby" issuedby: Item,
        /// The day of its issue, YYYY-MM-DD.
        "dateissued" dateissued: Item,
        /// The classes of a driver's licence.
        "driversclasses" driversclasses: Classes,
    }
}

section! {
    /// The signing, of eSign accounts only. Known from clients; not in the document.
    ESigning {
        /// The result of the signing.
        "result" result: Text,
        /// The signing's id.
        "sessionid" sessionid: Text,
    }
}

impl Identification<'_> {
    /// Whether it says which identification it is about. One that does not cannot be attributed.
    pub(super) fn is_named(&self) -> bool {
        let process = &self.identificationprocess;
        [&process.transactionnumber, &process.id].into_iter().flatten().any(|name| !name.expose().trim().is_empty())
    }
}
