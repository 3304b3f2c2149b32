# Debian on Amazon EC2, from the publisher's image: an encrypted AMI, copied to further regions.
# Credentials come from the environment (AWS_PROFILE, AWS_ACCESS_KEY_ID, …) or from the role of the building machine.

variable "aws_source_name" {
  type        = string
  description = "Name pattern of the image to start from; the newest match is taken."
  default     = "debian-12-amd64-*"
}

variable "aws_source_owner" {
  type        = string
  description = "Account that publishes it: Debian's."
  default     = "136693071363"
}

variable "aws_disk_gib" {
  type        = number
  description = "Size of the system disk in GiB."
  default     = 8
}

locals {
  # The image's name has to be new; the build id is.
  image = "linux-base-${var.hybrid_env}-${var.hybrid_build_id}"
  tags = {
    Name     = local.image
    owner    = var.owner
    env      = var.hybrid_env
    build-id = var.hybrid_build_id
    run-id   = var.hybrid_run_id
  }
}

source "amazon-ebs" "base" {
  region        = var.aws_region
  ami_regions   = var.aws_copy_regions
  instance_type = var.aws_instance_type
  subnet_id     = var.aws_subnet_id

  source_ami_filter {
    most_recent = true
    owners      = [var.aws_source_owner]
    filters = {
      name                = var.aws_source_name
      root-device-type    = "ebs"
      virtualization-type = "hvm"
    }
  }

  ami_name        = local.image
  ami_description = "Owner ${var.owner}. Build ${var.hybrid_build_id}, run ${var.hybrid_run_id}."
  encrypt_boot    = true

  launch_block_device_mappings {
    device_name           = "/dev/xvda"
    volume_size           = var.aws_disk_gib
    volume_type           = "gp3"
    iops                  = 3000
    throughput            = 125
    delete_on_termination = true
  }

  # The same on the image, on its snapshots, and on what exists during the build: `hybrid orphans` and people find it by them.
  tags            = local.tags
  snapshot_tags   = local.tags
  run_tags        = local.tags
  run_volume_tags = local.tags

  communicator = "ssh"
  ssh_username = "admin"
  ssh_timeout  = "20m"
}

build {
  sources = ["source.amazon-ebs.base"]

  provisioner "shell" {
    inline = ["cloud-init status --wait"]
  }

  provisioner "ansible" {
    except        = var.enable_ansible ? [] : ["amazon-ebs.base"]
    playbook_file = "${path.root}/../../../ansible/playbooks/base.yml"
    galaxy_file   = "${path.root}/../../../ansible/requirements.yml"
    user          = "admin"
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
