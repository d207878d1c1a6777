//! The names of a report's fields, for declaring and demanding them.

use std::fmt;

use serde::Serialize;

use super::Report;

macro_rules! fields {
    ($($variant:ident $path:literal $doc:literal = |$report:ident| $filled:expr;)*) => {
        /// A field that a report can fill. It is written as its path in the JSON of a report.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[non_exhaustive]
        pub enum Field {
            $(#[doc = $doc] #[serde(rename = $path)] $variant,)*
        }

        impl Field {
            /// Every field.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The path in the JSON of a report.
            #[must_use]
            pub const fn path(self) -> &'static str {
                match self { $(Self::$variant => $path),* }
            }

            /// Whether a report fills the field.
            #[must_use]
            pub fn is_filled(self, report: &Report) -> bool {
                match self { $(Self::$variant => { let $report = report; $filled })* }
            }
        }
    };
}

fields! {
    CompletedAt "completed_at" "When the identification was completed." = |r| r.completed_at.is_some();
    Method "method" "How the person was identified." = |r| r.method.is_some();
    Agent "agent" "Who identified the person." = |r| r.agent.is_some();
    GivenNames "person.given_names" "All given names." = |r| r.person.given_names.is_some();
    FamilyName "person.family_name" "The family name." = |r| r.person.family_name.is_some();
    BirthName "person.birth_name" "The family name at birth." = |r| r.person.birth_name.is_some();
    BirthDate "person.birth_date" "The date of birth." = |r| r.person.birth_date.is_some();
    BirthPlace "person.birth_place" "The place of birth." = |r| r.person.birth_place.is_some();
    Nationalities "person.nationalities" "The nationalities." = |r| !r.person.nationalities.is_empty();
    Gender "person.gender" "The gender." = |r| r.person.gender.is_some();
    Title "person.title" "The academic title." = |r| r.person.title.is_some();
    Street "person.address.street" "The street." = |r| r.person.address.street.is_some();
    HouseNumber "person.address.house_number" "The house number." = |r| r.person.address.house_number.is_some();
    PostalCode "person.address.postal_code" "The postal code." = |r| r.person.address.postal_code.is_some();
    City "person.address.city" "The city." = |r| r.person.address.city.is_some();
    AddressCountry "person.address.country" "The country of the address." = |r| r.person.address.country.is_some();
    Email "person.email" "The e-mail address." = |r| r.person.email.is_some();
    Phone "person.phone" "The phone number." = |r| r.person.phone.is_some();
    PersonalNumber "person.personal_number" "The number that a state gives its citizens." = |r| r.person.personal_number.is_some();
    DocumentKind "document.kind" "What kind of document it is." = |r| r.document.kind.is_some();
    DocumentNumber "document.number" "The document's number." = |r| r.document.number.is_some();
    SerialNumber "document.serial_number" "The document's serial number." = |r| r.document.serial_number.is_some();
    IssuingCountry "document.issuing_country" "The country that issued the document." = |r| r.document.issuing_country.is_some();
    Issuer "document.issuer" "The authority that issued the document." = |r| r.document.issuer.is_some();
    IssuedOn "document.issued_on" "When the document was issued." = |r| r.document.issued_on.is_some();
    ExpiresOn "document.expires_on" "Until when the document is valid." = |r| r.document.expires_on.is_some();
    LicenceClasses "document.licence_classes" "The classes of a driving licence." = |r| r.document.licence_classes.is_some();
    Checks "checks" "What was checked." = |r| !r.checks.is_empty();
    Reasons "reasons" "Why it came out as it did." = |r| !r.reasons.is_empty();
    Evidence "evidence" "What can be downloaded." = |r| !r.evidence.is_empty();
    Custom "custom" "What we sent along and got back." = |r| !r.custom.is_empty();
    Answers "answers" "Answers to the account's questions." = |r| !r.answers.is_empty();
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ProviderId;

    #[test]
    fn an_empty_report_fills_nothing() {
        let report = Report::new(ProviderId::new("example"));
        assert!(Field::ALL.iter().all(|field| !field.is_filled(&report)));
    }
}
