//! `cargo xtask docs`: the parts of the guides that are generated; `--check` fails on any difference.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// A generated part of a document.
struct Part {
    document: &'static str,
    name: &'static str,
    text: fn(&Path) -> Result<String>,
}

const PARTS: &[Part] = &[
    Part {
        document: "docs/guides/provisioners.md",
        name: "matrix",
        text: |_| Ok(hc_provisioners::matrix_markdown()),
    },
    Part { document: "docs/errors.md", name: "index", text: |_| Ok(hc_cli::error_page::index()) },
    Part { document: "docs/platforms.md", name: "platforms", text: crate::platforms::table },
];

/// README's picture, and the text that it is drawn from.
const PICTURE: (&str, &str) = ("docs/flow.svg", "docs/flow.txt");

/// Writes every part that is out of date.
pub fn write(root: &Path) -> Result<()> {
    std::fs::write(root.join(PICTURE.0), drawn(root)?)?;
    each(root, |path, _, wanted| Ok(std::fs::write(path, wanted)?))
}

/// Fails when a part is out of date.
pub fn check(root: &Path) -> Result<()> {
    if std::fs::read_to_string(root.join(PICTURE.0)).ok() != Some(drawn(root)?) {
        bail!("{} is out of date; run `cargo xtask docs`", PICTURE.0);
    }
    each(root, |_, name, _| bail!("{name} is out of date; run `cargo xtask docs`"))?;
    for entry in walkdir::WalkDir::new(root.join("docs")) {
        let path = entry?.into_path();
        if path.extension().is_some_and(|ending| ending == "md") {
            merged(&std::fs::read_to_string(&path)?)
                .with_context(|| format!("{} was merged by half", path.display()))?;
        }
    }
    Ok(())
}

/// Fails where a merge left its markers in the text.
fn merged(text: &str) -> Result<()> {
    match text.lines().position(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ")) {
        Some(at) => bail!("line {} is a conflict marker", at + 1),
        None => Ok(()),
    }
}

fn drawn(root: &Path) -> Result<String> {
    let text = std::fs::read_to_string(root.join(PICTURE.1))
        .with_context(|| format!("cannot read {}", PICTURE.1))?;
    Ok(crate::flow::picture(&text))
}

fn each(root: &Path, differs: impl Fn(&Path, &str, &str) -> Result<()>) -> Result<()> {
    for Part { document, name, text } in PARTS {
        let path = root.join(document);
        let found = std::fs::read_to_string(&path).with_context(|| format!("cannot read {document}"))?;
        let wanted = replaced(&found, name, &text(root)?)
            .with_context(|| format!("{document} has no part `{name}`"))?;
        if wanted != found {
            differs(&path, document, &wanted)?;
        }
    }
    Ok(())
}

/// The document with the text between the two comments of a part replaced.
fn replaced(document: &str, name: &str, text: &str) -> Option<String> {
    let begin = document.find(&format!("<!-- generated: {name},"))?;
    let begin = begin + document[begin..].find("-->\n")? + "-->\n".len();
    let end = begin + document[begin..].find(&format!("<!-- end of {name} -->"))?;
    Some(format!("{}\n{text}\n{}", &document[..begin], &document[end..]))
}
