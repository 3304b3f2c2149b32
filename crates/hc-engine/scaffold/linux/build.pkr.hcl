# What runs in the machine, and what is left of it.

build {
  sources = ["source.@TYPE@.base"]

  provisioner "ansible" {
    except        = var.enable_ansible ? [] : ["@TYPE@.base"]
    playbook_file = "${path.root}/../../../ansible/playbooks/linux.yml"
    user          = var.ssh_username
    use_proxy     = false
    ansible_env_vars = [
      "ANSIBLE_CONFIG=${path.root}/../../../ansible/ansible.cfg",
      "ANSIBLE_ROLES_PATH=${path.root}/../../../ansible/roles",
    ]
    extra_arguments = [
      "--extra-vars", jsonencode({ motd_text = var.motd_text, motd_owner = var.owner }),
    ]
  }

  # Cleaning comes last: after it nobody can log in any more.
  provisioner "shell" {
    execute_command = "sudo -n env {{ .Vars }} sh {{ .Path }}"
    scripts         = local.finish_scripts
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
