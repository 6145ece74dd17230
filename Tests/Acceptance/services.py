#!/usr/bin/env python3
# quick: --brief
"""Services from the store into real containers behind a real Caddy: installed, used, updated, removed; and every failure
leaves nothing half-done.

An engine of our own with gateway and Caddy, a store over HTTP on this machine, images made of busybox. What a failure left
is judged by a full listing of the cell's files, containers, networks, volumes, Caddy's configuration and the kernel's rules.
"""

import argparse
import fcntl
import hashlib
import json
import os
import time

from acceptance import report
from acceptance.cell import binary
from acceptance.docker_cell import DOMAIN, DockerCell, difference
from acceptance.parts import until
from acceptance.store import ROOF, fixture, notes, small

SECRETS, CREDENTIALS = "data/service_secrets.json", "data/peer_service_credentials.json"
OUTSIDE = ["/service-api", "/service-api/accounts", "//service-api/accounts", "/Service-API/accounts",
           "/%73ervice-api/accounts", "/./service-api/accounts", "/x/../service-api/accounts"]


def entry(value, service):
    """The object with this id somewhere in a JSON value; an empty one when there is none."""
    if isinstance(value, dict):
        if service in (value.get("id"), value.get("service"), value.get("service_id")):
            return value
        value = list(value.values())
    for child in value if isinstance(value, list) else []:
        found = entry(child, service)
        if found:
            return found
    return {}


def stage(result, scratch):
    """The cell with its images and the store with its packages; nothing is installed."""
    cell = DockerCell(scratch)
    for tag, behaviour in (("1.0.0", {}), ("1.1.0", {}), ("1.2.0", {"health": "500 Sick"}), ("1.3.0", {"ends": True})):
        cell.service_image("pic-notes", tag, data="/data/notes", **behaviour)
        cell.service_image("pic-small", tag, **behaviour)
    cell.service_image("pic-homepage", "1.0.0", port=80, data="/usr/share/nginx/html")
    cell.store.put(notes(), fixture("homepage", image=f"{ROOF}pic-homepage:1.0.0"))
    for name in ("notes", "homepage"):
        cell.write(f"config/{name}/service.conf", f"# configuration of {name}\n")
    for words in (("egress", "apply"), ("caddy", "apply")):
        done = cell.run(*words)
        result.check(f"{' '.join(words)} in an empty cell exits 0", done.status == 0, done)
    return cell


def installed(result, cell, service, version, page):
    """Everything of a service is there, and it is served."""
    result.equal(f"{service}: all of it is there", cell.settled(service), f"installed {version}")
    result.check(f"{service}: https://{service}… serves {page!r}", cell.serves(subdomain(service), page),
                 cell.get(subdomain(service)))
    result.check(f"{service}: its name stands in services.hosts",
                 f" {subdomain(service)}.{DOMAIN}\n" in cell.text("config/dns/services.hosts"))
    container, address = next(iter(cell.facts(service)["lease"].items()), (None, None))
    if container is None:
        raise RuntimeError(f"{service} is not installed: the rest makes no sense")
    result.equal(f"{service}: {container} has its lease", cell.engine.inspect(container)["NetworkSettings"]["Networks"]
                 ["cell-network"]["IPAddress"], address)
    port = 80 if service == "homepage" else 8080
    result.equal(f"{service}: peers reach it at {address}:{port}", cell.ask(address, port)[0], 200)


def subdomain(service):
    return {"homepage": "home", "email": "mail"}.get(service, service)


def gone(result, cell, service, address):
    """Nothing of a service is there but what it saved."""
    result.equal(f"{service}: containers, route, rule and lease are gone", cell.settled(service), "absent")
    result.check(f"{service}: it is not served", cell.get(subdomain(service))[0] != 200, cell.get(subdomain(service)))
    result.check(f"{service}: its name is gone",
                 f"{subdomain(service)}.{DOMAIN}" not in cell.text("config/dns/services.hosts"))
    result.check(f"{service}: peers reach nothing at {address}", cell.ask(address, 8080)[0] != 200)


def install(result, cell):
    """notes with a template and homepage without one."""
    before = cell.listing()
    done = cell.does(result, "install notes --dry-run", "service", "install", "notes", "--dry-run")
    result.check("install notes --dry-run changes nothing", not difference(before, cell.listing()),
                 "\n".join(difference(before, cell.listing())))
    done = cell.does(result, "install notes", "service", "install", "notes", "--set", "title=Mine", "--json")
    result.check("install notes: one JSON object on stdout", bool(done.json), done)
    installed(result, cell, "notes", "1.0.0", "notes 1.0.0 Mine: new")
    secret = cell.json_file(SECRETS).get("notes", {}).get("DB_PASSWORD", "")
    environment = cell.engine.inspect("cell-notes")["Config"]["Env"]
    result.check("notes: the container has the stored secret", len(secret) >= 32 and f"NOTES_DB_PASS={secret}" in environment,
                 environment)
    result.equal(f"{SECRETS} is 0600", os.stat(os.path.join(cell.path, SECRETS)).st_mode & 0o777, 0o600)
    told = "".join(cell.text(os.path.relpath(os.path.join(at, name), cell.path)) for at, _, names in os.walk(
        os.path.join(cell.path, "data/runs")) for name in names)
    result.check("notes: neither output nor run record tell the secret", secret and secret not in done.out + done.err + told)
    ways = {way: cell.get("notes", way)[0] for way in OUTSIDE}
    result.equal("notes: the service API is not there from outside", set(ways.values()), {404})
    route = cell.inside("cell-notes").run("ip", "route", "show", "default")
    result.check("notes: what it sends goes to the gateway", "via 172.20.0.9" in route, route)
    cell.does(result, "install homepage", "service", "install", "homepage")
    installed(result, cell, "homepage", "1.0.0", "homepage 1.0.0 : new")
    cell.refuses(result, "install notes again", "service", "install", "notes", statuses=(65,), says=("notes",))


def accounts(result, cell):
    """alice, through the service API in the container."""
    done = cell.run("account", "add", "notes", "alice", "--json")
    result.check("account add notes alice exits 0", done.status == 0, done)
    password = cell.json_file(CREDENTIALS).get("notes", {}).get("alice", {}).get("password")
    path = cell.engine.path("cell-notes", "/data/notes/accounts/alice")
    result.check("notes has the account, with the stored password", os.path.exists(path) and
                 open(path).read().strip() == password)
    done = cell.run("account", "peer", "show", "alice")
    result.equal("what alice's device is told is filled", done.json.get("services", {}).get("notes"),
                 {"url": f"https://notes.{DOMAIN}/", "username": "alice", "password": password})
    done = cell.run("account", "list", "notes", "--json")
    result.equal("account list", done.json.get("accounts"), ["alice"])


def everyday(result, cell):
    """What an admin does between installation and removal."""
    done = cell.run("service", "list", "--json")
    result.check("service list shows both with their versions", done.status == 0 and all(
        entry(done.json, name).get("version") == "1.0.0" for name in ("notes", "homepage")), done)
    result.equal("service list shows the container of notes", entry(done.json, "notes").get("containers"),
                 [{"name": "cell-notes", "state": "running"}])
    live = ("package", "check", os.path.join(cell.path, "data/services/notes"), "--live")
    done = cell.run(*live)
    result.check("package check --live has nothing to say against notes", done.status == 0, done)
    done = cell.run("account", "list", "notes", "--json")
    result.equal("and the account it made is gone again", done.json.get("accounts"), ["alice"])
    cell.engine.pause("cell-notes")
    done = cell.run("service", "list", "--json")
    result.equal("service list shows that it is paused", entry(done.json, "notes").get("containers"),
                 [{"name": "cell-notes", "state": "paused"}])
    done = cell.run(*live)
    result.check("package check --live says that it does not answer", done.status in (1, 65) and "cell-notes" in
                 done.out + done.err, done)
    cell.engine.docker("unpause", "cell-notes")
    cell.store.put(notes("1.1.0"))
    done = cell.run("service", "list", "--available", "--json")
    result.check("service list --available has the newer notes", done.status == 0 and "1.1.0" in
                 json.dumps(entry(done.json, "notes")), done)
    cell.store.put(notes())
    done = cell.run("service", "show", "notes", "--json")
    result.check("service show notes", done.status == 0 and "1.0.0" in done.out and "cell-notes" in done.out, done)
    result.check("service show tells no secret", cell.json_file(SECRETS)["notes"]["DB_PASSWORD"] not in done.out + done.err)
    done = cell.run("service", "logs", "notes")
    result.check("service logs notes has what the container said", done.status == 0 and "notes 1.0.0 listens" in done.out, done)
    started = cell.engine.inspect("cell-notes")["State"]["StartedAt"]
    cell.does(result, "restart notes", "service", "restart", "notes")
    result.check("restart notes: the container was started anew and serves",
                 cell.engine.inspect("cell-notes")["State"]["StartedAt"] != started
                 and cell.serves("notes", "notes 1.0.0 Mine"), cell.get("notes"))
    result.equal("restart notes: peers reach it again", cell.ask(cell.facts("notes")["lease"]["cell-notes"], 8080)[0], 200)
    secret, lease = cell.json_file(SECRETS)["notes"], cell.facts("notes")["lease"]
    done = cell.run("service", "config", "notes", "title=Other: words", "--json")
    result.check("service config notes title=… exits 0", done.status == 0, done)
    cell.does(result, "reconfigure notes", "service", "reconfigure", "notes")
    result.check("reconfigure notes: it has the new title and its data", cell.serves("notes", "notes 1.0.0 Other: words: new"),
                 cell.get("notes"))
    result.equal("reconfigure notes: secrets and lease stay", (cell.json_file(SECRETS)["notes"], cell.facts("notes")["lease"]),
                 (secret, lease))
    done = cell.run("service", "config", "notes", "--json")
    result.check("service config notes shows it", done.status == 0 and "Other: words" in done.out, done)
    for word, names in (("port=eighty", "port"), ("port=70000", "port"), ("nosuch=1", "nosuch")):
        cell.refuses(result, f"config notes {word}", "service", "config", "notes", word, statuses=(64, 65, 78), says=(names,))
    cell.does(result, "config notes title back", "service", "config", "notes", "title=Mine")
    cell.does(result, "reconfigure notes again", "service", "reconfigure", "notes")
    if entry(cell.run("service", "list", "--json").json, "notes"):
        for verb in ("update", "remove", "restart", "reconfigure", "logs", "show"):
            done = cell.run("service", verb, "nobody")
            result.check(f"service {verb} nobody fails and names it", done.status in (1, 64, 65, 78) and "nobody" in done.err,
                         done)


def steady(cell):
    """What a failed update leaves as it was: all but the numbers of containers, and snapshots."""
    found = cell.listing(("data/backups", "data/keys"))
    found.pop("host")
    found["containers"] = {name: [image, state, address] for name, (_, image, state, _, address)
                           in found["containers"].items()}
    return found


def updates(result, cell, brief):
    """A version that does not become healthy, one that ends, one without an image: the old one is back by itself."""
    page = cell.engine.path("cell-notes", "/data/notes/page")
    with open(page, "w") as file:
        file.write("mine\n")
    bad = [("1.2.0", "whose container is unhealthy"), ("1.3.0", "whose container ends"), ("1.4.0", "without an image")]
    for version, what in bad[:1 if brief else 3]:
        cell.store.put(notes(version))
        before = steady(cell)
        done = cell.does(result, f"update to a version {what}", "service", "update", "notes", statuses=(1,))
        result.check(f"{what}: one line says that notes failed", len(done.error_lines) == 1 and "notes" in done.err, done)
        result.equal(f"{what}: the old version is there", cell.settled("notes"), "installed 1.0.0")
        result.check(f"{what}: it serves with its data", cell.serves("notes", "notes 1.0.0 Mine: mine"), cell.get("notes"))
        lines = difference(before, steady(cell))
        result.check(f"{what}: all else is as it was", not lines, "\n".join(lines))
        lease = cell.facts("notes")["lease"].get("cell-notes")
        result.equal(f"{what}: peers reach it", cell.ask(lease, 8080), (200, "notes 1.0.0 Mine: mine"))
    kept = (cell.json_file(SECRETS)["notes"], cell.facts("notes")["lease"], cell.json_file(CREDENTIALS))
    cell.store.put(notes("1.1.0"))
    began = time.monotonic()
    cell.does(result, "update to a good version", "service", "update", "notes")
    installed(result, cell, "notes", "1.1.0", "notes 1.1.0 Mine: mine")
    result.note(f"the update took {time.monotonic() - began:.1f} s")
    result.equal("a good version: secrets, lease and credentials stay", (
        cell.json_file(SECRETS)["notes"], cell.facts("notes")["lease"], cell.json_file(CREDENTIALS)), kept)
    path = cell.engine.path("cell-notes", "/data/notes/accounts/alice")
    result.check("a good version: alice has her account", os.path.exists(path))
    before = steady(cell)
    done = cell.run("service", "update", "notes")
    result.check("an update without a newer version exits 0 and changes nothing", done.status == 0
                 and not difference(before, steady(cell)), f"{done}\n" + "\n".join(difference(before, steady(cell))))


def removal(result, cell):
    """What is kept and what is gone; the data are there again after a new installation."""
    done = cell.run("backup", "--service", "notes")
    result.check("backup of notes exits 0", done.status == 0, done)
    snapshots = cell.published()
    address = cell.facts("notes")["lease"]["cell-notes"]
    cell.does(result, "remove notes", "service", "remove", "notes")
    gone(result, cell, "notes", address)
    result.equal("remove notes: its volume is kept", cell.volumes("notes"), ["pic-notes_notes-data"])
    result.check("remove notes: its backups are kept", set(snapshots) <= set(cell.published()) and snapshots)
    result.check("remove notes: homepage serves", cell.serves("home", "homepage 1.0.0"), cell.get("home"))
    cell.store.put(notes("1.2.0"))
    cell.refuses(result, "a new installation that does not become healthy", "service", "install", "notes", statuses=(1,),
                 says=("notes",))
    result.equal("and its old volume is still there", cell.volumes("notes"), ["pic-notes_notes-data"])
    cell.store.put(notes("1.1.0"))
    cell.does(result, "install notes anew", "service", "install", "notes")
    result.check("install notes anew: the data are there", until(lambda: cell.get("notes")[1].endswith(": mine"), 5, 0.2),
                 cell.get("notes"))
    cell.does(result, "remove notes --purge", "service", "remove", "notes", "--purge")
    gone(result, cell, "notes", address)
    result.equal("remove notes --purge: no volume is left", cell.volumes("notes"), [])
    places = (SECRETS, CREDENTIALS, "config/cell_config.json")
    left = [name for name in places if "notes" in cell.json_file(name) | cell.json_file(name).get("services", {})]
    result.check("remove notes --purge: no secret, no credentials and no configuration are left", not left, left)
    result.note(f"--purge left {len(cell.published())} of {len(snapshots)} snapshots")
    cell.store.put(notes())
    cell.does(result, "install notes after that", "service", "install", "notes")
    installed(result, cell, "notes", "1.0.0", "notes 1.0.0 Notes: new")


def failures(result, cell):
    """Each of these fails with a clear line and changes nothing at all."""
    def refuses(what, package, statuses, *says, words=()):
        cell.store.put(package)
        cell.refuses(result, what, "service", "install", package.id, *words, statuses=statuses, says=says)

    half = small("half", containers=["cell-half", "cell-half-two"])
    half.template = half.template.replace("\nvolumes:\n", f"""
  cell-half-two:
    image: {ROOF}pic-small:1.0.0
    container_name: cell-half-two
    command: ["/no/such/program"]
    depends_on: [cell-half]
    volumes: ["half-more:/data"]
    networks: [cell-network]
volumes:
  half-more:
""", 1)
    refuses("a compose file that fails after its volumes", half, (1,), "half")
    refuses("a container that does not become healthy", small("sick", "1.2.0"), (1,), "sick")
    refuses("a container that ends", small("ends", "1.3.0"), (1,), "ends")
    refuses("an image that nobody has", small("noimage", "9.9.9"), (1,), "pic-small:9.9.9")
    refuses("a taken subdomain", small("twin", subdomain="notes", caddy_route={"subdomain": "notes"}), (65,), "notes")
    refuses("a required value that is missing", fixture("email"), (65, 78), "domain")
    for word in ("message_size_mb=much", "message_size_mb=0", "spam_filter=perhaps", "nosuch=1"):
        refuses(f"--set {word}", fixture("email"), (64, 65, 78), word.split("=")[0],
                words=("--set", f"domain={DOMAIN}", "--set", word))
    refuses("an image from elsewhere", small("foreign", image="docker.io/library/busybox:1"), (65,), "image")
    refuses("a manifest that breaks rules", small("rules", env=[{"key": "LD_PRELOAD", "value": "x"}]), (65,), "env")
    open_template = small("opened")
    open_template.template = open_template.template.replace("    restart:", "    privileged: true\n    restart:")
    refuses("a template that wants more than it may", open_template, (65,), "privileged")
    unknown = small("unknown")
    unknown.template = unknown.template.replace("${PIC_SECRET_KEY}", "${HOME}")
    refuses("a template with an unknown variable", unknown, (65,), "HOME")
    cell.refuses(result, "a service that the store does not have", "service", "install", "nobody", statuses=(1, 65),
                 says=("nobody",))
    cell.engine.start("cell-squatter", f"{ROOF}pic-core:1", "sleep", "infinity", options=("--stop-signal", "KILL"))
    refuses("a container of that name that is somebody else's", small("squatter"), (1, 65), "cell-squatter")
    cell.engine.docker("rm", "-f", "cell-squatter")
    leases = cell.json_file("data/ip_leases.json")
    cell.write("data/ip_leases.json", json.dumps(leases | {"parked": {
        f"cell-parked-{number}": f"172.20.0.{number}" for number in range(20, 255)
        if f"172.20.0.{number}" not in str(leases)}}))
    refuses("a pool without an address left", small("full"), (1, 78), "pool")
    cell.write("data/ip_leases.json", json.dumps(leases))
    cell.store.put(small("late"))
    with open(os.path.join(cell.path, "data/picjobs.lock"), "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = cell.listing()
        done = cell.run("service", "install", "late")
        result.check("while another run holds the cell's lock: exit 75, nothing changed", done.status == 75
                     and not difference(before, cell.listing()), done)
    cell.engine.docker("stop", "-t", "1", "cell-caddy")
    refuses("Caddy is down", small("late"), (1,), "Caddy")
    cell.engine.docker("start", "cell-caddy")
    result.check("Caddy is up again and serves what it did", until(lambda: cell.get("api")[0] == 200, 20, 0.2)
                 and cell.serves("notes", "notes 1.0.0") and cell.serves("home", "homepage"), cell.get("notes"))
    taken = "172.20.0.22"
    cell.engine.start("guest", f"{ROOF}pic-core:1", "sleep", "infinity", options=(
        "--network", "cell-network", "--ip", taken, "--stop-signal", "KILL"))
    cell.does(result, "install late while somebody has the next address", "service", "install", "late")
    lease = cell.facts("late")["lease"].get("cell-late")
    result.check(f"late has another address than {taken}", lease not in (None, taken) and cell.serves("late", "small"), lease)
    cell.engine.docker("rm", "-f", "guest")
    cell.does(result, "remove late", "service", "remove", "late", "--purge")


def packages(result, cell, scratch):
    """From a directory, a manifest alone, a ZIP; with an install.sh."""
    place = small("fromdir").directory(os.path.join(scratch.path, "fromdir"))
    cell.does(result, "install --from DIR", "service", "install", "fromdir", "--from", place)
    result.equal("install --from DIR: all is there", cell.settled("fromdir"), "installed 1.0.0")
    cell.does(result, "remove fromdir", "service", "remove", "fromdir", "--purge")
    script = f"#!/bin/sh\nset -x\ntouch {scratch.path}/marker || :\n"
    package = small("fromzip")
    package.others["install.sh"] = script
    place = package.zip(os.path.join(scratch.path, "fromzip-1.0.0.zip"))
    done = cell.run("service", "install", "fromzip", "--from", place)
    result.check("a ZIP with install.sh, not allowed: it did not run, and that is said", done.status in (0, 65)
                 and "install.sh" in done.out + done.err and not os.path.exists(f"{scratch.path}/marker"), done)
    if done.status == 0:
        cell.does(result, "remove fromzip", "service", "remove", "fromzip", "--purge")
    done = cell.run("service", "install", "fromzip", "--from", place, "--allow-install-script")
    digest = hashlib.sha256(script.encode()).hexdigest()
    result.check("allowed: its digest is shown", digest in done.out + done.err, done)
    result.check("allowed: it can't write outside the cell", not os.path.exists(f"{scratch.path}/marker"))
    if cell.settled("fromzip") != "absent":
        cell.does(result, "remove fromzip", "service", "remove", "fromzip", "--purge")
    del package.others["install.sh"]
    place = package.zip(os.path.join(scratch.path, "plain.zip"))
    cell.does(result, "install --from ZIP", "service", "install", "fromzip", "--from", place)
    result.equal("install --from ZIP: all is there", cell.settled("fromzip"), "installed 1.0.0")
    cell.refuses(result, "--from a package of another service", "service", "install", "other", "--from", place,
                 statuses=(64, 65), says=("fromzip",))
    cell.does(result, "remove fromzip", "service", "remove", "fromzip", "--purge")


def ten(result, cell):
    """One of ten services is broken: by its manifest on disk, and by a container that is gone. Nine serve."""
    names = [f"svc{number}" for number in range(8)]
    cell.store.put(*(small(name) for name in names))
    for name in names:
        cell.does(result, f"install {name}", "service", "install", name)
    hosts = ["notes", "home", *names]
    result.equal("ten services serve", {name: cell.get(name)[0] for name in hosts}, dict.fromkeys(hosts, 200))
    good = cell.text("data/services/svc7/manifest.json")
    cell.write("data/services/svc7/manifest.json", good.replace('"cell-svc7:8080"', '"cell-elsewhere:80"'))
    cell.store.put(small("extra"))
    done = cell.does(result, "install another while one of ten has a broken manifest", "service", "install", "extra",
                     statuses=(0, 3))
    result.check("the broken one is named", "svc7" in done.err, done)
    nine = [name for name in hosts if name != "svc7"]
    result.equal("nine sites serve, and the new one", {name: cell.get(name)[0] for name in (*nine, "extra")},
                 dict.fromkeys((*nine, "extra"), 200))
    cell.write("data/services/svc7/manifest.json", good)
    cell.engine.docker("rm", "-f", "cell-svc7")
    done = cell.does(result, "remove one while a container of another is gone", "service", "remove", "extra", "--purge",
                     statuses=(0, 3))
    result.equal("nine sites serve", {name: cell.get(name)[0] for name in nine}, dict.fromkeys(nine, 200))
    cell.does(result, "reconfigure svc7", "service", "reconfigure", "svc7")
    result.check("reconfigure brings the container back", cell.serves("svc7", "small 1.0.0"), cell.get("svc7"))
    for name in names:
        cell.does(result, f"remove {name}", "service", "remove", name, "--purge")


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--brief", action="store_true", help="one service through its life, and one update that fails")
    chosen = options.parse_args()
    binary()
    cell = stage(result, scratch)
    empty = cell.listing()
    install(result, cell)
    accounts(result, cell)
    everyday(result, cell)
    updates(result, cell, chosen.brief)
    removal(result, cell)
    if not chosen.brief:
        failures(result, cell)
        packages(result, cell, scratch)
        ten(result, cell)
    for name in ("notes", "homepage"):
        cell.does(result, f"remove {name} --purge", "service", "remove", name, "--purge")
    result.check("remove notes --purge: its config_paths are gone", not os.path.exists(os.path.join(cell.path, "config/notes")))
    cell.write("config/notes/service.conf", "# configuration of notes\n")  # as at the beginning, for the comparison
    lines = difference(empty, cell.listing(("data/backups", "data/keys")))
    result.check("in the end the cell is as it was in the beginning", not lines, "\n".join(lines))


if __name__ == "__main__":
    report.run("services in real containers", body)
