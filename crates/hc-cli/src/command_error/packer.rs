//! Cures of errors of packer, of its plugins and of installation media.

use hc_packer::PackerError;
use hc_packer::iso::IsoError;
use hc_packer::plugins::PluginError;

use super::fs;

/// The cure.
pub(super) fn hint(error: &PackerError) -> Option<String> {
    Some(match error {
        PackerError::NotFound { .. } => {
            "install packer (Debian: `apt-get install packer`), or set `packer.binary` in hybrid.toml".into()
        }
        PackerError::NotPacker { .. } => "set `packer.binary` in hybrid.toml to HashiCorp Packer".into(),
        PackerError::Silent { path, .. } => {
            format!("run `{} version` by hand to see what it waits for", path.display())
        }
        PackerError::TooOld { needed, .. } => {
            format!("install packer {needed} or newer and name it in `packer.binary`")
        }
        PackerError::Pinned { pinned, .. } => {
            format!("install packer {pinned}, or try the new one and move `packer.version` in hybrid.toml")
        }
        PackerError::Differs { .. } => {
            "install the pinned one; after a wanted change, `hybrid packer pin`, and commit hybrid.toml"
                .into()
        }
        PackerError::NotPinned { platform, .. } => {
            format!("run `hybrid packer pin` on {platform}, which adds its checksum, and commit hybrid.toml")
        }
        PackerError::Spawn { .. } => "check that the program may be executed".into(),
        PackerError::File(error) => fs::hint(error).into(),
        _ => return None,
    })
}

/// The cure of a plugin that is not taken.
pub(super) fn plugin_hint(error: &PluginError) -> Option<String> {
    let hint = match error {
        PluginError::Broken { .. } => "take the archive and its SHA256SUMS from the publisher again",
        PluginError::PassedOver { .. } => "install it again (`hybrid packer plugins install`)",
        PluginError::NotAsked { .. } => {
            "remove that plugin, or ask in `required_plugins` of the template: packer is told nothing else of a template that it runs in place"
        }
        PluginError::Unwanted { .. } => {
            "bring the program of a version that builders ask for, or change what `required_plugins` or builder.toml ask for"
        }
        PluginError::Differs { .. } => {
            "install the locked one (`hybrid packer plugins install`), and remove a newer one that lies beside it; after a wanted change, `hybrid packer plugins lock`"
        }
        PluginError::NotLocked { platform, .. } => {
            return Some(format!(
                "run `hybrid packer plugins lock` on {platform}, which adds its checksum, and commit plugins.lock"
            ));
        }
        PluginError::File(error) => fs::hint(error),
        _ => return None,
    };
    Some(hint.to_owned())
}

/// The cure of a download that failed.
pub(super) fn iso_hint(error: &IsoError) -> Option<String> {
    let hint = match error {
        IsoError::BadChecksum(_) => {
            "write `sha256:` and 64 hexadecimal digits; a checksum file's line has them"
        }
        IsoError::Mismatch { .. } => {
            "nothing of it was kept. A new release under the old name, or a bad mirror: compare with the publisher's \
             checksum, then correct url or checksum"
        }
        IsoError::Missing { .. } => "releases move: correct the url, and its checksum with it",
        IsoError::Cancelled { .. } => {
            "start again when ready: what arrived is kept and taken up where it ended"
        }
        IsoError::Unavailable { .. } => "try again: what arrived is kept and taken up where it ended",
        IsoError::BadUrl(_) => "write the url with its scheme",
        IsoError::Busy { .. } => "wait for that download, or end it",
        IsoError::NoLocks { .. } => "put the project on a file system with locks",
        IsoError::File(error) => fs::hint(error),
        _ => return None,
    };
    Some(hint.to_owned())
}
