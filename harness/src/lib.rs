//! Everything of iamspec that touches the world: the HTTP client, the reference server, the command
//! line and what it prints.
//!
//! Read in this order: [`wire`] (AWS's names of members and elements), [`names`] (symbols and real
//! names), [`payload`] (certificates, keys, codes, documents), [`client`] (an endpoint behind HTTP), [`driver`] (an SDK in
//! its place),
//! [`server`] (the model behind HTTP), [`cli`] and [`command`] (what a user types), [`shard`] (which part of it a process plays), [`stream`] (what a run tells), [`export`] (a script as a program), [`trail`] (what others asked), [`docs`] (semantics as pages), [`render`] (what
//! a user reads), [`exit`] (what a script reads).

pub mod audit_log;
pub mod aws;
pub mod cli;
pub mod client;
pub mod commands;
pub mod docs;
pub mod driver;
pub mod exit_code;
pub mod export;
pub mod report;
pub mod server;
pub mod wire;
