"""`broker serve`: answer requests until SIGTERM or SIGINT, then drain."""

import asyncio
import signal
import sys
from pathlib import Path

import click
import structlog

from broker.adapters.faults import arm_all
from broker.adapters.heap import use_one_heap
from broker.app import assert_fit, first_of, opened, serving
from broker.commands.common import settings, telling
from broker.commands.logs import logging
from broker.commands.workers import assert_shareable, serve_together
from broker.config import Settings

log = structlog.get_logger(__name__)


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Certificate chain (PEM).")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Private key (PEM).")
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="Processes on one port; only on PostgreSQL.")
@click.option("--shared-port", is_flag=True, hidden=True, help="Others listen on the same port.")
@click.pass_obj
def serve(
    config: Path | None,
    host: str | None,
    port: int | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    *,
    workers: int,
    shared_port: bool,
) -> None:
    """Serve. Without a database and keys this is an error: make them with `broker init`."""
    use_one_heap()
    chosen = settings(config, host=host, port=port, tls_cert=tls_cert, tls_key=tls_key)
    logging(chosen.log_level)
    if workers > 1:
        assert_shareable(chosen)
        given = {"--host": host, "--port": port, "--tls-cert": tls_cert, "--tls-key": tls_key}
        options = [word for name, value in given.items() if value is not None for word in (name, str(value))]
        first = ["--config", str(config)] if config is not None else []
        sys.exit(asyncio.run(serve_together(workers, [*first, "serve", "--shared-port", *options])))
    with telling():
        died = asyncio.run(_serve(chosen, shared=shared_port))
    if died:
        log.error("ledger.died", advice="the record could not be written; look at the disk, then start again")
        sys.exit(3)


async def _serve(chosen: Settings, *, shared: bool) -> bool:
    """Serve until told to stop. True: the ledger died."""
    arm_all(chosen.faults)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    async with opened(chosen) as running:
        loop.add_signal_handler(signal.SIGHUP, running.look_again)
        await assert_fit(running, chosen)
        async with serving(running, chosen, shared=shared) as port:
            log.info("serving", issuer=chosen.issuer, host=chosen.host, port=port)
            await first_of(running.ledger.ended(), stop.wait())
            running.readiness.draining = True
            running.stop_if_unrecorded()
            log.info("draining", seconds=chosen.drain_seconds)
        return running.ledger.failed
