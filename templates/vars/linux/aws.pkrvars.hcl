aws_copy_regions = ["eu-central-1"]
aws_region       = "eu-west-1"
