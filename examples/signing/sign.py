"""Signs a URL: python sign.py '/resize?url=sunset.jpg&width=400' [EXPIRES]"""

import base64
import hmac
import os
import sys


def sign(target: str, key: str, expires: int | None = None) -> str:
    """Return path and query with ``expires``, in seconds since 1970, and their signature."""
    if expires is not None:
        target += f"&expires={expires}"
    digest = hmac.digest(key.encode(), target.encode("ascii"), "sha256")
    return f"{target}&sig={base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


if __name__ == "__main__":
    expires = int(sys.argv[2]) if len(sys.argv) > 2 else None
    print(sign(sys.argv[1], os.environ["PIXMILL_KEYS"].split(",")[0], expires))
