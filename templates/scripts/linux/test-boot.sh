#!/usr/bin/env bash
# Starts a disk image with a throw-away overlay and a key of its own, and looks at what runs. $1 is the image, $2 … are
# checks of that image: web, hardened, ansible; bios and uefi also say how it is started. A disk with a kernel beside it is
# started with that.
set -euo pipefail

image=$(realpath "${1:?usage: test-boot.sh IMAGE [CHECK…]}")
shift
here=$(cd "$(dirname "$0")" && pwd)
dir=$(dirname "$image")
work=$(mktemp -d)
pid=
finish() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  [ -z "$pid" ] || wait "$pid" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

before=$(sha256sum <"$image")
qemu-img create -q -f qcow2 -b "$image" -F qcow2 "$work/overlay.qcow2"
ssh-keygen -q -t ed25519 -N '' -C test -f "$work/key"
# A port that nobody listens on; taken for good when qemu starts.
port=$((20000 + RANDOM % 20000))
if [ -f "$dir/vmlinuz" ]; then
  boot=(-kernel "$dir/vmlinuz" -initrd "$dir/initrd.img" -append "root=/dev/vda console=ttyS0 net.ifnames=0")
else
  boot=()
fi
case " $* " in *" uefi "*) boot+=(-bios /usr/share/ovmf/OVMF.fd) ;; esac
"$here/qemu-auto.sh" -machine pc,accel=tcg -cpu max -smp 2 -m 1024 -display none -no-reboot -nodefaults \
  -serial "file:$work/serial.log" -drive "file=$work/overlay.qcow2,if=virtio,format=qcow2" \
  -netdev "user,id=net,hostfwd=tcp:127.0.0.1:$port-:22" -device virtio-net,netdev=net \
  "${boot[@]}" \
  -smbios "type=11,value=io.systemd.credential.binary:ssh.authorized_keys.root=$(base64 -w0 "$work/key.pub")" \
  </dev/null &
pid=$!
guest() {
  ssh -i "$work/key" -p "$port" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o LogLevel=ERROR -o ConnectTimeout=5 root@127.0.0.1 "$@" </dev/null
}
started=$SECONDS
until guest true 2>/dev/null; do
  if ! kill -0 "$pid" 2>/dev/null || [ $((SECONDS - started)) -gt 300 ]; then
    echo "FAILED  the machine does not answer after $((SECONDS - started)) s; its last words:"
    tail -n 15 "$work/serial.log" || true
    exit 1
  fi
  sleep 1
done
echo "ok      the machine answers after $((SECONDS - started)) s"

failed=0
check() {
  local what=$1
  shift
  if guest "$@" >/dev/null 2>&1; then
    echo "ok      $what"
  else
    echo "FAILED  $what"
    failed=1
  fi
}
check "it starts to the end, nothing failed" 'systemctl is-system-running --wait | grep -qx running'
check "it has an identity of its own" 'test -s /etc/machine-id && ls /etc/ssh/ssh_host_ed25519_key'
check "it says what it is" 'test -s /etc/hybrid-release'
check "only this key may log in" 'test "$(wc -l < /root/.ssh/authorized_keys)" -eq 1'
for name in "$@"; do
  case $name in
    web)
      check "web: the service runs" 'systemctl is-active web.service'
      check "web: it answers" 'python3 -c "import urllib.request as u; assert b\"Built from code\" in u.urlopen(\"http://127.0.0.1/\").read()"'
      ;;
    hardened)
      check "hardened: no passwords over ssh" 'sshd -T | grep -qx "passwordauthentication no"'
      check "hardened: kernel pointers are hidden" 'test "$(sysctl -n kernel.kptr_restrict)" = 2'
      ;;
    bios)
      check "bios: its own boot loader started it" 'grep -q BOOT_IMAGE= /proc/cmdline && test ! -d /sys/firmware/efi'
      ;;
    uefi)
      check "uefi: its own boot loader started it" 'grep -q BOOT_IMAGE= /proc/cmdline && test -d /sys/firmware/efi'
      ;;
    ansible)
      check "ansible: message of the day" 'test -s /etc/motd'
      check "ansible: operator account" 'id operator-image'
      ;;
    *)
      echo "FAILED  there is no check \`$name\`"
      failed=1
      ;;
  esac
done
kill "$pid"
wait "$pid" 2>/dev/null || true
pid=
if [ "$(sha256sum <"$image")" != "$before" ]; then
  echo "FAILED  the image was written to"
  failed=1
fi
exit "$failed"
