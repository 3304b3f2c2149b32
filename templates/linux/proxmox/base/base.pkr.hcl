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

variable "vm_cores" {
  type        = number
  description = "Processor cores."
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
  cores                = var.vm_cores
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
  http_directory = "${path.root}/../../../files/linux/proxmox"
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

build {
  sources = ["source.proxmox-iso.base"]

  provisioner "ansible" {
    except        = var.enable_ansible ? [] : ["proxmox-iso.base"]
    playbook_file = "${path.root}/../../../ansible/playbooks/base.yml"
    galaxy_file   = "${path.root}/../../../ansible/requirements.yml"
    user          = var.ssh_username
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
    except        = var.enable_puppet && var.puppet_mode == "apply" ? [] : ["proxmox-iso.base"]
    manifest_file = "${path.root}/../../../puppet/manifests/site.pp"
    module_paths  = ["${path.root}/../../../puppet/modules"]
  }

  provisioner "shell" {
    execute_command = "sudo -n env {{ .Vars }} sh {{ .Path }}"
    scripts         = ["${path.root}/../../../scripts/linux/clean-machine.sh"]
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
