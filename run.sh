#!/usr/bin/env bash
# ./run.sh            the demo:  streamactors demo
# ./run.sh --flag …   the demo with options, such as --seconds 20
# ./run.sh ARGS       streamactors ARGS; ./run.sh --help lists them
#
# Installs what is missing, builds when a source has changed since the last build, and becomes the program, so that
# Ctrl-C and SIGTERM reach it.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=eng/lib.sh
. "$root/eng/lib.sh"

program=$root/src/StreamActors.Node/bin/Release/net10.0/streamactors.dll
stamp=$root/.cache/built

case ${1:-} in
    -h | --help | --version) ;;
    "" | -*) set -- demo "$@" ;;
esac

sources() {    # a fingerprint of all that the build reads
    cd "$root"
    find src eng/librdkafka.sh ./*.props global.json nuget.config .editorconfig ./*.txt \
        \( -name bin -o -name obj \) -prune -o -type f -printf '%p %T@ %s\n' | sort | sha256sum
}

build() {
    local now
    exec 8>"$root/.cache/lock"
    flock 8
    now=$(sources)
    if [ ! -f "$program" ] || [ "$now" != "$(cat "$stamp" 2>/dev/null)" ]; then
        need_dotnet "$root"
        "$root/eng/librdkafka.sh"
        say "building (once, until a source changes)"
        dotnet build "$root/src/StreamActors.Node" "${build_flags[@]}" >&2 || die "the build failed"
        echo "$now" >"$stamp"
    fi
    exec 8>&-
}

needs_redis() {    # the demo starts a Redis server, unless it is given one
    [ "$1" = demo ] || return 1
    case " $* " in *" --redis "* | *" --redis="* | *" --help "* | *" -h "*) return 1 ;; esac
}

if needs_redis "$@"; then need_commands redis-server:redis-server; fi
mkdir -p "$root/.cache"
[ "$(sources)" = "$(cat "$stamp" 2>/dev/null)" ] && [ -f "$program" ] || build
command -v dotnet >/dev/null || need_dotnet "$root"
exec dotnet "$program" "$@"
