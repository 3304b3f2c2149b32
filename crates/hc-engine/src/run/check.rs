//! `packer validate` over targets that share a directory and its values: one process for as many as it accepts together.
//!
//! What packer says of several is never laid on one of them: a set that is refused is split until each refusal has its
//! target.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use hc_config::Dialect;
use hc_core::SecretString;
use hc_packer::call::{Call, Checked};
use hc_packer::classify::Class;
use hc_packer::validate::{Validate, Validation};
use hc_packer::{Packer, Rules};
use hc_records::layout;

use super::lacking::{self, Lack};
use crate::error::{EngineError, Result};
use crate::outcome::validate::Depth;
use crate::prepare::{Prepared, secrets};
use crate::project::packer::{Dirs, Scene};
use crate::project::reach::Reach;
use crate::project::redaction::Redaction;
use crate::project::{Project, packer};
use crate::stage::place::{self, Given, Place};
use crate::stage::ssh_key::{self, SshKey};

/// Most targets of one process: more would leave cores idle.
const MOST: usize = 64;
/// How packer says that `-only` names something that the template does not build.
const UNMATCHED: &str = "not all matches were found for the given build";

/// Which of the targets packer can look at in one process, by their numbers: those that differ in nothing but the source that
/// they stand for.
pub(super) fn sets(prepared: &[Prepared]) -> Vec<Vec<usize>> {
    let mut sets: Vec<Vec<usize>> = Vec::new();
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for (number, one) in prepared.iter().enumerate() {
        let Some(key) = key(one) else {
            sets.push(vec![number]);
            continue;
        };
        match open.get(&key).filter(|at| sets[**at].len() < MOST) {
            Some(at) => sets[*at].push(number),
            None => {
                open.insert(key, sets.len());
                sets.push(vec![number]);
            }
        }
    }
    sets
}

/// What targets of one process have in common; `None` for one that needs its own.
fn key(one: &Prepared) -> Option<String> {
    let builder = &one.builder;
    if !builder.adopted || builder.only.is_none() || one.hermetic {
        return None;
    }
    // The first two lines name the target.
    let values = one.rendered.splitn(3, '\n').nth(2).unwrap_or_default();
    let user_data = one.user_data.merged.as_ref().map(|(_, text)| text);
    let place = (&builder.dir, &builder.file, &builder.workdir, &builder.var_files, &builder.except);
    Some(format!("{place:?} {user_data:?} {values}"))
}

/// The targets of a set as one that has all their inputs.
pub(super) fn together(members: &[&Prepared]) -> Prepared {
    let mut whole = members[0].clone();
    for other in &members[1..] {
        let closure = &mut whole.closure;
        closure.files.extend(other.closure.files.iter().cloned());
        closure.trees.extend(other.closure.trees.iter().cloned());
        closure.contents.extend(other.closure.contents.iter().cloned());
        closure.links.extend(other.closure.links.iter().cloned());
        closure.outputs.extend(other.closure.outputs.iter().cloned());
    }
    let closure = &mut whole.closure;
    closure.files.sort_by(|(one, _), (other, _)| one.as_os_str().cmp(other.as_os_str()));
    closure.files.dedup_by(|(one, _), (other, _)| one == other);
    closure.trees.sort_by(|one, other| one.name.cmp(&other.name));
    closure.trees.dedup_by(|one, other| one.name == other.name);
    closure.contents.sort_by(|(one, _), (other, _)| one.as_os_str().cmp(other.as_os_str()));
    closure.contents.dedup_by(|(one, _), (other, _)| one == other);
    closure.links.sort();
    closure.links.dedup();
    closure.outputs.sort();
    closure.outputs.dedup();
    whole
}

/// What packer said of one target.
#[derive(Debug, Clone)]
pub(super) struct Looked {
    /// The answer.
    pub(super) validation: Validation,
    /// How it looked.
    pub(super) depth: Depth,
    /// Why it did not look in full.
    pub(super) note: Option<String>,
}

/// Packer in the stage of a set.
pub(super) struct Looker<'a> {
    project: &'a Project,
    packer: &'a Packer,
    rules: &'a Rules,
    whole: &'a Prepared,
    place: &'a Place,
    key: Option<SshKey>,
    dirs: Dirs,
    secrets: Vec<(String, SecretString)>,
    /// What packer says of the syntax of the directory.
    syntax: OnceCell<Validation>,
}

impl<'a> Looker<'a> {
    /// For the stage at `place`, which was made for `whole`.
    ///
    /// # Errors
    /// When a key cannot be made.
    pub(super) fn new(
        project: &'a Project,
        packer: &'a Packer,
        rules: &'a Rules,
        whole: &'a Prepared,
        place: &'a Place,
    ) -> Result<Self> {
        let key = ssh_key::make(project, whole, &place.work)?;
        let (dirs, secrets) = (Dirs::of(project), secrets::placeholders(whole));
        Ok(Self { project, packer, rules, whole, place, key, dirs, secrets, syntax: OnceCell::new() })
    }

    /// Lets packer look at the members of the set, in their order.
    ///
    /// # Errors
    /// When packer cannot be run, or was stopped.
    pub(super) fn look(&self, members: &[&Prepared]) -> Result<Vec<Looked>> {
        let full = self.answered(self.call(members)?.run(&self.project.host.cancel)?)?;
        if full.is_valid() && !(full.checked.output.contains(UNMATCHED) && members.len() > 1) {
            return Ok(vec![self.in_full(full); members.len()]);
        }
        if let Some(lack) = lacking::of(&full.checked.output) {
            return self.without(full, &lack, members);
        }
        if let [_] = members {
            return Ok(vec![self.in_full(full)]);
        }
        let (some, others) = members.split_at(members.len() / 2);
        Ok([self.look(some)?, self.look(others)?].concat())
    }

    fn in_full(&self, mut validation: Validation) -> Looked {
        if validation.is_valid() && validation.checked.output.contains(UNMATCHED) {
            // Packer looked at nothing.
            validation.verdict.class = Class::Config;
        }
        Looked { validation, depth: Depth::Full, note: None }
    }

    /// Looks at the syntax alone, where nothing else is wrong than that packer lacks a plugin.
    fn without(&self, full: Validation, lack: &Lack, members: &[&Prepared]) -> Result<Vec<Looked>> {
        let kinds: BTreeSet<&str> = members.iter().filter_map(|one| kind(one)).collect();
        if let (Lack::Type { .. }, 2..) = (lack, kinds.len()) {
            // Another source type may need no plugin.
            return self.by_kind(members, &kinds);
        }
        if let Some(advice) = lack.is_mistaken(self.packer, &self.whole.builder) {
            let mut refused = full;
            refused.checked.output.push_str(&format!("\n{advice}\n"));
            refused.verdict.class = Class::Config;
            let looked = Looked { validation: refused, depth: Depth::Full, note: None };
            return Ok(vec![looked; members.len()]);
        }
        let syntax = match self.syntax.get() {
            Some(known) => known.clone(),
            None => {
                let call = self.call(&[self.whole])?.syntax_only();
                let said = self.answered(call.run(&self.project.host.cancel)?)?;
                self.syntax.get_or_init(|| said).clone()
            }
        };
        let note = lack.note(self.packer, &self.whole.builder);
        let looked = Looked { validation: syntax, depth: Depth::SyntaxOnly, note: Some(note) };
        Ok(vec![looked; members.len()])
    }

    fn by_kind(&self, members: &[&Prepared], kinds: &BTreeSet<&str>) -> Result<Vec<Looked>> {
        let mut found: BTreeMap<String, Looked> = BTreeMap::new();
        for wanted in kinds {
            let some: Vec<&Prepared> =
                members.iter().filter(|one| kind(one) == Some(*wanted)).copied().collect();
            let names = some.iter().map(|one| one.target.builder.to_string());
            found.extend(names.zip(self.look(&some)?));
        }
        let looked = members.iter().filter_map(|one| found.remove(&one.target.builder.to_string()));
        Ok(looked.collect())
    }

    fn call(&self, members: &[&Prepared]) -> Result<Call<'_, Validate<'_>>> {
        let (project, whole, place) = (self.project, self.whole, self.place);
        let given = Given { key: self.key.as_ref(), ..Given::default() };
        // Nothing is written there; a template may look at the path.
        let output_dir = project.at(layout::IMAGES).join("validate");
        let vars = place::injected(project, whole, place, "validate", &output_dir, &given);
        let only = members.iter().filter_map(|one| one.builder.only.clone());
        let call = self.packer.validate(&place.packer_dir).platform(whole.target.builder.platform());
        let call = place.with_only(call.rules(self.rules), whole, &vars, only);
        // What stands for a secret is not one, and must not be hidden as if it were.
        let call = self.secrets.iter().fold(call, |call, (name, value)| match whole.builder.dialect() {
            Dialect::Legacy => call.var(whole.builder.packer_name(name), value.expose()),
            Dialect::Hcl | Dialect::HclJson => call.set(format!("PKR_VAR_{name}"), value.expose()),
        });
        let reach = members.iter().map(|one| one.reach()).fold(Reach::common(), Reach::and);
        let (env, dirs) = (&whole.target.env, &self.dirs);
        let scene = Scene { env, cwd: &place.cwd, work: &place.work, dirs, reach };
        Ok(packer::around(call, project, &scene)?.redact(Redaction::new(&project.redactor)))
    }

    /// The answer of a packer that came to its end.
    fn answered(&self, validation: Validation) -> Result<Validation> {
        let Checked { command, .. } = &validation.checked;
        match (validation.checked.code(), self.project.host.cancel.requests()) {
            (Some(_), _) => Ok(validation),
            (None, 0) => Err(EngineError::PackerHung {
                timeout: self.project.settings.packer.timeout,
                command: command.clone(),
            }),
            (None, _) => Err(EngineError::Interrupted),
        }
    }
}

/// The type of the source that a builder stands for: the part before the last of `build.type.name`.
fn kind<'a>(one: &&'a Prepared) -> Option<&'a str> {
    let only = one.builder.only.as_deref()?;
    match one.builder.dialect() {
        // A name may have dots in it.
        Dialect::Legacy => only.split('.').next(),
        Dialect::Hcl | Dialect::HclJson => only.rsplit('.').nth(1),
    }
}
