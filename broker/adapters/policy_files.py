"""Policy packs and their cases as files of one folder: `*.yaml`, and `cases/<pack id>.yaml` for each.

Trusted: whoever can write there writes the law that this service follows. What a pack must be is
`core.jurisdiction.lint`; this file only reads, and says file and line for whatever is wrong.
"""

from pathlib import Path

from broker.adapters.yaml_files import Document, YamlFileError, load_yaml
from broker.core.jurisdiction.lint import lint
from broker.core.jurisdiction.pack import Pack
from broker.core.jurisdiction.pack_cases import check_cases
from broker.core.jurisdiction.reading import Problem


class PolicyError(ValueError):
    """A folder that holds no usable set of packs. `problems`: `file:line: field: what`, all of them."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load_packs(folder: Path) -> tuple[Pack, ...]:
    """Every pack in `folder`, in the order of file names; their cases are not run. PolicyError, OSError.

    A folder without packs is an error: a service without law must not look like one.
    """
    packs, problems = _read(folder)
    if problems:
        raise PolicyError(problems)
    return tuple(pack for _, pack in packs)


def lint_packs(folder: Path) -> tuple[str, ...]:
    """Everything that is wrong with the packs in `folder` and with their cases; nothing if all is well."""
    packs, problems = _read(folder)
    found = list(problems)
    for path, pack in packs:
        found += _case_problems(path, pack)
    return tuple(found)


def load_cases(path: Path) -> Document:
    """A case file; it may use anchors. YamlFileError, OSError."""
    return load_yaml(path, anchors=True)


def _read(folder: Path) -> tuple[tuple[tuple[Path, Pack], ...], tuple[str, ...]]:
    packs: list[tuple[Path, Pack]] = []
    problems: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            document = load_yaml(path, anchors=False)
        except YamlFileError as error:
            problems.append(str(error))
            continue
        found = lint(document.value, document.line)
        if isinstance(found, Pack):
            problems += [f"{path}:1: id: {found.id} is in {other}" for other, each in packs if each.id == found.id]
            packs.append((path, found))
        else:
            problems += _told(path, found)
    if not packs and not problems:
        problems.append(f"{folder}: no packs here")
    return tuple(packs), tuple(problems)


def _case_problems(pack_file: Path, pack: Pack) -> list[str]:
    path = pack_file.parent / "cases" / f"{pack.id}.yaml"
    if not path.is_file():
        return [f"{pack_file}:1: {pack.id}: rules without cases, {path} is missing"]
    try:
        document = load_cases(path)
    except YamlFileError as error:
        return [str(error)]
    return _told(path, check_cases(pack, document.value, document.line))


def _told(path: Path, problems: tuple[Problem, ...]) -> list[str]:
    return [f"{path}:{problem}" for problem in problems]
