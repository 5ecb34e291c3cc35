//! Faults that change nothing.

/// Faults that nothing can notice, each with the reason why.
pub const EQUIVALENT: [(&str, &str); 7] = [
    ("overdoes GetUser/user-name-other-case", NOBODY_THERE),
    ("overdoes GetUser/user-name-absent", NOBODY_THERE),
    ("overdoes DeleteUser/user-name-other-case", NOBODY_THERE),
    ("overdoes DeleteAccessKey/user-name-absent", NOBODY_THERE),
    ("takes EnableMFADevice/no-such-object and no-right-codes for each other", BOTH),
    ("takes ResyncMFADevice/no-such-object and no-right-codes for each other", BOTH),
    ("takes all away in DeleteLoginProfile", "a user holds one login profile at most"),
];

const NOBODY_THERE: &str = "where the user does not exist the call is refused however it is put";

const BOTH: &str =
    "where there is no such device there are no right codes for it, and nowhere else";
