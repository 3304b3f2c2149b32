//! Which rules are for which source.

use std::sync::LazyLock;

use super::rule::Compiled;
use super::{aws, azure, clouds, google, here, proxmox, vsphere};

/// All families.
pub(super) static FAMILIES: LazyLock<Vec<Compiled>> = LazyLock::new(|| {
    let mut families = vec![&aws::AWS, &azure::AZURE, &google::GOOGLE, &vsphere::VSPHERE, &proxmox::PROXMOX];
    families.extend([&clouds::OPENSTACK, &clouds::HCLOUD, &clouds::DIGITALOCEAN]);
    families.extend([&here::DOCKER, &here::VIRTUALBOX]);
    families.into_iter().map(Compiled::new).collect()
});

/// What every source may leave.
pub(super) static EVERYBODY: LazyLock<Compiled> = LazyLock::new(|| Compiled::new(&here::EVERYBODY));

/// The family of a source `type.name`, or the one of a platform where no part of the name is a known type.
pub(super) fn family(source: &str, platform: &str) -> Option<&'static Compiled> {
    let is_of = |one: &&Compiled, part: &str| one.family.types.iter().any(|kind| part.starts_with(kind));
    let by_type = source.split('.').find_map(|part| FAMILIES.iter().find(|one| is_of(one, part)));
    by_type.or_else(|| {
        FAMILIES.iter().find(|one| one.family.platforms.iter().any(|name| platform.contains(name)))
    })
}
