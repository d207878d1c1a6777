//! putOrder (3.1).

use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::account::Account;
use super::api::Call;
use super::case::Case;
use super::failure::Failure;
use super::order::{Submitted, add, product};
use super::{Effect, Own, World, esign, reuse, rules, scenario};
use crate::clock::later;
use crate::exchange::Answer;
use crate::part::Part as _;
use crate::random::Random;

const DAY: u64 = 24 * 3600;

/// Creates an order.
pub(super) fn put_order(call: &mut Call<'_, '_, '_>) -> Result<Answer, Failure> {
    call.demand_json()?;
    let account = call.account.clone();
    let submitted = Submitted::read(&call.request.body, &account)?;
    demand_first_order(call, &submitted)?;
    demand_sign_me_user(call, &submitted)?;
    let now = call.moment.now;
    let id = order_id(call.world, call.moment.random);
    let token = call.moment.random.uuid().replace('-', "").to_uppercase();
    let mut case = Case::new(id.clone(), account.user.clone(), token, submitted, now);
    let signed = case.submitted.text(&["IdentDataSigned"]);
    // If the data is not accepted, the person is identified anew (7).
    let accepted = signed.map(|signed| {
        let usable = account.namirial && case.submitted.is_signed();
        case.reused = reuse::open(signed, now).filter(|_| usable);
        case.reused.is_some()
    });
    let pages = call.world.base(call.request, Own::PAGES);
    let answer = answer(&case, &account, accepted, &pages, call.moment.random);
    if let Some(days) = account.time_out_days {
        call.moment.plan(
            later(now, Duration::from_secs(u64::from(days) * DAY)),
            &id,
            Effect::TimeOut,
        );
    }
    call.world.cases.insert(id.clone(), case);
    begin(call, &id, &account, accepted == Some(true));
    Ok(Answer::json(StatusCode::ACCEPTED, &answer))
}

/// Triggers the first events of a new order, and starts the test robots (9.5).
fn begin(call: &mut Call<'_, '_, '_>, id: &str, account: &Account, reused: bool) {
    let Some(case) = call.world.cases.get(id) else {
        return;
    };
    let mut statuses = vec![(25, None)];
    if !case.submitted.flag("getTargetLink") {
        // Without a link to hand on, the vendor writes to the person (3.1.4).
        statuses.push((
            7,
            Some(if case.submitted.product == product::SHOP {
                33
            } else {
                12
            }),
        ));
    }
    if case.uses_sign_me(account) {
        let email = case
            .submitted
            .text(&["Email"])
            .unwrap_or_default()
            .trim()
            .to_lowercase();
        if call.world.own.sign_me.contains_key(&email) {
            statuses.push((96, None));
        } else {
            statuses.extend([(71, Some(44)), (94, None)]);
        }
    }
    if reused {
        statuses.extend([(6, Some(19)), (23, Some(20))]);
    }
    for (kind, sub_kind) in statuses {
        call.world.reach(id, kind, sub_kind, call.moment);
    }
    let robot = call
        .world
        .cases
        .get(id)
        .filter(|_| account.integration)
        .and_then(|case| scenario::robot(case, account));
    if let Some(plan) = robot {
        call.world.follow(id, plan, call.moment);
    }
}

/// Returns an unused OrderID: 14 digits, as in the samples.
pub(super) fn order_id(world: &World, random: &mut Random) -> String {
    loop {
        let (high, low) = (random.number(100_000), random.number(100_000));
        let id = format!("9992{high:05}{low:05}");
        if !world.cases.contains_key(&id) {
            return id;
        }
    }
}

/// Checks that the order whose documents another person is to sign exists and has documents with
/// these names (3.1.4).
fn demand_first_order(call: &Call<'_, '_, '_>, submitted: &Submitted) -> Result<(), Failure> {
    let Some(first) = submitted.text(&["MultiSignOptions", "FirstOrderID"]) else {
        return Ok(());
    };
    let refuse = |rule| {
        Failure::by(
            rule,
            "MultiSignOptions.FirstOrderID is not an eSign order with documents",
        )
    };
    let first = call
        .kept_case(first)
        .map_err(|_| refuse(&rules::FIRST_ORDER))?;
    let documents = [
        esign::documents(&first.submitted),
        esign::hashes(&first.submitted),
    ]
    .concat();
    if documents.is_empty() {
        return Err(refuse(&rules::FIRST_ORDER));
    }
    if submitted.product != product::ESIGN {
        return Err(refuse(&rules::FURTHER_ORDER));
    }
    let named = esign::named_documents(submitted);
    if named
        .iter()
        .any(|name| !documents.iter().any(|document| document.name == *name))
    {
        return Err(Failure::by(
            &rules::SIGN_PARAMETERS,
            "MultiSignOptions.SignParameters.Filename is not a document of the first order",
        ));
    }
    Ok(())
}

/// Checks that the person has a sign-me account that can sign, if the order only uses an existing
/// one (9.1).
fn demand_sign_me_user(call: &Call<'_, '_, '_>, submitted: &Submitted) -> Result<(), Failure> {
    let email = submitted
        .text(&["Email"])
        .unwrap_or_default()
        .trim()
        .to_lowercase();
    if submitted.adds(add::SIGN_ME_USE) && call.world.own.sign_me.get(&email) != Some(&true) {
        return Err(Failure::by(
            &rules::SIGN_ME_USER,
            "Add: the person has no sign-me account that can sign",
        ));
    }
    Ok(())
}

/// Builds the response (3.1.5).
fn answer(
    case: &Case,
    account: &Account,
    accepted: Option<bool>,
    pages: &str,
    random: &mut Random,
) -> Value {
    let order = &case.submitted;
    let mut answer = Map::new();
    answer.insert("OrderID".into(), case.id.clone().into());
    answer.insert("Ref".into(), order.reference().into());
    let page = |what: &str| Value::from(format!("{pages}/{what}/{}", case.token));
    if order.flag("getTargetLink") {
        answer.insert("TargetURL".into(), page("status"));
    }
    if order.flag("getDeepLink") {
        answer.insert("DeepLinkURL".into(), page("ident"));
    }
    if order.product == product::AUTO_ID
        && (order.flag("getAutoIdLink") || order.flag("getAutoldLink"))
    {
        let name = if account.names_as_printed {
            "AutoldURL"
        } else {
            "AutoIdURL"
        };
        answer.insert(name.into(), page("autoid"));
    }
    if let Some(accepted) = accepted {
        answer.insert("SignedDataAccepted".into(), accepted.into());
    }
    if order.flag("getVideoHashes") && matches!(order.product, product::VIDEO | product::ESIGN) {
        let hashes = json!({ "ShortCode": random.letters(5), "LongCode": random.letters(20) });
        answer.insert("VideoHashes".into(), hashes);
    }
    answer.into()
}
