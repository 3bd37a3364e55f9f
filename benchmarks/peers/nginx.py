"""nginx with image_filter, from Debian, two workers; it keeps the format and speaks no AVIF."""

import getpass
import re
import shutil
import subprocess
from pathlib import Path

from benchmarks.peers.peer import QUALITY, NotInstalled, Start

CONFIG = """\
user {user};
load_module /usr/lib/nginx/modules/ngx_http_image_filter_module.so;
worker_processes 2;
daemon off;
pid {home}/nginx.pid;
error_log {home}/nginx.log error;
events {{}}
http {{
  access_log off;
  client_body_temp_path {home}/nginx-body;
  proxy_temp_path {home}/nginx-proxy;
  fastcgi_temp_path {home}/nginx-fastcgi;
  uwsgi_temp_path {home}/nginx-uwsgi;
  scgi_temp_path {home}/nginx-scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{origin};
      image_filter resize $arg_side $arg_side;
      image_filter_buffer 64M;
      image_filter_jpeg_quality $arg_quality;
      image_filter_webp_quality $arg_quality;
    }}
  }}
}}
"""


class Nginx:
    name = "nginx"

    def install(self, _home: Path) -> str:
        if not Path("/usr/lib/nginx/modules/ngx_http_image_filter_module.so").exists():
            command = ["apt-get", "install", "-y", "-qq", "nginx", "libnginx-mod-http-image-filter"]
            if not shutil.which("apt-get") or subprocess.run(command, check=False).returncode:
                raise NotInstalled("no nginx with its image filter, and apt-get cannot install it")
        shown = subprocess.run(["nginx", "-v"], check=True, capture_output=True, text=True).stderr
        found = re.search(r"[\d.]+", shown)
        return found[0] if found else "?"

    def start(self, home: Path, port: int, origin: int) -> Start:
        config = home / "nginx.conf"
        config.write_text(CONFIG.format(user=getpass.getuser(), home=home, port=port, origin=origin))
        return Start(["nginx", "-c", str(config), "-p", str(home)])

    def url(self, source: str, kind: str, into: str, side: int, quality: int | None = None) -> str | None:
        can = kind == into and into in {"jpeg", "png", "webp"}
        return f"{source}&side={side}&quality={quality or QUALITY[into] or 80}" if can else None
