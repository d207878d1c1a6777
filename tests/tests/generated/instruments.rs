//! The instruments of metrics: the table in the book, and the dashboard for Grafana.

use std::collections::BTreeSet;
use std::path::Path;

use idv::metrics::{Instrument, InstrumentKind};
use serde_json::Value;

use super::{FLOWS, keep, line, table};

#[test]
fn flows_page_lists_every_instrument() {
    let mut listed = table(&["instrument", "in Prometheus", "measures", "attributes"]);
    for instrument in instruments() {
        let attributes: Vec<String> = instrument
            .attributes
            .iter()
            .map(|attribute| format!("`{attribute}`"))
            .collect();
        let cells = [
            format!("`{}`", instrument.name),
            format!("`{}`", in_prometheus(instrument)),
            instrument.description.to_owned(),
            if attributes.is_empty() {
                "–".to_owned()
            } else {
                attributes.join(", ")
            },
        ];
        line(&mut listed, &cells);
    }
    keep(FLOWS, "instruments", &listed);
}

#[test]
fn dashboard_shows_every_instrument_and_no_other() {
    let names: BTreeSet<String> = instruments().map(in_prometheus).collect();
    let attributes = instruments().flat_map(|instrument| instrument.attributes);
    let labels: BTreeSet<String> = attributes
        .map(|attribute| attribute.replace('.', "_"))
        .collect();
    let mut shown = BTreeSet::new();
    for query in queries() {
        for word in words(&query) {
            let metric = ["_bucket", "_count", "_sum"]
                .iter()
                .find_map(|suffix| word.strip_suffix(suffix))
                .unwrap_or(word);
            match names.get(metric) {
                Some(name) => drop(shown.insert(name)),
                None => assert!(
                    labels.contains(word),
                    "`{word}` in `{query}` is neither a metric nor a label"
                ),
            }
        }
    }
    assert_eq!(shown, names.iter().collect(), "every instrument is shown");
}

fn instruments() -> impl Iterator<Item = &'static Instrument> {
    idv::metrics::INSTRUMENTS
        .iter()
        .chain(idv_flow::INSTRUMENTS)
}

/// Returns the name of an instrument after its translation to Prometheus, without a histogram's
/// suffix.
fn in_prometheus(instrument: &Instrument) -> String {
    let unit = if instrument.unit == "s" {
        "_seconds"
    } else {
        ""
    };
    let total = if instrument.kind == InstrumentKind::Counter {
        "_total"
    } else {
        ""
    };
    format!("{}{unit}{total}", instrument.name.replace('.', "_"))
}

/// Returns the expressions of the dashboard's panels and the queries of its variables.
fn queries() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/grafana/idv-flow.json");
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels
        .iter()
        .map(|panel| panel["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids.len(), panels.len(), "each panel has its own id");
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten()
        .map(|target| &target["expr"]);
    let variables = dashboard["templating"]["list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variable| &variable["query"]);
    targets
        .chain(variables)
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

/// Returns the names of metrics and labels in a query.
fn words(query: &str) -> BTreeSet<&str> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let is_ours = |word: &&str| {
        ["idv_", "http_", "server_", "error_"]
            .iter()
            .any(|prefix| word.starts_with(prefix))
    };
    query
        .split(|character| !is_name(character))
        .filter(is_ours)
        .collect()
}
