//! Connecting to the server.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::net::IpAddr;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use idv_core::Secret;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use crate::store::lanes;
use crate::store::sql::failure::{Failure, cannot, code};
use crate::store::{StoreError, StoreResult};

/// The time that the client waits for a statement beyond the server's limit.
const GRACE: Duration = Duration::from_secs(5);

/// Opens connections to the database.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) options: PgConnectOptions,
    /// The longest wait for a connection.
    wait: Duration,
    /// The longest time for one statement.
    statement: Duration,
    plans: Plans,
    /// The name that distinguishes this store's own notifications.
    pub(super) program: Arc<str>,
}

/// The server's planning of the statements of a connection.
#[derive(Debug, Clone, Copy)]
enum Plans {
    /// Once, and always with an index: for the few statements of a lane, which are written for it.
    /// The tables may be small when a plan is made and large when it is used.
    Kept,
    /// Again for each execution.
    Fresh,
}

impl Connector {
    pub(super) fn new(url: &Secret, wait: Duration, statement: Duration) -> StoreResult<Self> {
        let options = PgConnectOptions::from_str(url.expose()).map_err(cannot(UNREACHABLE))?;
        let options = secured(options).disable_statement_logging();
        // The keys of the standard library's hashers are random.
        let program = format!("{:016x}", RandomState::new().build_hasher().finish()).into();
        Ok(Self {
            options,
            wait,
            statement,
            plans: Plans::Fresh,
            program,
        })
    }

    /// Returns a connector for the connection of a lane.
    pub(super) fn for_lane(&self) -> Self {
        Self {
            plans: Plans::Kept,
            ..self.clone()
        }
    }

    async fn open(&self) -> sqlx::Result<PgConnection> {
        let mut connection = self.options.connect().await?;
        let plans = match self.plans {
            Plans::Kept => {
                "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off; \
                 SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off"
            }
            Plans::Fresh => "SET plan_cache_mode = force_custom_plan",
        };
        // The statements rely on this isolation: a change reads a row again that another
        // transaction has just changed.
        let settings = format!(
            "SET default_transaction_isolation = 'read committed'; SET statement_timeout = {}; \
             SET tcp_keepalives_idle = 60; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3; \
             SET idv_flow.program = '{}'; {plans}",
            self.statement.as_millis().max(1),
            self.program
        );
        connection.execute(AssertSqlSafe(settings)).await?;
        Ok(connection)
    }
}

const UNREACHABLE: &str = "the connection to the database could not be opened";

impl lanes::Connector for Connector {
    type Connection = PgConnection;

    async fn connect(&self) -> StoreResult<PgConnection> {
        match tokio::time::timeout(self.wait.max(SHORTEST), self.open()).await {
            Ok(opened) => opened.map_err(cannot(UNREACHABLE)),
            Err(_) => {
                let failure = Failure::Connection(std::io::ErrorKind::TimedOut);
                Err(StoreError::new(UNREACHABLE).with_source(failure))
            }
        }
    }

    async fn works(&self, connection: &mut PgConnection) -> bool {
        tokio::time::timeout(GRACE, connection.ping())
            .await
            .is_ok_and(|pinged| pinged.is_ok())
    }

    async fn close(&self, connection: PgConnection) {
        // Everything that matters was committed.
        let _ = tokio::time::timeout(GRACE, connection.close()).await;
    }

    /// A server that is starting, stopping or full accepts connections a little later.
    fn patience(&self, failure: &StoreError) -> Duration {
        let soon = match code(failure) {
            Some(code) => ["57P01", "57P02", "57P03", "53300"].contains(&code),
            None => failure
                .source
                .as_ref()
                .and_then(|source| source.downcast_ref())
                .is_some_and(Failure::is_connection),
        };
        if soon { self.wait } else { Duration::ZERO }
    }

    fn bound(&self) -> Option<Duration> {
        Some(self.statement.saturating_add(GRACE))
    }
}

/// The shortest useful wait for a connection.
const SHORTEST: Duration = Duration::from_millis(1);

/// Requires TLS if the server is another machine and the address does not mention TLS.
fn secured(options: PgConnectOptions) -> PgConnectOptions {
    let host = options.get_host();
    let local = options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    match options.get_ssl_mode() {
        PgSslMode::Prefer | PgSslMode::Allow if !local => options.ssl_mode(PgSslMode::VerifyFull),
        _ => options,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_required_when_the_server_is_remote() {
        let mode = |url| {
            format!(
                "{:?}",
                secured(PgConnectOptions::from_str(url).unwrap()).get_ssl_mode()
            )
        };
        assert_eq!(mode("postgres://user@db.example/idv"), "VerifyFull");
        assert_eq!(
            mode("postgres://user@192.0.2.1/idv?sslmode=prefer"),
            "VerifyFull"
        );
        assert_eq!(
            mode("postgres://user@db.example/idv?sslmode=require"),
            "Require"
        );
        assert_eq!(
            mode("postgres://user@db.example/idv?sslmode=disable"),
            "Disable"
        );
        for local in [
            "postgres://user@localhost/idv",
            "postgres://user@127.0.0.1/idv",
            "postgres://user@[::1]/idv",
        ] {
            assert_eq!(mode(local), "Prefer", "{local}");
        }
    }
}
