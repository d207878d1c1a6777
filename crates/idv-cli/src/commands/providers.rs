//! `idv providers`.

use clap::Args;
use idv::report::Field;
use idv::{Capability, Input, VendorInfo};

use super::Run;
use crate::failure::{Exit, Failure};
use crate::output::{Output, plain, table};
use crate::settings::Settings;
use crate::words::word;

/// Shows the compiled-in vendors and their capabilities.
#[derive(Args)]
pub(crate) struct Providers {}

impl Run for Providers {
    async fn run(self, _: &Settings, output: Output) -> Result<Exit, Failure> {
        output.answer(&idv::providers(), |providers| matrix(providers))?;
        Ok(Exit::Done)
    }
}

/// Formats a table with one column per vendor.
fn matrix(providers: &[VendorInfo]) -> String {
    let mut head = vec!["capability"];
    head.extend(providers.iter().map(|vendor| vendor.provider.as_str()));
    let mut matrix = table(&head);
    let mut row = |name: &str, cell: &dyn Fn(&VendorInfo) -> String| {
        matrix.add_row(std::iter::once(name.to_owned()).chain(providers.iter().map(cell)));
    };
    row("vendor", &|vendor| vendor.name.to_owned());
    row("document", &|vendor| vendor.document.to_owned());
    for capability in Capability::ALL {
        row(capability.name(), &|vendor| yes(vendor.has(*capability)));
    }
    row("create safety", &|vendor| word(&vendor.create_safety));
    row("hand-off", &|vendor| word(&vendor.hand_off));
    row("report comes from", &|vendor| word(&vendor.report_from));
    row("callback authentication", &|vendor| {
        vendor
            .callback_proof
            .map_or_else(|| "none".to_owned(), |proof| word(&proof))
    });
    row("session lifetime", &|vendor| {
        vendor.lifetime.map_or_else(
            || "unknown".to_owned(),
            |lifetime| match lifetime.as_secs() {
                seconds if seconds.is_multiple_of(86_400) => format!("{} d", seconds / 86_400),
                seconds => format!("{} h", seconds.div_ceil(3_600)),
            },
        )
    });
    for path in Input::ALL.iter().map(|input| input.path).chain(["custom"]) {
        row(path, &|vendor| {
            let is_required = vendor
                .requires
                .iter()
                .any(|entry| entry.split('|').any(|required| required == path));
            if is_required {
                "required".to_owned()
            } else {
                yes(vendor.accepts.contains(&path))
            }
        });
    }
    for field in Field::ALL {
        row(&format!("reports {field}"), &|vendor| {
            yes(vendor.report_fields.contains(field))
        });
    }
    plain(&matrix)
}

fn yes(has: bool) -> String {
    if has { "yes" } else { "-" }.to_owned()
}
