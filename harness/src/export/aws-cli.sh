#!/usr/bin/env bash
# @IDEA@
#
# Exported by iamspec from the script @NAME@. Needs the AWS CLI.
# AWS_ENDPOINT_URL_IAM or AWS_ENDPOINT_URL overrides the endpoint.
set -u

endpoint=${AWS_ENDPOINT_URL_IAM:-${AWS_ENDPOINT_URL:-@ENDPOINT@}}
export AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-AKIAIOSFODNN7EXAMPLE}
export AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY}
export AWS_DEFAULT_REGION=us-east-1 AWS_PAGER=
# Always nine digits, so that no name is longer than it may be.
printf -v run %09d $(((RANDOM * 32768 + RANDOM) % 1000000000))
differs=0
seed=$(mktemp)

# Sends a request and prints the response. The AWS CLI shows the code of an error but not its status.
call() {
  local text=$1 expected=$2
  shift 2
  : > "$seed"
  if response=$(aws --endpoint-url "$endpoint" --output json iam "$@" 2>&1); then
    actual=200
  else
    actual=$(sed -n 's/.*An error occurred (\([A-Za-z0-9]*\)).*/\1/p' <<< "$response")
    actual=${actual:-$response}
    # The AWS CLI itself rejects some parameters and sends no request.
    case $response in
      *"arameter validation failed"*) actual='(not sent)' expected='' ;;
      *"Could not connect"* | *"timeout on endpoint"* | *"Connection was closed"*)
        echo "$text: no response: $response"
        exit 2
        ;;
    esac
  fi
  compare "$text" "$expected" "$actual"
}

# A member of the last response, or another value if there is none.
member() {
  local value
  if [ "$1" = Base32StringSeed ]; then
    value=$(cat "$seed")
  else
    value=$(sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" <<< "$response" | head -n 1)
  fi
  echo "${value:-$2}"
}

# Whether the last response has a name, as it is written in JSON.
has() {
  local name=${1//\\/\\\\}
  name=${name//\"/\\\"}
  grep --quiet --fixed-strings -- "\"$name\"" <<< "$response"
}
# Whether the AWS CLI has read only the first page. It joins the pages of most listings.
is_incomplete() { grep --quiet '"IsTruncated": true' <<< "$response"; }

@COMPARE@
# Removes a resource, if it exists.
remove() {
  local response word
  for word in "$@"; do [[ "$word" != *=missing ]] || return 0; done
  response=$(aws --endpoint-url "$endpoint" iam "$@" 2>&1) || [[ "$response" == *NoSuchEntity* ]] || echo "not removed: $*"
}

@CODE@
