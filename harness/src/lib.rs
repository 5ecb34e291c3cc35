//! Everything of iamspec that does I/O: the client, the reference server, the command line,
//! reports.
//!
//! From low to high: [`wire`] → [`aws`] → [`client`] → [`server`] → [`driver`] → [`report`] →
//! [`audit_log`], [`export`], [`docs`] → [`commands`] → [`cli`]. A module uses only modules below
//! it.

/// Reads audit logs of others: CloudTrail and HAR.
pub mod audit_log;
/// Credentials, configuration and endpoints of AWS.
pub mod aws;
/// The command line.
pub mod cli;
/// An IAM endpoint behind HTTP.
pub mod client;
/// The subcommands.
pub mod commands;
/// Pages generated from the specification.
pub mod docs;
/// SDKs and tools that make the calls.
pub mod driver;
/// The exit codes.
pub mod exit_code;
/// Scripts as programs in other languages.
pub mod export;
/// The events of a run, and the reports made of them.
pub mod report;
/// The specification as an IAM server.
pub mod server;
/// The wire format: names, XML, payloads, redaction.
pub mod wire;
