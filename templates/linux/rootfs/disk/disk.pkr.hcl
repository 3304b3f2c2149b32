# A Debian disk that starts by itself, under a BIOS and under UEFI, made without a hypervisor: the seed of images for clouds and
# hypervisors that are given a disk and nothing else.

variable "disk_size" {
  type        = string
  description = "Size of the disk, with its unit."
  default     = "2G"
}

source "null" "disk" {
  communicator = "none"
}

locals {
  scripts = "${path.root}/../../../scripts/linux"
  rootfs_env = [
    "ROOTFS_OUTPUT=${var.hybrid_output_dir}",
    "ROOTFS_TEMPLATES=${path.root}/../../..",
    "SOURCE_DATE_EPOCH=${var.source_date_epoch}",
  ]
}

build {
  sources = ["source.null.disk"]

  provisioner "shell-local" {
    environment_vars = concat(local.rootfs_env, [
      "ROOTFS_SUITE=${var.rootfs_suite}",
      "ROOTFS_PACKAGES=${join(",", var.rootfs_packages)}",
      "ROOTFS_HOSTNAME=${var.hostname}",
      "ROOTFS_RELEASE=IMAGE=linux.rootfs.disk ENVIRONMENT=${var.hybrid_env}",
    ])
    scripts = ["${local.scripts}/rootfs-bootstrap.sh"]
  }

  provisioner "shell-local" {
    environment_vars = concat(local.rootfs_env, ["ROOTFS_DISK_SIZE=${var.disk_size}"])
    scripts = [
      "${local.scripts}/rootfs-bootable.sh",
      "${local.scripts}/rootfs-clean.sh",
      "${local.scripts}/rootfs-loader.sh",
    ]
  }

  post-processors {
    post-processor "artifice" {
      files = ["${var.hybrid_output_dir}/disk.qcow2"]
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
      }
    }
  }
}
