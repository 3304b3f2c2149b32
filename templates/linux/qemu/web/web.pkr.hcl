# A web server on top of linux.qemu.base: starts from its published disk, adds a service.

variable "web_port" {
  type        = number
  description = "Port of the service."
  default     = 80
}

source "qemu" "web" {
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
  sources = ["source.qemu.web"]

  provisioner "shell" {
    environment_vars = [
      "IMAGE_HOSTNAME=${var.hostname}",
      "IMAGE_RELEASE=IMAGE=linux.qemu.web ENVIRONMENT=${var.hybrid_env} PARENT=${var.hybrid_parent_build_id}",
      "WEB_PORT=${var.web_port}",
    ]
    scripts = ["${local.scripts}/vm-release.sh", "${local.scripts}/vm-web.sh"]
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
