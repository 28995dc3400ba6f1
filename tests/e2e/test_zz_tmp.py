import pytest
from tests.e2e.test_looks import checking
from tests.e2e.conftest import *
def test_csp(page, app):
    heard=[]
    page.on("console", lambda s: heard.append((s.type,s.text,s.location)))
    app.sign_in(page); checking(page, app)
    page.wait_for_timeout(7000)
    print(heard); print(page.locator('[style]').count(), page.evaluate("[...document.querySelectorAll('[style]')].map(e=>e.outerHTML.slice(0,300))"))
