//! Which kind of input a file is.

use std::path::Path;

use hc_records::InputKind;

/// The kind that a path says.
pub(super) fn of(path: &Path) -> InputKind {
    let text = path.to_string_lossy();
    let part = |name: &str| text.split('/').any(|part| part == name);
    let script = |ending: &str| matches!(ending, "sh" | "ps1" | "bat" | "cmd" | "py");
    if part("ansible") {
        InputKind::Ansible
    } else if part("puppet") {
        InputKind::Puppet
    } else if text.starts_with("templates/cloudinit/") {
        InputKind::Cloudinit
    } else if text.starts_with("templates/scripts/")
        || text.rsplit_once('.').is_some_and(|(_, end)| script(end))
    {
        InputKind::Script
    } else {
        InputKind::Asset
    }
}

/// The kind of a file that says one thing by its path and another by its use. The same whichever came first.
pub(super) fn stronger(one: InputKind, other: InputKind) -> InputKind {
    let rank = |kind: InputKind| match kind {
        InputKind::Ansible => 4,
        InputKind::Puppet => 3,
        InputKind::Cloudinit => 2,
        InputKind::Script => 1,
        _ => 0,
    };
    if rank(other) > rank(one) { other } else { one }
}
