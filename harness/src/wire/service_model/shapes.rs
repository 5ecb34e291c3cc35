//! The output shapes of the modeled actions, from the service model of IAM.
//!
//! `data/iam-shapes.json` has the names and types, with their source, hash and license;
//! `tests/facts/shapes.py` writes it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The shapes. A row of the file that cannot be read is missing here, and a test fails.
static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../data/iam-shapes.json")).unwrap_or_default()
});

#[derive(Default, Deserialize)]
struct Shapes {
    operations: BTreeMap<String, Option<StructureShape>>,
    structures: BTreeMap<String, StructureShape>,
}

/// A structure: its members by their names.
#[derive(Debug, Deserialize)]
pub(crate) struct StructureShape(BTreeMap<String, MemberShape>);

/// A member of a structure.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub(crate) struct MemberShape {
    /// The type.
    pub(crate) shape: ValueShape,
    /// Whether the service model requires the member.
    pub(crate) is_required: bool,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ValueShape {
    /// A text.
    Text,
    /// A date and a time.
    Timestamp,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Integer,
    /// Bytes.
    Blob,
    /// A map from texts to values.
    Map(Box<ValueShape>),
    /// One of these texts.
    Enumeration(Vec<String>),
    /// The structure of this name.
    Structure(String),
    /// A list of values.
    List(Box<ValueShape>),
}

impl From<String> for MemberShape {
    fn from(text: String) -> Self {
        let name = text.strip_suffix('!');
        Self { shape: ValueShape::of(name.unwrap_or(&text)), is_required: name.is_some() }
    }
}

impl ValueShape {
    fn of(text: &str) -> Self {
        let within = |start: char, end: char| text.strip_prefix(start)?.strip_suffix(end);
        match (within('[', ']'), within('{', '}'), text) {
            (Some(entry), ..) => Self::List(Box::new(Self::of(entry))),
            (_, Some(value), _) => Self::Map(Box::new(Self::of(value))),
            (.., "string") => Self::Text,
            (.., "timestamp") => Self::Timestamp,
            (.., "boolean") => Self::Boolean,
            (.., "integer") => Self::Integer,
            (.., "blob") => Self::Blob,
            // The only enumeration with a single value.
            (.., "PermissionsBoundaryPolicy") => Self::Enumeration(vec![text.to_owned()]),
            _ if text.contains('|') => {
                Self::Enumeration(text.split('|').map(str::to_owned).collect())
            }
            _ => Self::Structure(text.to_owned()),
        }
    }
}

impl StructureShape {
    /// The member of this name.
    pub(crate) fn member(&self, name: &str) -> Option<&MemberShape> {
        self.0.get(name)
    }

    /// The members with their names.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &MemberShape)> {
        self.0.iter().map(|(name, member)| (name.as_str(), member))
    }
}

/// The output of an action.
pub(crate) enum OutputShape {
    /// The action has no output.
    Nothing,
    /// The members of the result.
    Result(&'static StructureShape),
}

/// The output of an action; `None` if the file does not describe it.
pub(crate) fn output(api: &str) -> Option<OutputShape> {
    let shape = SHAPES.operations.get(api)?.as_ref();
    Some(shape.map_or(OutputShape::Nothing, OutputShape::Result))
}

/// The structure of this name.
pub(crate) fn structure(name: &str) -> Option<&'static StructureShape> {
    SHAPES.structures.get(name)
}

#[cfg(test)]
mod tests {
    use iamspec_model::tables::actions;

    use super::*;

    fn is_known(shape: &ValueShape) -> bool {
        match shape {
            ValueShape::Structure(name) => structure(name).is_some(),
            ValueShape::List(entry) | ValueShape::Map(entry) => is_known(entry),
            _ => true,
        }
    }

    #[test]
    fn every_action_and_every_structure_is_described() {
        for action in actions() {
            assert!(output(action.api).is_some(), "{}", action.api);
        }
        let results = SHAPES.operations.values().flatten();
        for shape in results.chain(SHAPES.structures.values()) {
            assert!(shape.members().all(|(_, member)| is_known(&member.shape)), "{shape:?}");
        }
    }
}
