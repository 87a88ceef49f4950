#!/usr/bin/env bash
# urllib3 2.8.0: HTTPResponse.stream() unpacks gzip, but not where the answer came in chunks.
#
# Behaviour: the same gzip body is sent with a Content-Length and in chunks, and asked for with
# urlopen(preload_content=False), whose decode_content is True. read() unpacks both. stream(),
# called without arguments, unpacks the first and gives the second as it came over the wire.
# stream(decode_content=True) unpacks both.
#
# What one would guess: decode_content=None means the same for read() and stream(), what the
# request asked for, however the server frames the body. requests always passes True, which is why
# its users never see this.
#
# Source: run here.
#
# Ends with 1 where the output is another one. Output seen on 2026-11-29:
#   length: read() unpacked, stream() unpacked, stream(decode_content=True) unpacked
#   chunks: read() unpacked, stream() packed, stream(decode_content=True) unpacked
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q urllib3==2.8.0
cat >"$folder/seen.py" <<'P'
import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3

TEXT = b'{"data": []}'


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = gzip.compress(TEXT)
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        if self.path == "/chunks":
            self.send_header("Transfer-Encoding", "chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
WAYS = {
    "read()": lambda answer: answer.read(),
    "stream()": lambda answer: b"".join(answer.stream()),
    "stream(decode_content=True)": lambda answer: b"".join(answer.stream(decode_content=True)),
}
with urllib3.HTTPConnectionPool("127.0.0.1", server.server_port) as pool:
    for framed in ("length", "chunks"):
        seen = []
        for name, way in WAYS.items():
            body = way(pool.urlopen("GET", f"/{framed}", preload_content=False))
            seen.append(f"{name} {'unpacked' if body == TEXT else 'packed'}")
            assert body == TEXT or gzip.decompress(body) == TEXT
        print(f"{framed}: {', '.join(seen)}")
server.shutdown()
P
"$folder/venv/bin/python" "$folder/seen.py" >"$folder/seen"
cat "$folder/seen"
sed -n 's/^#   //p' "$0" | diff - "$folder/seen" && echo "as described"
