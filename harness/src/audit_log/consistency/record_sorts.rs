//! The sorts of records that responses show: users, groups, policies and what belongs to them, with
//! the calls that change them.
//!
//! A date says when the entity was created (E-031), so it is the same in every response. An id belongs
//! to one entity for ever.

use iamspec_model::Evidence;
use iamspec_model::evidence::{
    A_022, A_058, B_AK_17, B_LP_02, B_LP_09, B_SC_02, B_SK_02, B_SK_03, B_SS_02, B_SS_04, C_030,
    C_032, C_042, C_066, C_072, C_078, C_086, C_087, C_088, E_030, E_031,
};

/// A sort of record.
pub(super) struct RecordSort {
    /// The elements that only a record of this sort has.
    pub(super) has: &'static [&'static str],
    /// The element that identifies the record.
    pub(super) key: &'static str,
    /// Whether the key is unique within a policy.
    pub(super) is_part_of_policy: bool,
    /// The element with an id that no other entity ever has, and the evidence for that.
    pub(super) id: Option<(&'static str, Evidence)>,
    /// The type in the ARN, if the record has an ARN with its path and its name.
    pub(super) arn: Option<ArnForm>,
    /// The elements that are the same in every response until a call changes the entity.
    pub(super) members: &'static [&'static str],
    /// The calls that create, change or delete the entity.
    pub(super) changes: &'static [RecordChange],
    pub(super) evidence: Evidence,
}

/// The type and the name in the ARN of an entity.
pub(super) struct ArnForm {
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    pub(super) evidence: Evidence,
}

/// What a call does to a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ChangeKind {
    /// It creates the entity, which the response shows.
    Creation,
    /// It changes the entity. Other elements than the kept ones become unknown.
    #[default]
    Update,
    /// It deletes the entity.
    Deletion,
}

/// An action that changes a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RecordChange {
    pub(super) action: &'static str,
    /// The member of the request that identifies the record. Empty: only the response shows it.
    pub(super) key: &'static str,
    /// The member with a new key.
    pub(super) new_key: &'static str,
    pub(super) kind: ChangeKind,
    /// The elements that stay as they are.
    pub(super) keeps: &'static [&'static str],
    /// The elements that get the values of members of the request.
    pub(super) sets: &'static [(&'static str, &'static str)],
    /// If the request has this member, nothing is kept.
    pub(super) unless: &'static str,
}

const fn creation(action: &'static str, key: &'static str) -> RecordChange {
    RecordChange { kind: ChangeKind::Creation, ..update(action, key) }
}

const fn deletion(action: &'static str, key: &'static str) -> RecordChange {
    RecordChange { kind: ChangeKind::Deletion, ..update(action, key) }
}

const fn update(action: &'static str, key: &'static str) -> RecordChange {
    RecordChange {
        action,
        key,
        new_key: "",
        kind: ChangeKind::Update,
        keeps: &[],
        sets: &[],
        unless: "",
    }
}

/// A sort whose records no call changes. The first of the elements that it has is its key.
const fn sort_of(
    has: &'static [&'static str],
    members: &'static [&'static str],
    evidence: Evidence,
) -> RecordSort {
    RecordSort {
        has,
        key: match has {
            [first, ..] => first,
            [] => "",
        },
        is_part_of_policy: false,
        id: None,
        arn: None,
        members,
        changes: &[],
        evidence,
    }
}

const USER: RecordSort = RecordSort {
    has: &["UserName", "UserId"],
    key: "UserName",
    is_part_of_policy: false,
    id: Some(("UserId", Evidence::by(&[A_022, A_058]))),
    arn: Some(ArnForm { kind: "user", name: "UserName", evidence: Evidence::by(&[C_042, E_030]) }),
    members: &["UserName", "UserId", "Path", "Arn", "CreateDate"],
    changes: &[
        creation("CreateUser", "UserName"),
        RecordChange {
            new_key: "NewUserName",
            keeps: &["UserName", "UserId", "Path", "CreateDate"],
            sets: &[("UserName", "NewUserName"), ("Path", "NewPath")],
            ..update("UpdateUser", "UserName")
        },
        deletion("DeleteUser", "UserName"),
    ],
    evidence: Evidence::by(&[C_030, C_066, E_031]),
};

const GROUP: RecordSort = RecordSort {
    has: &["GroupName", "GroupId"],
    key: "GroupName",
    is_part_of_policy: false,
    id: Some(("GroupId", Evidence::like(&[A_022, A_058]))),
    arn: Some(ArnForm { kind: "group", name: "GroupName", evidence: Evidence::by(&[E_030]) }),
    members: &["GroupName", "GroupId", "Path", "Arn", "CreateDate"],
    changes: &[
        creation("CreateGroup", "GroupName"),
        RecordChange {
            new_key: "NewGroupName",
            keeps: &["GroupName", "GroupId", "Path", "CreateDate"],
            sets: &[("GroupName", "NewGroupName"), ("Path", "NewPath")],
            ..update("UpdateGroup", "GroupName")
        },
        deletion("DeleteGroup", "GroupName"),
    ],
    evidence: Evidence::by(&[C_072, C_078, E_031]),
};

const POLICY: RecordSort = RecordSort {
    has: &["Arn", "PolicyName", "PolicyId"],
    key: "Arn",
    is_part_of_policy: false,
    id: Some(("PolicyId", Evidence::like(&[A_022, A_058]))),
    arn: Some(ArnForm { kind: "policy", name: "PolicyName", evidence: Evidence::by(&[E_030]) }),
    members: &["PolicyName", "PolicyId", "Path", "Arn", "CreateDate", "IsAttachable"],
    changes: &[creation("CreatePolicy", ""), deletion("DeletePolicy", "PolicyArn")],
    evidence: Evidence::by(&[C_088, E_031]),
};

/// Which version of a policy is the default.
const DEFAULT_VERSION: RecordSort = RecordSort {
    has: &["Arn", "PolicyId", "DefaultVersionId"],
    key: "Arn",
    is_part_of_policy: false,
    id: None,
    arn: None,
    members: &["DefaultVersionId", "UpdateDate"],
    changes: &[
        creation("CreatePolicy", ""),
        deletion("DeletePolicy", "PolicyArn"),
        RecordChange {
            keeps: &["DefaultVersionId"],
            unless: "SetAsDefault",
            ..update("CreatePolicyVersion", "PolicyArn")
        },
        RecordChange { keeps: &["DefaultVersionId"], ..update("DeletePolicyVersion", "PolicyArn") },
        RecordChange { keeps: &["DefaultVersionId"], ..update("TagPolicy", "PolicyArn") },
        RecordChange { keeps: &["DefaultVersionId"], ..update("UntagPolicy", "PolicyArn") },
        RecordChange {
            sets: &[("DefaultVersionId", "VersionId")],
            ..update("SetDefaultPolicyVersion", "PolicyArn")
        },
    ],
    evidence: Evidence::by(&[C_086, C_087, C_088, E_031]),
};

const VERSION: RecordSort = part_of_policy(
    &["VersionId", "IsDefaultVersion"],
    &["CreateDate"],
    Evidence::by(&[C_086, E_031]),
);

/// That the document of a version does not change is inferred.
const DOCUMENT: RecordSort =
    part_of_policy(&["VersionId", "Document"], &["Document"], Evidence::like(&[C_086]));

const DELETED_WITH_POLICY: &[RecordChange] = &[deletion("DeletePolicy", "PolicyArn")];

const fn part_of_policy(
    has: &'static [&'static str],
    members: &'static [&'static str],
    evidence: Evidence,
) -> RecordSort {
    RecordSort {
        is_part_of_policy: true,
        changes: DELETED_WITH_POLICY,
        ..sort_of(has, members, evidence)
    }
}

const LOGIN_PROFILE: RecordSort = RecordSort {
    has: &["UserName", "PasswordResetRequired"],
    key: "UserName",
    is_part_of_policy: false,
    id: None,
    arn: None,
    members: &["CreateDate", "PasswordResetRequired"],
    changes: &[
        creation("CreateLoginProfile", "UserName"),
        RecordChange {
            keeps: &["CreateDate"],
            sets: &[("PasswordResetRequired", "PasswordResetRequired")],
            ..update("UpdateLoginProfile", "UserName")
        },
        deletion("DeleteLoginProfile", "UserName"),
        update("ChangePassword", "UserName"),
        RecordChange {
            new_key: "NewUserName",
            keeps: &["CreateDate", "PasswordResetRequired"],
            ..update("UpdateUser", "UserName")
        },
        deletion("DeleteUser", "UserName"),
    ],
    evidence: Evidence::by(&[B_LP_02, B_LP_09, C_032, E_031]),
};

const DEVICE: RecordSort = RecordSort {
    changes: &[
        update("EnableMFADevice", "SerialNumber"),
        deletion("DeactivateMFADevice", "SerialNumber"),
        deletion("DeleteVirtualMFADevice", "SerialNumber"),
    ],
    ..sort_of(&["SerialNumber", "EnableDate"], &["EnableDate"], Evidence::by(&[E_031]))
};

const CREDENTIAL: RecordSort = RecordSort {
    changes: &[
        RecordChange {
            // No fact says what a reset does to an expired credential.
            keeps: &["CreateDate", "ServiceName", "ServiceUserName"],
            ..update("ResetServiceSpecificCredential", "ServiceSpecificCredentialId")
        },
        RecordChange {
            keeps: &["CreateDate", "ServiceName", "ServiceUserName"],
            sets: &[("Status", "Status")],
            ..update("UpdateServiceSpecificCredential", "ServiceSpecificCredentialId")
        },
    ],
    ..sort_of(
        &["ServiceSpecificCredentialId", "ServiceName"],
        CREDENTIAL_MEMBERS,
        Evidence::by(&[B_SS_02, B_SS_04, C_032, E_031]),
    )
};

const CREDENTIAL_MEMBERS: &[&str] = &["CreateDate", "ServiceName", "ServiceUserName", "Status"];

/// Every sort of record.
pub(super) static SORTS: [RecordSort; 12] = [
    USER,
    GROUP,
    POLICY,
    DEFAULT_VERSION,
    VERSION,
    DOCUMENT,
    LOGIN_PROFILE,
    DEVICE,
    CREDENTIAL,
    sort_of(&["AccessKeyId", "CreateDate"], &["CreateDate"], Evidence::by(&[B_AK_17, E_031])),
    sort_of(
        &["SSHPublicKeyId", "UploadDate"],
        &["UploadDate", "Fingerprint"],
        Evidence::by(&[B_SK_02, B_SK_03, E_031]),
    ),
    sort_of(
        &["CertificateId", "UploadDate"],
        &["UploadDate", "CertificateBody"],
        Evidence::by(&[B_SC_02, E_031]),
    ),
];

/// The place of the sort of policies, whose name a list of attached policies shows.
pub(super) const POLICIES: usize = 2;

/// The place of the sort of default versions, which each version shows too.
pub(super) const DEFAULT_VERSIONS: usize = 3;

/// The values that an element may get without a call of IAM: a user who signs in to the console sets a new
/// password, and a credential expires.
pub(super) const MAY_BECOME: [(&str, &str); 2] =
    [("PasswordResetRequired", "false"), ("Status", "Expired")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_are_those_of_their_sorts() {
        assert_eq!(SORTS[POLICIES].arn.as_ref().map(|it| it.kind), Some("policy"));
        assert_eq!(SORTS[DEFAULT_VERSIONS].members.first(), Some(&"DefaultVersionId"));
    }
}
