file_name = "notice.txt"
