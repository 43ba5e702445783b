"""How every command ends: where the page is, and what is next, as a command to paste with what it costs."""

from __future__ import annotations

from results.analysis.evidence import Evidence
from results.commands import shown_path
from results.store import Study
from study.cli.session import Session
from study.planning.next_step import next_step
from study.planning.step import Step, given_command
from study.terminal.screen import note, say, say_whole


def end(session: Session, step: Step | None = None) -> None:
    """Write the page, and say where it is and what is next: ``step``, else what the records say."""
    from study.report.page import write_report  # noqa: PLC0415 - no training waits for pandas and matplotlib, 0.5 s

    session.page.stop()
    say_whole(f"report: {shown_path(write_report(session.study))}")
    step = step or next_step(Evidence.of(session.study), session.at_once)
    if not session.options.quiet:
        say(_told(session.study, step))


def say_next(study: Study, quiet: bool, done: str = "") -> None:
    """Say what is next on stderr, beside results that a pipe may take; not the command that is ``done``."""
    if quiet:
        return
    step = next_step(Evidence.of(study))
    if step.name != done:
        note(_told(study, step))
    elif done == "report":
        note(f"next: {step.sentence}.")
    else:
        note(_told(study, Step("report", (), "write the page, which shows all that is recorded")))


def _told(study: Study, step: Step) -> str:
    return f"next: {step.sentence}:\n  {given_command(step, study.path, study.meta)}"
