# Layer 2 for Amazon EC2: where the machine is built. Credentials come from the environment or the instance's role.

variable "aws_region" {
  type        = string
  description = "Region of build and image."
}

variable "aws_instance_type" {
  type        = string
  description = "Size of the machine during the build."
  default     = "t3.small"
}

variable "aws_subnet_id" {
  type        = string
  description = "Subnet of the machine during the build; empty for the default one."
  default     = ""
}

variable "aws_copy_regions" {
  type        = list(string)
  description = "Further regions that get a copy of the image."
  default     = []
}
