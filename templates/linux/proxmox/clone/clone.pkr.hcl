# Debian on Proxmox VE: a clone of a template that is already there (made from the distribution's cloud image, say). Faster
# than an installation, and nothing is typed at a boot prompt.

variable "proxmox_template" {
  type        = string
  description = "Template to clone, by its name."
}

variable "ssh_username" {
  type        = string
  description = "Account of that template."
  default     = "packer"
}

variable "ssh_password" {
  type        = string
  description = "Its password."
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

source "proxmox-clone" "clone" {
  proxmox_url              = var.proxmox_url
  username                 = var.proxmox_username
  password                 = var.proxmox_password
  insecure_skip_tls_verify = var.proxmox_insecure_skip_tls_verify
  node                     = var.proxmox_node

  clone_vm   = var.proxmox_template
  full_clone = true

  # Without an id of its own, Proxmox gives the next free one: builds do not race for it.
  template_name        = "linux-clone-${var.hybrid_env}"
  template_description = "Owner ${var.owner}. Build ${var.hybrid_build_id}, run ${var.hybrid_run_id}."
  os                   = "l26"
  cores                = var.vm_cores
  memory               = var.vm_memory_mib
  scsi_controller      = "virtio-scsi-pci"
  qemu_agent           = true

  network_adapters {
    model  = "virtio"
    bridge = var.proxmox_bridge
  }

  communicator = "ssh"
  ssh_username = var.ssh_username
  ssh_password = var.ssh_password
  ssh_timeout  = "20m"
}

build {
  sources = ["source.proxmox-clone.clone"]

  provisioner "ansible" {
    except        = var.enable_ansible ? [] : ["proxmox-clone.clone"]
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
