# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is read by the playbook that sources it
# Shared by the playbooks: messages, argument checks, lists from the environment, programs with a time-out,
# and the result file. Sourced, never started. Nothing in here evaluates data: values stay in quoted variables.

# Bytes, not characters: file names are byte strings, and the answers of tools are read in English.
export LC_ALL=C LANG=C
umask 077
# Relative `cd` targets must never be looked up elsewhere, and no start-up file may run in children.
unset CDPATH BASH_ENV ENV GLOBIGNORE

# Seconds that one call of an outside program may take.
TOOL_TIMEOUT=${PLAYBOOK_TOOL_TIMEOUT:-120}

say() { printf '%s\n' "$*"; }
warn() { printf '%s: %s\n' "$PLAYBOOK" "$*" >&2; }

# Wrong usage or an unusable setting: says so, exits 2, touches nothing.
usage_error() {
  warn "$*"
  warn "try: $PLAYBOOK --help"
  exit 2
}

# The argument as a JSON string with its quotes. Any bytes go in; what is not UTF-8 comes out as U+FFFD, control
# characters as \u00XX, so a name with a newline cannot forge a line of output either.
json_string() {
  local text=$1 out='' plain rest byte next need low high piece i
  plain='^[] !#-[^-~]*$'
  if [[ $text =~ $plain ]]; then
    printf '"%s"' "$text"
    return
  fi
  local length=${#text}
  for ((i = 0; i < length; i++)); do
    rest=${text:i:1}
    printf -v byte '%d' "'$rest"
    ((byte &= 255))
    if ((byte < 128)); then
      case $rest in
        '"' | \\) out+=\\$rest ;;
        *)
          if ((byte < 32 || byte == 127)); then printf -v rest '\\u%04x' "$byte"; fi
          out+=$rest
          ;;
      esac
      continue
    fi
    low=128 high=191
    if ((byte >= 0xc2 && byte <= 0xdf)); then
      need=1
    elif ((byte >= 0xe0 && byte <= 0xef)); then
      need=2
      if ((byte == 0xe0)); then low=160; elif ((byte == 0xed)); then high=159; fi
    elif ((byte >= 0xf0 && byte <= 0xf4)); then
      need=3
      if ((byte == 0xf0)); then low=144; elif ((byte == 0xf4)); then high=143; fi
    else
      out+='\ufffd'
      continue
    fi
    piece=$rest
    while ((need > 0 && i + ${#piece} < length)); do
      rest=${text:i+${#piece}:1}
      printf -v next '%d' "'$rest"
      ((next &= 255))
      if ((next < low || next > high)); then break; fi
      piece+=$rest low=128 high=191
      ((need--))
    done
    if ((need == 0)); then out+=$piece; else out+='\ufffd'; fi
    ((i += ${#piece} - 1))
  done
  printf '"%s"' "$out"
}

# finish EXIT SUMMARY CHANGES [FREED_BYTES [DOWNTIME_SECONDS [SERVICE...]]]
# Prints the result as the last line (`result: {…}`), writes it to $FORESTALL_RESULT_FILE when that is set, exits.
finish() {
  local status=$1 summary=$2 changes=$3 freed=${4:-0} downtime=${5:-0} json service list=''
  shift $(($# < 5 ? $# : 5))
  for service in "$@"; do list+=${list:+,}$(json_string "$service"); done
  json="{\"summary\":$(json_string "$summary"),\"changes\":$changes,\"freed_bytes\":$freed"
  json+=",\"downtime_seconds\":$downtime,\"affects\":[$list]}"
  say "$summary"
  printf 'result: %s\n' "$json"
  if [[ -n ${FORESTALL_RESULT_FILE:-} ]] && ! printf '%s\n' "$json" >"$FORESTALL_RESULT_FILE"; then
    warn "the result file cannot be written: $(json_string "$FORESTALL_RESULT_FILE")"
    if ((status == 0)); then status=1; fi
  fi
  exit "$status"
}

# fail SUMMARY: nothing (more) was done; exit 1.
fail() { finish 1 "$*" 0; }

have() { type -P -- "$1" >/dev/null; }

# Starts a program with a time-out, in our own process group so that a signal to the playbook reaches it too.
# 124 is the time-out.
tool() { timeout --foreground --kill-after=10 "$TOOL_TIMEOUT" "$@" </dev/null; }

# A question that has to be answered quickly or not at all, so that a daemon that hangs does not use up a dry run.
ask() {
  local TOOL_TIMEOUT=$((TOOL_TIMEOUT < 20 ? TOOL_TIMEOUT : 20))
  tool "$@"
}

# `tool` with its output shown, indented, so that it cannot be taken for a line of ours; keeps the exit code.
tool_shown() {
  local status
  say "+ $*"
  tool "$@" 2>&1 | sed 's/^/  | /'
  status=${PIPESTATUS[0]}
  if ((status == 124)); then warn "$1 did not finish within $TOOL_TIMEOUT seconds"; fi
  return "$status"
}

# whole_number NAME VALUE MAXIMUM: an unusable setting ends the playbook before it did anything.
whole_number() {
  if [[ ! $2 =~ ^(0|[1-9][0-9]{0,9})$ ]] || (($2 > $3)); then
    usage_error "$1 is $(json_string "$2"); expected a whole number from 0 to $3"
  fi
}

# split_list ARRAY VALUE: names separated by newlines if there are any, else by colons, as in PATH.
split_list() {
  local -n split_into=$1
  local separator=: part
  local -a parts
  split_into=()
  if [[ $2 == *$'\n'* ]]; then separator=$'\n'; fi
  mapfile -d "$separator" -t parts < <(printf '%s' "$2")
  for part in "${parts[@]}"; do
    if [[ -n $part ]]; then split_into+=("$part"); fi
  done
}

# Bytes for people: 1536 is "1.5 KiB".
human_bytes() {
  local n=$1 unit=B tenths
  local -a units=(KiB MiB GiB TiB PiB)
  tenths=$((n * 10))
  while ((tenths >= 10240 && ${#units[@]})); do
    tenths=$((tenths / 1024)) unit=${units[0]}
    units=("${units[@]:1}")
  done
  if [[ $unit == B ]]; then say "$n B"; else say "$((tenths / 10)).$((tenths % 10)) $unit"; fi
}

# count N SINGULAR: "1 file", "2 files".
count() { if (($1 == 1)); then say "1 $2"; else say "$1 $2s"; fi; }
