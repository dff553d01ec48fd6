"""The main job, live: three virtual sites, the real firmware, a broker, the collector."""
