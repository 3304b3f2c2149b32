# Debian on vSphere: a clone of a template that is already there (imported from the distribution's OVA, say), configured and
# made a template of its own.

variable "vsphere_template" {
  type        = string
  description = "Template to clone: its name, or its path in the inventory."
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

source "vsphere-clone" "clone" {
  vcenter_server      = var.vsphere_server
  username            = var.vsphere_username
  password            = var.vsphere_password
  insecure_connection = var.vsphere_insecure_connection
  datacenter          = var.vsphere_datacenter
  cluster             = var.vsphere_cluster
  datastore           = var.vsphere_datastore
  folder              = var.vsphere_folder

  template            = var.vsphere_template
  vm_name             = "linux-clone-${var.hybrid_env}-${var.hybrid_build_id}"
  notes               = "Owner ${var.owner}. Build ${var.hybrid_build_id}, run ${var.hybrid_run_id}."
  CPUs                = var.vm_cpus
  RAM                 = var.vm_memory_mib
  network             = var.vsphere_network
  convert_to_template = true

  communicator = "ssh"
  ssh_username = var.ssh_username
  ssh_password = var.ssh_password
  ssh_timeout  = "20m"

  shutdown_command = "sudo -n systemctl poweroff"
}

build {
  sources = ["source.vsphere-clone.clone"]

  provisioner "ansible" {
    except        = var.enable_ansible ? [] : ["vsphere-clone.clone"]
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
