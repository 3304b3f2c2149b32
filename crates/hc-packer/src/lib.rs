//! Runs HashiCorp Packer and says what happened.
//!
//! Packer exits with 1 for nearly everything, goes on when its parent is gone, and prints what it was given. This crate
//! finds it, calls it with an environment that is known, reads its stream, tells what happens as [`Event`]s, ends it with
//! everything that it started, hides secrets, and says what a failure means: whether trying again can help, and which
//! [rule](classify) says so. Packer 1.6.6 and everything newer.
//!
//! ```
//! use std::time::Duration;
//!
//! use hc_packer::{Cancel, Event, Packer, Retry};
//!
//! # let dir = tempfile::tempdir()?;
//! # let script = "echo '1,,ui,say,==> file.motd: Writing'; echo \"1,,ui,say,Build 'file.motd' finished after 1 ms.\"
//! #     echo '1,file.motd,artifact,0,file,0,motd.txt'; echo '1,file.motd,artifact,0,end'; echo \"$PKR_VAR_token\"";
//! # let _fake = hc_test_support::FakePacker::new(&dir.path().join("bin"), "1.16.0", script)?;
//! # let (path, work, token) = (dir.path().join("bin"), dir.path().join("work"), "hunter2hunter2");
//! // The caller gives what it knows: where to look, its environment, how long to wait.
//! let packer = Packer::locate("packer").path(path).timeout(Duration::from_secs(10)).find()?;
//! let cancel = Cancel::new(); // for a signal handler: once asks packer to clean up, twice kills it
//!
//! let built = packer
//!     .build("tpl/")
//!     .env([("PATH".into(), "/usr/bin:/bin".into())])
//!     .var("motd", "welcome")
//!     .secret("token", token)
//!     .work(work)
//!     .timeout(Duration::from_secs(3600))
//!     .retry(Retry::transient(2))
//!     .on_event(|event| {
//!         if let Event::Line { source, text, .. } = event {
//!             println!("{source}: {text}");
//!         }
//!     })
//!     .run(&cancel)?;
//!
//! if !built.succeeded() {
//!     let result = &built.result;
//!     eprintln!("{}: {:?}, see {:?}", result.classification, result.evidence, result.log_path);
//! }
//! # assert_eq!(built.result.artifacts, ["motd.txt"]);
//! # assert_eq!(built.result.stdout, "==> file.motd: Writing\nBuild 'file.motd' finished after 1 ms.\n***\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it promises
//!
//! - It never prints and never reads the process's environment: search path, environment, proxy and clock are the
//!   caller's. The one default that looks around is [`Clock::system`].
//! - Secrets of a call reach packer by its environment, and are hidden in every event, log and result.
//! - Packer, its plugins and scripts are one process group, which ends with the call: when it is done, on request, after
//!   its time, and when the caller's own code panics. A lock file that packer [holds](call::Call::hold) tells of those
//!   that outlive a killed caller.
//! - Memory stays bounded whatever packer says.
//!
//! # Features
//!
//! None is on by default. `iso`: downloads of installation media by checksum. `plugins`: installed plugins, their lock,
//! releases in archives. `schema`: JSON Schemas of results.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod answer;
mod args;
mod around;
mod artifact;
mod attempt;
pub mod build;
pub mod building;
pub mod call;
pub mod checksum;
pub mod classify;
pub mod clock;
mod diagnostics;
pub mod environment;
pub mod error;
pub mod event;
mod group;
mod handed;
mod hear;
pub mod images;
#[cfg(feature = "iso")]
pub mod iso;
pub mod lines;
pub mod machine;
pub mod manifest;
pub mod orphans;
mod own_log;
pub mod platform;
#[cfg(feature = "plugins")]
pub mod plugins;
pub mod probe;
pub mod process;
pub mod redact;
#[cfg(feature = "plugins")]
pub mod release;
mod remember;
pub mod result;
pub mod retry;
mod stamp;
mod story;
pub mod temp;
pub mod validate;

pub use build::Built;
pub use building::Building;
pub use call::Checked;
pub use classify::{Class, RuleSpec, Rules};
pub use clock::Clock;
pub use error::PackerError;
pub use event::Event;
#[cfg(feature = "plugins")]
pub use hc_core::Constraints;
pub use hc_core::fs::FsError;
#[cfg(feature = "iso")]
pub use hc_core::lock::Holder;
pub use hc_core::{Cancel, ExitClass, SecretString, Version};
pub use platform::Platform;
pub use probe::Packer;
pub use redact::Redact;
pub use result::{EndingKind, PackerResult};
pub use retry::Retry;
pub use story::FailureLines;
pub use validate::Validation;
