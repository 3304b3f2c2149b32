//! The environment of packer's process: what of the caller's passes, and what is set for packer (PKR-1).

use std::ffi::OsString;
use std::path::Path;

use hc_core::SecretString;

/// Names that pass from the caller's environment.
pub const PASSED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TERM",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SSH_AUTH_SOCK",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SYSTEMROOT",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "KRB5CCNAME",
];
/// Prefixes that pass: locales, directories of the user.
const PASSED_PREFIXES: &[&str] = &["LC_", "XDG_"];
/// How variables of templates begin.
pub const VARIABLE: &str = "PKR_VAR_";
/// Variables that say where temporary files go.
pub const TEMPORARY: [&str; 3] = ["TMPDIR", "TEMP", "TMP"];
/// What installs plugins from GitHub.
pub const INSTALLING: [&str; 2] = ["GITHUB_TOKEN", "PACKER_GITHUB_API_TOKEN"];

/// Variables that only some components take, credentials above all.
struct Family {
    /// How their names begin.
    prefixes: &'static [&'static str],
    /// Parts of the types of components that take them.
    types: &'static [&'static str],
    /// What a template holds that takes them without such a component: functions of packer, options, kinds of urls.
    texts: &'static [&'static str],
}

/// As their plugins read them: SDKs, their command lines, and the plugins themselves.
const FAMILIES: &[Family] = &[
    family(&["AWS_"], &["amazon"], &["aws_secretsmanager", "ecr_login", "s3::"]),
    family(&["AZURE_", "ARM_"], &["azure"], &[]),
    family(&["GOOGLE_", "CLOUDSDK_", "GCLOUD_", "GCE_"], &["google"], &["gcs::"]),
    family(&["VSPHERE_", "GOVC_", "GOVMOMI_"], &["vsphere"], &[]),
    family(&["KUBECONFIG"], &["vsphere-supervisor"], &[]),
    family(&["PROXMOX_"], &["proxmox"], &[]),
    family(&["OS_"], &["openstack"], &[]),
    family(&["DIGITALOCEAN_"], &["digitalocean"], &[]),
    family(&["HCLOUD_"], &["hcloud"], &[]),
    family(&["HCP_"], &["hcp", "vagrant-registry"], &["hcp_packer_registry"]),
    family(&["VAULT_"], &["vault"], &["vault("]),
    family(&["CONSUL_"], &["consul"], &["consul_key"]),
    family(&["ANSIBLE_"], &["ansible"], &[]),
    family(&["DOCKER_", "BUILDKIT_"], &["docker"], &[]),
    family(&["CONTAINER_", "CONTAINERS_"], &["podman"], &[]),
    family(&["VAGRANT_"], &["vagrant"], &[]),
    family(&["VBOX_"], &["virtualbox"], &[]),
    family(&["LIBVIRT_"], &["libvirt"], &[]),
    family(&["LXD_", "INCUS_"], &["lxd", "incus"], &[]),
    family(&["TART_"], &["tart"], &[]),
    family(&["NUTANIX_"], &["nutanix"], &[]),
    family(&["VCD_"], &["vcd"], &[]),
    family(&["CLOUDSTACK_"], &["cloudstack"], &[]),
    family(&["OCI_"], &["oracle"], &[]),
    family(&["ALICLOUD_", "ALIBABA_CLOUD_"], &["alicloud"], &[]),
    family(&["TENCENTCLOUD_"], &["tencentcloud"], &[]),
    family(&["HW_", "HUAWEICLOUD_"], &["huaweicloud"], &[]),
    family(&["YC_"], &["yandex"], &[]),
    family(&["SCW_"], &["scaleway"], &[]),
    family(&["LINODE_"], &["linode"], &[]),
    family(&["VULTR_"], &["vultr"], &[]),
    family(&["UCLOUD_"], &["ucloud"], &[]),
    family(&["JDCLOUD_"], &["jdcloud"], &[]),
    family(&["NCLOUD_"], &["ncloud"], &[]),
    family(&["EXOSCALE_"], &["exoscale"], &[]),
    family(&["UPCLOUD_"], &["upcloud"], &[]),
    family(&["OUTSCALE_", "OSC_"], &["outscale"], &[]),
    family(&["IBMCLOUD_", "IC_"], &["ibmcloud"], &[]),
    family(&["PROFITBRICKS_", "IONOS_"], &["profitbricks", "ionos"], &[]),
    family(&["ONEANDONE_"], &["oneandone"], &[]),
    family(&["HYPERONE_"], &["hyperone"], &[]),
    family(&["TRITON_", "SDC_"], &["triton"], &[]),
    family(&["BRIGHTBOX_"], &["brightbox"], &[]),
];

const fn family(
    prefixes: &'static [&'static str],
    types: &'static [&'static str],
    texts: &'static [&'static str],
) -> Family {
    Family { prefixes, types, texts }
}

/// What of the variables of components a template takes: nothing, until something is known of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uses {
    /// One bit for each of [`FAMILIES`].
    families: u64,
}

impl Uses {
    /// Adds what a component of this type takes: `amazon-ebs`, `ansible-local`.
    #[must_use]
    pub fn component(self, kind: &str) -> Self {
        self.adding(|family| family.types.iter().any(|part| kind.contains(part)))
    }

    /// Adds what a template with this text takes besides its components.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.adding(|family| family.texts.iter().any(|part| text.contains(part)))
    }

    /// Adds what a template of which no more than its text is known may take.
    #[must_use]
    pub fn unread(self, text: &str) -> Self {
        self.adding(|family| family.types.iter().chain(family.texts).any(|part| text.contains(part)))
    }

    /// What either of two takes.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { families: self.families | other.families }
    }

    /// Whether a variable is one that the template takes.
    pub fn takes(&self, name: &str) -> bool {
        let mut mine = FAMILIES.iter().enumerate().filter(|(at, _)| self.families & (1 << at) != 0);
        mine.any(|(_, family)| family.has(name))
    }

    fn adding(mut self, takes: impl Fn(&Family) -> bool) -> Self {
        for (at, family) in FAMILIES.iter().enumerate() {
            self.families |= u64::from(takes(family)) << at;
        }
        self
    }
}

impl Family {
    fn has(&self, name: &str) -> bool {
        self.prefixes.iter().any(|prefix| name.starts_with(prefix))
    }
}

/// Whether a variable of the caller's reaches every packer: where programs and directories are, how the network is reached.
pub fn is_common(name: &str) -> bool {
    PASSED.contains(&name) || PASSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a variable of the caller's may reach packer by itself: what is common, and what components and variables of
/// templates take. `PACKER_*` but for its token, `LD_*` and `GIT_*` never do.
pub fn passes(name: &str) -> bool {
    is_common(name)
        || name.starts_with(VARIABLE)
        || INSTALLING.contains(&name)
        || FAMILIES.iter().any(|family| family.has(name))
}

/// Whether a name is one of `further`, where a trailing `*` matches a prefix.
pub fn is_named(name: &str, further: &[String]) -> bool {
    further.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    })
}

/// What of the caller's environment packer gets: what [`passes`], and what `further` names, where a trailing `*` matches
/// a prefix. With a home directory in any case: packer 1.6 does not start without one.
pub(crate) fn passed(caller: &[(OsString, OsString)], further: &[String]) -> Vec<(OsString, OsString)> {
    let_through(caller, |name| passes(name) || is_named(name, further))
}

/// What of the caller's environment a packer gets that is only asked who it is.
pub(crate) fn common(caller: &[(OsString, OsString)]) -> Vec<(OsString, OsString)> {
    let_through(caller, is_common)
}

fn let_through(caller: &[(OsString, OsString)], lets: impl Fn(&str) -> bool) -> Vec<(OsString, OsString)> {
    let mut vars: Vec<_> =
        caller.iter().filter(|(name, _)| name.to_str().is_some_and(&lets)).cloned().collect();
    if !vars.iter().any(|(name, _)| name == "HOME") {
        vars.push(("HOME".into(), "/".into()));
    }
    vars
}

/// What one call sets beyond what passes, the later over the earlier.
#[derive(Default)]
pub(crate) struct Set<'a> {
    /// What the caller sets.
    pub(crate) own: &'a [(OsString, OsString)],
    /// File for packer's own log; packer truncates it.
    pub(crate) log_path: Option<&'a Path>,
    /// Directory for temporary files.
    pub(crate) temp: Option<&'a Path>,
    /// Cache shared by all calls.
    pub(crate) cache_dir: Option<&'a Path>,
    /// Plugin directory.
    pub(crate) plugin_path: Option<&'a Path>,
    /// Secrets, by variable name.
    pub(crate) secrets: &'a [(String, SecretString)],
}

/// The whole environment of the process, sorted.
pub(crate) fn environment(passed: Vec<(OsString, OsString)>, given: &Set<'_>) -> Vec<(OsString, OsString)> {
    let mut vars = passed;
    let mut set = |name: OsString, value: OsString| {
        vars.retain(|(known, _)| *known != name);
        vars.push((name, value));
    };
    for (name, value) in given.own {
        set(name.clone(), value.clone());
    }
    if let Some(path) = given.log_path {
        set("PACKER_LOG".into(), "1".into());
        set("PACKER_LOG_PATH".into(), path.into());
    }
    if let Some(dir) = given.temp {
        for name in TEMPORARY {
            set(name.into(), dir.into());
        }
    }
    set("PACKER_NO_COLOR".into(), "1".into());
    set("CHECKPOINT_DISABLE".into(), "1".into());
    if let Some(dir) = given.cache_dir {
        set("PACKER_CACHE_DIR".into(), dir.into());
    }
    if let Some(dir) = given.plugin_path {
        set("PACKER_PLUGIN_PATH".into(), dir.into());
    }
    for (name, value) in given.secrets {
        set(format!("PKR_VAR_{name}").into(), value.expose().into());
    }
    vars.sort();
    vars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_allowed_passes_and_ours_wins() {
        let caller: Vec<(OsString, OsString)> = [
            ("PATH", "/bin"),
            ("LD_PRELOAD", "evil.so"),
            ("GIT_DIR", "x"),
            ("PACKER_LOG", "0"),
            ("AWS_PROFILE", "prod"),
            ("MY_TOKEN", "t"),
            ("SECRET", "s"),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
        let given = Set {
            own: &[("STAGE".into(), "dev".into()), ("PACKER_LOG".into(), "0".into())],
            log_path: Some(Path::new("/run/packer.log")),
            secrets: &[("password".to_owned(), SecretString::new("hunter2"))],
            ..Set::default()
        };
        let vars = environment(passed(&caller, &["MY_*".to_owned()]), &given);
        let names: Vec<&str> = vars.iter().map(|(name, _)| name.to_str().unwrap()).collect();
        assert_eq!(
            names,
            [
                "AWS_PROFILE",
                "CHECKPOINT_DISABLE",
                "HOME",
                "MY_TOKEN",
                "PACKER_LOG",
                "PACKER_LOG_PATH",
                "PACKER_NO_COLOR",
                "PATH",
                "PKR_VAR_password",
                "STAGE"
            ]
        );
        assert!(vars.contains(&("PACKER_LOG".into(), "1".into())));
    }

    #[test]
    fn a_template_takes_what_its_components_take_and_nothing_else() {
        let vsphere = Uses::default().component("vsphere-iso").component("shell-local");
        assert!(vsphere.takes("VSPHERE_PASSWORD") && vsphere.takes("GOVC_URL"));
        for name in ["PROXMOX_PASSWORD", "ARM_CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY", "VAULT_TOKEN", "PATH"]
        {
            assert!(!vsphere.takes(name), "{name}");
            assert!(passes(name), "{name}");
        }
        let secrets = Uses::default().text("default = vault(\"/secret/x\", \"y\")");
        assert!(secrets.takes("VAULT_TOKEN") && !secrets.takes("AWS_PROFILE"));
        assert!(Uses::default().unread("{\"type\": \"amazon-ebs\"}").takes("AWS_PROFILE"));
        assert!(common(&[("AWS_PROFILE".into(), "x".into())]).iter().all(|(name, _)| name == "HOME"));
        assert!(FAMILIES.len() <= 64);
    }
}
