//! The proxy of downloads: the caller's, never one that is found in the environment by itself.

use std::ffi::OsString;

use super::error::IsoError;

/// Names under which environments hold a proxy, the stronger ones first.
const NAMES: [&str; 6] = ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
/// Names under which they hold what is reached without one.
const DIRECT: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// A proxy for downloads. Does not print its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(ureq::Proxy);

impl Proxy {
    /// The proxy at `url`: `http://user:password@host:port`, all but the host optional. Hosts that `direct` names are
    /// reached without it: `example.com`, `.example.com` for everything below it, `*` for all.
    ///
    /// # Errors
    /// [`IsoError::BadProxy`], without the user's part of the url.
    pub fn new<'a>(url: &str, direct: impl IntoIterator<Item = &'a str>) -> Result<Self, IsoError> {
        let bad = || IsoError::BadProxy(url.rsplit('@').next().unwrap_or_default().to_owned());
        let given = ureq::Proxy::new(url).map_err(|_| bad())?;
        let mut proxy = ureq::Proxy::builder(given.protocol()).host(given.host()).port(given.port());
        if let Some(name) = given.username() {
            proxy = proxy.username(name);
        }
        if let Some(password) = given.password() {
            proxy = proxy.password(password);
        }
        for host in direct {
            proxy = proxy.no_proxy(host.trim());
        }
        proxy.build().map(Self).map_err(|_| bad())
    }

    /// The proxy that an environment asks for, by the usual names (`HTTPS_PROXY`, `NO_PROXY`, …). Urls that cannot be
    /// used are passed over.
    pub fn of_env(vars: &[(OsString, OsString)]) -> Option<Self> {
        let value = |name: &&str| {
            let var = vars.iter().find(|(known, _)| known == name);
            var.and_then(|(_, value)| value.to_str()).filter(|value| !value.is_empty())
        };
        let direct = DIRECT.iter().find_map(value).unwrap_or_default();
        let direct = || direct.split(',').filter(|host| !host.trim().is_empty());
        NAMES.iter().filter_map(value).find_map(|url| Self::new(url, direct()).ok())
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({}:{})", self.0.host(), self.0.port())
    }
}

pub(super) fn agent_proxy(proxy: Option<&Proxy>) -> Option<ureq::Proxy> {
    proxy.map(|proxy| proxy.0.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(vars: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        vars.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn the_environment_is_read_as_programs_do() {
        assert!(Proxy::of_env(&vars(&[("PATH", "/bin"), ("HTTP_PROXY", "")])).is_none());
        let all = vars(&[
            ("http_proxy", "http://weak:1"),
            ("HTTPS_PROXY", "http://user:p%40ss@proxy.example:3128"),
            ("NO_PROXY", "localhost, .internal.example"),
        ]);
        let proxy = Proxy::of_env(&all).unwrap();
        assert_eq!(format!("{proxy:?}"), "Proxy(proxy.example:3128)");
        assert_eq!((proxy.0.username(), proxy.0.password()), (Some("user"), Some("p@ss")));
        for (url, direct) in [
            ("https://mirror.internal.example/x", true),
            ("http://localhost/x", true),
            ("https://example/x", false),
        ] {
            assert_eq!(proxy.0.is_no_proxy(&url.parse().unwrap()), direct, "{url}");
        }
    }

    #[test]
    fn an_error_keeps_the_password_to_itself() {
        let error = Proxy::new("nonsense://user:hunter2@host", []).unwrap_err();
        assert_eq!(error.to_string(), "`host` cannot be used as a proxy");
    }
}
