//! What operations answer: typed values that serialize to the documents of `schemas/`. Reports give them a form for people.

pub mod adopt;
pub mod artifacts;
pub mod build;
pub mod bundle;
pub mod cache;
pub mod clean;
pub mod config;
pub mod doctor;
pub mod gate;
pub mod init;
pub mod logs;
pub mod orphans;
pub mod packer;
pub mod plan;
pub mod plugins;
pub mod provisioners;
pub mod publish;
pub mod scan;
pub mod sources;
pub mod state;
pub mod suite;
pub mod templates;
pub mod trust;
pub mod upgrade;
pub mod validate;
pub mod wizard;
