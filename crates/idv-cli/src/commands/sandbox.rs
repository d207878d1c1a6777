//! `idv sandbox`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use idv_sandbox::Sandbox;
use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::output::Output;

/// Runs the vendors by their documents on the loopback interface until Ctrl-C, and prints settings to paste.
#[derive(Args)]
pub(crate) struct SandboxCommand {
    /// Where to listen, on the loopback interface: this port serves every vendor by its Host header, the next ones are the vendors'
    #[arg(long, default_value = "127.0.0.1:7700", value_name = "ADDRESS")]
    listen: SocketAddr,

    /// How many seconds pass there in a second here; with 0 time stands still until it is advanced
    #[arg(long, default_value_t = 1.0, value_name = "N")]
    speed: f64,

    /// Serve HTTPS, and write the certificate of the throwaway authority to this file
    #[arg(long, value_name = "CERTIFICATE.pem")]
    tls: Option<PathBuf>,
}

impl SandboxCommand {
    pub(crate) async fn run(self, output: Output) -> Result<Exit, Failure> {
        if !self.speed.is_finite() || self.speed < 0.0 {
            return Err(Failure::usage("--speed is a number that is not negative"));
        }
        let mut interrupt = Interrupt::listen();
        let mut builder = Sandbox::builder().listen(self.listen).speed(self.speed).start_time(idv::Timestamp::now());
        if self.tls.is_some() {
            builder = builder.tls();
        }
        let sandbox = builder.start().await.map_err(|error| Failure::usage(whole(&error)))?;
        if let Some(path) = &self.tls {
            sandbox
                .write_ca_certificate(path)
                .map_err(|error| Failure::usage(format!("{} cannot be written: {error}", path.display())))?;
        }
        let (identity_tm, idnow) = (sandbox.identity_tm(), sandbox.idnow());
        let answer = json!({
            "shared_url": sandbox.shared_url(),
            "control_url": sandbox.control_url(),
            "ca_certificate": self.tls.as_ref().map(|path| path.display().to_string()),
            "identity-tm": {
                "url": identity_tm.base_url(),
                "user": identity_tm.user(),
                "password": identity_tm.password(),
            },
            "idnow": { "url": idnow.base_url(), "company": idnow.company_id(), "api_key": idnow.api_key() },
        });
        output.answer(&answer, |_| self.settings(&sandbox))?;
        interrupt.come().await;
        sandbox.shutdown().await;
        Ok(Exit::Done)
    }

    /// What to paste. The credentials are those of the vendors' documents: they open nothing.
    fn settings(&self, sandbox: &Sandbox) -> String {
        let idnow = sandbox.idnow();
        let (url, company, key) = (idnow.base_url(), idnow.company_id(), idnow.api_key());
        let identity_tm = sandbox.identity_tm();
        let (itm_url, user, password) = (identity_tm.base_url(), identity_tm.user(), identity_tm.password());
        let pem = self.tls.as_ref().map(|path| path.display().to_string());
        let (file, variable) = pem.map_or_else(Default::default, |pem| {
            (format!("\n[transport]\nroot_certificates = {pem:?}\n"), format!("export IDV_TRANSPORT_ROOT_CERTIFICATES='{pem}'\n"))
        });
        format!(
            "The sandbox runs. Every vendor by its Host header: {}; control: {}
Stop it with Ctrl-C.

# idv.toml
provider = \"idnow\"  # or \"identity-tm\"

[identity-tm]
user = \"{user}\"
password = {{ env = \"IDENTITY_TM_PASSWORD\" }}
base_url = \"{itm_url}\"

[idnow]
company = \"{company}\"
api_key = {{ env = \"IDNOW_API_KEY\" }}
gateway_url = \"{url}\"
go_url = \"{url}\"
{file}
# for a shell; the first two lines for the file above, the others in its place
export IDENTITY_TM_PASSWORD={password}
export IDNOW_API_KEY={key}
export IDV_PROVIDER=idnow  # or identity-tm
export IDV_IDENTITY_TM_USER={user}
export IDV_IDENTITY_TM_PASSWORD={password}
export IDV_IDENTITY_TM_BASE_URL={itm_url}
export IDV_IDNOW_COMPANY={company}
export IDV_IDNOW_API_KEY={key}
export IDV_IDNOW_GATEWAY_URL={url}
export IDV_IDNOW_GO_URL={url}
{variable}",
            sandbox.shared_url(),
            sandbox.control_url(),
        )
    }
}

/// An error and what is beneath it, in one line.
fn whole(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}
