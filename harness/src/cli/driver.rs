//! `iamspec driver-check` and `iamspec driver`.

use clap::Args;

/// `iamspec driver-check`.
#[derive(Args, Debug)]
pub struct DriverCheck {
    /// Print the JSON Schema of all messages instead
    #[arg(long)]
    pub schema: bool,
    /// The command that starts the driver, in one word for a shell
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// `iamspec driver-probe`.
#[derive(Args, Debug)]
pub struct DriverProbe {
    /// The commands that start the drivers, each in one word for a shell
    #[arg(value_name = "COMMAND", required = true)]
    pub commands: Vec<String>,
}

/// `iamspec driver`.
#[derive(Args, Debug)]
pub struct OwnDriver {
    /// Be wrong in this way
    #[arg(long, value_name = "HOW")]
    pub wrong: Option<String>,
}
