//! `idv flow delete`.

use clap::Args;
use idv_flow::{Engine, FlowId, Receipt};

use super::flow_id;
use crate::failure::{Exit, Failure};
use crate::output::{Output, plain, table};
use crate::words::word;

/// Requests the deletion of a flow's data, at the vendor and in the store, and prints the receipt.
/// `idv flow run` carries the deletion out; repeating the request prints its progress. Data under a
/// legal hold is not deleted: the command exits with 1 and prints the end of the hold.
#[derive(Args)]
pub(crate) struct Delete {
    /// The flow
    #[arg(value_parser = flow_id)]
    id: FlowId,

    /// The account that requests the deletion, for the audit log
    #[arg(long, value_name = "NAME")]
    by: String,
}

impl Delete {
    pub(crate) async fn run(self, flow: &Engine, output: Output) -> Result<Exit, Failure> {
        let receipt = flow.delete(self.id, &self.by).await?;
        let mut answer = serde_json::to_value(&receipt).unwrap_or_default();
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("complete".to_owned(), receipt.is_complete().into());
        }
        output.answer(&answer, |_| text(&receipt))?;
        Ok(Exit::Done)
    }
}

fn text(receipt: &Receipt) -> String {
    let time = |at: Option<idv::Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let mut lines = table(&[]);
    lines.add_row(["flow".to_owned(), receipt.flow.to_string()]);
    lines.add_row(["provider".to_owned(), receipt.provider.clone()]);
    lines.add_row(["requested".to_owned(), time(receipt.asked_at)]);
    lines.add_row(["vendor's copy".to_owned(), word(&receipt.vendors_copy)]);
    lines.add_row([
        "deleted at the vendor".to_owned(),
        time(receipt.vendors_copy_gone_at),
    ]);
    lines.add_row([
        "own copy erased".to_owned(),
        time(receipt.own_copy_erased_at),
    ]);
    lines.add_row([
        "complete".to_owned(),
        if receipt.is_complete() { "yes" } else { "no" }.to_owned(),
    ]);
    plain(&lines)
}
