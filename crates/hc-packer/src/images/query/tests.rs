//! Answers as the programs give them.

use std::collections::BTreeMap;

use super::*;

/// `(provider, kind, id, name)` and what a program answered.
fn judged(image: (&str, &str, &str, Option<&str>), success: bool, stdout: &str, stderr: &str) -> Seen {
    let (provider, kind, id, name) = image;
    let tags = ["r/web:1".to_owned()];
    let known = |name: &str| (name.to_owned(), "x".to_owned());
    let place = BTreeMap::from([known("inventory_path"), known("project")]);
    let asked = Asked {
        provider,
        kind,
        id,
        name,
        region: Some("eu-west-1"),
        version: name,
        tags: if provider == "docker" { &tags } else { &[] },
        place: &place,
        recorded: OffsetDateTime::parse("2026-11-22T10:00:00Z", &Rfc3339).unwrap(),
    };
    query(&asked).unwrap().judge(&asked, &Told { success, stdout, stderr })
}

fn changed(seen: &Seen) -> &str {
    match seen {
        Seen::Changed(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn answers_of_the_programs_are_understood() {
    let ami = ("aws", "ami", "ami-1", Some("web-1"));
    let answer = |name: &str, created: &str, state: &str| {
        format!(
            r#"{{"Images": [{{"ImageId": "ami-1", "Name": "{name}", "CreationDate": "{created}", "State": "{state}"}}]}}"#
        )
    };
    assert_eq!(
        judged(ami, true, &answer("web-1", "2026-11-22T09:59:00.000Z", "available"), ""),
        Seen::Present
    );
    assert_eq!(
        changed(&judged(ami, true, &answer("web-2", "2026-11-22T09:59:00.000Z", "available"), "")),
        "its name is \"web-2\", not \"web-1\""
    );
    assert!(
        changed(&judged(ami, true, &answer("web-1", "2026-11-23T09:59:00.000Z", "available"), ""))
            .starts_with("it was made at 2026-11-23")
    );
    assert_eq!(
        changed(&judged(ami, true, &answer("web-1", "2026-11-22T09:59:00Z", "disabled"), "")),
        "its state is \"disabled\""
    );
    assert_eq!(judged(ami, true, r#"{"Images": []}"#, ""), Seen::Gone);
    let said = "\nAn error occurred (InvalidAMIID.NotFound) when calling the DescribeImages operation: The image id '[ami-1]' does not exist\n";
    assert_eq!(judged(ami, false, "", said), Seen::Gone);
    assert_eq!(
        judged(ami, false, "", "Unable to locate credentials. You can configure credentials by running \"aws login\".\n"),
        Seen::Unverified("aws failed: Unable to locate credentials. You can configure credentials by running \"aws login\".".into())
    );

    let template = ("vsphere", "template", "web", Some("web"));
    let machine = |created: &str, template: bool| {
        format!(
            r#"{{"virtualMachines": [{{"name": "web", "config": {{"createDate": "{created}", "template": {template}}}}}]}}"#
        )
    };
    assert_eq!(judged(template, true, &machine("2026-11-22T09:59:00.810152697Z", true), ""), Seen::Present);
    assert_eq!(
        changed(&judged(template, true, &machine("2026-11-22T09:59:00Z", false), "")),
        "it is no template any more"
    );
    assert!(changed(&judged(template, true, &machine("2027-01-01T00:00:00Z", true), "")).contains("2027"));
    assert_eq!(judged(template, true, r#"{"virtualMachines": null}"#, ""), Seen::Gone);
    assert_eq!(judged(template, true, r#"{"VirtualMachines": [{"Name": "web"}]}"#, ""), Seen::Present);
    assert_eq!(
        judged(template, false, "", "govc: Post \"https://vc/sdk\": dial tcp: connection refused\n"),
        Seen::Unverified("govc failed: govc: Post \"https://vc/sdk\": dial tcp: connection refused".into())
    );
    assert_eq!(judged(("vsphere", "library-item", "/l/web", None), true, "null", ""), Seen::Gone);

    let proxmox = ("proxmox", "template", "9000", Some("web"));
    let machines = |template: u8| {
        format!(
            r#"[{{"vmid": 100, "name": "db", "template": 0}}, {{"vmid": 9000, "name": "web", "template": {template}}}]"#
        )
    };
    assert_eq!(judged(proxmox, true, &machines(1), ""), Seen::Present);
    assert_eq!(changed(&judged(proxmox, true, &machines(0), "")), "it is no template any more");
    assert_eq!(judged(("proxmox", "vm", "9000", None), true, &machines(0), ""), Seen::Present);
    assert_eq!(judged(("proxmox", "vm", "9001", None), true, &machines(0), ""), Seen::Gone);

    let docker = ("docker", "container-image", "sha256:ab", None);
    assert_eq!(judged(docker, true, r#"[{"Id": "sha256:ab", "RepoTags": ["r/web:1"]}]"#, ""), Seen::Present);
    assert_eq!(
        changed(&judged(docker, true, r#"[{"Id": "sha256:ab", "RepoTags": []}]"#, "")),
        "the tag r/web:1 is not on it any more"
    );
    assert_eq!(
        judged(docker, false, "[]\n", "Error response from daemon: No such image: sha256:ab\n"),
        Seen::Gone
    );
    let off =
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n";
    assert!(
        matches!(judged(docker, false, "[]\n", off), Seen::Unverified(why) if why.contains("Cannot connect"))
    );
}

#[test]
fn other_clouds_are_understood() {
    let version = ("azure", "gallery-version", "/s/v", Some("1.4.0"));
    let answer = |name: &str| {
        format!(
            r#"{{"name": "{name}", "provisioningState": "Succeeded", "publishingProfile": {{"publishedDate": "2026-11-22T09:58:00.1+00:00"}}}}"#
        )
    };
    assert_eq!(judged(version, true, &answer("1.4.0"), ""), Seen::Present);
    assert!(changed(&judged(version, true, &answer("1.5.0"), "")).contains("1.5.0"));
    assert_eq!(
        judged(
            ("azure", "managed-image", "/s/i", None),
            false,
            "",
            "ERROR: (ResourceNotFound) The Resource 'x' under resource group 'y' was not found."
        ),
        Seen::Gone
    );
    assert!(
        matches!(judged(version, false, "", "ERROR: Please run 'az login' to setup account.\n"), Seen::Unverified(why) if why.contains("az login"))
    );
    let gcp = ("gcp", "image", "web-1", Some("web-1"));
    assert_eq!(
        judged(
            gcp,
            true,
            r#"{"name": "web-1", "status": "READY", "creationTimestamp": "2026-11-22T01:59:00.000-08:00"}"#,
            ""
        ),
        Seen::Present
    );
    assert_eq!(
        judged(
            gcp,
            false,
            "",
            "ERROR: (gcloud.compute.images.describe) Could not fetch resource:\n - The resource 'projects/y/global/images/web-1' was not found\n"
        ),
        Seen::Gone
    );
    let snapshot = ("hcloud", "snapshot", "4711", Some("web-1"));
    assert_eq!(
        judged(
            snapshot,
            true,
            r#"{"id": 4711, "description": "web-1", "status": "available", "created": "2026-11-22T09:59:00+00:00"}"#,
            ""
        ),
        Seen::Present
    );
    assert_eq!(
        judged(
            ("openstack", "image", "u", Some("web")),
            true,
            r#"{"name": "web", "status": "deactivated"}"#,
            ""
        ),
        Seen::Changed("its state is \"deactivated\"".into())
    );
    assert_eq!(
        judged(
            ("digitalocean", "snapshot", "1", Some("web")),
            true,
            r#"[{"id": 1, "name": "web", "created_at": "2026-11-22T09:59:00Z"}]"#,
            ""
        ),
        Seen::Present
    );
    assert_eq!(judged(gcp, true, "not json", ""), Seen::Unverified("gcloud did not answer in JSON".into()));
}

#[test]
fn arguments_hold_what_is_known_and_never_an_option() {
    let place = BTreeMap::from([("inventory_path".to_owned(), "/dc/vm/web".to_owned())]);
    let asked =
        |provider: &'static str, kind: &'static str, id: &'static str, region: Option<&'static str>| Asked {
            provider,
            kind,
            id,
            name: None,
            region,
            version: None,
            tags: &[],
            place: Box::leak(Box::new(place.clone())),
            recorded: OffsetDateTime::UNIX_EPOCH,
        };
    let arguments = |asked: Asked<'_>| query(&asked).unwrap().arguments(&asked);
    assert_eq!(
        arguments(asked("aws", "ami", "ami-1", Some("eu-west-1"))).unwrap(),
        ["ec2", "describe-images", "--image-ids=ami-1", "--region=eu-west-1", "--output=json"]
    );
    assert_eq!(
        arguments(asked("gcp", "image", "web-1", None)).unwrap(),
        ["compute", "images", "describe", "web-1", "--format=json", "--quiet"]
    );
    assert_eq!(
        arguments(asked("vsphere", "template", "web", None)).unwrap(),
        ["vm.info", "-json", "/dc/vm/web"]
    );
    for hostile in ["--profile=x", "@file", "", "a\nb"] {
        assert_eq!(
            arguments(asked("gcp", "image", Box::leak(hostile.to_owned().into_boxed_str()), None)),
            None
        );
    }
    assert!(query(&asked("oracle-oci", "image", "ocid1", None)).is_none());
}

#[test]
fn what_is_not_found_where_it_may_not_be_is_not_gone() {
    let place = BTreeMap::new();
    let asked = Asked {
        provider: "vsphere",
        kind: "template",
        id: "web",
        name: None,
        region: None,
        version: None,
        tags: &[],
        place: &place,
        recorded: OffsetDateTime::UNIX_EPOCH,
    };
    let told = Told { success: true, stdout: r#"{"virtualMachines": null}"#, stderr: "" };
    let seen = query(&asked).unwrap().judge(&asked, &told);
    let why = "govc does not find it, but its inventory path was not recorded";
    assert_eq!(seen, Seen::Unverified(why.into()));
}
