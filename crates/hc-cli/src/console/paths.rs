//! Paths of a stage in what packer prints, shown as those of the project: a stage has every file where the project has it.

use std::borrow::Cow;
use std::path::Path;
use std::sync::LazyLock;

use hc_records::layout;
use regex::{Captures, Regex};

static STAGED: LazyLock<Regex> = LazyLock::new(|| {
    let work = regex::escape(layout::WORK);
    Regex::new(&format!(r#"/[^\s"'=:]*/{work}/[^/\s]+/[^/\s]+/(?:above/above/)?stage/([^\s"':;,()]*)"#))
        .expect("a fixed pattern compiles")
});

/// A line without the places of stages. The raw log has it as packer wrote it.
pub(super) fn in_project(line: &str) -> Cow<'_, str> {
    if !line.contains("/stage/") {
        return Cow::Borrowed(line);
    }
    STAGED.replace_all(line, |found: &Captures<'_>| {
        hc_core::fs::normalize(Path::new(&found[1])).display().to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::in_project;

    #[test]
    fn stages_are_not_shown() {
        let work = "/srv/images/.hybrid/work/20260102T030405.678Z-00000001/linux.file.motd@dev";
        for (line, shown) in [
            (
                format!("script: {work}/stage/templates/linux/file/motd/../../../scripts/x.sh"),
                "script: templates/scripts/x.sh",
            ),
            (format!("open {work}/above/above/stage/a b: gone"), "open a b: gone"),
            (format!("\"{work}/stage/x.sh\""), "\"x.sh\""),
            (format!("{work}/attempt-1/raw.log"), ""),
            ("on /stage/ nothing".to_owned(), "on /stage/ nothing"),
        ] {
            let expected = if shown.is_empty() { line.as_str() } else { shown };
            assert_eq!(in_project(&line), expected);
        }
    }
}
