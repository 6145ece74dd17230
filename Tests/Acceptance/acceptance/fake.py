"""Puts the lying docker in place and gives it orders."""

import json
import os
import shutil

from .cell import HERE


class FakeDocker:
    """A directory for PATH that holds nothing but a `docker`."""

    def __init__(self, directory):
        self.directory = directory
        self.program = os.path.join(directory, "docker")
        shutil.copy(os.path.join(HERE, "docker_fake.py"), self.program)
        os.chmod(self.program, 0o755)
        self.order()

    def order(self, **orders):
        """Says what the next calls do: create={…}, extract={…}, state=…; nothing means an honest docker."""
        orders.setdefault("pid", os.getpid())
        with open(os.path.join(self.directory, "orders.json"), "w") as file:
            json.dump(orders, file)

    @property
    def environment(self):
        return {"PATH": self.directory + ":" + os.environ["PATH"]}

    def calls(self):
        """The command lines it was called with."""
        with open(os.path.join(self.directory, "calls.log")) as file:
            return [json.loads(line) for line in file]


def end_of_archive(stream):
    """The offset behind the second zero block of a tar whose last file does not end in zeros."""
    data = len(stream.rstrip(b"\0"))
    return (data + 511) // 512 * 512 + 1024
