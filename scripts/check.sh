#!/usr/bin/env bash
# Everything that has to hold before a change is taken: format and lint, types, build, tests, alert rules, shell scripts.
# Every step runs, also after one that failed. The last line is `N passed, N failed`: each test counts, and each other
# step counts as one. With CI=true a program that is not installed is a failure; else its steps are skipped, and said so.
# A test that waited in vain and passed when it was asked again is named.
set -u

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

passed=0
failed=0
failures=()

pass() { passed=$((passed + $1)); }
fail() {
  failed=$((failed + $1))
  failures+=("$2")
}

# step NAME COMMAND…: one step, which passes when the command exits 0.
step() {
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then pass 1; else fail 1 "$name"; fi
}

# have PROGRAM WHAT_FOR: is it installed? Says so, or fails in CI, when it is not.
have() {
  # Debian keeps the programs of PostgreSQL's server off the path, in a folder for each version.
  if command -v "$1" >/dev/null 2>&1 || compgen -G "${POSTGRESQL_VERSIONS:-/usr/lib/postgresql}/*/bin/$1" >/dev/null; then return 0; fi
  if [ "${CI:-}" = true ]; then
    printf '\n== %s\nFAILED: %s is not installed, and in CI nothing is skipped\n' "$2" "$1"
    fail 1 "$2: $1 is not installed"
  else
    printf '\n== %s\nSKIPPED: %s is not installed (Debian: apt-get install %s)\n' "$2" "$1" "${3:-$1}"
  fi
  return 1
}

tests() {
  printf '\n== tests\n'
  local status=0 counts failure
  vitest run --reporter=default --reporter=json --outputFile.json="$work/tests.json" || status=$?
  if ! node scripts/count-tests.ts "$work/tests.json" "$status" >"$work/counts"; then
    fail 1 'tests: no result to count'
    return
  fi
  {
    read -r counts
    pass "${counts% *}"
    while IFS= read -r failure; do fail 1 "$failure"; done
  } <"$work/counts"
}

shell_scripts() {
  find .ci bin scripts config deploy test -type f ! -path '*/node_modules/*' -exec \
    awk 'FNR == 1 { if (/^#!.*[\/ ](ba|da)?sh( |$)/ || FILENAME ~ /\.sh$/) print FILENAME; nextfile }' {} + 2>/dev/null
}

check_shell() {
  local files
  mapfile -t files < <(shell_scripts | sort)
  [ "${#files[@]}" -gt 0 ] || { echo 'no shell script found'; return 1; }
  shellcheck --external-sources --source-path=SCRIPTDIR "${files[@]}" && printf '%s scripts\n' "${#files[@]}"
}

check_rules() {
  local files=(alert-rules/*.rules.yml)
  [ -e "${files[0]}" ] || { echo 'no file alert-rules/*.rules.yml'; return 1; }
  promtool check rules "${files[@]}"
}

test_rules() {
  local files=(alert-rules/*.test.yml)
  [ -e "${files[0]}" ] || { echo 'no file alert-rules/*.test.yml'; return 1; }
  (cd alert-rules && promtool test rules "${files[@]##*/}")
}

step 'format and lint' biome check --error-on-warnings .
step 'types' tsc --noEmit -p tsconfig.json
step 'build' tsc -p tsconfig.build.json --outDir "$work/dist"
have prometheus 'tests on a real Prometheus'
have prometheus-alertmanager 'tests on a real Alertmanager'
have prometheus-node-exporter 'tests on a real node_exporter'
have ansible-playbook 'tests of plays by Ansible' ansible-core
have ip 'tests on hosts in network namespaces' iproute2
have sshd 'tests on hosts over ssh' openssh-server
have strace 'tests that kill at every write'
have systemd-analyze 'tests of the unit files' systemd
have chromium 'tests of the status page in a browser'
have initdb 'tests on a real PostgreSQL' postgresql
have zsh 'completion for zsh'
have fish 'completion for fish'
tests
if have promtool 'alert rules' prometheus; then
  step 'alert rules are valid' check_rules
  step 'alert rules fire and do not fire' test_rules
fi
step 'alert rules are those of the mapping' node src/main.ts rules --check
if have shellcheck 'shell scripts'; then step 'shell scripts' check_shell; fi

printf '\n'
for failure in ${failures[@]+"${failures[@]}"}; do printf 'FAILED: %s\n' "$failure"; done
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
