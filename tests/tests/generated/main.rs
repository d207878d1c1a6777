//! Parts of the documentation that are made from the code. Run with `IDV_GENERATE=write` to write them anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use idv::adapter::settings::Section as _;
use idv::report::Field;
use idv::{
    Capability, Client, Config, CreateSafety, HandOffKind, ProofKind, ReportSource, Status,
    Timestamp, VendorInfo,
};
use idv_flow::{Attention, FlowConfig, Schedule};
use idv_sandbox::Sandbox;
use idv_testkit::{ManualClock, ScriptedTransport, environment};

macro_rules! pages {
    ($($vendor:ident,)*) => {
        $(mod $vendor;)*
    };
}

idv_sandbox::for_each_vendor!(pages);
mod instruments;
mod places;

#[test]
fn the_readmes_matrix_is_what_the_code_can() {
    keep("README.md", "matrix", &matrix(&idv::providers()));
}

#[test]
fn configuration_page_lists_every_key() {
    let mut text = String::new();
    for (name, settings) in Config::tables()
        .into_iter()
        .chain([(FlowConfig::NAME, FlowConfig::settings())])
    {
        let mut keys = table(&["key", "variable", "meaning", "form"]);
        for setting in settings {
            let cells = [
                format!("`{}`", setting.key),
                format!("`{}`", setting.variable(name)),
                setting.summary(),
                (setting.form)().into(),
            ];
            line(&mut keys, &cells);
        }
        write!(text, "### `{name}`\n\n{keys}\n").unwrap();
    }
    keep("docs/src/configuration.md", "settings", text.trim_end());
}

#[test]
fn each_vendors_page_says_what_is_supported() {
    for provider in idv::providers() {
        let mut supported = table(&["", ""]);
        for facet in Capability::ALL {
            line(
                &mut supported,
                &[
                    facet.name().to_owned(),
                    if provider.has(*facet) { "yes" } else { "–" }.to_owned(),
                ],
            );
        }
        let paths = |paths: &[&str]| {
            paths
                .iter()
                .map(|path| format!("`{path}`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        line(
            &mut supported,
            &["a creation takes".to_owned(), paths(provider.accepts)],
        );
        let fields: Vec<String> = provider
            .report_fields
            .iter()
            .map(Field::to_string)
            .collect();
        line(
            &mut supported,
            &[
                "a report can fill".to_owned(),
                paths(&fields.iter().map(String::as_str).collect::<Vec<_>>()),
            ],
        );
        keep(
            &format!("docs/src/vendors/{}.md", provider.provider),
            "supported",
            &supported,
        );
    }
}

#[test]
fn the_page_on_flows_says_when_what_is_tried_at_each_vendor() {
    let vendors = vendors();
    let mut header = vec!["".to_owned(), "".to_owned()];
    header.extend(
        vendors
            .iter()
            .map(|vendor| format!("`{}`", vendor.info().provider)),
    );
    let mut schedules = table(&header.iter().map(String::as_str).collect::<Vec<_>>());
    let of_each: Vec<Schedule> = vendors.iter().map(schedule).collect();
    let mut row = |name: &str, meaning: &str, cell: &dyn Fn(&Schedule) -> String| {
        let cells: Vec<String> = [format!("`{name}`"), meaning.to_owned()]
            .into_iter()
            .chain(of_each.iter().map(cell))
            .collect();
        line(&mut schedules, &cells);
    };
    row("interval", "the first wait between two questions", &|it| {
        time(it.interval)
    });
    row(
        "growth",
        "by what waits grow while nothing happens",
        &|it| it.growth.to_string(),
    );
    row("slowest", "the longest wait", &|it| time(it.slowest));
    row(
        "jitter",
        "by what part a wait is longer or shorter",
        &|it| it.jitter.to_string(),
    );
    row(
        "wake_gap",
        "how soon it is asked again when a message wakes",
        &|it| time(it.wake_gap),
    );
    row("sweep", "how often the lists are read", &|it| {
        it.sweep.map_or_else(|| "–".to_owned(), time)
    });
    row(
        "backstop",
        "where lists are read: how long one goes unasked",
        &|it| {
            it.sweep
                .map_or_else(|| "–".to_owned(), |_| time(it.backstop))
        },
    );
    row(
        "lifetime",
        "how long a person has, where the answer does not say",
        &|it| time(it.lifetime),
    );
    row(
        "grace",
        "how long it is still tried to be asked after that",
        &|it| time(it.grace),
    );
    row(
        "overdue",
        "how long a report is waited for before a person is told",
        &|it| time(it.overdue),
    );
    row(
        "create_within",
        "how long a creation that reached nobody is tried",
        &|it| time(it.create_within),
    );
    row(
        "settle_within",
        "how long a lost answer is settled before a person is told",
        &|it| time(it.settle_within),
    );
    row(
        "failing",
        "how long the vendor fails before a person is told",
        &|it| time(it.failing),
    );
    row(
        "confirm_after",
        "how long after a deletion it is asked to be confirmed",
        &|it| time(it.confirm_after),
    );
    keep(FLOWS, "schedules", &schedules);

    // What a schedule shows of itself has the name of each field, so none can be forgotten here.
    let shown = format!("{:?}", of_each[0]);
    let fields: BTreeSet<&str> = shown
        .split([' ', '{'])
        .filter_map(|word| word.strip_suffix(':'))
        .collect();
    let rows: BTreeSet<&str> = schedules
        .lines()
        .skip(2)
        .filter_map(|row| row.split('`').nth(1))
        .collect();
    assert_eq!(rows, fields);
}

#[test]
fn the_page_on_flows_says_what_becomes_of_an_interrupted_creation() {
    let mut creations = table(&[
        "vendor",
        "a repeated creation",
        "what the flow does",
        "when a person is told: `creation_unknown`",
    ]);
    for vendor in vendors() {
        let (info, schedule) = (vendor.info(), schedule(&vendor));
        let (kind, done, told) = match info.create_safety {
            CreateSafety::Keyed => (
                "is the same verification",
                "creates again under the same reference, until there is an answer".to_owned(),
                format!("after {}, and it goes on", time(schedule.settle_within)),
            ),
            CreateSafety::Findable => (
                "is another one, and both can be found",
                format!("looks our reference up, for {}; never creates again by itself", time(schedule.lifetime)),
                format!(
                    "after {}, and it goes on; at once where several are found: `several_found`",
                    time(schedule.settle_within)
                ),
            ),
            _ => (
                "is another one",
                "waits for a proven callback that names our reference; never creates again by itself".to_owned(),
                "at once".to_owned(),
            ),
        };
        line(
            &mut creations,
            &[info.name.to_owned(), kind.into(), done, told],
        );
    }
    keep(FLOWS, "interrupted creations", &creations);
}

#[test]
fn the_page_on_flows_has_everything_that_needs_a_person() {
    let all = [
        Attention::CreationUnknown,
        Attention::SeveralFound(2),
        Attention::Disputed,
        Attention::Overdue,
        Attention::Failing("unavailable".to_owned()),
        Attention::Failing("unauthorized".to_owned()),
        Attention::Failing("quota_exhausted".to_owned()),
        Attention::Failing("not_found".to_owned()),
        Attention::Failing("crashed".to_owned()),
        Attention::UnknownCode("A_CODE".to_owned()),
        Attention::NoWayOn,
        Attention::DeleteByHand,
        Attention::DeletionFailing(None),
        Attention::EvidenceFailing(String::new()),
        Attention::Damaged,
        Attention::NewerVersion,
        Attention::Unconfigured,
        Attention::Undelivered("settled".to_owned()),
        Attention::Unmatched,
        Attention::Unproven,
        Attention::Unreadable,
        Attention::InboxFull,
        Attention::Paused,
        Attention::Draining,
    ];
    let mut attentions = table(&["word", "meaning", "what a person can do"]);
    for attention in &all {
        let detail = match attention {
            Attention::Failing(error) if error != "unavailable" => format!(": `{error}`"),
            _ => String::new(),
        };
        let cells = [
            format!("`{}`{detail}", attention.name()),
            attention.to_string(),
            attention.what_to_do(""),
        ];
        line(&mut attentions, &cells);
    }
    keep(FLOWS, "attention", &attentions);

    // Whatever reads one lists the words there are, so none can be forgotten here.
    let there = serde_json::from_str::<Attention>(r#"{"kind":"none of them"}"#)
        .unwrap_err()
        .to_string();
    let there: BTreeSet<&str> = there.split('`').skip(3).step_by(2).collect();
    assert_eq!(there, all.iter().map(Attention::name).collect());
}

#[test]
fn the_page_on_flows_says_what_is_deleted_by_hand() {
    let mut by_hand = table(&["vendor", "its copy is deleted"]);
    for vendor in vendors() {
        let how = match vendor.provider().capabilities().deletion {
            Some(_) => "by a call".to_owned(),
            None => format!("by hand: {}", vendor.info().manual_steps),
        };
        line(&mut by_hand, &[vendor.info().name.to_owned(), how]);
    }
    keep(FLOWS, "by hand", &by_hand);
}

#[test]
fn the_page_on_callbacks_says_how_each_vendor_calls() {
    let mut intakes = table(&[
        "vendor",
        "it calls by",
        "a body is at most",
        "it wants its reply within",
        "its address is set",
    ]);
    for vendor in vendors() {
        let intake = vendor.provider().capabilities().callbacks.unwrap().spec();
        let methods: Vec<&str> = intake.methods.iter().map(http::Method::as_str).collect();
        let set = if vendor.info().accepts.contains(&"callback_url") {
            "with each verification"
        } else {
            "once per account"
        };
        let cells = [
            vendor.info().name.to_owned(),
            methods.join(", "),
            format!("{} KiB", intake.body_limit / 1024),
            intake.reply_within.map_or_else(|| "–".to_owned(), time),
            set.to_owned(),
        ];
        line(&mut intakes, &cells);
    }
    keep("docs/src/callbacks.md", "intakes", &intakes);
}

#[test]
fn the_facades_readme_has_each_vendors_feature() {
    let mut vendors = table(&["feature", "vendor", "by"]);
    for vendor in idv::providers() {
        line(
            &mut vendors,
            &[
                format!("`{}`", vendor.provider),
                vendor.name.to_owned(),
                vendor.document.to_owned(),
            ],
        );
    }
    keep("crates/idv/README.md", "vendors", &vendors);
}

#[test]
fn the_page_on_the_sandbox_has_each_vendors_scenarios() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let sandbox = runtime
        .block_on(Sandbox::builder().in_process().start())
        .unwrap();
    let mut scenarios = table(&["vendor", "scenarios"]);
    for vendor in sandbox.vendors() {
        let common = idv_testkit::conformance::SCENARIOS;
        let own: Vec<String> = vendor
            .scenarios()
            .iter()
            .filter(|scenario| !common.contains(&scenario.name))
            .map(|scenario| format!("`{}`", scenario.name))
            .collect();
        line(&mut scenarios, &[vendor.name().to_owned(), own.join(", ")]);
    }
    keep("docs/src/sandbox.md", "scenarios", &scenarios);
}

const FLOWS: &str = "docs/src/flows.md";

/// A client of every vendor, in the order of their ids; no call is made.
fn vendors() -> Vec<Client> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let sandbox = runtime
        .block_on(Sandbox::builder().in_process().start())
        .unwrap();
    let mut ids: Vec<&str> = sandbox
        .vendors()
        .iter()
        .map(idv_sandbox::Vendor::id)
        .collect();
    ids.sort_unstable();
    let client = |id: &str| {
        let environment = environment(
            &ScriptedTransport::new(),
            &ManualClock::new(Timestamp::UNIX_EPOCH),
        );
        idv::connect_in(
            &Config::from_env(sandbox.settings(id)).unwrap(),
            environment,
        )
        .unwrap()
    };
    ids.into_iter().map(client).collect()
}

fn schedule(vendor: &Client) -> Schedule {
    Schedule::of(vendor.info())
}

/// A time in the largest unit of which it is a whole number.
fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (length, unit) = [
        (24 * 60 * 60, "days"),
        (60 * 60, "h"),
        (60, "min"),
        (1, "s"),
    ]
    .into_iter()
    .find(|(length, _)| seconds.is_multiple_of(*length))
    .unwrap();
    let count = seconds / length;
    format!(
        "{count} {}",
        if (count, unit) == (1, "days") {
            "day"
        } else {
            unit
        }
    )
}

/// A state in words: its name, and what it comes to or leans to.
fn state(status: Status) -> String {
    let status = serde_json::to_value(status).unwrap();
    let word = |name: &str| status[name].as_str();
    let state = word("state").unwrap();
    match (word("outcome"), word("leaning")) {
        (Some(outcome), _) => format!("{state}: {outcome}"),
        (None, Some(leaning)) => format!("{state}, leans to {leaning}"),
        (None, None) => state.to_owned(),
    }
}

fn matrix(providers: &[VendorInfo]) -> String {
    let mut header = vec!["".to_owned()];
    header.extend(
        providers
            .iter()
            .map(|provider| format!("`{}`", provider.provider)),
    );
    let mut text = table(&header.iter().map(String::as_str).collect::<Vec<_>>());
    let mut row = |what: &str, cell: &dyn Fn(&VendorInfo) -> String| {
        let cells: Vec<String> = std::iter::once(what.to_owned())
            .chain(providers.iter().map(cell))
            .collect();
        line(&mut text, &cells);
    };
    row("vendor", &|provider| provider.name.to_owned());
    row("document", &|provider| provider.document.to_owned());
    row("proved by", &|_| {
        "its document and an emulator; no live account yet".to_owned()
    });
    for facet in Capability::ALL {
        row(facet.name(), &|provider| {
            if provider.has(*facet) { "yes" } else { "–" }.to_owned()
        });
    }
    row("a creation whose answer was lost", &|provider| {
        match provider.create_safety {
            CreateSafety::Keyed => "repeat it: our reference is the key",
            CreateSafety::Findable => "find it by our reference",
            _ => "wait, or ask a person",
        }
        .to_owned()
    });
    row("the person", &|provider| {
        match provider.hand_off {
            HandOffKind::Redirect => "visits a link",
            _ => "is contacted by the vendor",
        }
        .to_owned()
    });
    row("the report comes", &|provider| {
        match provider.report_from {
            ReportSource::Poll => "with the state",
            ReportSource::Fetch => "by fetching",
            _ => "with a callback",
        }
        .to_owned()
    });
    row("callbacks are proven by", &|provider| {
        match provider.callback_proof {
            Some(ProofKind::SecretUrl) => "a secret in the address, where one is configured",
            Some(ProofKind::SharedSecret) => "a secret in a header, where one is configured",
            Some(ProofKind::Basic) => "Basic authentication, where it is configured",
            _ => "nothing",
        }
        .to_owned()
    });
    row("a creation requires", &|provider| {
        if provider.requires.is_empty() {
            "–".to_owned()
        } else {
            provider.requires.join(", ").replace('|', " or ")
        }
    });
    row("fields a report can fill", &|provider| {
        provider.report_fields.len().to_string()
    });
    text
}

fn table(header: &[&str]) -> String {
    format!(
        "| {} |\n|{}\n",
        header.join(" | "),
        "---|".repeat(header.len())
    )
}

fn line(table: &mut String, cells: &[String]) {
    writeln!(table, "| {} |", cells.join(" | ")).unwrap();
}

/// A value's name in JSON.
fn name(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .unwrap()
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Compares the part of a file between its markers with what it is to be, or writes it.
fn keep(file: &str, part: &str, wanted: &str) {
    // Several tests keep parts of one file.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let begin = format!("<!-- generated: {part} -->\n");
    let (before, rest) = text
        .split_once(&begin)
        .unwrap_or_else(|| panic!("{file} has no part {part}"));
    let (found, after) = rest
        .split_once("<!-- /generated -->")
        .expect("a part has an end");
    let wanted = format!("\n{wanted}\n");
    if std::env::var("IDV_GENERATE").as_deref() == Ok("write") {
        return std::fs::write(
            &path,
            format!("{before}{begin}{wanted}<!-- /generated -->{after}"),
        )
        .unwrap();
    }
    assert_eq!(
        found, wanted,
        "{file}: {part} is stale; run `just generate`"
    );
}
