file_name = "motd"
