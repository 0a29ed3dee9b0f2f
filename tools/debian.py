"""Packages from Debian's mirror, by apt with lists of its own: the machine's are not changed."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def mirror() -> str:
    """The mirror from which this machine gets its packages."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    command += ["Created-By: Packages", "Origin: Debian"]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    for uri in found:
        if "security" not in uri:
            return uri
    sys.exit("apt has no lists on this machine: run apt-get update")


def sources(folder: Path, suite: str, packages: list[str]) -> list[Path]:
    """Fetches the original source archives of the packages, verified, into `folder`."""
    if not packages:
        return []
    apt = folder / "apt"
    for part in ("parts", "lists/partial", "cache/archives/partial"):
        (apt / part).mkdir(parents=True)
    (apt / "parts" / "source.sources").write_text(
        f"Types: deb-src\nURIs: {mirror()}\nSuites: {suite}\nComponents: main\n"
        f"Signed-By: {KEYRING}\n"
    )
    configuration = apt / "apt.conf"
    configuration.write_text(
        f'Dir::Etc::SourceList "/dev/null";\nDir::Etc::SourceParts "{apt}/parts";\n'
        f'Dir::State::Lists "{apt}/lists";\nDir::Cache "{apt}/cache";\n'
        'APT::Sandbox::User "root";\n'  # else it gives the folder to a user of its own
    )
    environment = {**os.environ, "APT_CONFIG": str(configuration)}
    for command in (["update"], ["source", "--download-only", "--tar-only", *packages]):
        line = ["apt-get", "-q", *command]
        subprocess.run(line, check=True, env=environment, cwd=folder, stdout=sys.stderr)
    return [next(folder.glob(f"{package}_*.orig.tar.*")) for package in packages]


def unpacked(archive: str | Path, folder: Path) -> Path:
    """Unpacks a source archive into `folder` and returns its one folder."""
    # Some of the Pythons that run this lack the parameter `filter`.
    safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(archive) as opened:
        opened.extractall(folder, **safely)
    (source,) = folder.iterdir()
    return source
