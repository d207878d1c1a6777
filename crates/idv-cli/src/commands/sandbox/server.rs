//! The server of `idv sandbox`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use idv_sandbox::{Sandbox, Setting, Vendor};
use serde_json::{Map, Value, json};

use crate::failure::{Exit, Failure, whole};
use crate::interrupt::Interrupt;
use crate::output::{self, Output};
use crate::usage::Expected;

/// The options of the server.
#[derive(Args)]
pub(super) struct Server {
    /// Address on the loopback interface: 127.0.0.1:7700, localhost:7700 or 7700. This port serves
    /// the page and every vendor by its Host header; each following port serves one vendor, in the
    /// printed order
    #[arg(long, default_value = "127.0.0.1:7700", value_name = "ADDRESS", value_parser = listen_address)]
    listen: SocketAddr,

    /// Speed of the virtual clock; 1 is real time, with 0 the clock is frozen until it is advanced
    /// [default: 1]
    #[arg(long, value_name = "N")]
    speed: Option<f64>,

    /// Seed of the ids: the same seed and the same requests give the same ids. Without it, every
    /// start gives new ids
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Initial virtual time [default: the time of this machine]
    #[arg(long, value_name = "TIME")]
    start_time: Option<idv::Timestamp>,

    /// Send the callbacks of every vendor's first account to this address
    #[arg(long, value_name = "URL")]
    callback: Option<idv::Url>,

    /// Let each new verification play this scenario, such as happy
    #[arg(long, value_name = "SCENARIO")]
    auto: Option<String>,

    /// Keep the state in this file, and continue from it at the next start. It holds personal data
    /// in clear
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Show personal data and secrets in the inspector
    #[arg(long)]
    show_personal_data: bool,

    /// Serve HTTPS, and write the certificate of the temporary authority to this file
    #[arg(long, value_name = "CERTIFICATE.pem")]
    tls: Option<PathBuf>,

    /// Allow other machines to reach the sandbox: --listen may be any address, such as
    /// 0.0.0.0:7700 in a container. The control plane has no password
    #[arg(long)]
    expose: bool,

    /// Host name by which clients reach the sandbox, for the printed addresses and the links
    #[arg(long, value_name = "NAME")]
    public_host: Option<String>,

    /// Send callbacks to this host as well, beside the loopback interface; repeatable
    #[arg(long, value_name = "NAME")]
    callback_host: Vec<String>,
}

impl Server {
    pub(super) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let mut interrupt = Interrupt::listen();
        let sandbox = self
            .builder()
            .start()
            .await
            .map_err(|error| Failure::usage(whole(&error)))?;
        if self.expose && !self.listen.ip().is_loopback() {
            output::note(&format!(
                "warning: other machines can reach the sandbox at {}, and its control plane has no password",
                self.listen
            ));
        }
        if let Some(path) = &self.tls {
            sandbox.write_ca_certificate(path).map_err(|error| {
                Failure::usage(format!("cannot write {}: {error}", path.display()))
            })?;
        }
        let accounts: Vec<Account> = sandbox.vendors().into_iter().map(Account::of).collect();
        let mut answer = Map::from_iter([
            ("page_url".to_owned(), json!(page_url(&sandbox))),
            ("shared_url".to_owned(), json!(sandbox.shared_url())),
            ("control_url".to_owned(), json!(sandbox.control_url())),
            ("seed".to_owned(), json!(sandbox.seed())),
            (
                "ca_certificate".to_owned(),
                json!(self.tls.as_ref().map(|path| path.display().to_string())),
            ),
        ]);
        answer.extend(
            accounts
                .iter()
                .map(|account| (account.provider.to_owned(), account.json())),
        );
        output.answer(&answer, |_| self.settings(&sandbox, &accounts))?;
        interrupt.wait().await;
        sandbox.shutdown().await;
        Ok(Exit::Done)
    }

    fn builder(&self) -> idv_sandbox::Builder {
        let mut builder = Sandbox::builder().listen(self.listen);
        if let Some(speed) = self.speed {
            builder = builder.speed(speed);
        }
        if let Some(seed) = self.seed {
            builder = builder.seed(seed);
        }
        // A state file has a start time of its own.
        let is_new = self.state.as_ref().is_none_or(|path| {
            std::fs::metadata(path).map_or(true, |metadata| metadata.len() == 0)
        });
        if let Some(start) = self.start_time.or_else(|| is_new.then(idv::Timestamp::now)) {
            builder = builder.start_time(start);
        }
        if let Some(url) = &self.callback {
            builder = builder.callback(url.as_str());
        }
        if let Some(scenario) = &self.auto {
            builder = builder.auto(scenario);
        }
        if let Some(path) = &self.state {
            builder = builder.state_file(path);
        }
        if self.show_personal_data {
            builder = builder.show_personal_data();
        }
        if self.tls.is_some() {
            builder = builder.tls();
        }
        if self.expose {
            builder = builder.expose();
        }
        if let Some(name) = &self.public_host {
            builder = builder.public_host(name);
        }
        for name in &self.callback_host {
            builder = builder.callback_host(name);
        }
        builder
    }

    /// Formats the settings to paste. The credentials come from the vendors' documents and are no
    /// secrets.
    fn settings(&self, sandbox: &Sandbox, accounts: &[Account]) -> String {
        let others: Vec<&str> = accounts
            .iter()
            .map(|account| account.provider)
            .filter(|provider| *provider != FIRST)
            .collect();
        let others = others.join(", ");
        let tables: Vec<String> = accounts.iter().map(Account::table).collect();
        let secrets: String = accounts.iter().map(Account::named).collect();
        let variables: String = accounts.iter().map(Account::variables).collect();
        let pem = self.tls.as_ref().map(|path| path.display().to_string());
        let (file, variable) = pem.map_or_else(Default::default, |pem| {
            (
                format!("\n[transport]\nroot_certificates = {pem:?}\n"),
                format!("export IDV_TRANSPORT_ROOT_CERTIFICATES='{pem}'\n"),
            )
        });
        format!(
            "The sandbox is running. Its page: {}
All vendors, by Host header: {}; control plane: {}
Press Ctrl-C to stop it.

# idv.toml
provider = \"{FIRST}\"  # or one of: {others}

{}{file}
# for a shell, with the file above
{secrets}
# for a shell, instead of the file
export IDV_PROVIDER={FIRST}  # or one of: {others}
{variables}{variable}",
            page_url(sandbox),
            sandbox.shared_url(),
            sandbox.control_url(),
            tables.join("\n"),
        )
    }
}

/// Returns the address of the sandbox's page.
fn page_url(sandbox: &Sandbox) -> String {
    format!("{}/", sandbox.shared_url())
}

/// The vendor that the printed settings select.
const FIRST: &str = "idnow";

/// An account of the sandbox in the form of a configuration.
struct Account {
    provider: &'static str,
    url: String,
    settings: Vec<Setting>,
}

impl Account {
    fn of(vendor: Vendor<'_>) -> Self {
        Self {
            provider: vendor.id(),
            url: vendor.base_url(),
            settings: vendor.account_settings(),
        }
    }

    fn json(&self) -> Value {
        let settings = self
            .settings
            .iter()
            .map(|setting| (setting.key.to_owned(), json!(setting.value)));
        std::iter::once(("url".to_owned(), json!(self.url)))
            .chain(settings)
            .collect()
    }

    /// Returns the table of a configuration file.
    fn table(&self) -> String {
        let mut table = format!("[{}]\n", self.provider);
        for Setting {
            key,
            value,
            is_secret,
            ..
        } in &self.settings
        {
            table += &match is_secret {
                true => format!("{key} = {{ env = \"IDV_{}\" }}\n", self.variable(key)),
                false => format!("{key} = {value:?}\n"),
            };
        }
        table
    }

    /// Returns the variables that the table refers to.
    fn named(&self) -> String {
        self.settings
            .iter()
            .filter(|setting| setting.is_secret)
            .map(|setting| self.export(setting))
            .collect()
    }

    /// Returns the variables that replace the table.
    fn variables(&self) -> String {
        self.settings
            .iter()
            .map(|setting| self.export(setting))
            .collect()
    }

    fn export(&self, setting: &Setting) -> String {
        format!(
            "export IDV_{}={}\n",
            self.variable(setting.key),
            quoted(&setting.value)
        )
    }

    fn variable(&self, key: &str) -> String {
        format!("{}_{key}", self.provider.replace('-', "_")).to_ascii_uppercase()
    }
}

/// Quotes a value for a shell. No value contains an apostrophe.
fn quoted(value: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:".contains(character);
    if value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{value}'")
    }
}

/// Parses an address to listen on. A port alone, and `localhost`, mean 127.0.0.1.
fn listen_address(text: &str) -> Result<SocketAddr, Expected> {
    let port = text
        .strip_prefix("localhost:")
        .or_else(|| text.strip_prefix(':'))
        .unwrap_or(text);
    match port.parse::<u16>() {
        Ok(port) => Ok((Ipv4Addr::LOCALHOST, port).into()),
        _ => text.parse().map_err(|_| {
            Expected::new("a port, or an address like 127.0.0.1:7700, localhost:7700 or [::1]:7700")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_and_localhost_mean_loopback() {
        for text in ["7900", ":7900", "localhost:7900", "127.0.0.1:7900"] {
            assert_eq!(
                listen_address(text).unwrap().to_string(),
                "127.0.0.1:7900",
                "{text}"
            );
        }
        assert_eq!(
            listen_address("[::1]:7900").unwrap().to_string(),
            "[::1]:7900"
        );
        for text in [
            "",
            "localhost",
            "vendor.example:7900",
            "70000",
            "127.0.0.1",
            "localhost:",
        ] {
            assert!(listen_address(text).is_err(), "{text}");
        }
    }
}
