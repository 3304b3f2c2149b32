//! The tarball: a static program for any Linux, and what belongs to it, in one directory.

use std::path::Path;

use anyhow::{Context, Result};
use tar::{Builder, EntryType, Header};
use walkdir::WalkDir;

use super::platform::{self, PROGRAM};
use super::source::Source;
use super::stage;

/// Packs the stage.
pub(super) fn make(source: &Source) -> Result<()> {
    let name = format!("{PROGRAM}-{}-{}", source.metadata.version()?, platform::musl().target);
    let archive = archive(&source.staged(stage::STATIC), &name, u64::try_from(source.epoch)?)?;
    let path = source.dist().join(format!("{name}.tar.gz"));
    std::fs::write(&path, stage::gzipped(&archive)?)
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The files of a directory, below `name`: sorted, of one date and owner, the program alone executable.
fn archive(directory: &Path, name: &str, date: u64) -> Result<Vec<u8>> {
    let mut builder = Builder::new(Vec::new());
    for entry in WalkDir::new(directory).sort_by_file_name() {
        let entry = entry?;
        let inside =
            entry.path().strip_prefix(directory).context("an entry lies outside of its directory")?;
        let path = if inside.as_os_str().is_empty() { name.into() } else { Path::new(name).join(inside) };
        let mut header = Header::new_ustar();
        header.set_mtime(date);
        header.set_uid(0);
        header.set_gid(0);
        if entry.file_type().is_dir() {
            header.set_entry_type(EntryType::Directory);
            header.set_mode(0o755);
            header.set_size(0);
            builder.append_data(&mut header, path, std::io::empty())?;
        } else {
            let bytes = std::fs::read(entry.path())?;
            header.set_mode(if inside == Path::new(PROGRAM) { 0o755 } else { 0o644 });
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, path, bytes.as_slice())?;
        }
    }
    Ok(builder.into_inner()?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn bytes_depend_on_contents_alone() {
        let made = |names: &[&str], mode: u32| {
            let directory = tempfile::tempdir().unwrap();
            std::fs::create_dir(directory.path().join("man")).unwrap();
            for name in names {
                let path = directory.path().join(name);
                std::fs::write(&path, name).unwrap();
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            }
            archive(directory.path(), "hybrid-1", 1_000_000_000).unwrap()
        };
        let archive = made(&["hybrid", "man/hybrid.1", "README.md"], 0o700);
        assert_eq!(archive, made(&["README.md", "man/hybrid.1", "hybrid"], 0o644));

        let mut read = tar::Archive::new(archive.as_slice());
        let entries = read.entries().unwrap().map(|entry| {
            let header = entry.unwrap().header().clone();
            assert_eq!((header.mtime().unwrap(), header.uid().unwrap()), (1_000_000_000, 0));
            (header.path().unwrap().display().to_string(), header.mode().unwrap())
        });
        let expected = [
            ("hybrid-1", 0o755),
            ("hybrid-1/README.md", 0o644),
            ("hybrid-1/hybrid", 0o755),
            ("hybrid-1/man", 0o755),
            ("hybrid-1/man/hybrid.1", 0o644),
        ];
        assert_eq!(entries.collect::<Vec<_>>(), expected.map(|(path, mode)| (path.to_owned(), mode)));
    }
}
