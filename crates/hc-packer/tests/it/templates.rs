//! What packer says about broken templates, taken apart: every problem with its place and its class (PKR-4).

use hc_packer::classify::classify_text;
use hc_packer::{Cancel, Class, Rules};
use serde::Deserialize;

use super::fake::World;

#[derive(Deserialize)]
struct Answers {
    answer: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    template: String,
    version: String,
    rule: String,
    line: Option<u32>,
    text: String,
}

fn answers() -> Vec<Answer> {
    toml::from_str::<Answers>(include_str!("answers.toml")).unwrap().answer
}

#[test]
fn a_broken_template_is_config_on_every_packer_and_has_a_place() {
    for answer in answers() {
        let Answer { template, version, rule, line, text } = answer;
        let world = World::new(&version, "cat \"$FAKE/answer\"; exit 1");
        std::fs::write(world.dir.path().join("fake/answer"), &text).unwrap();
        let validation = world.packer.validate("stage").run(&Cancel::new()).unwrap();
        assert!(!validation.is_valid(), "{template} on {version}");
        let verdict = &validation.verdict;
        assert_eq!(
            (verdict.class, verdict.rule.as_deref()),
            (Class::Config, Some(rule.as_str())),
            "{template} on {version}: {text}"
        );
        assert!(verdict.hint.is_some() && verdict.evidence.is_some(), "{template} on {version}");
        let first = &validation.errors[0];
        assert_eq!(first.line, line, "{template} on {version}: {text}");
        assert_eq!(first.file.is_some(), line.is_some(), "{template} on {version}");
        // A build says the same in its stream.
        let escaped = text.replace(',', "%!(PACKER_COMMA)").replace('\n', "\\n");
        let found = classify_text(&Rules::built_in(), "null", &format!("1795281231,,ui,error,{escaped}\n"));
        assert_eq!(found.rule.as_deref(), Some(rule.as_str()), "{template} on {version}, in a build");
    }
}

#[test]
fn a_problem_has_its_words_apart() {
    let text = "Warning: Both source file and contents are blank; target will have no content\n\n  on a.pkr.hcl line 1:\n  \
                (source code not available)\n\nError: Unsupported argument\n\n  on b.pkr.hcl line 3, in source \"null\" \"x\":\n   \
                3:   foo = 1\n\nAn argument named \"foo\" is not expected here.\n";
    let world = World::new("1.16.0", "cat \"$FAKE/answer\"; exit 1");
    std::fs::write(world.dir.path().join("fake/answer"), text).unwrap();
    let validation = world.packer.validate("stage").run(&Cancel::new()).unwrap();
    let ([warning], [error]) = (validation.warnings.as_slice(), validation.errors.as_slice()) else {
        panic!("{validation:?}");
    };
    assert_eq!((warning.file.as_deref(), warning.line), (Some("a.pkr.hcl".as_ref()), Some(1)));
    assert_eq!((error.file.as_deref(), error.line), (Some("b.pkr.hcl".as_ref()), Some(3)));
    assert_eq!(error.summary, "Unsupported argument");
    assert_eq!(error.detail, "An argument named \"foo\" is not expected here.");
}

#[test]
fn an_unknown_complaint_at_a_line_is_config_and_one_without_is_unknown() {
    let verdict = |text: &str| {
        let world = World::new("1.16.0", &format!("printf '{text}'; exit 1"));
        world.packer.validate("stage").run(&Cancel::new()).unwrap().verdict
    };
    assert_eq!(verdict("Error: Quite new\\n\\n  on a.pkr.hcl line 3:\\n").class, Class::Config);
    assert_eq!(verdict("Error: Quite new\\n").class, Class::Unknown);
    assert_eq!(verdict("nothing of the kind\\n").class, Class::Unknown);
}
