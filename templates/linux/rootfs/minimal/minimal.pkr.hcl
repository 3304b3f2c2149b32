# A minimal Debian root file system as a reproducible tarball: bootstrap, Ansible, Puppet, clean, pack.
# The null source has no machine; every step is a script that works on a directory below the output.

source "null" "minimal" {
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
  sources = ["source.null.minimal"]

  provisioner "shell-local" {
    environment_vars = concat(local.rootfs_env, [
      "ROOTFS_SUITE=${var.rootfs_suite}",
      "ROOTFS_PACKAGES=${join(",", concat(var.rootfs_packages, var.enable_ansible ? ["python3"] : [], var.enable_puppet ? ["puppet-agent"] : []))}",
      "ROOTFS_HOSTNAME=${var.hostname}",
      "ROOTFS_RELEASE=IMAGE=linux.rootfs.minimal ENVIRONMENT=${var.hybrid_env} ANSIBLE=${var.enable_ansible} PUPPET=${var.enable_puppet ? var.puppet_mode : false}",
    ])
    scripts = ["${local.scripts}/rootfs-bootstrap.sh"]
  }

  provisioner "shell-local" {
    except = var.enable_ansible ? [] : ["null.minimal"]
    environment_vars = concat(local.rootfs_env, [
      "ROOTFS_PLAYBOOK=base.yml",
      "ROOTFS_ANSIBLE_VARS=${jsonencode({ motd_text = var.motd_text, motd_owner = var.owner, base_hostname = var.hostname })}",
    ])
    scripts = ["${local.scripts}/rootfs-ansible.sh"]
  }

  provisioner "shell-local" {
    except = var.enable_puppet ? [] : ["null.minimal"]
    environment_vars = concat(local.rootfs_env, [
      "ROOTFS_PUPPET_MODE=${var.puppet_mode}",
      "ROOTFS_PUPPET_SERVER=${var.puppet_server}",
    ])
    scripts = ["${local.scripts}/rootfs-puppet.sh"]
  }

  provisioner "shell-local" {
    environment_vars = concat(local.rootfs_env, ["ROOTFS_COMPRESSION=${var.rootfs_compression}"])
    scripts = [
      "${local.scripts}/rootfs-clean.sh",
      "${local.scripts}/rootfs-pack.sh",
    ]
  }

  post-processors {
    # The null builder has no artifact of its own: this is what makes the files one.
    post-processor "artifice" {
      files = [
        "${var.hybrid_output_dir}/rootfs.tar.zst",
        "${var.hybrid_output_dir}/rootfs.packages",
      ]
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
        suite    = var.rootfs_suite
      }
    }
  }
}
