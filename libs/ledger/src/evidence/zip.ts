import { Fault } from './report.js';
import { crc32, inflateRaw } from './zlib.js';

// ZIP (PKWARE APPNOTE 6.3.10) in brief: each member is a local header, its bytes, and, where flag bit 3 is set, a descriptor; behind them
// all the central directory says where each begins, and the end record says where the directory begins. Readers differ in which of the
// two they believe, in what they make of bytes between, and of names: so whatever could be read in two ways is refused here.

/** Where a bundle is read from: a file, a blob, an array. */
export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  /** Exactly the bytes `[from, to)`. */
  read(from: number, to: number): Promise<Uint8Array>;
}

export interface ZipEntry {
  name: string;
  /** Unpacked. */
  bytes: number;
  packedBytes: number;
  isDeflated: boolean;
  crc: number;
  /** Where its bytes begin. */
  dataAt: number;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const DESCRIPTOR = 0x08074b50;
const END_BYTES = 22;
const END64_BYTES = 56;
const LOCATOR64_BYTES = 20;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
/** Sizes follow the bytes (bit 3), the name is UTF-8 (bit 11). */
const FLAGS = (1 << 3) | (1 << 11);
const SIZES_FOLLOW = 1 << 3;
const STORED = 0;
const DEFLATED = 8;
/** Extra fields that no reader takes for a name or a link: sizes of ZIP64, and times as Info-ZIP writes them. */
const EXTRA_ZIP64 = 0x0001;
const EXTRA_TIME = 0x5455;
const FULL16 = 0xffff;
const FULL32 = 0xffffffff;
/** Of a Unix mode: what kind of file it is; only a regular one is taken, or nothing said. */
const FILE_KIND = 0o170000;
const REGULAR = 0o100000;
const DOS_FOLDER = 0x10;
/** The directory names less than two dozen members: far more than that needs. */
const MAX_DIRECTORY_BYTES = 64 * 1024;
const READ_BYTES = 256 * 1024;

interface Header {
  versionNeeded: number;
  flags: number;
  method: number;
  time: number;
  crc: number;
  packedBytes: number;
  bytes: number;
}

interface CentralHeader extends Header {
  name: string;
  offset: number;
}

/** A ZIP file that holds exactly the members that were asked for, in their order, and nothing else. */
export class Zip {
  private constructor(
    private readonly source: ByteSource,
    private readonly entries: ReadonlyMap<string, ZipEntry>,
  ) {}

  /** @throws Fault `zip-…` */
  static async open(source: ByteSource, names: readonly string[]): Promise<Zip> {
    const end = await readEnd(source);
    const directory = await readDirectory(source, end, names);
    const entries = new Map<string, ZipEntry>();
    let at = 0;
    for (const [index, central] of directory.entries()) {
      const next = directory[index + 1]?.offset ?? end.directoryAt;
      entries.set(central.name, await readLocal(source, central, at, next));
      at = next;
    }
    return new Zip(source, entries);
  }

  /** Of all members together, unpacked. */
  get bytes(): number {
    let sum = 0;
    for (const entry of this.entries.values()) sum += entry.bytes;
    return sum;
  }

  entry(name: string): ZipEntry {
    return this.entries.get(name)!;
  }

  /**
   * A member's bytes, as they are unpacked; the end comes only after size and checksum were found right.
   * @throws Fault `zip-data`, `zip-size`, `zip-crc`
   */
  async *read(name: string): AsyncGenerator<Uint8Array, void, void> {
    const entry = this.entry(name);
    let crc = 0;
    let bytes = 0;
    for await (const chunk of unpacked(this.packed(entry), entry)) {
      bytes += chunk.length;
      if (bytes > entry.bytes)
        throw new Fault('zip-size', `it unpacks to more than the ${entry.bytes} bytes declared`, name);
      crc = crc32(chunk, crc);
      yield chunk;
    }
    if (bytes < entry.bytes)
      throw new Fault('zip-size', `it unpacks to ${bytes} of the ${entry.bytes} bytes declared`, name);
    if (crc !== entry.crc) throw new Fault('zip-crc', 'its checksum is another', name);
  }

  private async *packed({ dataAt, packedBytes }: ZipEntry): AsyncGenerator<Uint8Array, void, void> {
    for (let at = dataAt; at < dataAt + packedBytes; at += READ_BYTES) {
      yield await this.source.read(at, Math.min(at + READ_BYTES, dataAt + packedBytes));
    }
  }
}

async function* unpacked(packed: AsyncGenerator<Uint8Array, void, void>, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  if (!entry.isDeflated) return yield* packed;
  try {
    yield* inflateRaw(packed, entry.packedBytes);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(
      'zip-data',
      `it cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`,
      entry.name,
    );
  }
}

async function view(source: ByteSource, from: number, bytes: number): Promise<DataView> {
  const read = await source.read(from, from + bytes);
  return new DataView(read.buffer, read.byteOffset, read.byteLength);
}

/** Numbers of 64 bits that no file of ours reaches are refused with the rest of what does not fit. */
function uint64(from: DataView, at: number): number {
  return Number(from.getBigUint64(at, true));
}

interface End {
  count: number;
  directoryAt: number;
  directoryBytes: number;
}

/** The end record must be the last 22 bytes: no comment, nothing behind. */
async function readEnd(source: ByteSource): Promise<End> {
  const at = source.size - END_BYTES;
  if (at < 0) throw new Fault('zip-end', `a file of ${source.size} bytes is no ZIP file`, 'the ZIP file');
  const end = await view(source, at, END_BYTES);
  if (end.getUint32(0, true) !== END || end.getUint16(20, true) !== 0) {
    throw new Fault(
      'zip-end',
      'it does not end with the end record of a ZIP file: it was cut, or something follows it',
      'the ZIP file',
    );
  }
  const narrow = {
    count: end.getUint16(10, true),
    directoryBytes: end.getUint32(12, true),
    directoryAt: end.getUint32(16, true),
  };
  const isOneDisk =
    end.getUint16(4, true) === 0 && end.getUint16(6, true) === 0 && end.getUint16(8, true) === narrow.count;
  if (!isOneDisk) throw new Fault('zip-end', 'it says that it is one part of several', 'the ZIP file');
  const isWide = narrow.count === FULL16 || narrow.directoryBytes === FULL32 || narrow.directoryAt === FULL32;
  const found = isWide ? await readWideEnd(source, at, narrow) : { ...narrow, endsAt: at };
  if (found.directoryAt + found.directoryBytes !== found.endsAt) {
    throw new Fault('zip-layout', 'the directory does not end where the end record begins', 'the ZIP file');
  }
  return found;
}

async function readWideEnd(source: ByteSource, endAt: number, narrow: End): Promise<End & { endsAt: number }> {
  const at = endAt - LOCATOR64_BYTES - END64_BYTES;
  const wrong = (what: string) => new Fault('zip-end', `its ZIP64 end record ${what}`, 'the ZIP file');
  if (at < 0) throw wrong('is not there');
  const wide = await view(source, at, END64_BYTES);
  const locator = await view(source, at + END64_BYTES, LOCATOR64_BYTES);
  const isLocated =
    locator.getUint32(0, true) === LOCATOR64 &&
    locator.getUint32(4, true) === 0 &&
    uint64(locator, 8) === at &&
    locator.getUint32(16, true) === 1;
  const isRecord = wide.getUint32(0, true) === END64 && uint64(wide, 4) === END64_BYTES - 12;
  if (!isLocated || !isRecord) throw wrong('is not there, or not where its locator says');
  const count = uint64(wide, 32);
  if (wide.getUint32(16, true) !== 0 || wide.getUint32(20, true) !== 0 || uint64(wide, 24) !== count) {
    throw wrong('says that it is one part of several');
  }
  const found = { count, directoryBytes: uint64(wide, 40), directoryAt: uint64(wide, 48), endsAt: at };
  const agree = (one: number, full: number, other: number) => one === full || one === other;
  const doAgree =
    agree(narrow.count, FULL16, found.count) &&
    agree(narrow.directoryBytes, FULL32, found.directoryBytes) &&
    agree(narrow.directoryAt, FULL32, found.directoryAt);
  if (!doAgree) throw wrong('says something else than the end record');
  return found;
}

async function readDirectory(source: ByteSource, end: End, names: readonly string[]): Promise<CentralHeader[]> {
  if (end.directoryBytes > MAX_DIRECTORY_BYTES) {
    throw new Fault('zip-directory', `a directory of ${end.directoryBytes} bytes`, 'the ZIP file');
  }
  const bytes = await view(source, end.directoryAt, end.directoryBytes);
  const headers: CentralHeader[] = [];
  let at = 0;
  while (at < bytes.byteLength) {
    const { header, next } = readCentral(bytes, at);
    const expected = names[headers.length];
    if (header.name !== expected) {
      const should = expected === undefined ? 'nothing should' : `${JSON.stringify(expected)} should`;
      throw new Fault('zip-name', `${JSON.stringify(header.name)} stands where ${should}`, 'the ZIP directory');
    }
    headers.push(header);
    at = next;
  }
  if (headers.length < names.length) {
    throw new Fault('zip-name', `${JSON.stringify(names[headers.length])} is not there`, 'the ZIP directory');
  }
  if (headers.length !== end.count) {
    throw new Fault('zip-end', `it says ${end.count} members, and there are ${headers.length}`, 'the ZIP file');
  }
  return headers;
}

function readCentral(bytes: DataView, at: number): { header: CentralHeader; next: number } {
  const cut = new Fault('zip-directory', 'the directory ends within an entry, or is none', 'the ZIP directory');
  if (at + CENTRAL_BYTES > bytes.byteLength || bytes.getUint32(at, true) !== CENTRAL) throw cut;
  const nameBytes = bytes.getUint16(at + 28, true);
  const extraBytes = bytes.getUint16(at + 30, true);
  const next = at + CENTRAL_BYTES + nameBytes + extraBytes + bytes.getUint16(at + 32, true);
  if (next > bytes.byteLength) throw cut;
  const name = nameOf(bytes, at + CENTRAL_BYTES, nameBytes);
  const where = name;
  if (bytes.getUint16(at + 32, true) !== 0) throw new Fault('zip-directory', 'it has a comment', where);
  if (bytes.getUint16(at + 34, true) !== 0) throw new Fault('zip-directory', 'it lies on another disk', where);
  const attributes = bytes.getUint32(at + 38, true);
  const kind = (attributes >>> 16) & FILE_KIND;
  if ((kind !== 0 && kind !== REGULAR) || (attributes & DOS_FOLDER) !== 0) {
    throw new Fault('zip-link', 'it says that it is a link, a folder or a device', where);
  }
  const header: CentralHeader = { ...readHeader(bytes, at + 6, where), name, offset: bytes.getUint32(at + 42, true) };
  const wide = wideNumbers(bytes, at + CENTRAL_BYTES + nameBytes, extraBytes, where);
  if (header.bytes === FULL32) header.bytes = wide.next();
  if (header.packedBytes === FULL32) header.packedBytes = wide.next();
  if (header.offset === FULL32) header.offset = wide.next();
  wide.end();
  if (header.method === STORED && header.bytes !== header.packedBytes) {
    throw new Fault('zip-header', 'it is not packed, and yet has two sizes', where);
  }
  return { header, next };
}

/** The members that both headers have, in the same order, from the version that is needed. */
function readHeader(bytes: DataView, at: number, where: string): Header {
  const header = {
    versionNeeded: bytes.getUint16(at, true),
    flags: bytes.getUint16(at + 2, true),
    method: bytes.getUint16(at + 4, true),
    time: bytes.getUint32(at + 6, true),
    crc: bytes.getUint32(at + 10, true),
    packedBytes: bytes.getUint32(at + 14, true),
    bytes: bytes.getUint32(at + 18, true),
  };
  if ((header.flags & ~FLAGS) !== 0) {
    throw new Fault(
      'zip-flags',
      `its flags 0x${header.flags.toString(16)} say that it is encrypted, patched or otherwise not plain`,
      where,
    );
  }
  if (header.method !== STORED && header.method !== DEFLATED) {
    throw new Fault('zip-method', `it is packed by method ${header.method}; only 0 and 8 are read`, where);
  }
  return header;
}

function nameOf(bytes: DataView, at: number, length: number): string {
  let name = '';
  for (let offset = 0; offset < length; offset++) name += String.fromCharCode(bytes.getUint8(at + offset));
  return name;
}

/** The numbers of 64 bits in an entry's extra fields: as many as its header leaves to them, and no more. */
function wideNumbers(bytes: DataView, from: number, length: number, where: string): { next(): number; end(): void } {
  const numbers: number[] = [];
  let isThere = false;
  for (let at = from; at < from + length; ) {
    const isWhole = at + 4 <= from + length && at + 4 + bytes.getUint16(at + 2, true) <= from + length;
    if (!isWhole) throw new Fault('zip-header', 'its extra fields are cut', where);
    const id = bytes.getUint16(at, true);
    const size = bytes.getUint16(at + 2, true);
    if (id === EXTRA_ZIP64) {
      if (isThere || size % 8 !== 0)
        throw new Fault('zip-header', 'its ZIP64 field stands twice, or is malformed', where);
      isThere = true;
      for (let number = 0; number < size; number += 8) numbers.push(uint64(bytes, at + 4 + number));
    } else if (id !== EXTRA_TIME) {
      throw new Fault(
        'zip-header',
        `it has an extra field 0x${id.toString(16)}, which readers take differently`,
        where,
      );
    }
    at += 4 + size;
  }
  return {
    next() {
      const number = numbers.shift();
      if (number === undefined || !Number.isSafeInteger(number)) {
        throw new Fault('zip-header', 'its ZIP64 field lacks a number, or has one beyond all files', where);
      }
      return number;
    },
    end() {
      if (numbers.length > 0) throw new Fault('zip-header', 'its ZIP64 field has numbers that nothing asks for', where);
    },
  };
}

/** Checks a local header against the directory, and that the member fills the bytes `[at, next)`. */
async function readLocal(source: ByteSource, central: CentralHeader, at: number, next: number): Promise<ZipEntry> {
  const where = central.name;
  const layout = () =>
    new Fault(
      'zip-layout',
      'it does not begin where the one before it ends, or does not end where the next one begins',
      where,
    );
  if (central.offset !== at || next < at + LOCAL_BYTES) throw layout();
  const fixed = await view(source, at, LOCAL_BYTES);
  if (fixed.getUint32(0, true) !== LOCAL)
    throw new Fault('zip-header', 'there is no header where the directory says', where);
  const local = readHeader(fixed, 4, where);
  const nameBytes = fixed.getUint16(26, true);
  const extraBytes = fixed.getUint16(28, true);
  const dataAt = at + LOCAL_BYTES + nameBytes + extraBytes;
  const dataEnd = dataAt + central.packedBytes;
  if (dataEnd > next) throw layout();
  const rest = await view(source, at + LOCAL_BYTES, nameBytes + extraBytes);
  const wide = wideNumbers(rest, nameBytes, extraBytes, where);
  if (local.bytes === FULL32) local.bytes = wide.next();
  if (local.packedBytes === FULL32) local.packedBytes = wide.next();
  wide.end();
  const isLater = (local.flags & SIZES_FOLLOW) !== 0;
  const same = (key: 'crc' | 'bytes' | 'packedBytes') => local[key] === central[key] || (isLater && local[key] === 0);
  const doAgree =
    nameOf(rest, 0, nameBytes) === central.name &&
    (['versionNeeded', 'flags', 'method', 'time'] as const).every((key) => local[key] === central[key]) &&
    same('crc') &&
    same('bytes') &&
    same('packedBytes');
  if (!doAgree) throw new Fault('zip-header', 'its own header says something else than the directory', where);
  if (!isLater && dataEnd !== next) throw layout();
  if (isLater) await checkDescriptor(source, central, dataEnd, next, layout);
  const { name, bytes, packedBytes, crc, method } = central;
  return { name, bytes, packedBytes, crc, isDeflated: method === DEFLATED, dataAt };
}

/** Signature, checksum, and both sizes, of 32 or 64 bits. */
async function checkDescriptor(
  source: ByteSource,
  central: CentralHeader,
  from: number,
  to: number,
  layout: () => Fault,
): Promise<void> {
  if (to - from !== 16 && to - from !== 24) throw layout();
  const descriptor = await view(source, from, to - from);
  const isWide = to - from === 24;
  const packedBytes = isWide ? uint64(descriptor, 8) : descriptor.getUint32(8, true);
  const bytes = isWide ? uint64(descriptor, 16) : descriptor.getUint32(12, true);
  const doAgree =
    descriptor.getUint32(0, true) === DESCRIPTOR &&
    descriptor.getUint32(4, true) === central.crc &&
    packedBytes === central.packedBytes &&
    bytes === central.bytes;
  if (!doAgree)
    throw new Fault('zip-header', 'what follows its bytes says something else than the directory', central.name);
}
