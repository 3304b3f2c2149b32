# What all builders have in production.
motd_text = "Authorized use only. All activity may be recorded."
