use super::*;

fn found(path: &str, text: &str) -> Vec<(&'static str, usize, usize)> {
    let findings = scan(Path::new(path), text, &Allow::default());
    findings.into_iter().map(|finding| (finding.rule, finding.line, finding.column)).collect()
}

fn errors(path: &str, text: &str) -> Vec<&'static str> {
    let findings = scan(Path::new(path), text, &Allow::default());
    findings
        .into_iter()
        .filter(|finding| finding.severity == SecretSeverity::Error)
        .map(|finding| finding.rule)
        .collect()
}

#[test]
fn literals_in_every_format() {
    assert_eq!(
        found("a.pkrvars.hcl", "x = 1\nssh_password = \"hunter2\"\n"),
        [("hardcoded-password", 2, 17)]
    );
    assert_eq!(found("a.json", "{\"winrm_password\": \"hunter2\"}"), [("hardcoded-password", 1, 21)]);
    assert_eq!(
        found("a.yml", "é: 1\nuser:\n  password: hunter2  # x\n"),
        [("hardcoded-password-bare", 3, 13)]
    );
    assert_eq!(errors("a.yaml", "db_password: 'hunter2'"), ["hardcoded-password"]);
    assert_eq!(errors("x.sh", "export ADMIN_PASSWORD=hunter2\n"), ["hardcoded-password-bare"]);
    assert_eq!(errors("x.sh", "echo 'root:hunter2' | sudo chpasswd"), ["chpasswd"]);
    assert_eq!(errors("a.hcl", "client_secret = \"a1b2c3d4e5\""), ["hardcoded-secret"]);
    assert_eq!(errors("ks.cfg", "rootpw --plaintext hunter2\n"), ["installer-password"]);
    assert_eq!(
        errors("http/preseed.cfg", "d-i passwd/root-password password hunter2"),
        ["installer-password"]
    );
    assert_eq!(
        errors(
            "autounattend.xml",
            "<Password>\n <Value>hunter2</Value>\n</Password><Password><Value>x1y2</Value></Password>"
        ),
        ["xml-password"]
    );
    assert_eq!(errors("user-data.pkrtpl.hcl", "  password: hunter2"), ["hardcoded-password-bare"]);
}

#[test]
fn defaults_of_variables_count_by_the_variable() {
    let text = "variable \"ssh_password\" {\n  type = string\n  default = \"hunter2\"\n}\nvariable \"region\" {\n  default = \"eu-west-1\"\n}\n";
    assert_eq!(found("v.pkr.hcl", text), [("default-password", 3, 14)]);
}

#[test]
fn references_placeholders_and_settings_are_no_secrets() {
    for (path, text) in [
        (
            "a.hcl",
            "ssh_password = var.ssh_password\npassword = env(\"X\")\npassword = \"${var.x}\"\npassword = \"\"",
        ),
        (
            "a.hcl",
            "password_authentication = \"yes\"\nssh_password_file = \"secrets/x\"\ntoken_ttl = \"3600s\"\nsecret_name = \"prod-db\"",
        ),
        ("a.json", "{\"ssh_password\": \"{{user `ssh_password`}}\"}"),
        (
            "a.yml",
            "password: \"{{ lookup('env', 'X') }}\"\npassword: !vault |\npassword: changeme\npassword:\n",
        ),
        ("x.sh", "PASSWORD=$1\nPASSWORD=\"$(cat /run/x)\"\npassword=${X}\n# password: see the wiki"),
        ("ks.cfg", "rootpw --iscrypted $6$abc$def\nrootpw --lock\n"),
        (
            "a.hcl",
            "iso_checksum = \"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"",
        ),
        ("a.hcl", "error_message = \"must hold -----BEGIN RSA PRIVATE KEY-----\""),
        ("a.md", "see https://user:${TOKEN}@host and https://host:8443/x@y"),
    ] {
        assert_eq!(errors(path, text), [""; 0], "{text}");
    }
}

#[test]
fn tokens_and_keys_anywhere() {
    let token = format!("x = \"ghp_{}\"", "a1B2".repeat(9));
    assert_eq!(found("notes.txt", &token), [("github-token", 1, 6)]);
    let key = format!(
        "k: |\n  -----BEGIN RSA PRIVATE KEY-----\n  {}\n  -----END RSA PRIVATE KEY-----\n",
        "Ab1/".repeat(16)
    );
    assert_eq!(found("k.yml", &key), [("private-key", 2, 3)]);
    assert_eq!(errors("x.tf", "url = \"https://bob:hunter2@git.example.org/x\""), ["url-password"]);
}

#[test]
fn entropy_alone_only_tells() {
    let text = "cookie = \"q8Zt1LxV0bYw9KfJm3RpC7sAdE5gHi2k\"";
    let findings = scan(Path::new("a.hcl"), text, &Allow::default());
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].rule, findings[0].severity), ("high-entropy", SecretSeverity::Info));
}

#[test]
fn inline_comments_need_rule_and_reason() {
    let ok = "password = \"hunter2\" # hybrid:allow hardcoded-password lab image, no network\n";
    assert_eq!(errors("a.hcl", ok), [""; 0]);
    let above =
        "# hybrid:allow hardcoded-password lab image\npassword = \"hunter2\"\npassword = \"hunter3\"\n";
    assert_eq!(found("a.hcl", above).len(), 1);
    assert_eq!(
        errors("a.hcl", "password = \"hunter2\" # hybrid:allow hardcoded-password\n"),
        ["hardcoded-password", "allow-without-reason"]
    );
    assert_eq!(
        errors("a.hcl", "password = \"hunter2\" # hybrid:allow chpasswd why\n"),
        ["hardcoded-password"]
    );
    assert_eq!(errors("a.hcl", "x = 1 # hybrid:allow no-such-rule why\n"), ["allow-without-reason"]);
    for no_reason in [".", "x", "-- 1", "!!!"] {
        let line = format!("password = \"hunter2\" # hybrid:allow hardcoded-password {no_reason}\n");
        assert_eq!(errors("a.hcl", &line), ["hardcoded-password", "allow-without-reason"], "{no_reason}");
    }
    // A value is no comment.
    assert_eq!(errors("a.hcl", "password = \"hybrid:allow hardcoded-password x\""), ["hardcoded-password"]);
}

#[test]
fn allow_lists_and_baselines() {
    let text = "password = \"hunter2\"\n";
    let entry = |rule: &str, path: &str, reason: &str| {
        format!("[[allow]]\nrule = \"{rule}\"\npath = \"{path}\"\nreason = \"{reason}\"\n")
    };
    let list = |text: &str| Allow::parse(Path::new("allow.toml"), text);
    let allow = list(&entry("hardcoded-password", "templates/**/*.hcl", "lab")).unwrap();
    assert!(scan(Path::new("templates/a/b.hcl"), text, &allow).is_empty());
    assert_eq!(scan(Path::new("configs/b.hcl"), text, &allow).len(), 1);
    for bad in [
        entry("hardcoded-password", "*", " "),
        entry("hardcoded-password", "*", "."),
        entry("hardcoded-password", "*", "x y"),
        entry("hardcoded-password", "*", "aaa"),
        entry("nonsense", "*", "x"),
        entry("chpasswd", "[", "x"),
        "x = 1".into(),
    ] {
        assert_eq!(list(&bad).unwrap_err().code(), "SecretListInvalid");
    }
    let findings = scan(Path::new("a.hcl"), text, &Allow::default());
    let baseline = Baseline::of(&findings);
    let written = baseline.to_text();
    assert!(!written.contains("hunter2") && written.ends_with("}\n"));
    assert_eq!(Baseline::parse(Path::new("b.json"), &written).unwrap(), baseline);
    assert!(
        Baseline::parse(Path::new("b.json"), &written.replace("\"version\": 1", "\"version\": 2")).is_err()
    );
    let allow = Allow::default().with_baseline(&baseline);
    assert!(scan(Path::new("a.hcl"), text, &allow).is_empty());
    assert_eq!(scan(Path::new("a.hcl"), "password = \"hunter3\"\n", &allow).len(), 1, "the line changed");
    assert_eq!(scan(Path::new("b.hcl"), text, &allow).len(), 1, "another file");
}

#[test]
fn findings_never_hold_the_value() {
    let findings = scan(Path::new("a.hcl"), "password = \"hunter2hunter2\"", &Allow::default());
    assert!(!format!("{findings:?}").contains("hunter2"));
}

proptest::proptest! {
    #[test]
    fn never_panics_and_spans_fit(text in ".{0,300}", path in "[a-z]{1,4}\\.(hcl|yml|sh|xml|json)") {
        for finding in scan(Path::new(&path), &text, &Allow::default()) {
            proptest::prop_assert!(text.get(finding.span).is_some());
        }
    }
}
