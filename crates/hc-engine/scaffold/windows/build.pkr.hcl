# What runs in the machine, and what is left of it.

build {
  sources = ["source.@TYPE@.base"]

  provisioner "ansible" {
    except        = var.enable_ansible ? [] : ["@TYPE@.base"]
    playbook_file = "${path.root}/../../../ansible/playbooks/windows.yml"
    galaxy_file   = "${path.root}/../../../ansible/requirements.yml"
    user          = var.winrm_username
    use_proxy     = false
    ansible_env_vars = [
      "ANSIBLE_CONFIG=${path.root}/../../../ansible/ansible.cfg",
      "ANSIBLE_ROLES_PATH=${path.root}/../../../ansible/roles",
    ]
    extra_arguments = [
      "--extra-vars", "ansible_connection=winrm ansible_winrm_server_cert_validation=ignore",
    ]
  }

  # Cleaning comes last: after it the machine is nobody's.
  provisioner "powershell" {
    scripts = local.finish_scripts
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
