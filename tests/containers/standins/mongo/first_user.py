"""The first user, made from this machine once the server answers; as mongo's own entrypoint does."""

import os
import time
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

USER, PASSWORD = os.environ["MONGO_INITDB_ROOT_USERNAME"], Path(os.environ["MONGO_INITDB_ROOT_PASSWORD_FILE"]).read_text().strip()

for _ in range(300):
    try:
        with MongoClient("mongodb://127.0.0.1:27017/?directConnection=true", serverSelectionTimeoutMS=500) as client:
            client.admin.command("createUser", USER, pwd=PASSWORD, roles=[{"role": "root", "db": "admin"}])
        break
    except OperationFailure:  # there is one already
        break
    except PyMongoError:
        time.sleep(0.1)
