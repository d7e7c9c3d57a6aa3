"""`broker ontology compile|show`: the disease ontology that decisions read."""

from pathlib import Path

import click

from broker.adapters.ontology import keep_ontology, open_ontology
from broker.commands.common import Fail, settings, telling
from broker.core.duo.ontology import Ontology, curie, kind_of, known, named

_SHOWN = 20


@click.group()
def ontology() -> None:
    """The disease ontology: check a release, look a term up."""


@ontology.command(name="compile")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def compile_ontology(config: Path | None, file: Path | None) -> None:
    """Check a release (OBO, obographs JSON) and keep its closure in the state folder, so that a start is quick.

    Without FILE: the one of the settings. A release with any error is refused whole, and nothing changes. To put
    another release in force, name it as `ontology` in the settings and start again.
    """
    chosen = settings(config)
    path = file or chosen.ontology_file
    with telling():
        made = keep_ontology(path, chosen.ontologies)
        click.echo(f"{made.version}: {len(made.names)} terms, {len(made.others)} other ids that mean one of them")
        if made.open_ends:
            click.echo(f"{len(made.open_ends)} terms hang under a parent that the release does not have")
        if path.resolve() != chosen.ontology_file.resolve():
            _compared(open_ontology(chosen.ontology_file, chosen.ontologies), made)


def _compared(present: Ontology, made: Ontology) -> None:
    lost = [term for term in present.names if known(made, term) is None]
    click.echo(f"in force is {present.version}; {len(lost)} of its {len(present.names)} terms would become unknown")
    for term in lost[:_SHOWN]:
        click.echo(f"  {named(present, term)}")
    if len(lost) > _SHOWN:
        click.echo(f"  and {len(lost) - _SHOWN} more")


@ontology.command()
@click.argument("term")
@click.pass_obj
def show(config: Path | None, term: str) -> None:
    """What TERM (a CURIE or an IRI) means to this broker, and all that it is a kind of. Status 2 if unknown."""
    chosen = settings(config)
    with telling():
        held = open_ontology(chosen.ontology_file, chosen.ontologies)
    found = known(held, term)
    if found is None:
        raise Fail(f"{curie(term)} is unknown in {held.version}, or obsolete without one replacement")
    click.echo(named(held, found) + (f", for {curie(term)}" if curie(term) != found else ""))
    for wider in kind_of(held, found):
        click.echo(f"  is a kind of {named(held, wider)}")
