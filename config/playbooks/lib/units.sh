# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is read by the playbook that sources it
# systemd units: their names, their properties, what a restart takes along, and the restart itself. Sourced.

# Units that hold the host, the logins or this service together: never reloaded or restarted by a playbook.
NEVER_DEFAULT='dbus*.service systemd-*.service polkit.service user@*.service getty@*.service serial-getty@*.service
  sshd.service ssh.service display-manager.service gdm*.service sddm.service lightdm.service forestall*.service'

declare -A UNIT=()

# unit_name ARGUMENT: sets UNIT_NAME, with `.service` where no type is given. Anything but a service is refused.
unit_name() {
  local allowed='^[A-Za-z0-9:_.@\\-]+$'
  if [[ $1 == -* || ! $1 =~ $allowed || ${#1} -gt 200 ]]; then
    usage_error "not the name of a service: $(json_string "$1")"
  fi
  case $1 in
    *.service) UNIT_NAME=$1 ;;
    *.target | *.socket | *.mount | *.automount | *.swap | *.timer | *.path | *.slice | *.scope | *.device)
      usage_error "only services are handled, not $(json_string "$1")" ;;
    *) UNIT_NAME=$1.service ;;
  esac
}

# `systemctl` for the manager that SCOPE names (system or user).
manager() {
  if [[ $SCOPE == user ]]; then tool systemctl --user "$@"; else tool systemctl --no-ask-password "$@"; fi
}
manager_shown() {
  if [[ $SCOPE == user ]]; then tool_shown systemctl --user "$@"; else tool_shown systemctl --no-ask-password "$@"; fi
}

# read_unit NAME: fills UNIT with the properties that the playbooks look at; times are epoch seconds, empty for never.
read_unit() {
  local key value text
  UNIT=()
  text=$(manager show --timestamp=unix \
    --property=Id,LoadState,ActiveState,NeedDaemonReload,FragmentPath,SourcePath,DropInPaths,EnvironmentFiles,CanReload \
    --property=MainPID,ExecMainStartTimestamp,ActiveEnterTimestamp,StateChangeTimestamp,RefuseManualStop,RefuseManualStart \
    --property=RequiredBy,BoundBy,ConsistsOf,ControlGroup -- "$1") || return 1
  while IFS='=' read -r key value; do
    if [[ $key =~ ^[A-Za-z]+$ ]]; then UNIT["$key"]+=${UNIT["$key"]:+$'\n'}$value; fi
  done <<<"$text"
  for key in ExecMainStartTimestamp ActiveEnterTimestamp StateChangeTimestamp; do
    value=${UNIT["$key"]:-}
    if [[ $value =~ ^@([0-9]{1,12}) ]]; then UNIT["$key"]=${BASH_REMATCH[1]}; else UNIT["$key"]=''; fi
  done
  [[ -n ${UNIT[Id]:-} && -n ${UNIT[LoadState]:-} && -n ${UNIT[ActiveState]:-} ]]
}

# matches NAME PATTERNS: whether a glob in the list (separated by spaces) matches the name.
matches() {
  local -a patterns=()
  local pattern
  read -r -d '' -a patterns <<<"$2"
  for pattern in "${patterns[@]}"; do
    # shellcheck disable=SC2053 # a glob is meant
    if [[ $1 == $pattern ]]; then return 0; fi
  done
  return 1
}

# restart_affects NAME: sets AFFECTS to the unit and the running services that stop or restart with it.
restart_affects() {
  local -a queue=("$1") next=()
  local -A seen=(["$1"]=1)
  local unit other
  local -A kept=()
  for unit in "${!UNIT[@]}"; do kept["$unit"]=${UNIT["$unit"]}; done
  AFFECTS=("$1")
  while ((${#queue[@]} && ${#AFFECTS[@]} < 100)); do
    unit=${queue[0]}
    queue=("${queue[@]:1}")
    if ! read_unit "$unit"; then continue; fi
    read -r -d '' -a next <<<"${UNIT[RequiredBy]:-} ${UNIT[BoundBy]:-} ${UNIT[ConsistsOf]:-}"
    if [[ $unit != "$1" && ${UNIT[ActiveState]} == inactive ]]; then continue; fi
    if [[ $unit != "$1" ]]; then AFFECTS+=("$unit"); fi
    for other in "${next[@]}"; do
      if [[ $other == *.service && -z ${seen["$other"]:-} ]]; then
        seen["$other"]=1
        queue+=("$other")
      fi
    done
  done
  UNIT=()
  for unit in "${!kept[@]}"; do UNIT["$unit"]=${kept["$unit"]}; done
}

# Says why the unit, or something that goes down with it, may not be restarted; fails when it may.
restart_forbidden() {
  local unit
  if [[ ${UNIT[RefuseManualStop]:-no} == yes || ${UNIT[RefuseManualStart]:-no} == yes ]]; then
    say "$1 refuses to be stopped or started by hand"
    return
  fi
  for unit in "${AFFECTS[@]}"; do
    if matches "$unit" "$NEVER"; then
      say "$unit is never restarted by a playbook"
      return
    fi
  done
  return 1
}

# act_on reload|restart NAME: does it, waits until the service has stayed up for SETTLE seconds; sets ACT_SECONDS.
act_on() {
  local began=$SECONDS i
  manager_shown "$1" -- "$2" || return 1
  ACT_SECONDS=$((SECONDS - began))
  for ((i = 0; ; i++)); do
    if ! read_unit "$2" || [[ ${UNIT[ActiveState]} != active ]]; then
      warn "$2 is ${UNIT[ActiveState]:-unknown} after the $1; see: journalctl --unit $2"
      return 1
    fi
    if ((i >= SETTLE)); then return 0; fi
    sleep 1
  done
}
