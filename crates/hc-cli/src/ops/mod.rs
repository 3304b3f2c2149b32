//! What commands do, as functions from options to reports. Never sees clap.
//!
//! The way of a target: [`select`] → [`prepare`] (resolve, assets) → [`inputs`] → [`trust`] (gate) →
//! [`build`] (run, record).

pub mod adopt;
pub mod artifacts;
pub mod build;
pub mod bundle;
pub mod checks;
pub mod clean;
pub mod cloudinit;
pub mod config;
pub mod doctor;
pub mod evidence;
pub mod explain;
pub mod fmt;
pub mod git;
pub mod init;
pub mod inputs;
pub mod install;
pub mod iso;
pub mod journal;
pub mod linters;
pub mod logs;
pub mod objects;
pub mod orphans;
pub mod packages;
pub mod packer;
pub mod packer_commands;
pub mod parent;
pub mod plan;
pub mod plugins;
pub mod prepare;
pub mod provisioners;
pub mod publish;
pub mod record;
pub mod scaffold;
pub mod scan;
pub mod schema;
pub mod secrets;
pub mod select;
pub mod sources;
pub mod ssh_key;
pub mod state;
pub mod state_commands;
pub mod status;
pub mod suite;
pub mod templates;
pub mod tools;
pub mod trust;
pub mod upgrade;
pub mod validate;
pub mod wizard;
