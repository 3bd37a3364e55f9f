#!/usr/bin/env bash
# Signs a URL: bash sign.sh '/resize?url=sunset.jpg&width=400' [EXPIRES]
set -euo pipefail

# sign TARGET KEY [EXPIRES]: prints path and query with expires, in seconds since 1970, and their signature.
sign() {
    local target=$1 key=$2 expires=${3-} signature
    [[ -z $expires ]] || target+="&expires=$expires"
    key=$(printf %s "$key" | od -An -v -tx1 | tr -d ' \n')
    signature=$(printf %s "$target" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
    printf '%s&sig=%s\n' "$target" "$(printf %s "$signature" | tr '+/' '-_' | tr -d '=')"
}

sign "$1" "${PIXMILL_KEYS%%,*}" "${2-}"
