# Prints a response and compares it: the call, the responses that conform, the response.
compare() {
  local follows=''
  if [ -z "$2" ] || [[ "|$2|" == *"|$3|"* ]]; then
    printf '%-40s -> %s\n' "$1" "$3"
    return
  fi
  [ $differs = 0 ] || follows=' (it may follow from a difference above)'
  printf '%-40s -> %s   DIFFERS, AWS: %s%s\n' "$1" "$3" "${2//|/ or }" "$follows"
  differs=1
}

# Compares the names in the last response, if it is a success: present names, `--`, absent names.
# Further pages are not read.
shows() {
  [ "$actual" = 200 ] || return 0
  local is_present=1 verb=lacks name found
  for name in "$@"; do
    if [ "$name" = -- ]; then is_present=0 verb=shows; continue; fi
    if [ $is_present = 1 ] && is_incomplete; then continue; fi
    if has "$name"; then found=1; else found=0; fi
    [ $found = $is_present ] || { echo "  DIFFERS: the response $verb $name"; differs=1; }
  done
}

