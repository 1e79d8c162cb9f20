# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is read by the playbook that sources it
# What differs between a running service and what is written. Each check adds to DRIFT (a line for people) and sets what
# would reconcile it. Sourced by drift-reconciliation.

declare -a DRIFT=()
NEEDS_DAEMON_RELOAD=no NEEDS_RESTART=no PULL_IMAGE=''

clock() { date -d "@$1" '+%Y-%m-%d %H:%M:%S'; }

# newer_file KIND PATH SINCE: whether the file was written after SINCE; says so in DRIFT.
newer_file() {
  local written
  if [[ -z $3 || ! -e $2 ]]; then return 1; fi
  written=$(stat -L -c %Y -- "$2") || return 1
  if ((written <= $3)); then return 1; fi
  DRIFT+=("$1 $(json_string "$2") was written $(clock "$written"), the service runs with what was there $(clock "$3")")
}

# The unit as systemd has it, its file, drop-ins, quadlet source and environment files.
unit_drift() {
  local started=${UNIT[ActiveEnterTimestamp]} path
  local -a drop_ins=()
  if [[ ${UNIT[MainPID]:-0} != 0 && -n ${UNIT[ExecMainStartTimestamp]} ]]; then started=${UNIT[ExecMainStartTimestamp]}; fi
  if [[ ${UNIT[NeedDaemonReload]:-no} == yes ]]; then
    DRIFT+=("systemd has not read the unit's files since they were changed (NeedDaemonReload)")
    NEEDS_DAEMON_RELOAD=yes NEEDS_RESTART=yes
  fi
  # Generators write their files anew at each daemon-reload: their time says nothing, their source's does.
  case ${UNIT[FragmentPath]:-} in
    '' | */systemd/generator*/* | */systemd/transient/*) ;;
    *) if newer_file 'unit file' "${UNIT[FragmentPath]}" "$started"; then NEEDS_RESTART=yes; fi ;;
  esac
  if [[ -n ${UNIT[SourcePath]:-} ]]; then
    if newer_file 'source of the unit' "${UNIT[SourcePath]}" "$started"; then NEEDS_RESTART=yes; fi
    for path in "${UNIT[SourcePath]}".d/*.conf; do
      if newer_file 'drop-in of the source' "$path" "$started"; then NEEDS_RESTART=yes; fi
    done
  fi
  read -r -a drop_ins <<<"${UNIT[DropInPaths]:-}"
  for path in "${drop_ins[@]}"; do
    if [[ $path == */systemd/generator*/* ]]; then continue; fi
    if newer_file drop-in "$path" "$started"; then NEEDS_RESTART=yes; fi
  done
  while IFS= read -r path; do
    path=${path% (ignore_errors=*}
    if [[ $path == /* ]] && newer_file 'environment file' "$path" "$started"; then NEEDS_RESTART=yes; fi
  done <<<"${UNIT[EnvironmentFiles]:-}"
}

# Files that the service reads itself, named by DRIFT_CONFIG_FILES: a reload is enough where the service has one.
config_drift() {
  local path
  for path in "$@"; do
    if [[ ! -e $path ]]; then
      say "configuration file $(json_string "$path") does not exist, not compared"
    elif newer_file 'configuration file' "$path" "${UNIT[StateChangeTimestamp]}"; then
      if [[ ${UNIT[CanReload]:-no} != yes ]]; then NEEDS_RESTART=yes; fi
    fi
  done
}

# The image of the unit's container against its tag, by podman auto-update's own dry run.
image_drift() {
  local unit image policy updated answer
  have podman || return 0
  if ! answer=$(tool podman auto-update --dry-run --format '{{.Unit}} {{.Image}} {{.Policy}} {{.Updated}}' 2>&1); then
    say 'podman auto-update --dry-run failed, images were not compared:'
    printf '%s\n' "$answer" | head -n 5 | sed 's/^/  | /'
    return
  fi
  while read -r unit image policy updated; do
    if [[ $unit != "$UNIT_NAME" || $updated != pending ]]; then continue; fi
    if [[ ! $image =~ ^[A-Za-z0-9][A-Za-z0-9._/:@-]*$ ]]; then continue; fi
    DRIFT+=("image $image: the $policy has another one under this name than the container runs")
    NEEDS_RESTART=yes
    if [[ $policy == registry ]]; then PULL_IMAGE=$image; fi
  done <<<"$answer"
}

# The services of a compose file against the containers made from it, by compose's own hash of each service.
compose_drift() {
  local file=$1 wanted=$2 name hash written running service state
  local -A has=() up=()
  if ! written=$(tool docker compose --file "$file" config --hash '*' 2>/dev/null); then
    fail "docker compose cannot read $(json_string "$file"); try: docker compose --file FILE config"
  fi
  running=$(tool docker compose --file "$file" ps --all --quiet --no-trunc 2>/dev/null) || fail 'docker compose ps failed'
  while read -r name; do
    if [[ ! $name =~ ^[0-9a-f]{12,64}$ ]]; then continue; fi
    read -r service hash state < <(tool docker inspect --format \
      '{{index .Config.Labels "com.docker.compose.service"}} {{index .Config.Labels "com.docker.compose.config-hash"}} {{.State.Status}}' \
      -- "$name" 2>/dev/null)
    if [[ -n ${service:-} ]]; then has["$service"]=$hash up["$service"]=${state:-unknown}; fi
  done <<<"$running"
  while read -r service hash; do
    if [[ -z $hash || ( -n $wanted && $service != "$wanted" ) ]]; then continue; fi
    if [[ -z ${has["$service"]:-} ]]; then
      DRIFT+=("compose service $service is written and has no container")
    elif [[ ${has["$service"]} != "$hash" ]]; then
      DRIFT+=("compose service $service: written ${hash:0:12}, its container was made from ${has["$service"]:0:12}")
    elif [[ ${up["$service"]} != running ]]; then
      DRIFT+=("compose service $service: its container is ${up["$service"]}")
    else
      continue
    fi
    NEEDS_RESTART=yes
  done <<<"$written"
}

# A folder against its commit; repository hooks and monitors do not run.
git_drift() {
  local folder=$1 entry listing=()
  local -a git=(git -C "$folder" --no-optional-locks -c core.fsmonitor=false -c core.hooksPath=/dev/null)
  if ! tool "${git[@]}" rev-parse --verify --quiet HEAD >/dev/null; then
    fail "$(json_string "$folder") is not a git work tree with a commit that this user may read"
  fi
  mapfile -d '' -t listing < <(tool "${git[@]}" status --porcelain=v1 -z --no-renames --untracked-files=all -- .)
  if ! wait "$!"; then fail "git status failed in $(json_string "$folder")"; fi
  for entry in "${listing[@]}"; do
    case ${entry:0:2} in
      '??') DRIFT+=("not in the commit: $(json_string "${entry:3}")") ;;
      *D*) DRIFT+=("missing: $(json_string "${entry:3}")") ;;
      *) DRIFT+=("differs: $(json_string "${entry:3}")") ;;
    esac
  done
}
