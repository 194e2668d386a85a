# Steps of `tests/run`: each runs alone, is counted, and is named in the closing list. Sourced, not run.
# shellcheck shell=bash

passed=0
failed=0
skipped=0
declare -A outcome=()
report=()

# Runs an installation: it is no check, so it counts only when it fails.
setup() {
  local name=$1
  shift
  echo "== setup: $name"
  if "$@"; then
    outcome[$name]=ok
  else
    outcome[$name]=failed
    failed=$((failed + 1))
    report+=("FAILED   setup $name")
  fi
}

# Runs the check $1 after the steps named in $2 (in one word, separated by spaces); the rest is the command.
# Its counts are read from its own output where it prints any, else it counts as one.
step() {
  local name=$1 needs=$2 started=$SECONDS log status seen step_passed step_failed prerequisite
  shift 2
  for prerequisite in $needs; do
    if [ "${outcome[$prerequisite]:-missing}" != ok ]; then
      skipped=$((skipped + 1))
      outcome[$name]=skipped
      report+=("NOT RUN  $name: it needs $prerequisite")
      return
    fi
  done
  echo
  echo "== $name"
  # shellcheck disable=SC2154  # set by tests/run
  log="$work/$(echo "$name" | tr -c 'a-z0-9\n' '-').log"
  "$@" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  read -r seen step_passed step_failed < <(count_checks "$log")
  if [ "$status" -eq 0 ] && [ "$seen" -eq 0 ]; then step_passed=1; fi
  if [ "$seen" -gt 0 ] && [ $((step_passed + step_failed)) -eq 0 ]; then
    echo "error: \`$name\` ran no test"
    step_failed=1
  fi
  if [ "$status" -ne 0 ] && [ "$step_failed" -eq 0 ]; then step_failed=1; fi
  passed=$((passed + step_passed))
  failed=$((failed + step_failed))
  if [ "$step_failed" -eq 0 ]; then
    outcome[$name]=ok
    report+=("ok       $name ($step_passed) $((SECONDS - started)) s")
  else
    outcome[$name]=failed
    report+=("FAILED   $name ($step_passed held, $step_failed did not), exit code $status")
  fi
}

# Prints "LINES PASSED FAILED", summed over the `test result:` lines of cargo and the `checks:` lines of our scripts.
count_checks() {
  awk '
    /^test result: / { n++; for (i = 2; i <= NF; i++) { if ($i == "passed;") p += $(i-1); if ($i == "failed;") f += $(i-1) } }
    /^checks: [0-9]+ held, [0-9]+ did not$/ { n++; p += $2; f += $4 }
    END { print n + 0, p + 0, f + 0 }
  ' "$1"
}

# Runs a command that must end with the exit code $1.
exits() {
  local expected=$1 status
  shift
  "$@"
  status=$?
  if [ "$status" -eq "$expected" ]; then return 0; fi
  echo "error: expected exit code $expected, found $status: $*"
  return 1
}

# Prints what became of every step and the closing line; exits 0 only if everything ran and nothing failed.
summary() {
  echo
  echo "== summary"
  printf '%s\n' "${report[@]}"
  echo
  if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
  else
    echo "$passed passed, $failed failed"
  fi
  if [ "$failed" -gt 0 ] || [ "$skipped" -gt 0 ] || [ "$passed" -eq 0 ]; then exit 1; fi
  exit 0
}
