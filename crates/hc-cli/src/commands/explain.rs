//! `hybrid explain`.

use clap::Args;
use hc_config::suggest;

use crate::command_error::{CommandError, Result};
use crate::error_page::{self, Section};
use crate::report::explain::ExplainCodeReport;
use crate::report::{Outcome, Style};

/// Explain an error code: cause, cure, example
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  hybrid explain DriftDetected\n  hybrid explain        lists all codes")]
pub(crate) struct ExplainArgs {
    /// The code, as printed in `error[CODE]`
    code: Option<String>,
}

impl ExplainArgs {
    /// Shows the section of an error or a finding; without a code, the list of all errors.
    pub(crate) fn run(&self, style: &Style) -> Result<Outcome> {
        let report = match &self.code {
            Some(code) => section(code)?,
            None => {
                let codes = error_page::sections().iter().map(|(code, _)| (*code).to_owned()).collect();
                ExplainCodeReport { codes, ..ExplainCodeReport::default() }
            }
        };
        Ok(Outcome::new(&report, style))
    }
}

fn section(code: &str) -> Result<ExplainCodeReport> {
    let known = || error_page::sections().into_iter().chain(error_page::findings());
    match known().find(|(known, _)| known.eq_ignore_ascii_case(code)) {
        Some((known, text)) => {
            let section = Section::of(text);
            Ok(ExplainCodeReport {
                code: Some(known.to_owned()),
                text: Some(text.to_owned()),
                exit_codes: section.exit_codes,
                example: section.example.map(str::to_owned),
                codes: Vec::new(),
            })
        }
        None => {
            let hint = match suggest::nearest(code, known().map(|(known, _)| known)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`hybrid explain` lists all codes".into(),
            };
            Err(CommandError::new("UnknownCode", format!("there is no error code `{code}`")).hint(hint))
        }
    }
}
