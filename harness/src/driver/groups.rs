//! The process groups of the running drivers, and their end when the program is interrupted.
//!
//! A driver and the programs that it starts are one group, so that Ctrl-C at a terminal reaches
//! only this program. This program ends the groups: all of them when it exits, and otherwise each
//! one that does not respond, so that no driver delays the end of a run.

use std::collections::BTreeMap;
use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[cfg(unix)]
use nix::sys::signal::{Signal, killpg};
#[cfg(unix)]
use nix::unistd::Pid;

use crate::driver::interrupt;
use crate::exit_code;
use crate::wire::output::visible::say;

/// How long a driver may take for an answer after the program was interrupted.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the drivers are checked after that.
const INTERVAL: Duration = Duration::from_millis(100);

/// The running drivers, and since when the program waits for each.
#[derive(Default)]
struct Groups {
    waiting: BTreeMap<u32, Option<Instant>>,
    /// When the program was interrupted.
    interrupted: Option<Instant>,
}

static GROUPS: Mutex<Groups> = Mutex::new(Groups { waiting: BTreeMap::new(), interrupted: None });

fn groups() -> MutexGuard<'static, Groups> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a driver in a process group of its own. From here on, an interrupt of the program ends
/// the group.
///
/// # Errors
/// The program cannot be run.
pub(super) fn spawn(command: &mut Command) -> io::Result<Child> {
    interrupt::or_else(|| {
        say("stopped");
        kill_all_and_exit(exit_code::INCONCLUSIVE);
    });
    in_own_group(command);
    // An exit waits for this lock, so that it misses no driver.
    let mut groups = groups();
    let child = command.spawn()?;
    groups.waiting.insert(child.id(), None);
    Ok(child)
}

/// Kills a driver and the programs that it started.
pub(super) fn end(child: &Child) {
    kill_group(child.id());
    groups().waiting.remove(&child.id());
}

/// The time in which the program waits for a driver.
pub(super) struct Wait(u32);

/// The program waits for a driver until the result is dropped.
pub(super) fn wait_for(child: &Child) -> Wait {
    set_waiting(child.id(), Some(Instant::now()));
    Wait(child.id())
}

impl Drop for Wait {
    fn drop(&mut self) {
        set_waiting(self.0, None);
    }
}

fn set_waiting(group: u32, since: Option<Instant>) {
    if let Some(waiting) = groups().waiting.get_mut(&group) {
        *waiting = since;
    }
}

/// Whether the program was interrupted. A driver that has ended since is not started again.
pub(super) fn is_interrupted() -> bool {
    groups().interrupted.is_some()
}

/// Ends every driver that does not answer from now on. One that answers serves the cleanup.
pub(crate) fn end_silent_ones() {
    if groups().interrupted.replace(Instant::now()).is_some() {
        return;
    }
    std::thread::spawn(|| {
        loop {
            std::thread::sleep(INTERVAL);
            let groups = groups();
            let begin = |since: Instant| groups.interrupted.map_or(since, |it| it.max(since));
            let is_silent = |since: &Option<Instant>| {
                since.is_some_and(|since| begin(since).elapsed() > PATIENCE)
            };
            let silent = groups.waiting.iter().filter(|(_, since)| is_silent(since));
            silent.for_each(|(group, _)| kill_group(*group));
        }
    });
}

/// Kills every driver and the programs that it started, and exits.
pub(crate) fn kill_all_and_exit(code: u8) -> ! {
    // The lock is kept, so that no driver starts before the exit.
    let groups = groups();
    groups.waiting.keys().copied().for_each(kill_group);
    std::process::exit(i32::from(code));
}

/// Its programs can be killed with the driver, and the terminal's Ctrl-C does not end it before the
/// cleanup.
#[cfg(unix)]
fn in_own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(unix)]
fn kill_group(group: u32) {
    let group = i32::try_from(group).unwrap_or_default();
    // 0 and 1 would mean other processes.
    if group > 1 {
        _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
}

#[cfg(not(unix))]
fn in_own_group(_: &mut Command) {}

#[cfg(not(unix))]
fn kill_group(_: u32) {}
