#!/usr/bin/env bash
# @IDEA@
#
# Made by iamspec from its script @NAME@. Needs curl, from 7.75 on. AWS_ENDPOINT_URL_IAM says whom to ask.
set -u

endpoint=${AWS_ENDPOINT_URL_IAM:-@ENDPOINT@}
export AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-AKIAIOSFODNN7EXAMPLE}
export AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY}
run=$RANDOM$RANDOM
differs=0

post() {
  local members=() member
  for member in "$@"; do members+=(--data-urlencode "$member"); done
  curl --silent --show-error --max-time 30 --aws-sigv4 aws:amz:us-east-1:iam \
    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" --write-out '\n%{http_code}' "${members[@]}" "$endpoint/"
}

# Makes a call, and shows what came of it.
call() {
  local text=$1 expected=$2 seen
  shift 2
  answer=$(post "$@")
  seen=$(tail -n 1 <<< "$answer")
  if [ "$seen" != 200 ]; then seen="$seen $(told Code)"; fi
  if [ -z "$expected" ] || [ "$seen" = "$expected" ]; then
    printf '%-40s -> %s\n' "$text" "$seen"
  else
    printf '%-40s -> %s   DIFFERS, AWS: %s\n' "$text" "$seen" "$expected"
    differs=1
  fi
}

# An element of the last answer. A seed comes in base 64.
told() {
  local value
  value=$(grep -o "<$1>[^<]*" <<< "$answer" | head -n 1)
  value=${value#*>}
  if [ "$1" = Base32StringSeed ]; then base64 --decode <<< "$value"; else echo "$value"; fi
}

# Removes something, if it is still there.
undo() {
  [ "$(post "$@" | tail -n 1)" = 200 ] || echo "not removed: $*"
}

@CODE@
