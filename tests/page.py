#!/usr/bin/env python3
"""The page of `homebuild site`, in a real Chromium without a network: what it shows, how it is searched, how it looks.

    tests/page.py PROGRAM [--pictures FOLDER]     with pictures, to look at
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parent.parent
BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


def shown(page):
    """The stacks that can be seen."""
    return page.eval_on_selector_all("article", "all => all.filter((one) => one.offsetParent).map((one) => one.id)")


def look(page, stacks):
    """Yields what is wrong with the page."""
    if sorted(shown(page)) != stacks:
        yield f"not every stack is shown: {shown(page)}"
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if wide > 0:
        yield f"it is {wide} pixels wider than the window"
    page.keyboard.press("/")
    page.keyboard.type("immich mach")
    if shown(page) != ["immich"]:
        yield f"two words do not find immich's image: {shown(page)}"
    if "1 of" not in page.inner_text("#found"):
        yield f"it does not say how many were found: {page.inner_text('#found')}"
    page.fill("#find", "there is no such thing")
    if shown(page) or not page.is_visible("#none"):
        yield "it does not say that nothing was found"
    page.keyboard.press("Escape")
    if len(shown(page)) != len(stacks):
        yield "Escape does not end the search"
    page.click("nav button:has-text('2-gpu')")
    gpu = shown(page)
    if "immich" not in gpu or "cyberchef" in gpu:
        yield f"a tier's button does not choose its stacks: {gpu}"
    page.evaluate("location.hash = '#cyberchef'")
    page.wait_for_function("document.querySelector('#cyberchef').offsetParent")
    page.reload()
    page.click("#immich summary")
    if "10.0.10.15:/mnt" not in page.inner_text("#immich"):
        yield "a stack's volumes do not fold out"
    for link in page.eval_on_selector_all("article .links a", "all => all.map((one) => one.href)"):
        if not link.startswith("https://"):
            yield f"no link: {link}"
    ids = page.eval_on_selector_all("#picture a", "all => all.map((one) => one.getAttribute('href').slice(1))")
    if sorted(ids) != stacks:
        yield "the picture has other stacks than the page"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--pictures", type=pathlib.Path)
    arguments = parser.parse_args()
    browser = next((path for path in BROWSERS if pathlib.Path(path).exists()), None) or sys.exit("there is no Chromium")
    stacks = sorted(path.name for path in (ROOT / "out").iterdir() if path.is_dir())
    wrong, asked = [], []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        subprocess.run([arguments.program.resolve(), "site", folder], cwd=ROOT, check=True)
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for scheme, width in (("light", 1400), ("dark", 1400), ("dark", 400)):
            context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 1000}, offline=True)
            page = context.new_page()
            page.on("pageerror", lambda error: wrong.append(f"a script failed: {error}"))
            page.on("console", lambda said: wrong.append(f"the console says: {said.text}") if said.type == "error" else None)
            page.on("request", lambda request: asked.append(request.url))
            page.goto(f"file://{folder}/index.html")
            if arguments.pictures:
                arguments.pictures.mkdir(exist_ok=True)
                page.screenshot(path=arguments.pictures / f"{scheme}-{width}.png")
                page.locator("#picture").screenshot(path=arguments.pictures / f"{scheme}-{width}-picture.png")
            wrong += [f"{scheme}, {width}: {problem}" for problem in look(page, stacks)]
            context.close()
        chromium.close()
    wrong += [f"it asked for {url}" for url in asked if not url.startswith("file://")]
    print(*wrong, f"{len(stacks)} stacks, {len(wrong)} problems", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
