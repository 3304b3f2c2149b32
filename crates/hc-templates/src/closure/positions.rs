//! What an attribute of a plugin can hold: a path, a command, content, something that is never read. A table, because
//! no plugin says it; what the table does not know is looked at as well, only its failures are no errors.

use hc_records::InputKind;

/// The block that an attribute stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    Source,
    Provisioner,
    PostProcessor,
    Data,
}

/// Where a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// On this machine: it can read the project.
    Host,
    /// In the image: what it names was uploaded before.
    Guest,
}

/// How much a path position insists on its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Packer or its plugin fails without it.
    Must,
    /// It may be made while packer runs.
    May,
}

/// What an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Paths on this machine, perhaps with wildcards.
    Path(Need, InputKind),
    /// A url or a path of a medium: ISO, disk, firmware.
    Medium,
    /// A checksum, or `file:` with the place of one.
    Checksum,
    /// A key or password file: how the machine is reached, not what is in it.
    Credential,
    /// Commands, or their arguments.
    Command(Side),
    /// `NAME=value`, or a map of them.
    Assignments(Side),
    /// Text that becomes part of the image.
    Content,
    /// Maps of attributes by source: `override`.
    Override,
    /// Written by packer, or a path inside of the image.
    Never,
    /// Anything else; a text that names a file counts.
    Other,
}

use InputKind::{Ansible, Asset, Puppet, Script};
use Need::{May, Must};

/// Attributes with one meaning in every block.
const ATTRIBUTES: &[(&str, Role)] = &[
    ("script", Role::Path(Must, Script)),
    ("scripts", Role::Path(Must, Script)),
    ("playbook_file", Role::Path(Must, Ansible)),
    ("playbook_files", Role::Path(Must, Ansible)),
    ("playbook_paths", Role::Path(Must, Ansible)),
    ("playbook_dir", Role::Path(Must, Ansible)),
    ("role_paths", Role::Path(Must, Ansible)),
    ("collection_paths", Role::Path(Must, Ansible)),
    ("galaxy_file", Role::Path(Must, Ansible)),
    ("group_vars", Role::Path(Must, Ansible)),
    ("host_vars", Role::Path(Must, Ansible)),
    ("inventory_file", Role::Path(Must, Ansible)),
    ("inventory_directory", Role::Path(May, Ansible)),
    // ansible-galaxy installs into these.
    ("roles_path", Role::Path(May, Ansible)),
    ("collections_path", Role::Path(May, Ansible)),
    ("manifest_file", Role::Path(Must, Puppet)),
    ("manifest_dir", Role::Path(Must, Puppet)),
    ("module_paths", Role::Path(Must, Puppet)),
    ("hiera_config_path", Role::Path(Must, Puppet)),
    ("cookbook_paths", Role::Path(Must, Asset)),
    ("data_bags_path", Role::Path(Must, Asset)),
    ("environments_path", Role::Path(Must, Asset)),
    ("encrypted_data_bag_secret_path", Role::Path(Must, Asset)),
    ("config_template", Role::Path(Must, Asset)),
    ("local_state_tree", Role::Path(Must, Asset)),
    ("local_pillar_roots", Role::Path(Must, Asset)),
    ("minion_config", Role::Path(Must, Asset)),
    ("grains_file", Role::Path(Must, Asset)),
    ("http_directory", Role::Path(Must, Asset)),
    ("cd_files", Role::Path(Must, Asset)),
    ("floppy_files", Role::Path(Must, Asset)),
    ("floppy_dirs", Role::Path(Must, Asset)),
    ("user_data_file", Role::Path(Must, Asset)),
    ("custom_data_file", Role::Path(Must, Asset)),
    ("startup_script_file", Role::Path(Must, Script)),
    ("metadata_files", Role::Path(Must, Asset)),
    ("unattended_file", Role::Path(Must, Asset)),
    ("vagrantfile_template", Role::Path(May, Asset)),
    ("vmx_template_path", Role::Path(Must, Asset)),
    ("iso_url", Role::Medium),
    ("iso_urls", Role::Medium),
    ("secondary_iso_images", Role::Medium),
    ("source_path", Role::Medium),
    ("clone_from_vmcx_path", Role::Medium),
    ("guest_additions_url", Role::Medium),
    ("tools_source_path", Role::Medium),
    ("from_ipsw", Role::Medium),
    ("efi_firmware_code", Role::Medium),
    ("efi_firmware_vars", Role::Medium),
    ("firmware", Role::Medium),
    ("bios", Role::Medium),
    ("vm_icon", Role::Medium),
    ("iso_checksum", Role::Checksum),
    ("checksum", Role::Checksum),
    ("http_content", Role::Content),
    ("cd_content", Role::Content),
    ("floppy_content", Role::Content),
    ("content", Role::Content),
    ("user_data", Role::Content),
    ("custom_data", Role::Content),
    ("override", Role::Override),
    ("qemuargs", Role::Command(Side::Host)),
    ("qemu_img_args", Role::Command(Side::Host)),
    ("vboxmanage", Role::Command(Side::Host)),
    ("vboxmanage_post", Role::Command(Side::Host)),
    ("prlctl", Role::Command(Side::Host)),
    ("prlctl_post", Role::Command(Side::Host)),
    ("import_flags", Role::Command(Side::Host)),
    ("import_opts", Role::Command(Side::Host)),
    ("export_opts", Role::Command(Side::Host)),
    ("ovftool_options", Role::Command(Side::Host)),
    ("tpmargs", Role::Command(Side::Host)),
    ("program", Role::Command(Side::Host)),
    ("ansible_env_vars", Role::Assignments(Side::Host)),
    ("inspec_env_vars", Role::Assignments(Side::Host)),
    // Written by packer, or inside of the image, or on the platform.
    ("destination", Role::Never),
    ("output", Role::Never),
    ("output_dir", Role::Never),
    ("output_directory", Role::Never),
    ("output_filename", Role::Never),
    ("output_path", Role::Never),
    ("target", Role::Never),
    ("target_path", Role::Never),
    ("export_path", Role::Never),
    ("ovf_export_path", Role::Never),
    ("iso_target_path", Role::Never),
    ("iso_target_extension", Role::Never),
    ("ipsw_target_path", Role::Never),
    ("guest_additions_path", Role::Never),
    ("guest_additions_target_path", Role::Never),
    ("tools_upload_path", Role::Never),
    ("parallels_tools_guest_path", Role::Never),
    ("prlctl_version_file", Role::Never),
    ("virtualbox_version_file", Role::Never),
    ("staging_directory", Role::Never),
    ("staging_dir", Role::Never),
    ("working_directory", Role::Never),
    ("puppet_bin_dir", Role::Never),
    ("temp_path", Role::Never),
    ("temp_dir", Role::Never),
    ("log_file", Role::Never),
    ("log_path", Role::Never),
    ("galaxy_roles_path", Role::Never),
    ("galaxy_collections_path", Role::Never),
    ("sbom_name", Role::Never),
    ("inline_shebang", Role::Never),
    ("boot_command", Role::Never),
    ("iso_paths", Role::Never),
    ("iso_path", Role::Never),
    ("iso_file", Role::Never),
    ("folder", Role::Never),
    ("only", Role::Never),
    ("except", Role::Never),
];

/// Attributes that mean something else in one plugin.
const PLUGINS: &[(Block, &str, &str, Role)] = &[
    (Block::Provisioner, "file", "source", Role::Path(Must, Asset)),
    (Block::Provisioner, "file", "sources", Role::Path(Must, Asset)),
    (Block::Source, "file", "source", Role::Path(Must, Asset)),
    (Block::Source, "vagrant", "template", Role::Path(Must, Asset)),
    (Block::Source, "vagrant", "source_path", Role::Medium),
    (Block::Provisioner, "chef-solo", "roles_path", Role::Path(Must, Asset)),
    (Block::Provisioner, "chef-solo", "remote_cookbook_paths", Role::Never),
    (Block::Provisioner, "salt-masterless", "custom_state", Role::Never),
    (Block::Provisioner, "hcp-sbom", "source", Role::Never),
    (Block::Provisioner, "inspec", "profile", Role::Path(May, Asset)),
    (Block::Provisioner, "ansible", "extra_arguments", Role::Command(Side::Host)),
    (Block::Provisioner, "ansible", "ansible_ssh_extra_args", Role::Command(Side::Host)),
    (Block::Provisioner, "ansible", "command", Role::Command(Side::Host)),
    (Block::Provisioner, "ansible", "galaxy_command", Role::Command(Side::Host)),
    (Block::Provisioner, "inspec", "command", Role::Command(Side::Host)),
    (Block::Provisioner, "inspec", "extra_arguments", Role::Command(Side::Host)),
    (Block::PostProcessor, "vagrant", "include", Role::Path(May, Asset)),
    (Block::PostProcessor, "artifice", "files", Role::Never),
    (Block::Data, "git-repository", "path", Role::Never),
];

/// Endings of attributes that hold paths on this machine, by the custom of plugins.
const PATH_ENDINGS: &[&str] = &[
    "_file",
    "_files",
    "_path",
    "_paths",
    "_dir",
    "_dirs",
    "_directory",
    "_directories",
    "_script",
    "_scripts",
];
/// Beginnings and parts of names that say: not on this machine, or not read.
const ELSEWHERE: &[&str] = &[
    "remote_", "guest_", "output_", "export_", "log_", "target_", "_target", "temp_", "tmp_", "staging_",
    "upload_",
];
/// Endings of attributes that hold credentials.
const CREDENTIALS: &[&str] = &[
    "private_key_file",
    "private_key_path",
    "certificate_file",
    "public_key_file",
    "authorized_key_file",
    "authorized_keys_file",
    "host_key_file",
    "client_cert_path",
    "client_key_path",
    "validation_key_path",
    "credentials_file",
    "account_file",
    "token_file",
    "kubeconfig",
    "ca_file",
    "cert_file",
    "key_file",
];

/// What the attribute `name` of a plugin holds.
pub(super) fn role(block: Block, plugin: &str, name: &str) -> Role {
    let special = PLUGINS
        .iter()
        .find(|(of, label, attribute, _)| *of == block && *label == plugin && *attribute == name);
    if let Some((.., role)) = special {
        return *role;
    }
    if let Some((_, role)) = ATTRIBUTES.iter().find(|(attribute, _)| *attribute == name) {
        return *role;
    }
    let side = match plugin {
        "shell-local" | "external" | "external-raw" => Side::Host,
        _ => Side::Guest,
    };
    match name {
        "inline" | "command" | "commands" | "execute_command" | "run_command" | "changes"
        | "shutdown_command" => Role::Command(side),
        _ if name.ends_with("_command") || name.ends_with("_commands") || name.ends_with("_arguments") => {
            Role::Command(side)
        }
        "environment_vars" | "env" => Role::Assignments(side),
        _ if CREDENTIALS.iter().any(|ending| name.ends_with(ending)) => Role::Credential,
        _ if name.ends_with("_checksum") => Role::Checksum,
        _ if ELSEWHERE
            .iter()
            .any(|part| name.starts_with(part) || part.starts_with('_') && name.contains(part)) =>
        {
            Role::Never
        }
        _ if PATH_ENDINGS.iter().any(|ending| name.ends_with(ending)) => Role::Path(May, Asset),
        _ => Role::Other,
    }
}

/// What the attribute of a block inside of a plugin's holds: `build` of docker names a Dockerfile.
pub(super) fn nested_role(block: Block, plugin: &str, inner: &str, name: &str) -> Role {
    match (plugin, inner, name) {
        ("docker", "build", "path" | "build_dir") => Role::Path(Must, Asset),
        (_, "export", _) => Role::Never,
        _ => role(block, plugin, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_known_by_name_by_plugin_and_by_custom() {
        let provisioner = |plugin, name| role(Block::Provisioner, plugin, name);
        assert_eq!(provisioner("file", "source"), Role::Path(Must, Asset));
        assert_eq!(provisioner("hcp-sbom", "source"), Role::Never);
        assert_eq!(provisioner("shell", "inline"), Role::Command(Side::Guest));
        assert_eq!(provisioner("shell-local", "inline"), Role::Command(Side::Host));
        assert_eq!(provisioner("shell", "remote_path"), Role::Never);
        assert_eq!(provisioner("goss", "vars_file"), Role::Path(May, Asset));
        assert_eq!(provisioner("ansible", "ssh_host_key_file"), Role::Credential);
        assert_eq!(role(Block::Source, "x", "iso_target_path"), Role::Never);
        assert_eq!(role(Block::Source, "x", "vm_name"), Role::Other);
        assert_eq!(nested_role(Block::Source, "docker", "build", "path"), Role::Path(Must, Asset));
    }
}
