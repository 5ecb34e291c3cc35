//! TODO describe check.

pub mod exhaustive;
pub mod explorer;
pub(crate) mod frame_properties;
pub(crate) mod independence;
pub mod interleavings;
pub mod model_mutants;
pub(crate) mod rule_oracle;
pub mod scope;
pub mod scopes;
pub mod state_properties;
pub(crate) mod transition_properties;
