//! cloud-init user data of a builder: several files become one text that cloud-init takes (CONFIG-6).
//!
//! One file goes through as it is. Several `#cloud-config` files become one: later values win, mappings merge key by
//! key, lists grow. Scripts and other kinds stand beside it in a MIME archive.

mod yaml;

use std::fmt::{self, Write as _};
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use hc_core::Digest;

use crate::diagnostic::{Diagnostic, Location};

/// The variable through which a template takes user data as text. A template that declares neither this one nor
/// [`FILE_VARIABLE`] takes none.
pub const VARIABLE: &str = "cloudinit_user_data";

/// The variable through which hybrid hands on the path of a file with it, for sources that take no text.
pub const FILE_VARIABLE: &str = "hybrid_cloudinit_file";

/// First lines that cloud-init knows, with the type of what follows.
const KINDS: &[(&str, &str)] = &[
    ("#cloud-config-archive", "text/cloud-config-archive"),
    ("#cloud-config", CONFIG),
    ("#cloud-boothook", "text/cloud-boothook"),
    ("#include-once", "text/x-include-once-url"),
    ("#include", "text/x-include-url"),
    ("#part-handler", "text/part-handler"),
    ("#!", "text/x-shellscript"),
    ("## template: jinja", "text/jinja2"),
];

const CONFIG: &str = "text/cloud-config";

/// One file of user data. `Debug` shows no text: it may set passwords.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// Path relative to the project.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("path", &self.path).field("bytes", &self.text.len()).finish()
    }
}

/// Merges the parts, weakest first. The same parts give the same bytes.
///
/// # Errors
/// `BadCloudinit` for every file that cloud-init would ignore or could not read.
pub fn merge(parts: &[Part]) -> Result<String, Vec<Diagnostic>> {
    let (mut configs, mut others, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        match kind(part) {
            Ok(CONFIG) => match read(part) {
                Ok(node) => configs.push((part, node)),
                Err(problem) => problems.push(*problem),
            },
            Ok(kind) => others.push((part.path.clone(), kind, part.text.clone())),
            Err(problem) => problems.push(*problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if let [only] = parts {
        return Ok(only.text.clone());
    }
    let names: Vec<String> = configs.iter().map(|(part, _)| part.path.display().to_string()).collect();
    let config = configs.into_iter().map(|(_, node)| node).reduce(yaml::merge).map(|node| {
        format!("#cloud-config\n# Merged by hybrid from {}.\n{}", names.join(", "), yaml::write(&node))
    });
    match (config, others.is_empty()) {
        (Some(config), true) => Ok(config),
        (config, _) => {
            let config = config.map(|text| (PathBuf::from("cloud-config.yaml"), CONFIG, text));
            Ok(archive(&config.into_iter().chain(others).collect::<Vec<_>>()))
        }
    }
}

/// The MIME type of a part.
fn kind(part: &Part) -> Result<&'static str, Box<Diagnostic>> {
    let first = part.text.lines().next().unwrap_or_default().trim_end();
    let whole_line = |mark: &str| !mark.starts_with("#cloud") || first == mark;
    let found = KINDS.iter().find(|(mark, _)| first.starts_with(mark) && whole_line(mark));
    found.map(|(_, kind)| *kind).ok_or_else(|| {
        let problem = Diagnostic::error("BadCloudinit", "cloud-init would ignore this file")
            .at(Location::new(&part.path, &part.text, 0..first.len()))
            .label("its first line says nothing that cloud-init knows")
            .hint("begin with `#cloud-config`, or with `#!/bin/sh` for a script");
        Box::new(problem)
    })
}

fn read(part: &Part) -> Result<yaml::Node, Box<Diagnostic>> {
    yaml::read(&part.text).map_err(|error| {
        let start = part.text.char_indices().nth(error.at).map_or(part.text.len(), |(at, _)| at);
        let problem = Diagnostic::error("BadCloudinit", "cloud-init could not read this file")
            .at(Location::new(&part.path, &part.text, start..start + 1))
            .label(error.message)
            .hint("a cloud-config is one YAML document with `key: value` at the outermost level");
        Box::new(problem)
    })
}

/// Parts of several kinds, with file name, type and text.
fn archive(parts: &[(PathBuf, &str, String)]) -> String {
    let all: Vec<u8> = parts.iter().flat_map(|(_, _, text)| text.bytes().chain([0])).collect();
    let boundary = format!("hybrid-{}", Digest::of(&all).short());
    let mut out = format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\nMIME-Version: 1.0\n\n");
    for (at, (path, kind, text)) in parts.iter().enumerate() {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let name = name.replace(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '_'), "_");
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "--{boundary}\nContent-Type: {kind}; charset=\"utf-8\"\n\
             Content-Disposition: attachment; filename=\"{:02}-{name}\"\n",
            at + 1
        );
        if text.is_ascii() {
            let _ = write!(out, "\n{text}{}", if text.ends_with('\n') { "" } else { "\n" });
        } else {
            out.push_str("Content-Transfer-Encoding: base64\n\n");
            for line in BASE64.encode(text).as_bytes().chunks(76) {
                let _ = writeln!(out, "{}", String::from_utf8_lossy(line));
            }
        }
    }
    let _ = writeln!(out, "--{boundary}--");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(path: &str, text: &str) -> Part {
        Part { path: path.into(), text: text.into() }
    }

    #[test]
    fn one_file_goes_through_and_configurations_become_one() {
        let users = part("a/users.yaml", "#cloud-config\nusers: [{ name: ops, lock_passwd: yes }]\n");
        assert_eq!(merge(std::slice::from_ref(&users)).unwrap(), users.text);
        let more = part("b.yaml", "#cloud-config\nusers:\n  - name: dev\nlocale: C\n");
        let wanted = "#cloud-config\n# Merged by hybrid from a/users.yaml, b.yaml.\nusers:\n  -\n    name: ops\n    \
                      lock_passwd: yes\n  -\n    name: dev\nlocale: C\n";
        assert_eq!(merge(&[users, more]).unwrap(), wanted);
    }

    #[test]
    fn scripts_stand_beside_the_configuration() {
        let parts = [
            part("b/first boot.sh", "#!/bin/sh\necho hi"),
            part("c.yaml", "#cloud-config\nmotd: καλημέρα\n"),
        ];
        let merged = merge(&parts).unwrap();
        assert_eq!(merged, merge(&parts).unwrap());
        for wanted in [
            "MIME-Version: 1.0\n\n--hybrid-",
            "Content-Type: text/cloud-config; charset=\"utf-8\"\nContent-Disposition: attachment; filename=\"01-cloud-config.yaml\"\nContent-Transfer-Encoding: base64\n\n",
            "filename=\"02-first_boot.sh\"\n\n#!/bin/sh\necho hi\n--hybrid-",
        ] {
            assert!(merged.contains(wanted), "{wanted}\n---\n{merged}");
        }
    }

    #[test]
    fn what_cloud_init_would_ignore_or_refuse_is_named_with_its_place() {
        let problems = merge(&[
            part("plain.yaml", "users: []\n"),
            part("broken.yaml", "#cloud-config\nusers:\n  - name: [a\nb: c\n"),
            part("list.yaml", "#cloud-config\n- a\n"),
            part("near.yaml", "#cloud-configs\na: b\n"),
            part("empty.yaml", "#cloud-config\n"),
            part("good.yaml", "#cloud-config\na: b\n"),
        ])
        .unwrap_err();
        let place = |problem: &Diagnostic| {
            assert_eq!(problem.code, "BadCloudinit");
            problem.location.as_ref().map(|place| format!("{}:{}", place.path.display(), place.line)).unwrap()
        };
        let places: Vec<String> = problems.iter().map(place).collect();
        assert_eq!(places, ["plain.yaml:1", "broken.yaml:4", "list.yaml:2", "near.yaml:1", "empty.yaml:1"]);
    }
}
