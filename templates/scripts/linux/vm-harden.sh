#!/bin/sh
# Closes what a locked-down machine does not need. LOGIN_GRACE_SECONDS.
set -eu
cat >/etc/ssh/sshd_config.d/50-hardened.conf <<CONF
PasswordAuthentication no
KbdInteractiveAuthentication no
X11Forwarding no
AllowTcpForwarding no
AllowAgentForwarding no
LoginGraceTime ${LOGIN_GRACE_SECONDS:?}
CONF
sshd -t
cat >/etc/sysctl.d/60-hardened.conf <<'CONF'
kernel.kptr_restrict = 2
kernel.dmesg_restrict = 1
kernel.unprivileged_bpf_disabled = 1
net.ipv4.conf.all.rp_filter = 1
net.ipv4.conf.all.accept_redirects = 0
CONF
sysctl --quiet --load /etc/sysctl.d/60-hardened.conf
