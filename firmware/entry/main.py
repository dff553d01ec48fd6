"""What MicroPython on the ESP32 runs once it has mounted the application's image at /rom.

On the board's own file system, beside the settings.
"""

import sys

from start import main

sys.exit(main())
