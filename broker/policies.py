"""Which policy packs a broker follows: those of its settings, until `broker policy activate` puts others in force."""

from pathlib import Path

from broker.adapters.policy_files import load_packs
from broker.adapters.policy_store import assert_untouched, in_force
from broker.adapters.policy_watch import PolicyWatch
from broker.adapters.snapshots import LiveSnapshot
from broker.config import Settings
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
    packs = load_packs(folder)
    missing = set(wanted) - {pack.id for pack in packs}
    if missing:
        raise RulesError(f"{folder}: no pack called {', '.join(sorted(missing))}")
    found = rulebook([pack for pack in packs if not wanted or pack.id in wanted], mode)
    if not isinstance(found, Rulebook):
        raise RulesError("\n".join(found))
    return found


def watch_policies(world: World, live: LiveSnapshot, settings: Settings, folder: Path) -> PolicyWatch:
    """Follows what is activated beside a broker that runs on the packs of `folder`."""

    async def adopt(rules: Rulebook) -> tuple[str, ...]:
        wrong = await put_rules_in_force(world, rules)
        if not wrong:
            live.under(rules)
        return wrong

    return PolicyWatch(folder, lambda: policy_folder(settings), lambda at: rules_in(at, settings), adopt)
