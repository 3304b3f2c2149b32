//! A project of one adopted builder, and the inputs that analysis finds in it.

use std::collections::BTreeMap;
use std::path::Path;

use hc_config::hcl::Document;
use hc_config::hcl::eval::Scope;
use hc_config::resolve::{Layer, Resolution, ResolveInput, resolve};
use hc_config::settings::AdoptedBuilder;
use hc_config::variables;
use hc_templates::closure::{Closure, Memory, Search, find};
use hc_templates::{Builder, Inventory};

/// Where the template lies.
pub(super) const DIR: &str = "images/app";

/// A project on disk.
pub(super) struct Project {
    pub(super) dir: tempfile::TempDir,
    pub(super) workdir: Option<&'static str>,
    pub(super) only: Option<&'static str>,
    pub(super) env: BTreeMap<String, String>,
}

impl Project {
    /// With files; the content of one without is its name.
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let project =
            Self { dir: tempfile::tempdir().unwrap(), workdir: None, only: None, env: BTreeMap::new() };
        for (path, text) in files {
            project.write(path, if text.is_empty() { path } else { text });
        }
        project
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(super) fn link(&self, path: &str, target: &str) {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    }

    /// The builder whose template is `text`.
    pub(super) fn builder(&self, text: &str) -> Builder {
        self.write(&format!("{DIR}/t.pkr.hcl"), text);
        let mapping = AdoptedBuilder {
            path: DIR.into(),
            var_files: Vec::new(),
            only: self.only.map(str::to_owned),
            workdir: self.workdir.map(Into::into),
            ..AdoptedBuilder::default()
        };
        let id = "linux.qemu.app".parse().unwrap();
        let (inventory, problems) = Inventory::load(self.dir.path(), &BTreeMap::from([(id, mapping)]));
        assert!(problems.is_empty(), "{problems:?}");
        inventory.builders[0].clone()
    }

    /// The closure of the template `text`, with an overlay of variables.
    pub(super) fn with(&self, text: &str, overlay: &str) -> Closure {
        let builder = self.builder(text);
        let layers = [Layer {
            name: "env".into(),
            document: Document::parse(Path::new("o.pkrvars.hcl"), overlay).unwrap(),
        }];
        let resolution = resolved(&builder, &layers);
        let memory = Memory::new(self.dir.path());
        find(&Search { memory: &memory, builder: &builder, vars: &resolution.vars, env: &self.env })
    }

    pub(super) fn closure(&self, text: &str) -> Closure {
        self.with(text, "")
    }
}

/// One way of depending on files.
pub(super) struct Way {
    pub(super) name: &'static str,
    /// Further files of the project.
    pub(super) files: &'static [&'static str],
    pub(super) template: &'static str,
    /// The inputs, with blanks between them.
    pub(super) wants: &'static str,
}

/// Shorter rows.
pub(super) const fn way(
    name: &'static str,
    files: &'static [&'static str],
    template: &'static str,
    wants: &'static str,
) -> Way {
    Way { name, files, template, wants }
}

/// A template of one provisioner.
pub(super) fn provisioner(kind: &str, body: &str) -> String {
    format!(
        "source \"null\" \"x\" {{\n  communicator = \"none\"\n}}\nbuild {{\n  name = \"b\"\n  sources = [\"null.x\"]\n  \
         provisioner \"{kind}\" {{\n    {body}\n  }}\n}}\n"
    )
}

/// A template of one source.
pub(super) fn source(kind: &str, body: &str) -> String {
    format!("source \"{kind}\" \"x\" {{\n  {body}\n}}\nbuild {{\n  sources = [\"{kind}.x\"]\n}}\n")
}

/// Checks every row, and shows all that are wrong. Files that always exist beside those of a row must not turn up.
pub(super) fn check(ways: &[Way], template: impl Fn(&Way) -> String) {
    let mut wrong = Vec::new();
    for way in ways {
        let mut files: Vec<(&str, &str)> = vec![
            ("README.md", ""),
            ("LICENSE", ""),
            ("scripts/unused.sh", ""),
            ("images/app/unused.txt", ""),
            ("linux/unused.txt", ""),
            ("artifacts/old.json", ""),
        ];
        files.extend(way.files.iter().map(|file| (*file, "")));
        let project = Project::new(&files);
        let text = template(way);
        let closure = project.closure(&text);
        let found: Vec<String> = closure.paths().iter().map(|path| path.display().to_string()).collect();
        let mut wants: Vec<&str> = way.wants.split_whitespace().collect();
        wants.sort_unstable();
        if found != wants || !closure.problems.missing.is_empty() || !closure.problems.unknown.is_empty() {
            wrong.push(format!("{}: found {found:?}, wanted {wants:?}; {:?}", way.name, closure.problems));
        }
    }
    assert!(wrong.is_empty(), "{} of {} ways:\n{}", wrong.len(), ways.len(), wrong.join("\n"));
}

/// The variables of a builder with these layers over its defaults.
pub(super) fn resolved(builder: &Builder, layers: &[Layer]) -> Resolution {
    let (declared, _) = variables::collect(&builder.documents);
    resolve(&ResolveInput {
        declared: &declared,
        templates: &builder.documents,
        supplied: &BTreeMap::new(),
        user_data: None,
        layers,
        answers: None,
        sets: &[],
        scope: &Scope::closed(),
        injected: &Default::default(),
        elsewhere: &Default::default(),
        strict: false,
    })
}
