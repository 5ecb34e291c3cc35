//! How much memory this process has needed since somebody last asked.

use std::fs;

/// Begins anew. Without effect where the system does not keep count.
pub(super) fn reset() {
    // Only Linux can; elsewhere `megabytes` says nothing.
    _ = fs::write("/proc/self/clear_refs", "5");
}

/// The most that was in memory since the last [`reset`], in units of 10⁶ bytes.
pub(super) fn megabytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024 / 1_000_000)
}
