# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is read by the playbook that sources it
# The steps of disk-cleanup that are done by a tool with knowledge of its own data: journalctl, apt-get, dnf, docker, podman.
# Sourced by disk-cleanup.
#
# For each kind KIND there is `find_KIND` (sets ITEMS: id -> bytes, of what the tool would remove; fails when that cannot be known) and `do_KIND`.
# A run lists before and after; what is gone is what was freed.

declare -A ITEMS=()

# Reads pairs "blocks of 512 bytes NUL path NUL" from standard input.
add_block_items() {
  local -a pairs=()
  local i
  mapfile -d '' -t pairs
  for ((i = 0; i + 1 < ${#pairs[@]}; i += 2)); do ITEMS["${pairs[i + 1]}"]=$((pairs[i] * 512)); done
}

# Archived journals whose first entry is older than the limit: the rule of `journalctl --vacuum-time`, which takes the
# oldest of the time in the name, the file's own times and its birth. Active journals are never touched.
find_journal() {
  local -a records=()
  local i j path stamp limit=$(((NOW - JOURNAL_DAYS * 86400) * 1000000)) age time
  local archived='@[0-9a-f]{32}-[0-9a-f]{16}-([0-9a-f]{16})\.journal$' broken='@([0-9a-f]{16})-[0-9a-f]{16}\.journal~$'
  ITEMS=()
  mapfile -d '' -t records < <(
    find -P "$JOURNAL_DIR" -xdev -mindepth 1 -maxdepth 2 -type f -name '*@*.journal*' \
      -printf '%b\0%T@\0%A@\0%C@\0%B@\0%p\0'
  )
  for ((i = 0; i + 5 < ${#records[@]}; i += 6)); do
    path=${records[i + 5]}
    if [[ ! ${path##*/} =~ $archived && ! ${path##*/} =~ $broken ]]; then continue; fi
    stamp=${BASH_REMATCH[1]}
    age=$((16#$stamp))
    for ((j = 1; j <= 4; j++)); do
      time=${records[i + j]}
      if [[ $time =~ ^[0-9]+\.[0-9]{6} ]]; then
        time=${BASH_REMATCH[0]/./}
        if ((10#$time > 0 && 10#$time < age)); then age=$((10#$time)); fi
      fi
    done
    if ((age < limit)) && [[ -w ${path%/*} ]]; then ITEMS["$path"]=$((records[i] * 512)); fi
  done
}
do_journal() { tool_shown journalctl --directory="$JOURNAL_DIR" --vacuum-time="${JOURNAL_DAYS}d"; }

# What `apt-get clean` removes from the archive folder: every file but `lock`, and those in partial/.
find_apt() {
  ITEMS=()
  add_block_items < <(
    find -P "$APT_DIR" "$APT_DIR/partial" -xdev -mindepth 1 -maxdepth 1 -type f ! -name lock -printf '%b\0%p\0' 2>/dev/null
  )
}
# The indexes stay, apt would only build them again; so do half-fetched package lists, which are not in our listing:
# apt is shown a folder for them that cannot be.
do_apt() {
  tool_shown apt-get -o "Dir::Cache::archives=$APT_DIR/" -o Dir::State::lists=/proc/self/nowhere/ \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= clean
}

find_dnf() {
  local dir
  ITEMS=()
  for dir in "${DNF_DIRS[@]}"; do
    if [[ ! -d $dir || -L $dir || ! -w $dir ]] || ! same_file_system "$dir"; then continue; fi
    add_block_items < <(find -P "$dir" -xdev -type f -path '*/packages/*.*rpm' -printf '%b\0%p\0')
  done
}
do_dnf() { tool_shown dnf clean packages; }

# engine_ready docker|podman: whether it answers and keeps its data on our file system; says why not.
engine_ready() {
  local engine=$1 template='{{.DockerRootDir}}' root
  if ! have "$engine"; then return 1; fi
  if [[ $engine == podman ]]; then template='{{.Store.GraphRoot}}'; fi
  if [[ $engine == docker && $(ask docker --version 2>/dev/null) == *podman* ]]; then return 1; fi
  if ! root=$(ask "$engine" info --format "$template" 2>/dev/null) || [[ $root != /* || ! -d $root ]]; then
    say "containers: $engine does not answer, or not with a folder of this host, skipped"
    return 1
  fi
  if ! same_file_system "$root"; then
    say "containers: $engine keeps its data on another file system, skipped"
    return 1
  fi
}

# Dangling images that no container uses, and build cache that nothing uses, not younger than the limit, with the size
# that they alone take. The tables of `system df -v` are the only place where both engines give that size; ages are in
# words there ("8 days ago"), always rounded down, so nothing is promised too early.
find_engine() {
  local engine=$1 id bytes kind ids table
  local -A dangling=()
  ITEMS=()
  ids=$(tool "$engine" images --filter dangling=true --quiet --no-trunc 2>/dev/null) || return 1
  table=$(tool "$engine" system df -v 2>/dev/null) || return 1
  while read -r id; do
    id=${id#sha256:}
    if [[ $id =~ ^[0-9a-f]{12,64}$ ]]; then dangling["${id:0:12}"]=1; fi
  done <<<"$ids"
  while read -r kind id bytes; do
    if [[ $kind == image && -z ${dangling["$id"]:-} ]]; then continue; fi
    ITEMS["$kind $id"]=$bytes
  done < <(
    printf '%s\n' "$table" | awk -v days="$CONTAINER_DAYS" -v engine="$engine" '
      function column(name, upto,   text) {
        text = upto ? substr($0, at[name], at[upto] - at[name]) : substr($0, at[name])
        gsub(/^ +| +$/, "", text)
        return text
      }
      function mark(name, after,   skip) {
        skip = after ? at[after] + length(after) : 1
        at[name] = index(substr($0, skip), name) + skip - 1
        return at[name] >= skip
      }
      function age_in_days(text,   n) {
        if (text ~ /^About an? /) n = 1; else if (text ~ /^[0-9]+ /) n = text + 0; else return -1
        if (text ~ /(second|minute)s?( ago)?$/) return 0
        if (text ~ /hours?( ago)?$/) return int(n / 24)
        if (text ~ /days?( ago)?$/) return n
        if (text ~ /weeks?( ago)?$/) return n * 7
        if (text ~ /months?( ago)?$/) return n * 30
        if (text ~ /years?( ago)?$/) return n * 365
        return -1
      }
      function bytes(text,   n) {
        if (text !~ /^[0-9]+(\.[0-9]+)?(e\+?[0-9]+)? ?[kKMGTP]?i?B$/) return -1
        n = text + 0
        if (text ~ /[kK]i?B$/) n *= 1e3; else if (text ~ /Mi?B$/) n *= 1e6; else if (text ~ /Gi?B$/) n *= 1e9
        else if (text ~ /Ti?B$/) n *= 1e12; else if (text ~ /Pi?B$/) n *= 1e15
        return n
      }
      /^REPOSITORY / {
        table = mark("IMAGE ID") && mark("CREATED", "IMAGE ID") && mark("SIZE", "CREATED") && mark("SHARED SIZE", "SIZE") &&
          mark("UNIQUE SIZE", "SHARED SIZE") && mark("CONTAINERS", "UNIQUE SIZE") ? "image" : ""
        next
      }
      /^CACHE ID / {
        table = mark("CACHE ID") && mark("CACHE TYPE", "CACHE ID") && mark("SIZE", "CACHE TYPE") && mark("CREATED", "SIZE") &&
          mark("LAST USED", "CREATED") && mark("USAGE", "LAST USED") && mark("SHARED", "USAGE") ? "cache" : ""
        next
      }
      /^ *$/ || /^[A-Z].*:/ { table = ""; next }
      table == "image" {
        id = substr(column("IMAGE ID", "CREATED"), 1, 12)
        size = bytes(column("UNIQUE SIZE", "CONTAINERS"))
        if ($1 == "<none>" && column("CONTAINERS") == "0" && size >= 0 && age_in_days(column("CREATED", "SIZE")) >= days)
          printf "image %s %.0f\n", id, size
      }
      table == "cache" && engine == "docker" {
        id = column("CACHE ID", "CACHE TYPE"); type = column("CACHE TYPE", "SIZE")
        used = column("LAST USED", "USAGE"); if (used == "") used = column("CREATED", "LAST USED")
        size = bytes(column("SIZE", "CREATED"))
        if (id ~ /^[0-9a-z]+$/ && type !~ /internal|frontend/ && column("SHARED") == "false" && size >= 0 &&
            age_in_days(used) >= days)
          printf "cache %s %.0f\n", id, size
      }'
  )
}
# prune takes dangling images only (never --all) and knows nothing of volumes.
do_engine() {
  local engine=$1 limit=until=$((CONTAINER_DAYS * 24))h status=0
  if [[ -n ${2:-} ]]; then tool_shown "$engine" image prune --force --filter "$limit" || status=1; fi
  if [[ -n ${3:-} ]]; then tool_shown "$engine" builder prune --force --filter "$limit" || status=1; fi
  return "$status"
}
find_docker() { find_engine docker; }
find_podman() { find_engine podman; }
# Only the kinds that were listed are pruned.
do_docker() { do_engine docker "$(listed_kind image)" "$(listed_kind cache)"; }
do_podman() { do_engine podman "$(listed_kind image)"; }
listed_kind() {
  local id
  for id in "${!ITEMS[@]}"; do
    if [[ $id == "$1 "* ]]; then
      say yes
      return
    fi
  done
}
