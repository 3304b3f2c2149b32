//! How files outside of the project are called in a manifest, whichever machine it is made on.

use std::path::{Component, Path, PathBuf};

use crate::project::Project;

/// How a file outside of the project is called in a manifest: as `written`, but from the project where that is relative,
/// and from the caller's home directory where it lies there. Where a checkout and a home lie decides no image.
pub(super) fn name(project: &Project, written: &Path, path: &Path) -> String {
    let from_project =
        path.strip_prefix(&project.root).is_ok() || written.is_relative() && !written.starts_with("~");
    if from_project {
        return relative(&project.root, path).to_string_lossy().into_owned();
    }
    let home = project.host.var("HOME").map(Path::new).filter(|home| home.parent().is_some());
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(below) => Path::new("~").join(below).to_string_lossy().into_owned(),
        None => path.to_string_lossy().into_owned(),
    }
}

/// The way from a directory to a path, both absolute and normal.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let common = from.components().zip(to.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    up.chain(to.components().skip(common)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_neighbour_is_the_same_wherever_both_lie() {
        for home in ["/home/ada", "/srv/ci/7"] {
            let (project, neighbour) = (Path::new(home).join("image"), Path::new(home).join("shared/a.sh"));
            assert_eq!(relative(&project, &neighbour), Path::new("../shared/a.sh"));
            assert_eq!(relative(&project, &project.join("b/c")), Path::new("b/c"));
        }
    }
}
