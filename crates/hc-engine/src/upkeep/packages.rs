//! Package managers, and which of their packages have which command. Data and pure functions: nothing is looked up and
//! nothing is run here.

use std::collections::BTreeSet;

/// A package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// Debian, Ubuntu.
    Apt,
    /// Fedora, Red Hat.
    Dnf,
    /// SUSE.
    Zypper,
    /// Arch.
    Pacman,
    /// Alpine.
    Apk,
    /// Homebrew.
    Brew,
}

/// All of them; the first that a machine has is the one that it lives by.
pub const MANAGERS: [Manager; 6] =
    [Manager::Apt, Manager::Dnf, Manager::Zypper, Manager::Pacman, Manager::Apk, Manager::Brew];

impl Manager {
    /// The program.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Apt => "apt-get",
            Self::Dnf => "dnf",
            Self::Zypper => "zypper",
            Self::Pacman => "pacman",
            Self::Apk => "apk",
            Self::Brew => "brew",
        }
    }

    /// Words that bring the lists up to date, where installing does not do it by itself.
    pub const fn refresh(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Apt => Some(&["apt-get", "update"]),
            _ => None,
        }
    }

    /// Words before the packages.
    pub const fn install(self) -> &'static [&'static str] {
        match self {
            Self::Apt => &["apt-get", "install", "--yes", "--no-install-recommends"],
            Self::Dnf => &["dnf", "install", "--assumeyes"],
            Self::Zypper => &["zypper", "--non-interactive", "install"],
            Self::Pacman => &["pacman", "-Sy", "--needed", "--noconfirm"],
            Self::Apk => &["apk", "add"],
            Self::Brew => &["brew", "install"],
        }
    }

    /// The packages that have a command. One that is not in the table is a package of the command's own name.
    pub fn packages(self, command: &str) -> Vec<&str> {
        let Some((_, packages)) = TABLE.iter().find(|(commands, _)| commands.contains(&command)) else {
            return vec![command];
        };
        let packages = packages[self as usize];
        if packages.is_empty() { vec![command] } else { packages.split(' ').collect() }
    }

    /// The packages of several commands, sorted.
    pub fn packages_of<'a>(self, commands: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let packages: BTreeSet<&str> =
            commands.into_iter().flat_map(|command| self.packages(command)).collect();
        packages.into_iter().map(str::to_owned).collect()
    }

    /// The line that a person types; `privilege` is what it takes to act as root.
    pub fn line(self, packages: &[String], privilege: Option<&str>) -> String {
        // Homebrew refuses to work as root.
        let privilege = privilege.filter(|_| self != Self::Brew);
        let command = |words: &[&str]| {
            let words = privilege.into_iter().chain(words.iter().copied());
            words.collect::<Vec<_>>().join(" ")
        };
        let install = format!("{} {}", command(self.install()), packages.join(" "));
        self.refresh().map_or_else(|| install.clone(), |refresh| format!("{} && {install}", command(refresh)))
    }
}

/// Commands, and files by their absolute paths, whose package has another name somewhere: apt, dnf, zypper, pacman, apk, brew. Empty: the command's name.
const TABLE: &[(&[&str], [&str; 6])] = &[
    (&["/usr/share/ovmf/OVMF.fd"], ["ovmf", "edk2-ovmf", "qemu-ovmf-x86_64", "edk2-ovmf", "ovmf", "qemu"]),
    (&["ansible-playbook", "ansible"], ["ansible"; 6]),
    (&["cc"], ["gcc libc6-dev", "gcc", "gcc", "gcc", "gcc musl-dev", "gcc"]),
    (&["debugfs", "dumpe2fs", "e2fsck", "mkfs.ext4", "resize2fs", "tune2fs"], ["e2fsprogs"; 6]),
    (&["docker"], ["docker.io", "docker", "docker", "docker", "docker", "docker"]),
    (&["dpkg-query", "dpkg-deb"], ["dpkg"; 6]),
    (&["flock", "lsblk", "setpriv", "unshare"], ["util-linux"; 6]),
    (&["genisoimage"], ["genisoimage", "genisoimage", "", "cdrtools", "cdrkit", "cdrtools"]),
    (&["git-upload-pack"], ["git"; 6]),
    (&["gpg"], ["gnupg", "gnupg2", "gpg2", "gnupg", "gnupg", "gnupg"]),
    // Where it bootstraps Debian on its relatives, it needs Debian's keys.
    (&["mmdebstrap"], ["mmdebstrap debian-archive-keyring", "", "", "", "", ""]),
    (&["mcopy", "mmd"], ["mtools"; 6]),
    (&["mkfs.fat", "mkfs.vfat"], ["dosfstools"; 6]),
    (&["mount", "umount"], ["mount", "util-linux", "util-linux", "util-linux", "util-linux", "util-linux"]),
    (&["op"], ["1password-cli"; 6]),
    (&["packer"], ["", "", "", "", "", "hashicorp/tap/packer"]),
    (&["kill", "pkill", "ps"], ["procps", "procps-ng", "procps", "procps-ng", "procps", "procps"]),
    (&["puppet"], ["puppet-agent", "", "", "", "", ""]),
    (&["python3"], ["", "", "", "python", "", "python"]),
    (&["qemu-img", "qemu-nbd"], ["qemu-utils", "qemu-img", "qemu-tools", "qemu-img", "qemu-img", "qemu"]),
    (
        &["qemu-system-x86_64"],
        ["qemu-system-x86", "qemu-system-x86", "qemu-x86", "qemu-system-x86", "", "qemu"],
    ),
    (
        &["qemu-system-aarch64"],
        ["qemu-system-arm", "qemu-system-aarch64", "qemu-arm", "qemu-system-aarch64", "", "qemu"],
    ),
    (&["sfdisk"], ["fdisk", "util-linux", "util-linux", "util-linux", "sfdisk", "util-linux"]),
    (
        &["ssh", "ssh-add", "ssh-keygen", "ssh-keyscan"],
        ["openssh-client", "openssh-clients", "openssh-clients", "openssh", "openssh-client", "openssh"],
    ),
    (
        &["sshd"],
        ["openssh-server", "openssh-server", "openssh-server", "openssh", "openssh-server", "openssh"],
    ),
    (&["systemctl"], ["systemd"; 6]),
    (&["vault"], ["", "", "", "", "", "hashicorp/tap/vault"]),
    (&["xz"], ["xz-utils", "", "", "", "", ""]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_in_the_table_once_and_unknown_ones_stand_for_themselves() {
        let mut seen = BTreeSet::new();
        for command in TABLE.iter().flat_map(|(commands, _)| commands.iter()) {
            assert!(seen.insert(command), "{command} is in two rows");
        }
        assert_eq!(Manager::Apt.packages("strace"), ["strace"]);
        assert_eq!(Manager::Apt.packages("mkfs.ext4"), ["e2fsprogs"]);
        assert_eq!(Manager::Brew.packages("puppet"), ["puppet"]);
    }

    #[test]
    fn a_line_installs_each_package_once() {
        let packages = Manager::Apt.packages_of(["ssh", "ssh-keygen", "cc"]);
        assert_eq!(packages, ["gcc", "libc6-dev", "openssh-client"]);
        assert_eq!(
            Manager::Apt.line(&packages, Some("sudo")),
            "sudo apt-get update && sudo apt-get install --yes --no-install-recommends gcc libc6-dev openssh-client"
        );
        assert_eq!(Manager::Dnf.line(&["zstd".into()], None), "dnf install --assumeyes zstd");
        assert_eq!(Manager::Brew.line(&["zstd".into()], Some("sudo")), "brew install zstd");
    }
}
