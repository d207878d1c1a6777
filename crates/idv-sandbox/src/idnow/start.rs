//! What may be submitted about a person: the tables 3.2.8 and 5.4.2, enforced.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::failure::Failure;

/// The text parameters of table 3.2.8.
const PARAMETERS: [&str; 24] = [
    "birthday",
    "birthplace",
    "birthname",
    "city",
    "country",
    "custom1",
    "custom2",
    "custom3",
    "custom4",
    "custom5",
    "trackingid",
    "email",
    "firstname",
    "gender",
    "lastname",
    "mobilephone",
    "nationality",
    "preferredLang",
    "street",
    "streetnumber",
    "title",
    "zipcode",
    // Two that the table of links has beside those (5.4.2).
    "timestamp",
    "transactionnumber",
];

/// What was submitted, checked.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Submitted {
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) questions: Map<String, Value>,
}

/// Reads the body of a start request.
pub(crate) fn read(body: &[u8]) -> Result<Submitted, Failure> {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else { return Err(Failure::unparseable_json()) };
    let mut submitted = Submitted::default();
    for (key, value) in object {
        match (key.as_str(), value) {
            ("questions", Value::Object(questions)) => {
                if questions.iter().any(|(key, question)| !is_question_key(key) || !is_question(question)) {
                    return Err(Failure::bad_value("questions"));
                }
                submitted.questions = questions;
            }
            ("questions", _) => return Err(Failure::bad_value("questions")),
            (key, _) if !is_parameter(key) => return Err(Failure::unrecognized_field(key)),
            // A null is a field that is not given.
            (_, Value::Null) => {}
            (key, Value::String(text)) => {
                check(key, &text)?;
                submitted.fields.insert(key.to_owned(), text);
            }
            (key, _) => return Err(Failure::bad_value(key)),
        }
    }
    Ok(submitted)
}

/// Whether a name is a parameter of a start request.
fn is_parameter(key: &str) -> bool {
    PARAMETERS.iter().take(PARAMETERS.len() - 2).any(|known| *known == key)
}

/// Whether a name is a parameter of a signed link.
pub(crate) fn is_link_parameter(key: &str) -> bool {
    PARAMETERS.contains(&key)
}

/// Checks the format of a value (3.2.8).
pub(crate) fn check(key: &str, text: &str) -> Result<(), Failure> {
    let right = match key {
        "birthday" => is_date(text),
        "country" | "nationality" => is_country(text),
        "gender" => matches!(text, "MALE" | "FEMALE"),
        "email" => text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.')),
        "preferredLang" => is_language(text),
        "mobilephone" => {
            text.bytes().any(|byte| byte.is_ascii_digit())
                && text.chars().all(|letter| letter.is_ascii_digit() || " +-/()".contains(letter))
        }
        _ => true,
    };
    if right { Ok(()) } else { Err(Failure::bad_value(key)) }
}

/// Whether a transaction number has the documented alphabet and length (3.2.6).
pub(crate) fn is_transaction_number(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// Whether a question can have this key: in the XML result it is the name of an element (13.3).
fn is_question_key(key: &str) -> bool {
    let mut letters = key.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter))
}

fn is_question(question: &Value) -> bool {
    question.as_object().is_some_and(|question| {
        question.len() == 1 && question.get("value").is_some_and(|value| value.is_string() || value.is_i64() || value.is_u64())
    })
}

fn is_date(text: &str) -> bool {
    // Ten bytes with dashes in their places: the parser knows other forms of ISO 8601, which the document does not.
    text.len() == 10 && [text.get(4..5), text.get(7..8)] == [Some("-"); 2] && text.parse::<jiff::civil::Date>().is_ok()
}

/// Whether two letters are a code of ISO 639-1.
fn is_language(text: &str) -> bool {
    const CODES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el \
        en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg \
        ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr \
        nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti \
        tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";
    text.len() == 2 && CODES.split_ascii_whitespace().any(|code| code == text)
}

/// Whether two letters are a code of ISO 3166-1.
fn is_country(text: &str) -> bool {
    const CODES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY \
        BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB \
        GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI \
        KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ \
        NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI \
        SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN \
        VU WF WS YE YT ZA ZM ZW";
    text.len() == 2 && CODES.split_ascii_whitespace().any(|code| code == text)
}
