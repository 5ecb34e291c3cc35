#!/usr/bin/env bash
# @IDEA@
#
# Made by iamspec from its script @NAME@. Needs the AWS CLI. AWS_ENDPOINT_URL_IAM says whom to ask.
set -u

endpoint=${AWS_ENDPOINT_URL_IAM:-@ENDPOINT@}
export AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-AKIAIOSFODNN7EXAMPLE}
export AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY}
export AWS_DEFAULT_REGION=us-east-1 AWS_PAGER=
run=$RANDOM$RANDOM
differs=0
seed=$(mktemp)
trap 'rm -f "$seed"' EXIT

# Makes a call, and shows what came of it: the program tells the code of a refusal, and no status.
call() {
  local text=$1 expected=${2#* } seen
  shift 2
  : > "$seed"
  if answer=$(aws --endpoint-url "$endpoint" --output json iam "$@" 2>&1); then
    seen=200
  else
    seen=$(sed -n 's/.*An error occurred (\([A-Za-z0-9]*\)).*/\1/p' <<< "$answer")
    seen=${seen:-$answer}
    # What the program refuses itself it does not send.
    case $answer in *"arameter validation failed"*) seen='(not sent)' expected='' ;; esac
  fi
  if [ -z "$expected" ] || [ "$seen" = "$expected" ]; then
    printf '%-40s -> %s\n' "$text" "$seen"
  else
    printf '%-40s -> %s   DIFFERS, AWS: %s\n' "$text" "$seen" "$expected"
    differs=1
  fi
}

# A member of the last answer.
told() {
  if [ "$1" = Base32StringSeed ]; then
    cat "$seed"
  else
    sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" <<< "$answer" | head -n 1
  fi
}

# Removes something, if it is still there.
undo() {
  aws --endpoint-url "$endpoint" iam "$@" > /dev/null 2>&1 || echo "not removed: $*"
}

@CODE@
