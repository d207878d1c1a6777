//! Builds the report of an identification (chapter 13.1).

use idv_core::adapter::wire::Members;
use idv_core::adapter::{FromVendor, non_empty};
use idv_core::report::{Address, Attribute, Document, Field, Person, Source};
use idv_core::{Pii, Report, Timestamp, VendorId};

use super::attachments;
use super::attribute::{self, Vendor};
use super::custom::Named;
use super::judgement::Judgement;
use crate::Idnow;
use crate::wire::{self, Identification, Item};

/// The fields that a report of this vendor can fill (chapter 13.1).
pub(crate) const REPORT_FIELDS: &[Field] = &[
    Field::CompletedAt,
    Field::Method,
    Field::Agent,
    Field::GivenNames,
    Field::FamilyName,
    Field::BirthName,
    Field::BirthDate,
    Field::BirthPlace,
    Field::Nationalities,
    Field::Gender,
    Field::Title,
    Field::Street,
    Field::HouseNumber,
    Field::PostalCode,
    Field::City,
    Field::AddressCountry,
    Field::Email,
    Field::Phone,
    Field::PersonalNumber,
    Field::DocumentKind,
    Field::DocumentNumber,
    Field::IssuingCountry,
    Field::Issuer,
    Field::IssuedOn,
    Field::ExpiresOn,
    Field::LicenceClasses,
    Field::Checks,
    Field::Reasons,
    Field::Evidence,
    Field::Custom,
    Field::Answers,
];

/// Builds the report of an identification. `beside` are the members beside it in its payload.
pub(super) fn report(
    identification: &Identification<'_>,
    judgement: Judgement,
    at: Option<Timestamp>,
    beside: &Members,
) -> Box<Report> {
    let process = &identification.identificationprocess;
    // A report is large: building it in place avoids moving it.
    let mut report = Box::new(Report::new(Idnow::ID));
    report.reference = non_empty(process.transactionnumber.as_ref()).map(str::to_owned);
    report.vendor_id = non_empty(process.id.as_ref()).map(VendorId::new);
    report.completed_at = at;
    report.method = attachments::method(&identification.attachments);
    report.agent = non_empty(process.agentname.as_ref()).map(Pii::from);
    // If an agent identified the person, the values are the agent's; otherwise the vendor does not
    // name their source.
    let source = if report.agent.is_some() {
        Source::Agent
    } else {
        Source::Vendor
    };
    report.checks = judgement.checks;
    report.reasons = judgement.reasons;
    report.evidence = attachments::evidence(&identification.attachments);
    let mut fields = Fields {
        source,
        named: Named::new(),
    };
    fields.named.add_tracking_id(identification);
    fields.person(&mut report.person, identification);
    fields.document(&mut report.document, &identification.identificationdocument);
    fields.named.add_sections(identification);
    fields.named.custom.members("", beside);
    report.custom = fields.named.custom.into_values();
    report.answers = fields.named.answers;
    report
}

/// Fills the fields of a report, and collects all values without a field.
struct Fields {
    source: Source,
    named: Named,
}

impl Fields {
    /// Fills the person (chapters 13.1.3 and 13.1.4).
    fn person(&mut self, person: &mut Person, identification: &Identification<'_>) {
        let user = &identification.userdata;
        person.given_names = self.read("userdata.firstname", user.firstname.as_deref());
        person.family_name = self.read("userdata.lastname", user.lastname.as_deref());
        person.birth_name = self.read("userdata.birthname", user.birthname.as_deref());
        person.birth_date = self.read("userdata.birthday", user.birthday.as_deref());
        person.birth_place = self
            .read("userdata.birthplace", user.birthplace.as_deref())
            .map(Into::into);
        person
            .nationalities
            .extend(self.read("userdata.nationality", user.nationality.as_deref()));
        person.gender = self.read("userdata.gender", user.gender.as_deref());
        person.title = self.read("userdata.title", user.title.as_deref());
        person.personal_number = self
            .read("userdata.personalnumber", user.personalnumber.as_deref())
            .map(Into::into);
        self.address(&mut person.address, &user.address);
        // The application or the person submitted it; the vendor does not check it.
        let source = std::mem::replace(&mut self.source, Source::Submitted);
        person.email = self.read(
            "contactdata.email",
            identification.contactdata.email.as_deref(),
        );
        person.phone = self.read(
            "contactdata.mobilephone",
            identification.contactdata.mobilephone.as_deref(),
        );
        self.source = source;
    }

    /// Fills the address (chapter 13.1.4). Some accounts have the number in the street; it stays
    /// there.
    fn address(&mut self, address: &mut Address, wire: &wire::Address<'_>) {
        address.street = self.read("userdata.address.street", wire.street.as_deref());
        address.house_number = self.read(
            "userdata.address.streetnumber",
            wire.streetnumber.as_deref(),
        );
        address.postal_code = self.read("userdata.address.zipcode", wire.zipcode.as_deref());
        address.city = self.read("userdata.address.city", wire.city.as_deref());
        address.country = self.read("userdata.address.country", wire.country.as_deref());
    }

    /// Fills the document (chapter 13.1.5).
    fn document(&mut self, document: &mut Document, wire: &wire::IdentificationDocument<'_>) {
        if let Some(kind) = &wire.kind {
            self.named.item("identificationdocument.type", kind);
            document.kind = attribute::document_kind(kind, self.source);
        }
        document.number = self.read("identificationdocument.number", wire.number.as_deref());
        document.issuing_country =
            self.read("identificationdocument.country", wire.country.as_deref());
        document.issuer = self.read("identificationdocument.issuedby", wire.issuedby.as_deref());
        document.issued_on = self.read(
            "identificationdocument.dateissued",
            wire.dateissued.as_deref(),
        );
        document.expires_on = self.read(
            "identificationdocument.validuntil",
            wire.validuntil.as_deref(),
        );
        if let Some(classes) = &wire.driversclasses {
            self.named
                .classes("identificationdocument.driversclasses", classes);
            document.licence_classes = attribute::classes(classes, self.source);
        }
    }

    /// Reads the item at a path.
    fn read<T: FromVendor<Vendor>>(
        &mut self,
        path: &str,
        item: Option<&Item<'_>>,
    ) -> Option<Attribute<T>> {
        let item = item?;
        self.named.item(path, item);
        attribute::attribute(item, self.source)
    }
}
