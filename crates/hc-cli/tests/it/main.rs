//! Sessions of a user: given files, run `hybrid …`, see output, exit code and files.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and hands PATH on"
)]

mod adopt;
mod asked;
mod bad_input;
mod build_flow;
mod cache;
mod canary;
mod chain;
mod clean;
mod clean_history;
mod cloudinit;
mod codes;
mod crashes;
mod docs;
mod doctor;
mod documents;
mod endings;
mod environment;
mod evidence;
mod first_contact;
mod foreign;
mod format_1;
mod formats;
mod hostile;
mod images;
mod init;
mod interrupts;
mod json_templates;
mod kept;
mod known_early;
mod mirror;
mod observed;
mod orphans;
mod packer;
mod plan;
mod platform_secrets;
mod platforms;
mod plugins;
mod portable;
mod project;
mod provisioners;
mod publish;
mod races;
mod reports;
mod rootfs;
mod scanner;
mod screens;
mod secrets;
mod sources;
mod stat_cache;
mod state;
mod surroundings;
mod system_log;
mod trees;
mod trust;
mod vm;
mod ways;
mod wizard;
