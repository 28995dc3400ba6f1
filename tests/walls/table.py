"""Who gets what answer at which address: written by hand, asked of nothing in the product (promise 10).

The team is A's. A cell is a status, or `login` for being sent to the sign-in. Forms are posted empty, so that who may
use one gets 422 (or 409 for a key's form, which carries what the editor saw), and what asks for nothing more is done:
302 or 303. Whoever sees no team A gets 404, whoever sees it but may not do this 403.

A method that no line names is answered 405, and by REST where that says something else.
"""

from typing import NamedTuple

from tests.walls.world import PEOPLE

KEY = "teams/<slug:slug>/keys/<int:key_id>/"

TABLE = """
method  route                            anonymous no-team auditor lead-A lead-B member admin disabled expired
GET     /                                login     200     200     200    200    200    200   login    login
GET     favicon.ico                      302       302     302     302    302    302    302   302      302
GET     healthz                          200       200     200     200    200    200    200   200      200
GET     readyz                           200       200     200     200    200    200    200   200      200

GET     accounts/login/                  200       302     302     302    302    302    302   200      200
POST    accounts/login/                  422       302     302     302    302    302    302   422      422
GET     accounts/logout/                 302       200     200     200    200    200    200   302      302
POST    accounts/logout/                 302       302     302     302    302    302    302   302      302
GET     accounts/inactive/               200       200     200     200    200    200    200   200      200
GET     accounts/password/change/        login     200     200     200    200    200    200   login    login
POST    accounts/password/change/        login     422     422     422    422    422    422   login    login
GET     accounts/signup/                 404       404     404     404    404    404    404   404      404
POST    accounts/signup/                 404       404     404     404    404    404    404   404      404
GET     accounts/email/                  404       404     404     404    404    404    404   404      404
POST    accounts/email/                  404       404     404     404    404    404    404   404      404
GET     accounts/reauthenticate/         404       404     404     404    404    404    404   404      404
POST    accounts/reauthenticate/         404       404     404     404    404    404    404   404      404
GET     accounts/password/set/           404       404     404     404    404    404    404   404      404
POST    accounts/password/set/           404       404     404     404    404    404    404   404      404
GET     accounts/password/reset/         404       404     404     404    404    404    404   404      404
POST    accounts/password/reset/         404       404     404     404    404    404    404   404      404

GET     keys/                            login     200     200     200    200    200    200   login    login
POST    keys/                            login     303     303     303    303    303    303   login    login
GET     keys/sync/                       login     200     200     200    200    200    200   login    login
POST    keys/sync/                       login     303     303     303    303    303    303   login    login
GET     keys.csv                         login     200     200     200    200    200    200   login    login
POST    views/                           login     303     303     303    303    303    303   login    login
POST    views/<int:pk>/delete/           login     404     404     404    404    404    404   login    login

GET     KEYS                             login     404     200     200    404    200    200   login    login
POST    KEYS                             login     404     303     303    404    303    303   login    login
GET     KEYS.csv                         login     404     200     200    404    200    200   login    login
GET     KEY/note/                        login     404     200     200    404    200    200   login    login
POST    KEY/note/                        login     404     403     303    404    403    303   login    login
GET     KEY                              login     404     200     200    404    200    200   login    login
POST    KEY                              login     404     403     409    404    403    409   login    login
POST    KEY/check/                       login     404     403     409    404    403    409   login    login
GET     KEY/open/                        login     404     403     200    404    403    200   login    login
POST    KEY/open/                        login     404     403     200    404    403    200   login    login
GET     KEY/usage/                       login     404     200     200    404    200    200   login    login
POST    KEY/allowlist/                   login     404     403     409    404    403    409   login    login
POST    KEY/models/                      login     404     403     409    404    403    409   login    login
POST    KEY/disable/                     login     404     403     303    404    403    303   login    login
POST    KEY/enable/                      login     404     403     303    404    403    303   login    login
GET     KEY/changes/<uuid:change_id>/    login     404     200     200    404    200    200   login    login
POST    KEY/undo/<uuid:change_id>/       login     404     403     303    404    403    303   login    login

GET     teams/                           login     200     200     200    200    200    200   login    login
GET     teams/new/                       login     403     403     403    403    403    200   login    login
POST    teams/new/                       login     403     403     403    403    403    422   login    login
GET     TEAM                             login     404     200     200    404    200    200   login    login
POST    TEAM                             login     404     403     403    404    403    422   login    login
POST    TEAM/members/                    login     404     403     403    404    403    422   login    login
GET     TEAM/sync/                       login     404     200     200    404    200    200   login    login
POST    TEAM/sync/                       login     404     303     303    404    303    303   login    login
GET     TEAM/drift/                      login     404     200     200    404    200    200   login    login
POST    TEAM/drift/<int:drift_id>/accept/   login  404     403     422    404    403    422   login    login
POST    TEAM/drift/<int:drift_id>/put-back/ login  404     403     303    404    403    303   login    login
GET     TEAM/panic/                      login     404     200     200    404    403    200   login    login
POST    TEAM/panic/                      login     404     403     422    404    403    422   login    login
GET     TEAM/panic/<int:number>/         login     404     200     200    404    403    200   login    login
POST    TEAM/panic/<int:number>/go-on/   login     404     403     303    404    403    303   login    login
POST    TEAM/panic/<int:number>/undo/    login     404     403     303    404    403    303   login    login
POST    TEAM/access-token/               login     404     403     403    404    403    422   login    login
POST    TEAM/access-token/check/         login     404     403     403    404    403    302   login    login
POST    TEAM/access-token/forget/        login     404     403     403    404    403    302   login    login

GET     people/                          login     403     200     403    403    403    200   login    login
GET     people/new/                      login     403     403     403    403    403    200   login    login
POST    people/new/                      login     403     403     403    403    403    422   login    login
GET     people/<int:pk>/                 login     403     200     403    403    403    200   login    login
POST    people/<int:pk>/                 login     403     403     403    403    403    422   login    login
POST    people/<int:pk>/password/        login     403     403     403    403    403    422   login    login
POST    people/<int:pk>/memberships/     login     403     403     403    403    403    422   login    login
GET     profile/                         login     200     200     200    200    200    200   login    login
POST    profile/                         login     302     302     302    302    302    302   login    login

GET     status/                          login     403     403     403    403    403    200   login    login

GET     leaks/                           login     403     200     200    200    403    200   login    login
POST    leaks/                           login     403     403     422    422    403    422   login    login
GET     LEAK                             login     404     200     200    404    404    200   login    login
GET     LEAK/usage/                      login     404     200     200    404    404    200   login    login
GET     LEAK/today/                      login     404     200     200    404    404    200   login    login
POST    LEAK/disable/                    login     404     403     303    404    404    303   login    login
POST    LEAK/look/                       login     404     403     303    404    404    303   login    login
POST    LEAK/ask/                        login     404     403     403    404    404    303   login    login
POST    LEAK/note/                       login     404     403     303    404    404    303   login    login
POST    LEAK/close/                      login     404     403     303    404    404    303   login    login

GET     history/                         login     200     200     200    200    200    200   login    login
GET     history/<int:seq>/               login     404     200     200    404    200    200   login    login
GET     history/unknown/                 login     200     200     200    200    200    200   login    login
GET     history/proof/                   login     200     200     200    200    200    200   login    login
GET     history/export/                  login     200     200     200    200    200    200   login    login
POST    history/export/                  login     422     422     422    422    422    422   login    login
GET     history/export/under-way/        login     200     200     200    200    200    200   login    login
"""

REST = """
route                                    anonymous no-team auditor lead-A lead-B member admin disabled expired
/                                        login     405     405     405    405    405    405   login    login
accounts/signup/                         404       404     404     404    404    404    404   404      404
accounts/email/                          404       404     404     404    404    404    404   404      404
accounts/reauthenticate/                 404       404     404     404    404    404    404   404      404
accounts/password/set/                   404       404     404     404    404    404    404   404      404
accounts/password/reset/                 404       404     404     404    404    404    404   404      404
"""
"""Methods that no line above names, where the answer is not 405 for everybody."""

OPTIONS_ANSWERED = {"accounts/logout/", "accounts/inactive/"}
"""Class views of allauth's tell everybody which methods they know: 200, and nothing else."""

SHORT = {
    "KEYS": "teams/<slug:slug>/keys/",
    "KEYS.csv": "teams/<slug:slug>/keys.csv",
    "KEY": KEY,
    "KEY/note/": f"{KEY}note/",
    "KEY/check/": f"{KEY}check/",
    "KEY/open/": f"{KEY}open/",
    "KEY/usage/": f"{KEY}usage/",
    "KEY/allowlist/": f"{KEY}allowlist/",
    "KEY/models/": f"{KEY}models/",
    "KEY/disable/": f"{KEY}disable/",
    "KEY/enable/": f"{KEY}enable/",
    "KEY/changes/<uuid:change_id>/": f"{KEY}changes/<uuid:change_id>/",
    "KEY/undo/<uuid:change_id>/": f"{KEY}undo/<uuid:change_id>/",
    "LEAK": "leaks/<int:number>/",
    **{
        f"LEAK/{verb}/": f"leaks/<int:number>/{verb}/"
        for verb in ("disable", "look", "ask", "note", "close", "usage", "today")
    },
    "TEAM": "teams/<slug:slug>/",
    "TEAM/members/": "teams/<slug:slug>/members/",
    "TEAM/sync/": "teams/<slug:slug>/sync/",
    "TEAM/drift/": "teams/<slug:slug>/drift/",
    "TEAM/drift/<int:drift_id>/accept/": "teams/<slug:slug>/drift/<int:drift_id>/accept/",
    "TEAM/drift/<int:drift_id>/put-back/": "teams/<slug:slug>/drift/<int:drift_id>/put-back/",
    "TEAM/panic/": "teams/<slug:slug>/panic/",
    "TEAM/panic/<int:number>/": "teams/<slug:slug>/panic/<int:number>/",
    **{
        f"TEAM/panic/<int:number>/{verb}/": f"teams/<slug:slug>/panic/<int:number>/{verb}/"
        for verb in ("go-on", "undo")
    },
    "TEAM/access-token/": "teams/<slug:slug>/access-token/",
    "TEAM/access-token/check/": "teams/<slug:slug>/access-token/check/",
    "TEAM/access-token/forget/": "teams/<slug:slug>/access-token/forget/",
    "/": "",
}


class Cell(NamedTuple):
    method: str
    route: str
    who: str
    answer: str


def cells() -> list[Cell]:
    """GET and POST lines as they stand."""
    rows = [line.split() for line in TABLE.strip().splitlines()[1:] if line]
    return [
        Cell(method, SHORT.get(route, route), who, answer)
        for method, route, *answers in rows
        for who, answer in zip(PEOPLE, answers, strict=True)
    ]


def rest() -> dict[tuple[str, str], str]:
    """(route, who) -> the answer to every other method, where it is not 405."""
    rows = [line.split() for line in REST.strip().splitlines()[1:]]
    return {
        (SHORT.get(route, route), who): answer
        for route, *answers in rows
        for who, answer in zip(PEOPLE, answers, strict=True)
    }
