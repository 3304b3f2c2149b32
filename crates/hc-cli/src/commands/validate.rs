//! `hybrid validate`.

use clap::Args;
use hc_config::Diagnostic;
use hc_core::EnvName;
use hc_engine::Values;
use hc_engine::outcome::validate::ValidateReport;

use crate::args::{TargetArgs, VarArgs};
use crate::command_error::Result;
use crate::report::Outcome;
use crate::report::checks::Findings;
use crate::report::checks_file::{self, ChecksFile};
use crate::session::Session;

/// Check templates, variables and inputs, and record them as trusted
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid validate --env dev\n  hybrid validate --targets linux --env prod --strict\n  hybrid validate --report sarif=hybrid.sarif --report junit=hybrid.xml"
)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    vars: VarArgs,
    /// Let packer see nothing of the repository but the known inputs
    #[arg(long)]
    hermetic: bool,
    /// Also write what was found for other programs: junit=FILE or sarif=FILE; may be repeated
    #[arg(long, value_name = "FORMAT=FILE")]
    report: Vec<String>,
}

impl ValidateArgs {
    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let mut values = session.values(&self.vars)?;
        values.hermetic |= self.hermetic;
        let env = session.env(&self.targets)?;
        let wanted: Vec<ChecksFile> =
            self.report.iter().map(|word| ChecksFile::parse(word)).collect::<Result<_>>()?;
        let result = self.validate(session, &env, &values);
        let (targets, diagnostics) = match &result {
            Ok((report, diagnostics)) => (report.targets.as_slice(), diagnostics),
            Err(error) => (&[][..], &error.diagnostics),
        };
        let findings = Findings { env: env.as_str(), targets, diagnostics, pages: &[] };
        checks_file::write(&session.project.host, &wanted, &findings)?;
        session.answer_with(result?)
    }

    fn validate(
        &self,
        session: &Session,
        env: &EnvName,
        values: &Values,
    ) -> Result<(ValidateReport, Vec<Diagnostic>)> {
        let selection = session.select(&self.targets.selector())?;
        let mut console = session.console();
        Ok(session.project.validate(&selection, env, values, &mut |event| console.event(&event))?)
    }
}
