#!/usr/bin/env bash
# eng/previous.sh          builds the release before this one, the last tag, for 'streamactors chaos --previous FOLDER'
# eng/previous.sh REF      the same of another tag or commit
#
# Prints the folder, which is under artifacts/: a build a commit, made once. It is built from an export of its sources
# in a temporary folder, so neither the work tree nor what is built in it is touched.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=eng/lib.sh
. "$root/eng/lib.sh"

case ${1:-} in
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) die "unknown option $1: eng/previous.sh [REF]" ;;
esac

ref=${1:-$(git -C "$root" describe --tags --abbrev=0 2>/dev/null)} ||
    die "no commit before this one has a tag: name the previous release, eng/previous.sh REF"
commit=$(git -C "$root" rev-parse --verify --quiet "$ref^{commit}") || die "git knows no $ref"
short=${commit:0:12}
folder=$root/artifacts/previous-$short

if [ ! -f "$folder/streamactors.dll" ]; then
    git -C "$root" cat-file -e "$commit:src/StreamActors.Node/Commands/ChaosNodeCommand.cs" 2>/dev/null ||
        die "$ref has no 'streamactors chaos': name a later one"
    need_dotnet "$root"
    work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
    git -C "$root" archive "$commit" | tar -x -C "$work"
    "$work/eng/librdkafka.sh"
    say "building $ref ($short)"
    # With the commit in its version, which the report of a run shows.
    dotnet build "$work/src/StreamActors.Node" "${build_flags[@]}" -p:SourceRevisionId="$short" \
        -p:IncludeSourceRevisionInInformationalVersion=true >&2 || die "the build of $ref failed"
    mkdir -p "$root/artifacts"
    rm -rf "$folder"
    mv "$work/src/StreamActors.Node/bin/Release/net10.0" "$folder"
fi
echo "$folder"
