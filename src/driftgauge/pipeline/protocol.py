"""The protocol of a study: fixed with its first rating; what is declared later is a further version, and marked."""

from driftgauge.records import Finding
from driftgauge.store import journal
from driftgauge.store.database import Connection
from driftgauge.store.protocols import ProtocolVersion, add_protocol, protocol_versions
from driftgauge.study import Protocol, Study, protocol_changes


def fix_protocol(connection: Connection, study: Study, author: journal.Author) -> int:
    """Return the version of the protocol that the study declares, a new one if it has never stood there.

    Parameters
    ----------
    connection
        Of a transaction that writes.
    study
        Whose protocol it is.
    author
        Who stands in the journal.
    """
    declared = study.protocol
    versions = protocol_versions(connection)
    known = {version.protocol_hash: version.version for version in versions}
    if declared.hash in known:
        return known[declared.hash]
    values = declared.model_dump(mode="json")
    changes = protocol_changes(versions[-1].declared, values) if versions else ()
    version = len(versions) + 1
    detail = {"version": version, "changes": list(changes)}
    entry = journal.append(connection, author, "protocol", hashes={"protocol": declared.hash}, detail=detail)
    add_protocol(connection, version=version, protocol_hash=declared.hash, declared=values, entry=entry)
    return version


def protocol_findings(protocol: Protocol, versions: tuple[ProtocolVersion, ...]) -> tuple[Finding, ...]:
    """Return the mark of a result under a protocol that was not fixed before the first rating.

    Parameters
    ----------
    protocol
        Under which is measured; one of `versions`.
    versions
        All there were, in order.
    """
    mine = next(version for version in versions if version.protocol_hash == protocol.hash)
    if mine.version == 1:
        return ()
    changes = protocol_changes(versions[0].declared, mine.declared)
    sentence = (
        f"The protocol was changed after the first rating: this is version {mine.version}, of {mine.fixed_at[:10]} "
        f"({'; '.join(changes)}). Its verdicts were not fixed before the data."
    )
    remedy = f"Report the verdicts under version 1 (of {versions[0].fixed_at[:10]}) beside these, or say why it was changed."
    return (Finding("protocol_changed", "warning", sentence, remedy),)
