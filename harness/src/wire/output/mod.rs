//! The output of the program: lines without secrets, texts for a terminal, and files that only
//! their owner can read.

pub(crate) mod private_file;
pub mod visible;
pub mod writer;
