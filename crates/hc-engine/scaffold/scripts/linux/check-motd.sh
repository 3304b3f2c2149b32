#!/bin/sh
# Refuses a message of the day that terminals would break: control characters, lines over 100 columns.
# The file is $1, or $MOTD_FILE.
set -eu
file=${1:-${MOTD_FILE:?}}
[ -s "$file" ] || {
  echo "error: $file is missing or empty" >&2
  exit 1
}
LC_ALL=C awk '
  length($0) > 100 { print FILENAME ":" FNR ": longer than 100 columns"; bad = 1 }
  /[\001-\010\013-\037\177]/ { print FILENAME ":" FNR ": control character"; bad = 1 }
  END { exit bad }
' "$file" >&2
echo "$(wc -l <"$file") lines, fit for a terminal"
