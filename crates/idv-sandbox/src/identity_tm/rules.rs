//! The rules by which the emulator refuses a request, in the order of the document's sections.

use http::StatusCode;

use crate::rule::Rule;

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
const NOT_FOUND: StatusCode = StatusCode::NOT_FOUND;
const NOT_ACCEPTABLE: StatusCode = StatusCode::NOT_ACCEPTABLE;
const PRECONDITION_FAILED: StatusCode = StatusCode::PRECONDITION_FAILED;

pub(super) const DATE: Rule = Rule::new(
    "date",
    BAD,
    "2.3",
    "A date is a string of the form YYYY-MM-DD.",
);
pub(super) const PHONE_NUMBER: Rule = Rule::new(
    "phone-number",
    BAD,
    "2.3",
    "A phone number is international, with a plus sign and without blanks, such as +491701234567.",
);
pub(super) const COUNTRY_CODE: Rule = Rule::new(
    "country-code",
    BAD,
    "2.3",
    "A country is its code of ISO 3166, such as DE.",
);
pub(super) const IDENTIFICATION_DATA: Rule = Rule::new(
    "identification-data",
    BAD,
    "2.4",
    "The identification was positive, or the vendor suspects fraud; otherwise there is no data.",
)
.assumed();
pub(super) const BASE_PATH: Rule = Rule::new(
    "base-path",
    NOT_FOUND,
    "2.7",
    "The path begins with /api/2.10/, unless it is a link for the person.",
)
.assumed();
pub(super) const AUTHENTICATION: Rule = Rule::new(
    "authentication",
    UNAUTHORIZED,
    "2.7",
    "The header Authorization has the user name and the password by HTTP Basic.",
);
pub(super) const CREDENTIALS: Rule = Rule::new(
    "credentials",
    UNAUTHORIZED,
    "2.7",
    "The user name is an account's, and the password is its current password.",
);
pub(super) const CONTENT_TYPE: Rule = Rule::new(
    "content-type",
    BAD,
    "2.7",
    "The header Content-Type of a request with a body is application/json.",
);
pub(super) const JSON_BODY: Rule = Rule::new("json-body", BAD, "2.7", "The body is a JSON object.");
pub(super) const CALL: Rule = Rule::new(
    "call",
    NOT_FOUND,
    "3 to 9",
    "Method and path are those of a documented call, such as GET getStatus/{OrderID}.",
)
.assumed();
pub(super) const ADVANCED_SEAL: Rule = Rule::new(
    "advanced-seal",
    BAD,
    "3.1.1.1",
    "The vendor created a seal for the account, which Add 128 (AES) requires.",
);
pub(super) const PRODUCT_ENABLED: Rule = Rule::new(
    "product-enabled",
    BAD,
    "3.1.2",
    "The product is enabled on the account.",
);
pub(super) const REQUIRED_ELEMENT: Rule = Rule::new(
    "required-element",
    BAD,
    "3.1.4",
    "Every element with Y in the column Req is present and not empty.",
);
pub(super) const ELEMENT_TYPE: Rule = Rule::new(
    "element-type",
    BAD,
    "3.1.4",
    "Every element has the JSON type of the column Type.",
);
pub(super) const WHOLE_NUMBER: Rule = Rule::new(
    "whole-number",
    BAD,
    "3.1.4",
    "A code and an offset are numbers without a fraction.",
)
.assumed();
pub(super) const PAGE_NUMBER: Rule = Rule::new(
    "page-number",
    BAD,
    "3.1.4",
    "A page is a number without a fraction, from 1.",
)
.assumed();
pub(super) const TEXT_LENGTH: Rule = Rule::new(
    "text-length",
    BAD,
    "3.1.4",
    "A text has at most as many characters as the column Len states.",
);
pub(super) const LANGUAGE_CODE: Rule = Rule::new(
    "language-code",
    BAD,
    "3.1.4",
    "Lang is a language code of ISO 639-1, such as de.",
);
pub(super) const GENDER: Rule =
    Rule::new("gender", BAD, "3.1.4", "Gender is female, male or diverse.");
pub(super) const EMAIL_ADDRESS: Rule = Rule::new(
    "email-address",
    BAD,
    "3.1.4",
    "An e-mail address has a name, an @ and a domain.",
);
pub(super) const REDIRECT_URL: Rule = Rule::new(
    "redirect-url",
    BAD,
    "3.1.4",
    "The addresses in RedirectURL are absolute URLs.",
)
.assumed();
pub(super) const WEBHOOK_URL: Rule = Rule::new(
    "webhook-url",
    BAD,
    "3.1.4",
    "The addresses in WebhookURL are absolute http or https URLs.",
)
.assumed();
pub(super) const ONE_IDENT_WEBHOOK: Rule = Rule::new(
    "one-ident-webhook",
    BAD,
    "3.1.4",
    "An order has a webhook for AfterVideo or for AfterIdent, not for both.",
);
pub(super) const SMS_PLACEHOLDER: Rule = Rule::new(
    "sms-placeholder",
    BAD,
    "3.1.4",
    "The text of an SMS contains the placeholder [TAN].",
);
pub(super) const BASE64: Rule = Rule::new(
    "base64",
    BAD,
    "3.1.4",
    "A document and a hash are Base64 with padding.",
);
pub(super) const JPEG: Rule = Rule::new(
    "jpeg",
    BAD,
    "3.1.4",
    "An image of the document is a JPEG file as Base64.",
);
pub(super) const PURPOSE_LANGUAGE: Rule = Rule::new(
    "purpose-language",
    BAD,
    "3.1.4",
    "The names in an object Purpose are codes of two letters, such as DE.",
)
.assumed();
pub(super) const PRODUCT: Rule = Rule::new(
    "product",
    BAD,
    "3.1.4",
    "Product is 0, 8, 12, 15, 16, 17 or 19.",
);
pub(super) const ADD: Rule = Rule::new(
    "add",
    BAD,
    "3.1.4",
    "Add is 0, a documented value, or a sum of documented values.",
);
pub(super) const ADD_EXCLUSIVE: Rule = Rule::new(
    "add-exclusive",
    BAD,
    "3.1.4",
    "Add has at most one of 4, 8 and 16, one of 128 and 256, and one of 4194304 and 8388608.",
)
.assumed();
pub(super) const SIGN_ME_BEHAVIOR: Rule = Rule::new(
    "sign-me-behavior",
    BAD,
    "3.1.4",
    "The account signs through sign-me, which Add 4, 8, 16 and 256 require.",
);
pub(super) const ADDITIONAL_NAME: Rule = Rule::new(
    "additional-name",
    BAD,
    "3.1.4",
    "The name of an item of Additional has 1 to 50 characters.",
);
pub(super) const ADDITIONAL_COUNT: Rule = Rule::new(
    "additional-count",
    BAD,
    "3.1.4",
    "Additional has at most 2 items for a shop (Product 8), and at most 10 for other products.",
);
pub(super) const ADDITIONAL_TYPE: Rule = Rule::new(
    "additional-type",
    BAD,
    "3.1.4",
    "Type of an item of Additional is 1 (text), 2 (date), 3 (boolean) or 4 (country code).",
);
pub(super) const ADDITIONAL_VALUE: Rule = Rule::new(
    "additional-value",
    BAD,
    "3.1.4",
    "Value of an item of Additional has the form that its Type states.",
);
pub(super) const DOCUMENT_TO_SIGN: Rule = Rule::new(
    "document-to-sign",
    BAD,
    "3.1.4",
    "An order with Product 15 has eSignPDF, eSignHash or MultiSignOptions, unless Add is 8.",
)
.assumed();
pub(super) const PDF: Rule = Rule::new(
    "pdf",
    BAD,
    "3.1.4",
    "Every document in eSignPDF has Data, a PDF file as Base64.",
);
pub(super) const PDF_UNPROTECTED: Rule = Rule::new(
    "pdf-unprotected",
    BAD,
    "3.1.4",
    "A document in eSignPDF is unprotected, that is, without encryption.",
);
pub(super) const SIGNATURE_PLACE: Rule = Rule::new(
    "signature-place",
    BAD,
    "3.1.4",
    "A signature has a position, a field name or a tag, not several of them.",
);
pub(super) const SIGNATURE_TAG: Rule = Rule::new(
    "signature-tag",
    BAD,
    "3.1.4",
    "SignatureTag appears exactly once in the text of the document.",
);
pub(super) const STAMPING: Rule = Rule::new(
    "stamping",
    BAD,
    "3.1.4",
    "The account signs through Namirial, which Stamping requires.",
);
pub(super) const HASH: Rule =
    Rule::new("hash", BAD, "3.1.4", "Every item of eSignHash has a Hash.").assumed();
pub(super) const TAN_TEXT_FOR_SIGNING: Rule = Rule::new(
    "tan-text-for-signing",
    BAD,
    "3.1.4",
    "Only an eSign order (Product 15) has eSignTanSmsText.",
);
pub(super) const FIRST_ORDER_ID: Rule = Rule::new(
    "first-order-id",
    BAD,
    "3.1.4",
    "MultiSignOptions has FirstOrderID, the order with the documents.",
)
.assumed();
pub(super) const FIRST_ORDER: Rule = Rule::new(
    "first-order",
    BAD,
    "3.1.4",
    "FirstOrderID is an eSign order of the same account whose documents are not deleted.",
);
pub(super) const FURTHER_ORDER: Rule = Rule::new(
    "further-order",
    BAD,
    "3.1.4",
    "An order with FirstOrderID is an eSign order (Product 15) itself.",
);
pub(super) const DOCUMENTS_OF_FIRST_ORDER: Rule = Rule::new(
    "documents-of-first-order",
    BAD,
    "3.1.4",
    "An order with FirstOrderID has no documents of its own.",
)
.assumed();
pub(super) const SIGN_PARAMETERS: Rule = Rule::new(
    "sign-parameters",
    BAD,
    "3.1.4",
    "Filename in SignParameters is the name of a document of the first order.",
);
pub(super) const ORDER: Rule = Rule::new(
    "order",
    NOT_FOUND,
    "3.1.5",
    "The OrderID in the path is one that putOrder returned to the same account.",
);
pub(super) const PERSON_LINK: Rule = Rule::new(
    "person-link",
    NOT_FOUND,
    "3.1.5",
    "A link for the person is one that putOrder returned.",
)
.assumed();
pub(super) const STATUS_VARIANT: Rule = Rule::new(
    "status-variant",
    NOT_FOUND,
    "3.2.4",
    "Only ExtendedList, IncludeSubKind or ExtendedList/IncludeSubKind follows getStatus/{OrderID}.",
)
.assumed();
pub(super) const FINAL_ORDER: Rule = Rule::new(
    "final-order",
    BAD,
    "3.3.1, 3.8.1",
    "The order has reached a final status, which OnFinal reports.",
);
pub(super) const DATA_VARIANT: Rule = Rule::new(
    "data-variant",
    NOT_FOUND,
    "3.3.3",
    "Only IncludeInitialData, IncludeIdentifyMethod, IncludeIdentifier, Signed and crypt follow \
     getIdentData/{OrderID}.",
)
.assumed();
pub(super) const VARIANT_ONCE: Rule = Rule::new(
    "variant-once",
    BAD,
    "3.3.3",
    "A variant appears once in the path.",
)
.assumed();
pub(super) const RESULT_PDF: Rule = Rule::new(
    "result-pdf",
    BAD,
    "3.4.1",
    "getIdentDataPDF is enabled for the account.",
);
pub(super) const SIGNED_ORDER: Rule = Rule::new(
    "signed-order",
    BAD,
    "3.5.1, 3.6.1, 3.7.1",
    "The order has been signed: its final status is 84.",
);
pub(super) const SIGNED_PDF: Rule = Rule::new(
    "signed-pdf",
    BAD,
    "3.5.1",
    "The order was created with eSignPDF.",
);
pub(super) const SIGNED_HASH: Rule = Rule::new(
    "signed-hash",
    BAD,
    "3.6.1",
    "The order was created with eSignHash.",
);
pub(super) const ADVANCED_ORDER: Rule = Rule::new(
    "advanced-order",
    BAD,
    "3.7.1",
    "The order is an AES order (Add 128).",
);
pub(super) const CALLBACK_URL: Rule = Rule::new(
    "callback-url",
    BAD,
    "3.9.3",
    "The body has callbackUrl, an absolute http or https URL.",
);
pub(super) const VIDEO_RECORDING: Rule = Rule::new(
    "video-recording",
    BAD,
    "3.10.1",
    "The video identification ended with 6 or 89, and Add 131072 or the account demanded its \
     recording.",
);
pub(super) const AUDIO_RECORDING: Rule = Rule::new(
    "audio-recording",
    BAD,
    "3.11",
    "The account has audio recordings, and the person was identified.",
);
pub(super) const DATA_KEPT: Rule = Rule::new(
    "data-kept",
    NOT_FOUND,
    "3.12",
    "The data is not deleted: by delIdentdata, by a time-out, or 7 days after the end.",
);
pub(super) const DELETE_AFTER_END: Rule = Rule::new(
    "delete-after-end",
    NOT_ACCEPTABLE,
    "3.12",
    "The order has reached a final status; before that, use cancelOrder.",
);
pub(super) const REFERENCE: Rule = Rule::new(
    "reference",
    BAD,
    "3.13",
    "Ref in the path has only letters of ASCII, digits, and the characters - . and +.",
);
pub(super) const REFERENCE_FOUND: Rule = Rule::new(
    "reference-found",
    NOT_FOUND,
    "3.13",
    "An order of the account from the last 90 days has this Ref.",
);
pub(super) const CANCEL_BEFORE_END: Rule = Rule::new(
    "cancel-before-end",
    NOT_ACCEPTABLE,
    "4.2.2",
    "The order has not reached a final status; after that, use delIdentdata.",
);
pub(super) const SIGNING_ENABLED: Rule = Rule::new(
    "signing-enabled",
    BAD,
    "5",
    "The functions for customer-side signing are enabled for the account.",
);
pub(super) const ESIGN_ORDER: Rule = Rule::new(
    "esign-order",
    NOT_ACCEPTABLE,
    "5.1.3",
    "The order ends with a signature (Product 15).",
)
.assumed();
pub(super) const IDENTIFIED_BEFORE_SIGNING: Rule = Rule::new(
    "identified-before-signing",
    NOT_ACCEPTABLE,
    "5.1.3",
    "The person is identified (status 6) before the signing starts.",
)
.assumed();
pub(super) const MOBILE_OF_ORDER: Rule = Rule::new(
    "mobile-of-order",
    NOT_ACCEPTABLE,
    "5.1.3, 6.1.3",
    "The order has a Mobile, to which the TAN is sent.",
)
.assumed();
pub(super) const UNPROCESSED_ORDER: Rule = Rule::new(
    "unprocessed-order",
    StatusCode::GONE,
    "5.1.3, 6.1.3",
    "The order has not reached a final status, and its phone number is not verified yet.",
);
pub(super) const TAN: Rule = Rule::new(
    "tan",
    BAD,
    "5.2.3, 6.2.3, 9.2.2.2",
    "The body has tan, a text of at most 6 characters.",
);
pub(super) const RIGHT_TAN: Rule = Rule::new(
    "right-tan",
    StatusCode::CONFLICT,
    "5.2.4, 6.2.4",
    "The TAN is the latest one that the person received.",
);
pub(super) const TAN_TRIES: Rule = Rule::new(
    "tan-tries",
    StatusCode::TOO_MANY_REQUESTS,
    "5.2.4, 6.2.4",
    "One of the first three TANs is right; the third wrong one ends the order.",
)
.assumed();
pub(super) const SIGNING_STARTED: Rule = Rule::new(
    "signing-started",
    PRECONDITION_FAILED,
    "5.2.4, 5.3.3",
    "requestSign is called before confirmSign and requestResendSignTan.",
);
pub(super) const PHONE_VERIFICATION_ENABLED: Rule = Rule::new(
    "phone-verification-enabled",
    BAD,
    "6",
    "The functions for phone number verification are enabled for the account.",
);
pub(super) const PHONE_VERIFICATION_STARTED: Rule = Rule::new(
    "phone-verification-started",
    PRECONDITION_FAILED,
    "6.2.4, 6.3.3",
    "requestPhoneVerification is called before provePhoneControl and requestResendPhoneTan.",
);
pub(super) const REUSE: Rule = Rule::new(
    "reuse",
    BAD,
    "7",
    "The account is enabled for eSign and signs through Namirial, which Signed requires.",
);
pub(super) const SIGN_ME_USER: Rule = Rule::new(
    "sign-me-user",
    BAD,
    "9.1",
    "The person has a sign-me account that can sign, which Add 16 requires.",
);
pub(super) const SIGN_ME_SIGNATURE: Rule = Rule::new(
    "sign-me-signature",
    BAD,
    "9.1",
    "An order with Add 16 is an eSign order (Product 15).",
);
pub(super) const SIGN_ME_ACCOUNT: Rule = Rule::new(
    "sign-me-account",
    BAD,
    "9.1.1",
    "The account signs through sign-me.",
);
pub(super) const SIGN_ME_EMAIL: Rule = Rule::new(
    "sign-me-email",
    BAD,
    "9.1.3",
    "The body has Email, the person's user name at sign-me.",
);
pub(super) const SIGNATURE_TYPE: Rule = Rule::new(
    "signature-type",
    BAD,
    "9.1.3",
    "signatureType is QES, ADV or BAS, or omitted.",
);
pub(super) const MOBILE_REGISTERED: Rule = Rule::new(
    "mobile-registered",
    BAD,
    "9.2",
    "The vendor's service desk registered a mobile number for the account.",
);
pub(super) const MOBILE: Rule = Rule::new(
    "mobile",
    BAD,
    "9.2.1.2",
    "The body has mobile, an international phone number of at most 64 characters.",
);
pub(super) const MOBILE_MATCHES: Rule = Rule::new(
    "mobile-matches",
    UNAUTHORIZED,
    "9.2.1.3",
    "mobile is the number that is registered for the account.",
);
pub(super) const PASSWORD_TAN: Rule = Rule::new(
    "password-tan",
    UNAUTHORIZED,
    "9.2.2",
    "The TAN is the one of the latest requestNewPassword; it is valid for one attempt.",
);
pub(super) const ENCRYPTION_KEY: Rule = Rule::new(
    "encryption-key",
    BAD,
    "9.4",
    "The account shares an encryption key with the vendor, which crypt requires.",
);
pub(super) const CRYPT_VARIANT: Rule = Rule::new(
    "crypt-variant",
    NOT_FOUND,
    "9.4",
    "Only crypt follows the OrderID of this call.",
)
.assumed();

/// All rules.
pub(super) const ALL: &[&Rule] = &[
    &DATE,
    &PHONE_NUMBER,
    &COUNTRY_CODE,
    &IDENTIFICATION_DATA,
    &BASE_PATH,
    &AUTHENTICATION,
    &CREDENTIALS,
    &CONTENT_TYPE,
    &JSON_BODY,
    &CALL,
    &ADVANCED_SEAL,
    &PRODUCT_ENABLED,
    &REQUIRED_ELEMENT,
    &ELEMENT_TYPE,
    &WHOLE_NUMBER,
    &PAGE_NUMBER,
    &TEXT_LENGTH,
    &LANGUAGE_CODE,
    &GENDER,
    &EMAIL_ADDRESS,
    &REDIRECT_URL,
    &WEBHOOK_URL,
    &ONE_IDENT_WEBHOOK,
    &SMS_PLACEHOLDER,
    &BASE64,
    &JPEG,
    &PURPOSE_LANGUAGE,
    &PRODUCT,
    &ADD,
    &ADD_EXCLUSIVE,
    &SIGN_ME_BEHAVIOR,
    &ADDITIONAL_NAME,
    &ADDITIONAL_COUNT,
    &ADDITIONAL_TYPE,
    &ADDITIONAL_VALUE,
    &DOCUMENT_TO_SIGN,
    &PDF,
    &PDF_UNPROTECTED,
    &SIGNATURE_PLACE,
    &SIGNATURE_TAG,
    &STAMPING,
    &HASH,
    &TAN_TEXT_FOR_SIGNING,
    &FIRST_ORDER_ID,
    &FIRST_ORDER,
    &FURTHER_ORDER,
    &DOCUMENTS_OF_FIRST_ORDER,
    &SIGN_PARAMETERS,
    &ORDER,
    &PERSON_LINK,
    &STATUS_VARIANT,
    &FINAL_ORDER,
    &DATA_VARIANT,
    &VARIANT_ONCE,
    &RESULT_PDF,
    &SIGNED_ORDER,
    &SIGNED_PDF,
    &SIGNED_HASH,
    &ADVANCED_ORDER,
    &CALLBACK_URL,
    &VIDEO_RECORDING,
    &AUDIO_RECORDING,
    &DATA_KEPT,
    &DELETE_AFTER_END,
    &REFERENCE,
    &REFERENCE_FOUND,
    &CANCEL_BEFORE_END,
    &SIGNING_ENABLED,
    &ESIGN_ORDER,
    &IDENTIFIED_BEFORE_SIGNING,
    &MOBILE_OF_ORDER,
    &UNPROCESSED_ORDER,
    &TAN,
    &RIGHT_TAN,
    &TAN_TRIES,
    &SIGNING_STARTED,
    &PHONE_VERIFICATION_ENABLED,
    &PHONE_VERIFICATION_STARTED,
    &REUSE,
    &SIGN_ME_USER,
    &SIGN_ME_SIGNATURE,
    &SIGN_ME_ACCOUNT,
    &SIGN_ME_EMAIL,
    &SIGNATURE_TYPE,
    &MOBILE_REGISTERED,
    &MOBILE,
    &MOBILE_MATCHES,
    &PASSWORD_TAN,
    &ENCRYPTION_KEY,
    &CRYPT_VARIANT,
];
