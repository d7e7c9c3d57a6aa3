"""Policy packs and their cases as files of one folder: `*.yaml`, and `cases/<pack id>.yaml` for each.

Trusted: whoever can write there writes the law that this service follows. What a pack must be is
`core.jurisdiction.lint`; this file only reads, and says file and line for whatever is wrong.
"""

from pathlib import Path, PurePosixPath

from broker.adapters.yaml_files import MAX_BYTES, Document, YamlFileError, load_yaml, read_yaml
from broker.core.jurisdiction.lint import lint
from broker.core.jurisdiction.pack import Pack
from broker.core.jurisdiction.pack_cases import check_cases
from broker.core.jurisdiction.reading import Problem
from broker.ports.packs import Files


class PolicyError(ValueError):
    """A folder that holds no usable set of packs. `problems`: `file:line: field: what`, all of them."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def files_in(folder: Path, *patterns: str) -> dict[str, bytes]:
    """The packs and cases in `folder`, or what fits `patterns`, in order; of one that is too long, its beginning."""
    found: dict[str, bytes] = {}
    for path in sorted(path for pattern in patterns or ("*.yaml", "cases/*.yaml") for path in folder.glob(pattern)):
        with path.open("rb") as file:
            found[path.relative_to(folder).as_posix()] = file.read(MAX_BYTES + 1)
    return found


def load_packs(folder: Path) -> tuple[Pack, ...]:
    """Every pack in `folder`, in the order of file names; their cases are not run. PolicyError, OSError.

    A folder without packs is an error: a service without law must not look like one.
    """
    packs, problems = read_packs(files_in(folder, "*.yaml"), folder)
    if problems:
        raise PolicyError(problems)
    return tuple(packs.values())


def lint_packs(folder: Path) -> tuple[str, ...]:
    """Everything that is wrong with the packs in `folder` and with their cases; nothing if all is well."""
    return lint_files(files_in(folder), folder)


def lint_files(files: Files, folder: Path) -> tuple[str, ...]:
    """As `lint_packs`, of files that need not lie in `folder` yet."""
    packs, problems = read_packs(files, folder)
    found = list(problems)
    for name, pack in packs.items():
        found += _case_problems(files, folder, name, pack)
    return tuple(found)


def load_cases(path: Path) -> Document:
    """A case file; it may use anchors. YamlFileError, OSError."""
    return load_yaml(path, anchors=True)


def cases_name(pack: str) -> str:
    """Where in a set the cases of a pack stand."""
    return f"cases/{pack}.yaml"


def read_packs(files: Files, folder: Path) -> tuple[dict[str, Pack], tuple[str, ...]]:
    """The packs of `files` by the names of their files, and what is wrong; `folder` is how messages call it."""
    packs: dict[str, Pack] = {}
    problems: list[str] = []
    for name, said in files.items():
        if len(PurePosixPath(name).parts) > 1:
            continue
        path = folder / name
        try:
            document = read_yaml(said, str(path), anchors=False)
        except YamlFileError as error:
            problems.append(str(error))
            continue
        found = lint(document.value, document.line)
        if isinstance(found, Pack):
            others = (other for other, each in packs.items() if each.id == found.id)
            problems += [f"{path}:1: id: {found.id} is in {folder / other}" for other in others]
            packs[name] = found
        else:
            problems += _told(path, found)
    if not packs and not problems:
        problems.append(f"{folder}: no packs here")
    return packs, tuple(problems)


def _case_problems(files: Files, folder: Path, pack_file: str, pack: Pack) -> list[str]:
    name = cases_name(pack.id)
    path = folder / name
    if name not in files:
        return [f"{folder / pack_file}:1: {pack.id}: rules without cases, {path} is missing"]
    try:
        document = read_yaml(files[name], str(path), anchors=True)
    except YamlFileError as error:
        return [str(error)]
    return _told(path, check_cases(pack, document.value, document.line))


def _told(path: Path, problems: tuple[Problem, ...]) -> list[str]:
    return [f"{path}:{problem}" for problem in problems]
