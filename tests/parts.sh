#!/bin/sh
# Brings the real parts that the tests use and pip cannot, from Debian: `look` has the list.
# As root on Debian it installs them, starting no service; else it says what is missing.
set -eu

is_there() {
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || ls /usr/lib/postgresql/*/bin/"$1" >/dev/null 2>&1 ||
        [ -e "/usr/share/fonts/truetype/dejavu/$1" ]
}

missing=""
explain() { # program, Debian's package, the tests that need it
    is_there "$1" || { missing="$missing $2"; echo "MISSING: $2. Without it the tests $3 do not run." >&2; }
}

look() {
    missing=""
    explain mosquitto mosquitto "against a real Mosquitto"
    explain mbpoll mbpoll "that read the simulated meters with another's Modbus master"
    explain influxd influxdb "against a real InfluxDB"
    explain nginx nginx-light "of the InfluxDB 2.x client"
    explain initdb postgresql "on PostgreSQL"
    explain DejaVuSansCondensed.ttf fonts-dejavu-extra "of results in PDF"
    explain systemd-analyze systemd "of the service units"
}

look 2>/dev/null
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    echo "installing$missing (no service is started)"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
    exit 0
fi

look
echo "  Debian and Ubuntu: apt install$missing" >&2
[ "${CI:-}" != true ] || exit 1
