//! One invocation on one project: the opened project, and how the caller wants to be answered.

use hc_config::Diagnostic;
use hc_core::{EnvName, RunId, Selector};
use hc_engine::project::{self, Locks, StatCacheUse};
use hc_engine::{Project, ProjectOptions, Selection, Values, prepare};

use crate::args::{Format, GlobalArgs, TargetArgs, VarArgs};
use crate::command_error::Result;
use crate::console::Console;
use crate::environment::{Environment, Terminal};
use crate::report::{Outcome, Report, Style};
use crate::trust;

/// An opened project and the caller's wishes.
#[derive(Debug)]
pub(crate) struct Session {
    /// The project.
    pub(crate) project: Project,
    /// What text for people is written to.
    pub(crate) terminal: Terminal,
    /// How that text may look.
    pub(crate) style: Style,
    /// The form of the answer.
    pub(crate) format: Format,
    /// `-v` minus `-q`.
    pub(crate) verbosity: i8,
}

impl Session {
    /// Finds and opens the project.
    ///
    /// # Errors
    /// `NotAProject` with the cure, or the diagnostics of hybrid.toml.
    pub(crate) fn open(globals: &GlobalArgs, environment: Environment, run_id: RunId) -> Result<Self> {
        let style = Style::decide(globals.color, &environment);
        let Environment { mut host, terminal, .. } = environment;
        let root = project::find_root(globals.project.as_deref(), &host.cwd)?;
        host.trust = trust::of(globals, &host, &terminal, &root);
        let options = ProjectOptions {
            lock_timeout: globals.lock_timeout.map(|timeout| timeout.get()),
            locks: if globals.unsafe_no_lock { Locks::Waived } else { Locks::Required },
            stat_cache: if globals.no_stat_cache { StatCacheUse::Off } else { StatCacheUse::On },
            run_id: Some(run_id),
        };
        let verbosity =
            i8::try_from(globals.verbose).unwrap_or(i8::MAX) - i8::try_from(globals.quiet).unwrap_or(0);
        let project = Project::open(&root, host, options)?;
        Ok(Self { project, terminal, style, format: globals.format, verbosity })
    }

    /// The builders that a word of `--targets` names.
    ///
    /// # Errors
    /// `BadSelector`, and what selecting says.
    pub(crate) fn select(&self, targets: &str) -> Result<Selection> {
        Ok(self.project.select(&Selector::parse(targets)?)?)
    }

    /// The environment that is asked for, or the project's own.
    ///
    /// # Errors
    /// `UnknownEnvironment`.
    pub(crate) fn env(&self, targets: &TargetArgs) -> Result<EnvName> {
        Ok(self.project.env(targets.env.as_deref())?)
    }

    /// The values that are given beyond the files.
    ///
    /// # Errors
    /// `BadCloudinit`, `BadAnswers`, and `Usage` for a `--set` without a value.
    pub(crate) fn values(&self, vars: &VarArgs) -> Result<Values> {
        let cloudinit = prepare::cloudinit::given(&self.project, &vars.cloudinit)?;
        let values = Values::read(&self.project, vars.from.as_deref(), &vars.set, vars.strict)?;
        Ok(Values { cloudinit, ..values })
    }

    /// What shows the events of an operation.
    pub(crate) fn console(&self) -> Console {
        let names = self.project.settings.sources.iter().map(|source| source.name.as_str());
        Console::new(&self.style, self.verbosity, self.terminal.stderr, names)
            .redacted(&self.project.redactor)
    }

    /// An answer.
    pub(crate) fn answer<R: Report>(&self, report: &R) -> Result<Outcome> {
        Ok(Outcome::new(report, &self.style))
    }

    /// An answer with what was found on the way.
    pub(crate) fn answer_with<R: Report>(
        &self,
        (report, diagnostics): (R, Vec<Diagnostic>),
    ) -> Result<Outcome> {
        Ok(Outcome::new(&report, &self.style).with_diagnostics(diagnostics))
    }
}
