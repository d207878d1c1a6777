//! The table of putOrder's request (3.1.4), row by row.

use super::check::Is::{
    Address, AnyText, Base64, Boolean, Country, Date, Email, Gender, Integer, Jpeg, Language, Many,
    Named, Number, Object, OneOrMany, Page, Phone, Sms, Text, TextByLanguage, Texts,
    TextsOrObjects, WebAddress,
};
use super::check::{Row, may, must};

/// `[ROOT]`.
pub(crate) const ROOT: &[Row] = &[
    may("Ref", Text(100)),
    must("Product", Integer),
    must("Add", Integer),
    may("Lang", Language),
    may("eIDSettings", Object(EID_SETTINGS)),
    may("getTargetLink", Boolean),
    may("getVideoHashes", Boolean),
    may("getDeepLink", Boolean),
    // The changelog of 2.10g contains it, the table does not; the second spelling is the
    // document's.
    may("getAutoIdLink", Boolean),
    may("getAutoldLink", Boolean),
    may(
        "RedirectURL",
        Object(&[may("Success", Address(150)), may("Abort", Address(150))]),
    ),
    may("WebhookURL", Object(WEBHOOK_URL)),
    may("Phone", Phone(50)),
    may("Mobile", Phone(50)),
    must("Email", Email(50)),
    must("Address", Object(ADDRESS)),
    may("IdentData", Object(IDENT_DATA)),
    may("LegitimationDocument", TextsOrObjects("Document", 50)),
    may("eSignPDF", OneOrMany(ESIGN_PDF)),
    may(
        "eSignHash",
        OneOrMany(&[may("Hash", Base64), may("Filename", Text(50))]),
    ),
    may(
        "eSignOptions",
        Object(&[may("AdditionalCheckboxes", Texts(300))]),
    ),
    may("MultiSignOptions", Object(MULTI_SIGN_OPTIONS)),
    may("IdentDataSigned", AnyText),
    may("EmailNotifications", Object(EMAIL_NOTIFICATIONS)),
    may("Purpose", TextByLanguage(150)),
    may("eSignTanSmsText", Sms),
    may("verificationSmsText", Sms),
    may("CustomerRouteTag", Text(250)),
];

const EID_SETTINGS: &[Row] = &[
    may("VerifyMobileNumber", Boolean),
    may("EnableOCR", Boolean),
    may("CaptureImages", Boolean),
    may("NoVideoFallback", Boolean),
    may("DisableEID", Boolean),
];

const WEBHOOK_URL: &[Row] = &[
    may("AfterVideo", WebAddress(Some(250))),
    may("AfterIdent", WebAddress(Some(250))),
    may("OnFinal", WebAddress(Some(250))),
    may("OnError", WebAddress(Some(250))),
    may("OnVideoError", WebAddress(Some(250))),
    may("OnStatusChange", WebAddress(Some(250))),
];

const ADDRESS: &[Row] = &[
    must("Firstname", Text(50)),
    must("Surname", Text(50)),
    may("CompanyName", Text(50)),
    may("Street", Text(50)),
    may("ZipCode", Text(5)),
    may("City", Text(100)),
    must("Country", Country(3)),
];

const IDENT_DATA: &[Row] = &[
    may("Firstname", Text(50)),
    may("Surname", Text(50)),
    may("Street", Text(100)),
    may("ZipCode", Text(5)),
    may("City", Text(100)),
    may("Country", Country(2)),
    may("Birthdate", Date),
    may("Birthplace", Text(100)),
    may("Birthname", Text(75)),
    may("Nationality", Text(50)),
    may("Title", Text(50)),
    may("Artistname", Text(50)),
    may("Gender", Gender),
    may("Email", Email(50)),
    may("Mobile", Phone(50)),
    may("CollectedBy", Text(255)),
    may("IDCard", Object(ID_CARD)),
    may("DriverLicence", Object(DRIVER_LICENCE)),
    may("Additional", Named(ADDITIONAL, 50)),
];

const ID_CARD: &[Row] = &[
    may("CardNo", Text(50)),
    may("PlaceOfIssue", Text(100)),
    may("DateOfIssue", Date),
    may("CountryOfIssue", Country(3)),
    may("ValidUntil", Date),
    may("Images", Object(&[may("Front", Jpeg), may("Back", Jpeg)])),
];

const DRIVER_LICENCE: &[Row] = &[
    may("LicenceNo", Text(50)),
    may("Classes", Text(50)),
    may("CountryOfIssue", Country(3)),
    may("DateOfIssue", Date),
    may("ValidUntil", Date),
];

const ADDITIONAL: &[Row] = &[
    must("Type", Integer),
    must("Label", Text(100)),
    may("Value", Text(150)),
];

const ESIGN_PDF: &[Row] = &[
    may("Data", Base64),
    may("Filename", Text(50)),
    may("SignaturePosX", Number),
    may("SignaturePosY", Number),
    may("SignatureHeight", Number),
    may("SignatureWidth", Number),
    may("SignaturePage", Page),
    may("SignatureFieldName", AnyText),
    may("SignatureTag", AnyText),
    may("SignatureOffsetPosX", Integer),
    may("SignatureOffsetPosY", Integer),
    may("Stamping", Many(STAMPING)),
    // The column Parent has these two here; they are among the rows of Stamping.
    may("OffsetPosX", Integer),
    may("OffsetPosY", Integer),
];

const STAMPING: &[Row] = &[
    may("Page", Page),
    may("PosX", Number),
    may("PosY", Number),
    may("Tag", AnyText),
    may("OffsetPosX", Integer),
    may("OffsetPosY", Integer),
    may("Width", Number),
    may("Height", Number),
    may("Content", Text(500)),
];

const MULTI_SIGN_OPTIONS: &[Row] = &[
    may("FirstOrderID", Text(14)),
    may("SignParameters", OneOrMany(SIGN_PARAMETERS)),
];

const SIGN_PARAMETERS: &[Row] = &[
    may("Filename", Text(50)),
    may("SignaturePosX", Number),
    may("SignaturePosY", Number),
    may("SignatureWidth", Number),
    may("SignatureHeight", Number),
    may("SignaturePage", Page),
    may("SignatureFieldName", AnyText),
];

const EMAIL_NOTIFICATIONS: &[Row] = &[
    may("OnPositiveIdent", Email(150)),
    may("OnNegativeIdent", Email(150)),
    may("OnTimeOut", Email(150)),
    may("OnLeave", Email(150)),
];
