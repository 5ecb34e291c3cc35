//! Names for several that ask at the same time, each in name spaces of its own.

use std::sync::Arc;

use super::{Names, UNKNOWN_ACCOUNT};

impl Names {
    /// Names for one that asks at the same time, in name spaces of its own.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            in_folder: self.in_folder,
            spaces: Arc::clone(&self.spaces),
            partition: self.partition.clone(),
            account: self.account.clone(),
            prefix: self.prefix.clone(),
            ..Self::new("")
        }
    }

    /// Gives away what was learned, for whoever removes what was made.
    #[must_use]
    pub fn give_away(&mut self) -> Self {
        let rest = self.fork();
        std::mem::replace(self, rest)
    }

    /// Takes in what a fork has learned.
    pub fn take_in(&mut self, learnt: Self) {
        self.ids.extend(learnt.ids);
        self.objects.extend(learnt.objects);
        self.users.extend(learnt.users);
        self.keyring.take_in(learnt.keyring);
        if learnt.account != UNKNOWN_ACCOUNT {
            (self.account, self.partition) = (learnt.account, learnt.partition);
        }
    }
}
