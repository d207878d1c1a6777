//! The statements of the stores over SQL, once for both databases.

/// Implements [`Store`](super::Store) for a store over SQL. What differs between the two databases is handed in: how rows are
/// passed over that another transaction holds, how a list of keys is written, and which events no transaction under way can precede. The
/// store itself has
///
/// - `readers()` and `writer()`: pools of connections;
/// - `begin()`: a transaction that may write. It is undone where it is dropped;
/// - `bring_up_to_date()`: runs the migrations, alone;
/// - `keys(&[LookupKey])`, `names(&[&str])`: a list of keys, of names to bind;
/// - `erased(Erased)`: called after personal data were erased.
macro_rules! implement_store {
    ($store:ty, $database:ty, skip_locked: $skip_locked:literal, in_keys: $in_keys:literal, among: ($among:literal, $end:literal), settled: $settled:literal) => {
        #[async_trait]
        impl Store for $store {
            async fn migrate(&self) -> StoreResult<()> {
                self.bring_up_to_date().await
            }

            async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
                let statement = "INSERT INTO idv_values (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
                let failed = || cannot("a value could not be kept");
                query(statement).bind(name).bind(value).execute(self.writer()).await.map_err(failed())?;
                // Nothing takes a value away, so it is there now, whoever put it there.
                query_scalar("SELECT value FROM idv_values WHERE name = $1")
                    .bind(name)
                    .fetch_one(self.writer())
                    .await
                    .map_err(failed())
            }

            async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
                query_scalar("SELECT value FROM idv_values WHERE name = $1")
                    .bind(name)
                    .fetch_optional(self.readers())
                    .await
                    .map_err(cannot("a value could not be read"))
            }

            async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool> {
                let done = query("UPDATE idv_values SET value = $3 WHERE name = $1 AND value = $2")
                    .bind(name)
                    .bind(old)
                    .bind(new)
                    .execute(self.writer())
                    .await
                    .map_err(cannot("a value could not be replaced"))?;
                Ok(done.rows_affected() > 0)
            }

            async fn insert(&self, record: &Record, lease: Option<Timestamp>, audit: &[AuditEntry]) -> StoreResult<Inserted> {
                let failed = || cannot("a flow could not be added");
                let mut transaction = self.begin().await?;
                let done = query(concat!(
                    "INSERT INTO idv_flows (",
                    flow_columns!(),
                    ", lease) VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (reference) DO NOTHING"
                ))
                .bind(&record.id.as_bytes()[..])
                .bind(&record.provider)
                .bind(record.phase.name())
                .bind(&record.attention)
                .bind(record.due.map(Timestamp::as_microsecond))
                .bind(record.created_at.as_microsecond())
                .bind(&record.reference.0[..])
                .bind(record.vendor.as_ref().map(|vendor| &vendor.0[..]))
                .bind(whole(record.audit.count)?)
                .bind(&record.audit.hash[..])
                .bind(&record.body)
                .bind(lease.map(Timestamp::as_microsecond))
                .execute(&mut *transaction)
                .await
                .map_err(failed())?;
                if done.rows_affected() == 0 {
                    let id: Vec<u8> = query_scalar("SELECT id FROM idv_flows WHERE reference = $1")
                        .bind(&record.reference.0[..])
                        .fetch_one(&mut *transaction)
                        .await
                        .map_err(failed())?;
                    transaction.rollback().await.map_err(failed())?;
                    return flow_id(&id).map(Inserted::Exists);
                }
                write_entries(&mut transaction, audit).await?;
                transaction.commit().await.map_err(failed())?;
                Ok(Inserted::New)
            }

            async fn load(&self, id: FlowId) -> StoreResult<Option<Record>> {
                let row = query_as(concat!("SELECT ", flow_columns!(), " FROM idv_flows WHERE id = $1"))
                    .bind(&id.as_bytes()[..])
                    .fetch_optional(self.readers())
                    .await
                    .map_err(cannot("a flow could not be read"))?;
                row.map(flow).transpose()
            }

            async fn commit(&self, commit: &Commit<'_>) -> StoreResult<Committed> {
                let failed = || cannot("a flow could not be changed");
                let record = commit.record;
                // No flow is at a version that a column cannot hold.
                let Ok(version) = whole(record.version) else { return Ok(Committed::Conflict) };
                let mut transaction = self.begin().await?;
                let done = query(
                    "UPDATE idv_flows SET provider = $3, version = version + 1, phase = $4, attention = $5, due = $6, \
                     created_at = $7, reference = $8, vendor = $9, audit_count = $10, audit_hash = $11, body = $12, \
                     lease = CASE WHEN $13 THEN lease ELSE NULL END WHERE id = $1 AND version = $2",
                )
                .bind(&record.id.as_bytes()[..])
                .bind(version)
                .bind(&record.provider)
                .bind(record.phase.name())
                .bind(&record.attention)
                .bind(record.due.map(Timestamp::as_microsecond))
                .bind(record.created_at.as_microsecond())
                .bind(&record.reference.0[..])
                .bind(record.vendor.as_ref().map(|vendor| &vendor.0[..]))
                .bind(whole(record.audit.count)?)
                .bind(&record.audit.hash[..])
                .bind(&record.body)
                .bind(commit.lease == Lease::Keep)
                .execute(&mut *transaction)
                .await
                .map_err(failed())?;
                if done.rows_affected() == 0 {
                    transaction.rollback().await.map_err(failed())?;
                    return Ok(Committed::Conflict);
                }
                let reports = match commit.reports {
                    Reports::Keep => None,
                    Reports::Put(reports) => Some(
                        query(
                            "INSERT INTO idv_reports (flow, body) VALUES ($1, $2) \
                             ON CONFLICT (flow) DO UPDATE SET body = excluded.body",
                        )
                        .bind(&record.id.as_bytes()[..])
                        .bind(reports),
                    ),
                    Reports::Erase => {
                        Some(query("DELETE FROM idv_reports WHERE flow = $1").bind(&record.id.as_bytes()[..]))
                    }
                };
                if let Some(reports) = reports {
                    reports.execute(&mut *transaction).await.map_err(failed())?;
                }
                if commit.reports == Reports::Erase {
                    let messages = query("DELETE FROM idv_inbox WHERE flow = $1").bind(&record.id.as_bytes()[..]);
                    messages.execute(&mut *transaction).await.map_err(failed())?;
                }
                write_entries(&mut transaction, commit.audit).await?;
                write_events(&mut transaction, commit.events).await?;
                transaction.commit().await.map_err(failed())?;
                if commit.reports == Reports::Erase || record.phase == Phase::Erased {
                    self.erased(Erased::Something).await;
                }
                Ok(Committed::Done(record.version + 1))
            }

            async fn reports(&self, id: FlowId) -> StoreResult<Option<Vec<u8>>> {
                query_scalar("SELECT body FROM idv_reports WHERE flow = $1")
                    .bind(&id.as_bytes()[..])
                    .fetch_optional(self.readers())
                    .await
                    .map_err(cannot("reports could not be read"))
            }

            async fn claim(&self, now: Timestamp, until: Timestamp, limit: usize, providers: &[&str]) -> StoreResult<Vec<Record>> {
                // `+wake` keeps the database from looking for what is not leased: the index of what is due gives the order.
                let rows: Vec<FlowRow> = query_as(concat!(
                    "WITH ready AS MATERIALIZED (SELECT id FROM idv_flows WHERE due <= $1 AND +wake <= $1 AND ($4 OR provider ",
                    $among,
                    "$5",
                    $end,
                    ") ORDER BY due, id LIMIT $3 ",
                    $skip_locked,
                    ") UPDATE idv_flows SET lease = $2, version = version + 1 WHERE id IN (SELECT id FROM ready) RETURNING ",
                    flow_columns!()
                ))
                .bind(now.as_microsecond())
                .bind(until.as_microsecond())
                .bind(limited(limit))
                .bind(providers.is_empty())
                .bind(Self::names(providers))
                .fetch_all(self.writer())
                .await
                .map_err(cannot("flows could not be claimed"))?;
                let mut records = rows.into_iter().map(flow).collect::<StoreResult<Vec<_>>>()?;
                // What a change returns is in no order.
                records.sort_by_key(|record| (record.due, record.id));
                Ok(records)
            }

            async fn locate(&self, keys: &[LookupKey]) -> StoreResult<Vec<(LookupKey, FlowId)>> {
                let rows: Vec<(Vec<u8>, Vec<u8>)> = query_as(concat!(
                    "SELECT reference, id FROM idv_flows WHERE reference ",
                    $in_keys,
                    " UNION ALL SELECT vendor, id FROM idv_flows WHERE vendor ",
                    $in_keys
                ))
                .bind(Self::keys(keys))
                .fetch_all(self.readers())
                .await
                .map_err(cannot("flows could not be looked up"))?;
                let found = rows.into_iter().map(|(key, id)| Ok((lookup_key(&key)?, flow_id(&id)?)));
                // A flow whose two keys are the same is found once.
                Ok(found.collect::<StoreResult<BTreeSet<_>>>()?.into_iter().collect())
            }

            async fn list(&self, filter: &Filter, after: Option<FlowId>, limit: usize) -> StoreResult<Vec<Record>> {
                let mut select = QueryBuilder::<$database>::new(concat!("SELECT ", flow_columns!(), " FROM idv_flows WHERE id > "));
                // Before every name are no bytes at all.
                select.push_bind(after.map_or_else(Vec::new, |id| id.as_bytes().to_vec()));
                if let Some(phase) = filter.phase {
                    select.push(" AND phase = ").push_bind(phase.name());
                }
                if let Some(provider) = &filter.provider {
                    select.push(" AND provider = ").push_bind(provider.clone());
                }
                if filter.attention {
                    select.push(" AND attention IS NOT NULL");
                }
                select.push(" ORDER BY id LIMIT ").push_bind(limited(limit));
                let rows = select.build_query_as().fetch_all(self.readers()).await.map_err(cannot("flows could not be listed"))?;
                rows.into_iter().map(flow).collect()
            }

            async fn push(&self, message: &Message, forgotten: Timestamp) -> StoreResult<Pushed> {
                let done = query(concat!(
                    "INSERT INTO idv_inbox (",
                    message_columns!(),
                    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (digest) DO UPDATE SET provider = excluded.provider, \
                     received_at = excluded.received_at, due = excluded.due, tries = excluded.tries, \
                     attention = excluded.attention, flow = excluded.flow, body = excluded.body, lease = NULL, done_at = NULL \
                     WHERE idv_inbox.done_at < $9"
                ))
                .bind(&message.digest[..])
                .bind(&message.provider)
                .bind(message.received_at.as_microsecond())
                .bind(message.due.map(Timestamp::as_microsecond))
                .bind(i64::from(message.tries))
                .bind(&message.attention)
                .bind(message.flow.as_ref().map(|flow| &flow.as_bytes()[..]))
                .bind(&message.body)
                .bind(forgotten.as_microsecond())
                .execute(self.writer())
                .await
                .map_err(cannot("a message could not be kept"))?;
                Ok(if done.rows_affected() == 0 { Pushed::Repeated } else { Pushed::New })
            }

            async fn claim_inbox(&self, now: Timestamp, until: Timestamp, limit: usize, providers: &[&str]) -> StoreResult<Vec<Message>> {
                let rows: Vec<MessageRow> = query_as(concat!(
                    "WITH ready AS MATERIALIZED (SELECT digest FROM idv_inbox WHERE due <= $1 AND wake IS NOT NULL \
                     AND +wake <= $1 AND ($4 OR provider ",
                    $among,
                    "$5",
                    $end,
                    ") ORDER BY due, digest LIMIT $3 ",
                    $skip_locked,
                    ") UPDATE idv_inbox SET lease = $2, tries = tries + 1 WHERE digest IN (SELECT digest FROM ready) RETURNING ",
                    message_columns!()
                ))
                .bind(now.as_microsecond())
                .bind(until.as_microsecond())
                .bind(limited(limit))
                .bind(providers.is_empty())
                .bind(Self::names(providers))
                .fetch_all(self.writer())
                .await
                .map_err(cannot("messages could not be claimed"))?;
                if rows.is_empty() {
                    self.erased(Erased::Nothing).await;
                }
                let mut messages = rows.into_iter().map(message).collect::<StoreResult<Vec<_>>>()?;
                messages.sort_by_key(|message| (message.due, message.digest));
                Ok(messages)
            }

            async fn finish(&self, digest: &[u8; 32], end: &MessageEnd) -> StoreResult<()> {
                let done = match end {
                    MessageEnd::Done(at) => query(
                        "UPDATE idv_inbox SET done_at = $2, body = $3, attention = NULL, lease = NULL \
                         WHERE digest = $1 AND done_at IS NULL",
                    )
                    .bind(&digest[..])
                    .bind(at.as_microsecond())
                    .bind(&[][..] as &[u8]),
                    MessageEnd::Later(due) => query(
                        "UPDATE idv_inbox SET due = $2, attention = NULL, lease = NULL WHERE digest = $1 AND done_at IS NULL",
                    )
                    .bind(&digest[..])
                    .bind(due.as_microsecond()),
                    MessageEnd::Parked { reason, again } => query(
                        "UPDATE idv_inbox SET attention = $2, due = $3, lease = NULL WHERE digest = $1 AND done_at IS NULL",
                    )
                    .bind(&digest[..])
                    .bind(reason)
                    .bind(again.map(Timestamp::as_microsecond)),
                };
                done.execute(self.writer()).await.map_err(cannot("the end of a message could not be kept"))?;
                if matches!(end, MessageEnd::Done(_)) {
                    self.erased(Erased::Something).await;
                }
                Ok(())
            }

            async fn parked(&self, after: Option<(Timestamp, [u8; 32])>, limit: usize) -> StoreResult<Vec<Message>> {
                // Before every digest are no bytes at all.
                let (at, digest) = after.map_or((i64::MIN, Vec::new()), |(at, digest)| (at.as_microsecond(), digest.to_vec()));
                let rows = query_as(concat!(
                    "SELECT ",
                    message_columns!(),
                    " FROM idv_inbox WHERE attention IS NOT NULL AND (received_at, digest) > ($1, $2) \
                     ORDER BY received_at, digest LIMIT $3"
                ))
                .bind(at)
                .bind(digest)
                .bind(limited(limit))
                .fetch_all(self.readers())
                .await
                .map_err(cannot("parked messages could not be read"))?;
                rows.into_iter().map(message).collect()
            }

            async fn parked_count(&self, provider: &str) -> StoreResult<u64> {
                let count: i64 =
                    query_scalar("SELECT COUNT(*) FROM idv_inbox WHERE attention IS NOT NULL AND provider = $1")
                        .bind(provider)
                        .fetch_one(self.readers())
                        .await
                        .map_err(cannot("parked messages could not be counted"))?;
                Ok(u64::try_from(count).unwrap_or_default())
            }

            async fn wake_parked(&self, of: Option<FlowId>, now: Timestamp) -> StoreResult<u64> {
                let all = "UPDATE idv_inbox SET due = $1 WHERE attention IS NOT NULL AND (due IS NULL OR due > $1)";
                let one = "UPDATE idv_inbox SET due = $1 WHERE attention IS NOT NULL AND (due IS NULL OR due > $1) AND flow = $2";
                let update = match &of {
                    None => query(all).bind(now.as_microsecond()),
                    Some(id) => query(one).bind(now.as_microsecond()).bind(&id.as_bytes()[..]),
                };
                let done = update.execute(self.writer()).await.map_err(cannot("parked messages could not be woken"))?;
                Ok(done.rows_affected())
            }

            async fn purge_inbox(&self, before: Timestamp) -> StoreResult<u64> {
                let done = query("DELETE FROM idv_inbox WHERE done_at < $1")
                    .bind(before.as_microsecond())
                    .execute(self.writer())
                    .await
                    .map_err(cannot("messages could not be forgotten"))?;
                Ok(done.rows_affected())
            }

            async fn events(&self, after: Option<EventCursor>, limit: usize) -> StoreResult<Vec<(EventCursor, Event)>> {
                let (transaction, position) = match after.map(EventCursor::parts) {
                    Some((transaction, position)) => (whole(transaction)?, whole(position)?),
                    None => (-1, -1),
                };
                let rows: Vec<PlacedEventRow> = query_as(concat!(
                    "SELECT transaction_id, position, ",
                    event_columns!(),
                    " FROM idv_events WHERE (transaction_id, position) > ($1, $2)",
                    $settled,
                    " ORDER BY transaction_id, position LIMIT $3"
                ))
                .bind(transaction)
                .bind(position)
                .bind(limited(limit))
                .fetch_all(self.readers())
                .await
                .map_err(cannot("events could not be read"))?;
                rows.into_iter().map(placed_event).collect()
            }

            async fn claim_events(&self, now: Timestamp, until: Timestamp, limit: usize) -> StoreResult<Vec<PendingEvent>> {
                let rows: Vec<PendingEventRow> = query_as(concat!(
                    "WITH ready AS MATERIALIZED (SELECT position FROM idv_events AS event WHERE due <= $1 \
                     AND (lease IS NULL OR lease <= $1) AND NOT EXISTS (SELECT 1 FROM idv_events AS earlier \
                     WHERE earlier.flow = event.flow AND earlier.sequence < event.sequence AND earlier.due IS NOT NULL) \
                     ORDER BY due, position LIMIT $3 ",
                    $skip_locked,
                    ") UPDATE idv_events SET lease = $2, tries = tries + 1 WHERE position IN (SELECT position FROM ready) \
                     RETURNING tries, ",
                    event_columns!()
                ))
                .bind(now.as_microsecond())
                .bind(until.as_microsecond())
                .bind(limited(limit))
                .fetch_all(self.writer())
                .await
                .map_err(cannot("events could not be claimed"))?;
                let mut events = rows.into_iter().map(pending_event).collect::<StoreResult<Vec<_>>>()?;
                events.sort_by_key(|pending| (pending.event.at, pending.event.flow));
                Ok(events)
            }

            async fn finish_event(&self, flow: FlowId, sequence: u64, again: Option<Timestamp>) -> StoreResult<()> {
                query("UPDATE idv_events SET due = $3, lease = NULL WHERE flow = $1 AND sequence = $2 AND due IS NOT NULL")
                    .bind(&flow.as_bytes()[..])
                    .bind(whole(sequence)?)
                    .bind(again.map(Timestamp::as_microsecond))
                    .execute(self.writer())
                    .await
                    .map_err(cannot("an event could not be marked as delivered"))?;
                Ok(())
            }

            async fn late_events(&self, tries: u32, limit: usize) -> StoreResult<Vec<PendingEvent>> {
                let rows: Vec<PendingEventRow> = query_as(concat!(
                    "SELECT tries, ",
                    event_columns!(),
                    " FROM idv_events WHERE due IS NOT NULL AND tries >= $1 LIMIT $2"
                ))
                .bind(i64::from(tries))
                .bind(limited(limit))
                .fetch_all(self.readers())
                .await
                .map_err(cannot("events could not be read"))?;
                rows.into_iter().map(pending_event).collect()
            }

            async fn purge_events(&self, before: Timestamp) -> StoreResult<u64> {
                let done = query("DELETE FROM idv_events WHERE at < $1 AND (due IS NULL OR tries = 0)")
                    .bind(before.as_microsecond())
                    .execute(self.writer())
                    .await
                    .map_err(cannot("events could not be forgotten"))?;
                Ok(done.rows_affected())
            }

            async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
                query("INSERT INTO idv_timers (name, due) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
                    .bind(name)
                    .bind(due.as_microsecond())
                    .execute(self.writer())
                    .await
                    .map_err(cannot("a timer could not be made"))?;
                Ok(())
            }

            async fn claim_timers(&self, now: Timestamp, until: Timestamp) -> StoreResult<Vec<String>> {
                let mut rows: Vec<(i64, String)> = query_as(concat!(
                    "WITH ready AS MATERIALIZED (SELECT name FROM idv_timers WHERE wake <= $1 ",
                    $skip_locked,
                    ") UPDATE idv_timers SET lease = $2 WHERE name IN (SELECT name FROM ready) RETURNING due, name"
                ))
                .bind(now.as_microsecond())
                .bind(until.as_microsecond())
                .fetch_all(self.writer())
                .await
                .map_err(cannot("timers could not be claimed"))?;
                rows.sort();
                Ok(rows.into_iter().map(|(_, name)| name).collect())
            }

            async fn wind_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
                query("UPDATE idv_timers SET due = $2, lease = NULL WHERE name = $1")
                    .bind(name)
                    .bind(due.as_microsecond())
                    .execute(self.writer())
                    .await
                    .map_err(cannot("a timer could not be wound up"))?;
                Ok(())
            }

            async fn next_due(&self, providers: &[&str]) -> StoreResult<Option<Timestamp>> {
                let wake: Option<i64> = query_scalar(concat!(
                    "SELECT MIN(wake) FROM (\
                     SELECT (SELECT wake FROM idv_flows WHERE wake IS NOT NULL AND ($1 OR provider ",
                    $among,
                    "$2",
                    $end,
                    ") ORDER BY wake LIMIT 1) AS wake \
                     UNION ALL SELECT (SELECT wake FROM idv_inbox WHERE wake IS NOT NULL AND ($1 OR provider ",
                    $among,
                    "$2",
                    $end,
                    ") ORDER BY wake LIMIT 1) \
                     UNION ALL SELECT MIN(wake) FROM idv_timers) AS first",
                ))
                .bind(providers.is_empty())
                .bind(Self::names(providers))
                .fetch_one(self.readers())
                .await
                .map_err(cannot("what is next could not be read"))?;
                wake.map(time).transpose()
            }

            async fn others_due(&self, providers: &[&str], now: Timestamp) -> StoreResult<Vec<String>> {
                query_scalar(concat!(
                    "SELECT DISTINCT provider FROM idv_flows WHERE due < $1 AND NOT (provider ",
                    $among,
                    "$2",
                    $end,
                    ") ORDER BY provider"
                ))
                .bind(now.as_microsecond())
                .bind(Self::names(providers))
                .fetch_all(self.readers())
                .await
                .map_err(cannot("flows could not be looked up"))
            }

            async fn audit(&self, after: Option<(FlowId, u64)>, limit: usize) -> StoreResult<Vec<AuditEntry>> {
                // Before every name are no bytes at all.
                let (id, number) = after.map_or_else(Default::default, |(id, number)| (id.as_bytes().to_vec(), number));
                let rows = query_as(concat!(
                    "SELECT ",
                    entry_columns!(),
                    " FROM idv_audit WHERE (flow, number) > ($1, $2) ORDER BY flow, number LIMIT $3"
                ))
                .bind(id)
                .bind(whole(number)?)
                .bind(limited(limit))
                .fetch_all(self.readers())
                .await
                .map_err(cannot("the audit trail could not be read"))?;
                rows.into_iter().map(entry).collect()
            }

            async fn audit_of(&self, id: FlowId) -> StoreResult<Vec<AuditEntry>> {
                let rows = query_as(concat!("SELECT ", entry_columns!(), " FROM idv_audit WHERE flow = $1 ORDER BY number"))
                    .bind(&id.as_bytes()[..])
                    .fetch_all(self.readers())
                    .await
                    .map_err(cannot("the audit trail could not be read"))?;
                rows.into_iter().map(entry).collect()
            }

            async fn loose_entries(&self, limit: usize) -> StoreResult<Vec<AuditEntry>> {
                let rows = query_as(concat!(
                    "SELECT ",
                    entry_columns!(),
                    " FROM idv_audit WHERE block IS NULL ORDER BY flow, number LIMIT $1"
                ))
                .bind(limited(limit))
                .fetch_all(self.readers())
                .await
                .map_err(cannot("the audit trail could not be read"))?;
                rows.into_iter().map(entry).collect()
            }

            async fn add_block(&self, block: &AuditBlock, entries: &[(FlowId, u64)]) -> StoreResult<bool> {
                let failed = || cannot("a block could not be added");
                let number = whole(block.number)?;
                let mut transaction = self.begin().await?;
                let done = query(
                    "INSERT INTO idv_blocks (number, at, entries, previous, hash) VALUES ($1, $2, $3, $4, $5) \
                     ON CONFLICT (number) DO NOTHING",
                )
                .bind(number)
                .bind(block.at.as_microsecond())
                .bind(whole(block.entries)?)
                .bind(&block.previous[..])
                .bind(&block.hash[..])
                .execute(&mut *transaction)
                .await
                .map_err(failed())?;
                if done.rows_affected() == 0 {
                    transaction.rollback().await.map_err(failed())?;
                    return Ok(false);
                }
                for part in entries.chunks(ROWS_OF_A_STATEMENT) {
                    let numbers = part.iter().map(|(_, number)| whole(*number)).collect::<StoreResult<Vec<_>>>()?;
                    let mut update = QueryBuilder::<$database>::new("UPDATE idv_audit SET block = ");
                    update.push_bind(number).push(" FROM (");
                    update.push_values(part.iter().zip(numbers), |mut row, ((flow, _), number)| {
                        row.push_bind(flow.as_bytes().to_vec()).push_bind(number);
                    });
                    update.push(
                        ") AS entry WHERE idv_audit.flow = entry.column1 AND idv_audit.number = entry.column2 AND block IS NULL",
                    );
                    let done = update.build().persistent(false).execute(&mut *transaction).await.map_err(failed())?;
                    if done.rows_affected() != part.len() as u64 {
                        transaction.rollback().await.map_err(failed())?;
                        return Err(StoreError::new("an entry of the block is not there, or is in a block already"));
                    }
                }
                transaction.commit().await.map_err(failed())?;
                Ok(true)
            }

            async fn blocks(&self, after: Option<u64>, limit: usize) -> StoreResult<Vec<AuditBlock>> {
                let rows = query_as(
                    "SELECT number, at, entries, previous, hash FROM idv_blocks WHERE number > $1 ORDER BY number LIMIT $2",
                )
                .bind(after.map_or(Ok(-1), whole)?)
                .bind(limited(limit))
                .fetch_all(self.readers())
                .await
                .map_err(cannot("blocks could not be read"))?;
                rows.into_iter().map(block).collect()
            }

            async fn last_block(&self) -> StoreResult<Option<AuditBlock>> {
                let row = query_as("SELECT number, at, entries, previous, hash FROM idv_blocks ORDER BY number DESC LIMIT 1")
                    .fetch_optional(self.readers())
                    .await
                    .map_err(cannot("blocks could not be read"))?;
                row.map(block).transpose()
            }

            async fn block_entries(&self, number: u64) -> StoreResult<Vec<AuditEntry>> {
                let rows = query_as(concat!(
                    "SELECT ",
                    entry_columns!(),
                    " FROM idv_audit WHERE block = $1 ORDER BY flow, number"
                ))
                .bind(whole(number)?)
                .fetch_all(self.readers())
                .await
                .map_err(cannot("the audit trail could not be read"))?;
                rows.into_iter().map(entry).collect()
            }

            fn evidence_store(&self) -> Option<&dyn super::EvidenceStore> {
                Some(self)
            }
        }

        /// Adds events to the outbox.
        async fn write_events(connection: &mut <$database as sqlx::Database>::Connection, events: &[Event]) -> StoreResult<()> {
            if events.is_empty() {
                return Ok(());
            }
            let sequences = events.iter().map(|event| whole(event.sequence)).collect::<StoreResult<Vec<_>>>()?;
            let mut insert = QueryBuilder::<$database>::new(concat!("INSERT INTO idv_events (", event_columns!(), ", due) "));
            insert.push_values(events.iter().zip(sequences), |mut row, (event, sequence)| {
                row.push_bind(event.flow.as_bytes().to_vec())
                    .push_bind(sequence)
                    .push_bind(event.at.as_microsecond())
                    .push_bind(event.provider.clone())
                    // An event is made of words and numbers, which always serialize.
                    .push_bind(serde_json::to_string(&event.kind).unwrap_or_default())
                    .push_bind(event.at.as_microsecond());
            });
            insert.build().execute(connection).await.map_err(cannot("events could not be written"))?;
            Ok(())
        }

        /// Adds entries to the audit trail.
        async fn write_entries(
            connection: &mut <$database as sqlx::Database>::Connection,
            entries: &[AuditEntry],
        ) -> StoreResult<()> {
            for part in entries.chunks(ROWS_OF_A_STATEMENT) {
                let numbers = part.iter().map(|entry| whole(entry.number)).collect::<StoreResult<Vec<_>>>()?;
                let mut insert = QueryBuilder::<$database>::new(concat!("INSERT INTO idv_audit (", entry_columns!(), ") "));
                insert.push_values(part.iter().zip(numbers), |mut row, (entry, number)| {
                    row.push_bind(entry.flow.as_bytes().to_vec())
                        .push_bind(number)
                        .push_bind(entry.at.as_microsecond())
                        .push_bind(entry.event.clone())
                        .push_bind(entry.previous.to_vec())
                        .push_bind(entry.hash.to_vec());
                });
                // A change has a few entries; statements of many are not kept.
                let insert = insert.build().persistent(part.len() <= 8);
                insert.execute(&mut *connection).await.map_err(cannot("the audit trail could not be written"))?;
            }
            Ok(())
        }
    };
}

pub(super) use implement_store;
