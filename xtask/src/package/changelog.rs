//! Debian's changelog, made from CHANGELOG.md: the same words in the form that Debian's tools read.

use anyhow::{Context, Result};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// Who signs the entries; the same as in the `.deb`'s own fields.
pub(super) const MAINTAINER: &str = "The hybrid contributors <hybrid@hybrid.example>";
/// Columns of a line.
const WIDTH: usize = 78;

/// One version of CHANGELOG.md with what changed.
struct Entry {
    version: String,
    changes: Vec<String>,
}

/// The changelog of a package whose newest version was committed at `epoch`.
pub(super) fn debian(markdown: &str, epoch: i64) -> Result<String> {
    let date = OffsetDateTime::from_unix_timestamp(epoch)?.format(&Rfc2822)?;
    let entries = entries(markdown);
    entries.first().context("CHANGELOG.md has no version")?;
    let mut text = String::new();
    for Entry { version, changes } in entries {
        text.push_str(&format!("hybrid ({version}-1) unstable; urgency=medium\n\n"));
        for change in changes {
            text.push_str(&wrapped(&change));
        }
        text.push_str(&format!("\n -- {MAINTAINER}  {date}\n\n"));
    }
    Ok(text.trim_end().to_owned() + "\n")
}

/// The versions of a CHANGELOG.md; a list item may go on in indented lines.
fn entries(markdown: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in markdown.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let version = heading.split_whitespace().next().unwrap_or_default().to_owned();
            entries.push(Entry { version, changes: Vec::new() });
            continue;
        }
        let Some(entry) = entries.last_mut() else { continue };
        if let Some(change) = line.strip_prefix("- ") {
            entry.changes.push(change.trim().replace('`', "'"));
        } else if let (Some(change), false) = (entry.changes.last_mut(), line.trim().is_empty()) {
            change.push_str(&format!(" {}", line.trim().replace('`', "'")));
        }
    }
    entries
}

/// A list item of Debian's changelog.
fn wrapped(change: &str) -> String {
    let mut lines = vec!["  *".to_owned()];
    for word in change.split_whitespace() {
        let last = lines.last_mut().expect("starts with one line and only grows");
        if last.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(format!("    {word}"));
        } else {
            last.push_str(&format!(" {word}"));
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_what_debian_reads() {
        let markdown = "# Changelog\n\n## 0.2.0 (unreleased)\n\n- `plan` is quick, even where a project has very many \
            inputs:\n  it looks at nothing twice.\n- Second.\n\n## 0.1.0\n\n- First.\n";
        let expected = "\
hybrid (0.2.0-1) unstable; urgency=medium

  * 'plan' is quick, even where a project has very many inputs: it looks at
    nothing twice.
  * Second.

 -- The hybrid contributors <hybrid@hybrid.example>  Thu, 01 Jan 2026 00:00:00 +0000

hybrid (0.1.0-1) unstable; urgency=medium

  * First.

 -- The hybrid contributors <hybrid@hybrid.example>  Thu, 01 Jan 2026 00:00:00 +0000
";
        assert_eq!(debian(markdown, 1_767_225_600).unwrap(), expected);
    }

    #[test]
    fn a_changelog_without_a_version_is_refused() {
        assert!(debian("# Changelog\n", 0).is_err());
    }
}
