#!/usr/bin/env bash
# Turns the root file system into disk.qcow2 that starts by itself, under a BIOS and under UEFI, and removes the working
# directory. The boot loader is the image's own GRUB; nothing is mounted. ROOTFS_DISK_SIZE (with its unit).
# shellcheck source=rootfs-common.sh
. "$(dirname "$0")/rootfs-common.sh"

[ -d "$root" ] || die "there is no root file system to work on"
if [ ! -e "$root/vmlinuz" ] || [ ! -e "$root/initrd.img" ]; then
  die "the root file system has no kernel"
fi

# In sectors of 512 bytes: GRUB's own partition, the one that UEFI reads, and the root file system.
loader=2048 firmware=4096 system=69632
total=$(($(numfmt --from=iec "${ROOTFS_DISK_SIZE:?}") / 512))
# The second partition table lies at the end.
system_size=$((total - system - 2048))
disk=$work/disk.raw
truncate --size "$((total * 512))" "$disk"
# The same identifiers for the same inputs.
sfdisk --quiet "$disk" <<TABLE
label: gpt
label-id: 6F1D5A52-0C43-4A8E-9B57-1F3A7A1F2C13
start=$loader, size=$((firmware - loader)), type=21686148-6449-6E6F-744E-656564454649, uuid=6F1D5A52-0C43-4A8E-9B57-1F3A7A1F2C14
start=$firmware, size=$((system - firmware)), type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=6F1D5A52-0C43-4A8E-9B57-1F3A7A1F2C15
start=$system, size=$system_size, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, uuid=6F1D5A52-0C43-4A8E-9B57-1F3A7A1F2C16
TABLE
put() { dd if="$1" of="$disk" bs=512 seek="$2" conv=notrunc,sparse status=none; }

cat >"$root/boot/early.cfg" <<'CONFIG'
serial --unit=0 --speed=115200
terminal_output serial
search --no-floppy --label root --set root
linux /vmlinuz root=LABEL=root ro console=ttyS0 net.ifnames=0
initrd /initrd.img
boot
CONFIG
modules=(part_gpt ext2 linux serial terminal search search_label boot)
grub() { chroot "$root" grub-mkimage --prefix /boot/grub --config /boot/early.cfg "$@" "${modules[@]}"; }
grub --format i386-pc --output /boot/core.img biosdisk
grub --format x86_64-efi --output /boot/BOOTX64.EFI

# A BIOS runs 440 bytes of the first sector, which read GRUB from where the table says.
little_endian() {
  local at
  for at in 0 8 16 24 32 40 48 56; do
    printf '%b' "\\x$(printf '%02x' $(($1 >> at & 255)))"
  done
}
head -c 440 "$root/usr/lib/grub/i386-pc/boot.img" | dd of="$disk" bs=440 conv=notrunc iflag=fullblock status=none
little_endian "$loader" | dd of="$disk" bs=1 seek=92 conv=notrunc status=none
[ "$(stat -c %s "$root/boot/core.img")" -le $(((firmware - loader) * 512)) ] || die "GRUB is larger than its partition"
put "$root/boot/core.img" "$loader"
little_endian "$((loader + 1))" | dd of="$disk" bs=1 seek=$((loader * 512 + 500)) conv=notrunc status=none

# UEFI starts the program that lies where removable media have it.
mkdir -p "$work/esp/EFI/BOOT"
mv "$root/boot/BOOTX64.EFI" "$work/esp/EFI/BOOT/"
truncate --size "$(((system - firmware) * 512))" "$work/esp.raw"
mkfs.vfat -n FIRMWARE -i 6F1D5A52 "$work/esp.raw" >/dev/null
mcopy -s -i "$work/esp.raw" "$work/esp/EFI" ::/
put "$work/esp.raw" "$firmware"

rm "$root/boot/early.cfg" "$root/boot/core.img"
sed -i 's|^/dev/vda |LABEL=root |' "$root/etc/fstab"
truncate --size "$((system_size * 512))" "$work/system.raw"
# GRUB 2.06 does not read file systems with a checksum seed of their own.
mkfs.ext4 -q -F -L root -U 6f1d5a52-0c43-4a8e-9b57-1f3a7a1f2c11 -O ^metadata_csum_seed \
  -E hash_seed=6f1d5a52-0c43-4a8e-9b57-1f3a7a1f2c12 -d "$root" "$work/system.raw"
put "$work/system.raw" "$system"
qemu-img convert -O qcow2 "$disk" "$ROOTFS_OUTPUT/disk.qcow2"
rm -rf "$work"
if [ -n "${SUDO_UID:-}" ]; then
  chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$ROOTFS_OUTPUT"
fi
echo "disk of $ROOTFS_DISK_SIZE, $(stat -c %s "$ROOTFS_OUTPUT/disk.qcow2") bytes"
