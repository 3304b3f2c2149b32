//! The audit log: what was appended can be proven, and an edit shows.

use hc_state::audit::{AuditProblem, verify};
use hc_state::{AuditAction, AuditEvent, CheckContext, FindingCode, StateError, paths};

use crate::project::{Project, run};

fn pins(project: &Project, count: u32) {
    for n in 0..count {
        project
            .store()
            .with_exclusive::<_, StateError>(&run(n), |locked| {
                let event = AuditEvent::new(AuditAction::ForcePin, format!("source-{n}"))
                    .detail("reason", "upstream moved its tag")
                    .detail("approved_by", "grace");
                locked.audit(event).map(drop)
            })
            .unwrap();
    }
}

fn log(project: &Project) -> Vec<u8> {
    std::fs::read(paths::audit_log(project.root())).unwrap()
}

#[test]
fn entries_are_chained_and_the_state_remembers_the_end() {
    let project = Project::new();
    pins(&project, 4);
    let report = project.store().audit_log().unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    assert_eq!(report.entries.iter().map(|entry| entry.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(report.entries[3].previous, Some(report.entries[2].digest));
    let head = project.store().read().unwrap().unwrap().audit.unwrap();
    assert_eq!((head.entries, head.digest), (4, report.entries[3].digest));
}

#[test]
fn edits_removals_and_reordering_show() {
    let project = Project::new();
    pins(&project, 4);
    let text = String::from_utf8(log(&project)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let edited = text.replacen("grace", "mallory", 1);
    assert_eq!(verify(edited.as_bytes()).problems, [AuditProblem::Changed { line: 1 }]);
    let removed = [lines[0], lines[2], lines[3]].join("\n");
    assert_eq!(verify(removed.as_bytes()).problems, [AuditProblem::Unchained { line: 2 }]);
    let reordered = [lines[0], lines[2], lines[1], lines[3]].join("\n");
    assert!(!verify(reordered.as_bytes()).problems.is_empty());
    let torn = format!("{text}{{\"action\":\"rest");
    assert_eq!(verify(torn.as_bytes()).problems, [AuditProblem::NotAnEntry { line: 5 }]);
    for byte in 0..text.len() {
        let mut flipped = text.clone().into_bytes();
        flipped[byte] ^= 1;
        assert!(
            !verify(&flipped).problems.is_empty() || same_meaning(&flipped, &text),
            "byte {byte} was not noticed"
        );
    }
}

fn same_meaning(flipped: &[u8], text: &str) -> bool {
    verify(flipped).entries == verify(text.as_bytes()).entries
}

#[test]
fn a_cut_end_shows_against_the_state() {
    let project = Project::new();
    pins(&project, 3);
    let text = String::from_utf8(log(&project)).unwrap();
    let cut: String = text.lines().take(2).map(|line| format!("{line}\n")).collect();
    std::fs::write(paths::audit_log(project.root()), &cut).unwrap();
    let report = project.store().audit_log().unwrap();
    assert_eq!(report.problems, [AuditProblem::Cut { found: 2, expected: 3 }]);
    std::fs::remove_file(paths::audit_log(project.root())).unwrap();
    let findings = project.store().check(&CheckContext::default());
    assert_eq!(findings[0].code, FindingCode::AuditBroken);
}

#[test]
fn a_forged_log_is_not_continued_and_an_unfinished_line_is() {
    let project = Project::new();
    pins(&project, 2);
    let text = String::from_utf8(log(&project)).unwrap();
    let path = paths::audit_log(project.root());

    std::fs::write(&path, format!("{text}{{\"action\":\"rest")).unwrap();
    pins(&project, 1);
    let report = project.store().audit_log().unwrap();
    assert_eq!(report.problems, [AuditProblem::NotAnEntry { line: 3 }]);
    assert_eq!(report.entries.len(), 3);
    let findings = project.store().check(&CheckContext::default());
    assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [FindingCode::AuditTorn]);

    let serial = project.serial();
    std::fs::write(&path, text.replace("grace", "mallory")).unwrap();
    let refused: Result<(), StateError> = project.store().with_exclusive(&run(1), |locked| {
        locked.audit(AuditEvent::new(AuditAction::ForcePin, "x")).map(drop)
    });
    let error = refused.unwrap_err();
    assert_eq!(error.code(), "AuditBroken");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the entry in line 1 was changed");
    assert_eq!(project.serial(), serial);
}
