"""The names of quantities: their OBIS codes and units (hardware/meters/README.md)."""

FIRST_TARIFF, SECOND_TARIFF = "_t1", "_t2"
"""How the names of the registers end of which an energy is the sum; the first stands in a profile
under the name of the whole.
"""
OBIS = {
    "active_energy_import": "1-0:1.8.0",
    "active_energy_export": "1-0:2.8.0",
    "reactive_energy_import": "1-0:3.8.0",
    "reactive_energy_export": "1-0:4.8.0",
    "apparent_energy": "1-0:9.8.0",
    "active_energy_import_t2": "1-0:1.8.2",
    "active_energy_export_t2": "1-0:2.8.2",
    "reactive_energy_import_t2": "1-0:3.8.2",
    "reactive_energy_export_t2": "1-0:4.8.2",
    "apparent_energy_t2": "1-0:9.8.2",
    "active_power": "1-0:16.7.0",
    "reactive_power": "1-0:131.7.0",
    "apparent_power": "1-0:9.7.0",
    "voltage_l1": "1-0:32.7.0",
    "voltage_l2": "1-0:52.7.0",
    "voltage_l3": "1-0:72.7.0",
    "voltage_l12": "1-0:124.7.0",
    "voltage_l23": "1-0:125.7.0",
    "voltage_l31": "1-0:126.7.0",
    "current_l1": "1-0:31.7.0",
    "current_l2": "1-0:51.7.0",
    "current_l3": "1-0:71.7.0",
    "current_n": "1-0:91.7.0",
    "active_power_l1": "1-0:36.7.0",
    "active_power_l2": "1-0:56.7.0",
    "active_power_l3": "1-0:76.7.0",
    "power_factor": "1-0:13.7.0",
    "frequency": "1-0:14.7.0",
}
UNITS = {
    "active_energy": "Wh",
    "reactive_energy": "varh",
    "apparent_energy": "VAh",
    "active_power": "W",
    "reactive_power": "var",
    "apparent_power": "VA",
    "power_factor": "1",
    "frequency": "Hz",
    "voltage": "V",
    "current": "A",
    "exponent": "1",
}
"""By how a name begins."""
