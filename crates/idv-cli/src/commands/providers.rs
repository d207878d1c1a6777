//! `idv providers`.

use clap::Args;
use idv::report::Field;
use idv::{Capabilities, Facet};

use crate::failure::{Exit, Failure};
use crate::output::{Output, plain, table};
use crate::words::word;

/// Shows which vendors are compiled in and what each can do.
#[derive(Args)]
pub(crate) struct Providers {}

impl Providers {
    pub(crate) fn run(self, output: Output) -> Result<Exit, Failure> {
        output.answer(&idv::providers(), |providers| matrix(providers))?;
        Ok(Exit::Done)
    }
}

/// One column per vendor.
fn matrix(providers: &[Capabilities]) -> String {
    let mut head = vec!["can"];
    head.extend(providers.iter().map(|vendor| vendor.provider.as_str()));
    let mut matrix = table(&head);
    let mut row = |name: &str, cell: &dyn Fn(&Capabilities) -> String| {
        matrix.add_row(std::iter::once(name.to_owned()).chain(providers.iter().map(cell)));
    };
    row("vendor", &|vendor| vendor.name.to_owned());
    row("document", &|vendor| vendor.document.to_owned());
    for facet in Facet::ALL {
        row(facet.name(), &|vendor| yes(vendor.has(*facet)));
    }
    row("repeating create", &|vendor| word(&vendor.create_safety));
    row("hand-off", &|vendor| word(&vendor.hand_off));
    row("report comes from", &|vendor| word(&vendor.report_from));
    row("callbacks proven by", &|vendor| vendor.callback_proof.map_or_else(|| "nothing".to_owned(), |proof| word(&proof)));
    row("person has", &|vendor| {
        vendor.lifetime.map_or_else(|| "no limit known".to_owned(), |lifetime| format!("{} days", lifetime.as_secs() / 86_400))
    });
    for path in inputs(providers) {
        row(&format!("takes {path}"), &|vendor| yes(vendor.accepts.contains(&path)));
    }
    for field in Field::ALL {
        row(&format!("reports {field}"), &|vendor| yes(vendor.report_fields.contains(field)));
    }
    plain(&matrix)
}

/// Everything that any of them takes, in the order in which the first that takes it names it.
fn inputs(providers: &[Capabilities]) -> Vec<&'static str> {
    let mut inputs = Vec::new();
    for path in providers.iter().flat_map(|vendor| vendor.accepts) {
        if !inputs.contains(path) {
            inputs.push(*path);
        }
    }
    inputs
}

fn yes(there: bool) -> String {
    if there { "yes" } else { "-" }.to_owned()
}
