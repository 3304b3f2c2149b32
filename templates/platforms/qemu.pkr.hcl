# Layer 2 for QEMU: a disk that was built before is started, with its kernel or by its own boot loader, provisioned over SSH,
# and packed.
# The key of the run comes in as a systemd credential and is gone from the disk when the machine stops.

variable "hybrid_parent_image" {
  type        = string
  description = "Disk that the image starts from: the newest published one of the parent."
  default     = "disk.qcow2"
}

variable "hybrid_parent_build_id" {
  type        = string
  description = "Build of that disk."
  default     = ""
}

variable "hybrid_ssh_private_key_file" {
  type        = string
  description = "Private key of this run."
  default     = ""
}

variable "hybrid_ssh_public_key" {
  type        = string
  description = "Public key of this run."
  default     = ""
}

variable "vm_memory_mib" {
  type        = number
  description = "Memory during the build, in MiB."
  default     = 1024
}

variable "vm_cpus" {
  type        = number
  description = "Processors during the build."
  default     = 2
}

variable "vm_disk_size" {
  type        = string
  description = "Size of the disk, with its unit; not below the parent's."
  default     = "2G"
}

variable "ssh_timeout" {
  type        = string
  description = "How long the machine may take until it answers; software emulation is slow."
  default     = "10m"
}

locals {
  scripts    = "${path.root}/../../../scripts/linux"
  parent_dir = dirname(var.hybrid_parent_image)
  # accel=tcg becomes kvm in qemu-auto.sh, where KVM works. This is what a disk with a boot loader needs.
  disk_args = [
    ["-cpu", "max"],
    ["-smbios", "type=11,value=io.systemd.credential.binary:ssh.authorized_keys.root=${base64encode(var.hybrid_ssh_public_key)}"],
  ]
  # For one without, the hypervisor is given kernel and initrd.
  qemu_args = [
    ["-cpu", "max"],
    ["-kernel", "${dirname(var.hybrid_parent_image)}/vmlinuz"],
    ["-initrd", "${dirname(var.hybrid_parent_image)}/initrd.img"],
    ["-append", "root=/dev/vda console=ttyS0 net.ifnames=0"],
    ["-smbios", "type=11,value=io.systemd.credential.binary:ssh.authorized_keys.root=${base64encode(var.hybrid_ssh_public_key)}"],
  ]
  # What identifies a machine goes last, in one command: after it nobody can connect again.
  stop = "rm -rf /etc/ssh/ssh_host_* /root/.ssh /root/.ansible && : > /etc/machine-id && systemctl poweroff"
}
