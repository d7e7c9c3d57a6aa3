"""What is installed: known by its digest, from one place, under a licence that somebody has read."""

import gzip
import hashlib
import json
import re
import shlex
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, metadata

import pytest

from docs.dependencies import FOR_TESTS, INDEX, OPTIONAL, PARTS, PERMISSIVE, STATIC, VENDORED, licences, locked
from tests.docs.doc_blocks import ROOT

LOCKED = {one.name: one for one in locked()}
_SAYS = {
    "Apache-2.0": "apache", "MIT": "mit", "MIT-0": "mit", "BSD-2-Clause": "bsd", "BSD-3-Clause": "bsd",
    "PSF-2.0": "psf|python software", "MPL-2.0": "mpl|mozilla", "GPL-3.0-or-later": "gpl",
}  # fmt: skip
"""What a package says of itself where it is under a licence."""
_TV4 = "http://geraintluff.github.io/tv4/LICENSE.txt"
"""Public domain, or MIT: as one likes."""


@pytest.mark.row("F89")
@pytest.mark.parametrize("name", LOCKED)
def test_a_package_is_locked_by_digest_from_the_public_index_under_a_licence_that_was_read(name: str) -> None:
    package = LOCKED[name]
    assert package.source == INDEX
    assert package.is_digested
    assert package.part in PARTS
    assert package.licence, "read its licence and add a line to docs/licences.yaml"
    assert package.licences <= {"dev": FOR_TESTS, "traces": OPTIONAL}.get(package.part, PERMISSIVE)


@pytest.mark.row("F89")
def test_no_licence_is_kept_for_what_is_not_installed() -> None:
    assert licences().keys() == LOCKED.keys()


@pytest.mark.row("F89")
@pytest.mark.parametrize("name", LOCKED)
def test_a_package_says_the_same_of_itself(name: str) -> None:
    """As far as it says anything: a licence that changes with a new version is read again."""
    try:
        told = metadata(name).json
    except PackageNotFoundError:
        return  # for another system, or another Python
    assert told["version"] == LOCKED[name].version
    said = " ".join(
        [str(told.get("license_expression") or told.get("license") or "")]
        + [line for line in told.get("classifier", []) if line.startswith("License")]
    )
    if said.strip():
        assert any(re.search(_SAYS[one], said, re.IGNORECASE) for one in LOCKED[name].licences), said


@pytest.mark.row("F89")
def test_a_file_without_a_digest_is_noticed() -> None:
    known = LOCKED["aiohttp"]
    bare = [{name: value for name, value in file.items() if name != "hash"} for file in known.files[:1]]
    assert not replace(known, files=(*known.files, *bare)).is_digested
    assert not replace(known, files=()).is_digested


@pytest.mark.row("F89")
@pytest.mark.parametrize("file", ["Makefile", "Dockerfile"])
def test_what_is_installed_comes_from_the_lock_as_it_is(file: str) -> None:
    text = (ROOT / file).read_text("utf-8").replace("\\\n", " ")
    syncs = [line for line in text.splitlines() if re.search(r"\buv sync\b", line) and not line.startswith("#")]
    assert syncs
    assert all("--locked" in shlex.split(line, posix=False) for line in syncs)


@pytest.mark.row("F89")
def test_programs_of_others_for_node_are_locked_by_digest_under_a_licence_for_tests() -> None:
    packages = json.loads((ROOT / "tests" / "interop" / "package-lock.json").read_text("utf-8"))["packages"]
    for name, one in packages.items():
        if name:
            assert one["integrity"].startswith("sha512-"), name
            assert one["license"] in FOR_TESTS | {"ISC", "0BSD", "CC0-1.0", "BlueOak-1.0.0", _TV4}, name


@pytest.mark.row("F89")
@pytest.mark.parametrize("vendored", VENDORED, ids=[one[0] for one in VENDORED])
def test_what_lies_among_our_files_is_what_its_makers_published(vendored: tuple[str, ...]) -> None:
    _, version, licence, file, digest = vendored
    whole = (STATIC / file).read_bytes()
    assert hashlib.sha256(whole).hexdigest() == digest
    assert version.encode() in whole
    assert gzip.decompress((STATIC / f"{file}.gz").read_bytes()) == whole, "who asks for it compressed gets the same"
    assert licence in PERMISSIVE | {"0BSD"}
    assert "Zero-Clause BSD" in (STATIC / file.replace(".min.js", ".LICENSE.txt")).read_text("utf-8")
