#!/usr/bin/env bash
# qemu with KVM where it really works, with software emulation elsewhere. Stands in for qemu-system-x86_64.
# /dev/kvm that can be opened proves nothing: nested, it may start a guest that dies. So a kernel is started.
set -euo pipefail

qemu=$(command -v qemu-system-x86_64)
kernel=''
disk=''
firmware=()
previous=''
for word in "$@"; do
  case $previous in
    -kernel) kernel=$word ;;
    -bios) firmware=(-bios "$word") ;;
    -drive)
      # Of several, the first is what is started.
      if [ -z "$disk" ] && [[ $word == *file=* ]]; then
        disk=${word#*file=} disk=${disk%%,*}
      fi
      ;;
  esac
  previous=$word
done

# What is to be started is started, for as long as it takes to hear from its kernel; nothing is written to the disk.
started=()
if [ -n "$kernel" ]; then
  started=(-kernel "$kernel" -append "console=ttyS0 earlyprintk=ttyS0 panic=-1")
elif [ -f "$disk" ]; then
  started=("${firmware[@]}" -drive "file=$disk,if=virtio,snapshot=on")
fi
kvm_works() {
  [ -w /dev/kvm ] && [ ${#started[@]} -gt 0 ] || return 1
  local said probe heard
  # In the foreground: in a process group of its own it would outlive an interrupted build.
  exec {said}< <(exec timeout --foreground 20 "$qemu" -accel kvm -cpu max -m 512 -display none -nodefaults -no-reboot \
    -serial stdio "${started[@]}" </dev/null 2>&1)
  probe=$!
  # A broken KVM says so and stands still.
  heard=$(grep -a -m 1 -o -e "Linux version" -e "KVM internal error" <&"$said") || heard=''
  kill "$probe" 2>/dev/null || true
  exec {said}<&-
  [ "$heard" = "Linux version" ]
}

if ! kvm_works; then
  exec "$qemu" "$@"
fi
words=()
for word in "$@"; do
  words+=("${word/accel=tcg/accel=kvm}")
done
exec "$qemu" "${words[@]}"
