#!/usr/bin/env bash
# qemu with KVM where it really works, with software emulation elsewhere. Stands in for qemu-system-x86_64.
# /dev/kvm that can be opened proves nothing: nested, it may start a guest that dies. So a kernel is started.
set -euo pipefail

qemu=$(command -v qemu-system-x86_64)
kernel=
previous=
for word in "$@"; do
  [ "$previous" != -kernel ] || kernel=$word
  previous=$word
done

kvm_works() {
  [ -w /dev/kvm ] && [ -n "$kernel" ] || return 1
  # In the foreground: in a process group of its own it would outlive an interrupted build.
  timeout --foreground 5 "$qemu" -accel kvm -cpu max -m 256 -display none -nodefaults -no-reboot -serial stdio \
    -kernel "$kernel" -append "console=ttyS0 earlyprintk=ttyS0 panic=-1" </dev/null 2>/dev/null |
    grep -q -m 1 "Linux version"
}

if [ -z "$kernel" ] || ! kvm_works; then
  exec "$qemu" "$@"
fi
words=()
for word in "$@"; do
  words+=("${word/accel=tcg/accel=kvm}")
done
exec "$qemu" "${words[@]}"
