//! Every platform beside the credentials of all others: packer gets its own platform's only, and whatever it prints of
//! anybody's is stars (LOG-2).

use std::process::Command;

use hc_test_support::FakePacker;

use crate::project::Project;
use crate::secrets::files;

/// Platform, type of its source, credentials that its plugin reads.
const PLATFORMS: &[(&str, &str, &[&str])] = &[
    ("aws", "amazon-ebs", &["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]),
    ("azure", "azure-arm", &["ARM_CLIENT_SECRET", "AZURE_CLIENT_SECRET", "ARM_OIDC_TOKEN"]),
    ("gcp", "googlecompute", &["GOOGLE_CREDENTIALS", "CLOUDSDK_AUTH_ACCESS_TOKEN", "GCLOUD_KEYFILE_SECRET"]),
    ("vsphere", "vsphere-iso", &["VSPHERE_PASSWORD", "GOVC_PASSWORD"]),
    ("proxmox", "proxmox-iso", &["PROXMOX_PASSWORD", "PROXMOX_TOKEN"]),
    ("openstack", "openstack", &["OS_PASSWORD", "OS_TOKEN", "OS_APPLICATION_CREDENTIAL_SECRET"]),
    ("digitalocean", "digitalocean", &["DIGITALOCEAN_TOKEN", "DIGITALOCEAN_SPACES_SECRET_KEY"]),
    ("hcloud", "hcloud", &["HCLOUD_TOKEN"]),
    ("docker", "docker", &["DOCKER_AUTH_CONFIG", "DOCKER_PASSWORD"]),
    ("oracle", "oracle-oci", &["OCI_CLI_KEY_CONTENT"]),
    ("scaleway", "scaleway", &["SCW_SECRET_KEY"]),
    ("cloudstack", "cloudstack", &["CLOUDSTACK_SECRET_KEY"]),
    ("alicloud", "alicloud-ecs", &["ALICLOUD_SECRET_KEY"]),
    ("tencentcloud", "tencentcloud-cvm", &["TENCENTCLOUD_SECRET_KEY"]),
    ("yandex", "yandex", &["YC_TOKEN"]),
    ("linode", "linode", &["LINODE_TOKEN"]),
    ("vultr", "vultr", &["VULTR_API_KEY"]),
    ("ucloud", "ucloud-uhost", &["UCLOUD_PRIVATE_KEY"]),
    ("ibmcloud", "ibmcloud-vpc", &["IBMCLOUD_API_KEY", "IC_API_KEY"]),
    ("qemu", "qemu", &[]),
];
/// Of no platform.
const OTHERS: [&str; 6] = [
    "HCP_CLIENT_SECRET",
    "VAULT_TOKEN",
    "CONSUL_HTTP_TOKEN",
    "GITHUB_TOKEN",
    "PACKER_GITHUB_API_TOKEN",
    "MY_PASSWORD",
];

fn canary(name: &str) -> String {
    format!("{}-canary-7f3a", name.to_lowercase().replace('_', "-"))
}

fn all() -> Vec<&'static str> {
    PLATFORMS.iter().flat_map(|(_, _, names)| *names).copied().chain(OTHERS).collect()
}

/// A builder of every platform, and a packer that prints its whole environment.
fn project(fake: &FakePacker, more: &str) -> Project {
    let mut project = Project::empty();
    let extra: String =
        PLATFORMS.iter().map(|(platform, kind, _)| format!("{platform} = [\"{kind}\"]\n")).collect();
    project.write(
        "hybrid.toml",
        &format!(
            "[project]\nname = \"test\"\n\n[packer]\nbinary = \"{}\"\nretries = 0\n{more}\n[naming]\n{extra}",
            fake.path().display()
        ),
    );
    project.write("configs/overlays/dev.pkrvars.hcl", "");
    for (platform, kind, _) in PLATFORMS {
        project.write(
            &format!("templates/linux/{platform}/base/base.pkr.hcl"),
            &format!(
                "source \"{kind}\" \"base\" {{\n}}\n\nbuild {{\n  sources = [\"source.{kind}.base\"]\n}}\n"
            ),
        );
    }
    for name in all() {
        project.set_env(name, &canary(name));
    }
    project
}

const TELLING: &str = "case \" $* \" in *' build '*) ;; *) exit 0;; esac\n\
    env | while read -r line; do printf '1,,ui,say,==> x: %s\\n' \"$line\"; printf '%s\\n' \"$line\" >&2; done\n\
    printf '1,,ui,error,==> x: it failed with %s\\n' \"$(env | tr '\\n' ' ' | tr ',' ' ')\"\nexit 1\n";

/// What each call of `build` got, by the platform that stands in its arguments.
fn environments(fake: &FakePacker) -> Vec<(&'static str, Vec<String>)> {
    let mut found = Vec::new();
    for call in 1..=fake.calls() {
        let args = fake.args(call).unwrap();
        let dir = args.last().unwrap().clone();
        let of = PLATFORMS.iter().find(|(platform, ..)| dir.ends_with(&format!("linux/{platform}/base")));
        if let (true, Some((platform, ..))) = (args.iter().any(|word| word == "build"), of) {
            found.push((*platform, fake.env(call).unwrap()));
        }
    }
    found
}

#[track_caller]
fn shows_none(project: &Project, printed: &str, values: &[String]) {
    let mut all = Vec::new();
    files(project.root(), &mut all);
    for value in values {
        assert!(!printed.contains(value), "{value}:\n{printed}");
        for path in &all {
            let bytes = std::fs::read(path).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains(value), "{value} in {}", path.display());
        }
    }
    project.ok(&["diag", "bundle", "--out", "bundle.tar.zst"]);
    let bundle =
        Command::new("tar").args(["--zstd", "-xOf"]).arg(project.path("bundle.tar.zst")).output().unwrap();
    let bundle = String::from_utf8_lossy(&bundle.stdout);
    for value in values {
        assert!(!bundle.contains(value), "{value} in the bundle");
    }
}

#[test]
fn packer_of_every_platform_gets_its_own_credentials_only() {
    let tools = tempfile::tempdir().unwrap();
    let fake = FakePacker::new(tools.path(), "1.11.2", TELLING).unwrap();
    let project = project(&fake, "");
    project.ok(&["validate"]);
    let ran = project.run(&["build", "-vv", "--jobs", "1", "--format", "json"]);
    let seen = environments(&fake);
    assert_eq!(seen.len(), PLATFORMS.len(), "{}", ran.stderr);
    for (platform, env) in seen {
        let own = PLATFORMS.iter().find(|(name, ..)| *name == platform).unwrap().2;
        for name in all() {
            let has = env.contains(&format!("{name}={}", canary(name)));
            assert_eq!(has, own.contains(&name), "{name} in packer of {platform}");
        }
    }
    let values: Vec<String> = all().iter().map(|name| canary(name)).collect();
    assert!(ran.stderr.contains("VSPHERE_PASSWORD=***"), "{}", ran.stderr);
    shows_none(&project, &(ran.stdout + &ran.stderr), &values);
}

#[test]
fn what_pass_env_hands_to_all_is_stars_in_each() {
    let tools = tempfile::tempdir().unwrap();
    let fake = FakePacker::new(tools.path(), "1.11.2", TELLING).unwrap();
    let project = project(&fake, "pass_env = [\"*\"]\n");
    project.ok(&["validate"]);
    let ran = project.run(&["build", "-vv", "--targets", "linux.vsphere.base,linux.qemu.base"]);
    let (_, env) = &environments(&fake)[0];
    assert!(env.contains(&format!("PROXMOX_PASSWORD={}", canary("PROXMOX_PASSWORD"))), "{env:?}");
    let values: Vec<String> = all().iter().map(|name| canary(name)).collect();
    shows_none(&project, &(ran.stdout + &ran.stderr), &values);
}

#[test]
fn secrets_of_layers_are_known_whoever_declares_them_and_whatever_beats_them() {
    let tools = tempfile::tempdir().unwrap();
    let fake = FakePacker::new(tools.path(), "1.11.2", TELLING).unwrap();
    let mut project = project(&fake, "pass_env = [\"SITE_*\"]\n");
    let variable = "variable \"door\" {\n  type      = string\n  sensitive = true\n}\n\n";
    for platform in ["vsphere", "qemu"] {
        let path = format!("templates/linux/{platform}/base/base.pkr.hcl");
        project.write(&path, &(variable.to_owned() + &project.read(&path)));
    }
    let proxmox = "templates/linux/proxmox/base/base.pkr.hcl";
    let gate =
        "variable \"gate\" {\n  type      = string\n  default   = \"\"\n  sensitive = true\n}\n\n".to_owned();
    project.write(proxmox, &(gate + &project.read(proxmox)));
    for name in ["SITE_ONE", "SITE_TWO", "SITE_THREE"] {
        project.set_env(name, &canary(name));
    }
    // `door` is beaten for vsphere; `gate` is declared by proxmox alone.
    project.write("configs/overlays/dev.pkrvars.hcl", "door = env(\"SITE_ONE\")\ngate = env(\"SITE_TWO\")\n");
    project.write("configs/overlays/dev/vsphere.pkrvars.hcl", "door = env(\"SITE_THREE\")\n");
    project.ok(&["validate"]);
    let ran = project.run(&["build", "-vv", "--targets", "linux.vsphere.base"]);
    let (_, env) = &environments(&fake)[0];
    assert!(env.contains(&format!("SITE_ONE={}", canary("SITE_ONE"))), "{env:?}");
    let values = ["SITE_ONE", "SITE_TWO", "SITE_THREE"].map(canary);
    assert!(ran.stderr.contains("SITE_TWO=***"), "{}", ran.stderr);
    shows_none(&project, &(ran.stdout + &ran.stderr), &values);
}
