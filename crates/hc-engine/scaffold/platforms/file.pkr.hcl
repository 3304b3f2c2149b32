# Layer 2 for plain files, made by the `file` builder: seconds-fast, for first steps and tests.

variable "file_name" {
  type        = string
  description = "Name of the file in the output directory."
}
