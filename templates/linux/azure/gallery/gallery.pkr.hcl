# Debian on Azure as a version in a shared image gallery, which replicates it to further regions. Virtual machines and scale
# sets name the gallery's image; the managed image beside it is what the version was made of.

variable "azure_gallery" {
  type        = string
  description = "Name of the gallery; it and the definition of the image in it exist already."
}

variable "azure_gallery_resource_group" {
  type        = string
  description = "Resource group of the gallery."
}

variable "azure_gallery_image" {
  type        = string
  description = "Definition of the image in the gallery: Linux, generation 2."
  default     = "linux-base"
}

variable "azure_gallery_version" {
  type        = string
  description = "Version to be made, three numbers; a gallery refuses one that it has."
}

variable "azure_gallery_regions" {
  type        = list(string)
  description = "Regions that get the image."
}

source "azure-arm" "gallery" {
  tenant_id       = var.azure_tenant_id
  subscription_id = var.azure_subscription_id
  client_id       = var.azure_client_id
  client_secret   = var.azure_client_secret

  location = var.azure_location
  vm_size  = var.azure_vm_size

  os_type         = "Linux"
  image_publisher = "debian"
  image_offer     = "debian-12"
  image_sku       = "12-gen2"

  managed_image_name                = "linux-gallery-${var.hybrid_env}-${var.hybrid_build_id}"
  managed_image_resource_group_name = var.azure_resource_group

  shared_image_gallery_destination {
    subscription        = var.azure_subscription_id
    resource_group      = var.azure_gallery_resource_group
    gallery_name        = var.azure_gallery
    image_name          = var.azure_gallery_image
    image_version       = var.azure_gallery_version
    replication_regions = var.azure_gallery_regions
  }

  azure_tags = {
    owner    = var.owner
    env      = var.hybrid_env
    build-id = var.hybrid_build_id
    run-id   = var.hybrid_run_id
  }

  communicator = "ssh"
  ssh_username = "packer"
  ssh_timeout  = "20m"
}

build {
  sources = ["source.azure-arm.gallery"]

  provisioner "shell" {
    inline = ["cloud-init status --wait"]
  }

  # The agent's own generalisation comes last: after it nobody can log in any more.
  provisioner "shell" {
    execute_command = "sudo -n env {{ .Vars }} sh {{ .Path }}"
    scripts = [
      "${path.root}/../../../scripts/linux/clean-machine.sh",
      "${path.root}/../../../scripts/linux/deprovision-azure.sh",
    ]
  }

  post-processor "manifest" {
    output = var.hybrid_manifest
    custom_data = {
      build_id = var.hybrid_build_id
      run_id   = var.hybrid_run_id
      env      = var.hybrid_env
    }
  }
}
