# Production runs in two more regions.
aws_copy_regions = ["eu-central-1", "eu-north-1"]
