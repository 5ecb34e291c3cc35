//! `iamspec export`.

use clap::Args;

use crate::export::Language;

/// `iamspec export`.
#[derive(Args, Debug)]
pub struct Export {
    /// In which language
    #[arg(long = "as", value_enum, value_name = "LANGUAGE")]
    pub language: Language,
    /// Whom the program asks where `AWS_ENDPOINT_URL_IAM` is not set
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:5000")]
    pub endpoint: String,
    /// A file, or the name of one of ours (`iamspec list scripts`)
    #[arg(value_name = "SCRIPT")]
    pub script: String,
}
