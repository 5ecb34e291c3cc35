//! The reading of an answer by itself, so that it can be tried with anything at all.

use iamspec_conformance::Observed;
use iamspec_model::Operation;

use super::send::Answer;
use super::{request, response};
use crate::names::Names;

/// What a client would understand of this answer to an operation. Nothing is sent.
#[must_use]
pub fn understood(
    op: &Operation,
    (status, content_type, body): (u16, &str, &[u8]),
    names: &mut Names,
) -> Observed {
    let answer = Answer { status, content_type: content_type.to_owned(), body: body.to_vec() };
    let form = request::form(op, names).unwrap_or_default();
    response::read((op, &form), &answer, names).map_or_else(|it| it, |page| page.observed)
}
