# Layer 2 for container images, made by the Docker of the building machine.

variable "docker_image" {
  type        = string
  description = "Image to start from."
}
