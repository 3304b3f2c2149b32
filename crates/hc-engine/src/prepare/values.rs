//! Values beyond the files of the project: answers, `--set`, user data.

use std::path::{Path, PathBuf};

use hc_config::Value;
use hc_core::fs::read_text;
use hc_templates::inventory::TEXT_LIMIT;
use indexmap::IndexMap;

use crate::error::{EngineError, Result};
use crate::project::Project;

/// Values beyond the files.
#[derive(Clone, Default)]
pub struct Values {
    /// The answers file.
    pub answers: Option<IndexMap<String, Value>>,
    /// `--set`, in order.
    pub sets: Vec<(String, String)>,
    /// `--cloudinit`, relative to the project.
    pub cloudinit: Vec<PathBuf>,
    /// `--strict`.
    pub strict: bool,
    /// `--hermetic`: packer sees nothing of the repository but the inputs.
    pub hermetic: bool,
}

impl Values {
    /// Reads the answers file and splits the `--set` words; `strict` and `hermetic` also follow the settings.
    ///
    /// # Errors
    /// `BadAnswers` and `BadSet` with what was wrong.
    pub fn read(project: &Project, from: Option<&Path>, set: &[String], strict: bool) -> Result<Self> {
        let mut sets = Vec::new();
        for word in set {
            let (key, value) =
                word.split_once('=').ok_or_else(|| EngineError::BadSet { word: word.clone() })?;
            sets.push((key.trim().to_owned(), value.to_owned()));
        }
        let answers = from.map(|path| answers(project, path)).transpose()?;
        let strict = strict || project.settings.config.strict;
        let hermetic = project.settings.packer.hermetic;
        Ok(Self { answers, sets, cloudinit: Vec::new(), strict, hermetic })
    }
}

fn answers(project: &Project, path: &Path) -> Result<IndexMap<String, Value>> {
    let bad = |what: String| EngineError::BadAnswers { path: path.to_owned(), what };
    let text = read_text(&project.host.typed(path), TEXT_LIMIT)?.ok_or_else(|| bad("no such file".into()))?;
    match Value::from_json_text(&text).map_err(|error| bad(error.to_string()))? {
        Value::Map(entries) => Ok(entries.into_iter().collect()),
        _ => Err(bad("not an object".into())),
    }
}
