//! The state as findings show it.

use std::fmt;

use crate::account::{Account, Held, Piece};
use crate::kind::{Item, Status};
use crate::operation::Path;

/// `u0 {key#0, g0} u1 {}, g0`: what a finding shows as the state.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for user in self.users() {
            let path = Some(self.path(user)).filter(|path| *path != Path::default());
            let words = self.held_by(user).map(|held| held.to_string());
            let words = words.chain(path.map(|path| path.to_string()));
            let boundary = self.boundary(user).map(|policy| format!("within p{}", policy.0));
            let words: Vec<String> = words.chain(boundary).collect();
            write!(f, "{separator}u{} {{{}}}", user.0, words.join(", "))?;
            separator = " ";
        }
        for object in self.objects() {
            write!(f, "{separator}{object}")?;
            // The one version that every policy begins with goes without saying.
            let first = |it: &Piece| it.default && it.item == Item(1);
            let parts = self.pieces().filter(|it| it.of == object && !first(it));
            let parts: Vec<String> = parts.map(|it| it.to_string()).collect();
            if !parts.is_empty() {
                write!(f, " {{{}}}", parts.join(", "))?;
            }
            separator = " ";
        }
        if separator.is_empty() { f.write_str("nothing exists") } else { Ok(()) }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `key#0`, `g0`, `login-profile`; inactive ones say so.
impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind.symbol(self.item))?;
        if self.status == Status::Inactive { f.write_str(" Inactive") } else { Ok(()) }
    }
}

/// `i0`, `p0`, `v2 default`.
impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.part.symbol(self.item))?;
        if self.default { f.write_str(" default") } else { Ok(()) }
    }
}
