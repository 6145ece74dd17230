#!/usr/bin/env python3
# quick:
"""The reference services email, calendar and files, installed from their own manifests: alice gets an account in each, by
the commands that are built in, and it is a real one; back up, wipe, restore, remove. `egress watch` runs all the time.

The images are stand-ins that hold the real tools: dovecot with a `setup` that does what docker-mailserver's does, and
htpasswd. An account counts when dovecot lets alice in over IMAP, or when htpasswd says that her password is right.
"""

import imaplib
import os
import shutil
import subprocess

from acceptance import images, report
from acceptance.cell import binary
from acceptance.docker_cell import APPLETS, DOMAIN, START, DockerCell, service_tree
from acceptance.parts import Watcher, inside, until
from acceptance.store import fixture

MAIL_DOMAIN = "mail.example"
DOVECOT = """protocols = imap
listen = *
ssl = no
disable_plaintext_auth = no
log_path = /dev/stderr
mail_location = maildir:/var/mail/%d/%n
first_valid_uid = 1000
passdb {
  driver = passwd-file
  args = /etc/dovecot/userdb
}
userdb {
  driver = static
  args = uid=1000 gid=1000 home=/var/mail/%d/%n
}
"""
# What docker-mailserver 12 to 14 do for these words: the account is a line of postfix-accounts.cf, a service of the
# container makes dovecot's user database of it; an address, a password twice when it is not an argument, -y for no question.
SETUP = r"""#!/bin/sh
accounts=/tmp/docker-mailserver/postfix-accounts.cf
fail() { echo "ERROR  $*" >&2; exit 1; }
refresh() {
    umask 077
    sed -n 's/^\([^|]*\)|\(.*\)$/\1:\2::::::/p' "$accounts" >/etc/dovecot/userdb.new
    chown dovecot /etc/dovecot/userdb.new
    mv /etc/dovecot/userdb.new /etc/dovecot/userdb
}
[ "$1" = email ] || [ "$1" = refresh ] || fail "unknown command $1"
umask 077
mkdir -p /tmp/docker-mailserver
touch "$accounts"
[ "$1" != refresh ] || { refresh; exit; }
case $2 in
add)
    case $3 in *@*.*) ;; *) fail "'$3' is no address" ;; esac
    ! grep -q "^$3|" "$accounts" || fail "'$3' already exists"
    password=$4
    if [ -z "$password" ]; then
        IFS= read -r password
        IFS= read -r again
        [ -n "$password" ] || fail "Password must not be empty"
        [ "$password" = "$again" ] || fail "Passwords do not match"
    fi
    hash=$(doveadm pw -s SHA512-CRYPT -u "$3" -p "$password") || exit 1
    echo "$3|$hash" >>"$accounts"
    refresh ;;
del)
    shift 2
    [ "$1" = -y ] || fail "wants -y without a terminal"
    grep -q "^$2|" "$accounts" || fail "'$2' does not exist"
    grep -v "^$2|" "$accounts" >"$accounts.new"
    cat "$accounts.new" >"$accounts"
    rm "$accounts.new"
    rm -rf "/var/mail/${2#*@}/${2%@*}"
    refresh ;;
list)
    while IFS='|' read -r address _; do
        echo "* $address ( 0 / ~ ) [0%]"
    done <"$accounts" ;;
*) fail "unknown command $2" ;;
esac
"""
MAIL_START = """#!/bin/sh
setup refresh
mkdir -p /var/mail /run/dovecot
chown 1000:1000 /var/mail
dovecot -F -c /etc/dovecot/dovecot.conf &
exec /bin/web
"""
PASSWD = """root:x:0:0:root:/:/bin/sh
vmail:x:1000:1000:vmail:/:/bin/false
dovecot:x:101:101:dovecot:/:/bin/false
dovenull:x:102:102:dovenull:/:/bin/false
"""


def mail_tree(tree):
    """dovecot as the mail server, and a page at 8080 for autoconfig."""
    service_tree(tree, "mail latest")
    images.add(tree, "/usr/lib/dovecot", "/usr/sbin/dovecot", "/usr/bin/doveadm", "/usr/bin/doveconf")
    for name, text in (("etc/dovecot/dovecot.conf", DOVECOT), ("etc/passwd", PASSWD), ("bin/setup", SETUP),
                       ("etc/group", "root:x:0:\nvmail:x:1000:\ndovecot:x:101:\ndovenull:x:102:\n"),
                       ("etc/nsswitch.conf", "hosts: files dns\n"), ("bin/web", START), ("bin/start", MAIL_START)):
        os.makedirs(os.path.dirname(os.path.join(tree, name)), exist_ok=True)
        with open(os.path.join(tree, name), "w") as file:
            file.write(text)
        if name.startswith("bin/"):
            os.chmod(os.path.join(tree, name), 0o755)


def htpasswd_tree(version):
    """A page, and htpasswd."""
    def build(tree):
        service_tree(tree, version)
        images.add(tree, "/usr/bin/htpasswd")
    return build


def stage(scratch):
    """The cell, and the store with the three services as they are in the fixtures."""
    report.need("htpasswd", "doveadm", "dovecot")
    cell = DockerCell(scratch)
    webs = (("pic-mail", 8080, "/var/www", mail_tree), ("pic-rainloop", 8888, "/rainloop/data", None),
            ("pic-radicale", 5232, "/data", htpasswd_tree("radicale latest")),
            ("pic-files", 8080, "/var/www/filegator/private", None),
            ("pic-webdav", 80, "/var/lib/dav", htpasswd_tree("webdav latest")))
    for name, port, data, build in webs:
        build = build or (lambda tree, name=name: service_tree(tree, f"{name.removeprefix('pic-')} latest"))
        cell.image(f"{name}:latest", build, 'CMD ["/bin/start"]', f"ENV PORT={port}", f"ENV DATA={data}", "ENV TITLE=")
    for name in ("email", "calendar", "files"):
        cell.store.put(fixture(name))
    for path in ("config/mail", "config/radicale", "config/files"):
        cell.write(f"{path}/service.conf", f"# {path}\n")
    cell.run("caddy", "apply")
    # A container that restarts is a stranger to the guard until somebody has looked at it.
    if not Watcher(scratch, cell).ready():
        raise RuntimeError("egress watch is not ready")
    return cell


class IMAP(imaplib.IMAP4):
    """A connection from within a network namespace."""

    def __init__(self, namespace, address):
        self.namespace = namespace
        super().__init__(address, 143, timeout=10)

    def _create_socket(self, timeout):
        return inside(self.namespace, lambda: super(IMAP, self)._create_socket(timeout))


def mails(cell, password, put=None):
    """The subjects in alice's inbox over IMAP, with `put` as one more; a sentence when she is not let in."""
    address = cell.facts("email")["lease"]["cell-mail"]
    try:
        line = IMAP(cell.host.path, address)
        try:
            line.login(f"alice@{MAIL_DOMAIN}", password)
            if put:
                line.append("INBOX", None, None, f"Subject: {put}\r\n\r\nHello\r\n".encode())
            line.select("INBOX", readonly=True)
            _, numbers = line.search(None, "ALL")
            found = []
            for number in numbers[0].split():
                _, data = line.fetch(number, "(BODY[HEADER.FIELDS (SUBJECT)])")
                found.append(data[0][1].decode().split(":", 1)[1].strip())
            return found
        finally:
            line.logout()
    except (OSError, imaplib.IMAP4.error) as error:
        return str(error)


def htpasswd(cell, container, file, password):
    """Whether the container's htpasswd says that this is alice's password, and whether it is kept as bcrypt."""
    done = subprocess.run(cell.engine.command("exec", "-i", container, "htpasswd", "-vi", file, "alice"),
                          input=password + "\n", capture_output=True, text=True)
    with open(cell.engine.path(container, file)) as lines:
        return done.returncode == 0, any(line.startswith("alice:$2y$") for line in lines)


def password(cell, service):
    """alice's stored password."""
    return cell.json_file("data/peer_service_credentials.json").get(service, {}).get("alice", {}).get("password", "")


def works(result, cell, when):
    """alice gets in everywhere with the stored passwords, and nobody with another one."""
    words = {service: password(cell, service) for service in ("email", "calendar", "files")}
    result.check(f"{when}: three passwords are stored, each another", len({*words.values(), ""}) == 4, words.keys())
    found = until(lambda: isinstance(mails(cell, words["email"]), list), 10, 0.5)
    result.check(f"{when}: dovecot lets alice in", found, mails(cell, words["email"]))
    done = subprocess.run(cell.engine.command("exec", "cell-mail", "doveadm", "auth", "test", "--", f"alice@{MAIL_DOMAIN}",
                                              words["email"]), capture_output=True, text=True)
    result.check(f"{when}: doveadm auth test says so, too", done.returncode == 0, done.stdout + done.stderr)
    result.check(f"{when}: dovecot refuses a wrong password", isinstance(mails(cell, "wrong"), str))
    for service, container, file in (("calendar", "cell-radicale", "/data/users"),
                                     ("files", "cell-webdav", "/var/lib/dav/users")):
        result.equal(f"{when}: htpasswd of {container} accepts alice's, kept as bcrypt",
                     htpasswd(cell, container, file, words[service]), (True, True))
        result.equal(f"{when}: and refuses a wrong one", htpasswd(cell, container, file, "wrong")[0], False)
    return words


def install(result, cell):
    """All three from the store."""
    cell.refuses(result, "email without its domain", "service", "install", "email", statuses=(65, 78), says=("domain",))
    for service, words in (("email", ("--set", f"domain={MAIL_DOMAIN}")), ("calendar", ()), ("files", ())):
        cell.does(result, f"install {service}", "service", "install", service, *words)
        result.check(f"{service}: all its containers run", all(
            state == "running" for state, _ in cell.project(service).values()) and len(cell.project(service))
            == len(fixture(service).manifest["containers"]), cell.project(service))
    pages = {"mail": "rainloop latest", "webmail": "rainloop latest", "autoconfig": "mail latest",
             "calendar": "radicale latest", "contacts": "radicale latest", "files": "files latest", "webdav": "webdav latest"}
    for name, page in pages.items():
        result.check(f"https://{name}.{DOMAIN} leads to its container", cell.serves(name, page), cell.get(name))
    container = cell.engine.inspect("cell-mail")
    result.check("cell-mail has its host name and the domain", container["Config"]["Hostname"] == f"mail.{DOMAIN}"
                 and f"MAIL_DOMAIN={MAIL_DOMAIN}" in container["Config"]["Env"], container["Config"])
    leases = cell.json_file("data/ip_leases.json")
    result.equal("each container has a lease of its own", len({a for one in leases.values() for a in one.values()}), 5)
    for port in (25, 587, 993):
        address = leases["email"]["cell-mail"]
        result.check(f"peers may reach {address}:{port}", f"{address}.tcp.{port}" in cell.inbound(), cell.inbound())


def accounts(result, cell):
    """alice in each, by the commands that are built in."""
    for service in ("email", "calendar", "files"):
        done = cell.run("account", "add", service, "alice", "--json")
        result.check(f"account add {service} alice exits 0", done.status == 0, done)
        again = cell.run("account", "add", service, "alice")
        result.equal(f"account add {service} alice again: refused", again.status, 65)
    words = works(result, cell, "provisioned")
    told = cell.run("account", "peer", "show", "alice").json.get("services", {})
    result.equal("what alice's device is told", {service: told.get(service) for service in words}, {
        "email": {"imap_host": f"mail.{DOMAIN}", "imap_port": "993", "smtp_host": f"mail.{DOMAIN}", "smtp_port": "587",
                  "username": f"alice@{MAIL_DOMAIN}", "password": words["email"]},
        "calendar": {"caldav_url": f"https://calendar.{DOMAIN}/alice/", "username": "alice", "password": words["calendar"]},
        "files": {"url": f"https://files.{DOMAIN}/dav/alice/", "username": "alice", "password": words["files"]}})
    done = cell.run("account", "reconcile")
    result.check("the services' own lists agree with what is stored", done.status == 0, done)


def disaster(result, cell):
    """Back up, wipe, restore."""
    words = {service: password(cell, service) for service in ("email", "calendar", "files")}
    result.equal("a mail arrives", mails(cell, words["email"], "before the backup"), ["before the backup"])
    with open(cell.engine.path("cell-radicale", "/data/alice.ics"), "w") as file:
        file.write("BEGIN:VCALENDAR\n")
    done = cell.backup()
    result.check("backup exits 0", done.status == 0, done)
    mails(cell, words["email"], "after the backup")
    for container, path in (("cell-mail", "/var/mail"), ("cell-mail", "/tmp/docker-mailserver"), ("cell-radicale", "/data"),
                            ("cell-webdav", "/var/lib/dav")):
        place = cell.engine.path(container, path)
        for name in os.listdir(place):
            whole = os.path.join(place, name)
            shutil.rmtree(whole) if os.path.isdir(whole) else os.unlink(whole)
    cell.engine.docker("restart", "-t", "5", "cell-mail")
    result.check("control: wiped, dovecot knows no alice", until(
        lambda: "AUTHENTICATIONFAILED" in str(mails(cell, words["email"])), 10, 0.5), mails(cell, words["email"]))
    done = cell.run("restore", "latest", "--all", "--json")
    result.check("restore latest exits 0", done.status == 0, done)
    works(result, cell, "restored")
    result.equal("restored: the mail of the backup is there, and no other", mails(cell, words["email"]), ["before the backup"])
    result.check("restored: the calendar is there", os.path.exists(cell.engine.path("cell-radicale", "/data/alice.ics")))


def removal(result, cell):
    """Accounts away, then the services."""
    done = cell.run("account", "remove", "email", "alice")
    result.check("account remove email alice exits 0", done.status == 0, done)
    with open(cell.engine.path("cell-mail", "/tmp/docker-mailserver/postfix-accounts.cf")) as file:
        result.equal("the mail server has no alice", file.read(), "")
    done = cell.run("account", "peer", "remove", "alice")
    result.check("account peer remove alice exits 0", done.status == 0, done)
    for container, file in (("cell-radicale", "/data/users"), ("cell-webdav", "/var/lib/dav/users")):
        with open(cell.engine.path(container, file)) as lines:
            result.check(f"{container} has no alice", "alice" not in lines.read())
    for service in ("email", "calendar", "files"):
        volumes = cell.volumes(service)
        cell.does(result, f"remove {service}", "service", "remove", service)
        result.equal(f"remove {service}: nothing is left", cell.settled(service), "absent")
        result.equal(f"remove {service}: its volumes are kept", cell.volumes(service), volumes)
    cell.does(result, "install email anew", "service", "install", "email", "--set", f"domain={MAIL_DOMAIN}")
    cell.run("account", "add", "email", "alice")
    found = until(lambda: isinstance(mails(cell, password(cell, "email")), list), 10, 0.5)
    result.check("install email anew: alice can have an account again", found, mails(cell, password(cell, "email")))
    cell.does(result, "remove email --purge", "service", "remove", "email", "--purge")
    result.equal("remove email --purge: its volumes are gone", cell.volumes("email"), [])


def body(result, scratch):
    binary()
    cell = stage(scratch)
    install(result, cell)
    accounts(result, cell)
    disaster(result, cell)
    removal(result, cell)


if __name__ == "__main__":
    report.run("email, calendar and files", body)
