//! Cures of errors of sources.

use hc_sources::SourceError;

/// The cure.
pub(super) fn hint(error: &SourceError) -> String {
    match error {
        SourceError::Name(_) => "use lower-case letters, digits and single hyphens".into(),
        SourceError::Url { .. } => {
            "write the url with its scheme: https://host/path, ssh://git@host/path, file:///path".into()
        }
        SourceError::PlainUrl { .. } => "use https:// or ssh://; plain http:// and git:// work to this machine only".into(),
        SourceError::Credentials { .. } => {
            "take them out and revoke them; a credential program gives them at run time".into()
        }
        SourceError::Reference { .. } => "see `git check-ref-format`; a ref never begins with a hyphen".into(),
        SourceError::Subdir { .. } => "give a path below the repository's root, without `..`".into(),
        SourceError::Duplicate { .. } => "rename one of the two".into(),
        SourceError::LockInvalid { .. } => "restore sources.lock from version control, or remove it and sync again".into(),
        SourceError::LockTooNew { .. } => "upgrade hybrid".into(),
        SourceError::LockOutdated { .. } => "run `hybrid sources sync` and commit sources.lock".into(),
        SourceError::Busy { .. } => "wait for it, or let hybrid wait: `--lock-timeout 30s`".into(),
        SourceError::LocksUnsupported { .. } => "move the project to a local disk".into(),
        SourceError::Dirty { path, .. } => format!(
            "look with `git -C {0} status`; keep the changes by committing them upstream, or drop them with `git -C {0} stash -u`",
            path.display()
        ),
        SourceError::Diverged { path, expected, .. } => match expected {
            Some(sha) => format!(
                "push your commits upstream and update the pin, or go back with `git -C {} checkout --detach {sha}`",
                path.display()
            ),
            None => format!("move {} away and sync again", path.display()),
        },
        SourceError::MovedTag { name, now, .. } => format!(
            "ask upstream why; when it is meant, run `hybrid sources pin {name} {now} --reason … --approved-by …`, else pin a commit instead of the tag"
        ),
        SourceError::NotAClone { path, .. } => format!("move {} away and sync again", path.display()),
        SourceError::NotADirectory { path } => format!("remove {}; hybrid writes through no link", path.display()),
        SourceError::Obstructed { path } => format!("move {} away and sync again", path.display()),
        SourceError::Unreachable { .. } => "check the network and the url, then run `hybrid sources resume`".into(),
        SourceError::TimedOut { .. } | SourceError::TooSlow { .. } => {
            "run `hybrid sources resume`; raise the timeout, or make the source shallow, when the link is slow".into()
        }
        SourceError::Interrupted { .. } => "run `hybrid sources resume`".into(),
        SourceError::AccessDenied { .. } => "name a program in `[git] credential_program` of hybrid.toml, or use ssh:// with a key".into(),
        SourceError::Certificate { .. } => "name the company's CA file in `[git] ca_file` of hybrid.toml".into(),
        SourceError::RepositoryMissing { .. } => "correct the url, or ask for access".into(),
        SourceError::ReferenceMissing { .. } => "correct the ref in hybrid.toml".into(),
        SourceError::ReferenceAmbiguous { reference, .. } => {
            format!("write `refs/heads/{reference}` or `refs/tags/{reference}`")
        }
        SourceError::PinGone { .. } => {
            "history was rewritten upstream: unbundle a copy that has it, or run `hybrid sources sync --update`".into()
        }
        SourceError::HostileTree { .. } => "do not use this repository; tell its owners".into(),
        SourceError::SubdirMissing { .. } => "correct `subdir` in hybrid.toml, or pin a commit that has it".into(),
        SourceError::Repository { path, .. } => format!("move {} away and sync again", path.display()),
        SourceError::ProgramNeeded { .. } => "install git, or use a server with the smart protocol".into(),
        SourceError::PinInvalid { .. } => "give the whole commit id, `--reason`, `--approved-by` and an expiry within a year".into(),
        SourceError::PinExpired { name, .. } => format!(
            "go back to the ref with `hybrid sources sync --update {name}`, or pin again with `--reason` and `--approved-by`"
        ),
        SourceError::Offline { .. } => "leave out `--offline`, or unbundle a copy".into(),
        SourceError::Missing { .. } => "run `hybrid sources sync`".into(),
        SourceError::Unknown { known, .. } if known.is_empty() => "add `[[sources]]` to hybrid.toml".into(),
        SourceError::Unknown { known, .. } => format!("known sources: {}", known.join(", ")),
        SourceError::BundleInvalid { .. } => "copy the bundle again, or make it anew with `hybrid sources bundle`".into(),
        SourceError::NotAvailable { .. } => "run `hybrid sources sync` where there is a network, then bundle again".into(),
        SourceError::File(_) => "the cause is the system's own answer; look at the path".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_tag_names_the_command_that_accepts_it() {
        let sha = |digit: &str| digit.repeat(40).parse().unwrap();
        let (name, tag) = ("tagged".to_owned(), "v1".to_owned());
        let moved = SourceError::MovedTag { name, tag, locked: sha("1"), now: sha("2") };
        assert!(hint(&moved).contains("`hybrid sources pin tagged 2222"), "{}", hint(&moved));
    }
}
