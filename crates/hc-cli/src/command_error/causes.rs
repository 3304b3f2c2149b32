//! What lies beneath an error, where nothing better is known of it.

use std::error::Error;

/// Everything that lies beneath an error, outermost first.
pub(super) fn beneath(error: &dyn Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes
}
