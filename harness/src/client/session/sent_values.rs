//! The values that the run has sent and that later responses must show: policy documents and the values of
//! tags. Also the ids that users had.
//!
//! A value is remembered under the names in the request, and only after the endpoint has accepted it. A
//! value that may have changed is forgotten: then nothing is compared.

use std::collections::{HashMap, HashSet};

use crate::wire::names::{RequestForm, value_of};

/// The name of a user, and the name of a policy or the key of a tag.
type Place = (String, String);

/// The values that the endpoint has accepted.
#[derive(Debug, Default)]
pub(crate) struct SentValues {
    documents: HashMap<Place, String>,
    tags: HashMap<Place, String>,
    /// The ids of all users that the run has created.
    user_ids: HashSet<String>,
}

impl SentValues {
    /// Forgets what a request may change, before it is sent.
    pub(crate) fn forget(&mut self, form: &RequestForm) {
        let action = value_of(form, "Action").unwrap_or_default();
        if let ("PutUserPolicy", Some(place)) = (action, document_place(form)) {
            self.documents.remove(&place);
        }
        if action == "TagUser" {
            for (place, _) in tags_of(form) {
                self.tags.remove(&place);
            }
        }
        if matches!(action, "CreateUser" | "UpdateUser" | "DeleteUser") {
            for member in ["UserName", "NewUserName"] {
                let Some(user) = value_of(form, member) else { continue };
                self.documents.retain(|(of, _), _| of != user);
                self.tags.retain(|(of, _), _| of != user);
            }
        }
    }

    /// Remembers what a request has set, after the endpoint has accepted it.
    pub(crate) fn remember(&mut self, form: &RequestForm) {
        let action = value_of(form, "Action").unwrap_or_default();
        if let ("PutUserPolicy", Some(place), Some(document)) =
            (action, document_place(form), value_of(form, "PolicyDocument"))
        {
            self.documents.insert(place, document.to_owned());
        }
        if matches!(action, "TagUser" | "CreateUser") {
            self.tags.extend(tags_of(form));
        }
    }

    /// The document of the policy that a request names, as it was sent.
    pub(crate) fn document(&self, form: &RequestForm) -> Option<&str> {
        self.documents.get(&document_place(form)?).map(String::as_str)
    }

    /// The value of the tag with this key of the user that a request names, as it was sent.
    pub(crate) fn tag(&self, form: &RequestForm, key: &str) -> Option<&str> {
        let user = value_of(form, "UserName")?.to_owned();
        self.tags.get(&(user, key.to_lowercase())).map(String::as_str)
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

fn document_place(form: &RequestForm) -> Option<Place> {
    let name = |member| value_of(form, member).map(str::to_owned);
    Some((name("UserName")?, name("PolicyName")?))
}

/// The tags of a request. The case of a key does not distinguish it (B-TG-07).
fn tags_of(form: &RequestForm) -> impl Iterator<Item = (Place, String)> {
    let user = value_of(form, "UserName").unwrap_or_default();
    (1..=50).map_while(move |number| {
        let key = value_of(form, &format!("Tags.member.{number}.Key"))?;
        let value = value_of(form, &format!("Tags.member.{number}.Value"))?;
        Some(((user.to_owned(), key.to_lowercase()), value.to_owned()))
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
