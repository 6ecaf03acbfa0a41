"""The commands, by name; each group lives in a file of its own and imports what it needs when called.

Typer's one importer is this package.  Nothing heavy may be imported at the top of these files:
``processor --help`` answers in a fraction of a second.
"""

from __future__ import annotations

import sys

import typer

from processor import __version__
from processor.cli import (
    alarms,
    answers,
    audit,
    away,
    backup,
    check,
    confirm,
    contracts,
    copying,
    corrections,
    deadlines,
    demo,
    doctor,
    encrypting,
    explain,
    form,
    importing,
    initial,
    levels,
    login,
    opening,
    people,
    people_access,
    privacy,
    queue,
    reconciling,
    reloading,
    replay,
    restoring,
    retrying,
    rules,
    run,
    status,
    store,
    ticket_steps,
    ticket_words,
    train,
    webhooks,
    writing,
)

app = typer.Typer(
    name="processor",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Reads customer mailboxes, decides by your written rules, answers at once, queues the rest for people.\n\n"
    "Begin with: processor demo   then: processor init, processor check, processor doctor, processor run",
)
app.command()(demo.demo)
app.command("demo-mail")(demo.demo_mail)
app.command()(run.run)
app.command()(run.once)
app.command()(run.desk)
app.command()(explain.explain)
app.command()(check.check)
app.command()(replay.replay)
app.command()(reloading.reload)
app.command()(doctor.doctor)
app.command()(login.login)
app.command()(deadlines.deadlines)
app.command()(form.form)
app.command()(train.train)
app.command()(train.evaluate)
app.command("import")(importing.bring_in)
app.command("init")(initial.initial)
app.command()(status.status)
app.command()(retrying.retry)
app.command()(reconciling.reconcile)
app.command()(backup.backup)
app.command()(restoring.restore)
app.add_typer(restoring.app, name="restored")
app.command("stop-answers")(answers.stop_answers)
app.command("resume-answers")(answers.resume_answers)
queue.app.command("done")(confirm.done)
queue.app.command("correct")(confirm.correct)
queue.app.command("retype")(corrections.retype)
queue.app.command("close")(ticket_steps.close)
queue.app.command("take")(ticket_steps.take)
queue.app.command("leave")(ticket_steps.leave)
queue.app.command("snooze")(ticket_steps.snooze)
queue.app.command("open")(ticket_steps.open_again)
queue.app.command("merge")(ticket_steps.merge)
queue.app.command("split")(ticket_steps.split)
queue.app.command("forward")(ticket_steps.forward)
queue.app.command("note")(ticket_steps.note)
queue.app.command("understood")(ticket_words.understood)
queue.app.command("ask")(ticket_words.ask)
queue.app.command("take-in")(ticket_words.take_in)
queue.app.command("write")(writing.write)
queue.app.command("saved")(writing.saved)
queue.app.command("edit")(writing.edit)
queue.app.command("undo")(writing.undo)
queue.app.command("away")(away.away)
app.add_typer(queue.app, name="queue")
app.add_typer(alarms.app, name="alarms")
app.add_typer(audit.app, name="audit")
app.add_typer(privacy.app, name="privacy")
app.add_typer(contracts.app, name="contracts")
app.add_typer(corrections.app, name="corrections")
people.app.command("show")(people_access.show)
people.app.command("mailboxes")(people_access.mailboxes)
people.app.command("sign-out")(people_access.sign_out)
people.app.command("key")(people_access.key)
people.app.command("key-end")(people_access.key_end)
people.app.command("second-step")(people_access.second_step)
people.app.command("provider")(people_access.provider)
people.app.command("language")(people_access.language)
people.app.command("notices")(people_access.notices)
app.add_typer(people.app, name="people")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(rules.app, name="rules")
answers.levels.command("show")(levels.show)
answers.levels.command("raise")(levels.up)
answers.levels.command("lower")(levels.down)
answers.levels.command("report")(levels.report)
app.add_typer(answers.levels, name="levels")
store.db.command("copy")(copying.copy)
store.db.command("encrypt")(encrypting.encrypt)
app.add_typer(store.db, name="db")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"processor {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    ctx: typer.Context,
    version: bool = typer.Option(  # noqa: ARG001  (its callback has told it)
        False, "--version", callback=_version, is_eager=True, help="Print the version and end."
    ),
) -> None:
    ctx.with_resource(opening.closing_stores())


def main() -> None:
    """Run the command line; a refused configuration or rules file is told as such, with exit status 2.

    So is a store that may only be read, or bytes in it that do not open, with status 1.
    """
    try:
        app()
    except Exception as error:
        said = opening.store_refusal(error)
        if not said:
            raise
        typer.echo(said, err=True)
        sys.exit(1)
