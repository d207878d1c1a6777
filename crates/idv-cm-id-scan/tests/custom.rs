//! Members beyond the model keep their name, shape and words.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;
mod judge;

use judge::{field, judged, strict};
use serde_json::{Value, json};

fn report(change: impl FnOnce(&mut Value)) -> Value {
    serde_json::to_value(judged(&strict(), change).report().unwrap()).unwrap()
}

fn custom(change: impl FnOnce(&mut Value)) -> Value {
    report(change)["custom"].clone()
}

#[test]
fn unknown_members_keep_name_and_shape() {
    let shape = json!({ "a": [1, 1.5, true, null, { "b": "c" }] });
    for (pointer, name) in [
        ("", "neu"),
        ("/tasks/0", "document_scan.neu"),
        ("/tasks/2", "face_match.neu"),
        ("/tasks/0/result/0", "document_number.neu"),
        ("/tasks/0/result/0/values/0", "document_number.mrz.neu"),
    ] {
        for value in [
            shape.clone(),
            json!([["x"]]),
            json!("text"),
            json!(7),
            json!(false),
        ] {
            let custom =
                custom(|result| result.pointer_mut(pointer).unwrap()["neu"] = value.clone());
            assert_eq!(custom[name], value, "{name}");
        }
    }
    let file = custom(|result| result["tasks"][0]["files"][0]["neu"] = shape.clone());
    assert_eq!(file["document_scan.files"][0]["neu"], shape);
    let null = custom(|result| result["neu"] = json!(null));
    assert!(null.get("neu").is_none());
}

#[test]
fn members_of_a_task_have_its_prefix() {
    let custom = custom(|result| {
        result["tasks"][0]["level"] = "advanced".into();
        result["tasks"][0]["attempts"] = json!([2]);
        result["tasks"][1]["attemptsInvoiced"] = json!("2");
        result["tasks"][2]["score"] = json!({ "value": 0.9 });
        result["tasks"][2]["result"] =
            json!([{ "field": "face", "validity": "valid", "values": ["x"], "by": 1 }]);
        result["tasks"][1]["result"] = "match".into();
    });
    for (name, value) in [
        (
            "tasks",
            json!(["document_scan", "face_liveness", "face_match"]),
        ),
        ("document_scan.level", json!("advanced")),
        ("document_scan.state", json!("completed")),
        ("document_scan.score", json!(0.97)),
        ("document_scan.attempts", json!([2])),
        ("face_liveness.attemptsInvoiced", json!("2")),
        ("face_liveness.result", json!("match")),
        ("face_match.score", json!({ "value": 0.9 })),
        (
            "face_match.result",
            json!([{ "field": "face", "validity": "valid", "values": [{ "value": "x" }], "by": 1 }]),
        ),
    ] {
        assert_eq!(custom[name], value, "{name}");
    }
    // Checks have the states and scores of the other members.
    for name in [
        "face_liveness.state",
        "face_liveness.score",
        "face_match.state",
        "document_scan.result",
    ] {
        assert!(custom.get(name).is_none(), "{name}");
    }
}

#[test]
fn words_of_an_unknown_field_are_kept() {
    let custom = custom(|result| {
        let surname = field(result, "surname");
        surname["validity"] = "probably".into();
        surname["comparison"] = "fuzzy".into();
        surname["values"] = json!([{ "source": "barcode", "value": "DE BRUIJN" }, { "source": "chip", "value": { "text": "x" } }]);
        let fields = result["tasks"][0]["result"].as_array_mut().unwrap();
        fields.push(json!({ "field": "eye_colour", "validity": "valid", "locale": "nl-NL", "values": [{ "source": "mrz", "value": "blauw" }] }));
        fields.push(json!({ "field": "height" }));
        fields.push(json!({ "field": ["odd"], "validity": "valid", "values": ["1"] }));
    });
    for (name, value) in [
        ("surname.validity", json!("probably")),
        ("surname.comparison", json!("fuzzy")),
        ("surname.source", json!("barcode")),
        ("surname.value", json!({ "text": "x" })),
        ("eye_colour", json!("blauw")),
        ("eye_colour.locale", json!("nl-NL")),
        ("eye_colour.nl-NL.validity", json!("valid")),
        ("eye_colour.nl-NL.source", json!("mrz")),
        ("field", json!("height")),
        ("field#2", json!(["odd"])),
        ("field.value", json!("1")),
        ("age", json!("58")),
    ] {
        assert_eq!(custom[name], value, "{name}: {custom}");
    }
}

#[test]
fn several_values_of_one_name_are_all_kept() {
    let custom = custom(|result| {
        let scan = result["tasks"][0].clone();
        let tasks = result["tasks"].as_array_mut().unwrap();
        for attempts in [1, 2, 2, 3] {
            let mut scan = scan.clone();
            scan["attempts"] = attempts.into();
            tasks.push(scan);
        }
    });
    let attempts = [
        "document_scan.attempts",
        "document_scan.attempts#2",
        "document_scan.attempts#3",
        "document_scan.attempts#4",
    ];
    assert_eq!(
        attempts.map(|name| custom[name].clone()),
        [json!(1), json!(2), json!(2), json!(3)]
    );
    assert!(
        custom.get("document_scan.attempts#5").is_none(),
        "an equal one is there already"
    );
}

#[test]
fn long_numbers_keep_their_digits() {
    let mut result = fixture::json("own-result-verified.json");
    field(&mut result, "document_number")["values"] = json!([{ "source": "mrz", "value": "LONG" }]);
    let payload = result
        .to_string()
        .replace("\"LONG\"", "123456789012345678901234567890");
    let rule = strict();
    let page = idv_cm_id_scan::normalize::kind(payload.as_bytes(), "result", &rule).unwrap();
    let number = page.observations[0]
        .report()
        .unwrap()
        .document
        .number
        .clone()
        .unwrap();
    assert_eq!(number.expose().unwrap(), "123456789012345678901234567890");
}

#[test]
fn words_without_a_value_in_the_model_stay_raw() {
    let report = report(|result| {
        result["tasks"][0]["files"][0]["type"] = "seaman_book".into();
        field(result, "nationality")["values"] = json!([{ "source": "mrz", "value": "Atlantis" }]);
        field(result, "date_of_birth")["values"] =
            json!([{ "source": "mrz", "value": "1965-00-00" }]);
    });
    assert_eq!(report["document"]["kind"]["value"], "other");
    assert_eq!(report["document"]["kind"]["raw"], "seaman_book");
    assert_eq!(report["person"]["nationalities"][0]["raw"], "Atlantis");
    assert_eq!(report["person"]["birth_date"]["value"], "1965");
    assert_eq!(report["person"]["birth_date"]["raw"], "1965-00-00");
    let placeholder = judged(&strict(), |result| {
        field(result, "sex")["values"] = json!(["N/A"]);
    });
    let gender = placeholder.report().unwrap().person.gender.clone().unwrap();
    assert_eq!(
        gender.raw.unwrap().expose(),
        "N/A",
        "no document shows such a word for a missing value"
    );
}

#[test]
fn creation_and_times_are_kept() {
    let times = |completed: &str| {
        custom(|result| {
            result["created"] = "2024-01-01T12:00:00Z".into();
            result["expiresAt"] = "2024-01-01T13:00:00Z".into();
            result["completed"] = completed.into();
            result["mobileOnly"] = true.into();
            result["locale"] = "nl-NL".into();
            result["resultId"] = "e6b7ce66".into();
        })
    };
    let custom = times("yesterday");
    for (name, value) in [
        ("created", json!("2024-01-01T12:00:00Z")),
        ("expires", json!("2024-01-01T13:00:00Z")),
        ("completed", json!("yesterday")),
        ("mobileOnly", json!(true)),
        ("locale", json!("nl-NL")),
        ("resultId", json!("e6b7ce66")),
    ] {
        assert_eq!(custom[name], value, "{name}");
    }
    assert!(
        times("2024-01-01T12:20:00Z").get("completed").is_none(),
        "`completed_at` has it"
    );
}
