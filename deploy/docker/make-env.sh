#!/bin/sh
# Writes .env with fresh secrets for docker-compose.yml, once:  deploy/docker/make-env.sh [FILE]
# An .env that an older Lectern wrote gets the secrets that are new since then, and nothing else of it is touched.
#
# The names begin with STACK_, because `make run` reads the same .env and must not take this installation's master keys
# for those of its own films.
set -eu
umask 077

target=${1:-"$(dirname "$0")/../../.env"}

# $1 random bytes in hex: safe in URLs, in YAML and in shells.
hex() {
    od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'
}

# Which secrets have come since the first version, each with what stands before it in the file.
newer() {
    echo
    echo '# The secrets with which webhooks are signed are derived from it: with another one every receiver needs a new secret.'
    echo "STACK_WEBHOOK_SECRET_KEY=$(hex 32)"
}

if [ -e "$target" ] && ! grep -q '^STACK_WEBHOOK_SECRET_KEY=' "$target"; then
    newer >> "$target" || {
        echo "$target cannot be written: run this where you may write, or name another file." >&2
        exit 1
    }
    echo "Added STACK_WEBHOOK_SECRET_KEY to $target, and left the rest as it is. Next: docker compose up --build --detach"
    exit 0
fi

temporary=$(mktemp "$target.XXXXXX") || {
    echo "$target cannot be written: run this where you may write, or name another file." >&2
    exit 1
}
trap 'rm -f "$temporary"' EXIT

{
    echo '# Made by deploy/docker/make-env.sh for docker-compose.yml. Keep it private, and back it up with the volumes: without'
    echo '# STACK_MASTER_KEYS no film can be decrypted. What else can be set here: docker-compose.yml and .env.example.'
    echo
    echo '# Where people reach it. To let others in, put TLS in front and write 0.0.0.0:80 here.'
    echo 'STACK_PUBLISH=127.0.0.1:8000'
    echo
    echo '# The secret with which your platform signs its tokens (HS256).'
    echo "STACK_PLATFORM_JWT_SECRET=$(hex 32)"
    echo
    echo '# Signs what your platform is asked about a viewer, where ENTITLEMENT_URL names its address.'
    echo "STACK_ENTITLEMENT_SECRET=$(hex 32)"
    echo
    echo '# Wraps the key of every film: number:base64 of 32 bytes, newest first, separated by commas.'
    echo "STACK_MASTER_KEYS=1:$(head -c 32 /dev/urandom | base64 | tr -d '\n')"
    echo
    for name in MEDIA_SERVICE_SECRET TRANSCODER_SERVICE_SECRET PROGRESS_SERVICE_SECRET \
        POSTGRES_SUPERUSER_PASSWORD POSTGRES_OWNER_PASSWORD POSTGRES_GATEWAY_PASSWORD POSTGRES_MEDIA_PASSWORD \
        POSTGRES_TRANSCODER_PASSWORD POSTGRES_PROGRESS_PASSWORD VALKEY_PASSWORD S3_RPC_SECRET S3_ADMIN_TOKEN; do
        echo "STACK_$name=$(hex 32)"
    done
    # Garage takes no other form: GK and 24 hex digits, and 64 for the secret.
    for name in GATEWAY MEDIA TRANSCODER; do
        echo "STACK_S3_${name}_KEY_ID=GK$(hex 12)"
        echo "STACK_S3_${name}_SECRET=$(hex 32)"
    done
    newer
} > "$temporary"

# A link fails where the name is taken, in one step: an existing file is never replaced, not even in a race.
if ! ln "$temporary" "$target" 2> /dev/null; then
    echo "$target exists already and was left as it is. Its secrets open the films there are: move it away to start anew." >&2
    exit 1
fi
echo "Wrote $target. Next: docker compose up --build --detach"
