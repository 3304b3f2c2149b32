//! Cures of errors of provisioner stacks.

use hc_provisioners::{ProvisionerError, registry};

/// The cure.
pub(super) fn hint(error: &ProvisionerError) -> Option<String> {
    match error {
        ProvisionerError::UnknownStack { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
        ProvisionerError::UnknownStack { near: None, .. } => {
            Some(format!("stacks: {}", registry::names().collect::<Vec<_>>().join(", ")))
        }
        ProvisionerError::Refused { .. } => {
            Some("fix what is listed and switch it on again; nothing was changed".into())
        }
        ProvisionerError::BrokenFile(diagnostic) => diagnostic.hint.clone(),
        ProvisionerError::Fs(_) | ProvisionerError::Render(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_stack_is_answered_with_the_one_that_was_meant() {
        let unknown = |near| ProvisionerError::UnknownStack { name: "pupet".into(), near };
        assert_eq!(hint(&unknown(Some("puppet"))).as_deref(), Some("did you mean `puppet`?"));
        assert_eq!(hint(&unknown(None)).as_deref(), Some("stacks: ansible, puppet"));
    }
}
