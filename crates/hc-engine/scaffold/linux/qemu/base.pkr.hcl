# Debian in a QEMU machine, installed from its network installer with a preseed file.

variable "iso_url" {
  type        = string
  description = "Installer; downloaded once and kept by its checksum."
}

variable "iso_checksum" {
  type        = string
  description = "Checksum of the installer: `sha256:…`."
}

variable "ssh_username" {
  type        = string
  description = "Account that the installer creates and that provisions."
  default     = "packer"
}

variable "ssh_password" {
  type        = string
  description = "Its password during the build."
  sensitive   = true
}

variable "vm_cpus" {
  type        = number
  description = "Virtual processors."
  default     = 2
}

variable "vm_memory_mib" {
  type        = number
  description = "Memory in MiB."
  default     = 2048
}

variable "vm_disk_size" {
  type        = string
  description = "Size of the disk, with its unit."
  default     = "16G"
}

locals {
  finish_scripts = ["${path.root}/../../../scripts/linux/clean-machine.sh"]
}

source "qemu" "base" {
  vm_name          = "linux-base.qcow2"
  output_directory = var.hybrid_output_dir
  format           = "qcow2"

  accelerator    = var.qemu_accelerator
  headless       = var.qemu_headless
  cpus           = var.vm_cpus
  memory         = var.vm_memory_mib
  disk_size      = var.vm_disk_size
  disk_interface = "virtio"
  net_device     = "virtio-net"

  iso_url      = var.iso_url
  iso_checksum = var.iso_checksum

  # The preseed file is public and static: names and passwords go to the installer on its command line.
  http_directory = "${path.root}/../../../files/linux"
  boot_wait      = "5s"
  boot_command = [
    "<esc><wait>",
    "auto url=http://{{ .HTTPIP }}:{{ .HTTPPort }}/preseed.cfg ",
    "hostname=${var.hostname} domain= ",
    "passwd/username=${var.ssh_username} ",
    "passwd/user-password=${var.ssh_password} passwd/user-password-again=${var.ssh_password} ",
    "<enter>",
  ]

  communicator = "ssh"
  ssh_username = var.ssh_username
  ssh_password = var.ssh_password
  ssh_timeout  = "45m"

  shutdown_command = "sudo -n systemctl poweroff"
}
