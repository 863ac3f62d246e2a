// Loaded before a program (`node --import`): while the file TEST_SYNC_FLAG exists, so large a share of its syncs of files in a spool
// (the number that the file holds, 0 to 1) fail with EIO, as on a disk that gives up. What was written stays in the page cache, as it
// does on Linux: only the promise that it is on disk is not given. One line a refusal goes into `<TEST_SYNC_FLAG>.refused`.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const flag = process.env.TEST_SYNC_FLAG;
const { readFileSync, readlinkSync, appendFileSync } = fs;

function refuses(fd, syscall) {
  let share;
  try {
    share = Number(readFileSync(flag, 'utf8'));
  } catch {
    return undefined;
  }
  const path = readlinkSync(`/proc/self/fd/${fd}`);
  if (!path.includes('/spool') || Math.random() >= share) return undefined;
  appendFileSync(`${flag}.refused`, `${syscall} ${path}\n`);
  return Object.assign(new Error(`EIO: i/o error, ${syscall}`), { code: 'EIO', errno: -5, syscall });
}

for (const name of ['fsync', 'fdatasync']) {
  const real = fs[name];
  fs[name] = (fd, done) => {
    const error = refuses(fd, name);
    if (error) setImmediate(done, error);
    else real(fd, done);
  };
  const realSync = fs[`${name}Sync`];
  fs[`${name}Sync`] = (fd) => {
    const error = refuses(fd, name);
    if (error) throw error;
    realSync(fd);
  };
}

const handle = await fs.promises.open('/dev/null');
const FileHandle = Object.getPrototypeOf(handle);
await handle.close();
for (const [name, syscall] of [
  ['sync', 'fsync'],
  ['datasync', 'fdatasync'],
]) {
  const real = FileHandle[name];
  FileHandle[name] = async function () {
    const error = refuses(this.fd, syscall);
    if (error) throw error;
    return real.call(this);
  };
}
syncBuiltinESMExports();
