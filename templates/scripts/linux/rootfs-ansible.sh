#!/usr/bin/env bash
# Applies a playbook to the root file system, over Ansible's chroot connection.
# ROOTFS_PLAYBOOK (below ansible/playbooks), ROOTFS_ANSIBLE_VARS (a JSON object).
# shellcheck source=rootfs-common.sh
. "$(dirname "$0")/rootfs-common.sh"

command -v ansible-playbook >/dev/null || die "ansible-playbook is not installed (or switch the stack off: hybrid provisioners disable ansible)"
[ -d "$root" ] || die "there is no root file system to work on"
[ -x "$root/usr/bin/python3" ] || die "ansible needs python3 inside the root file system"

ansible=$(cd "${ROOTFS_TEMPLATES:?}/ansible" && pwd)
mount -t proc proc "$root/proc"
export ANSIBLE_CONFIG="$ansible/ansible.cfg"
export ANSIBLE_ROLES_PATH="$ansible/roles"
export ANSIBLE_LOCAL_TEMP="$work/ansible-local"
export ANSIBLE_REMOTE_TEMP=/tmp/.ansible
export ANSIBLE_HOME="$work/ansible-home"
# Root is already who acts in the chroot, and it has no sudo.
ansible-playbook \
  --connection community.general.chroot \
  --inventory rootfs, \
  --extra-vars "$(printf '{"ansible_host": "%s", "ansible_become": false, "ansible_python_interpreter": "/usr/bin/python3"}' "$root")" \
  --extra-vars "${ROOTFS_ANSIBLE_VARS:?}" \
  "$ansible/playbooks/${ROOTFS_PLAYBOOK:?}"
rm -rf "$root/tmp/.ansible" "$root/root/.ansible"
