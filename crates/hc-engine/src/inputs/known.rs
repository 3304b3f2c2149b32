//! Which paths of the project are known to be inputs of a target.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use hc_records::InputTree;

use super::{files, observed};
use crate::error::Result;
use crate::prepare::Prepared;
use crate::project::Project;

/// All files that are known to decide the image of a target.
pub struct Known {
    files: BTreeSet<PathBuf>,
    trees: Vec<InputTree>,
}

impl Known {
    /// Of a target.
    ///
    /// # Errors
    /// When what runs were seen to write cannot be read.
    pub fn of(project: &Project, prepared: &Prepared) -> Result<Self> {
        let seen = observed::known(project, &prepared.target)?;
        let files = files::but_written(prepared, &seen).into_iter().map(|(path, _)| path).collect();
        Ok(Self { files, trees: prepared.closure.trees.clone() })
    }

    /// All of them that lie in the project.
    pub fn paths(&self) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = self.files.iter().cloned().collect();
        for tree in &self.trees {
            if let Some(node) = &tree.node {
                node.each_file(tree.base(), &mut |path, _| paths.push(path));
            }
        }
        let inside = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
        paths.retain(|path| inside(path));
        paths
    }

    /// Whether a path of the project is that of such a file.
    pub fn has(&self, path: &Path) -> bool {
        self.files.contains(path) || self.trees.iter().any(|tree| tree.has(path))
    }
}
