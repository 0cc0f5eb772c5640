# Runs a server, and keeps it stopped while the file "stopped" is in STATE_DIRECTORY.
#
#     sh -c "this text" run SIGNAL STATE_DIRECTORY -- PROGRAM ARGUMENTS...
#
# A server that ends by itself ends this, too, with its exit code, so that the kubelet sees a crash.
# TERM or INT end the server by SIGNAL, and then this with 0.
#
# For dash and busybox alike. Kubernetes expands a dollar before a parenthesis, and joins two dollars, in a
# container's command: there are none here.

set -u
if [ "$#" -lt 4 ] || [ "$3" != -- ]; then
    echo "run: usage: run SIGNAL STATE_DIRECTORY -- PROGRAM ARGUMENTS..." >&2
    exit 2
fi
signal=$1
stopped=$2/stopped
shift 3

ending=
trap 'ending=yes' TERM INT

is_unwanted() {
    [ -n "$ending" ] || [ -e "$stopped" ]
}

while :; do
    while [ -z "$ending" ] && [ -e "$stopped" ]; do
        sleep 0.2
    done
    [ -z "$ending" ] || exit 0

    "$@" &
    child=$!
    asked=
    pauses=
    while kill -0 "$child" 2>/dev/null; do
        if [ -z "$asked" ] && is_unwanted; then
            echo "run: ending the server by $signal" >&2
            kill -s "$signal" "$child" 2>/dev/null
            asked=yes
        elif [ -n "$asked" ]; then
            # Once more each 5 s: a server that had only begun to start may not have been listening for signals.
            pauses=$pauses.
            if [ "${#pauses}" -ge 25 ]; then
                kill -s "$signal" "$child" 2>/dev/null
                pauses=
            fi
        fi
        sleep 0.2
    done
    wait "$child"
    code=$?
    [ -z "$ending" ] || exit 0
    if [ -z "$asked" ]; then
        echo "run: the server ended by itself with $code" >&2
        exit "$code"
    fi
done
