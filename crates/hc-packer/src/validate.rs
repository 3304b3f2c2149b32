//! `packer validate`, and what it says about a template: each problem with its place and its class.

use std::path::PathBuf;

use hc_core::Cancel;

use crate::args::{Verb, arguments};
use crate::call::{Call, Checked, Templated, checked};
use crate::classify::{Class, Rules, Verdict};
use crate::diagnostics::{self, Said, Weight};
use crate::error::PackerError;
use crate::probe::Packer;
use crate::process::Ending;

/// A validation that is put together.
pub struct Validate<'a> {
    syntax_only: bool,
    platform: String,
    rules: Option<&'a Rules>,
}

impl Templated for Validate<'_> {}

impl Packer {
    /// Lets packer check a template: a directory or a file, as packer's working directory has it.
    pub fn validate<'a>(&self, template: impl Into<PathBuf>) -> Call<'a, Validate<'a>> {
        Call::new(self, template, Validate { syntax_only: false, platform: String::new(), rules: None })
    }
}

/// What a validation may be given.
impl<'a> Call<'a, Validate<'a>> {
    /// Parses only: no plugin is started, no variable needed.
    pub fn syntax_only(mut self) -> Self {
        self.what.syntax_only = true;
        self
    }

    /// Platform, for the failure rules.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.what.platform = platform.into();
        self
    }

    /// Failure rules; the built-in ones when none are given.
    pub fn rules(mut self, rules: &'a Rules) -> Self {
        self.what.rules = Some(rules);
        self
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// [`PackerError`] when the process cannot be run; a template that packer refuses is an answer, not an error.
    pub fn run(self, cancel: &Cancel) -> Result<Validation, PackerError> {
        let args = arguments(Verb::Validate { syntax_only: self.what.syntax_only }, &self.subject);
        let checked = checked(&self.packer, &self.around.settle()?, args, cancel)?;
        let built_in;
        let rules = match self.what.rules {
            Some(rules) => rules,
            None => {
                built_in = Rules::built_in();
                &built_in
            }
        };
        Ok(judged(checked, rules, &self.what.platform))
    }
}

/// What packer says about a template.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Validation {
    /// The call.
    pub checked: Checked,
    /// What it came to, of all errors together.
    pub verdict: Verdict,
    /// What keeps the template from being built.
    pub errors: Vec<TemplateProblem>,
    /// What does not.
    pub warnings: Vec<TemplateProblem>,
}

impl Validation {
    /// Whether packer would build it.
    pub fn is_valid(&self) -> bool {
        self.verdict.class == Class::Success
    }
}

/// One error or warning about a template.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TemplateProblem {
    /// What it is: `Unsupported argument`.
    pub summary: String,
    /// Why, in packer's words; paragraphs are lines. May be empty.
    pub detail: String,
    /// File as packer names it, relative to its working directory where the template was; absent where packer does not say.
    pub file: Option<PathBuf>,
    /// Line in the file, from 1.
    pub line: Option<u32>,
    /// Class, rule and hint.
    pub verdict: Verdict,
}

fn judged(checked: Checked, rules: &Rules, platform: &str) -> Validation {
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    for said in diagnostics::parse(&checked.output) {
        let list = if said.weight == Weight::Error { &mut errors } else { &mut warnings };
        list.push(problem(said, rules, platform));
    }
    let verdict = match checked.ending {
        Ending::Exited(0) => Verdict::plain(Class::Success, None, None),
        Ending::Cancelled => Verdict::plain(Class::Cancelled, Some("stopped by request".into()), None),
        Ending::TimedOut => Verdict::plain(Class::Transient, Some("packer took too long".into()), None),
        Ending::Exited(_) | Ending::Killed(_) => {
            let lines: Vec<String> = checked.output.lines().map(str::to_owned).collect();
            // The first of the most telling ones: `max_by_key` gives the last.
            let found = errors.iter().rev().map(|problem: &TemplateProblem| &problem.verdict);
            let most = found.max_by_key(|verdict| verdict.class.weight()).cloned();
            most.unwrap_or_else(|| rules.classify(platform, &lines))
        }
    };
    Validation { checked, verdict, errors, warnings }
}

fn problem(said: Said, rules: &Rules, platform: &str) -> TemplateProblem {
    let summary = format!("Error: {}", said.summary);
    let lines: Vec<String> = std::iter::once(summary.clone()).chain(said.details.iter().cloned()).collect();
    let mut verdict = rules.classify(platform, &lines);
    if verdict.rule.is_none() {
        verdict.evidence = Some(summary);
        if said.place.is_some() {
            // Whatever is wrong at a line of a template stays wrong until that is edited.
            verdict.class = Class::Config;
        }
    }
    let (file, line) = said.place.unzip();
    TemplateProblem { summary: said.summary, detail: said.details.join("\n"), file, line, verdict }
}
