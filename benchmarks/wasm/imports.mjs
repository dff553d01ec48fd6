// What importing modules of an application's image takes of the heap, in MicroPython for WebAssembly,
// whose words have 32 bits as an ESP32's. Arguments: its micropython.mjs, the image, module names.
// Writes {"words_bits", "modules": {name: bytes}}.
import fs from "node:fs";
import { pathToFileURL } from "node:url";

const [library, image, ...names] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(library));

let printed = "";
const python = await loadMicroPython({ heapsize: 4 << 20, stdout: (line) => (printed = line) });
python.FS.writeFile("/image", fs.readFileSync(image));
python.runPython(`
import gc, os, sys, vfs
import array, asyncio, binascii, errno, hashlib, json, select, struct, time
image = bytearray(os.stat("/image")[6])
with open("/image", "rb") as file:
    file.readinto(image)
vfs.mount(vfs.VfsRom(image), "/rom")
sys.path[:] = ["/rom", ".frozen"]
class Absent:
    def __getattr__(self, name):
        return 0
for name in ("socket", "ssl", "tls"):
    sys.modules[name] = Absent()
`);

// A collection takes place when Python has returned.
function held() {
  python.runPython("gc.collect()");
  python.runPython("print(gc.mem_alloc())");
  return Number(printed);
}

const modules = {};
for (const name of names) {
  const before = held();
  python.runPython(`import ${name}`);
  modules[name] = held() - before;
}
python.runPython("print(len('{:b}'.format(sys.maxsize)) + 1)");
process.stdout.write(JSON.stringify({ word_bits: Number(printed), modules }) + "\n");
