//! `cargo xtask docs`: the parts of the guides that are generated; `--check` fails on any difference.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// A generated part: the document, the name of the part, and its text.
const PARTS: &[(&str, &str, fn() -> String)] =
    &[("docs/guides/provisioners.md", "matrix", hc_provisioners::matrix_markdown)];

/// Writes every part that is out of date.
pub fn write(root: &Path) -> Result<()> {
    each(root, |path, _, wanted| Ok(std::fs::write(path, wanted)?))
}

/// Fails when a part is out of date.
pub fn check(root: &Path) -> Result<()> {
    each(root, |_, name, _| bail!("{name} is out of date; run `cargo xtask docs`"))
}

fn each(root: &Path, differs: impl Fn(&Path, &str, &str) -> Result<()>) -> Result<()> {
    for (name, part, text) in PARTS {
        let path = root.join(name);
        let found = std::fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        let wanted =
            replaced(&found, part, &text()).with_context(|| format!("{name} has no part `{part}`"))?;
        if wanted != found {
            differs(&path, name, &wanted)?;
        }
    }
    Ok(())
}

/// The document with the text between the two comments of a part replaced.
fn replaced(document: &str, part: &str, text: &str) -> Option<String> {
    let begin = document.find(&format!("<!-- generated: {part},"))?;
    let begin = begin + document[begin..].find("-->\n")? + "-->\n".len();
    let end = begin + document[begin..].find(&format!("<!-- end of {part} -->"))?;
    Some(format!("{}\n{text}\n{}", &document[..begin], &document[end..]))
}
