"""docs/reference/speed.md: what was measured, against what, and how much would have been allowed."""

from collections.abc import Sequence

from tests.bench.measure import MOST_ROUNDS, MULTIPLE, ROUNDS, Result

HEAD = f"""# Speed

<!-- Made by `make bench`; do not edit. -->

Each cost is CPU time of the whole process that serves, all threads, as a multiple of something else that was measured in the same run (a bare operation of the library `cryptography`; another engine, Cedar, saying yes to a policy of the same kind; a bare handler or proxy of aiohttp; nginx with the same file), before and after each of {ROUNDS} rounds; what is compared is the least that each took.
Rows that say so are measured by the clock, because who records waits for a disk: there the medians are compared, callers and a bare log of a few dozen lines taking turns on the same disk.
What disturbs a round only adds to it, so a goal that is not met is given more rounds, {MOST_ROUNDS} at most, before it is called missed.
A goal is a ratio too: the cost that was allowed over what that took on the machine for which the goals were set.
So a slower or busier machine misses no goal for being slow.
`make bench` measures again, writes this page, and ends with status 1 if a goal is missed.
"""


def page(results: Sequence[Result]) -> str:
    """The page for one run."""
    lines = ["| what | in that run | ratio | allowed | rounds | |", "| --- | --- | --- | --- | --- | --- |"]
    for one in results:
        verdict = "met" if one.met else "**missed**"
        lines.append(
            f"| {one.goal.name} | {one.micros:,.1f} {one.goal.unit} | {one.ratio:.2f} | {one.allowed:.2f} | {one.rounds} | {verdict} |"
        )
    sticks = {one.yardstick.name: one for one in results}
    told = "\n".join(
        f"In that run {name} took {one.here:.1f} µs; the goals were set where it took {one.yardstick.reference} µs."
        for name, one in sticks.items()
        if one.yardstick.reference != MULTIPLE
    )
    return f"{HEAD}\n" + "\n".join(lines) + f"\n\n{told}\n"
