# What all builders have in the dev environment.
motd_text = "This ${env} system is built from code. Changes made by hand are lost with the next image."
