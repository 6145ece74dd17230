#!/bin/bash
# Every hostile and damaged archive of the corpus through the program itself: exit 65, one line that names the rule,
# nothing written, the canary outside untouched. Every good one: exit 0, and extracted where the host allows it.
#
# usage: Tests/Acceptance/hostile.sh [PICJOBS_BINARY]   (default: $PICJOBS)
# quick:
set -u -o pipefail
picjobs=$(realpath "${1:-${PICJOBS:?name the program: PICJOBS=… or as the argument}}")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d /tmp/picjobs-hostile.XXXXXX)
trap 'chmod -R u+rwX "$work" 2>/dev/null; rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8 NO_COLOR=1
passed=0
failed=0

python3 -B "$here/../ArchiveTests/Corpus/make_corpus.py" "$work/corpus" --canary "$work/outside" || exit 1
# One line a file: class, file, rule, accepted rules, only, limits, host.
python3 - "$work/corpus/corpus.json" >"$work/list" <<'PYTHON' || exit 1
import json, sys
for f in json.load(open(sys.argv[1]))["files"]:
    rules = [f["rule"] or "-"] + f["also_accept"]
    print(f["class"], f["file"], ",".join(rules), f.get("only", "-"), "limits" if "limits" in f else "-", f.get("host", True))
PYTHON

# What lies outside of the target, with modes, link counts and contents.
outside() { (cd "$work" && stat -c '%a' . && find outside -printf '%p %y %m %n %s %l\n' | sort && cat outside/victim && ls); }

reset() {
    chmod -R u+rwX "$work/target" 2>/dev/null
    rm -rf "$work/target" "$work/outside"
    mkdir "$work/target" "$work/outside"
    echo canary >"$work/outside/victim"
    : >"$work/out"
    : >"$work/err"
}

wrong() { # FILE WHAT
    failed=$((failed + 1))
    echo "FAILED $1: $2" >&2
    sed 's/^/    /' "$work/err" | head -n 3 >&2
}

# The refusal must be one line on stderr that names one of the accepted rules and, within a tar stream, a place.
refused() { # FILE RULES STATUS
    [ "$3" = 65 ] || { wrong "$1" "exit $3 instead of 65"; return 1; }
    [ "$(wc -l <"$work/err")" = 1 ] || { wrong "$1" "$(wc -l <"$work/err") lines on stderr instead of one"; return 1; }
    rule=$(grep -oE '\[(gzip|tar|pax|sparse|name|tree|limit|reader|record|host)\.[a-z-]+\]' "$work/err" | tr -d '[]')
    [ -n "$rule" ] || { wrong "$1" "the line names no rule"; return 1; }
    case ",$2," in *",$rule,"* | *,\*,*) ;; *) wrong "$1" "$rule instead of $2"; return 1 ;; esac
    case $rule in gzip.*) ;; *) grep -q 'byte [0-9]' "$work/err" || { wrong "$1" "no byte offset"; return 1; } ;; esac
}

while read -r class file rules only limits host; do
    archive=$work/corpus/$file
    # These need limits that the command line does not set.
    [ "$limits" = limits ] && continue
    reset
    before=$(outside)
    timeout 60 "$picjobs" archive check "$archive" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    if [ "$class" = good ] || [ "$only" = extract ]; then
        if [ "$status" = 0 ]; then passed=$((passed + 1)); else wrong "$file (check)" "exit $status instead of 0"; fi
    elif refused "$file (check)" "$rules" "$status"; then
        passed=$((passed + 1))
    fi

    : >"$work/out"
    timeout 60 "$picjobs" archive extract --unrecorded --to "$work/target" "$archive" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    if [ "$class" = good ]; then
        if [ "$host" = False ]; then
            if refused "$file (extract)" "host.fifo,host.device" "$status"; then passed=$((passed + 1)); fi
        elif [ "$status" != 0 ]; then
            wrong "$file (extract)" "exit $status instead of 0"
        else
            passed=$((passed + 1))
        fi
    elif refused "$file (extract)" "$rules" "$status"; then
        if [ -n "$(ls -A "$work/target")" ]; then
            wrong "$file (extract)" "something was written: $(ls -A "$work/target" | head -n 3 | tr '\n' ' ')"
        else
            passed=$((passed + 1))
        fi
    fi
    if [ "$(outside)" = "$before" ]; then passed=$((passed + 1)); else wrong "$file" "something outside has changed"; fi
done <"$work/list"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
