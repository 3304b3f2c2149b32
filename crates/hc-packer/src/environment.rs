//! The environment of packer's process: an allow-list of the caller's, and what hybrid sets (PKR-1).

use std::ffi::OsString;
use std::path::Path;

use hc_core::{EnvName, SecretString};

/// Names that pass from the caller's environment.
const PASS: &[&str] = &[
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
/// Prefixes that pass: locales, directories of the user, credentials of clouds, provisioners, packer variables.
const PASS_PREFIX: &[&str] = &[
    "LC_",
    "XDG_",
    "AWS_",
    "AZURE_",
    "ARM_",
    "GOOGLE_",
    "CLOUDSDK_",
    "VSPHERE_",
    "GOVC_",
    "PROXMOX_",
    "OS_",
    "DIGITALOCEAN_",
    "HCLOUD_",
    "HCP_",
    "VAULT_",
    "ANSIBLE_",
    "PKR_VAR_",
    "GITHUB_TOKEN",
    "PACKER_GITHUB_API_TOKEN",
];

/// What one attempt sets.
#[derive(Debug)]
pub struct Settings<'a> {
    /// Environment of the target.
    pub env: &'a EnvName,
    /// File for packer's own log; packer truncates it.
    pub log_path: &'a Path,
    /// Cache shared by all targets.
    pub cache_dir: Option<&'a Path>,
    /// Plugin directory.
    pub plugin_path: Option<&'a Path>,
    /// Secrets, by variable name.
    pub secrets: &'a [(String, SecretString)],
    /// Further names to pass; a trailing `*` matches a prefix.
    pub pass: &'a [String],
}

/// The whole environment of the process. `PACKER_*`, `LD_*` and `GIT_*` of the caller never pass.
pub fn environment(caller: &[(OsString, OsString)], settings: &Settings<'_>) -> Vec<(OsString, OsString)> {
    let passes = |name: &str| {
        PASS.contains(&name)
            || PASS_PREFIX.iter().any(|prefix| name.starts_with(prefix))
            || settings.pass.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => name == pattern,
            })
    };
    let mut vars: Vec<(OsString, OsString)> =
        caller.iter().filter(|(name, _)| name.to_str().is_some_and(passes)).cloned().collect();
    let mut set = |name: &str, value: OsString| {
        vars.retain(|(known, _)| known != name);
        vars.push((name.into(), value));
    };
    // Packer 1.6 does not start without a home directory.
    if !caller.iter().any(|(name, _)| name == "HOME") {
        set("HOME", "/".into());
    }
    set("PACKER_LOG", "1".into());
    set("PACKER_LOG_PATH", settings.log_path.into());
    set("PACKER_NO_COLOR", "1".into());
    set("CHECKPOINT_DISABLE", "1".into());
    set("HYBRID_ENV", settings.env.as_str().into());
    set("HYBRIDCORE_ENV", settings.env.as_str().into());
    if let Some(dir) = settings.cache_dir {
        set("PACKER_CACHE_DIR", dir.into());
    }
    if let Some(dir) = settings.plugin_path {
        set("PACKER_PLUGIN_PATH", dir.into());
    }
    for (name, value) in settings.secrets {
        set(&format!("PKR_VAR_{name}"), value.expose().into());
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
        let env: EnvName = "dev".parse().unwrap();
        let secrets = [("password".to_owned(), SecretString::new("hunter2"))];
        let pass = ["MY_*".to_owned()];
        let settings = Settings {
            env: &env,
            log_path: Path::new("/run/packer.log"),
            cache_dir: None,
            plugin_path: None,
            secrets: &secrets,
            pass: &pass,
        };
        let vars = environment(&caller, &settings);
        let names: Vec<&str> = vars.iter().map(|(name, _)| name.to_str().unwrap()).collect();
        assert_eq!(
            names,
            [
                "AWS_PROFILE",
                "CHECKPOINT_DISABLE",
                "HOME",
                "HYBRIDCORE_ENV",
                "HYBRID_ENV",
                "MY_TOKEN",
                "PACKER_LOG",
                "PACKER_LOG_PATH",
                "PACKER_NO_COLOR",
                "PATH",
                "PKR_VAR_password"
            ]
        );
        assert!(vars.contains(&("PACKER_LOG".into(), "1".into())));
    }
}
