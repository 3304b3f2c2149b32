hostname = "web"
