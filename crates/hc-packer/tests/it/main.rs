//! The failure rules on messages as packer, its plugins and their SDKs print them (PKR-4).
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails; one asks whether golden files are to be written"
)]

mod fake;
mod found;
mod handle;
mod hidden;
#[cfg(feature = "iso")]
mod iso;
mod real;
mod templates;

use std::collections::BTreeSet;

use hc_packer::classify::{Rules, classify_text};
use serde::Deserialize;

#[derive(Deserialize)]
struct Messages {
    message: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    platform: String,
    text: String,
    class: String,
    rule: String,
}

fn messages() -> Vec<Message> {
    toml::from_str::<Messages>(include_str!("messages.toml")).unwrap().message
}

#[test]
fn every_message_has_its_class_and_rule() {
    let rules = Rules::built_in();
    let messages = messages();
    assert!(messages.len() >= 60, "{}", messages.len());
    let mut wrong = Vec::new();
    for message in &messages {
        let found = rules.classify(&message.platform, std::slice::from_ref(&message.text));
        let rule = found.rule.clone().unwrap_or_default();
        if found.class.to_string() != message.class || rule != message.rule {
            wrong.push(format!(
                "{}: {} by `{rule}`, not {} by `{}`",
                message.text, found.class, message.class, message.rule
            ));
        }
        if found.rule.is_some() {
            assert!(found.hint.is_some(), "{} has no hint", message.rule);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_message() {
    let tested: BTreeSet<String> = messages().into_iter().map(|message| message.rule).collect();
    let rules = Rules::built_in();
    let untested: Vec<&str> = rules.ids().filter(|id| !tested.contains(*id)).collect();
    assert!(untested.is_empty(), "{untested:?}");
}

#[test]
fn only_errors_of_a_log_are_read() {
    let rules = Rules::built_in();
    let log = "1700000000,,ui,say,==> null.x: retrying after: connection refused\n\
               1700000000,,ui,message,    null.x: AuthFailure is mentioned here\n\
               1700000000,,ui,error,    null.x: warning: i/o timeout while probing%!(PACKER_COMMA) ignored\n\
               1700000000,,ui,error,Build 'null.x' errored after 1 s: Script exited with non-zero exit status: 3\n\
               1700000000,null.x,error,Script exited with non-zero exit status: 3\n";
    let found = classify_text(&rules, "null", log);
    assert_eq!(found.rule.as_deref(), Some("provisioner-exit"));
    let human = "==> null.x: connection refused by the first mirror\nBuild 'null.x' errored after 2 s: Timeout waiting for SSH.\n";
    assert_eq!(classify_text(&rules, "null", human).rule.as_deref(), Some("communicator-timeout"));
    assert_eq!(classify_text(&rules, "null", "all is well\n").rule, None);
}
