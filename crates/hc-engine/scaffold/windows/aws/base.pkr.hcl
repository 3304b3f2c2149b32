# Windows Server on Amazon EC2, from the publisher's image.

variable "aws_source_name" {
  type        = string
  description = "Name pattern of the image to start from; the newest match is taken."
  default     = "Windows_Server-2022-English-Core-Base-*"
}

variable "aws_source_owner" {
  type        = string
  description = "Account that publishes it."
  default     = "801119661308"
}

variable "winrm_username" {
  type        = string
  description = "Local account that provisions."
  default     = "Administrator"
}

locals {
  finish_scripts = [
    "${path.root}/../../../scripts/windows/clean.ps1",
    "${path.root}/../../../scripts/windows/generalise-aws.ps1",
  ]
}

source "amazon-ebs" "base" {
  region        = var.aws_region
  instance_type = var.aws_instance_type
  subnet_id     = var.aws_subnet_id

  ami_name        = "windows-base-${var.hybrid_env}-${var.hybrid_build_id}"
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

  user_data_file = "${path.root}/../../../scripts/windows/open-winrm-cloud.ps1"

  # EC2 makes the account's password and packer decrypts it.
  communicator   = "winrm"
  winrm_username = var.winrm_username
  winrm_use_ssl  = true
  winrm_insecure = true
  winrm_timeout  = "30m"
}
