//! The calls that may be about several tags at once.

use std::collections::HashSet;

use iamspec_model::evidence::B_TG_10;
use iamspec_model::{Class, Extras, Kind, Operation, User};

use super::call::Asked;
use super::form::{Form, Refusal};
use super::registry::{Registry, Within, key};

/// The calls that may be about several tags at once, and that are about one at least.
pub(super) fn read(
    form: &Form,
    registry: &mut Registry,
    action: &str,
) -> Result<Option<Vec<Asked>>, Refusal> {
    let mut asked: Vec<Asked> = Vec::new();
    let user = match action {
        "CreateUser" => {
            let user = registry.new_user(form.need("UserName")?);
            let arn = form.get("PermissionsBoundary");
            let boundary = arn.map(|arn| registry.object(Class::Policy, arn));
            asked
                .push(Operation::CreateUser(user, Extras { boundary, ..Extras::default() }).into());
            user
        }
        "TagUser" => {
            form.need("Tags.member.1.Key")?;
            registry.user(form.need("UserName")?)
        }
        "UntagUser" => {
            let user = registry.user(form.need("UserName")?);
            form.need("TagKeys.member.1")?;
            for key in form.list("TagKeys", "") {
                let tag = registry.item(Within::User(user), Kind::Tag, key, false);
                asked.push(Operation::Detach(user, Kind::Tag, tag).into());
            }
            return Ok(Some(asked));
        }
        _ => return Ok(None),
    };
    asked.extend(put(form, registry, user)?);
    Ok(Some(asked))
}

/// Every tag of the request; keys compare without case, and none may come twice (B-TG-10).
fn put(form: &Form, registry: &mut Registry, user: User) -> Result<Vec<Asked>, Refusal> {
    let tags = form.tags();
    let keys: HashSet<String> = tags.iter().map(|(name, _)| key(name)).collect();
    if keys.len() < tags.len() {
        return Err(Refusal::As(B_TG_10, B_TG_10.message.map(str::to_owned)));
    }
    let asked = tags.into_iter().map(|(key, value)| {
        let item = registry.item(Within::User(user), Kind::Tag, &key, true);
        Asked { operation: Operation::Attach(user, Kind::Tag, item), tag: Some((key, value)) }
    });
    Ok(asked.collect())
}
