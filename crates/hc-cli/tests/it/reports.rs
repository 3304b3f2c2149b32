//! What `validate` writes for other programs (CLI).

use crate::project::Project;

const BOTH: [&str; 5] = ["validate", "--report", "sarif=out.sarif", "--report", "junit=out.xml"];

fn sarif(project: &Project) -> serde_json::Value {
    serde_json::from_str(&project.read("out.sarif")).unwrap()
}

/// Checks that every tag is closed, and returns the text without tags.
fn well_formed(xml: &str) -> String {
    let (mut open, mut text, mut rest) = (Vec::new(), String::new(), xml);
    while let Some((before, behind)) = rest.split_once('<') {
        text.push_str(before);
        let (tag, behind) = behind.split_once('>').expect("a tag ends");
        rest = behind;
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap();
        match tag {
            _ if tag.starts_with('?') || tag.ends_with('/') => {}
            _ if tag.starts_with('/') => assert_eq!(open.pop().as_deref(), Some(name)),
            _ => open.push(name.to_owned()),
        }
    }
    assert!(open.is_empty(), "{open:?}");
    text
}

#[test]
fn a_good_project_gives_reports_without_findings() {
    let project = Project::with_motd();
    project.ok(&BOTH);
    assert_eq!(sarif(&project)["runs"][0]["results"], serde_json::json!([]));
    let xml = project.read("out.xml");
    well_formed(&xml);
    assert!(xml.contains("tests=\"2\" failures=\"0\"") && xml.contains("name=\"linux.file.motd\""), "{xml}");
}

#[test]
fn errors_keep_the_exit_code_and_are_in_both_reports_with_their_places() {
    let project = Project::with_motd();
    project.edit("templates/linux/file/motd/motd.pkr.hcl", "source \"file\"", "sorce \"file\"");
    project.run(&BOTH).expect(1);
    let log = sarif(&project);
    assert_eq!(
        (log["version"].as_str(), log["runs"][0]["tool"]["driver"]["name"].as_str()),
        (Some("2.1.0"), Some("hybrid"))
    );
    let results = log["runs"][0]["results"].as_array().unwrap();
    let bad = results.iter().find(|result| result["ruleId"] == "BadBlock").unwrap();
    assert_eq!(bad["level"], "error");
    let place = &bad["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "templates/linux/file/motd/motd.pkr.hcl");
    assert!(place["region"]["startLine"].as_u64().unwrap() > 1);
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for result in results {
        let rule = rules.iter().find(|rule| rule["id"] == result["ruleId"]).unwrap();
        assert!(rule["help"]["text"].as_str().unwrap().contains("Cause."), "{rule}");
    }
    let text = well_formed(&project.read("out.xml"));
    assert!(
        text.contains("motd.pkr.hcl")
            && text.contains("[BadBlock]")
            && text.contains("did you mean `source`?"),
        "{text}"
    );
}

#[test]
fn what_packer_refuses_is_a_failed_test_and_strange_words_are_refused() {
    let project = Project::with_motd();
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "build {\n",
        "build {\n  provisioner \"shell-local\" {\n    inlin = [\"<&\\\">\"]\n  }\n",
    );
    project.run(&BOTH).expect(1);
    let result = sarif(&project)["runs"][0]["results"][0].clone();
    assert_eq!(result["ruleId"], "TemplateRefused");
    // GitHub takes no file with a finding that has no place.
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["artifactLocation"]["uri"], &place["region"]["startLine"]),
        (&"hybrid.toml".into(), &1.into())
    );
    let xml = project.read("out.xml");
    well_formed(&xml);
    assert!(xml.contains("failures=\"1\"") && xml.contains("<failure message="), "{xml}");
    project.run(&["validate", "--report", "html=x"]).expect(1).says("error[Usage]").says("junit=FILE");
    project.run(&["validate", "--report", "junit=no/such/dir/x.xml"]).expect(1).says("no/such/dir");
}
