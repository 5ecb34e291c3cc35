#!/usr/bin/env bash
# @IDEA@
#
# Exported by iamspec from the script @NAME@. Needs the AWS CLI.
# AWS_ENDPOINT_URL_IAM overrides the endpoint.
set -u

endpoint=${AWS_ENDPOINT_URL_IAM:-@ENDPOINT@}
export AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-AKIAIOSFODNN7EXAMPLE}
export AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY}
export AWS_DEFAULT_REGION=us-east-1 AWS_PAGER=
run=$RANDOM$RANDOM
differs=0
seed=$(mktemp)
trap 'rm -f "$seed"' EXIT

# Sends a request and prints the response. The AWS CLI shows the code of an error but not its status.
call() {
  local text=$1 expected=${2#* } actual
  shift 2
  : > "$seed"
  if response=$(aws --endpoint-url "$endpoint" --output json iam "$@" 2>&1); then
    actual=200
  else
    actual=$(sed -n 's/.*An error occurred (\([A-Za-z0-9]*\)).*/\1/p' <<< "$response")
    actual=${actual:-$response}
    # The AWS CLI itself rejects some parameters and sends no request.
    case $response in *"arameter validation failed"*) actual='(not sent)' expected='' ;; esac
  fi
  if [ -z "$expected" ] || [ "$actual" = "$expected" ]; then
    printf '%-40s -> %s\n' "$text" "$actual"
  else
    printf '%-40s -> %s   DIFFERS, AWS: %s\n' "$text" "$actual" "$expected"
    differs=1
  fi
}

# A member of the last response.
member() {
  if [ "$1" = Base32StringSeed ]; then
    cat "$seed"
  else
    sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" <<< "$response" | head -n 1
  fi
}

# Removes a resource, if it still exists.
remove() {
  aws --endpoint-url "$endpoint" iam "$@" > /dev/null 2>&1 || echo "not removed: $*"
}

@CODE@
