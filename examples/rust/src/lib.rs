//! The code to test: it deletes a user that holds nothing but access keys.

use aws_sdk_iam::{Client, Error};

/// Deletes the access keys of a user, and then the user.
pub async fn delete_user(iam: &Client, name: &str) -> Result<(), Error> {
    let keys = iam.list_access_keys().user_name(name).send().await?;
    for key in keys.access_key_metadata() {
        let id = key.access_key_id().unwrap_or_default();
        iam.delete_access_key().user_name(name).access_key_id(id).send().await?;
    }
    iam.delete_user().user_name(name).send().await?;
    Ok(())
}
