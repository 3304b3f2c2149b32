hostname  = "golden"
motd_text = "This system is built from code. Changes made by hand are lost with the next image."
owner     = "platform"
