"""An address that leads nowhere: a page to whoever looks with a browser, a problem to a program."""

from tests.worklist.scene import Scene
from tests.worklist.test_console import browser


async def test_an_address_that_leads_nowhere_says_so_in_the_readers_own_way(tmp_path):
    async with browser(await Scene(tmp_path).play()) as robin:
        page = await robin.get("/peding?tab=all")
        program = await robin.get("/v1/peding", headers={"accept": "application/json"})
        assert (await robin.post("/pending", data={})).status_code == 405
        mine = await robin.get("/me/nothing")
    for nowhere in (page, mine):
        assert nowhere.status_code == 404 and "<title>There is no such page · " in nowhere.text and 'href="/today"' in nowhere.text
    assert program.status_code == 404 and program.json()["code"] == "TL-1501"
