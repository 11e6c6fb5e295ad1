"""`python -m infra.probe [live|ready]`: asks the process of this container how it is; exit code 0 when it is well."""

import os
import sys
import urllib.request

if __name__ == "__main__":
    what, port = (sys.argv[1:] or ["ready"])[0], os.environ.get("THROUGHLINE_HTTP_PORT", "8080")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/{what}", timeout=3) as answer:
            sys.exit(0 if answer.status == 200 else 1)
    except OSError as error:
        sys.exit(f"{what}: {type(error).__name__}")
