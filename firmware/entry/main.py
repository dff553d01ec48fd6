"""What MicroPython on the ESP32 runs once it has mounted the application's image at /rom.

Frozen in; or on the board's own file system, which then must be whole.
"""

import sys

from start import main

sys.exit(main())
