// Loaded before a program (`node --import`): once the file TEST_STEP_FLAG exists, the process dies by SIGKILL at the step that it names, in
// what it next does with a command in a spool. The file is gone then, so that the next run lives.
//   before-write    the command is numbered and encoded, nothing of it is in the file
//   before-sync     it is written, and not synced
//   after-sync      it is durable; nobody was told, so the target has not seen it
//   before-outcome  the target has done it; that is not written yet
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const flag = process.env.TEST_STEP_FLAG;
const { readFileSync, rmSync, writeSync, fdatasync } = fs;
const ISSUED = Buffer.from('"type":"command.issued"');
const COMPLETED = Buffer.from('"type":"command.completed"');
/** Files to which a command was written and not yet synced. */
const unsynced = new Set();

function dieAt(step) {
  let asked;
  try {
    asked = readFileSync(flag, 'utf8');
  } catch {
    return;
  }
  if (asked !== step) return;
  rmSync(flag);
  process.kill(process.pid, 'SIGKILL');
}

fs.writeSync = (fd, bytes, ...rest) => {
  if (Buffer.isBuffer(bytes) && bytes.includes(COMPLETED)) dieAt('before-outcome');
  if (Buffer.isBuffer(bytes) && bytes.includes(ISSUED)) {
    dieAt('before-write');
    unsynced.add(fd);
  }
  return writeSync(fd, bytes, ...rest);
};
fs.fdatasync = (fd, done) => {
  const holdsCommand = unsynced.delete(fd);
  if (holdsCommand) dieAt('before-sync');
  fdatasync(fd, (error) => {
    if (holdsCommand) dieAt('after-sync');
    done(error);
  });
};
syncBuiltinESMExports();
