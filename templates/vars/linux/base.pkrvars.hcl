hostname = "base"
