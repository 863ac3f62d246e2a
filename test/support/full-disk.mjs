// Loaded before a program (`node --import`): while the file TEST_DISK_FLAG exists, every write into the folder of exports fails with
// ENOSPC, as on a disk that is full.
import fs from 'node:fs';

const flag = process.env.TEST_DISK_FLAG;
const handle = await fs.promises.open('/dev/null');
const FileHandle = Object.getPrototypeOf(handle);
await handle.close();
const real = FileHandle.write;
FileHandle.write = async function (...written) {
  if (fs.existsSync(flag) && fs.readlinkSync(`/proc/self/fd/${this.fd}`).includes('/exports/')) {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      errno: -28,
      syscall: 'write',
    });
  }
  return real.apply(this, written);
};
