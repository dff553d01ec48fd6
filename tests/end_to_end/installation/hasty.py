"""`esep collector` as it is, but that a release's parts have no pauses between them."""

from collector.cli import carrying, releasing, service
from collector.cli.collector import app

if __name__ == "__main__":
    carrying.PART_MS = 0
    releasing.LOOK_MS = 500
    service._RELEASE_S = 0
    service._SEND_S = 0.01
    app()
