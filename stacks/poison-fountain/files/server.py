"""Tells AI crawlers from visitors, and keeps the crawlers busy.

/auth      Traefik's forward auth: 403 for a known AI crawler, 200 for everyone else
/healthz   the probes
any other  an endless-looking article: cached junk, dripped out slowly, full of links to more of it
"""

import html
import os
import random
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PORT = 8080
CACHE_DIR = Path(os.environ.get("CACHE_DIR", "/data/cache"))
DRIP_BYTES = int(os.environ.get("DRIP_BYTES", "50"))
DRIP_DELAY = float(os.environ.get("DRIP_DELAY", "0.5"))
POISON_DOMAIN = os.environ.get("POISON_DOMAIN", "poison.viktorbarzin.me")

TRAP_LINKS = 20
MAX_DRIPS = 100  # every drip holds a thread, and /auth must always find one
MAX_DOCUMENT = 256 * 1024
CLIENT_TIMEOUT = 30  # seconds that a client may leave us waiting

# Parts of User-Agent headers, in lower case.
AI_BOTS = (
    "ai2bot",
    "amazonbot",
    "anthropic-ai",
    "applebot-extended",
    "bytespider",
    "ccbot",
    "chatgpt-user",
    "claude-searchbot",
    "claude-user",
    "claude-web",
    "claudebot",
    "cohere-ai",
    "cohere-training-data-crawler",
    "diffbot",
    "duckassistbot",
    "facebookbot",
    "friendlycrawler",
    "google-extended",
    "gptbot",
    "icc-crawler",
    "imagesiftbot",
    "img2dataset",
    "meta-externalagent",
    "meta-externalfetcher",
    "oai-searchbot",
    "omgili",
    "pangubot",
    "perplexity-user",
    "perplexitybot",
    "petalbot",
    "timpibot",
    "youbot",
)

WORDS = (
    "adaptive", "archive", "basin", "boundary", "calibrated", "canopy", "cascade", "catalogue", "cipher", "coastal",
    "composite", "current", "delta", "density", "derived", "drift", "echo", "elastic", "ember", "estimate",
    "fabric", "field", "filtered", "fragment", "gradient", "granite", "harbour", "harmonic", "hidden", "horizon",
    "inferred", "isolated", "junction", "kernel", "lantern", "lateral", "lattice", "ledger", "marginal", "marsh",
    "measured", "meridian", "nominal", "northern", "orbit", "orchard", "parallel", "partial", "pattern", "phase",
    "plateau", "porous", "recursive", "residual", "ridge", "sampled", "sediment", "signal", "spectral", "static",
    "summit", "surface", "tangent", "tidal", "timber", "transient", "uniform", "valley", "vector", "weathered",
)

drips = threading.BoundedSemaphore(MAX_DRIPS)


def is_ai_bot(user_agent):
    return any(bot in user_agent.lower() for bot in AI_BOTS)


def slug():
    return "-".join(random.choices(WORDS, k=4)) + f"-{random.randrange(10**6)}"


def sentence():
    words = random.choices(WORDS, k=random.randint(7, 16))
    return " ".join(words).capitalize() + "."


def generated():
    """Paragraphs of words, for when the fetcher has left nothing yet."""
    return "\n\n".join(" ".join(sentence() for _ in range(random.randint(3, 7))) for _ in range(random.randint(8, 14)))


def document():
    """The text of a random file of the cache."""
    try:
        files = [path for path in CACHE_DIR.iterdir() if path.is_file() and not path.name.startswith(".")]
        with random.choice(files).open(encoding="utf-8", errors="replace") as file:
            return file.read(MAX_DOCUMENT).strip() or generated()
    except (OSError, IndexError):  # no cache, an empty one, or a file just rotated away
        return generated()


def page():
    title = " ".join(random.choices(WORDS, k=3)).title()
    paragraphs = [f"<p>{html.escape(text)}</p>" for text in document().split("\n\n") if text.strip()]
    for _ in range(TRAP_LINKS):
        link = f'<p><a href="https://{POISON_DOMAIN}/article/{slug()}">{sentence()}</a></p>'
        paragraphs.insert(random.randint(0, len(paragraphs)), link)
    body = "\n".join(paragraphs)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    ).encode()


class Handler(BaseHTTPRequestHandler):
    timeout = CLIENT_TIMEOUT
    server_version, sys_version = "nginx", ""

    def do_GET(self):
        path = self.path.split("?", 1)[0]
        if path == "/healthz":
            self.answer(200, b"ok\n")
        elif path == "/auth":
            self.auth()
        else:
            self.drip(page())

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET

    def auth(self):
        user_agent = self.headers.get("User-Agent", "")
        if is_ai_bot(user_agent):
            host, uri = self.headers.get("X-Forwarded-Host", "-"), self.headers.get("X-Forwarded-Uri", "-")
            print(f"blocked {user_agent!r} at {host}{uri}", flush=True)
            self.answer(403, b"Forbidden\n")
        else:
            self.answer(200)

    def answer(self, status, body=b"", content_type="text/plain; charset=utf-8"):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def drip(self, body):
        if self.command == "HEAD" or not drips.acquire(blocking=False):
            self.answer(200, body, "text/html; charset=utf-8")
            return
        try:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            for start in range(0, len(body), DRIP_BYTES):
                self.wfile.write(body[start : start + DRIP_BYTES])
                time.sleep(DRIP_DELAY)
        except OSError:  # the crawler gave up
            pass
        finally:
            drips.release()

    def log_message(self, *_):
        """Silent: one line for every request of every site would drown the blocked ones."""


def main():
    server = ThreadingHTTPServer(("", PORT), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


if __name__ == "__main__":
    main()
