# Windows Server on vSphere. Setup runs unattended from a CD; WinRM opens with a password that comes through the
# guest's settings (guestinfo), so that no file on the CD has to hold one.

variable "windows_iso_paths" {
  type        = list(string)
  description = "Datastore paths of the ISO images: Windows first, VMware Tools second."
}

variable "winrm_username" {
  type        = string
  description = "Local account that provisions."
  default     = "packer"
}

variable "winrm_password" {
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
  default     = 4096
}

variable "vm_disk_mib" {
  type        = number
  description = "Size of the disk in MiB."
  default     = 61440
}

locals {
  finish_scripts = ["${path.root}/../../../scripts/windows/clean.ps1"]
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

  vm_name              = "windows-base-${var.hybrid_env}-${var.hybrid_build_id}"
  notes                = "Owner ${var.owner}. Build ${var.hybrid_build_id}, run ${var.hybrid_run_id}."
  guest_os_type        = "windows2019srvNext_64Guest"
  firmware             = "efi-secure"
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

  iso_paths = var.windows_iso_paths
  cd_label  = "HYBRID"
  cd_files = [
    "${path.root}/../../../files/windows/autounattend.xml",
    "${path.root}/../../../scripts/windows/open-winrm.ps1",
  ]
  configuration_parameters = {
    "guestinfo.hybrid.winrm_username" = var.winrm_username
    "guestinfo.hybrid.winrm_password" = var.winrm_password
  }

  boot_order   = "disk,cdrom"
  boot_wait    = "3s"
  boot_command = ["<spacebar><spacebar>"]

  communicator   = "winrm"
  winrm_username = var.winrm_username
  winrm_password = var.winrm_password
  winrm_use_ssl  = true
  winrm_insecure = true
  winrm_timeout  = "2h"

  shutdown_command = "shutdown /s /t 10 /f /d p:4:1 /c hybrid"
  shutdown_timeout = "30m"
}
