# Debian on vSphere, installed from its network installer with a preseed file.

variable "linux_iso_paths" {
  type        = list(string)
  description = "Datastore paths of the installer's ISO image."
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

variable "vm_disk_mib" {
  type        = number
  description = "Size of the disk in MiB."
  default     = 16384
}

locals {
  finish_scripts = ["${path.root}/../../../scripts/linux/clean-machine.sh"]
}

source "vsphere-iso" "base" {
  vcenter_server      = var.vsphere_server
  username            = var.vsphere_username
  password            = var.vsphere_password
  insecure_connection = var.vsphere_insecure_connection
  datacenter          = var.vsphere_datacenter
  cluster             = var.vsphere_cluster
  datastore           = var.vsphere_datastore
  folder              = var.vsphere_folder

  vm_name              = "linux-base-${var.hybrid_env}-${var.hybrid_build_id}"
  notes                = "Owner ${var.owner}. Build ${var.hybrid_build_id}, run ${var.hybrid_run_id}."
  guest_os_type        = "debian11_64Guest"
  CPUs                 = var.vm_cpus
  RAM                  = var.vm_memory_mib
  disk_controller_type = ["pvscsi"]
  convert_to_template  = true

  storage {
    disk_size             = var.vm_disk_mib
    disk_thin_provisioned = true
  }

  network_adapters {
    network      = var.vsphere_network
    network_card = "vmxnet3"
  }

  iso_paths  = var.linux_iso_paths
  boot_order = "disk,cdrom"

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
