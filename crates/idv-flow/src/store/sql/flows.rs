//! Lists of flows.

use jiff::Timestamp;

use super::rows::{FlowRow, flow, flow_columns, limited};
use super::{Script, Sql, built, cannot};
use crate::store::{Filter, ListCursor, ListOrder, Record, StoreResult};

pub(in crate::store) async fn list<C: Sql>(
    connection: &mut C,
    filter: &Filter,
    after: Option<ListCursor>,
    limit: usize,
) -> StoreResult<Vec<Record>> {
    let by_phase = C::HAS_PHASES
        && (filter.phase.is_some() || filter.attention || filter.order == ListOrder::PhaseSince);
    let (phases, phase_table, id_column) = if by_phase {
        (" JOIN idv_phases AS p ON p.flow = f.id", "p.", "p.flow")
    } else {
        ("", "f.", "f.id")
    };
    let order = match filter.order {
        ListOrder::Id => id_column.to_owned(),
        ListOrder::CreatedAt => "f.created_at, f.id".to_owned(),
        ListOrder::PhaseSince => format!("{phase_table}phase_since, {id_column}"),
    };
    // The empty byte string sorts before every id.
    let id = after.map_or_else(Vec::new, |after| after.id().as_bytes().to_vec());
    let mut select = Script::default();
    select.push(concat!(
        "SELECT ",
        flow_columns!(),
        " FROM idv_flows AS f JOIN idv_queue AS q ON q.flow = f.id"
    ));
    select.push(phases).push(" WHERE (");
    select.push(&order).push(") > (");
    if filter.order != ListOrder::Id {
        select
            .bind(after.map_or(i64::MIN, |after| after.at().as_microsecond()))
            .push(", ");
    }
    select.bind(&id[..]).push(")");
    let phase = filter.phase.map(crate::store::Phase::name);
    let equal = [
        (phase_table, "phase", phase),
        ("f.", "provider", filter.provider.as_deref()),
        (phase_table, "account", filter.account.as_deref()),
        ("f.", "tenant", filter.tenant.as_deref()),
    ];
    for (table, column, value) in equal {
        if let Some(value) = value {
            select
                .push(" AND ")
                .push(table)
                .push(column)
                .push(" = ")
                .bind(value);
        }
    }
    if filter.attention {
        select
            .push(" AND ")
            .push(phase_table)
            .push("attention IS NOT NULL");
    }
    select
        .push(" ORDER BY ")
        .push(&order)
        .push(" LIMIT ")
        .bind(limited(limit));
    let rows = select
        .fetch::<FlowRow>(connection)
        .await
        .map_err(cannot("flows could not be listed"))?;
    rows.into_iter().map(flow).collect()
}

pub(in crate::store) async fn others_due<C: Sql>(
    connection: &mut C,
    accounts: &[String],
    now: Timestamp,
) -> StoreResult<Vec<String>> {
    let (before, after) = C::AMONG;
    let statement = format!(
        "SELECT DISTINCT account FROM idv_queue WHERE due < $1 AND NOT (account {before}$2{after}) ORDER BY account"
    );
    let rows: Vec<(String,)> = connection
        .fetch(
            built(statement),
            &[now.as_microsecond().into(), accounts.into()],
        )
        .await
        .map_err(cannot("flows could not be looked up"))?;
    Ok(rows.into_iter().map(|(account,)| account).collect())
}
