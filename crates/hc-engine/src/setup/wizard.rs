//! Questions about what a builder lacks, and a file with the answers that later commands take.
//!
//! A secret is never asked for: only where it comes from, which goes into an overlay.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hc_config::Diagnostic;
use hc_config::variables::VariableDecl;
use hc_core::fs::{create_dirs, read_text, write_atomic};
use hc_core::{BuilderId, EnvName};
use hc_records::layout;
use hc_templates::inventory::TEXT_LIMIT;

use crate::error::{EngineError, Result};
use crate::outcome::wizard::{ReferenceDoc, WizardReport};
use crate::prepare::{INJECTED, Prepared, Values};
use crate::project::Project;
use crate::select::Selection;

/// Who answers.
pub trait Dialogue {
    /// Says something.
    fn say(&mut self, text: &str);
    /// Asks, and reads one line; `None` when there are no more.
    fn ask(&mut self, question: &str) -> Option<String>;
}

/// What the wizard does.
#[derive(Debug, Clone)]
pub struct WizardOptions {
    /// Where the answers go, relative to the working directory.
    pub out: PathBuf,
    /// Answers to begin with: may be the same file.
    pub from: Option<PathBuf>,
    /// Asks for every variable, not only for those without a value.
    pub all: bool,
}

/// Asks for the values of one builder, which is chosen first when several are selected.
///
/// # Errors
/// [`EngineError::WizardEnded`] when the input ends before all is answered, [`EngineError::AnswersExist`] for the answers
/// to something else; nothing is written then.
pub fn wizard(
    project: &Project,
    selection: &Selection,
    env: &EnvName,
    values: Values,
    options: &WizardOptions,
    dialogue: &mut dyn Dialogue,
) -> Result<WizardReport> {
    let out = project.host.typed(&options.out);
    let continues = options.from.as_ref().is_some_and(|from| project.host.typed(from) == out);
    if !continues && std::fs::symlink_metadata(&out).is_ok() {
        return Err(EngineError::AnswersExist { path: options.out.clone() });
    }
    let id = choose(selection, dialogue)?;
    let mut interview =
        Interview { project, selection, id, env, values, references: Vec::new(), left: Vec::new() };
    interview.ask_all(options.all, dialogue)?;
    let (done, diagnostics) = interview.look(&interview.values)?;
    let mut left = std::mem::take(&mut interview.left);
    left.extend(interview.open(diagnostics));
    let answers = answers(&done, &interview.values);
    write(project, &out, &answers, &interview.references)?;
    let Interview { id, references, .. } = interview;
    let (target, asked) = (format!("{id}@{env}"), answers.keys().cloned().collect::<Vec<_>>().join(" "));
    tracing::info!(target, file = %options.out.display(), answers = asked, "answers written");
    let mut common = format!("--env {env} --targets {id}");
    if !answers.is_empty() {
        common.push_str(&format!(" --from {}", options.out.display()));
    }
    Ok(WizardReport {
        builder: id.to_string(),
        env: env.to_string(),
        answers_file: (!answers.is_empty()).then(|| options.out.display().to_string()),
        answers: answers.keys().cloned().collect(),
        references,
        left,
        commands: ["config show", "validate", "build"]
            .iter()
            .map(|verb| format!("hybrid {verb} {common}"))
            .collect(),
    })
}

/// What was asked and answered so far.
struct Interview<'a> {
    project: &'a Project,
    selection: &'a Selection,
    id: BuilderId,
    env: &'a EnvName,
    values: Values,
    references: Vec<ReferenceDoc>,
    left: Vec<String>,
}

impl Interview<'_> {
    /// Goes through the variables of the builder.
    fn ask_all(&mut self, all: bool, dialogue: &mut dyn Dialogue) -> Result<()> {
        let (prepared, _) = self.look(&self.values)?;
        dialogue.say(&format!("{}@{}: an empty line leaves a value as it is", self.id, self.env));
        for variable in prepared.declared.values() {
            let has_value = prepared.resolution.vars.contains_key(&variable.name);
            if INJECTED.contains(&variable.name.as_str()) || (has_value && !all) {
                continue;
            }
            if variable.sensitive {
                self.references.extend(reference(&prepared, variable, has_value, dialogue)?);
            } else if looks_secret(&variable.name) {
                self.left.push(format!(
                    "{}: its name says secret, so it is not asked for; add `sensitive = true` at {}",
                    variable.name, variable.location
                ));
            } else {
                self.value(&prepared, variable, dialogue)?;
            }
        }
        Ok(())
    }

    /// The builder with these values.
    fn look(&self, values: &Values) -> Result<(Prepared, Vec<Diagnostic>)> {
        let builder = self.selection.inventory.get(&self.id);
        let builder = builder.ok_or_else(|| EngineError::Invalid(self.selection.problems()))?;
        Ok(self.project.inspect(self.selection, builder, self.env, values))
    }

    /// Errors that are still there, without those of secrets that have a reference now.
    fn open(&self, diagnostics: Vec<Diagnostic>) -> impl Iterator<Item = String> {
        let named: Vec<String> = self.references.iter().map(|one| format!("`{}`", one.variable)).collect();
        let open = diagnostics.into_iter().filter(move |problem| {
            problem.is_error() && !named.iter().any(|name| problem.message.contains(name))
        });
        open.map(|problem| problem.message)
    }

    /// Asks until the value fits its type and its rules.
    fn value(
        &mut self,
        prepared: &Prepared,
        variable: &VariableDecl,
        dialogue: &mut dyn Dialogue,
    ) -> Result<()> {
        let name = &variable.name;
        if let Some(description) = &variable.description {
            dialogue.say(description);
        }
        let now = prepared.resolution.vars.get(name);
        let shown = now.map(|var| format!(" [{}]", var.value.to_hcl())).unwrap_or_default();
        loop {
            let question = format!("{name} ({}){shown}: ", variable.kind.describe());
            let line = dialogue.ask(&question).ok_or(EngineError::WizardEnded)?;
            let line = line.trim();
            if line.is_empty() {
                if now.is_none() {
                    dialogue.say("it has no value yet, so one is needed");
                    continue;
                }
                return Ok(());
            }
            let mut tried = self.values.clone();
            tried.sets.push((name.clone(), line.to_owned()));
            let (_, diagnostics) = self.look(&tried)?;
            match problem_of(name, &diagnostics) {
                Some(problem) => {
                    let label = problem.label.as_ref().map(|label| format!(": {label}")).unwrap_or_default();
                    dialogue.say(&format!("{}{label}", problem.message));
                }
                None => {
                    self.values = tried;
                    return Ok(());
                }
            }
        }
    }
}

/// What stands against the value of a variable.
fn problem_of<'a>(name: &str, diagnostics: &'a [Diagnostic]) -> Option<&'a Diagnostic> {
    let quoted = format!("`{name}`");
    diagnostics.iter().find(|problem| {
        matches!(problem.code, "WrongType" | "ValidationFailed" | "HclSyntax" | "BadExpression")
            && (problem.message.contains(&quoted) || problem.location.is_none())
    })
}

/// The one that is selected, or the one that is chosen among them.
fn choose(selection: &Selection, dialogue: &mut dyn Dialogue) -> Result<BuilderId> {
    if let [only] = selection.ids.as_slice() {
        return Ok(only.clone());
    }
    for (at, id) in selection.ids.iter().enumerate() {
        dialogue.say(&format!("{:>3}  {id}", at + 1));
    }
    loop {
        let line = dialogue.ask("builder (number or id): ").ok_or(EngineError::WizardEnded)?;
        let line = line.trim();
        let by_number = line.parse::<usize>().ok().and_then(|at| selection.ids.get(at.checked_sub(1)?));
        if let Some(id) = by_number.or_else(|| selection.ids.iter().find(|id| id.to_string() == line)) {
            return Ok(id.clone());
        }
        dialogue.say(&format!("`{line}` is none of them"));
    }
}

/// Asks which environment variable a secret comes from. Its value is never asked for.
fn reference(
    prepared: &Prepared,
    variable: &VariableDecl,
    has_value: bool,
    dialogue: &mut dyn Dialogue,
) -> Result<Option<ReferenceDoc>> {
    if has_value {
        return Ok(None);
    }
    if let Some(description) = &variable.description {
        dialogue.say(description);
    }
    let name = variable.name.to_ascii_uppercase();
    let question =
        format!("{} is a secret; environment variable that will hold it [{name}]: ", variable.name);
    let given = loop {
        let line = dialogue.ask(&question).ok_or(EngineError::WizardEnded)?;
        let line = line.trim().to_owned();
        if line.is_empty() {
            break name;
        }
        let fits = line.bytes().enumerate().all(|(at, b)| {
            b == b'_' || b.is_ascii_uppercase() || b.is_ascii_lowercase() || (at > 0 && b.is_ascii_digit())
        });
        if fits {
            break line;
        }
        // What was typed may be the secret itself: it is not repeated.
        dialogue.say("that is not the name of an environment variable; do not type the secret here");
    };
    let target = &prepared.target;
    Ok(Some(ReferenceDoc {
        variable: variable.name.clone(),
        reference: format!("env(\"{given}\")"),
        overlay: layout::platform_overlay(&target.env, &target.builder),
    }))
}

fn looks_secret(name: &str) -> bool {
    let words: Vec<&str> = name.split('_').collect();
    words.iter().any(|word| ["password", "passwd", "secret", "token", "passphrase"].contains(word))
}

/// Everything that was answered, now or before; nothing that packer hides.
fn answers(prepared: &Prepared, values: &Values) -> BTreeMap<String, serde_json::Value> {
    let before = values.answers.iter().flat_map(|answers| answers.keys());
    let now = values.sets.iter().map(|(name, _)| name);
    before
        .chain(now)
        .filter(|name| !looks_secret(name))
        .filter_map(|name| {
            let var = prepared.resolution.vars.get(name).filter(|var| !var.sensitive)?;
            Some((name.clone(), var.value.to_json()?))
        })
        .collect()
}

fn write(
    project: &Project,
    out: &Path,
    answers: &BTreeMap<String, serde_json::Value>,
    references: &[ReferenceDoc],
) -> Result<()> {
    let mut text = serde_json::to_string_pretty(answers).unwrap_or_default();
    text.push('\n');
    let mut overlays: BTreeMap<PathBuf, String> = BTreeMap::new();
    for one in references {
        let path = project.at(&one.overlay);
        let text = match overlays.remove(&path) {
            Some(text) => text,
            None => read_text(&path, TEXT_LIMIT)?.unwrap_or_default(),
        };
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let comment = "# Fetched when packer starts, and never rendered.\n";
        overlays.insert(
            path,
            format!("{text}{gap}\n{comment}{} = {}\n", one.variable, one.reference).trim_start().to_owned(),
        );
    }
    if !answers.is_empty() {
        write_atomic(out, text.as_bytes(), 0o600)?;
    }
    for (path, text) in overlays {
        if let Some(parent) = path.parent() {
            create_dirs(parent)?;
        }
        write_atomic(&path, text.as_bytes(), 0o644)?;
    }
    Ok(())
}
