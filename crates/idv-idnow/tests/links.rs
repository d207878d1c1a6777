//! The URLs that a person visits. The document's own signed samples cannot be used as vectors: they
//! change the company between steps and lost hyphens to line breaks. These vectors were computed
//! with Python's `hmac` and `urllib.parse`.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;

use idv_core::{ErrorKind, Pii, SessionUrl};
use idv_idnow::api::{Answer, StartRequest, TransactionNumber};
use idv_idnow::links::{self, Links, MAX_SIGNED_LENGTH, SigningInput};
use idv_idnow::{DataCentre, IdnowConfig};

const TIMESTAMP: i64 = 1_405_074_349_567;

fn number() -> TransactionNumber {
    TransactionNumber::parse("1234567890").unwrap()
}

fn links(centre: DataCentre) -> Links {
    Links::new(
        "ihrebank",
        IdnowConfig::new("ihrebank", "key".into(), centre)
            .go()
            .unwrap(),
    )
    .unwrap()
}

fn text(url: &SessionUrl) -> &str {
    url.expose().as_str()
}

fn input(parameters: &[(&str, &str)]) -> SigningInput {
    let parameters: BTreeMap<_, _> = parameters
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Pii::from(*value)))
        .collect();
    SigningInput::new(
        "ihrebank".into(),
        "https://go.test.idnow.de".parse().unwrap(),
        "exampleApiKey".into(),
        parameters,
        TIMESTAMP,
    )
}

fn refused(input: &SigningInput) -> ErrorKind {
    links::signed(input).unwrap_err().kind().clone()
}

fn invalid(field: &'static str) -> ErrorKind {
    ErrorKind::InvalidRequest {
        field: field.into(),
    }
}

#[test]
fn links_match_the_document_at_every_data_centre() {
    for (centre, host) in [
        (DataCentre::De, "go.idnow.de"),
        (DataCentre::Ch, "go.online-ident.ch"),
        (DataCentre::Test, "go.test.idnow.de"),
    ] {
        let links = links(centre);
        let long = links.long(&number(), None).unwrap();
        assert_eq!(
            text(&long),
            format!("https://{host}/ihrebank/identifications/1234567890")
        );
        assert_eq!(
            text(&links.short("ATK-EFXAL", None).unwrap()),
            format!("https://{host}/ATK-EFXAL")
        );
        assert_eq!(
            text(&links.userdata(None, None).unwrap()),
            format!("https://{host}/ihrebank/userdata")
        );
        let form = links.userdata(Some(&number()), None).unwrap();
        assert_eq!(
            text(&form),
            format!("https://{host}/ihrebank/userdata/1234567890")
        );
    }
}

#[test]
fn white_label_host_and_path_are_kept() {
    let links = Links::new(
        "ihrebank",
        "https://ident.ihrebank.de/start/".parse().unwrap(),
    )
    .unwrap();
    let long = links.long(&number(), None).unwrap();
    assert_eq!(
        text(&long),
        "https://ident.ihrebank.de/start/ihrebank/identifications/1234567890"
    );
}

#[test]
fn tracking_id_is_encoded_in_every_link() {
    let links = links(DataCentre::De);
    let tracking = Some("summer & sun=1");
    let query = "?tid=summer+%26+sun%3D1";
    for link in [
        links.long(&number(), tracking),
        links.short("ATK-EFXAL", tracking),
        links.userdata(None, tracking),
        links.userdata(Some(&number()), tracking),
    ] {
        let link = link.unwrap();
        assert!(text(&link).ends_with(query), "{}", text(&link));
        assert_eq!(link.expose().query_pairs().count(), 1);
    }
}

#[test]
fn company_id_cannot_change_the_path() {
    let links = Links::new("a/../b?c#d", "https://go.idnow.de".parse().unwrap()).unwrap();
    assert_eq!(
        text(&links.userdata(None, None).unwrap()),
        "https://go.idnow.de/a%2F..%2Fb%3Fc%23d/userdata"
    );
    for company in ["", ".", ".."] {
        assert!(
            Links::new(company, "https://go.idnow.de".parse().unwrap()).is_err(),
            "{company}"
        );
    }
    for ident_id in ["", "..", "a/b", "ATK EFXAL", "http:"] {
        assert!(links.short(ident_id, None).is_err(), "{ident_id}");
    }
}

#[test]
fn host_is_a_data_centre_a_host_name_or_a_url() {
    for (written, meant) in [
        ("ch", "https://go.online-ident.ch/"),
        ("go.idnow.de", "https://go.idnow.de/"),
        ("https://ident.ihrebank.de", "https://ident.ihrebank.de/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
    ] {
        assert_eq!(links::go_url(written).unwrap().as_str(), meant);
    }
    for written in [
        "",
        "http://go.idnow.de",
        "ftp://go.idnow.de",
        "https://",
        "a b",
    ] {
        assert_eq!(
            links::go_url(written).unwrap_err().kind(),
            &ErrorKind::Config,
            "{written}"
        );
    }
}

#[test]
fn signature_covers_the_unencoded_text() {
    let mut input = input(&[
        ("zipcode", "12345"),
        ("birthday", "1980-01-01"),
        ("birthplace", "München"),
        ("city", "München"),
        ("country", "DE"),
        ("custom1", "custom-code-1"),
        ("custom2", "custom-code-2"),
        ("custom3", "custom-code-3"),
        ("custom4", "custom-code-4"),
        ("custom5", "custom-code-5"),
        ("email", "info@idnow.de"),
        ("firstname", "Max"),
        ("lastname", "Mustermann"),
        ("mobilephone", "+491761234567"),
        ("nationality", "DE"),
        ("street", "Musterstraße 123"),
        ("transactionnumber", "XYZ-123"),
    ]);
    input.company = "video-demo".into();
    input.timestamp_ms = 1;
    assert_eq!(
        text(&links::signed(&input).unwrap()),
        "https://go.test.idnow.de/v1/video-demo/start?birthday=1980-01-01&birthplace=M%C3%BCnchen&city=M%C3%BCnchen&country=DE\
         &custom1=custom-code-1&custom2=custom-code-2&custom3=custom-code-3&custom4=custom-code-4&custom5=custom-code-5\
         &email=info%40idnow.de&firstname=Max&lastname=Mustermann&mobilephone=%2B491761234567&nationality=DE\
         &street=Musterstra%C3%9Fe+123&timestamp=1&transactionnumber=XYZ-123&zipcode=12345\
         &signature=d09cb32336f0b5de21e62ce1fb48e0b480addf04bd0d3e061c6d7e8e893614a1"
    );
}

#[test]
fn required_parameters_suffice() {
    assert_eq!(
        text(&links::signed(&input(&[("transactionnumber", "1234567890"), ("city", "")])).unwrap()),
        "https://go.test.idnow.de/v1/ihrebank/start?timestamp=1405074349567&transactionnumber=1234567890\
         &signature=e291f71a79ff34fdcdbb96e75bb7d45629b114aceeffbf744a6572d4a867cc9f"
    );
}

#[test]
fn names_are_sorted_and_values_encoded() {
    let parameters = [
        ("street", "A & B"),
        ("city", "C=D"),
        ("preferredLang", "en"),
        ("nationality", "DE"),
        ("lastname", "O'Brien~*%"),
        ("transactionnumber", "1234567890"),
    ];
    assert_eq!(
        text(&links::signed(&input(&parameters)).unwrap()),
        "https://go.test.idnow.de/v1/ihrebank/start?city=C%3DD&lastname=O%27Brien%7E*%25&nationality=DE&preferredLang=en\
         &street=A+%26+B&timestamp=1405074349567&transactionnumber=1234567890&signature=b6913dcbbd451bd1f1f5840461b0391ff7c0c5cdac6418682d0773d8ecc9eb9f"
    );
}

#[test]
fn ambiguous_value_is_refused() {
    for value in ["X&gender=MALE", "X&=", "&a=b", "X&timestamp=1&y"] {
        let input = input(&[("transactionnumber", "1"), ("lastname", value)]);
        assert_eq!(refused(&input), invalid("person.family_name"), "{value}");
    }
}

#[test]
fn undocumented_names_and_values_are_refused() {
    for name in [
        "timestamp",
        "signature",
        "preferredlang",
        "questions",
        "custom6",
        "company",
        "",
    ] {
        assert_eq!(
            refused(&input(&[("transactionnumber", "1"), (name, "1")])),
            invalid("parameters"),
            "{name}"
        );
    }
    assert_eq!(
        refused(&input(&[
            ("transactionnumber", "1"),
            ("birthday", "01.01.1980")
        ])),
        invalid("person.birth_date")
    );
    assert_eq!(
        refused(&input(&[("transactionnumber", "a b")])),
        invalid("reference")
    );
    assert_eq!(refused(&input(&[("city", "Berlin")])), invalid("reference"));
    let mut early = input(&[("transactionnumber", "1")]);
    early.timestamp_ms = 0;
    assert_eq!(refused(&early), invalid("timestamp"));
    let mut keyless = input(&[("transactionnumber", "1")]);
    keyless.api_key = "".into();
    assert_eq!(refused(&keyless), ErrorKind::Config);
}

#[test]
fn link_length_is_limited() {
    let base = links::signed(&input(&[("transactionnumber", "1"), ("city", "x")])).unwrap();
    let room = MAX_SIGNED_LENGTH - text(&base).len() + 1;
    let longest = links::signed(&input(&[
        ("transactionnumber", "1"),
        ("city", &"x".repeat(room)),
    ]))
    .unwrap();
    assert_eq!(text(&longest).len(), 1040);
    let error = links::signed(&input(&[
        ("transactionnumber", "1"),
        ("city", &"x".repeat(room + 1)),
    ]))
    .unwrap_err();
    assert_eq!(error.kind(), &invalid("parameters"));
    assert!(error.to_string().contains("start call"), "{error}");
}

#[test]
fn start_request_with_answers_cannot_be_a_link() {
    let mut request = StartRequest::default();
    request.lastname = Some("Berger".into());
    request.preferred_lang = Some("en-GB".parse().unwrap());
    let parameters = SigningInput::parameters_of(&number(), &request).unwrap();
    assert_eq!(
        parameters.keys().collect::<Vec<_>>(),
        ["lastname", "preferredLang", "transactionnumber"]
    );
    request
        .questions
        .insert("question".into(), Answer::Number(1.into()));
    let error = SigningInput::parameters_of(&number(), &request).unwrap_err();
    assert_eq!(error.kind(), &invalid("questions"));
}

#[test]
fn link_is_not_printed() {
    let input = input(&[
        ("transactionnumber", "1234567890"),
        ("lastname", "Mustermann"),
    ]);
    let printed = format!("{input:?} {:?}", links::signed(&input).unwrap());
    for secret in ["Mustermann", "exampleApiKey", "1234567890"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

proptest::proptest! {
    #[test]
    fn decoded_link_has_a_valid_signature(street in "\\PC{0,40}", lastname in "[a-z&=+% ü]{0,20}", company in "[a-zé/%-]{1,12}") {
        use hmac::{Hmac, KeyInit, Mac};

        let mut input = input(&[("transactionnumber", "1"), ("street", &street), ("lastname", &lastname)]);
        input.company = company;
        let Ok(link) = links::signed(&input) else {
            let ambiguous = |text: &str| text.split('&').skip(1).any(|rest| rest.contains('='));
            proptest::prop_assert!(ambiguous(&street) || ambiguous(&lastname) || input.company.trim().is_empty());
            return Ok(());
        };
        let mut pairs: Vec<_> = link.expose().query_pairs().into_owned().collect();
        let (name, signature) = pairs.pop().unwrap();
        proptest::prop_assert_eq!(name, "signature");
        let text: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"exampleApiKey").unwrap();
        mac.update(format!("/v1/{}/start?{}", input.company, text.join("&")).as_bytes());
        proptest::prop_assert!(mac.verify_slice(&hex::decode(signature).unwrap()).is_ok());
        proptest::prop_assert_eq!(link.expose().host_str(), Some("go.test.idnow.de"));
        proptest::prop_assert_eq!(link.expose().path_segments().unwrap().count(), 3);
        // As the vendor could split the signed text: into the intended parameters and no others.
        let signed = text.join("&");
        let split = signed.split('&').filter(|part| part.contains('=')).count();
        proptest::prop_assert_eq!(split, pairs.len());
    }
}
