//! Packer's `-machine-readable` stream: `timestamp,target,type,data…` with its own, lossy escapes (PKR-2).

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Source the record is about; empty for most.
    pub target: String,
    /// Type: `ui`, `artifact`, `error-count`, …
    pub kind: String,
    /// Unescaped fields.
    pub data: Vec<String>,
}

/// Parses one line; `None` for any other line (plugins sometimes write to the stream).
pub fn parse(line: &str) -> Option<Record> {
    let mut fields = line.trim_end_matches(['\n', '\r']).split(',');
    let stamp = fields.next()?;
    if stamp.is_empty() || !stamp.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let target = fields.next()?.to_owned();
    let kind = fields.next()?.to_owned();
    if kind.is_empty() {
        return None;
    }
    Some(Record { target, kind, data: fields.map(unescape).collect() })
}

/// Packer escapes commas and line ends but not the backslash, so the inverse is a guess where a text held
/// `\n` literally.
fn unescape(field: &str) -> String {
    if !field.contains(['\\', '%']) {
        return field.to_owned();
    }
    field.replace("%!(PACKER_COMMA)", ",").replace("\\n", "\n").replace("\\r", "\r")
}

/// The source named by the `==> NAME:` or `    NAME:` prefix of a ui message, and the text behind it. Where one of the
/// source's post-processors speaks, `==> NAME (TYPE):`, the text begins with its type: `(TYPE): …`.
pub fn speaker(message: &str) -> Option<(&str, &str)> {
    let rest = message.strip_prefix("==> ").or_else(|| message.strip_prefix("    "))?;
    let (head, text) = rest.split_once(':')?;
    let plausible = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    if plausible(head) {
        return Some((head, text.strip_prefix(' ').unwrap_or(text)));
    }
    let (name, kind) = head.strip_suffix(')')?.split_once(" (")?;
    (plausible(name) && plausible(kind)).then(|| (name, &rest[name.len() + 1..]))
}

/// An artifact as the stream tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamArtifact {
    /// Source: `null.minimal`.
    pub source: String,
    /// Type of the builder or post-processor that made it.
    pub builder_id: String,
    /// Image id.
    pub id: String,
    /// What its maker says of it, in words.
    pub text: String,
    /// Files.
    pub files: Vec<String>,
}

/// Folds `artifact` records; every post-processor chain repeats what came before it.
#[derive(Debug, Default)]
pub struct ArtifactFold {
    open: Vec<(String, StreamArtifact)>,
    done: Vec<StreamArtifact>,
}

impl ArtifactFold {
    /// Takes one record; records of other types are ignored. The artifact that it completes, if that is a new one.
    pub fn take(&mut self, record: &Record) -> Option<&StreamArtifact> {
        if record.kind != "artifact" {
            return None;
        }
        let [index, key, value @ ..] = record.data.as_slice() else { return None };
        let slot = format!("{}/{index}", record.target);
        let at = self.open.iter().position(|(known, _)| *known == slot).unwrap_or_else(|| {
            let artifact = StreamArtifact { source: record.target.clone(), ..StreamArtifact::default() };
            self.open.push((slot.clone(), artifact));
            self.open.len() - 1
        });
        let artifact = &mut self.open[at].1;
        match (key.as_str(), value) {
            ("builder-id", [id, ..]) => artifact.builder_id.clone_from(id),
            ("id", [id, ..]) => artifact.id.clone_from(id),
            ("string", [text, ..]) => artifact.text.clone_from(text),
            ("file", [_, path, ..]) => artifact.files.push(path.clone()),
            ("end", _) => {
                let (_, artifact) = self.open.remove(at);
                if !self.done.contains(&artifact) {
                    self.done.push(artifact);
                    return self.done.last();
                }
            }
            _ => {}
        }
        None
    }

    /// The artifacts so far, without repetition.
    pub fn done(&self) -> &[StreamArtifact] {
        &self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn records_and_speakers() {
        let record = parse("1700000000,,ui,say,==> null.x: a%!(PACKER_COMMA) b\\nc").unwrap();
        assert_eq!(record.data, ["say", "==> null.x: a, b\nc"]);
        assert_eq!(speaker("==> null.x: hello"), Some(("null.x", "hello")));
        assert_eq!(speaker("    null.x: hello"), Some(("null.x", "hello")));
        assert_eq!(speaker("Build 'x' finished"), None);
        assert_eq!(speaker("==> null.x (shell-local): hello"), Some(("null.x", "(shell-local): hello")));
        assert_eq!(speaker("    null.x (see there): hello"), None);
        assert!(parse("not a record").is_none());
    }

    #[test]
    fn repeated_artifacts_fold_into_one() {
        let mut fold = ArtifactFold::default();
        for line in [
            "1,null.x,artifact,0,builder-id,packer.file",
            "1,null.x,artifact,0,id,File",
            "1,null.x,artifact,0,files-count,1",
            "1,null.x,artifact,0,file,0,out/x",
            "1,null.x,artifact,0,end",
            "1,null.x,artifact,1,builder-id,packer.file",
            "1,null.x,artifact,1,id,File",
            "1,null.x,artifact,1,file,0,out/x",
            "1,null.x,artifact,1,end",
        ] {
            fold.take(&parse(line).unwrap());
        }
        assert_eq!(fold.done().len(), 1);
        assert_eq!(fold.done()[0].files, ["out/x"]);
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in "\\PC{0,200}") {
            if let Some(record) = parse(&line) {
                ArtifactFold::default().take(&record);
            }
            let _ = speaker(&line);
        }
    }
}
