# Sourced by ./start and ./check: finds out which packages of the distribution are missing and installs them.
# shellcheck shell=bash

say() { printf '\033[1m»\033[0m %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
if [ ! -t 2 ]; then say() { printf '» %s\n' "$*" >&2; }; fi

MISSING=()

# The folder with initdb, pg_ctl and postgres, in the same order of search as src/platform/embedded.
postgres_bindir() {
    local dir places
    if [ -n "${ATES_PG_BINDIR:-}" ]; then
        printf '%s\n' "$ATES_PG_BINDIR"
        return
    fi
    mapfile -t places < <(
        pg_config --bindir 2>/dev/null || true
        printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV
        dirname -- "$(command -v initdb || true)"
    )
    for dir in "${places[@]}"; do
        if [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] && [ -x "$dir/postgres" ]; then
            printf '%s\n' "$dir"
            return
        fi
    done
    return 1
}

want_postgres_server() { postgres_bindir >/dev/null || MISSING+=(postgresql); }

want_libpq() {
    local libdir
    libdir=$(pg_config --libdir 2>/dev/null) && [ -e "$libdir/libpq.so" ] || MISSING+=(libpq-dev)
}

# A compiler without the C library's headers does not help, so let it compile something.
want_compiler() {
    echo '#include <stdio.h>
int main(void) { return 0; }' | cc -x c - -o /dev/null 2>/dev/null || MISSING+=(gcc libc6-dev)
}

# want_command COMMAND PACKAGE
want_command() { command -v "$1" >/dev/null || MISSING+=("$2"); }

# want_python MODULE PACKAGE: a module of the distribution's own Python.
want_python() { /usr/bin/python3 -c "import $1" 2>/dev/null || MISSING+=("$2"); }

# Cargo, new enough. It is not installed from the distribution, whose own is too old.
want_cargo() {
    local oldest=1.95 found home=${CARGO_HOME:-${HOME:-}/.cargo}/bin
    if [ -x "$home/cargo" ] && [[ ":$PATH:" != *":$home:"* ]]; then PATH=$home:$PATH; fi
    command -v cargo >/dev/null ||
        die "no Rust toolchain found: install Rust $oldest or later (https://rustup.rs), open a new shell and start again"
    found=$(cargo --version | cut -d' ' -f2)
    [ "$(printf '%s\n' "$oldest" "$found" | sort -V | head -n1)" = "$oldest" ] ||
        die "Rust $found is too old: $oldest or later is needed (rustup update stable)"
}

# Our Postgres is private; the distribution shall not make and start a cluster of its own.
# shellcheck disable=SC2016 # expanded by the shell that root runs
NO_SYSTEM_CLUSTER='f=/etc/postgresql-common/createcluster.conf
if [ ! -e $f ]; then
    mkdir -p /etc/postgresql-common
    printf "# Written for aTES, which runs a private cluster. Remove to get a cluster with each new version.\ncreate_main_cluster = false\n" >$f
elif ! grep -Eq "^ *create_main_cluster *= *(false|off|no)" $f; then
    printf "create_main_cluster = false\n" >>$f
fi'

# The tests start brokers and proxies of their own; the distribution shall not run one on the machine.
# shellcheck disable=SC2016 # expanded by the shell that root runs
NO_SYSTEM_SERVERS='if [ -d /run/systemd/system ]; then
    for package in "$@"; do
        case $package in
        nats-server | haproxy) systemctl mask --quiet "$package.service" ;;
        nginx-light) systemctl mask --quiet nginx.service ;;
        esac
    done
fi'

install_missing() {
    local root=() log steps
    [ ${#MISSING[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null ||
        die "missing and not installable without apt-get: ${MISSING[*]} (Debian's names): install them and start again"
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null || ! { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
            die "ask the administrator to run: apt-get update && apt-get install -y --no-install-recommends ${MISSING[*]}"
        fi
        root=(sudo)
    fi
    say "installing ${MISSING[*]} (apt-get, up to a minute)"
    steps='set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
exec apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold "$@"'
    case " ${MISSING[*]} " in
    *" postgresql "*) steps="$NO_SYSTEM_CLUSTER
$steps" ;;
    esac
    case " ${MISSING[*]} " in
    *" nats-server "* | *" haproxy "* | *" nginx-light "*) steps="$NO_SYSTEM_SERVERS
$steps" ;;
    esac
    log=$(mktemp)
    if ! "${root[@]}" sh -c "$steps" sh "${MISSING[@]}" >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        die "apt-get could not install ${MISSING[*]}: its words are above, all of them in $log"
    fi
    rm -f "$log"
    MISSING=()
}
