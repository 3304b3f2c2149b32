# Debian on Amazon EC2, from the publisher's image.

variable "aws_source_name" {
  type        = string
  description = "Name pattern of the image to start from; the newest match is taken."
  default     = "debian-12-amd64-*"
}

variable "aws_source_owner" {
  type        = string
  description = "Account that publishes it."
  default     = "136693071363"
}

variable "ssh_username" {
  type        = string
  description = "Account of the image to start from."
  default     = "admin"
}

locals {
  finish_scripts = ["${path.root}/../../../scripts/linux/clean-machine.sh"]
}

source "amazon-ebs" "base" {
  region        = var.aws_region
  instance_type = var.aws_instance_type
  subnet_id     = var.aws_subnet_id

  ami_name        = "linux-base-${var.hybrid_env}-${var.hybrid_build_id}"
  ami_description = "Owner ${var.owner}. Build ${var.hybrid_build_id}, run ${var.hybrid_run_id}."

  source_ami_filter {
    most_recent = true
    owners      = [var.aws_source_owner]
    filters = {
      name                = var.aws_source_name
      root-device-type    = "ebs"
      virtualization-type = "hvm"
    }
  }

  tags = {
    owner    = var.owner
    env      = var.hybrid_env
    build-id = var.hybrid_build_id
    run-id   = var.hybrid_run_id
  }

  communicator = "ssh"
  ssh_username = var.ssh_username
  ssh_timeout  = "20m"
}
