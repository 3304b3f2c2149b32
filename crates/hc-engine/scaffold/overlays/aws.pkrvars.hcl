# Where images are built. Credentials come from AWS_… variables, a profile or the role of this machine.
aws_region = "eu-central-1"
