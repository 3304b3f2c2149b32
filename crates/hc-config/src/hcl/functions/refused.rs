//! Functions that are never evaluated here, with the reason: they have another value in every run, or one that no
//! file of the project decides.

/// Name, fewest and most arguments, why, and what to do about it.
type Refused = (&'static str, usize, usize, &'static str, &'static str);

const TIME: &str = "depends on the time of the run";
const CHANCE: &str = "has another value in every run";
const SERVER: &str = "asks a server when packer runs";
const VALUE: &str = "write the value down, or give it with --set";
const SECRET: &str =
    "a secret is a value of its own: env(\"NAME\"), file(\"PATH\"), command(…) or vault(\"path\", \"field\")";

pub(super) const TABLE: &[Refused] = &[
    ("aws_secretsmanager", 1, 2, SERVER, SECRET),
    ("aws_secretsmanager_raw", 1, 1, SERVER, SECRET),
    ("bcrypt", 1, 2, CHANCE, "write the hash down"),
    ("consul_key", 1, 1, SERVER, VALUE),
    ("env", 1, 1, "reads the environment", SECRET),
    ("legacy_isotime", 0, 1, TIME, VALUE),
    ("legacy_strftime", 0, 1, TIME, VALUE),
    ("rsadecrypt", 2, 2, "gives a secret", SECRET),
    ("timestamp", 0, 0, TIME, VALUE),
    ("uuidv4", 0, 0, CHANCE, "use uuidv5(), whose value stays, or write one down"),
    ("vault", 2, 2, SERVER, SECRET),
];

/// Why the function is not evaluated, and what to do about it.
pub(super) fn why(name: &str) -> Option<(&'static str, &'static str)> {
    TABLE.iter().find(|refused| refused.0 == name).map(|(.., why, hint)| (*why, *hint))
}
