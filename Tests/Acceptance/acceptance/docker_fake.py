#!/usr/bin/python3 -IS
"""A `docker` that lies. Copied to a directory as `docker`, with its orders in `orders.json` beside it.

`exec` runs the command on this machine, so a manifest's volume path is a host path. What it does to the stream of
`tar -c` stands under "create", to that of `tar -x` under "extract":
  cut N       passes N bytes on, and then exits with `exit` (0 unless told); for extract: hands only N bytes to tar
  swallow     extract: reads the rest and drops it, instead of closing the stream
  exit N      exits with N after a whole stream
  hang N      passes N bytes on, then sleeps
  flood N     writes N bytes to standard error, passes the whole stream on
  record F    writes the stream to the file F too
"state" is running, paused, exited or missing; "tar" may be "absent". "containers" holds such orders for one container.
Each call is added to `calls.log`.
"""

import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CHUNK = 65536


def main(words):
    with open(os.path.join(HERE, "orders.json")) as file:
        orders = json.load(file)
    with open(os.path.join(HERE, "calls.log"), "a") as log:
        log.write(json.dumps(words) + "\n")
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in ("-H", "--host", "--context", "-c", "--config", "-l") else words[1:]
    if not words:
        return 0
    verb, words = words[0], words[1:]
    if verb == "container" and words:
        verb, words = words[0], words[1:]
    if verb == "exec":
        return execute(words, orders)
    if verb == "inspect":
        return inspect(words, orders)
    if verb in ("restart", "stop", "start", "kill", "pause", "unpause", "update", "wait"):
        print(words[-1])
        return 0
    if verb == "rm":
        return 0
    if verb == "top":
        print("PID   COMMAND")
        return 0
    if verb in ("version", "info", "ps", "events"):
        print("28.0.0")
        return 0
    print(f"fake docker: no answer to {verb}", file=sys.stderr)
    return 125


def execute(words, orders):
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    while words and words[0].startswith("-"):
        word = words.pop(0)
        if word == "--":
            break
        if word in ("-u", "--user", "-w", "--workdir", "--detach-keys", "--env-file"):
            words.pop(0)
        elif word in ("-e", "--env"):
            key, _, value = words.pop(0).partition("=")
            environment[key] = value
        elif word.startswith("--env="):
            key, _, value = word[6:].partition("=")
            environment[key] = value
    name, command = words[0], words[1:]
    orders = {**orders, **orders.get("containers", {}).get(name, {})}
    if orders.get("tar") == "absent" and os.path.basename(command[0]) == "tar":
        print('OCI runtime exec failed: exec failed: unable to start container process: exec: "tar": executable file '
              'not found in $PATH: unknown', file=sys.stderr)
        return 127
    if orders.get("state", "running") == "missing":
        print(f"Error response from daemon: No such container: {name}", file=sys.stderr)
        return 1
    if orders.get("state", "running") != "running":
        print(f"Error response from daemon: container {'c' * 64} is not running", file=sys.stderr)
        return 1
    if os.path.basename(command[0]) in ("kill", "pkill", "killall") or any("kill" in word for word in command[1:]):
        return 0  # Never ends a process of this machine.
    environment["HOME"] = "/nonexistent"
    if os.path.basename(command[0]) == "tar" and wants(command, "c", "--create"):
        return create(command, environment, orders.get("create", {}))
    if os.path.basename(command[0]) == "tar" and wants(command, "x", "--extract"):
        return extract(command, environment, orders.get("extract", {}))
    os.execvpe(command[0], command, environment)


def wants(command, letter, word):
    """Whether a tar command line creates (c) or extracts (x)."""
    if word in command or (word == "--extract" and "--get" in command):
        return True
    bundles = [w[1:] for w in command[1:] if re.fullmatch(r"-[A-Za-z]+", w)]
    if len(command) > 1 and re.fullmatch(r"[A-Za-z]+", command[1]):
        bundles.append(command[1])
    return any(letter in re.split("[fCTX]", bundle)[0] for bundle in bundles)


def create(command, environment, order):
    tar = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    limit = order.get("cut", order.get("hang"))
    record = open(order["record"], "wb") if "record" in order else None
    passed = 0
    while True:
        piece = tar.stdout.read(CHUNK)
        if not piece:
            break
        if record:
            record.write(piece)
        if limit is not None:
            piece = piece[:limit - passed]
        passed += len(piece)
        if piece:
            try:
                write(1, piece)
            except BrokenPipeError:
                return 141
    status = tar.wait()
    if record:
        record.close()
    if "hang" in order:
        hang()
    if "flood" in order:
        line = b"tar: something nobody has heard of\n" * 1000
        left = order["flood"]
        while left > 0:
            write(2, line)
            left -= len(line)
    if "stderr" in order:
        write(2, order["stderr"].encode())
    return order.get("exit", 0 if limit is not None else status)


def extract(command, environment, order):
    limit = order.get("cut")
    if limit is None and "exit" not in order and "hang" not in order:
        os.execvpe(command[0], command, environment)
    tar = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    taken = 0
    while limit is None or taken < limit:
        piece = os.read(0, CHUNK if limit is None else min(CHUNK, limit - taken))
        if not piece:
            break
        taken += len(piece)
        try:
            tar.stdin.write(piece)
        except BrokenPipeError:
            break
    try:
        tar.stdin.close()
    except BrokenPipeError:
        pass
    tar.wait()
    if "hang" in order:
        hang()
    if order.get("swallow"):
        while os.read(0, CHUNK):
            pass
    return order.get("exit", 0)


def hang():
    """Sleeps for as long as the caller lives, ten minutes at most."""
    parent = os.getppid()
    for _ in range(3000):
        time.sleep(0.2)
        if os.getppid() != parent:
            sys.exit(1)


def write(descriptor, data):
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view):]


def inspect(words, orders):
    template, names = None, []
    while words:
        word = words.pop(0)
        if word in ("-f", "--format"):
            template = words.pop(0)
        elif word.startswith("--format="):
            template = word[9:]
        elif word == "--type":
            words.pop(0)
        elif not word.startswith("-"):
            names.append(word)
    for name in names:
        if state(name, orders) == "missing":
            print("[]" if template is None else "")
            print(f"Error: No such object: {name}", file=sys.stderr)
            return 1
    found = [{
        "Id": "f" * 64, "Name": "/" + name, "Image": "sha256:" + "a" * 64, "Driver": "overlay2", "Mounts": [],
        "RestartCount": 0,
        "State": {"Status": state(name, orders), "Running": state(name, orders) in ("running", "paused"),
                  "Paused": state(name, orders) == "paused",
                  "Restarting": False, "Dead": False, "Pid": orders.get("pid", 0), "ExitCode": 0,
                  "StartedAt": "2026-01-01T00:00:00Z"},
        "Config": {"Image": "fake:latest", "User": "", "Env": [], "Labels": {}},
        "HostConfig": {"NetworkMode": "none"}, "NetworkSettings": {"Networks": {}},
    } for name in names]
    if template is None:
        print(json.dumps(found))
    else:
        # No label has a value here.
        template = re.sub(r"\{\{json \(index [^)]*\)\}\}", "null", template)
        for one in found:
            print(re.sub(r"\{\{\s*(json )?\s*([.\w]+)\s*\}\}", lambda m: render(one, m), template)
                  .replace("\\t", "\t").replace("\\n", "\n"))
    return 0


def state(name, orders):
    return orders.get("containers", {}).get(name, {}).get("state", orders.get("state", "running"))


def render(value, match):
    for part in [p for p in match.group(2).split(".") if p]:
        value = value.get(part) if isinstance(value, dict) else None
    if match.group(1):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
