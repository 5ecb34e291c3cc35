#!/usr/bin/env bash
# @IDEA@
#
# Exported by iamspec from the script @NAME@. Needs curl 7.75 or newer.
# AWS_ENDPOINT_URL_IAM overrides the endpoint.
set -u

endpoint=${AWS_ENDPOINT_URL_IAM:-@ENDPOINT@}
export AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-AKIAIOSFODNN7EXAMPLE}
export AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY}
run=$RANDOM$RANDOM
differs=0

# Signs and sends a request; prints the body and, in the last line, the status.
post() {
  local parameters=() parameter
  for parameter in "$@"; do parameters+=(--data-urlencode "$parameter"); done
  curl --silent --show-error --max-time 30 --aws-sigv4 aws:amz:us-east-1:iam \
    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" --write-out '\n%{http_code}' "${parameters[@]}" "$endpoint/"
}

# Sends a request and prints the response.
call() {
  local text=$1 expected=$2 actual
  shift 2
  response=$(post "$@")
  actual=$(tail -n 1 <<< "$response")
  if [ "$actual" != 200 ]; then actual="$actual $(member Code)"; fi
  if [ -z "$expected" ] || [ "$actual" = "$expected" ]; then
    printf '%-40s -> %s\n' "$text" "$actual"
  else
    printf '%-40s -> %s   DIFFERS, AWS: %s\n' "$text" "$actual" "$expected"
    differs=1
  fi
}

# An element of the last response. A seed is encoded in base64.
member() {
  local value
  value=$(grep -o "<$1>[^<]*" <<< "$response" | head -n 1)
  value=${value#*>}
  if [ "$1" = Base32StringSeed ]; then base64 --decode <<< "$value"; else echo "$value"; fi
}

# Removes a resource, if it still exists.
remove() {
  [ "$(post "$@" | tail -n 1)" = 200 ] || echo "not removed: $*"
}

@CODE@
