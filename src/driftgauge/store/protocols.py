"""The versions of the protocol of a study."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from driftgauge.store.tables import journal, protocols


@dataclass(frozen=True)
class ProtocolVersion:
    """One version of the protocol; version 1 was fixed with the first rating."""

    version: int
    protocol_hash: str
    declared: dict[str, Any]
    fixed_at: str


def protocol_versions(connection: sa.Connection) -> tuple[ProtocolVersion, ...]:
    """Return the versions of the protocol in order."""
    query = sa.select(protocols, journal.c.at).join(journal).order_by(protocols.c.version)
    return tuple(
        ProtocolVersion(row.version, row.protocol_hash, json.loads(row.declared), row.at) for row in connection.execute(query)
    )


def add_protocol(
    connection: sa.Connection, *, version: int, protocol_hash: str, declared: Mapping[str, Any], entry: int
) -> None:
    """Add a version of the protocol."""
    text = json.dumps(dict(declared), ensure_ascii=False, sort_keys=True)
    connection.execute(sa.insert(protocols).values(version=version, protocol_hash=protocol_hash, declared=text, entry=entry))
