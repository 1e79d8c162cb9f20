#!/bin/bash
# apply-remediation.sh --playbook NAME [--dry-run] [--service X]: a script as people have them. It logs in colours, writes
# no result, and exits 0 whether or not there was something to do. Beside it lie `calls`, where it writes how it was called,
# and `target`, which names the folder that disk-cleanup empties.
set -euo pipefail
here=$(dirname -- "$0")
printf '%s\n' "$*" >>"$here/calls"
log() { printf '\033[0;%dm[%s]\033[0m %s\n' "$1" "$2" "$3"; }

playbook='' service='' dry_run=false
while (($# > 0)); do
  case $1 in
    --playbook) playbook=$2 && shift 2 ;;
    --service) service=$2 && shift 2 ;;
    --dry-run) dry_run=true && shift ;;
    *) log 31 ERROR "unknown option $1" >&2 && exit 64 ;;
  esac
done

log 34 INFO "playbook $playbook${service:+ for $service}"
case $playbook in
  drift-reconciliation)
    if [[ -z $service ]]; then log 31 ERROR '--service is missing' >&2 && exit 64; fi
    if $dry_run; then log 33 DRY-RUN "would restart $service"; else log 32 SUCCESS "restarted $service"; fi
    ;;
  disk-cleanup)
    target=$(<"$here/target")
    if [[ -z $(find "$target" -type f) ]]; then log 32 SUCCESS 'nothing to do' && exit 0; fi
    if $dry_run; then
      log 33 DRY-RUN "would empty $target"
    else
      find "$target" -type f -delete
      log 32 SUCCESS "emptied $target"
    fi
    ;;
  *) log 31 ERROR "unknown playbook $playbook" >&2 && exit 64 ;;
esac
