# SPDX-License-Identifier: MIT
# What asterisk-prefix and asterisk-root share: this machine's mirror, one maker at a time, made once.

die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

[ -r /etc/debian_version ] && command -v apt-get >/dev/null ||
  die "this needs Debian 12 or newer, whose apt-get brings the packages"

own_suite() { (. /etc/os-release && echo "${VERSION_CODENAME:?}"); }

# once DIR: waits until nobody else makes DIR. Returns 1 if it must be made, 0 if it is there as this
# script makes it.
once() {
  local dir=$1
  stamp=$(cat "$0" "$(dirname "$0")/debian.sh" | sha256sum | cut -d' ' -f1)
  mkdir -p "$(dirname "$dir")" || die "cannot write below $(dirname "$dir"); name another folder"
  exec 9>"$dir.lock" || die "cannot write $dir.lock; name another folder"
  flock 9
  [ "$(cat "$dir/.stamp" 2>/dev/null)" = "$stamp" ]
}

# finish DIR: DIR.new is complete and takes its place.
finish() {
  echo "$stamp" >"$1.new/.stamp"
  rm -rf "$1"
  mv "$1.new" "$1"
}

# quietly LOG WHAT COMMAND…: all that COMMAND says goes to LOG, whose end is shown if it fails.
quietly() {
  local log=$1 what=$2
  shift 2
  "$@" >"$log" 2>&1 </dev/null || {
    tail -n 15 "$log" >&2
    die "$what failed; is the package mirror reachable?"
  }
}

# find_mirror LOG: sets mirror to where this machine's own apt gets Debian from.
find_mirror() {
  local targets=(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages')
  if [ -z "$("${targets[@]}")" ]; then
    [ "$(id -u)" -eq 0 ] || die "apt has no package lists; run apt-get update as root first"
    quietly "$1" "apt-get update" apt-get -q -o APT::Update::Error-Mode=any update
  fi
  mirror=$("${targets[@]}" 'Label: Debian' | sed -n 1p)
  [ -n "$mirror" ] || die "apt knows no mirror of Debian's main archive; add one to its sources"
}
