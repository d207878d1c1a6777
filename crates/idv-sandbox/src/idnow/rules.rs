//! The rules by which the emulator refuses a request, in the order of the document's sections.

use http::StatusCode;

use crate::rule::Rule;

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
const NOT_FOUND: StatusCode = StatusCode::NOT_FOUND;
const CONFLICT: StatusCode = StatusCode::CONFLICT;
const PRECONDITION: StatusCode = StatusCode::PRECONDITION_FAILED;

/// Defines the rules, and `ALL` with all of them.
macro_rules! rules {
    ($($constant:ident = $rule:expr;)*) => {
        $(pub(super) const $constant: Rule = $rule;)*

        /// All rules.
        pub(super) const ALL: &[&Rule] = &[$(&$constant,)*];
    };
}

rules! {
    // 2 and 3: creating identifications.
    PRELIMINARY_RESULTS = Rule::new(
        "preliminary-results", NOT_FOUND, "2.2",
        "The review has ended, or the account has preliminary results.",
    ).assumed();
    TRANSACTION_NUMBER = Rule::new(
        "transaction-number", BAD, "3.2.6",
        "A transaction number has 1 to 255 characters: a-z, A-Z, 0-9, _ and -.",
    );
    API_KEY_HEADER = Rule::new(
        "api-key-header", UNAUTHORIZED, "3.2.7",
        "The request has the API key of the account in the header X-API-KEY.",
    );
    JSON_CONTENT_TYPE = Rule::new(
        "json-content-type", BAD, "3.2.7",
        "The header Content-Type is application/json.",
    ).assumed();
    START_FIELDS = Rule::new(
        "start-fields", BAD, "3.2.8",
        "The body has no other fields than birthday, birthname, birthplace, city, country, custom1 \
         to custom5, email, firstname, gender, lastname, mobilephone, nationality, preferredLang, \
         questions, street, streetnumber, title, trackingid and zipcode.",
    );
    START_TEXT = Rule::new(
        "start-text", BAD, "3.2.8",
        "Each field of the body except `questions` is a string.",
    );
    BIRTHDAY = Rule::new(
        "birthday", BAD, "3.2.8",
        "`birthday` is a date of the calendar in the form YYYY-MM-DD.",
    );
    COUNTRY_CODE = Rule::new(
        "country-code", BAD, "3.2.8",
        "`country` and `nationality` are upper-case codes of ISO 3166 with two letters.",
    );
    EMAIL = Rule::new(
        "email", BAD, "3.2.8",
        "`email` has a name, the sign @ and a domain with a dot.",
    ).assumed();
    GENDER = Rule::new("gender", BAD, "3.2.8", "`gender` is MALE or FEMALE.");
    LANGUAGE = Rule::new(
        "preferred-language", BAD, "3.2.8",
        "`preferredLang` is a lower-case code of ISO 639-1 with two letters.",
    );
    PHONE_NUMBER = Rule::new(
        "phone-number", BAD, "3.2.8",
        "`mobilephone` has digits, and besides them only spaces and the characters + - / ( ).",
    ).assumed();
    QUESTIONS = Rule::new(
        "questions", BAD, "3.2.9",
        "`questions` is an object whose members are the questions by their keys.",
    );
    QUESTION_KEY = Rule::new(
        "question-key", BAD, "3.2.9",
        "The key of a question is a letter or _, followed by letters, digits, _, - and dots.",
    ).assumed();
    QUESTION_VALUE = Rule::new(
        "question-value", BAD, "3.2.9",
        "A question is an object with the one member `value`, a string or an integer.",
    );
    UNFINISHED = Rule::new(
        "unfinished", CONFLICT, "3.2.10",
        "The identification with this transaction number is not finished.",
    );

    // 4: the web form.
    WEB_FORM = Rule::new(
        "web-form", NOT_FOUND, "4.2",
        "The web form is activated for the company in the path.",
    ).assumed();
    FORM_CONTENT_TYPE = Rule::new(
        "form-content-type", BAD, "4.3",
        "A form is sent with the header Content-Type: application/x-www-form-urlencoded.",
    ).assumed();
    FORM_FIELDS = Rule::new(
        "form-fields", BAD, "4.3",
        "A form has no other fields than those of its page.",
    ).assumed();

    // 5: signed links.
    LINK_LENGTH = Rule::new(
        "link-length", FORBIDDEN, "5.3",
        "A link has at most 1040 characters, including its scheme and host.",
    ).assumed();
    LINK_COMPANY = Rule::new(
        "link-company", NOT_FOUND, "5.4.2",
        "The path of a link has the id of a company.",
    ).assumed();
    LINK_PARAMETERS = Rule::new(
        "link-parameters", FORBIDDEN, "5.4.2",
        "A link has only the parameters of the table, in their exact spelling.",
    ).assumed();
    LINK_ORDER = Rule::new(
        "link-order", FORBIDDEN, "5.4.2",
        "The parameters before the signature are in alphabetical order, and none is repeated.",
    ).assumed();
    LINK_VALUES = Rule::new(
        "link-values", FORBIDDEN, "5.4.2",
        "Each parameter has the form that the table describes.",
    ).assumed();
    LINK_TRANSACTION_NUMBER = Rule::new(
        "link-transaction-number", FORBIDDEN, "5.4.2",
        "`transactionnumber` is present and has 1 to 255 characters: a-z, A-Z, 0-9, _ and -.",
    ).assumed();
    LINK_TIMESTAMP = Rule::new(
        "link-timestamp", FORBIDDEN, "5.4.2",
        "`timestamp` is present and counts the milliseconds since 1970, in digits alone.",
    ).assumed();
    LINK_AGE = Rule::new(
        "link-age", FORBIDDEN, "5.4.2",
        "The time in `timestamp` differs from the current time by at most `link_window_seconds`.",
    ).assumed();
    LINK_SIGNATURE = Rule::new(
        "link-signature", FORBIDDEN, "5.4.3",
        "`signature` is the HMAC-SHA256, in lower-case hexadecimal digits and with the API key as \
         key, of the path, a question mark and the other parameters before their encoding.",
    ).assumed();
    LINK_SIGNATURE_LAST = Rule::new(
        "link-signature-last", FORBIDDEN, "5.4.5",
        "The last parameter of a link is `signature`.",
    ).assumed();

    // 6: the person's links.
    LINK_IDENTIFICATION = Rule::new(
        "link-identification", NOT_FOUND, "6.1.1",
        "The address has the Ident-ID of an identification, or its company and transaction number.",
    ).assumed();

    // 7: eSigning.
    E_SIGN = Rule::new("e-sign", NOT_FOUND, "7", "The account has eSign.").assumed();
    DEFINITION_FIELDS = Rule::new(
        "definition-fields", BAD, "7.1.1",
        "A document definition has no other fields than identifier, mimeType, name, optional, \
         signatures, sortOrder, version and viewPolicy.",
    );
    DEFINITION_MANDATORY = Rule::new(
        "definition-mandatory", BAD, "7.1.1",
        "A document definition has the fields name, identifier and mimeType.",
    );
    DOCUMENT_TEXT = Rule::new(
        "document-text", BAD, "7.1.1",
        "`name`, `identifier`, `mimeType` and `version` are strings that are not empty.",
    ).assumed();
    IDENTIFIER = Rule::new(
        "identifier", BAD, "7.1.1",
        "`identifier` has only the characters a-z, 0-9, - and _.",
    ).assumed();
    MIME_TYPE = Rule::new(
        "mime-type", BAD, "7.1.1",
        "`mimeType` has only characters that are valid in a header.",
    ).assumed();
    DEFINITION_OPTIONAL = Rule::new(
        "definition-optional", BAD, "7.1.1",
        "`optional` of a document definition is true or false.",
    );
    SORT_ORDER = Rule::new(
        "sort-order", BAD, "7.1.1",
        "`sortOrder` is a whole number, counted from 1.",
    );
    VIEW_POLICY = Rule::new(
        "view-policy", BAD, "7.1.1",
        "`viewPolicy` is SCROLL or DEFAULT.",
    );
    DOCUMENT_TYPE = Rule::new(
        "document-type", BAD, "7.1.1",
        "An uploaded document is not empty and has the media type of its definition.",
    ).assumed();
    SIGNATURES = Rule::new(
        "signatures", BAD, "7.1.2",
        "`signatures` is an object whose members are objects, by names that are not empty.",
    );
    SIGNATURE_COUNT = Rule::new(
        "signature-count", BAD, "7.1.2",
        "In the Swiss data centre, a document and its definition have one signature together.",
    ).assumed();
    SIGNATURE_FIELDS = Rule::new(
        "signature-fields", BAD, "7.1.2",
        "A signature has no other fields than optional, position, signatureFontSize, \
         signatureFontSize2, signatureImage and type.",
    );
    SIGNATURE_SECOND_LINE = Rule::new(
        "signature-second-line", BAD, "7.1.2",
        "`signatureFontSize2` is only used in the Swiss data centre.",
    ).assumed();
    SIGNATURE_TYPE = Rule::new(
        "signature-type", BAD, "7.1.2",
        "`type` of a signature is ELECTRONIC or HANDWRITTEN.",
    );
    SIGNATURE_HANDWRITTEN = Rule::new(
        "signature-handwritten", BAD, "7.1.2",
        "The type HANDWRITTEN is only used by an account with handwritten signatures.",
    ).assumed();
    SIGNATURE_FONT_SIZE = Rule::new(
        "signature-font-size", BAD, "7.1.2",
        "A font size of a signature is a whole number above 0.",
    );
    SIGNATURE_IMAGE = Rule::new(
        "signature-image", BAD, "7.1.2",
        "`signatureImage` has only the characters a-z, 0-9 and _.",
    );
    SIGNATURE_OPTIONAL = Rule::new(
        "signature-optional", BAD, "7.1.2",
        "`optional` of a signature is true or false.",
    );
    SIGNATURE_POSITION = Rule::new(
        "signature-position", BAD, "7.1.2",
        "A signature has a position, which is an object.",
    ).assumed();
    SIGNATURE_PLACE = Rule::new(
        "signature-place", BAD, "7.1.2",
        "The document has the page or the acrofield of each signature that is not optional.",
    );
    POSITION_FIELDS = Rule::new(
        "position-fields", BAD, "7.1.2",
        "A position has no other fields than acrofield, bottom, height, left, page, textcontent \
         and width.",
    );
    POSITION_KIND = Rule::new(
        "position-kind", BAD, "7.1.2",
        "A position has exactly one of the fields acrofield, page and textcontent.",
    );
    POSITION_MEASURES = Rule::new(
        "position-measures", BAD, "7.1.2",
        "A position has the fields left, width, bottom and height.",
    );
    POSITION_NAME = Rule::new(
        "position-name", BAD, "7.1.2",
        "`acrofield` and `textcontent` of a position are strings that are not empty.",
    );
    POSITION_PAGE = Rule::new(
        "position-page", BAD, "7.1.2.2",
        "`page` of a position is a whole number, counted from 1.",
    );
    POSITION_NUMBER = Rule::new(
        "position-number", BAD, "7.1.2",
        "`width` and `height` are numbers above 0; `left` and `bottom` are numbers, and only with \
         `textcontent` below 0.",
    ).assumed();
    IDENTIFIER_UNIQUE = Rule::new(
        "identifier-unique", BAD, "7.1.3",
        "The company has no document definition with this identifier yet.",
    ).assumed();
    IDENTIFIER_IN_PATH = Rule::new(
        "identifier-in-path", BAD, "7.1.4",
        "An update of a document definition has the identifier of its path.",
    ).assumed();
    DEFINITION = Rule::new(
        "definition", NOT_FOUND, "7.1.7",
        "The identifier in the path is that of a document definition of the company.",
    );
    UPLOAD_CONTENT_TYPE = Rule::new(
        "upload-content-type", BAD, "7.1.8.2",
        "A document is uploaded with the header Content-Type: application/octet-stream.",
    ).assumed();
    DEFAULT_DOCUMENT = Rule::new(
        "default-document", NOT_FOUND, "7.1.9",
        "The document definition has a default document.",
    );
    DOCUMENT_READ_ONLY = Rule::new(
        "document-read-only", BAD, "7.2",
        "The fields hash, displayHash, status and documentDefinition are not updated.",
    ).assumed();
    DOCUMENT = Rule::new(
        "document", NOT_FOUND, "7.2.2",
        "The identifier in the path is that of a document of the identification.",
    );
    DOCUMENT_FIELDS = Rule::new(
        "document-fields", BAD, "7.2.3",
        "An update of a document has no other fields than name, version and signatures.",
    );
    DOCUMENTS_BEFORE_START = Rule::new(
        "documents-before-start", PRECONDITION, "7.2.3",
        "A document is changed before the person starts the identification.",
    ).assumed();
    DOCUMENTS_UNFINISHED = Rule::new(
        "documents-unfinished", CONFLICT, "7.2.3",
        "A document of a finished identification is not changed.",
    ).assumed();
    DOCUMENTS_SIZE = Rule::new(
        "documents-size", BAD, "7.2.4",
        "The documents of an identification, and those of all definitions, have at most 256 MB.",
    ).assumed();
    SIGNED_DOCUMENT = Rule::new(
        "signed-document", NOT_FOUND, "7.2.6",
        "The person has signed the document.",
    ).assumed();

    // 8: retrieving data.
    LOGIN_TOKEN = Rule::new(
        "login-token", UNAUTHORIZED, "8.1.1",
        "The login token is one of a login, and an hour has not passed since its last use.",
    );
    LOGIN_TOKEN_HEADER = Rule::new(
        "login-token-header", UNAUTHORIZED, "8.2",
        "The request has the token of a login in the header X-API-LOGIN-TOKEN.",
    );
    LOGIN_FIELDS = Rule::new(
        "login-fields", BAD, "8.3.1",
        "The body of a login has the one field apiKey.",
    );
    LOGIN_KEY = Rule::new(
        "login-key", UNAUTHORIZED, "8.3.1",
        "`apiKey` is an API key of the company in the path.",
    );
    LIST_FILTER = Rule::new(
        "list-filter", BAD, "8.3.2",
        "The query is empty, or one of pending=true, canceled=true and aborted=true.",
    ).assumed();
    RESULT = Rule::new(
        "result", NOT_FOUND, "8.3.3",
        "The identification has a result: the person and the agent have acted.",
    ).assumed();
    RESULT_SUFFIX = Rule::new(
        "result-suffix", NOT_FOUND, "8.3.3",
        "The path ends with the transaction number, or with the suffix .zip after it.",
    );
    COPY_FIELDS = Rule::new(
        "copy-fields", BAD, "8.3.5",
        "The body has no other fields than target_companyid and target_transactionnumber.",
    );
    COPY_TARGET = Rule::new(
        "copy-target", BAD, "8.3.5",
        "`target_companyid` is present and a string.",
    );
    COPY_PERMISSION = Rule::new(
        "copy-permission", FORBIDDEN, "8.3.5",
        "The account may copy identifications to the company in `target_companyid`.",
    );
    COPY_FINISHED = Rule::new(
        "copy-finished", PRECONDITION, "8.3.5",
        "The identification to copy is finished.",
    ).assumed();
    COPY_NUMBER = Rule::new(
        "copy-number", CONFLICT, "8.3.5",
        "The target company has no identification with the transaction number of the copy.",
    ).assumed();
    ARCHIVING = Rule::new(
        "archiving", NOT_FOUND, "8.3.6",
        "The account can archive identifications.",
    ).assumed();
    ARCHIVE_FINISHED = Rule::new(
        "archive-finished", PRECONDITION, "8.3.6",
        "The identification to archive is finished.",
    ).assumed();
    NOT_ARCHIVED = Rule::new(
        "not-archived", PRECONDITION, "8.3.6",
        "The identification to archive is not archived yet.",
    ).assumed();

    // 12: the causes that concern every request.
    API_KEY = Rule::new(
        "api-key", UNAUTHORIZED, "12",
        "The header X-API-KEY has an API key of the company in the path.",
    );
    JSON_OBJECT = Rule::new(
        "json-object", BAD, "12",
        "The body is a JSON object in UTF-8.",
    );
    TRANSACTION_IN_PATH = Rule::new(
        "transaction-in-path", BAD, "12",
        "The path has the transaction number after /identifications/.",
    );
    OWN_COMPANY = Rule::new(
        "own-company", UNAUTHORIZED, "12",
        "The company in the path is the one of the login.",
    );
    IDENTIFICATION = Rule::new(
        "identification", NOT_FOUND, "12",
        "The company has an identification with the transaction number in the path.",
    );
    PATH = Rule::new(
        "path", NOT_FOUND, "12",
        "The method and the path are those of a documented request.",
    );
    DOCUMENTS_UPLOADED = Rule::new(
        "documents-uploaded", PRECONDITION, "12",
        "The required documents of an eSigning are uploaded before it is performed.",
    );

    // 13 and 15: attachments and test robots.
    ATTACHMENT = Rule::new(
        "attachment", NOT_FOUND, "13.1.6",
        "The result has the attachment that the suffix names.",
    ).assumed();
    TEST_CASE = Rule::new(
        "test-case", PRECONDITION, "15.1",
        "The test case is one of HAPPYPATH, CHANGEALL, CHANGEALLREVIEW, ABORTIDENT, FRAUDIDENT, \
         FRAUDREVIEW, FRAUDOK, CANCELED, LONGREVIEW and HOLDCERTIFICATE.",
    ).assumed();
    TEST_CASE_PRODUCT = Rule::new(
        "test-case-product", PRECONDITION, "15.1",
        "HOLDCERTIFICATE needs documents to sign; FRAUDIDENT and FRAUDREVIEW do not support them.",
    ).assumed();
    AUTOMATED_TEST = Rule::new(
        "automated-test", PRECONDITION, "15.2",
        "The first name, the last name or a custom field begins with X-AUTOTEST- and a test case.",
    ).assumed();
    ROBOT_HOST = Rule::new(
        "robot-host", NOT_FOUND, "15.2",
        "requestVideoChat is sent to the host api.test.idnow.de.",
    ).assumed();
    ROBOT_FIELDS = Rule::new(
        "robot-fields", BAD, "15.2.3",
        "The body of requestVideoChat is an empty JSON object.",
    );
    ROBOT_STARTED = Rule::new(
        "robot-started", PRECONDITION, "15.2.4",
        "The test is started with a start request whose body is {} before requestVideoChat.",
    );
}
