"""Greenlets and tasks: whose import it is does not change when another stack runs in the same thread in between."""

import textwrap

import pytest
from test_rules import at, manifest
from test_threads import WATCHDOG

GEVENT = "gevent"


@pytest.fixture
def worlds(project, wheels):
    """`leaf` in two versions and a `slow` package that switches stacks while it is imported."""
    def leaf(v):
        files = {"leaf/__init__.py": f"V = {v!r}"}
        files |= {f"leaf/s{i}.py": f"import pause\npause.now()\nV = {v!r}\nimport leaf\nassert leaf.V == V" for i in range(20)}
        return wheels.pure("leaf", v, files, requires=["pause"])

    pause = wheels.pure("pause", "1", {"pause.py": "def now(): pass"})
    draw = """
        import importlib, sys, pause
        def draw(i):
            sub = importlib.import_module(f"leaf.s{i}")
            pause.now()
            import leaf
            return leaf.V, sub.V, getattr(leaf, f"s{i}").V
        async def task(i, sleep):
            before = draw(i)
            await sleep(0)
            import leaf
            return *before, leaf.V
        def forget():
            for name in [name for name in sys.modules if name.split(".")[0] == "leaf"]:
                del sys.modules[name]
    """
    draw = textwrap.dedent(draw)
    old = wheels.pure("old", "1", {"old.py": draw}, requires=["leaf", "pause"])
    text = manifest(
        [at("old", old), at("leaf", leaf("2.0")), at("pause", pause), GEVENT],
        {"old": [at("leaf", leaf("1.0")), at("pause", pause)]},
    )
    return project(text, {"new.py": draw})


@pytest.mark.parametrize("patched", [False, True], ids=["gevent", "gevent_monkey"])
def test_greenlets_that_switch_in_the_middle_of_imports_keep_their_versions(worlds, patched):
    """With `monkey.patch_all` the import system's locks are greenlet locks too."""
    patch = "from gevent import monkey; monkey.patch_all()\n" if patched else ""
    done = worlds.run(
        patch
        + textwrap.dedent(
            """
            import faulthandler, gevent, random
            faulthandler.dump_traceback_later(240, exit=True)
            import new, old, pause
            pause.now = lambda: gevent.sleep(0)
            wrong, draws = [], []
            def work(seed):
                r = random.Random(seed)
                for _ in range(10):
                    side, version = r.choice([(new, "2.0"), (old, "1.0")])
                    got = side.draw(r.randrange(20))
                    draws.append(1)
                    if set(got) != {version}:
                        wrong.append((version, got))
            for round in range(4):
                new.forget(); old.forget()
                gevent.joinall([gevent.spawn(work, f"{round} {i}") for i in range(32)], raise_error=True)
            print(len(draws), wrong)
            """
        )
    )
    assert done.stdout == "1280 []\n", str(done)


def test_a_search_that_yields_is_not_the_next_greenlets(worlds):
    """A finder that waits (for a socket, say) in the middle of one world's search while another world searches."""
    done = worlds.run(
        """
        import sys, greenlet, old, new, pause
        main = greenlet.getcurrent()
        class Waits:
            def find_spec(self, name, path, target=None):
                if greenlet.getcurrent() is not main:
                    main.switch()
        sys.meta_path.insert(0, Waits())
        for first, second, versions in ((old, new, ("1.0", "2.0")), (new, old, ("2.0", "1.0"))):
            first.forget(); second.forget()
            greenlets = [greenlet.greenlet(first.draw), greenlet.greenlet(second.draw)]
            results = [g.switch(3) for g in greenlets]
            # In any order: the first to begin is not the last to end.
            while not all(g.dead for g in greenlets):
                for position, g in enumerate(greenlets):
                    if not g.dead:
                        results[position] = g.switch()
            print(*results, tuple(sys.modules["leaf"].V for _ in "1"))
        """
    )
    assert done.stdout == (
        "('1.0', '1.0', '1.0') ('2.0', '2.0', '2.0') ('2.0',)\n('2.0', '2.0', '2.0') ('1.0', '1.0', '1.0') ('2.0',)\n"
    )


def test_tasks_contexts_and_executors_import_as_who_wrote_the_code(worlds):
    done = worlds.run(
        WATCHDOG
        + textwrap.dedent(
            """
            import asyncio, contextvars, random, new, old
            from concurrent.futures import ThreadPoolExecutor
            async def main():
                tasks, wanted = [], []
                for i in range(200):
                    side, version = random.Random(i).choice([(new, "2.0"), (old, "1.0")])
                    tasks.append(asyncio.create_task(side.task(i % 20, asyncio.sleep)))
                    wanted.append(version)
                got = await asyncio.gather(*tasks)
                both = [await asyncio.to_thread(side.draw, 5) for side in (new, old)]
                return [set(g) == {w} for g, w in zip(got, wanted)].count(True), both
            print(asyncio.run(main()))
            print([contextvars.copy_context().run(side.draw, 6) for side in (new, old)])
            local = threading.local()
            def kept(side):
                if not hasattr(local, "side"):
                    local.side = side
                return (local.side is side) or side.draw(1), side.draw(1)
            with ThreadPoolExecutor(8) as pool:
                got = [*pool.map(kept, [new, old] * 500)]
            print({(g[1]) for g in got[::2]}, {g[1] for g in got[1::2]})
            """
        )
    )
    assert done.stdout.splitlines() == [
        "(200, [('2.0', '2.0', '2.0'), ('1.0', '1.0', '1.0')])",
        "[('2.0', '2.0', '2.0'), ('1.0', '1.0', '1.0')]",
        "{('2.0', '2.0', '2.0')} {('1.0', '1.0', '1.0')}",
    ]
