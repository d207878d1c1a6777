//! Builds the report of an identification (chapter 3.3).

use idv_core::adapter::{CustomValues, FromVendor, find_word, non_empty, path};
use idv_core::report::{
    Alternative, Attribute, Document, DocumentKind, Field, Method, Person, Source, Verdict,
};
use idv_core::{Pii, Report, Text};

use super::attribute::{Pair, Read, attribute, compare};
use super::custom::{CLASH, SUBMITTED, add_code, add_images, add_texts};
use super::{Flow, PROVIDER, Vendor, images, judgement, time};
use crate::wire::{Code, IdCard, IdentData, IdentResult};

/// The fields that a report of this vendor can fill.
pub const REPORT_FIELDS: &[Field] = &[
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

/// Builds the report of a result, for an identification order.
///
/// - The values are those of `Type` 1, which were checked. Those of `Type` 2, the submitted values,
///   give the verdicts `match`, `changed` and `new`, and the attribute's `submitted`. Without them
///   a checked value is `valid`, because the vendor gives no other verdict; if `Type` is missing,
///   too, the value is `unchecked`. A value that was only submitted is not a value of the person.
/// - Null and blank text mean absence. So does `1970-01-01` in the dates of a document of `Type` 2,
///   as in the sample of chapter 3.3.7; elsewhere it is a date.
/// - The source is the chip if the electronic identity was used, the agent if one identified the
///   person (in a shop, by video, or named), otherwise the vendor. The electronic identity lacks
///   some values; the vendor reads those from a picture.
/// - A suspicion is a failed check with the member's name as its code. So are a document that had
///   expired at the time of the identification, and a document number that differs from the
///   submitted one.
/// - `custom` has the additional values by the order's names, and the values beyond the model by
///   the vendor's path: `UserIp`, `Artistname`, `IDCard.eidRestrictedIdentifier`,
///   `DriverLicence.LicenceNo`, and every unknown member in its own shape. Submitted values have
///   the prefix `InitialData`.
///
/// ```
/// use idv_core::report::Verdict;
/// use idv_identity_tm::normalize;
/// use idv_identity_tm::wire::IdentResult;
///
/// let json = br#"{"Identitfied":"2018-09-05T11:06:21+02:00","IdentData":[
///     {"Type":1,"Firstname":"Erika","Surname":"Mustermann","City":"Berlin"},
///     {"Type":2,"Firstname":"Erika","Surname":"Mustermann","City":"Hamburg"}]}"#;
/// let report = normalize::report(&IdentResult::read(json)?);
/// let city = report.person.address.city.as_ref().expect("a city");
/// assert_eq!(city.value.as_ref().map(|city| city.expose().as_str()), Some("Berlin"));
/// assert_eq!(city.verdict, Verdict::Changed);
/// # Ok::<(), idv_core::Error>(())
/// ```
#[must_use]
pub fn report(result: &IdentResult<'_>) -> Box<Report> {
    report_of(result, Flow::Identification)
}

/// Builds the report of a result, for an order of this flow.
pub(crate) fn report_of(result: &IdentResult<'_>, flow: Flow) -> Box<Report> {
    let data = Data::of(result, flow);
    // A report is large: building it in place avoids moving it.
    let mut report = Box::new(Report::new(PROVIDER));
    report.completed_at = completed_at(result);
    report.method = data.method;
    report.agent = non_empty(result.identifier.as_ref()).map(Pii::from);
    person(&mut report.person, &data);
    document(&mut report.document, &data);
    report.evidence = images(result.images());
    report.checks = judgement::checks(result, &report, data.is_licence_alone());
    report.custom = custom(result, &data).into_values();
    report
}

fn completed_at(result: &IdentResult<'_>) -> Option<idv_core::Timestamp> {
    [&result.identitfied, &result.identified]
        .into_iter()
        .find_map(|text| time(non_empty(text.as_ref())?))
}

/// The related parts of a result, and the sources of its values.
struct Data<'r> {
    entries: &'r [IdentData<'r>],
    checked: Option<&'r IdentData<'r>>,
    initial: Option<&'r IdentData<'r>>,
    alone: Verdict,
    method: Option<Method>,
    /// The source of checked values.
    source: Source,
    /// The source of values that the document's electronic identity lacks, but its picture has.
    printed: Source,
    /// Whether only the phone number was verified.
    phone_only: bool,
}

impl<'r> Data<'r> {
    fn of(result: &'r IdentResult<'_>, flow: Flow) -> Self {
        let entries = result.ident_data.as_deref().unwrap_or_default();
        let number = |entry: &IdentData<'_>| entry.kind.as_ref().and_then(Code::number);
        let marked = |wanted: u32| entries.iter().find(|entry| number(entry) == Some(wanted));
        let unmarked = || {
            entries
                .iter()
                .find(|entry| !entry.is_submitted() && entry.is_about_a_person())
        };
        let (checked, initial) = (marked(1).or_else(unmarked), marked(2));
        let alone = match (initial, checked.and_then(number)) {
            (Some(_), _) => Verdict::New,
            (None, Some(1)) => Verdict::Valid,
            (None, _) => Verdict::Unchecked,
        };
        let word = non_empty(result.identify_method.as_ref());
        let method = word.map_or_else(
            || (result.eid_used == Some(true)).then_some(Method::Eid),
            method,
        );
        let chip = result.eid_used == Some(true)
            || word.is_some_and(|word| word.eq_ignore_ascii_case("eID"));
        let by_machine = matches!(result.ocr_status, Some(Code::Number(1 | 2)));
        let by_agent = matches!(method, Some(Method::Shop | Method::Video))
            || non_empty(result.identifier.as_ref()).is_some();
        let seen = if by_agent && !chip {
            Source::Agent
        } else {
            Source::Vendor
        };
        Self {
            entries,
            checked,
            initial,
            alone,
            method,
            source: if chip { Source::Chip } else { seen },
            printed: if by_machine { Source::Visual } else { seen },
            phone_only: flow == Flow::PhoneVerification,
        }
    }

    fn read<T: FromVendor<Vendor> + PartialEq>(
        &self,
        source: Source,
        part: impl Fn(&'r IdentData<'r>) -> Option<&'r Text<'r>>,
    ) -> Option<Attribute<T>> {
        self.verified(source, part)
            .map(|attribute| self.weakened(attribute))
    }

    fn weakened<T>(&self, mut attribute: Attribute<T>) -> Attribute<T> {
        // Neither the person nor a document was checked: equality with the submitted value proves
        // nothing.
        if self.phone_only && attribute.verdict != Verdict::Original {
            attribute.verdict = Verdict::Unchecked;
        }
        attribute
    }

    /// Reads a value that was verified by a TAN.
    fn verified<T: FromVendor<Vendor> + PartialEq>(
        &self,
        source: Source,
        part: impl Fn(&'r IdentData<'r>) -> Option<&'r Text<'r>>,
    ) -> Option<Attribute<T>> {
        let pair = Pair {
            checked: self.checked.and_then(&part),
            initial: self.initial.and_then(&part),
        };
        attribute(pair, source, self.alone)
    }

    /// Returns whether a licence was checked without an identity document. The licence then is the
    /// document.
    fn is_licence_alone(&self) -> bool {
        self.checked
            .is_some_and(|it| it.id_card.is_empty() && it.driver_licence != Default::default())
    }
}

/// Returns the text of a document's date. The vendor fills missing dates of submitted documents
/// with 1 January 1970 (chapter 3.3.7).
fn date<'r>(entry: &'r IdentData<'r>, text: &'r Option<Text<'r>>) -> Option<&'r Text<'r>> {
    text.as_ref()
        .filter(|text| !entry.is_submitted() || text.expose().trim() != "1970-01-01")
}

/// Returns the method of a word of chapter 3.3.4. The document only names SmartID, which is an
/// electronic identity on a phone.
fn method(word: &str) -> Option<Method> {
    let known = [
        ("Shop", Method::Shop),
        ("Video", Method::Video),
        ("eID", Method::Eid),
        ("Giro", Method::Bank),
        ("AutoID", Method::Auto),
        ("SmartID", Method::Eid),
    ];
    find_word(&known, word)
}

fn person(person: &mut Person, data: &Data<'_>) {
    let source = data.source;
    person.given_names = data.read(source, |it| it.firstname.as_ref());
    person.family_name = data.read(source, |it| it.surname.as_ref());
    person.birth_name = data.read(source, |it| it.birthname.as_ref());
    person.birth_date = data.read(source, |it| it.birthdate.as_ref());
    person.birth_place = data
        .read(source, |it| it.birthplace.as_ref())
        .map(Into::into);
    person
        .nationalities
        .extend(data.read(source, |it| it.nationality.as_ref()));
    // A German chip lacks the gender, and the document does not name its source.
    let gender = if source == Source::Chip {
        Source::Vendor
    } else {
        source
    };
    person.gender = data.read(gender, |it| it.gender.as_ref());
    person.title = data.read(source, |it| it.title.as_ref());
    person.address.street = data.read(source, |it| it.street.as_ref());
    person.address.postal_code = data.read(source, |it| it.zip_code.as_ref());
    person.address.city = data.read(source, |it| it.city.as_ref());
    person.address.country = data.read(source, |it| it.country.as_ref());
    // A TAN verified these values; no document has them.
    person.email = data.verified(Source::Vendor, |it| it.email.as_ref());
    person.phone = data.verified(Source::Vendor, |it| it.mobile.as_ref());
}

fn document(document: &mut Document, data: &Data<'_>) {
    document.licence_classes = data.read(data.printed, |it| it.driver_licence.classes.as_ref());
    if data.is_licence_alone() {
        let kind = |it: Option<&IdentData<'_>>| {
            it.map(|_| (Some(Pii::new(DocumentKind::DrivingLicence)), None))
        };
        document.kind = compare(kind(data.checked), None, data.printed, data.alone)
            .map(|kind| data.weakened(kind));
        document.number = data.read(data.printed, |it| it.driver_licence.licence_no.as_ref());
        document.issued_on = data.read(data.printed, |it| {
            date(it, &it.driver_licence.date_of_issue)
        });
        return;
    }
    document.kind = kind(data);
    document.number = data.read(data.printed, |it| it.id_card.card_no.as_ref());
    document.issuing_country = data.read(data.source, |it| it.id_card.country_of_issue.as_ref());
    document.issuer = data.read(data.printed, |it| it.id_card.place_of_issue.as_ref());
    document.issued_on = data.read(data.printed, |it| date(it, &it.id_card.date_of_issue));
    document.expires_on = data.read(data.source, |it| date(it, &it.id_card.valid_until));
}

/// Returns the kind of the document, by its name and its bits. If several documents were used, the
/// others are alternatives.
fn kind(data: &Data<'_>) -> Option<Attribute<DocumentKind>> {
    let checked = data.checked.map(|it| kinds(&it.id_card));
    let initial = data.initial.map(|it| kinds(&it.id_card));
    let first = |kinds: &Option<(Option<Read<DocumentKind>>, Vec<DocumentKind>)>| {
        kinds.as_ref().and_then(|it| it.0.clone())
    };
    let mut attribute = compare(first(&checked), first(&initial), data.source, data.alone)?;
    let source = attribute.source;
    let others = checked.into_iter().flat_map(|(_, others)| others);
    attribute
        .alternatives
        .extend(others.map(|kind| Alternative::new(source, Some(Pii::new(kind)), None)));
    Some(data.weakened(attribute))
}

/// The bits of `extDocumentType` (chapter 3.3.4). A driver's licence is last: beside another
/// document it is the additional one.
const BITS: [(u32, DocumentKind); 5] = [
    (1, DocumentKind::IdCard),
    (2, DocumentKind::Passport),
    (4, DocumentKind::ResidencePermit),
    // The German eID card for EU citizens identifies only by its chip, so it is not an identity
    // card.
    (16, DocumentKind::Other),
    (8, DocumentKind::DrivingLicence),
];

/// Returns the kind of the used document, and the kinds of the others.
fn kinds(card: &IdCard<'_>) -> (Option<Read<DocumentKind>>, Vec<DocumentKind>) {
    let word = non_empty(card.kind.as_ref());
    let named = [
        ("IDCard", DocumentKind::IdCard),
        ("Passport", DocumentKind::Passport),
    ];
    let named = word.and_then(|word| find_word(&named, word));
    let number = card.ext_document_type.as_ref().map(ToString::to_string);
    let bits = card.ext_document_type.as_ref().and_then(Code::number);
    let mut by_bits: Vec<_> = BITS
        .iter()
        .filter(|(bit, _)| bits.unwrap_or(0) & bit != 0)
        .map(|(_, kind)| *kind)
        .collect();
    let Some(raw) = word.map(str::to_owned).or(number) else {
        return (None, Vec::new());
    };
    // The name and the bits are unknown: a document of the order's own, or a newer one.
    let kind = named
        .or(by_bits.first().copied())
        .unwrap_or(DocumentKind::Other);
    by_bits.retain(|other| *other != kind);
    (Some((Some(Pii::new(kind)), Some(Pii::new(raw)))), by_bits)
}

/// The members of the document that `custom` has under their own names. An additional value of the
/// same name keeps its parent's name.
const RESERVED: &[&str] = &[
    "Artistname",
    "Executed",
    "FraudAttempt",
    "IdentData",
    "Identified",
    "IdentifyMethod",
    "Identitfied",
    "OcrStatus",
    "SecurityCheckFailed",
    "Status",
    "UserIp",
    "eIdUsed",
];

/// Collects the values beyond the model.
fn custom(result: &IdentResult<'_>, data: &Data<'_>) -> CustomValues {
    let mut custom = CustomValues::new(CLASH);
    root(&mut custom, result);
    if let Some(checked) = data.checked {
        let kind = checked
            .kind
            .as_ref()
            .filter(|kind| kind.number() != Some(1));
        add_code(&mut custom, "IdentData", "Type", kind);
        entry(&mut custom, "", checked, data);
    }
    if let Some(initial) = data.initial {
        let mut submitted = CustomValues::new(CLASH);
        entry(&mut submitted, SUBMITTED, initial, data);
        // If the checked value equals the submitted one, it is stored once.
        for (name, value) in submitted.into_values() {
            let checked = name
                .strip_prefix(SUBMITTED)
                .and_then(|name| custom.get(name.strip_prefix('.')?));
            if checked != Some(value.expose()) {
                custom.add_filled(name, value.into_exposed());
            }
        }
    }
    for (index, other) in data.entries.iter().enumerate() {
        let is_taken = [data.checked, data.initial]
            .into_iter()
            .flatten()
            .any(|taken| std::ptr::eq(taken, other));
        if !is_taken {
            whole(&mut custom, &path("IdentData", &index.to_string()), other);
        }
    }
    add_images(&mut custom, "Images", result.images());
    custom
}

/// Collects the members of a result's root.
fn root(custom: &mut CustomValues, result: &IdentResult<'_>) {
    custom.text("", "UserIp", result.user_ip.as_ref());
    add_code(custom, "", "OcrStatus", result.ocr_status.as_ref());
    if let Some(used) = result.eid_used {
        custom.add("eIdUsed", used.into());
    }
    // False only means that no agent flagged the person, which is not a passed check.
    if result.fraud_attempt == Some(false) {
        custom.add("FraudAttempt", false.into());
    }
    // The word, if it does not determine a method.
    let word = result.identify_method.as_ref();
    let is_said = |word: &str| method(word).is_some() && !word.eq_ignore_ascii_case("SmartID");
    custom.text(
        "",
        "IdentifyMethod",
        word.filter(|word| !is_said(word.expose().trim())),
    );
    let known = completed_at(result);
    for (name, text) in [
        ("Identitfied", &result.identitfied),
        ("Identified", &result.identified),
    ] {
        let is_known = known.is_some() && non_empty(text.as_ref()).and_then(time) == known;
        custom.text("", name, text.as_ref().filter(|_| !is_known));
    }
    custom.members("", &result.others);
}

/// Collects the checked or submitted values that the report lacks.
fn entry(custom: &mut CustomValues, parent: &str, entry: &IdentData<'_>, data: &Data<'_>) {
    custom.text(parent, "Artistname", entry.artistname.as_ref());
    let card = path(parent, "IDCard");
    if data.is_licence_alone() {
        add_texts(custom, &card, entry.id_card.texts());
        add_code(
            custom,
            &card,
            "extDocumentType",
            entry.id_card.ext_document_type.as_ref(),
        );
    } else {
        custom.text(
            &card,
            "eidRestrictedIdentifier",
            entry.id_card.eid_restricted_identifier.as_ref(),
        );
        // Beside a name, the document's kind does not imply its bits.
        let named = non_empty(entry.id_card.kind.as_ref()).is_some();
        add_code(
            custom,
            &card,
            "extDocumentType",
            entry.id_card.ext_document_type.as_ref().filter(|_| named),
        );
        let licence = path(parent, "DriverLicence");
        custom.text(
            &licence,
            "LicenceNo",
            entry.driver_licence.licence_no.as_ref(),
        );
        custom.text(
            &licence,
            "DateOfIssue",
            date(entry, &entry.driver_licence.date_of_issue),
        );
    }
    unknown(custom, parent, entry);
    for (name, value) in entry.additional.iter() {
        let is_taken = RESERVED.contains(&name) || custom.get(&path(parent, name)).is_some();
        let parent = if is_taken {
            path(parent, "Additional")
        } else {
            parent.into()
        };
        custom.add_filled(path(&parent, name), value.expose().clone());
    }
}

/// Collects all of an entry that is neither checked nor submitted.
fn whole(custom: &mut CustomValues, parent: &str, entry: &IdentData<'_>) {
    add_code(custom, parent, "Type", entry.kind.as_ref());
    add_texts(custom, parent, entry.texts());
    add_texts(custom, &path(parent, "IDCard"), entry.id_card.texts());
    add_code(
        custom,
        &path(parent, "IDCard"),
        "extDocumentType",
        entry.id_card.ext_document_type.as_ref(),
    );
    add_texts(
        custom,
        &path(parent, "DriverLicence"),
        entry.driver_licence.texts(),
    );
    unknown(custom, parent, entry);
    custom.members(&path(parent, "Additional"), &entry.additional);
}

fn unknown(custom: &mut CustomValues, parent: &str, entry: &IdentData<'_>) {
    custom.members(parent, &entry.others);
    custom.members(&path(parent, "IDCard"), &entry.id_card.others);
    custom.members(&path(parent, "DriverLicence"), &entry.driver_licence.others);
}
