//! Service-specific credentials with an alias and a secret instead of a user name and a password, and
//! with an age (B-SS-13).

use iamspec_model::{SERVICES, Service};

use crate::server::clock;
use crate::server::parse::form::ParsedForm;
use crate::wire::names;

/// The service whose credentials have an alias.
const BEDROCK: &str = "bedrock.amazonaws.com";

/// The number of days until a credential expires: the minimum and the maximum.
pub(crate) const AGE_DAYS: (&str, u64, u64) = ("CredentialAgeDays", 1, 36_600);

/// The number of a service; `None` if there are no credentials for it.
pub(crate) fn number(name: &str) -> Option<Service> {
    let number = names::SERVICES.iter().position(|it| *it == name);
    let number = number.and_then(|it| u8::try_from(it).ok());
    number.or_else(|| (name == BEDROCK).then_some(SERVICES)).map(Service)
}

/// The name of an element of a credential for this service.
pub(crate) fn element_name(name: &'static str, service: &str) -> &'static str {
    match name {
        "ServiceUserName" if service == BEDROCK => "ServiceCredentialAlias",
        "ServicePassword" if service == BEDROCK => "ServiceCredentialSecret",
        _ => name,
    }
}

/// When the credential that a request creates expires. Without an age it does not. The age of
/// credentials for other services is ignored: no evidence. AWS has it for keys of another service
/// too (B-SS-14), for which the server makes no credentials.
pub(crate) fn expiration(form: &ParsedForm) -> Option<String> {
    let (member, ..) = AGE_DAYS;
    let days = form.get(member).filter(|_| form.get("ServiceName") == Some(BEDROCK))?;
    let age = time::Duration::days(days.parse().ok()?);
    clock::now().checked_add(age).map(clock::iso_date)
}
