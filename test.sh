#!/usr/bin/env bash
# ./test.sh                  installs what is missing, builds with warnings as errors, runs every test
#   --long                   also the slow ones
#   --filter EXPRESSION      only these, in the words of 'dotnet test --filter'
#
# Ends with one line: N passed, N failed, N skipped. Above it: each failing test, and each skipped one with its reason.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=eng/lib.sh
. "$root/eng/lib.sh"

filter=() hang=4m
while [ $# -gt 0 ]; do case $1 in
    --long) export STREAMACTORS_TEST_LONG=1; hang=60m; shift ;;
    --filter) filter=(--filter "${2:?--filter needs an expression}"); shift 2 ;;
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) die "unknown option $1: --long, --filter EXPRESSION, --help" ;;
esac; done

need_dotnet "$root"
try_commands redis-server:redis-server openssl:openssl
if [ -z "${STREAMACTORS_TEST_KAFKA:-}" ] && { [ -n "${KAFKA_HOME:-}" ] || [ -d "$root/../shared/kafka" ]; }; then
    try_commands "java:$(java_package)"
fi
"$root/eng/librdkafka.sh"

say "building"
dotnet build "$root/StreamActors.sln" "${build_flags[@]}" || die "the build failed"

results=$(mktemp -d) && trap 'rm -rf "$results"' EXIT

outcomes() {    # of a trx file: a line a test: outcome, tab, name, tab, first line of the message
    awk 'BEGIN { RS = "<UnitTestResult " } NR > 1 {
        tag = $0; sub(/>.*/, "", tag)    # not the summary that stands behind the last result
        name = tag; sub(/.*testName="/, "", name); sub(/".*/, "", name)
        outcome = tag; sub(/.* outcome="/, "", outcome); sub(/".*/, "", outcome)
        message = ""
        if (match($0, /<(Message|StdOut)>[^<]*/)) message = substr($0, RSTART, RLENGTH)
        sub(/^<[A-Za-z]*>/, "", message)
        gsub(/&#x[DA];/, "", message); sub(/\n.*/, "", message); line = outcome "\t" name "\t" message
        gsub(/&quot;/, "\"", line); gsub(/&apos;/, "'\''", line); gsub(/&lt;/, "<", line); gsub(/&gt;/, ">", line)
        gsub(/&amp;/, "\\&", line); print line
    }' "$1"
}

# One run at a time, the quick ones first: what is measured is not disturbed by what is merely checked.
run() {    # $1 = project
    local status=0
    say "testing $1"
    local folder=tests; [ "$1" != Samples ] || folder=samples
    dotnet test "$root/$folder/$1.Tests/bin/Release/net10.0/$1.Tests.dll" ${filter[@]+"${filter[@]}"} \
        --logger "trx;LogFileName=$1.trx" --results-directory "$results" \
        --blame-hang --blame-hang-timeout "$hang" --blame-hang-dump-type none \
        >"$results/$1.log" 2>&1 </dev/null || status=$?
    : >"$results/$1.tsv"
    [ ! -f "$results/$1.trx" ] || outcomes "$results/$1.trx" >"$results/$1.tsv"
    if [ "$status" != 0 ]; then
        cat "$results/$1.log"
        grep -q '^Failed' "$results/$1.tsv" ||
            printf 'Failed\t%s.Tests\tthe run itself ended badly\n' "$1" >>"$results/$1.tsv"
    fi
}

for name in Tidy Core Testing Samples Simulation Pipelines Integration Packages; do run "$name"; done

cat "$results"/*.tsv >"$results/all"
count() { grep -c "^$1" "$results/all" || true; }
awk -F '\t' '$1 == "NotExecuted" { print "skipped: " $2 ": " $3 }' "$results/all"
awk -F '\t' '$1 == "Failed" { print "FAILED: " $2 ": " $3 }' "$results/all"
passed=$(count Passed) failed=$(count Failed) skipped=$(count NotExecuted)
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
