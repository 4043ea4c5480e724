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

filter=() expression="" hang=4m
while [ $# -gt 0 ]; do case $1 in
    --long) export STREAMACTORS_TEST_LONG=1; hang=60m; shift ;;
    --filter) expression=${2:?--filter needs an expression}; filter=(--filter "$expression"); shift 2 ;;
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) die "unknown option $1: --long, --filter EXPRESSION, --help" ;;
esac; done

need_dotnet "$root"
try_commands redis-server:redis-server openssl:openssl
if [ -z "${STREAMACTORS_TEST_KAFKA:-}" ] && { [ -n "${KAFKA_HOME:-}" ] || [ -d "$root/../shared/kafka" ]; }; then
    try_commands java:openjdk-17-jre-headless
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

# One run at a time, the quick ones first: what is measured is not disturbed by what is merely checked. The Kafka
# client's own tests kill and freeze brokers by the dozen, which leaves nothing next to them its time: a run of their
# own.
run() {    # $1 = project, $2 = the name of this run, $3 = a filter of its own, or nothing
    local status=0 only=("${filter[@]+"${filter[@]}"}")
    if [ -n "$3" ]; then only=(--filter "$3${expression:+&($expression)}"); fi
    say "testing $2"
    dotnet test "$root/tests/$1.Tests/bin/Release/net10.0/$1.Tests.dll" ${only[@]+"${only[@]}"} \
        --logger "trx;LogFileName=$2.trx" --results-directory "$results" \
        --blame-hang --blame-hang-timeout "$hang" --blame-hang-dump-type none \
        >"$results/$2.log" 2>&1 </dev/null || status=$?
    : >"$results/$2.tsv"
    [ ! -f "$results/$2.trx" ] || outcomes "$results/$2.trx" >"$results/$2.tsv"
    if [ "$status" != 0 ]; then
        cat "$results/$2.log"
        grep -q '^Failed' "$results/$2.tsv" ||
            printf 'Failed\t%s.Tests\tthe run itself ended badly\n' "$2" >>"$results/$2.tsv"
    fi
}

for name in Tidy Core Simulation Pipelines; do run $name $name ""; done
run Integration Integration "FullyQualifiedName!~.Tests.Kafka."
run Integration Kafka "FullyQualifiedName~.Tests.Kafka."

cat "$results"/*.tsv >"$results/all"
count() { grep -c "^$1" "$results/all" || true; }
awk -F '\t' '$1 == "NotExecuted" { print "skipped: " $2 ": " $3 }' "$results/all"
awk -F '\t' '$1 == "Failed" { print "FAILED: " $2 ": " $3 }' "$results/all"
passed=$(count Passed) failed=$(count Failed) skipped=$(count NotExecuted)
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
