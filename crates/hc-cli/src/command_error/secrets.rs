//! Cures of secrets that cannot be had.

use hc_config::secrets::SecretError;

/// The cure.
pub(super) fn hint(error: &SecretError) -> String {
    match error {
        SecretError::Unset(name) => format!("export {name} before running hybrid"),
        SecretError::Unavailable { .. } | SecretError::Empty(_) => {
            "check the reference in the overlay and that you may read it".into()
        }
    }
}
