# Debian for QEMU and KVM: the seed disk, configured inside the running machine by shell, Ansible and Puppet.

source "qemu" "base" {
  qemu_binary          = "${path.root}/../../../scripts/linux/qemu-auto.sh"
  accelerator          = "tcg"
  headless             = true
  disable_vnc          = true
  disk_image           = true
  iso_url              = var.hybrid_parent_image
  iso_checksum         = "none"
  output_directory     = var.hybrid_output_dir
  vm_name              = "disk.qcow2"
  format               = "qcow2"
  disk_compression     = true
  disk_interface       = "virtio"
  disk_size            = var.vm_disk_size
  net_device           = "virtio-net"
  memory               = var.vm_memory_mib
  cpus                 = var.vm_cpus
  qemuargs             = local.qemu_args
  boot_wait            = "-1s"
  ssh_username         = "root"
  ssh_private_key_file = var.hybrid_ssh_private_key_file
  ssh_timeout          = var.ssh_timeout
  shutdown_command     = local.stop
}

build {
  sources = ["source.qemu.base"]

  provisioner "shell" {
    environment_vars = ["IMAGE_HOSTNAME=${var.hostname}", "IMAGE_RELEASE=IMAGE=linux.qemu.base ENVIRONMENT=${var.hybrid_env} ANSIBLE=${var.enable_ansible} PUPPET=${var.enable_puppet ? var.puppet_mode : false}"]
    scripts          = ["${local.scripts}/vm-release.sh"]
  }

  provisioner "ansible" {
    except        = var.enable_ansible ? [] : ["qemu.base"]
    playbook_file = "${path.root}/../../../ansible/playbooks/base.yml"
    user          = "root"
    use_proxy     = false
    ansible_env_vars = [
      "ANSIBLE_CONFIG=${path.root}/../../../ansible/ansible.cfg",
      "ANSIBLE_ROLES_PATH=${path.root}/../../../ansible/roles",
      "ANSIBLE_HOST_KEY_CHECKING=False",
    ]
    extra_arguments = [
      "--extra-vars",
      jsonencode({ ansible_become = false, ansible_python_interpreter = "/usr/bin/python3", motd_text = var.motd_text, motd_owner = var.owner, base_hostname = var.hostname }),
    ]
  }

  provisioner "file" {
    except      = var.enable_puppet ? [] : ["qemu.base"]
    source      = "${path.root}/../../../puppet"
    destination = "/tmp"
  }

  provisioner "shell" {
    except           = var.enable_puppet ? [] : ["qemu.base"]
    environment_vars = ["PUPPET_MODE=${var.puppet_mode}"]
    scripts          = ["${local.scripts}/vm-puppet.sh"]
  }

  provisioner "shell" {
    scripts = ["${local.scripts}/vm-clean.sh"]
  }

  post-processors {
    post-processor "shell-local" {
      environment_vars = ["PARENT=${local.parent_dir}", "OUTPUT=${var.hybrid_output_dir}"]
      scripts          = ["${local.scripts}/vm-kernel.sh"]
    }

    post-processor "artifice" {
      files = ["${var.hybrid_output_dir}/disk.qcow2", "${var.hybrid_output_dir}/initrd.img", "${var.hybrid_output_dir}/vmlinuz"]
    }

    post-processor "checksum" {
      checksum_types = ["sha256"]
      output         = "${var.hybrid_output_dir}/SHA256SUMS"
    }

    post-processor "manifest" {
      output     = var.hybrid_manifest
      strip_path = false
      custom_data = {
        build_id = var.hybrid_build_id
        run_id   = var.hybrid_run_id
        env      = var.hybrid_env
        parent   = var.hybrid_parent_build_id
      }
    }
  }
}
