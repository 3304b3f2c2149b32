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

variable "hybrid_cloudinit_file" {
  type        = string
  description = "File with the merged cloud-init user data; set by hybrid."
  default     = ""
}

variable "azure_os_disk_size_gib" {
  type        = number
  description = "Size of the system disk in GiB."
  default     = 30
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

  custom_data_file = var.hybrid_cloudinit_file

  managed_image_name                = "linux-base-${var.hybrid_env}-${var.hybrid_build_id}"
  managed_image_resource_group_name = var.azure_resource_group

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
  sources = ["source.azure-arm.base"]

  provisioner "shell" {
    inline = ["cloud-init status --wait"]
  }

  provisioner "ansible" {
    except        = var.enable_ansible ? [] : ["azure-arm.base"]
    playbook_file = "${path.root}/../../../ansible/playbooks/base.yml"
    galaxy_file   = "${path.root}/../../../ansible/requirements.yml"
    user          = "packer"
    use_proxy     = false
    ansible_env_vars = [
      "ANSIBLE_CONFIG=${path.root}/../../../ansible/ansible.cfg",
      "ANSIBLE_ROLES_PATH=${path.root}/../../../ansible/roles",
    ]
    extra_arguments = [
      "--extra-vars", jsonencode({ motd_text = var.motd_text, motd_owner = var.owner, base_hostname = var.hostname }),
    ]
  }

  provisioner "puppet-masterless" {
    except        = var.enable_puppet && var.puppet_mode == "apply" ? [] : ["azure-arm.base"]
    manifest_file = "${path.root}/../../../puppet/manifests/site.pp"
    module_paths  = ["${path.root}/../../../puppet/modules"]
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
