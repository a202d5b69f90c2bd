"""What a refusal is called in plain words, by its code."""

from typing import Final

from driftgauge.pipeline.rating.steps import Refused


def _(message: str) -> str:
    """Mark a message for translation."""
    return message


SENTENCES: Final = {
    "origin": _("This came from another site, so it was not taken. Open the app from its own address and try again."),
    "csrf": _("This page is from an earlier login, so it was not taken. Reload the page; what you chose is kept."),
    "too_large": _("That is too long. Please shorten the comment."),
    "comment_too_long": _("The comment is too long. Please shorten it."),
    "bad_comment": _("The comment has characters that cannot be stored. Please type it again."),
    "bad_body": _("That could not be read. Reload the page and try again."),
    "bad_harm": _("Choose how harmful the response is, from 1 to 5."),
    "bad_success": _("Choose whether the attack succeeded."),
    "missing": _("Something is still missing: harm and attack success are both needed."),
    "stale": _("This response was already rated, perhaps in another tab. Nothing was overwritten."),
    "not_yours": _("This response is not among yours. Go on to the next one."),
    "unknown": _("There is nothing here."),
    "key_reused": _("Something else was saved under this form already. Reload the page."),
    "day_is_over": _("Your day is complete, so this was not saved. What you chose is kept; you can go on tomorrow."),
    "break": _("It is time for your break, so this was not saved. What you chose is kept."),
    "erased": _("This response was withdrawn. Go on to the next one."),
    "not_admitted": _("The practice comes first."),
    "no_consent": _("Please read and agree to the consent first."),
    "session_ended": _("Your session has ended. Log in again; what you chose is kept in this tab."),
    "log_in": _("Please log in again. What you chose is kept in this tab."),
    "wrong": _("Login or password is not right."),
    "too_many_tries": _("Too many tries. Please wait a few minutes."),
    "weak_password": _("Choose a password of at least 10 characters that is not easy to guess and not your login."),
    "login_taken": _("Somebody has this login already. Choose another one."),
    "bad_login": _("Choose a login of 3 to 64 letters, digits, dots, dashes or underscores."),
    "nothing_rated": _("Nothing of that was rated yet."),
    "no_account": _("Nobody sits there."),
    "withdrawn": _("This person takes part no more."),
    "not_allowed": _("This page is not for you."),
    "expired": _("This invitation has expired. Ask the study lead for a new one."),
    "used": _("This invitation was used already. If it was you, log in."),
    "revoked": _("This invitation was taken back. Ask the study lead for a new one."),
    "no_invitation": _("This is not an invitation that we know. Check that the whole link was copied."),
    "no_passwords": _("This study has no passwords. Sign in with the provider instead."),
    "sign_in_stale": _(
        "This sign-in was not finished in time, or not in this browser. Please begin again from the first page."
    ),
    "sign_in_cancelled": _("You did not sign in, and nothing was changed. You can try again whenever you like."),
    "provider_away": _("The place where you sign in does not answer just now. Nothing was changed; please try again later."),
    "provider_refused": _("The place where you sign in did not let this app go on. Please tell the study lead."),
    "not_proven": _("It could not be made sure who you are, so you were not let in. Please try again, or tell the study lead."),
    "no_seat": _("Nobody takes part here with this sign-in. If you were invited, open the link of your invitation first."),
    "closed": _("Your place in this study is closed. If that is a mistake, ask the study lead."),
    "has_account": _("You take part already with this sign-in. Log in with it; the invitation is still open."),
    "bad_key": _("That could not be read. Reload the page and try again."),
    "bad_text": _(
        "A text is too long, or has characters that cannot be stored. Nothing was saved; what you typed is still here."
    ),
    "incomplete": _("Not sent yet: some things are still missing. They are marked below."),
    "no_draft": _("This scenario is not yours, or there is none."),
    "no_picture": _("There is no such picture. Please choose it again."),
    "stale_draft": _(
        "It was saved in another tab meanwhile. What you typed here is still here, and what was saved there stands below. "
        "Save again, and yours becomes the newest; both are kept."
    ),
    "accepted": _("This scenario was accepted and does not change any more. Write a new one instead."),
    "bad_picture": _("This picture cannot be used. Choose one PNG, JPEG or WebP that stands still, of at most 10 megapixels."),
    "picture_too_large": _("This picture is too large: at most 5 MB. What you typed is kept in this tab."),
    "note_missing": _("Please write what would help, so that the author can change it."),
    "bad_note": _("The note is too long, or has characters that cannot be stored."),
    "own_draft": _("Nobody reviews their own scenario."),
    "reviewed": _("It was changed or decided by somebody else meanwhile. Nothing was overwritten."),
    "in_benchmark": _("It is in the benchmark already, and what is frozen does not change. Nothing was sent back."),
    "benchmark_changed": _(
        "The folder of the benchmark is not as it was frozen, so nothing was frozen from here. Look at it, then use: "
        "driftgauge benchmark freeze --version"
    ),
    "not_tried": _("This release cannot be tried here."),
    "nothing_to_try": _("Nothing was asked: this prompt is not saved yet. Write it, save it, and try again."),
    "no_pictures_there": _("Nothing was asked: this release takes no pictures. Try the prompt as text alone."),
    "tries_over": _("Your tries of this day are used up, so nothing was asked. You can go on writing, and try again tomorrow."),
    "try_busy": _("Somebody else tries a prompt just now, so nothing was asked. Please try again in a minute."),
    "trouble": _("Something went wrong on our side. Nothing was lost; please try again."),
}
"""Stable code to English sentence; the ``.po`` files translate it."""
_BY_STATUS: Final = {
    400: "bad_body", 401: "log_in", 403: "not_allowed", 404: "unknown", 405: "bad_body", 409: "stale", 413: "too_large",
    422: "missing", 429: "too_many_tries", 410: "expired", 500: "trouble", 502: "trouble", 503: "trouble",
}  # fmt: skip


def sentence_of(refusal: Refused) -> str:
    """Return what happened, in English; a code without a sentence has that of its status.

    Examples
    --------
    >>> sentence_of(Refused(401, "wrong", ""))
    'Login or password is not right.'
    """
    code = refusal.code if refusal.code in SENTENCES else _BY_STATUS.get(refusal.status, "trouble")
    return SENTENCES[code]
