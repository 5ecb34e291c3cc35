//! The formats that CI systems read: test results and code scanning.

pub mod junit;
pub mod sarif;
