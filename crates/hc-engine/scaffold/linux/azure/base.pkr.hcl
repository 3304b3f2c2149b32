# Debian on Azure, from the publisher's marketplace image.

variable "azure_image_publisher" {
  type        = string
  description = "Publisher of the image to start from."
  default     = "debian"
}

variable "azure_image_offer" {
  type        = string
  description = "Its offer."
  default     = "debian-12"
}

variable "azure_image_sku" {
  type        = string
  description = "Its SKU."
  default     = "12-gen2"
}

variable "azure_os_disk_size_gib" {
  type        = number
  description = "Size of the system disk in GiB."
  default     = 30
}

variable "ssh_username" {
  type        = string
  description = "Account that provisions; it goes before the image is taken."
  default     = "packer"
}

locals {
  finish_scripts = [
    "${path.root}/../../../scripts/linux/clean-machine.sh",
    "${path.root}/../../../scripts/linux/deprovision-azure.sh",
  ]
}

source "azure-arm" "base" {
  tenant_id       = var.azure_tenant_id
  subscription_id = var.azure_subscription_id
  client_id       = var.azure_client_id
  client_secret   = var.azure_client_secret

  location = var.azure_location
  vm_size  = var.azure_vm_size

  os_type         = "Linux"
  image_publisher = var.azure_image_publisher
  image_offer     = var.azure_image_offer
  image_sku       = var.azure_image_sku
  os_disk_size_gb = var.azure_os_disk_size_gib

  managed_image_name                = "linux-base-${var.hybrid_env}-${var.hybrid_build_id}"
  managed_image_resource_group_name = var.azure_resource_group

  azure_tags = {
    owner    = var.owner
    env      = var.hybrid_env
    build-id = var.hybrid_build_id
    run-id   = var.hybrid_run_id
  }

  communicator = "ssh"
  ssh_username = var.ssh_username
  ssh_timeout  = "20m"
}
