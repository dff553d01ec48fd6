#!/bin/sh
# Brings the real parts that the tests use and pip cannot: Debian's Mosquitto and mbpoll.
# As root on Debian it installs them, starting no service; else it says what is missing.
set -eu
missing=""
for part in mosquitto mbpoll; do
    command -v "$part" >/dev/null 2>&1 || [ -x "/usr/sbin/$part" ] || missing="$missing $part"
done
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

for part in $missing; do
    case "$part" in
        mosquitto) tests="against a real Mosquitto" ;;
        mbpoll) tests="that read the simulated meters with another's Modbus master" ;;
    esac
    echo "MISSING: $part. Without it the tests $tests do not run." >&2
done
echo "  Debian and Ubuntu: apt install$missing     macOS: brew install$missing" >&2
[ "${CI:-}" != true ] || exit 1
