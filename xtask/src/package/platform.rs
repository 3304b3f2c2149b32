//! What is packaged, and for which machines.

/// The crate of the program.
pub(super) const CRATE: &str = "hc-cli";
/// The name of the program.
pub(super) const PROGRAM: &str = "hybrid";

/// What is compiled for.
pub(super) struct Platform {
    /// The target triple.
    pub(super) target: String,
}

/// The platform of `.deb` and `.rpm`: this machine's processor with the C library of distributions.
pub(super) fn glibc() -> Platform {
    Platform { target: format!("{}-unknown-linux-gnu", std::env::consts::ARCH) }
}

/// The platform of the tarball: this machine's processor, and nothing of the system it runs on.
pub(super) fn musl() -> Platform {
    Platform { target: format!("{}-unknown-linux-musl", std::env::consts::ARCH) }
}
