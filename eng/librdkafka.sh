#!/usr/bin/env bash
# Makes the NuGet package librdkafka.redist, the native half of Confluent.Kafka, where the machine's package sources do
# not serve it: from the sources of the same release, which the npm package of Confluent's JavaScript client ships.
#
#   1  the local feed has it             nothing to do
#   2  this user's cache has it          copy
#   3  a package source serves it        nothing to do (the restore takes it from there)
#   4  npm pack, check the hash, build   35 s on two cores; into the cache, then copy
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=eng/lib.sh
. "$here/lib.sh"

version=2.15.1
source_package=@confluentinc/kafka-javascript@1.10.1
source_sha256=ada7d703bb1d3237e2292bfabf438d663b6160c9f1ac2a2406b5dc4257c81b66
feed=$here/../.packages
package=librdkafka.redist.$version.nupkg

case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) rid=linux-x64 ;;
    Linux-aarch64) rid=linux-arm64 ;;
    *) exit 0 ;;    # elsewhere only a package source can help; a restore says so
esac

# One cache a kind of system, for the library is linked against its OpenSSL; and one a recipe, which is this file.
recipe=$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-12)
# shellcheck source=/dev/null
system=$(. /etc/os-release 2>/dev/null && echo "${ID:-linux}${VERSION_ID:-}" || echo linux)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/streamactors/librdkafka-$version-$rid-$system-$recipe

served_by_a_source() {    # a restore in an empty folder sees the machine's sources alone
    local probe=$work/probe
    mkdir -p "$probe"
    cat >"$probe/probe.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageDownload Include="librdkafka.redist" Version="[$version]" /></ItemGroup>
</Project>
XML
    dotnet restore "$probe/probe.csproj" >"$work/probe.log" 2>&1
}

build() {
    need_commands gcc:gcc g++:g++ make:make pkg-config:pkg-config tar:tar npm:npm
    need_packages libssl-dev zlib1g-dev libzstd-dev liblz4-dev libsasl2-dev
    (
        cd "$work"
        npm pack --silent "$source_package" >/dev/null
        local archive; archive=$(echo ./*.tgz)
        echo "$source_sha256  $archive" | sha256sum --check --status ||
            die "the sources of librdkafka are not the expected ones: $archive has another SHA-256 than $source_sha256"
        mkdir source && tar -xzf "$archive" -C source --strip-components=3 package/deps/librdkafka
        cd source
        # Without curl: it is for one way to get an OAuth token only, and would bring twenty more libraries with it.
        ./configure --prefix=/usr --disable-curl --enable-ssl --enable-gssapi --enable-zstd --enable-zlib \
            --enable-lz4-ext --CFLAGS="-O3 -DNDEBUG" --enable-strip >../configure.log 2>&1
        make -j"$(nproc)" libs >../make.log 2>&1
    ) || { tail -20 "$work"/*.log >&2; die "librdkafka $version could not be built"; }
    local feature
    for feature in SSL SASL_CYRUS SASL_SCRAM ZSTD ZLIB LZ4_EXT; do
        grep -q "^#define WITH_$feature 1" "$work/source/config.h" || die "librdkafka was built without $feature"
    done
}

pack() {    # the smallest project that NuGet makes a package of
    mkdir -p "$work/pack" && cp -L "$work/source/src/librdkafka.so.1" "$work/pack/librdkafka.so"
    strip --strip-unneeded "$work/pack/librdkafka.so"
    cp "$work/source/LICENSES.txt" "$work/pack/"
    cat >"$work/pack/librdkafka.redist.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>netstandard2.0</TargetFramework>
    <PackageId>librdkafka.redist</PackageId>
    <Version>$version</Version>
    <Authors>Confluent and contributors; built by StreamActors</Authors>
    <Description>librdkafka $version for $rid, built from source.</Description>
    <PackageLicenseFile>LICENSES.txt</PackageLicenseFile>
    <IncludeBuildOutput>false</IncludeBuildOutput>
    <SuppressDependenciesWhenPacking>true</SuppressDependenciesWhenPacking>
    <NoWarn>NU5128</NoWarn>
    <EnableDefaultItems>false</EnableDefaultItems>
  </PropertyGroup>
  <ItemGroup>
    <None Include="librdkafka.so" Pack="true" PackagePath="runtimes/$rid/native/" />
    <None Include="LICENSES.txt" Pack="true" PackagePath="/" />
  </ItemGroup>
</Project>
XML
    dotnet pack "$work/pack/librdkafka.redist.csproj" -o "$work/out" >"$work/pack.log" 2>&1 ||
        { tail -20 "$work/pack.log" >&2; die "librdkafka $version could not be packed"; }
    mkdir -p "$cache"
    mv "$work/out/$package" "$cache/$package.new" && mv "$cache/$package.new" "$cache/$package"
}

copy() { cp "$cache/$package" "$feed/$package.$$" && mv "$feed/$package.$$" "$feed/$package"; }

mkdir -p "$feed" "$(dirname "$cache")"
[ ! -f "$feed/$package" ] || exit 0
[ ! -f "$cache/$package" ] || { copy; exit 0; }

# Two builds side by side would only be slow; the second waits, and finds the cache filled.
exec 9>"$(dirname "$cache")/librdkafka.lock"
flock 9
if [ ! -f "$cache/$package" ]; then
    work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
    if served_by_a_source; then exit 0; fi
    say "building librdkafka $version, the native Kafka client (once, about a minute)"
    build
    pack
fi
copy
