//! Copies of a finished identification in other accounts (8.3.5), and archiving (8.3.6).

use http::StatusCode;
use serde_json::{Value, json};

use super::api::{Call, demand_json};
use super::failure::Failure;
use super::scenario::Effect;
use super::start::is_transaction_number;
use super::{ident_id, key, rules};
use crate::exchange::Answer;

/// Copies an identification to another account (8.3.5).
pub(super) fn copy(call: &mut Call<'_, '_>, transaction: &str) -> Result<Answer, Failure> {
    let account = call.authorized()?;
    demand_json(call.request)?;
    let case = call
        .world
        .finished(call.company, transaction, &rules::COPY_FINISHED)?;
    let Target {
        company: target,
        transaction_number,
    } = Target::read(&call.request.body)?;
    let target = call
        .world
        .account(&target)
        .filter(|target| account.copies_to.contains(&target.company));
    let target = target
        .ok_or_else(|| Failure::by(&rules::COPY_PERMISSION).at("target_companyid"))?
        .clone();
    let mut copy = case.clone();
    copy.transaction_number = transaction_number.unwrap_or(copy.transaction_number);
    copy.company.clone_from(&target.company);
    let key = key(&target.company, &copy.transaction_number);
    if call.world.cases.contains_key(&key) {
        return Err(Failure::by(&rules::COPY_NUMBER));
    }
    copy.ident_id = ident_id(&target, copy.robot, call.moment);
    copy.archived = false;
    let id = copy.ident_id.clone();
    call.moment.plan(
        copy.ends_at().unwrap_or(call.moment.now),
        &key,
        Effect::Forget,
    );
    call.world.cases.insert(key, copy);
    Ok(Answer::json_with_charset(
        StatusCode::CREATED,
        &json!({ "id": id }),
    ))
}

/// Archives a finished identification that is not archived yet (8.3.6).
pub(super) fn archive(call: &mut Call<'_, '_>, transaction: &str) -> Result<Answer, Failure> {
    let account = call.authorized()?;
    if !account.archiving {
        return Err(Failure::by(&rules::ARCHIVING));
    }
    call.world
        .finished(call.company, transaction, &rules::ARCHIVE_FINISHED)?;
    let key = key(call.company, transaction);
    let case = call
        .world
        .cases
        .get_mut(&key)
        .filter(|case| !case.archived)
        .ok_or_else(|| Failure::by(&rules::NOT_ARCHIVED))?;
    case.archived = true;
    Ok(Answer::empty(StatusCode::OK))
}

/// The target of a copy.
struct Target {
    company: String,
    transaction_number: Option<String>,
}

impl Target {
    fn read(body: &[u8]) -> Result<Self, Failure> {
        let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
            return Err(Failure::unparseable_json());
        };
        let (mut company, mut transaction_number) = (None, None);
        for (key, value) in object {
            match (key.as_str(), value) {
                ("target_companyid", Value::String(text)) => company = Some(text),
                ("target_transactionnumber", Value::String(text))
                    if is_transaction_number(&text) =>
                {
                    transaction_number = Some(text);
                }
                ("target_companyid" | "target_transactionnumber", Value::Null) => {}
                ("target_companyid", _) => {
                    return Err(Failure::bad_value(&rules::COPY_TARGET, &key));
                }
                ("target_transactionnumber", _) => {
                    return Err(Failure::bad_value(&rules::TRANSACTION_NUMBER, &key));
                }
                _ => return Err(Failure::unrecognized_field(&rules::COPY_FIELDS, &key)),
            }
        }
        let company =
            company.ok_or_else(|| Failure::bad_value(&rules::COPY_TARGET, "target_companyid"))?;
        Ok(Self {
            company,
            transaction_number,
        })
    }
}
