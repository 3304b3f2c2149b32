//! The image factory as a library: everything that makes an image dependable, without a command line.
//!
//! A target goes one way, and each stage is a module that imports only earlier ones:
//! [`project`] → [`event`] → [`select`] → [`prepare`] → [`inputs`] → [`gate`] → [`plan`] → [`stage`] → [`record`] →
//! [`run`] → [`upkeep`] → [`setup`]. Below them all lie [`error`] and [`outcome`].
//!
//! It never prints, never reads the process environment (the caller gives a [`Host`]), never picks an exit code
//! (errors and outcomes have an [`hc_core::ExitClass`]). What happens is told as [`Event`]s through one callback.
//!
//! ```no_run
//! use hc_engine::{BuildOptions, Host, Project, ProjectOptions, Selector, Trust, Values};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut host = Host::new("/srv/images", [("PATH", "/usr/bin:/bin")]);
//! host.trust = Trust::Given;
//! let project = Project::open("/srv/images".as_ref(), host, ProjectOptions::default())?;
//! let (selection, env) = (project.select(&Selector::parse("linux.file.motd")?)?, project.env(Some("dev"))?);
//! project.validate(&selection, &env, &Values::default(), &mut |_event| {})?;
//! let plan = project.plan(&selection, &env, &Values::default())?;
//! let (report, _warnings) = project.build(plan, &BuildOptions::default(), &mut |event| println!("{event:?}"))?;
//! println!("{} built", report.builds.len());
//! # Ok(()) }
//! ```

pub mod error;
pub mod event;
pub mod gate;
pub mod inputs;
pub mod outcome;
pub mod plan;
pub mod prepare;
pub mod project;
pub mod record;
pub mod run;
pub mod select;
pub mod setup;
pub mod stage;
pub mod upkeep;

pub use error::EngineError;
pub use event::Event;
pub use hc_core::{Cancel, EnvName, ExitClass, Selector};
pub use hc_packer::Platform;
pub use plan::Plan;
pub use prepare::Values;
pub use project::{Host, Project, ProjectOptions, Trust};
pub use run::build::BuildOptions;
pub use run::suite::SuiteOptions;
pub use select::Selection;
