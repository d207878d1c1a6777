//! The cost of a run for the database, as the database and the system count it.

use std::ops::Sub;

use idv_testkit::postgres::Server;

/// Counters. A store omits those that it does not have.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures {
    /// Transactions. Those of `PostgresStore` have one statement each.
    pub(super) transactions: Option<f64>,
    /// The number of synchronizations of the log to the disk.
    pub(super) syncs: Option<f64>,
    /// The number of bytes written to the log, or to all files with SQLite.
    pub(super) written: Option<f64>,
    /// The number of updates of flows, and of those that wrote no index.
    pub(super) updates: Option<f64>,
    pub(super) hot: Option<f64>,
    /// The server's processor time in milliseconds.
    pub(super) processor: Option<f64>,
}

impl Figures {
    /// Returns the counters of a database. Its connections must be closed, because a server updates
    /// the counters when they end.
    pub(super) fn of_postgres(url: &str) -> Self {
        let server = Server::shared();
        let number = |statement: &str| server.execute(url, statement).parse().ok();
        let syncs = match number("SHOW server_version_num") {
            Some(version) if version >= 180_000.0 => {
                "SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'"
            }
            _ => "SELECT wal_sync FROM pg_stat_wal",
        };
        Self {
            transactions: number(
                "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()",
            ),
            syncs: number(syncs),
            written: number("SELECT wal_bytes FROM pg_stat_wal"),
            updates: number(
                "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'idv_flows'",
            ),
            hot: number(
                "SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'idv_flows'",
            ),
            processor: processor(server),
        }
    }

    /// Returns the number of bytes that this process has written.
    pub(super) fn of_sqlite() -> Self {
        let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
        let written = io
            .lines()
            .find_map(|line| line.strip_prefix("wchar: "))
            .and_then(|count| count.parse().ok());
        Self {
            written,
            ..Self::default()
        }
    }

    pub(super) fn hot_share(&self) -> Option<f64> {
        let (updates, hot) = self.updates.zip(self.hot)?;
        (updates > 0.0).then(|| 100.0 * hot / updates)
    }
}

impl Sub for Figures {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        let less = |after: Option<f64>, before: Option<f64>| {
            after.map(|after| after - before.unwrap_or_default())
        };
        Self {
            transactions: less(self.transactions, before.transactions),
            syncs: less(self.syncs, before.syncs),
            written: less(self.written, before.written),
            updates: less(self.updates, before.updates),
            hot: less(self.hot, before.hot),
            processor: less(self.processor, before.processor),
        }
    }
}

/// Returns the processor time of a server and all its processes, ended ones included, if the system
/// reports it.
fn processor(server: &Server) -> Option<f64> {
    // The unit of these counters on every supported Linux.
    const MILLISECONDS: f64 = 10.0;
    let pid_file = std::fs::read_to_string(server.folder().join("data/postmaster.pid")).ok()?;
    let pid = pid_file.lines().next()?.to_owned();
    let mut sum = 0.0;
    for process in std::fs::read_dir("/proc").ok()?.flatten() {
        let Ok(stat) = std::fs::read_to_string(process.path().join("stat")) else {
            continue;
        };
        let own = process.file_name().to_str() == Some(&pid);
        // The name of a program is in parentheses and may contain spaces.
        let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        let number = |index: usize| {
            fields
                .get(index)
                .and_then(|field| field.parse::<f64>().ok())
                .unwrap_or_default()
        };
        if own {
            sum += number(11) + number(12) + number(13) + number(14);
        } else if fields.get(1) == Some(&pid.as_str()) {
            sum += number(11) + number(12);
        }
    }
    Some(sum * MILLISECONDS)
}
