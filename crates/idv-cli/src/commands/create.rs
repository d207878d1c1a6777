//! `idv create`.

use clap::Args;

use super::Run;
use crate::failure::{Exit, Failure};
use crate::output::{Output, plain, table};
use crate::request::RequestArgs;
use crate::settings::Settings;
use crate::words;

/// Creates a verification. An option overrides the same field of the file.
///
/// Every user of the machine can see the options of a running program; use --from for real people.
#[derive(Args)]
pub(crate) struct Create {
    #[command(flatten)]
    request: RequestArgs,
}

impl Run for Create {
    async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        let client = settings.connect()?;
        let created = client
            .create(&self.request.verification(|| client.reference())?)
            .await?;
        output.answer(&words::created_json(&created), |json| {
            let mut lines = table(&[]);
            let text = |pointer: &str| {
                json.pointer(pointer)
                    .and_then(|value| value.as_str())
                    .unwrap_or("-")
                    .to_owned()
            };
            lines.add_row(["reference".to_owned(), text("/id/reference")]);
            lines.add_row(["vendor id".to_owned(), text("/id/vendor_id")]);
            lines.add_row(["hand-off".to_owned(), words::hand_off(&created.hand_off)]);
            lines.add_row(["open this link".to_owned(), text("/hand_off/url")]);
            lines.add_row(["expires at".to_owned(), text("/expires_at")]);
            lines.add_row([
                "already existed".to_owned(),
                if created.already_existed { "yes" } else { "no" }.to_owned(),
            ]);
            if !created.unsupported_fields.is_empty() {
                lines.add_row([
                    "not supported".to_owned(),
                    created.unsupported_fields.join(", "),
                ]);
            }
            plain(&lines)
        })?;
        Ok(Exit::Done)
    }
}
