//! Signed links, opened at the vendor.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use support::{Place, SandboxedCli};

const PERSON: &[&str] = &[
    "--set",
    "transactionnumber=0123456789abcdef",
    "--set",
    "firstname=Max Müller",
    "--set",
    "lastname=O'Neil & Söhne",
    "--set",
    "custom1=1+1=2",
];

fn link(cli: &mut SandboxedCli, timestamp: i64) -> String {
    cli.place.set("THE_KEY", "exampleApiKey");
    let base = cli.sandbox.idnow().base_url();
    let timestamp = timestamp.to_string();
    let fixed = [
        "link",
        "idnow",
        "--company",
        "ihrebank",
        "--host",
        &base,
        "--api-key-env",
        "THE_KEY",
        "--timestamp",
        &timestamp,
    ];
    let ran = cli.place.run(&[&fixed[..], PERSON].concat());
    assert_eq!(ran.exit, 0, "{}", ran.err);
    ran.out.trim_end().to_owned()
}

#[test]
fn link_with_one_changed_character_is_refused() {
    let mut cli = SandboxedCli::new();
    let now = cli.sandbox.clock().now().as_millisecond();
    let link = link(&mut cli, now);
    assert_eq!(cli.visit(std::slice::from_ref(&link)), [302]);
    assert_eq!(cli.sandbox.idnow().identifications(), 1);

    // The change is after the slash, since before it the port would change.
    let begin = link.find("/v1/").unwrap() + 1;
    let changed: Vec<String> = (begin..link.len())
        .map(|index| {
            let mut bytes = link.clone().into_bytes();
            bytes[index] = if bytes[index] == b'0' { b'1' } else { b'0' };
            String::from_utf8(bytes).unwrap()
        })
        .collect();
    for (url, status) in changed.iter().zip(cli.visit(&changed)) {
        assert!((400..500).contains(&status), "{status} for {url}");
    }
    assert_eq!(cli.sandbox.idnow().identifications(), 1);
}

#[test]
fn link_of_another_day_is_refused() {
    let mut cli = SandboxedCli::new();
    let then = cli.sandbox.clock().now().as_millisecond() - 24 * 3600 * 1000;
    let link = link(&mut cli, then);
    assert!((400..500).contains(&cli.visit(&[link])[0]));
}

#[test]
fn host_names_data_centres() {
    let mut place = Place::new();
    place.set("THE_KEY", "exampleApiKey");
    for (host, begin) in [
        ("de", "https://go.idnow.de/v1/a/start?"),
        ("ch", "https://go.online-ident.ch/v1/a/start?"),
        ("test", "https://go.test.idnow.de/v1/a/start?"),
        ("ident.example.com", "https://ident.example.com/v1/a/start?"),
    ] {
        let ran = place.run(&[
            "link",
            "idnow",
            "--company",
            "a",
            "--host",
            host,
            "--api-key-env",
            "THE_KEY",
            "--set",
            "transactionnumber=b",
        ]);
        assert!(
            ran.exit == 0 && ran.out.starts_with(begin),
            "{} {}",
            ran.out,
            ran.err
        );
    }
}

#[test]
fn invalid_parameters_are_refused_by_name() {
    let mut place = Place::new();
    place.set("THE_KEY", "exampleApiKey");
    let run = |key: &str, set: &[&str]| {
        let fixed = [
            "link",
            "idnow",
            "--company",
            "a",
            "--host",
            "de",
            "--api-key-env",
            key,
        ];
        place.run(&[&fixed[..], set].concat()).failed(2).to_owned()
    };
    assert!(run("NOT_SET", &["--set", "transactionnumber=b"]).contains("NOT_SET"));
    assert!(run("THE_KEY", &["--set", "firstname=b"]).contains("transactionnumber"));
    assert!(
        run(
            "THE_KEY",
            &["--set", "transactionnumber=b", "--set", "fristname=b"]
        )
        .contains("unknown name")
    );
    assert!(
        run(
            "THE_KEY",
            &[
                "--set",
                "transactionnumber=b",
                "--set",
                "transactionnumber=c"
            ]
        )
        .contains("twice")
    );
    let long = format!("custom1={}", "x".repeat(1040));
    let error = run("THE_KEY", &["--set", "transactionnumber=b", "--set", &long]);
    assert!(!error.contains("xxxx"), "{error}");
}
