# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is read by the playbook that sources it
# Listing old files and removing exactly the listed ones. Sourced by disk-cleanup.
#
# The same listing is added up by a dry run and removed by a run. Only regular files are removed, never folders,
# links, sockets or pipes. A removal enters the folder, checks by device and inode that it is the folder that was listed,
# checks that the entry is the file that was listed and unlinks it by its bare name: a link put in the way by somebody
# else leads nowhere.

# One index a listed file.
declare -a F_DIR=() F_NAME=() F_INODE=() F_LINKS=() F_BYTES=() F_MTIME=() F_SIZE=() F_UID=() F_STEP=()
# Folder -> "device:inode", uid, mode, as the listing saw it.
declare -A D_ID=() D_UID=() D_MODE=()
# "device:inode of the folder/name": the same entry reached through two roots counts once.
declare -A SEEN=()
# "device:inode" that a process, a loop device or swap holds.
declare -A IN_USE=()
# Mount points of this namespace, decoded.
declare -a MOUNTS=()
# Set when some process could not be looked into.
BLIND=no

read_mounts() {
  local line field
  while read -r line; do
    read -r _ _ _ _ field _ <<<"$line"
    # mountinfo writes space, tab, newline and backslash as \040, \011, \012, \134.
    printf -v field '%b_' "$field"
    MOUNTS+=("${field%_}")
  done </proc/self/mountinfo
}

# The argument as a pattern for find -path that matches only itself.
find_literal() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\*/\\*}
  text=${text//\?/\\?}
  printf '%s' "${text//\[/\\[}"
}

# usable_root LABEL FOLDER: whether FOLDER (its own real path, a folder on our file system) may be listed; says why not.
usable_root() {
  local label=$1 root=$2
  if [[ ! -e $root && ! -L $root ]]; then
    say "$label: $(json_string "$root") does not exist, skipped"
    return 1
  fi
  if [[ ! -d $root || $(realpath -e -- "$root" && printf x) != "$root"$'\n'x ]]; then
    say "$label: $(json_string "$root") is not a folder or is reached through a link, skipped"
    return 1
  fi
  if ! same_file_system "$root"; then
    say "$label: $(json_string "$root") is on another file system, skipped"
    return 1
  fi
}

# list_files STEP ROOT CUTOFF TIMES [FIND-TEST...]
# Appends the regular files under ROOT that are not newer than CUTOFF (epoch seconds) by each of TIMES (`m`, or `amc`
# for access, modification and change), leaving out other file systems and everything mounted below.
list_files() {
  local step=$1 root=$2 cutoff=$3 times=$4 mount key status parent
  shift 4
  local -a prune=() age=(! -newermt "@$cutoff") records=()
  if [[ $times == amc ]]; then age+=(! -newerat "@$cutoff" ! -newerct "@$cutoff"); fi
  for mount in "${MOUNTS[@]}"; do
    # -xdev alone would walk into a bind mount of the same file system.
    if [[ $mount == "${root%/}"/?* ]]; then prune+=(-path "$(find_literal "$mount")" -prune -o); fi
  done
  mapfile -d '' -t records < <(
    find -P "$root" -xdev "${prune[@]}" \
      -type d -printf 'd\0%D:%i\0%U\0%m\0\0\0\0%p\0' -o \
      -type f "${age[@]}" "$@" -printf 'f\0%D:%i\0%n\0%b\0%T@\0%s\0%U\0%p\0'
    printf '%s\0' "$?"
  )
  status=${records[-1]}
  unset 'records[-1]'
  if ((status != 0)); then say "$step: parts of $(json_string "$root") could not be read and are left alone"; fi
  local i path dir name
  for ((i = 0; i + 7 < ${#records[@]}; i += 8)); do
    path=${records[i + 7]}
    if [[ ${records[i]} == d ]]; then
      D_ID["$path"]=${records[i + 1]} D_UID["$path"]=${records[i + 2]} D_MODE["$path"]=${records[i + 3]}
      continue
    fi
    dir=${path%/*} name=${path##*/}
    parent=${D_ID["${dir:-/}"]:-}
    if [[ -z $parent ]]; then continue; fi
    key=$parent/$name
    if [[ -n ${SEEN["$key"]:-} ]] || ! removable "$dir" "${records[i + 6]}"; then continue; fi
    SEEN["$key"]=1
    F_DIR+=("$dir") F_NAME+=("$name") F_INODE+=("${records[i + 1]}") F_LINKS+=("${records[i + 2]}")
    F_BYTES+=($((records[i + 3] * 512))) F_MTIME+=("${records[i + 4]%%.*}") F_SIZE+=("${records[i + 5]}")
    F_UID+=("${records[i + 6]}") F_STEP+=("$step")
  done
}

# removable FOLDER UID-OF-FILE: whether this user may unlink there at all, so that a dry run promises nothing else.
removable() {
  if [[ ! -w $1 || ! -x $1 ]] || ((${#1} > 3800)); then return 1; fi
  if ((EUID == 0)) || (((8#${D_MODE["$1"]} & 8#1000) == 0)); then return 0; fi
  [[ $2 == "$EUID" || ${D_UID["$1"]} == "$EUID" ]]
}

# Fills IN_USE from every process's open files, mappings, program and folder, from loop devices and from swap.
read_in_use() {
  local id path line
  while read -r id; do IN_USE["$id"]=1; done < <(
    # Processes that end meanwhile make find exit 1; only the time-out means that something is missing.
    {
      tool find -L /proc/[0-9]*/fd /proc/[0-9]*/map_files /proc/[0-9]*/exe \
        -maxdepth 1 -type f -printf '%D:%i\n' 2>&3 || [[ $? != 124 ]] || printf 'timeout\n'
    } 3> >(awk '/\/proc\/[0-9]+\/fd.*Permission denied/ { blind = 1 } END { if (blind) print "blind" }')
  )
  # A file system that does not answer hides who has what open.
  if [[ -n ${IN_USE[timeout]:-} ]]; then
    fail "the open files of the running processes could not be listed within $TOOL_TIMEOUT seconds; nothing was changed"
  fi
  if [[ -n ${IN_USE[blind]:-} ]]; then BLIND=yes; fi
  # Without privilege map_files cannot be followed; maps gives the inode alone, which is enough to stay away from.
  if ((EUID != 0)); then
    while read -r id; do IN_USE["*:$id"]=1; done < <(
      cat -- /proc/[0-9]*/maps 2>/dev/null | awk '$5 > 0 && !seen[$5]++ { print $5 }'
    )
  fi
  for path in /sys/block/loop*/loop/backing_file; do
    if [[ -r $path ]] && IFS= read -r line <"$path"; then hold_path "$line"; fi
  done
  if [[ -r /proc/swaps ]]; then
    while read -r line _; do
      printf -v line '%b_' "$line"
      hold_path "${line%_}"
    done < <(tail -n +2 /proc/swaps)
  fi
}

hold_path() {
  local id
  if id=$(stat -c %d:%i -- "$1" 2>/dev/null); then IN_USE["$id"]=1; fi
}

in_use() { [[ -n ${IN_USE["$1"]:-} || -n ${IN_USE["*:${1#*:}"]:-} ]]; }

# Takes off the list what is in use, and, where some processes could not be looked into, what other users own.
drop_in_use() {
  local i held=0 unknown=0
  for i in "${!F_NAME[@]}"; do
    if in_use "${F_INODE[i]}"; then
      held=$((held + 1))
    elif [[ $BLIND == yes && ${F_UID[i]} != "$EUID" ]]; then
      unknown=$((unknown + 1))
    else
      continue
    fi
    unset "F_DIR[i]" "F_NAME[i]" "F_INODE[i]" "F_LINKS[i]" "F_BYTES[i]" "F_MTIME[i]" "F_SIZE[i]" "F_UID[i]" "F_STEP[i]"
  done
  if ((held)); then say "in use, left alone: $(count "$held" file)"; fi
  if ((unknown)); then say "other users' files, which processes hidden from us may have open, left alone: $(count "$unknown" file)"; fi
}

# add_up INDEX...: sets TOTAL_FILES and TOTAL_BYTES. The blocks of an inode are free when its last link is among them.
add_up() {
  local i id
  local -A links=()
  TOTAL_FILES=0 TOTAL_BYTES=0
  for i in "$@"; do
    id=${F_INODE[i]}
    TOTAL_FILES=$((TOTAL_FILES + 1))
    links["$id"]=$((${links["$id"]:-0} + 1))
    if ((${links["$id"]} == F_LINKS[i])); then TOTAL_BYTES=$((TOTAL_BYTES + F_BYTES[i])); fi
  done
}

# Removes the listed files. Sets REMOVED (indexes that are gone by our hand) and FAILED (how many could not be removed).
remove_listed() {
  local i dir
  local -A by_dir=()
  REMOVED=() FAILED=0
  for i in "${!F_NAME[@]}"; do by_dir["${F_DIR[i]}"]+=" $i"; done
  for dir in "${!by_dir[@]}"; do
    local -a indexes=()
    read -r -a indexes <<<"${by_dir["$dir"]}"
    for ((i = 0; i < ${#indexes[@]}; i += 200)); do remove_in "$dir" "${indexes[@]:i:200}"; done
  done
  cd / || fail "the root folder cannot be entered"
}

remove_in() {
  local dir=$1 i k
  shift
  if ! cd -P -- "$dir" 2>/dev/null || [[ $(stat -c %d:%i .) != "${D_ID["$dir"]}" ]]; then
    warn "$(json_string "$dir") is not the folder that was listed any more, left alone"
    return
  fi
  local -A index_of=()
  local -a names=() facts=() now=()
  for i in "$@"; do
    names+=("./${F_NAME[i]}") index_of["./${F_NAME[i]}"]=$i
  done
  mapfile -d '' -t facts < <(stat --printf '%F\0%d:%i\0%Y\0%s\0%n\0' -- "${names[@]}" 2>/dev/null)
  names=()
  for ((k = 0; k + 4 < ${#facts[@]}; k += 5)); do
    i=${index_of["${facts[k + 4]}"]}
    if [[ ${facts[k]} == regular* && "${facts[*]:k+1:3}" == "${F_INODE[i]} ${F_MTIME[i]} ${F_SIZE[i]}" ]]; then
      names+=("${facts[k + 4]}") now+=("$i")
    else
      say "changed since it was listed, left alone: $(json_string "$dir/${F_NAME[i]}")"
    fi
  done
  if ((${#names[@]} == 0)); then return; fi
  rm -f -- "${names[@]}" 2>&1 | sed 's/^/  | /' >&2
  for k in "${!names[@]}"; do
    if [[ -e ${names[k]} || -L ${names[k]} ]]; then
      FAILED=$((FAILED + 1))
    else
      REMOVED+=("${now[k]}")
    fi
  done
}
