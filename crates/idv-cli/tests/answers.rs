//! The commands that need no vendor, and the program's behaviour in scripts.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::Place;

#[test]
fn providers_are_listed_without_credentials() {
    let place = Place::new();
    let providers = place.run(&["providers", "--json"]).json();
    let ids: Vec<&str> = providers
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.get("provider").unwrap().as_str().unwrap())
        .collect();
    assert!(
        ids.is_sorted() && ids.len() == idv::providers().len(),
        "{ids:?}"
    );
    let idnow = providers.pointer("/3").unwrap();
    assert_eq!(idnow.get("create_safety").unwrap(), "keyed");
    assert!(
        idnow
            .get("capabilities")
            .unwrap()
            .as_array()
            .unwrap()
            .contains(&json!("listing"))
    );
    let table = place.run(&["providers"]);
    assert_eq!(table.exit, 0);
    let line = |begin: &str| {
        table
            .out
            .lines()
            .find(|line| line.trim_start().starts_with(begin))
            .unwrap()
            .to_owned()
    };
    let yes = |begin: &str| {
        line(begin)
            .split_whitespace()
            .skip(1)
            .map(|word| word == "yes")
            .collect::<Vec<_>>()
    };
    assert_eq!(yes("lookup"), [false, false, true, false, false]);
    assert_eq!(yes("polling"), [true, true, true, true, false]);
    assert_eq!(yes("deletion"), [false, false, true, true, false]);
}

#[test]
fn schema_describes_observations_and_reports() {
    let schema = Place::new().run(&["schema"]).json();
    let required = schema.pointer("/observation/required").unwrap();
    assert_eq!(
        required,
        &json!([
            "subject", "channel", "trust", "status", "code", "report", "at"
        ])
    );
    assert!(schema.pointer("/report/properties/person").is_some());
}

#[test]
fn closed_pipe_is_not_a_failure() {
    let place = Place::new();
    for arguments in [
        &["schema"][..],
        &["providers"],
        &["demo", "--scenario", "happy"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = place.command(arguments).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn help_documents_exit_codes_and_wrong_usage_exits_2() {
    let place = Place::new();
    let help = place.run(&["--help"]);
    assert_eq!((help.exit, help.err.as_str()), (0, ""));
    for word in ["demo", "normalize", "Exit codes", "130"] {
        assert!(help.out.contains(word), "{word}");
    }
    for arguments in [
        &[][..],
        &["no-such-command"],
        &["poll"],
        &["poll", "--no-such-option"],
    ] {
        let ran = place.run(arguments);
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{arguments:?}");
    }
    assert!(
        place
            .run(&["--version"])
            .out
            .contains(env!("CARGO_PKG_VERSION"))
    );
}

/// The README lists the same exit codes as the help.
#[test]
fn readme_lists_exit_codes_of_help() {
    let readme = include_str!("../README.md");
    let help = Place::new().run(&["--help"]).out;
    let codes = |text: &str, begin: &str, end: fn(char) -> bool| -> Vec<String> {
        text.lines()
            .filter_map(|line| {
                line.strip_prefix(begin)?
                    .split(end)
                    .next()
                    .map(|code| code.trim().to_owned())
            })
            .filter(|code| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit()))
            .collect()
    };
    let in_help = codes(&help, "  ", |character| character == ' ');
    let in_readme = codes(readme, "| ", |character| character == '|');
    assert_eq!(in_help, in_readme);
    assert_eq!(in_help.len(), 7);
}

#[cfg(unix)]
#[test]
fn sandbox_prints_working_settings_and_stops_on_signal() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    let mut place = Place::new();
    let pem = place
        .folder
        .path()
        .join("authority.pem")
        .display()
        .to_string();
    for tls in [false, true] {
        let mut arguments = vec!["sandbox", "--listen", "127.0.0.1:0", "--json"];
        if tls {
            arguments.extend(["--tls", &pem]);
        }
        let mut child = place
            .command(&arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut text = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            text += &line;
            if line == "}" {
                break;
            }
        }
        let settings: Value = serde_json::from_str(&text).unwrap();
        let idnow = |name: &str| {
            settings
                .pointer(&format!("/idnow/{name}"))
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        };
        let url = idnow("url");
        assert_eq!(url.starts_with("https://"), tls);
        for (name, value) in [
            ("IDV_PROVIDER", "idnow".to_owned()),
            ("IDV_IDNOW_COMPANY", idnow("company")),
            ("IDV_IDNOW_API_KEY", idnow("api_key")),
            ("IDV_IDNOW_GATEWAY_URL", url.clone()),
            ("IDV_IDNOW_GO_URL", url),
        ] {
            place.set(name, &value);
        }
        if tls {
            assert!(
                place
                    .run(&["create", "--json"])
                    .err
                    .contains("root_certificates"),
                "an unknown authority is refused"
            );
            place.set("IDV_TRANSPORT_ROOT_CERTIFICATES", &pem);
        }
        place.run(&["create", "--json"]).json();
        let asked = std::process::Command::new("kill")
            .arg(child.id().to_string())
            .status()
            .unwrap();
        assert!(asked.success());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

/// The printed settings work when pasted, for each vendor.
#[cfg(unix)]
#[test]
fn printed_sandbox_configuration_works() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    let mut place = Place::new();
    let mut child = place
        .command(&["sandbox", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let _child = Ended(child);
    let file: Vec<String> = lines
        .by_ref()
        .skip_while(|line| line != "# idv.toml")
        .take_while(|line| !line.starts_with("# for a shell"))
        .collect();
    for line in lines
        .by_ref()
        .take_while(|line| !line.starts_with("# for a shell"))
    {
        let Some((name, value)) = line
            .strip_prefix("export ")
            .and_then(|line| line.split_once('='))
        else {
            continue;
        };
        place.set(name, value);
    }
    let file = file.join("\n");
    for provider in idv::providers()
        .iter()
        .map(|vendor| vendor.provider.as_str())
    {
        let chosen = file.replace(
            "provider = \"idnow\"",
            &format!("provider = \"{provider}\""),
        );
        place.write("idv.toml", chosen);
        let person = [
            "--given-names",
            "Erika",
            "--family-name",
            "Mustermann",
            "--gender",
            "female",
            "--birth-date",
            "1982-05-22",
        ];
        let contact = [
            "--birth-place",
            "Berlin",
            "--nationality",
            "DE",
            "--street",
            "Heidestrasse",
            "--house-number",
            "17",
            "--postal-code",
            "51147",
        ];
        let rest = [
            "--city",
            "Köln",
            "--country",
            "DE",
            "--email",
            "erika@example.com",
            "--phone",
            "+4915123456789",
            "--json",
        ];
        place
            .run(&[&["create"], &person[..], &contact, &rest].concat())
            .json();
    }
}

/// A process that is killed at the end of the test, even if the test fails.
#[cfg(unix)]
struct Ended(std::process::Child);

#[cfg(unix)]
impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn sandbox_listens_on_loopback_only() {
    assert!(
        Place::new()
            .run(&["sandbox", "--listen", "0.0.0.0:0"])
            .failed(2)
            .contains("loopback")
    );
}
