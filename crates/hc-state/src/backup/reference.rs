//! The name of a backup that was found good, as errors and hints show it.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use time::OffsetDateTime;

/// A backup that was found good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BackupRef {
    /// Where it is.
    pub path: PathBuf,
    /// Its serial.
    pub serial: u64,
    /// When that serial was written.
    #[serde(with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub written_at: Option<OffsetDateTime>,
}

impl fmt::Display for BackupRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        write!(f, "serial {} (state/backups/{name})", self.serial)
    }
}
