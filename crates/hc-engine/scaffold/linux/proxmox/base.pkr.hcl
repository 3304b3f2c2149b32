# Debian on Proxmox VE, installed from its network installer with a preseed file.

variable "iso_file" {
  type        = string
  description = "Installer in a Proxmox storage."
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

source "proxmox-iso" "base" {
  proxmox_url              = var.proxmox_url
  username                 = var.proxmox_username
  password                 = var.proxmox_password
  insecure_skip_tls_verify = var.proxmox_insecure_skip_tls_verify
  node                     = var.proxmox_node

  vm_name              = "linux-base-${var.hybrid_env}"
  template_name        = "linux-base-${var.hybrid_env}"
  template_description = "Owner ${var.owner}. Build ${var.hybrid_build_id}, run ${var.hybrid_run_id}."
  os                   = "l26"
  cores                = var.vm_cpus
  memory               = var.vm_memory_mib
  scsi_controller      = "virtio-scsi-pci"
  qemu_agent           = true

  disks {
    type              = "scsi"
    disk_size         = var.vm_disk_size
    storage_pool      = var.proxmox_storage_pool
    storage_pool_type = var.proxmox_storage_pool_type
    format            = "raw"
  }

  network_adapters {
    model  = "virtio"
    bridge = var.proxmox_bridge
  }

  iso_file    = var.iso_file
  unmount_iso = true

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
}
