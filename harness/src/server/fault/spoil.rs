//! What becomes of an answer on its way.

use super::super::reply::Reply;
use super::Fault;

/// What a proxy says that has lost its server. No evidence: AWS's own were not recorded.
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body></html>\n";

/// The answer as it arrives. `None` where nothing does.
pub(in crate::server) fn spoil(fault: Fault, mut reply: Reply) -> Option<Reply> {
    if let Some((status, body)) = fault.refusal(&reply.id) {
        (reply.status, reply.body) = (status, body);
    }
    reply.retry_after = fault.retry_after();
    match fault {
        Fault::Drop { .. } => return None,
        Fault::Slow { wait, chunk: Some(_) } => reply.pause = wait,
        Fault::Slow { wait, chunk: None } => reply.late = wait,
        Fault::Truncate { clean } => {
            let whole = reply.body.len();
            let half = (0..=whole / 2).rev().find(|at| reply.body.is_char_boundary(*at));
            reply.body.truncate(half.unwrap_or_default());
            reply.declared = (!clean).then_some(whole);
        }
        Fault::Twice => reply.body = reply.body.repeat(2),
        Fault::Html { status, .. } => {
            PAGE.clone_into(&mut reply.body);
            (reply.status, reply.kind) = (status, "text/html");
        }
        _ => {}
    }
    if let Fault::Slow { chunk, .. } = fault {
        reply.chunk = chunk;
    }
    Some(reply)
}
