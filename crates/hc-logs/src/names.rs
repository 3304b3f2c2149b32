//! Which names announce a credential, and which values under such a name are worth hiding (LOG-2).
//!
//! Pure: looks at names and values that it is given, and keeps none.

use crate::redact::MIN_SECRET;

/// Words that make a name that of a credential, wherever they stand in it, also as the end of a word: `PGPASSWORD`.
const ANYWHERE: [&str; 11] = [
    "PASSWORD",
    "PASSWORDS",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "SECRETS",
    "TOKEN",
    "TOKENS",
    "CREDENTIAL",
    "CREDENTIALS",
    "APIKEY",
];
/// Words that do so as the last one of several.
const LAST: [&str; 15] = [
    "KEY",
    "PASS",
    "PWD",
    "AUTH",
    "PAT",
    "SAS",
    "COOKIE",
    "PIN",
    "BEARER",
    "CREDS",
    "JWT",
    "SSHPASS",
    "SECRETKEY",
    "ACCESSKEY",
    "PRIVATEKEY",
];
/// Pairs of last words that do so: of Docker's logins, of Oracle's key.
const PAIRS: [[&str; 2]; 2] = [["AUTH", "CONFIG"], ["KEY", "CONTENT"]];
/// Words that alone are a credential.
const ALONE: [&str; 3] = ["SSHPASS", "PASS", "APIKEY"];
/// Last words that say something about a credential: where it is, what it is called, how long it lives.
const ABOUT: [&str; 37] = [
    "FILE",
    "FILES",
    "PATH",
    "PATHS",
    "DIR",
    "DIRECTORY",
    "SOCK",
    "SOCKET",
    "URL",
    "URI",
    "ENDPOINT",
    "HOST",
    "PORT",
    "ID",
    "IDS",
    "NAME",
    "NAMES",
    "USER",
    "USERNAME",
    "TYPE",
    "TTL",
    "TIMEOUT",
    "LENGTH",
    "SIZE",
    "BITS",
    "VERSION",
    "EXPIRY",
    "EXPIRES",
    "EXPIRATION",
    "LIFETIME",
    "REGION",
    "ALGORITHM",
    "FORMAT",
    "PROVIDER",
    "PROMPT",
    "HELPER",
    "POLICY",
];
/// Values that everybody's password is, or that stand everywhere: hidden, they would hide half of every log.
const EVERYBODYS: [&str; 14] = [
    "administrator",
    "changeme",
    "default",
    "example",
    "localhost",
    "password",
    "passw0rd",
    "postgres",
    "production",
    "staging",
    "undefined",
    "vagrant",
    "windows",
    "development",
];
/// Shorter values of one kind of characters are likely to be ordinary words or numbers, in bytes.
const TELLING: usize = 8;

/// Whether a variable, option or key of this name holds a credential: `PROXMOX_PASSWORD`, `clientSecret`, `--api-key`.
pub fn is_credential(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last() else { return false };
    if words.iter().any(|word| word == "PUBLIC") {
        return false;
    }
    let is_strong = |word: &String| ANYWHERE.iter().any(|strong| word.ends_with(strong));
    if ABOUT.contains(&last.as_str()) {
        // The second half of what AppRole logs in with.
        return words.ends_with(&["SECRET".to_owned(), "ID".to_owned()]);
    }
    words.iter().any(is_strong)
        || (words.len() > 1 && LAST.contains(&last.as_str()))
        || PAIRS.iter().any(|pair| words.ends_with(&pair.map(str::to_owned)))
        || ALONE.contains(&last.as_str())
}

/// Whether hiding a value hides a secret and not half of every line: no everyday word, no small number, no switch.
pub fn is_telling(value: &str) -> bool {
    let value = value.trim();
    let one_kind = |kind: fn(&u8) -> bool| value.as_bytes().iter().all(kind);
    let is_plain = one_kind(u8::is_ascii_lowercase)
        || one_kind(u8::is_ascii_uppercase)
        || one_kind(u8::is_ascii_digit)
        || value.chars().skip(1).all(|c| c.is_ascii_lowercase());
    let least = if is_plain { TELLING } else { MIN_SECRET };
    value.len() >= least && !EVERYBODYS.contains(&value.to_ascii_lowercase().as_str())
}

/// The words of a name, in capitals, without the numbers that they end with: `adminPassword2` has `ADMIN` and `PASSWORD`.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in name.split(|c: char| !c.is_alphanumeric()) {
        let mut word = String::new();
        let mut before = ' ';
        for c in part.chars() {
            if c.is_uppercase() && before.is_lowercase() && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            word.extend(c.to_uppercase());
            before = c;
        }
        words.push(word);
    }
    for word in &mut words {
        word.truncate(word.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_credentials_are_told_from_names_about_them() {
        for name in [
            "PROXMOX_PASSWORD",
            "ARM_CLIENT_SECRET",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "GOVC_PASSWORD",
            "PGPASSWORD",
            "MYSQL_PWD",
            "SSHPASS",
            "HCLOUD_TOKEN",
            "GOOGLE_CREDENTIALS",
            "VAULT_SECRET_ID",
            "clientSecret",
            "admin_password",
            "--api-key",
            "apikey",
            "DB_PASSWORD2",
            "OS_APPLICATION_CREDENTIAL_SECRET",
            "password",
            "ARM_ACCESS_KEY",
            "DOCKER_AUTH_CONFIG",
            "OCI_CLI_KEY_CONTENT",
            "OUTSCALE_SECRETKEY",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in [
            "PATH",
            "PWD",
            "OLDPWD",
            "KEYMAP",
            "KEYBOARD",
            "GIT_AUTHOR_NAME",
            "SSH_AUTH_SOCK",
            "AWS_SHARED_CREDENTIALS_FILE",
            "ANSIBLE_VAULT_PASSWORD_FILE",
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "AWS_ACCESS_KEY_ID",
            "OS_APPLICATION_CREDENTIAL_ID",
            "SSH_PUBLIC_KEY",
            "AWS_KEY_NAME",
            "XDG_SESSION_ID",
            "TOKEN_TTL",
            "COMPASS",
            "HOSTNAME",
            "key",
            "",
        ] {
            assert!(!is_credential(name), "{name}");
        }
    }

    #[test]
    fn values_that_stand_everywhere_are_not_worth_hiding() {
        for value in ["hunter2", "correct-horse", "Pa55", "s3cr", "aaaaaaaa", "12345678"] {
            assert!(is_telling(value), "{value}");
        }
        for value in ["", "abc", "true", "False", "3600", "packer", "vagrant", "Ubuntu", "password", " a1 "] {
            assert!(!is_telling(value), "{value}");
        }
    }

    proptest! {
        #[test]
        fn what_stands_around_a_credential_does_not_hide_it(before in "[A-Z]{0,8}", number in "[0-9]{0,3}") {
            for word in ["PASSWORD", "SECRET", "TOKEN", "PASSPHRASE"] {
                prop_assume!(before != "PUBLIC");
                let screaming = format!("{before}_{word}{number}");
                let dashed = format!("--{}-{}{number}", before.to_lowercase(), word.to_lowercase());
                prop_assert!(is_credential(&screaming) && is_credential(&dashed));
            }
        }
    }
}
