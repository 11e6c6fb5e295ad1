#!/bin/bash
# Stands in for mongo's own: makes the first user from the same variables, then serves. What this server does not know (replica sets) it ignores.
[[ "$1" == mongod ]] || exec "$@"
/opt/throughline/bin/python /usr/local/bin/first_user.py &
exec /usr/local/bin/secantusd-rs --host 0.0.0.0 --port 27017 --storage-path /data/db --cache-size 256M --sync-on-commit --log-level WARNING --auth
