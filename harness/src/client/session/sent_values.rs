//! The values that were sent and that later responses must show: policy documents and the values of tags.
//! Also the ids that users had.
//!
//! A value is remembered under the names in the request, and only after the endpoint has accepted it. A
//! value that may have changed is forgotten: then nothing is compared.

use std::collections::{HashMap, HashSet};

use crate::wire::names::{RequestForm, value_of};

/// The values that the endpoint has accepted.
#[derive(Debug, Default)]
pub(crate) struct SentValues {
    /// By the name of the user in lower case: the case does not distinguish users (C-079).
    users: HashMap<String, UserValues>,
    /// The ids of all users that the run has created.
    user_ids: HashSet<String>,
}

/// The documents of a user by the names of the policies, and the values of its tags by their keys.
#[derive(Debug, Default)]
struct UserValues {
    documents: HashMap<String, String>,
    tags: HashMap<String, String>,
}

impl SentValues {
    /// Forgets what a request may change, before it is sent.
    pub(crate) fn forget(&mut self, form: &RequestForm) {
        let action = value_of(form, "Action").unwrap_or_default();
        if matches!(action, "CreateUser" | "UpdateUser" | "DeleteUser") {
            for member in ["UserName", "NewUserName"] {
                let user = value_of(form, member).map(str::to_lowercase);
                user.and_then(|it| self.users.remove(&it));
            }
        }
        let Some(values) = user_of(form).and_then(|it| self.users.get_mut(&it)) else { return };
        if action == "PutUserPolicy" {
            // No fact says whether the case distinguishes policies.
            let policy = value_of(form, "PolicyName");
            let is_other = |name: &str| policy.is_some_and(|it| !it.eq_ignore_ascii_case(name));
            values.documents.retain(|name, _| is_other(name));
        }
        if action == "TagUser" {
            let keys = form.iter().filter(|(name, _)| name.ends_with(".Key"));
            for (_, key) in keys {
                values.tags.remove(&key.to_lowercase());
            }
        }
    }

    /// Remembers what a request has set, after the endpoint has accepted it.
    pub(crate) fn remember(&mut self, form: &RequestForm) {
        let action = value_of(form, "Action").unwrap_or_default();
        let Some(user) = user_of(form) else { return };
        if let ("PutUserPolicy", Some(policy), Some(document)) =
            (action, value_of(form, "PolicyName"), value_of(form, "PolicyDocument"))
        {
            let values = self.users.entry(user).or_default();
            values.documents.insert(policy.to_owned(), document.to_owned());
        } else if matches!(action, "TagUser" | "CreateUser") {
            let mut tags = tags_of(form).peekable();
            if tags.peek().is_some() {
                self.users.entry(user).or_default().tags.extend(tags);
            }
        }
    }

    /// Moves the values of a user to its new name, after the endpoint has carried out `UpdateUser`.
    pub(crate) fn rename(&mut self, form: &RequestForm) {
        let values = user_of(form).and_then(|it| self.users.remove(&it));
        self.forget(form);
        let new_name = value_of(form, "NewUserName").map(str::to_lowercase);
        self.users.extend(new_name.or_else(|| user_of(form)).zip(values));
    }

    /// The document of the policy that a request names, as it was sent.
    pub(crate) fn document(&self, form: &RequestForm) -> Option<&str> {
        let documents = &self.users.get(&user_of(form)?)?.documents;
        documents.get(value_of(form, "PolicyName")?).map(String::as_str)
    }

    /// The value of the tag with this key of the user that a request names, as it was sent.
    pub(crate) fn tag(&self, form: &RequestForm, key: &str) -> Option<&str> {
        self.users.get(&user_of(form)?)?.tags.get(&key.to_lowercase()).map(String::as_str)
    }

    /// Records the id of a user that the run has created.
    pub(crate) fn record_user_id(&mut self, id: &str) {
        self.user_ids.insert(id.to_owned());
    }

    /// Whether a user that the run has created had this id.
    pub(crate) fn has_user_id(&self, id: &str) -> bool {
        self.user_ids.contains(id)
    }
}

fn user_of(form: &RequestForm) -> Option<String> {
    value_of(form, "UserName").map(str::to_lowercase)
}

/// The tags of a request. The case of a key does not distinguish it (B-TG-07).
fn tags_of(form: &RequestForm) -> impl Iterator<Item = (String, String)> {
    (1..=50).map_while(move |number| {
        let key = value_of(form, &format!("Tags.member.{number}.Key"))?;
        let value = value_of(form, &format!("Tags.member.{number}.Value"))?;
        Some((key.to_lowercase(), value.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(members: &[(&str, &str)]) -> RequestForm {
        members.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_value_that_may_have_changed_is_forgotten() {
        let put = |document| {
            let user = [("UserName", "u"), ("PolicyName", "p"), ("PolicyDocument", document)];
            form(&[&[("Action", "PutUserPolicy")], user.as_slice()].concat())
        };
        let get = form(&[("Action", "GetUserPolicy"), ("UserName", "u"), ("PolicyName", "p")]);
        let mut sent = SentValues::default();
        sent.remember(&put("{}"));
        assert_eq!(sent.document(&get), Some("{}"));
        sent.forget(&put("[]"));
        assert_eq!(sent.document(&get), None);
        sent.remember(&put("[]"));
        let renamed = [("Action", "UpdateUser"), ("UserName", "v"), ("NewUserName", "u")];
        sent.forget(&form(&renamed));
        assert_eq!(sent.document(&get), None);
    }

    #[test]
    fn the_case_of_a_key_does_not_matter() {
        let tag = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", " x ")];
        let user = [("Action", "TagUser"), ("UserName", "u")];
        let mut sent = SentValues::default();
        sent.remember(&form(&[user.as_slice(), &tag].concat()));
        let list = form(&[("Action", "ListUserTags"), ("UserName", "u")]);
        assert_eq!(sent.tag(&list, "team"), Some(" x "));
        assert_eq!(sent.tag(&form(&[("UserName", "v")]), "team"), None);
    }
}
