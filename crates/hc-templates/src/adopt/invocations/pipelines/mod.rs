//! Commands in the pipelines of hosts of repositories: GitHub, GitLab, Bitbucket, Travis and their like, Jenkins, and
//! scripts of PowerShell as far as they read like a shell's.

mod step;
mod texts;
mod yaml;

use std::collections::BTreeMap;

use self::step::Step;
use self::yaml::Yaml;
use super::world::{ROOT, Why, World, join};

/// Most steps of one file, with those of a matrix.
const STEPS: usize = 2000;
/// Most combinations of one matrix.
const COMBINATIONS: usize = 100;
/// Most ancestors of one job.
const ANCESTORS: usize = 10;
/// Keys whose values are commands.
const COMMANDS: [&str; 9] = [
    "run",
    "script",
    "before_script",
    "after_script",
    "command",
    "bash",
    "install",
    "before_install",
    "after_success",
];
/// Keys that are no names of jobs.
const STRUCTURE: [&str; 12] = [
    "jobs",
    "on",
    "steps",
    "step",
    "pipelines",
    "default",
    "parallel",
    "stage",
    "stages",
    "runs",
    "custom",
    "with",
];
/// Keys of GitLab's files that are no jobs.
const NO_JOBS: [&str; 8] =
    ["variables", "default", "stages", "include", "workflow", "image", "services", "cache"];

/// Whether a path is that of a pipeline or of a script that is not a shell's.
pub(super) fn is_one(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    let known =
        [".gitlab-ci.yml", ".travis.yml", "bitbucket-pipelines.yml", "azure-pipelines.yml", ".cirrus.yml"];
    (path.starts_with(".github/") || path.starts_with(".circleci/") || path.starts_with(".gitlab/")) && yaml
        || known.contains(&name)
        || name == "Jenkinsfile"
        || name.ends_with(".ps1")
}

/// The steps of a file.
pub(super) fn steps(world: &World, path: &str, text: &str) -> Vec<Step> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name == "Jenkinsfile" {
        return texts::jenkins(text);
    }
    if name.ends_with(".ps1") {
        return texts::powershell(text);
    }
    let Some(tree) = yaml::read(text) else { return Vec::new() };
    let mut pipeline = Pipeline { world, steps: Vec::new() };
    let around = Around::default();
    if name == ".gitlab-ci.yml" || path.starts_with(".gitlab/") {
        pipeline.gitlab(&tree);
    } else {
        pipeline.node(&tree, &around, 0);
    }
    pipeline.steps
}

/// What holds for the commands inside of a mapping.
#[derive(Clone, Default)]
struct Around {
    name: Option<String>,
    dir: String,
    values: BTreeMap<String, String>,
    /// Values of `matrix.NAME`.
    matrix: BTreeMap<String, String>,
}

struct Pipeline<'w> {
    world: &'w World,
    steps: Vec<Step>,
}

impl Pipeline<'_> {
    fn node(&mut self, node: &Yaml, around: &Around, depth: usize) {
        match node {
            Yaml::List(items) => {
                for item in items {
                    self.node(item, around, depth + 1);
                }
            }
            Yaml::Map(entries) => {
                for mut around in self.combinations(node, around) {
                    self.enter(node, &mut around);
                    for (key, value) in entries {
                        if COMMANDS.contains(&key.as_str()) && !matches!(value, Yaml::Map(_)) {
                            self.commands(value, &around);
                        }
                        // `run: {command: …}` of CircleCI, and jobs below their names.
                        let mut below = around.clone();
                        if matches!(value, Yaml::Map(_)) && !STRUCTURE.contains(&key.as_str()) {
                            below.name = below.name.or_else(|| (depth > 0).then(|| key.clone()));
                        }
                        if !matches!(value, Yaml::Text { .. })
                            && !["env", "variables", "strategy"].contains(&key.as_str())
                        {
                            self.node(value, &below, depth + 1);
                        }
                    }
                }
            }
            Yaml::Text { .. } => {}
        }
    }

    /// Variables and directories that a mapping sets for what is inside.
    fn enter(&self, node: &Yaml, around: &mut Around) {
        for key in ["variables", "env", "environment"] {
            for (name, value) in node.get(key).map(Yaml::entries).unwrap_or_default() {
                // GitLab writes `value:` below a name, too.
                let text = value.text().or_else(|| value.get("value").and_then(Yaml::text));
                if let Some(text) = text {
                    let text = self.expressions(text, around);
                    let text = expanded(&text, &around.values);
                    around.values.insert(name.clone(), text);
                }
            }
        }
        let default = node.get("defaults").and_then(|defaults| defaults.get("run"));
        for holder in [default, Some(node)].into_iter().flatten() {
            for key in ["working-directory", "working_directory", "workingDirectory"] {
                if let Some(dir) = holder.get(key).and_then(Yaml::text) {
                    let dir = self.expressions(dir, around);
                    around.dir =
                        join("", &dir).unwrap_or_else(|| self.world.unknown("its directory is not known"));
                }
            }
        }
    }

    /// One surrounding for each combination of a matrix whose values stand in the file.
    fn combinations(&self, node: &Yaml, around: &Around) -> Vec<Around> {
        let mut all = vec![around.clone()];
        let Some(matrix) = node.get("strategy").and_then(|strategy| strategy.get("matrix")) else {
            return all;
        };
        for (name, values) in matrix.entries() {
            let Yaml::List(values) = values else { continue };
            if name == "include" || name == "exclude" || values.iter().any(|value| value.text().is_none()) {
                continue;
            }
            let mut next = Vec::new();
            for around in &all {
                for value in values.iter().filter_map(Yaml::text) {
                    let mut around = around.clone();
                    around.matrix.insert(name.clone(), value.to_owned());
                    next.push(around);
                }
            }
            next.truncate(COMBINATIONS);
            all = next;
        }
        if let Some(Yaml::List(included)) = matrix.get("include") {
            // Without lists each entry is a combination of its own.
            let alone = all.len() == 1;
            let more =
                included.iter().filter(|one| !one.entries().is_empty()).take(COMBINATIONS).map(|one| {
                    let mut around = around.clone();
                    for (name, value) in one.entries() {
                        if let Some(text) = value.text() {
                            around.matrix.insert(name.clone(), text.to_owned());
                        }
                    }
                    around
                });
            let more: Vec<Around> = more.collect();
            all = if alone && !more.is_empty() { more } else { all.into_iter().chain(more).collect() };
        }
        all
    }

    /// GitHub's `${{ … }}`.
    fn expressions(&self, text: &str, around: &Around) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${{") {
            let Some(end) = rest[at..].find("}}").map(|end| at + end) else { break };
            let name = rest[at + 3..end].trim();
            out.push_str(&rest[..at]);
            let value = match name.split_once('.') {
                Some(("matrix", name)) => around.matrix.get(name).cloned(),
                Some(("env", name)) => around.values.get(name).cloned(),
                Some(("github", "workspace")) => Some(ROOT.to_owned()),
                _ => None,
            };
            match value {
                Some(value) => out.push_str(&value),
                None => out.push(self.world.mark(Why::Given(name.to_owned()))),
            }
            rest = &rest[end + 2..];
        }
        out.push_str(rest);
        out
    }

    /// The commands of one key: one shell for all, their lines where they stand.
    fn commands(&mut self, value: &Yaml, around: &Around) {
        let mut texts: Vec<(&str, usize)> = Vec::new();
        let mut open = vec![value];
        while let Some(node) = open.pop() {
            match node {
                Yaml::Text { text, line } => texts.push((text, *line)),
                Yaml::List(items) => open.extend(items.iter().rev()),
                Yaml::Map(_) => {}
            }
        }
        let Some((_, first)) = texts.first().copied() else { return };
        if self.steps.len() >= STEPS
            || !texts.iter().any(|(text, _)| text.contains("packer") || text.contains("make"))
        {
            return;
        }
        let mut whole = String::new();
        let mut lines = 0;
        for (text, line) in texts {
            while first + lines < line {
                whole.push('\n');
                lines += 1;
            }
            let text = self.expressions(text.trim_end_matches('\n'), around);
            whole.push_str(&text);
            whole.push('\n');
            lines += text.matches('\n').count() + 1;
        }
        let name = around
            .name
            .clone()
            .map(|name| around.matrix.values().fold(name, |name, value| format!("{name}-{value}")));
        let environment = around.values.clone();
        self.steps.push(Step { name, text: whole, line: first, dir: around.dir.clone(), environment });
    }

    /// Jobs that extend each other; those that begin with a dot are not run.
    fn gitlab(&mut self, tree: &Yaml) {
        let mut around = Around::default();
        around.values.insert("CI_PROJECT_DIR".into(), ROOT.into());
        self.enter(tree, &mut around);
        for (name, job) in tree.entries() {
            if name.starts_with('.') || NO_JOBS.contains(&name.as_str()) || job.entries().is_empty() {
                continue;
            }
            let mut around = around.clone();
            around.name = Some(name.clone());
            let mut chain = vec![job];
            let mut at = 0;
            while at < chain.len() && chain.len() < ANCESTORS {
                let parents: Vec<&str> = match chain[at].get("extends") {
                    Some(Yaml::Text { text, .. }) => vec![text],
                    Some(Yaml::List(items)) => items.iter().rev().filter_map(Yaml::text).collect(),
                    _ => Vec::new(),
                };
                chain.extend(parents.into_iter().filter_map(|parent| tree.get(parent)));
                at += 1;
            }
            for ancestor in chain.iter().rev() {
                self.enter(ancestor, &mut around);
            }
            for key in ["before_script", "script", "after_script"] {
                let own = chain.iter().find_map(|ancestor| ancestor.get(key));
                let default =
                    || tree.get("default").and_then(|default| default.get(key)).or_else(|| tree.get(key));
                if let Some(value) = own.or_else(default) {
                    self.commands(value, &around);
                }
            }
        }
    }
}

/// A value in which `$NAME` and `${NAME}` of other values are put in.
fn expanded(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let braced = after.starts_with('{');
        let name = &after[usize::from(braced)..];
        let end = name
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
            .unwrap_or(name.len());
        let used = usize::from(braced) + end + usize::from(braced && name[end..].starts_with('}'));
        match values.get(&name[..end]).filter(|value| out.len() + value.len() < 1 << 16) {
            Some(value) => out.push_str(value),
            None => out.push_str(&rest[at..at + 1 + used]),
        }
        rest = &after[used..];
    }
    out.push_str(rest);
    out
}
