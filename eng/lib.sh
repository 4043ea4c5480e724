# shellcheck shell=bash
# What run.sh, test.sh and the scripts beside this file share: words, and the installing of what is missing. Sourced.

say() { echo "streamactors: $*" >&2; }
die() { echo "streamactors: $*" >&2; exit 1; }

root_prefix() {    # prints the prefix of a command that needs root; fails where there is no way to be it
    if [ "$(id -u)" = 0 ]; then echo ""; elif sudo -n true 2>/dev/null; then echo "sudo -n"; else return 1; fi
}

no_starts() (    # $1 = the prefix for root, then a command: a package that it installs starts no server of its own
    # Debian asks policy-rc.d (101 = no). One that refuses already stays; another one is put aside for the time.
    prefix=$1 policy=/usr/sbin/policy-rc.d aside="" status=0
    shift
    if [ -x "$policy" ]; then "$policy" redis-server start >/dev/null 2>&1 || status=$?; fi
    if [ "$status" = 101 ]; then "$@"; return; fi
    if [ -e "$policy" ]; then aside=$policy.streamactors && $prefix mv "$policy" "$aside"; fi
    trap '$prefix rm -f "$policy"; [ -z "$aside" ] || $prefix mv "$aside" "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' | $prefix tee "$policy" >/dev/null && $prefix chmod 755 "$policy"
    "$@"
)

no_boot() {    # $1 = the prefix for root, then packages just installed: nor does it start with the machine
    local prefix=$1 name
    shift
    [ -d /run/systemd/system ] || return 0
    for name in "$@"; do
        if systemctl is-enabled --quiet "$name" 2>/dev/null; then $prefix systemctl disable --quiet "$name"; fi
    done
}

install_packages() {    # Debian packages that are missing; a server among them is installed, and not started
    local names="$*" prefix
    command -v apt-get >/dev/null ||
        die "please install what Debian calls $names, and start again (there is no apt-get here to do it with)"
    prefix=$(root_prefix) ||
        die "please run 'apt-get install $names' as root, and start again (no root here, nor a sudo without a password)"
    say "installing $names"
    local log; log=$(mktemp)
    # shellcheck disable=SC2086
    apt_install() {
        no_starts "$prefix" \
            $prefix env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $names
    }
    # A machine's list of packages may be old or empty: then once more with a new one.
    if ! { apt_install || { $prefix apt-get update -qq && apt_install; }; } >"$log" 2>&1; then
        tail -5 "$log" >&2; rm -f "$log"
        die "'apt-get install $names' failed"
    fi
    rm -f "$log"
    # shellcheck disable=SC2086
    no_boot "$prefix" $names
}

need_packages() {    # $@ = Debian packages; for libraries, which no command stands for
    local missing=() name
    command -v dpkg-query >/dev/null || { say "not a Debian system: assuming what Debian calls $* is there"; return 0; }
    for name in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
    done
    [ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
}

need_commands() {    # $@ = command:package
    local missing=() pair
    for pair in "$@"; do command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}"); done
    [ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
}

try_commands() {    # like need_commands, for what only some tests need: those are skipped, and say why
    (need_commands "$@") || true
}

java_package() {    # prints the Debian package of a Java that Kafka runs on: 17 or later; the default one is 11 to 21
    local version    # 2:1.17-74 is 17
    version=$(apt-cache show default-jre-headless 2>/dev/null |
        sed -n 's/^Version: *\([0-9]*:\)\{0,1\}1\.\([0-9]*\)[^0-9].*/\2/p' | head -1)
    if [ "${version:-17}" -ge 17 ]; then echo default-jre-headless; else echo openjdk-17-jre-headless; fi
}

need_dotnet() {    # $1 = the repository; the SDK of global.json, or a later one of its release
    local wanted found
    wanted=$(sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' "$1/global.json" | head -1)
    if found=$(cd "$1" && dotnet --version 2>/dev/null); then return 0; fi
    found=$(dotnet --list-sdks 2>/dev/null | cut -d' ' -f1 | paste -sd' ' || true)
    die "this needs the .NET SDK $wanted, or a later one of ${wanted%.*} (found: ${found:-none}).
  Get it from https://dot.net/download, or with Microsoft's script: dotnet-install.sh --version $wanted
  Then see that 'dotnet' is on the PATH, and start again."
}

# No build server outlives the build: nothing is left running, and two checkouts do not share one.
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
build_flags=(--configuration Release --nologo --verbosity quiet -p:UseSharedCompilation=false)
