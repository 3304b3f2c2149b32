# Windows Server on Azure, from the publisher's marketplace image.

variable "azure_image_publisher" {
  type        = string
  description = "Publisher of the image to start from."
  default     = "MicrosoftWindowsServer"
}

variable "azure_image_offer" {
  type        = string
  description = "Its offer."
  default     = "WindowsServer"
}

variable "azure_image_sku" {
  type        = string
  description = "Its SKU."
  default     = "2022-datacenter-core-g2"
}

variable "azure_os_disk_size_gib" {
  type        = number
  description = "Size of the system disk in GiB."
  default     = 127
}

variable "winrm_username" {
  type        = string
  description = "Local account that provisions."
  default     = "packer"
}

locals {
  finish_scripts = [
    "${path.root}/../../../scripts/windows/clean.ps1",
    "${path.root}/../../../scripts/windows/generalise-azure.ps1",
  ]
}

source "azure-arm" "base" {
  tenant_id       = var.azure_tenant_id
  subscription_id = var.azure_subscription_id
  client_id       = var.azure_client_id
  client_secret   = var.azure_client_secret

  location = var.azure_location
  vm_size  = var.azure_vm_size

  os_type         = "Windows"
  image_publisher = var.azure_image_publisher
  image_offer     = var.azure_image_offer
  image_sku       = var.azure_image_sku
  os_disk_size_gb = var.azure_os_disk_size_gib

  managed_image_name                = "windows-base-${var.hybrid_env}-${var.hybrid_build_id}"
  managed_image_resource_group_name = var.azure_resource_group

  azure_tags = {
    owner    = var.owner
    env      = var.hybrid_env
    build-id = var.hybrid_build_id
    run-id   = var.hybrid_run_id
  }

  # Packer makes the account and its password.
  communicator   = "winrm"
  winrm_username = var.winrm_username
  winrm_use_ssl  = true
  winrm_insecure = true
  winrm_timeout  = "20m"
}
