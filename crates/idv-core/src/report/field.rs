//! The names of a report's fields, to declare and to require them.

use std::fmt;

use serde::Serialize;

use super::Report;

macro_rules! fields {
    ($($variant:ident $path:literal $doc:literal = |$report:ident| $filled:expr;)*) => {
        /// A field that a report can contain, named by its path in the JSON of a report.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[non_exhaustive]
        pub enum Field {
            $(#[doc = $doc] #[serde(rename = $path)] $variant,)*
        }

        impl Field {
            /// Every field.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the path in the JSON of a report.
            #[must_use]
            pub const fn path(self) -> &'static str {
                match self { $(Self::$variant => $path),* }
            }

            /// Returns whether a report contains the field.
            #[must_use]
            pub fn is_filled(self, report: &Report) -> bool {
                match self { $(Self::$variant => { let $report = report; $filled })* }
            }
        }
    };
}

fields! {
    CompletedAt "completed_at" "The time at which the identification was completed." = |r| r.completed_at.is_some();
    Method "method" "The method of identification." = |r| r.method.is_some();
    Agent "agent" "The agent who identified the person." = |r| r.agent.is_some();
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
    PersonalNumber "person.personal_number" "A personal number assigned by a state." = |r| r.person.personal_number.is_some();
    DocumentKind "document.kind" "The kind of the document." = |r| r.document.kind.is_some();
    DocumentNumber "document.number" "The document's number." = |r| r.document.number.is_some();
    SerialNumber "document.serial_number" "The document's serial number." = |r| r.document.serial_number.is_some();
    IssuingCountry "document.issuing_country" "The country that issued the document." = |r| r.document.issuing_country.is_some();
    Issuer "document.issuer" "The authority that issued the document." = |r| r.document.issuer.is_some();
    IssuedOn "document.issued_on" "The date of issue." = |r| r.document.issued_on.is_some();
    ExpiresOn "document.expires_on" "The date of expiry." = |r| r.document.expires_on.is_some();
    LicenceClasses "document.licence_classes" "The classes of a driving licence." = |r| r.document.licence_classes.is_some();
    Checks "checks" "The checks." = |r| !r.checks.is_empty();
    Reasons "reasons" "The reasons for the outcome." = |r| !r.reasons.is_empty();
    Evidence "evidence" "The evidence that can be downloaded." = |r| !r.evidence.is_empty();
    Custom "custom" "Custom data, and further data of the vendor." = |r| !r.custom.is_empty();
    Answers "answers" "Answers to questions that the account has configured." = |r| !r.answers.is_empty();
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
    fn empty_report_contains_no_field() {
        let report = Report::new(ProviderId::new("example"));
        assert!(Field::ALL.iter().all(|field| !field.is_filled(&report)));
    }
}
