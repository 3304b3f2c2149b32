#!/bin/sh
# A web server as a service of its own user. WEB_PORT.
set -eu
mkdir -p /srv/www
printf '<!doctype html>\n<title>hybrid</title>\n<p>Built from code.</p>\n' >/srv/www/index.html
cat >/etc/systemd/system/web.service <<UNIT
[Unit]
Description=Web server of this image
After=network.target

[Service]
DynamicUser=yes
AmbientCapabilities=CAP_NET_BIND_SERVICE
ExecStart=/usr/bin/python3 -m http.server ${WEB_PORT:?} --directory /srv/www
Restart=on-failure

[Install]
WantedBy=multi-user.target
UNIT
systemctl enable --quiet web.service
systemctl start web.service
