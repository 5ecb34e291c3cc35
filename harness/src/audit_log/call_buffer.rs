//! Puts the calls of all files into the order of their times.

use std::collections::BTreeMap;

use crate::audit_log::LogEvent;
use crate::audit_log::formats::LogItem;
use crate::audit_log::record::RecordedCall;

/// The number of microseconds for which events are buffered.
pub(super) const BUFFER: i64 = 15 * 60 * 1_000_000;

/// The calls of the last 15 minutes, and the places of records that cannot be read.
#[derive(Default)]
pub(super) struct CallBuffer {
    /// `None` is a record that cannot be read. The number makes keys unique: events of one second
    /// can share an id or have none.
    items: BTreeMap<(i64, usize), Option<Box<RecordedCall>>>,
    /// The number of microseconds between calls without a time.
    gap: i64,
    order: usize,
    latest: Option<i64>,
    emitted: Option<i64>,
    /// The number of calls that were left out because the same record came before.
    repeated: usize,
}

impl CallBuffer {
    /// An empty buffer. Calls without a time are `gap` microseconds apart.
    pub(super) fn new(gap: i64) -> Self {
        Self { gap, ..Self::default() }
    }

    /// Adds the records of a file. One that cannot be read was sent after the one before it.
    pub(super) fn add_all(&mut self, mut items: Vec<LogItem>, emit: &mut dyn FnMut(LogEvent)) {
        if is_newest_first(&items) {
            items.reverse();
        }
        let (mut before, mut begins_unreadable) = (None, false);
        for item in items {
            match (item, before) {
                (LogItem::Unreadable, Some(time)) => self.add_unreadable(time, emit),
                (LogItem::Unreadable, None) => begins_unreadable = true,
                (LogItem::Call(mut call), _) => {
                    let time = self.time_of(&mut call);
                    if std::mem::take(&mut begins_unreadable) {
                        self.add_unreadable(time, emit);
                    }
                    self.add(*call, emit);
                    before = Some(time);
                }
            }
        }
    }

    /// The time of a call. If it has none, the time of its place.
    fn time_of(&self, call: &mut RecordedCall) -> i64 {
        let order = i64::try_from(self.order + 1).unwrap_or(i64::MAX);
        *call.start.get_or_insert(order.saturating_mul(self.gap))
    }

    /// Adds a call, or emits it if a later one was already emitted.
    pub(super) fn add(&mut self, mut call: RecordedCall, emit: &mut dyn FnMut(LogEvent)) {
        let at = self.time_of(&mut call);
        if self.emitted.is_some_and(|emitted| at < emitted) {
            self.order += 1;
            emit(LogEvent::Late(Box::new(call)));
            return;
        }
        self.latest = self.latest.max(Some(at));
        let mut of_that_time = self.items.range((at, 0)..=(at, usize::MAX));
        if of_that_time.any(|(_, it)| it.as_ref().is_some_and(|it| it.is_repeated_by(&call))) {
            self.repeated += 1;
        } else {
            self.insert(at, Some(Box::new(call)));
        }
    }

    /// The number of calls that were left out because the same record came before.
    pub(super) const fn repeated(&self) -> usize {
        self.repeated
    }

    fn add_unreadable(&mut self, at: i64, emit: &mut dyn FnMut(LogEvent)) {
        if self.emitted.is_some_and(|emitted| at < emitted) {
            emit(LogEvent::Gap(at));
        } else {
            self.insert(at, None);
        }
    }

    fn insert(&mut self, at: i64, item: Option<Box<RecordedCall>>) {
        self.order += 1;
        self.items.insert((at, self.order), item);
    }

    /// Emits the calls before which no other one is expected.
    pub(super) fn emit_settled(&mut self, emit: &mut dyn FnMut(LogEvent)) {
        let Some(latest) = self.latest else { return };
        while let Some(first) = self.items.first_entry() {
            let at = first.key().0;
            if at >= latest.saturating_sub(BUFFER) {
                break;
            }
            self.emitted = Some(at);
            emit(event(at, first.remove()));
        }
    }

    /// Emits everything.
    pub(super) fn emit_all(self, emit: &mut dyn FnMut(LogEvent)) {
        for ((at, _), item) in self.items {
            emit(event(at, item));
        }
    }
}

fn event(at: i64, item: Option<Box<RecordedCall>>) -> LogEvent {
    item.map_or(LogEvent::Gap(at), LogEvent::Call)
}

/// Whether the last call of a file is older than the first one.
fn is_newest_first(items: &[LogItem]) -> bool {
    let start = |item: &LogItem| match item {
        LogItem::Call(call) => call.start,
        LogItem::Unreadable => None,
    };
    let first = items.iter().find_map(start);
    let last = items.iter().rev().find_map(start);
    first.zip(last).is_some_and(|(first, last)| last < first)
}
