//! How connections are made: TLS, proxies, ssh that never asks, credentials at run time.

use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, Once};

use gix::credentials::helper::{Action, NextAction};
use gix::credentials::protocol::{Context, Outcome};
use gix::error::{ErrorExt, message};
use gix::protocol::transport::client::blocking_io::http;

use super::GitOptions;

/// Asks nobody, and notices a dead peer.
fn quiet_ssh(options: &GitOptions) -> String {
    let seconds = options.idle_timeout.as_secs().clamp(2, 3600);
    let program = ssh(options);
    format!(
        "{program} -o BatchMode=yes -o ConnectTimeout={seconds} -o ServerAliveInterval={} -o ServerAliveCountMax=2",
        (seconds / 2).max(1)
    )
}

/// The program, by the `PATH` of [`GitOptions::environment`]; by this process's where it is not there, or where its path
/// would be several words.
fn ssh(options: &GitOptions) -> String {
    let path = options.environment.get(OsStr::new("PATH"));
    let mut found = path.into_iter().flat_map(std::env::split_paths).map(|dir| dir.join("ssh"));
    let found = found.find(|program| program.is_absolute() && program.is_file());
    let is_word =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte));
    found
        .and_then(|program| program.to_str().filter(|text| is_word(text)).map(str::to_owned))
        .unwrap_or("ssh".into())
}

/// Configuration that every opened repository gets on top of its own.
pub(crate) fn overrides(options: &GitOptions) -> Vec<String> {
    let ssh = options.ssh_command.clone().unwrap_or_else(|| quiet_ssh(options));
    let mut overrides = vec![
        format!("core.sshCommand={ssh}"),
        "protocol.allow=never".to_owned(),
        "core.fsmonitor=false".to_owned(),
        "core.protectHFS=true".to_owned(),
        "core.protectNTFS=true".to_owned(),
        // Reflog entries need somebody to sign them.
        "gitoxide.committer.nameFallback=hybrid".to_owned(),
        "gitoxide.committer.emailFallback=hybrid@localhost".to_owned(),
    ];
    for scheme in ["https", "http", "ssh", "git", "file"] {
        overrides.push(format!("protocol.{scheme}.allow=always"));
    }
    if let Some(threads) = options.threads {
        overrides.push(format!("pack.threads={threads}"));
        overrides.push(format!("checkout.workers={threads}"));
    }
    overrides
}

/// Options of the http transport. Times of the blocking reqwest hold for a single read, not for the whole answer.
pub(crate) fn http_options(options: &GitOptions) -> http::Options {
    static PROVIDER: Once = Once::new();
    // rustls finds its cryptography in a process-wide place; somebody else's choice stays.
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let (ca_file, proxy, idle) = (options.ca_file.clone(), options.proxy.clone(), options.idle_timeout);
    let backend = http::reqwest::Options {
        configure_client: Some(Box::new(move |builder| {
            // Only `proxy` of the options counts, never the environment.
            let mut builder = builder.no_proxy().timeout(idle).connect_timeout(idle);
            if let Some(proxy) = &proxy {
                let proxy = reqwest::Proxy::all(proxy).map_err(gix::Error::from_error)?;
                builder = builder.proxy(proxy);
            }
            if let Some(path) = &ca_file {
                builder = builder.tls_certs_merge(certificates(path)?);
            }
            Ok(builder)
        })),
        configure_request: None,
    };
    http::Options { backend: Some(Arc::new(Mutex::new(backend))), ..http::Options::default() }
}

fn certificates(path: &PathBuf) -> gix::Result<Vec<reqwest::Certificate>> {
    let bytes = std::fs::read(path).map_err(gix::Error::from_error)?;
    reqwest::Certificate::from_pem_bundle(&bytes).map_err(gix::Error::from_error)
}

/// Answers the server's question for credentials by the configured program, or not at all.
pub(crate) fn credentials(options: &GitOptions, action: Action) -> gix::Result<Option<Outcome>> {
    let Some(argv) = &options.credential_program else {
        return match action {
            Action::Get(_) => {
                Err(message("authentication is needed, and no credential program is given").raise())
            }
            Action::Store(_) | Action::Erase(_) => Ok(None),
        };
    };
    let Action::Get(mut context) = action else { return Ok(None) };
    context.destructure_url_in_place(true)?;
    let mut request = Vec::new();
    context.write_to(&mut request).map_err(gix::Error::from_error)?;
    request.push(b'\n');
    let answer = ask(argv, options, &request).map_err(gix::Error::from_error)?;
    let answer = Context::from_bytes(&answer, context.options)?;
    let (Some(username), Some(password)) =
        (answer.username.clone().or(context.username.clone()), answer.password)
    else {
        return Err(message("the credential program knows no user and password").raise());
    };
    let identity = gix::sec::identity::Account { username, password, oauth_refresh_token: None };
    Ok(Some(Outcome { identity, next: NextAction::from(context) }))
}

fn ask(argv: &[std::ffi::OsString], options: &GitOptions, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let (program, arguments) =
        argv.split_first().ok_or_else(|| std::io::Error::other("the credential program is empty"))?;
    let mut child = Command::new(program)
        .args(arguments)
        .arg("get")
        .env_clear()
        .envs(&options.environment)
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its question may still answer.
        let _ = stdin.write_all(request);
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(std::io::Error::other("the credential program failed"))
    }
}
