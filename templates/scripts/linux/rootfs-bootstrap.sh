#!/usr/bin/env bash
# Makes a minimal Debian root file system in the working directory.
# ROOTFS_SUITE, ROOTFS_PACKAGES (comma separated), ROOTFS_HOSTNAME, ROOTFS_RELEASE (words KEY=VALUE).
# shellcheck source=rootfs-common.sh
. "$(dirname "$0")/rootfs-common.sh"

# Prints the apt sources of this machine that carry the suite, in the one-line format: whatever mirror the
# machine is set up for is the mirror that is used, and none is named here.
sources_of_this_machine() {
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$file" ] || continue
    awk -v suite="$ROOTFS_SUITE" '
      $1 == "deb" {
        line = $0
        sub(/#.*/, "", line)
        bare = line
        sub(/\[[^]]*\]/, "", bare)
        split(bare, word, " ")
        if (word[3] == suite || index(word[3], suite "-") == 1) print line
      }' "$file"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] || continue
    # A final empty line ends the last stanza; a continuation line belongs to the field before it.
    { cat "$file"; echo; } | awk -v suite="$ROOTFS_SUITE" '
      function flush_stanza(   i, j, uris, suites, options, nu, ns) {
        if (" " field["types"] " " ~ / deb / && tolower(field["enabled"]) != "no") {
          nu = split(field["uris"], uris, " ")
          ns = split(field["suites"], suites, " ")
          options = field["signed-by"] ~ /^\// ? "[signed-by=" field["signed-by"] "] " : ""
          for (i = 1; i <= nu; i++)
            for (j = 1; j <= ns; j++)
              if (suites[j] == suite || index(suites[j], suite "-") == 1)
                print "deb " options uris[i] " " suites[j] " " field["components"]
        }
        split("", field)
      }
      /^#/ { next }
      /^[[:space:]]*$/ { flush_stanza(); next }
      /^[[:space:]]/ { field[name] = field[name] " " $0; next }
      {
        name = tolower($0); sub(/:.*/, "", name)
        value = $0; sub(/^[^:]*:[[:space:]]*/, "", value)
        field[name] = value
      }'
  done
}

# Packer leaves its own files open for its children. With ten of them mmdebstrap's pipe to apt gets a number of
# two digits, which dash cannot redirect ("Bad fd number"). Only the command goes without them: this shell keeps
# them, among them the build lock of hybrid.
without_inherited_files() (
  for fd in /proc/"$BASHPID"/fd/*; do
    fd=${fd##*/}
    if [ "$fd" -gt 2 ] && [ "$fd" -ne 255 ]; then
      eval "exec $fd>&-"
    fi
  done
  exec "$@"
)

rm -rf "$work"
mkdir -p "$work"

sources_of_this_machine | sort -u >"$work/sources.list"
mirror=("$work/sources.list")
if [ ! -s "$work/sources.list" ]; then
  echo "no apt source of this machine carries $ROOTFS_SUITE: leaving the choice to mmdebstrap" >&2
  mirror=()
fi

options=(--variant=minbase --mode=root --format=directory)
[ -z "${ROOTFS_PACKAGES:-}" ] || options+=("--include=$ROOTFS_PACKAGES")
# Documentation is not needed in an image; licences are.
options+=('--dpkgopt=path-exclude=/usr/share/doc/*' '--dpkgopt=path-include=/usr/share/doc/*/copyright')
options+=('--dpkgopt=path-exclude=/usr/share/man/*' '--dpkgopt=path-exclude=/usr/share/info/*')
options+=('--dpkgopt=path-exclude=/usr/share/locale/*' '--dpkgopt=path-include=/usr/share/locale/locale.alias')

echo "bootstrapping $ROOTFS_SUITE with ${ROOTFS_PACKAGES:-no further packages}"
# Its progress is no error, though it goes to stderr.
without_inherited_files mmdebstrap "${options[@]}" "$ROOTFS_SUITE" "$root" "${mirror[@]}" 2>&1

printf '%s\n' "${ROOTFS_HOSTNAME:?}" >"$root/etc/hostname"
printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n::1\tlocalhost ip6-localhost ip6-loopback\n' "$ROOTFS_HOSTNAME" >"$root/etc/hosts"
# What the image is, for people and for test-rootfs.sh. No build id: equal inputs give equal images.
tr ' ' '\n' <<<"$ROOTFS_RELEASE" >"$root/etc/hybrid-release"
