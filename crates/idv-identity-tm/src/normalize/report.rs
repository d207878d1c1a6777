//! The report of an identification (chapter 3.3).

use std::collections::BTreeMap;

use idv_core::report::{
    Alternative, Attribute, Check, CheckKind, CheckResult, Document, DocumentKind, Field, Method, Person, Source, Verdict,
};
use idv_core::{Pii, Report, Text};

use super::attribute::{Pair, Read, Word, attribute, compare};
use super::{PROVIDER, filled, images, time};
use crate::wire::{Code, IdCard, IdentData, IdentResult};

/// The fields that a report of this vendor can ever fill.
pub const REPORT_FIELDS: &[Field] = &[
    Field::CompletedAt,
    Field::Method,
    Field::Agent,
    Field::GivenNames,
    Field::FamilyName,
    Field::BirthName,
    Field::BirthDate,
    Field::BirthPlace,
    Field::Nationality,
    Field::Gender,
    Field::Title,
    Field::Street,
    Field::PostalCode,
    Field::City,
    Field::AddressCountry,
    Field::Email,
    Field::Phone,
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
];

/// What a result says of the person.
///
/// - The values are those of `Type` 1, which were checked. Those of `Type` 2, where the vendor repeats what had been submitted, give
///   the verdicts `match`, `changed` and `new`, and `submitted`. Without them what was checked is `valid`: `Type` 1 is all that the
///   vendor says of it; where it does not say even that, it is `unchecked`. What was submitted alone is no value.
/// - `1970-01-01`, null, the empty text and `N/A` are absence, wherever they stand: the vendor fills missing dates so. Of a person
///   who was born on that day, the date of birth is missing.
/// - The source is the chip where the electronic identity was used, the agent where one identified the person (in a shop, by video, or
///   named), else the vendor. What the electronic identity does not carry was read from a picture, if by a machine.
/// - `custom` has what was asked for in addition, by the names that the order gave it, and what the model has no place for, by the
///   vendor's path: `UserIp`, `Artistname`, `IDCard.eidRestrictedIdentifier`, `DriverLicence.LicenceNo` and
///   `DriverLicence.DateOfIssue`.
#[must_use]
pub fn report(result: &IdentResult<'_>) -> Box<Report> {
    let data = Data::of(result);
    // A report is long: it is made where it stays.
    let mut report = Box::new(Report::new(PROVIDER));
    let identified = [&result.identitfied, &result.identified].into_iter().find_map(|text| time(filled(text.as_ref())?));
    report.completed_at = identified;
    report.method = data.method;
    report.agent = filled(result.identifier.as_ref()).map(Pii::from);
    person(&mut report.person, &data);
    document(&mut report.document, &data);
    report.checks = checks(result);
    report.evidence = images(result.images());
    report.custom = custom(result, &data);
    report
}

/// The parts of a result that go together, and where its values come from.
struct Data<'r> {
    checked: Option<&'r IdentData<'r>>,
    initial: Option<&'r IdentData<'r>>,
    alone: Verdict,
    method: Option<Method>,
    /// Of what was checked.
    source: Source,
    /// Of what the electronic identity of a document does not carry, but a picture of it does.
    printed: Source,
}

impl<'r> Data<'r> {
    fn of(result: &'r IdentResult<'_>) -> Self {
        let entries = || result.ident_data.iter().flatten();
        let number = |entry: &IdentData<'_>| entry.kind.as_ref().and_then(Code::number);
        let marked = |wanted: u32| entries().find(|entry| number(entry) == Some(wanted));
        let unmarked = || entries().find(|entry| number(entry) != Some(2) && **entry != IdentData::default());
        let (checked, initial) = (marked(1).or_else(unmarked), marked(2));
        let alone = match (initial, checked.and_then(number)) {
            (Some(_), _) => Verdict::New,
            (None, Some(1)) => Verdict::Valid,
            (None, _) => Verdict::Unchecked,
        };
        let word = filled(result.identify_method.as_ref());
        let method = word.map_or_else(|| (result.eid_used == Some(true)).then_some(Method::Eid), method);
        let chip = result.eid_used == Some(true) || word.is_some_and(|word| word.eq_ignore_ascii_case("eID"));
        let by_machine = matches!(result.ocr_status, Some(Code::Number(1 | 2)));
        let by_agent = matches!(method, Some(Method::Shop | Method::Video)) || filled(result.identifier.as_ref()).is_some();
        let seen = if by_agent && !chip { Source::Agent } else { Source::Vendor };
        Self {
            checked,
            initial,
            alone,
            method,
            source: if chip { Source::Chip } else { seen },
            printed: if by_machine { Source::Visual } else { seen },
        }
    }

    fn read<T: Word>(&self, source: Source, part: impl Fn(&'r IdentData<'r>) -> Option<&'r Text<'r>>) -> Option<Attribute<T>> {
        let pair = Pair { checked: self.checked.and_then(&part), initial: self.initial.and_then(&part) };
        attribute(pair, source, self.alone)
    }
}

/// The methods of chapter 3.3.4. Of SmartID the document says nothing but the name, which is that of electronic identities on a
/// telephone.
fn method(word: &str) -> Option<Method> {
    let known = [
        ("Shop", Method::Shop),
        ("Video", Method::Video),
        ("eID", Method::Eid),
        ("Giro", Method::Bank),
        ("AutoID", Method::Auto),
        ("SmartID", Method::Eid),
    ];
    known.into_iter().find_map(|(known, method)| word.eq_ignore_ascii_case(known).then_some(method))
}

fn person(person: &mut Person, data: &Data<'_>) {
    let source = data.source;
    person.given_names = data.read(source, |it| it.firstname.as_ref());
    person.family_name = data.read(source, |it| it.surname.as_ref());
    person.birth_name = data.read(source, |it| it.birthname.as_ref());
    person.birth_date = data.read(source, |it| it.birthdate.as_ref());
    person.birth_place = data.read(source, |it| it.birthplace.as_ref());
    person.nationality = data.read(source, |it| it.nationality.as_ref());
    // A German chip does not carry it; whose it then is the vendor does not say.
    let gender = if source == Source::Chip { Source::Vendor } else { source };
    person.gender = data.read(gender, |it| it.gender.as_ref());
    person.title = data.read(source, |it| it.title.as_ref());
    person.address.street = data.read(source, |it| it.street.as_ref());
    person.address.postal_code = data.read(source, |it| it.zip_code.as_ref());
    person.address.city = data.read(source, |it| it.city.as_ref());
    person.address.country = data.read(source, |it| it.country.as_ref());
    // They were verified by a TAN, and stand on no document.
    person.email = data.read(Source::Vendor, |it| it.email.as_ref());
    person.phone = data.read(Source::Vendor, |it| it.mobile.as_ref());
}

fn document(document: &mut Document, data: &Data<'_>) {
    document.licence_classes = data.read(data.printed, |it| it.driver_licence.classes.as_ref());
    // Where a licence was checked without a document, the licence is the document.
    if data.is_licence_alone() {
        let kind = |it: Option<&IdentData<'_>>| it.map(|_| (Some(DocumentKind::DrivingLicence), None));
        document.kind = compare(kind(data.checked), None, data.printed, data.alone);
        document.number = data.read(data.printed, |it| it.driver_licence.licence_no.as_ref());
        document.issued_on = data.read(data.printed, |it| it.driver_licence.date_of_issue.as_ref());
        return;
    }
    document.kind = kind(data);
    document.number = data.read(data.printed, |it| it.id_card.card_no.as_ref());
    document.issuing_country = data.read(data.source, |it| it.id_card.country_of_issue.as_ref());
    document.issuer = data.read(data.printed, |it| it.id_card.place_of_issue.as_ref());
    document.issued_on = data.read(data.printed, |it| it.id_card.date_of_issue.as_ref());
    document.expires_on = data.read(data.source, |it| it.id_card.valid_until.as_ref());
}

impl Data<'_> {
    fn is_licence_alone(&self) -> bool {
        self.checked.is_some_and(|it| it.id_card.is_empty() && it.driver_licence != Default::default())
    }
}

/// What kind of document it is: by its name and by its bits. Where several were used, the others are alternatives.
fn kind(data: &Data<'_>) -> Option<Attribute<DocumentKind>> {
    let checked = data.checked.map(|it| kinds(&it.id_card));
    let initial = data.initial.map(|it| kinds(&it.id_card));
    let first = |kinds: &Option<(Option<Read<DocumentKind>>, Vec<DocumentKind>)>| kinds.as_ref().and_then(|it| it.0.clone());
    let mut attribute = compare(first(&checked), first(&initial), data.source, data.alone)?;
    let source = attribute.source;
    let others = checked.into_iter().flat_map(|(_, others)| others);
    attribute.alternatives.extend(others.map(|kind| Alternative::new(source, Some(Pii::new(kind)), None)));
    Some(attribute)
}

/// The bits of `extDocumentType` (chapter 3.3.4). A driver's licence comes last: with another document it is the additional one.
const BITS: [(u32, DocumentKind); 5] = [
    (1, DocumentKind::IdCard),
    (2, DocumentKind::Passport),
    (4, DocumentKind::ResidencePermit),
    // The German eID card for citizens of the EU identifies by its chip only: it is no identity card.
    (16, DocumentKind::Other),
    (8, DocumentKind::DrivingLicence),
];

/// The document that was used, and the others that were.
fn kinds(card: &IdCard<'_>) -> (Option<Read<DocumentKind>>, Vec<DocumentKind>) {
    let word = filled(card.kind.as_ref());
    let named = word.and_then(|word| match word {
        _ if word.eq_ignore_ascii_case("IDCard") => Some(DocumentKind::IdCard),
        _ if word.eq_ignore_ascii_case("Passport") => Some(DocumentKind::Passport),
        _ => None,
    });
    let number = card.ext_document_type.as_ref().map(ToString::to_string);
    let bits = card.ext_document_type.as_ref().and_then(Code::number);
    let mut by_bits: Vec<_> = BITS.iter().filter(|(bit, _)| bits.unwrap_or(0) & bit != 0).map(|(_, kind)| *kind).collect();
    let kind = match (named, by_bits.first(), bits, word) {
        (Some(named), ..) => named,
        (None, Some(first), ..) => *first,
        // No bit that is known: a document of the order's own.
        (None, None, Some(_), _) | (None, None, None, Some(_)) => DocumentKind::Other,
        (None, None, None, None) => return (number.map(|number| (None, Some(number))), Vec::new()),
    };
    by_bits.retain(|other| *other != kind);
    (Some((Some(kind), word.map(str::to_owned).or(number))), by_bits)
}

fn checks(result: &IdentResult<'_>) -> Vec<Check> {
    let found = [("FraudAttempt", result.fraud_attempt), ("SecurityCheckFailed", result.security_check_failed)];
    let check = |(code, failed): (&str, Option<bool>)| {
        let result = if failed? { CheckResult::Failed } else { CheckResult::Passed };
        Some(Check::new(CheckKind::Fraud, result).with_code(code))
    };
    found.into_iter().filter_map(check).collect()
}

/// What was asked for in addition, and what the model has no place for.
fn custom(result: &IdentResult<'_>, data: &Data<'_>) -> BTreeMap<String, Pii<String>> {
    let mut custom = BTreeMap::new();
    // What was checked replaces what had been submitted.
    let details = data.initial.into_iter().chain(data.checked).flat_map(|it| &it.additional.details);
    for (name, value) in details {
        if let (Some(name), Some(value)) = (filled(Some(name)), filled(Some(value))) {
            custom.insert(name.to_owned(), Pii::from(value));
        }
    }
    let mut keep = |name: &str, text: Option<&Text<'_>>| {
        if let Some(text) = filled(text) {
            custom.entry(name.to_owned()).or_insert_with(|| Pii::from(text));
        }
    };
    keep("UserIp", result.user_ip.as_ref());
    if let Some(checked) = data.checked {
        keep("Artistname", checked.artistname.as_ref());
        keep("IDCard.eidRestrictedIdentifier", checked.id_card.eid_restricted_identifier.as_ref());
        if !data.is_licence_alone() {
            keep("DriverLicence.LicenceNo", checked.driver_licence.licence_no.as_ref());
            let issued = checked.driver_licence.date_of_issue.as_ref();
            keep("DriverLicence.DateOfIssue", issued.filter(|date| !idv_core::PartialDate::is_nothing(date.expose().trim())));
        }
    }
    custom
}
