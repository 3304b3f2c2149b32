hostname            = "closed"
login_grace_seconds = 15
