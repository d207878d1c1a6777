use serde_json::json;

use super::*;
use crate::secret::Secret;

crate::settings! {
    /// An example.
    struct Example {
        required {
            /// The name.
            name: String,
        }
        optional {
            /// The key.
            key: Option<Secret>,
            /// A number.
            small: u8 = 1,
            /// A switch.
            on: bool,
            /// Words.
            names: Vec<String>,
            /// A wait.
            wait("inner.wait_ms"): std::time::Duration as Millis,
            /// The secrets.
            callback_secret: Secrets,
        }
    }
}

fn read(value: Value) -> Result<Example, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn refused(value: Value) -> String {
    read(value).unwrap_err()
}

#[test]
fn file_and_environment_give_the_same_values() {
    let file = read(json!({ "name": "n", "small": 7, "on": true, "names": ["a", "b"], "inner": { "wait_ms": 5 } })).unwrap();
    let text = json!({ "name": "n", "small": "7", "on": "true", "names": "a, b,", "inner": { "wait_ms": "5" } });
    let environment = read(text).unwrap();
    assert_eq!(format!("{file:?}"), format!("{environment:?}"));
    let built = Example::required(String::new())
        .name("n")
        .small(7)
        .on(true)
        .names(["a", "b"]);
    assert_eq!(
        format!("{file:?}"),
        format!("{:?}", built.wait(std::time::Duration::from_millis(5)))
    );
}

#[test]
fn error_names_the_key_and_the_expected_form() {
    for (wrong, key, form) in [
        (
            json!({ "name": "n", "small": 256 }),
            "`small`",
            "a whole number from 0 to 255",
        ),
        (json!({ "name": "n", "small": -1 }), "`small`", "from 0"),
        (
            json!({ "name": "n", "small": "seven" }),
            "`small`",
            "whole number",
        ),
        (
            json!({ "name": "n", "on": "yes" }),
            "`on`",
            "`true` or `false`",
        ),
        (json!({ "name": "n", "on": 1 }), "`on`", "`true` or `false`"),
        (
            json!({ "name": "n", "names": [1] }),
            "`names`",
            "a list of words",
        ),
        (
            json!({ "name": "n", "inner": { "wait_ms": "x" } }),
            "`inner.wait_ms`",
            "milliseconds",
        ),
        (
            json!({ "name": "n", "inner": { "wait": 1 } }),
            "`inner.wait`",
            "did you mean `wait_ms`?",
        ),
        (
            json!({ "name": "n", "inner": 1 }),
            "`inner`",
            "expected one of name, key",
        ),
        (json!({ "name": 1 }), "`name`", "text"),
        (json!({}), "`name` is missing", "text"),
        (json!({ "nmae": "n" }), "`nmae`", "did you mean `name`?"),
    ] {
        let error = refused(wrong.clone());
        assert!(
            error.contains(key) && error.contains(form),
            "{wrong}: {error}"
        );
    }
}

#[test]
fn summary_has_no_rustdoc_links() {
    let doc = " As [`Api::x`](crate::Api::x) and\n [`Acceptance`].\n";
    assert_eq!(
        Setting::new::<String>("key", false, doc).summary(),
        "As `Api::x` and `Acceptance`."
    );
}

#[test]
fn several_secrets_are_accepted_and_not_printed() {
    let built = Example::required("n".to_owned())
        .key("hunter2")
        .callback_secret([Secret::from("hunter3"), "hunter4".into()]);
    let printed = format!("{built:?}");
    assert!(
        built.callback_secret.iter().count() == 2 && !printed.contains("hunter"),
        "{printed}"
    );
    let auth = query_auth("token", &"0123456789abcdef".into()).unwrap();
    assert!(
        auth.proof().is_some()
            && query_auth("token", &Secrets::default())
                .unwrap()
                .proof()
                .is_none()
    );
    for parameter in ["", "to ken", "token=", "a&b", "tökén"] {
        assert!(
            query_auth(parameter, &Secrets::default())
                .unwrap_err()
                .to_string()
                .contains("`callback_parameter`")
        );
    }
}

#[test]
fn secret_in_clear_is_never_repeated() {
    for wrong in [
        json!("hunter2"),
        json!(271_828_182),
        json!(271_828.182),
        json!(["hunter2"]),
        json!([[{ "env": "PATH" }, "hunter2"]]),
        json!({ "env": "hunter2" }),
        json!({ "env": 271_828_182 }),
        json!({ "env": ["hunter2"] }),
        json!({ "file": "hunter2" }),
        json!({ "value": "hunter2" }),
        json!({ "hunter2": "PATH" }),
        json!({ "env": "PATH", "file": "hunter2" }),
        json!({ "env": { "env": "hunter2" } }),
        json!({}),
        json!(true),
        json!(null),
    ] {
        for key in ["key", "callback_secret"] {
            let error = refused(json!({ "name": "n", key: wrong }));
            assert!(
                error.contains(&format!("`{key}`"))
                    && error.contains("secret") | error.contains("that it names"),
                "{error}"
            );
            assert!(
                !error.contains("hunter2") && !error.contains("271"),
                "{error}"
            );
        }
    }
}
