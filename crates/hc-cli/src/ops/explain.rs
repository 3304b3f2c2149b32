//! `hybrid explain`: the page of error codes, built into the program.

use hc_config::suggest;

use crate::command_error::{CommandError, Result};
use crate::report::explain::ExplainCodeReport;

/// The page that docs/ shows too.
const PAGE: &str = include_str!("../../../../docs/errors.md");

/// Codes with their sections, in the order of the page.
pub fn sections() -> Vec<(&'static str, &'static str)> {
    PAGE.split("\n## ")
        .skip(1)
        .filter_map(|section| section.split_once('\n'))
        .map(|(code, text)| (code.trim(), text.trim()))
        .collect()
}

/// The section of a code; without a code, the list of all.
///
/// # Errors
/// `UnknownCode` with a suggestion.
pub fn explain(code: Option<&str>) -> Result<ExplainCodeReport> {
    let sections = sections();
    let Some(code) = code else {
        let codes = sections.iter().map(|(code, _)| (*code).to_owned()).collect();
        return Ok(ExplainCodeReport { code: None, text: None, codes });
    };
    match sections.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)) {
        Some((known, text)) => Ok(ExplainCodeReport {
            code: Some((*known).to_owned()),
            text: Some((*text).to_owned()),
            codes: Vec::new(),
        }),
        None => {
            let hint = match suggest::nearest(code, sections.iter().map(|(known, _)| *known)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`hybrid explain` lists all codes".into(),
            };
            Err(CommandError::new("UnknownCode", format!("there is no error code `{code}`")).hint(hint))
        }
    }
}
