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
/// Prefixes that pass: locales, directories of the user, credentials of clouds, provisioners, packer variables.
pub const PASSED_PREFIXES: &[&str] = &[
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

/// Whether a variable of the caller's reaches packer by itself. `PACKER_*` but for its token, `LD_*` and `GIT_*` never do.
pub fn passes(name: &str) -> bool {
    PASSED.contains(&name) || PASSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a variable of the caller's reaches packer: what [`passes`], and what `further` names, where a trailing `*`
/// matches a prefix.
pub fn reaches(name: &str, further: &[String]) -> bool {
    passes(name)
        || further.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == pattern,
        })
}

/// What of the caller's environment packer gets: what [`reaches`] it. With a home directory in any case: packer 1.6 does not start without one.
pub(crate) fn passed(caller: &[(OsString, OsString)], further: &[String]) -> Vec<(OsString, OsString)> {
    let lets = |name: &str| reaches(name, further);
    let mut vars: Vec<_> =
        caller.iter().filter(|(name, _)| name.to_str().is_some_and(lets)).cloned().collect();
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
}
