"""Which policy packs a broker follows: those of its settings, until `broker policy activate` puts others in force."""

from collections.abc import Iterable
from pathlib import Path

from broker.adapters.policy_files import load_packs
from broker.adapters.policy_sets import PolicySets
from broker.adapters.policy_store import assert_untouched, in_force
from broker.adapters.policy_watch import PolicyWatch
from broker.adapters.snapshots import LiveSnapshot
from broker.config import Settings
from broker.core.jurisdiction.pack import Pack
from broker.core.jurisdiction.rulebook import Mode, Rulebook, rulebook
from broker.flows.put_in_force import put_rules_in_force
from broker.flows.world import World


class RulesError(Exception):
    """The policy packs cannot be put in force; each line says which and why."""


def policy_folder(settings: Settings) -> Path:
    """Where the packs are that hold. PolicyStoreError, OSError."""
    return in_force(settings.activated_policies) or settings.first_policies


def rules_in(folder: Path, settings: Settings) -> Rulebook:
    """The packs of `folder`, as the settings take them. RulesError, PolicyError, PolicyStoreError, OSError."""
    if folder.parent == settings.activated_policies:
        assert_untouched(folder)
    return load_rules(folder, settings.packs, settings.mode)


def load_rules(folder: Path, wanted: tuple[str, ...], mode: Mode) -> Rulebook:
    """The packs in force. RulesError for one that is missing, or that `mode` does not take."""
    found = _made(load_packs(folder), wanted, mode)
    if not isinstance(found, Rulebook):
        raise RulesError("\n".join(f"{folder}: {line}" for line in found))
    return found


def _made(packs: Iterable[Pack], wanted: tuple[str, ...], mode: Mode) -> Rulebook | tuple[str, ...]:
    """Those of `packs` that are wanted (none named: all of them), ready to judge by; or why they are not."""
    known = {pack.id: pack for pack in packs}
    if missing := set(wanted) - known.keys():
        return (f"no pack called {', '.join(sorted(missing))}",)
    return rulebook([pack for pack in known.values() if not wanted or pack.id in wanted], mode)


def policy_sets(settings: Settings, watch: PolicyWatch) -> PolicySets:
    """The sets of packs of a running broker."""
    return PolicySets(
        settings.activated_policies,
        watch,
        lambda: policy_folder(settings),
        lambda packs: _made(packs, settings.packs, settings.mode),
    )


def watch_policies(world: World, live: LiveSnapshot, settings: Settings, folder: Path) -> PolicyWatch:
    """Follows what is activated beside a broker that runs on the packs of `folder`."""

    async def adopt(rules: Rulebook) -> tuple[str, ...]:
        wrong = await put_rules_in_force(world, rules)
        if not wrong:
            live.under(rules)
        return wrong

    return PolicyWatch(folder, lambda: policy_folder(settings), lambda at: rules_in(at, settings), adopt)
