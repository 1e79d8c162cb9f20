# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is read by the playbook that sources it
# Who uses memory, against which limit, and does it grow. Sourced by resource-pressure.
#
# A consumer is a service (its cgroup, version 2) or a process. Use is what cannot simply be dropped: of a cgroup
# memory.current less inactive_file (the working set), of a process its anonymous memory. File caches are not pressure.

# Consumer -> bytes in the newest sample, its limit (0: none), its service, its name, its cgroup folder.
declare -A USE=() LIMIT=() SERVICE_OF=() NAME_OF=() CGROUP_OF=()

# Takes one sample into USE and the rest. Consumers that are gone are not in USE.
sample_memory() {
  USE=()
  sample_cgroups
  sample_processes
}

# smallest VALUE...: sets SMALLEST to the smallest of the numbers that are not 0, of `max` and of what cannot be read none.
smallest() {
  local value
  SMALLEST=0
  for value in "$@"; do
    if [[ $value =~ ^[1-9][0-9]{0,17}$ ]] && ((SMALLEST == 0 || value < SMALLEST)); then SMALLEST=$value; fi
  done
}

# read_word FILE: sets WORD to the file's first word, empty when it cannot be read.
read_word() {
  WORD=''
  { read -r WORD _ <"$1"; } 2>/dev/null || [[ -n $WORD ]]
}

sample_cgroups() {
  local dir id key value current inactive high unit_like='^[A-Za-z0-9:_.@\\-]+$'
  local -a dirs=()
  if [[ ! -r $CGROUP_ROOT/cgroup.controllers ]]; then return; fi
  mapfile -d '' -t dirs < <(
    find -P "$CGROUP_ROOT" -mindepth 1 -type d \( -name '*.service' -o -name '*.scope' \) -printf '%P\0' 2>/dev/null
  )
  for id in "${dirs[@]}"; do
    dir=$CGROUP_ROOT/$id
    # A user's own manager holds other services, which are consumers themselves.
    if [[ ${id##*/} == user@*.service ]]; then continue; fi
    if ! read_word "$dir/memory.current"; then continue; fi
    current=$WORD inactive=0
    while read -r key value; do
      if [[ $key == inactive_file ]]; then inactive=$value; fi
    done < <(cat -- "$dir/memory.stat" 2>/dev/null)
    if [[ ! $current =~ ^[0-9]{1,18}$ || ! $inactive =~ ^[0-9]{1,18}$ ]]; then continue; fi
    read_word "$dir/memory.high"
    high=$WORD
    read_word "$dir/memory.max"
    smallest "$high" "$WORD"
    USE["cgroup $id"]=$((current > inactive ? current - inactive : 0))
    LIMIT["cgroup $id"]=$SMALLEST CGROUP_OF["cgroup $id"]=$dir NAME_OF["cgroup $id"]=${id##*/} SERVICE_OF["cgroup $id"]=''
    # Users name cgroups as they like; only what could be a unit is taken for one.
    if [[ ${id##*/} =~ $unit_like ]]; then
      if [[ $id == *.service && ${id##*/} != -* ]]; then SERVICE_OF["cgroup $id"]=${id##*/}; fi
    fi
  done
}

# A process counts against its own limits: its address space (RLIMIT_AS) and its data (RLIMIT_DATA).
sample_processes() {
  local pid began anon space data space_limit data_limit service name id limit
  while read -r pid began anon space data space_limit data_limit service name; do
    id="process $pid $began" limit=0
    USE["$id"]=$anon
    # Whichever limit is nearer, by share.
    if ((space_limit > 0)); then limit=$space_limit USE["$id"]=$space; fi
    if ((data_limit > 0)) && { ((limit == 0)) || ((data * 1000 / data_limit > space * 1000 / space_limit)); }; then
      limit=$data_limit USE["$id"]=$data
    fi
    LIMIT["$id"]=$limit NAME_OF["$id"]=$name
    SERVICE_OF["$id"]=''
    if [[ $service == *.service ]]; then SERVICE_OF["$id"]=$service; fi
  done < <(
    # -s: a process may end meanwhile.
    {
      grep -s -H -E '^(Name|VmSize|VmData|RssAnon):' /proc/[0-9]*/status
      grep -s -H -E '^Max (address space|data size) ' /proc/[0-9]*/limits
      grep -s -H -E '^(0:|[0-9]+:name=systemd:)' /proc/[0-9]*/cgroup
      grep -s -H '' /proc/[0-9]*/stat
    } | awk '
      {
        split($0, part, "/"); pid = part[3]; colon = index($0, ":"); rest = substr($0, colon + 1)
        file = substr($0, 1, colon - 1); sub(/.*\//, "", file)
      }
      file == "stat" && match(rest, /.*\) /) { split(substr(rest, RLENGTH + 1), field, " "); began[pid] = field[20] }
      file == "status" && rest ~ /^Name:/ { name[pid] = substr(rest, 7) }
      file == "status" && rest ~ /^RssAnon:/ { split(rest, field, /[ \t]+/); anon[pid] = field[2] }
      file == "status" && rest ~ /^VmSize:/ { split(rest, field, /[ \t]+/); space[pid] = field[2] }
      file == "status" && rest ~ /^VmData:/ { split(rest, field, /[ \t]+/); data[pid] = field[2] }
      file == "limits" && rest ~ /^Max address/ { split(rest, field, / +/); most_space[pid] = field[4] + 0 }
      file == "limits" && rest ~ /^Max data/ { split(rest, field, / +/); most_data[pid] = field[4] + 0 }
      file == "cgroup" && rest ~ /\.service(\/|$)/ {
        n = split(rest, field, "/")
        for (i = n; i > 0; i--) if (field[i] ~ /^[A-Za-z0-9:_.@\\-]+\.service$/) { service[pid] = field[i]; break }
      }
      END {
        for (pid in anon) if (pid in began)
          printf "%s %s %.0f %.0f %.0f %.0f %.0f %s %s\n", pid, began[pid], anon[pid] * 1024, space[pid] * 1024,
            data[pid] * 1024, most_space[pid] < 1e18 ? most_space[pid] : 0, most_data[pid] < 1e18 ? most_data[pid] : 0,
            (pid in service) ? service[pid] : "-", name[pid]
      }'
  )
}

# Three samples over SAMPLE_SECONDS: FIRST, MIDDLE and USE.
declare -A FIRST=() MIDDLE=()
watch_memory() {
  local id
  FIRST=() MIDDLE=()
  sample_memory
  for id in "${!USE[@]}"; do FIRST["$id"]=${USE["$id"]}; done
  sleep "$HALF"
  sample_memory
  for id in "${!USE[@]}"; do MIDDLE["$id"]=${USE["$id"]}; done
  sleep "$HALF"
  sample_memory
}

# MemTotal and MemAvailable in bytes: TOTAL, AVAILABLE.
read_available() {
  local key value
  TOTAL=0 AVAILABLE=0
  while read -r key value _; do
    case $key in
      MemTotal:) TOTAL=$((value * 1024)) ;;
      MemAvailable:) AVAILABLE=$((value * 1024)) ;;
    esac
  done </proc/meminfo
  if ((TOTAL == 0)); then fail '/proc/meminfo cannot be read'; fi
}

# judge CONSUMER: whether it is a culprit, and how bad: RATE (bytes a second), SECONDS_LEFT (-1: it does not grow),
# PERCENT of its limit (-1: it has none). It is one when it grew in both halves by GROWTH_MIB or more and will reach its
# limit (without one: take all available memory) within HORIZON, or when it already stands at LIMIT_PERCENT of its limit.
judge() {
  local use=${USE["$1"]} limit=${LIMIT["$1"]} first=${FIRST["$1"]:-} middle=${MIDDLE["$1"]:-} room
  RATE=0 SECONDS_LEFT=-1 PERCENT=-1
  if ((limit > 0)); then PERCENT=$((use * 100 / limit)); fi
  if [[ -n $first && -n $middle ]] && ((use > middle && middle > first && use - first >= GROWTH_MIB * 1048576)); then
    RATE=$(((use - first) / (2 * HALF)))
    room=$((limit > 0 ? limit - use : AVAILABLE))
    if ((room < 0)); then room=0; fi
    SECONDS_LEFT=$((room / (RATE > 0 ? RATE : 1)))
    if ((SECONDS_LEFT <= HORIZON)); then return 0; fi
  fi
  ((PERCENT >= LIMIT_PERCENT))
}

# How to call a consumer in front of people: `app.service`, `process 4242 ("node")`.
called() {
  local name=${NAME_OF["$1"]} plain='^[A-Za-z0-9:_.@-]+$' pid
  if [[ ! $name =~ $plain || $1 == process* ]]; then name=$(json_string "$name"); fi
  if [[ $1 == process* ]]; then
    read -r _ pid _ <<<"$1"
    name="process $pid ($name)"
  fi
  printf '%s' "$name"
}

# One line about a consumer that was just judged.
describe() {
  local text
  text="$(called "$1") uses $(human_bytes "${USE["$1"]}")"
  if ((PERCENT >= 0)); then text+=", $PERCENT % of its limit of $(human_bytes "${LIMIT["$1"]}")"; fi
  if ((SECONDS_LEFT >= 0)); then
    text+=", and grows by $(human_bytes $((RATE * 60))) a minute"
    if ((${LIMIT["$1"]} > 0)); then text+=' towards it'; else text+=' without a limit'; fi
    text+=" (there in about $((SECONDS_LEFT / 60)) min)"
  fi
  say "$text"
}
