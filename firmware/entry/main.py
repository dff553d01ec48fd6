"""What MicroPython on the ESP32 runs once it has mounted the application's image at /rom.

On the board's own file system, beside the settings. Whatever ends the application, the board starts
again: a person at the console has a while to stop that.
"""

import sys
import time

import machine

_PAUSE_S = 20

try:
    from start import main

    main()
except Exception as error:
    sys.print_exception(error)
print("esep: starts again in %d s; Ctrl-C stops that" % _PAUSE_S)
time.sleep(_PAUSE_S)
machine.reset()
