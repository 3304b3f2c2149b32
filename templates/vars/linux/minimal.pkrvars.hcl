hostname = "minimal"
