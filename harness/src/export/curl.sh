#!/usr/bin/env bash
# @IDEA@
#
# Exported by iamspec from the script @NAME@. Needs curl 7.75 or newer.
# AWS_ENDPOINT_URL_IAM or AWS_ENDPOINT_URL overrides the endpoint.
set -u

endpoint=${AWS_ENDPOINT_URL_IAM:-${AWS_ENDPOINT_URL:-@ENDPOINT@}}
export AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-AKIAIOSFODNN7EXAMPLE}
export AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY}
# Always nine digits, so that no name is longer than it may be.
printf -v run %09d $(((RANDOM * 32768 + RANDOM) % 1000000000))
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
  local text=$1 expected=$2
  shift 2
  if ! response=$(post "$@"); then
    echo "$text: no response"
    exit 2
  fi
  actual=$(tail -n 1 <<< "$response")
  if [ "$actual" != 200 ]; then actual="$actual $(member Code "")"; fi
  compare "$text" "$expected" "$actual"
}

# An element of the last response, or another value if there is none. A seed is encoded in base64.
member() {
  local value
  value=$(grep -o "<$1>[^<]*" <<< "$response" | head -n 1)
  value=${value#*>}
  if [ "$1" = Base32StringSeed ]; then value=$(base64 --decode <<< "$value" 2> /dev/null); fi
  echo "${value:-$2}"
}

# The last response with the entities of XML decoded.
decoded() {
  sed "s/&lt;/</g; s/&gt;/>/g; s/&quot;/\"/g; s/&apos;/'/g; s/&#34;/\"/g; s/&#39;/'/g; s/&#x22;/\"/g; s/&#x27;/'/g; s/&amp;/\&/g" \
    <<< "$response"
}

# Whether the last response has a name, and whether it has further pages.
has() { decoded | grep --quiet --fixed-strings -- ">$1<"; }
is_incomplete() { grep --quiet '<IsTruncated>true<' <<< "$response"; }

@COMPARE@
# Removes a resource, if it exists.
remove() {
  local response word
  for word in "$@"; do [[ "$word" != *=missing ]] || return 0; done
  response=$(post "$@")
  [ "$(tail -n 1 <<< "$response")" = 200 ] || [[ "$response" == *NoSuchEntity* ]] || echo "not removed: $*"
}

@CODE@
