//! What the program does on Ctrl-C, SIGTERM and SIGHUP. The last action that was set counts.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};

type Action = Box<dyn FnMut() + Send>;

/// The action; `None` before the first one is set.
static ACTION: Mutex<Option<Action>> = Mutex::new(None);

fn action() -> MutexGuard<'static, Option<Action>> {
    ACTION.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets the action, in place of an earlier one.
///
/// # Errors
/// The signals cannot be handled.
pub(crate) fn set(new: impl FnMut() + Send + 'static) -> Result<()> {
    let is_first = action().replace(Box::new(new)).is_none();
    if is_first {
        let handler = || {
            if let Some(action) = action().as_mut() {
                action();
            }
        };
        ctrlc::set_handler(handler).context("cannot handle Ctrl-C")?;
    }
    Ok(())
}

/// Sets the action if there is none. If the signals cannot be handled, they keep their effect.
pub(crate) fn or_else(new: impl FnMut() + Send + 'static) {
    if action().is_none() {
        _ = set(new);
    }
}
