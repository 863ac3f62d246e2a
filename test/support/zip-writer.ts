import { crc32, deflateRawSync } from 'node:zlib';

/** One member as it is to be written; what is given beside name and bytes makes it malformed. */
export interface ZipMember {
  name: string;
  bytes: Uint8Array;
  method?: number;
  /** Packed already. */
  packed?: Uint8Array;
  flags?: number;
  versionNeeded?: number;
  externalAttributes?: number;
  crc?: number;
  /** Unpacked, as both headers say. */
  size?: number;
  /** In the local header only. */
  localName?: string;
  localCrc?: number;
  localMethod?: number;
  /** In the central directory only. */
  offset?: number;
  extra?: Uint8Array;
  localExtra?: Uint8Array;
  comment?: Uint8Array;
  /** Sizes behind the bytes, as a writer does that does not know them before. */
  isStreamed?: boolean;
  /** Sizes of 64 bits. */
  isWide?: boolean;
  /** Bytes between this member and the next. */
  behind?: Uint8Array;
}

export interface ZipTrailer {
  comment?: string;
  behind?: Uint8Array;
  before?: Uint8Array;
  /** Between directory and end record. */
  between?: Uint8Array;
  count?: number;
  isWide?: boolean;
  /** What the wide end record says of the directory's place, added to the truth. */
  wideOffsetError?: number;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;

/** A ZIP file, as well or as badly formed as it is asked for. A second writer, which knows nothing of the product's. */
export function writeZip(members: readonly ZipMember[], trailer: ZipTrailer = {}): Buffer {
  const parts: Uint8Array[] = [trailer.before ?? Buffer.alloc(0)];
  const central: Buffer[] = [];
  let offset = parts[0]!.length;
  for (const member of members) {
    const method = member.method ?? 8;
    const packed = member.packed ?? (method === 8 ? deflateRawSync(member.bytes) : member.bytes);
    const crc = member.crc ?? crc32(member.bytes);
    const size = member.size ?? member.bytes.length;
    const flags = member.flags ?? (member.isStreamed ? 8 : 0);
    const name = Buffer.from(member.name, 'latin1');
    const fixed = (localMethod: number, itsCrc: number, packedSize: number, itsSize: number) => {
      const head = Buffer.alloc(22);
      head.writeUInt16LE(member.versionNeeded ?? (member.isWide ? 45 : 20), 0);
      head.writeUInt16LE(flags, 2);
      head.writeUInt16LE(localMethod, 4);
      head.writeUInt32LE(0x5b7d_6000, 6);
      head.writeUInt32LE(itsCrc, 10);
      head.writeUInt32LE(packedSize, 14);
      head.writeUInt32LE(itsSize, 18);
      return head;
    };
    const wide = (...numbers: number[]) => {
      if (!member.isWide) return Buffer.alloc(0);
      const field = Buffer.alloc(4 + 8 * numbers.length);
      field.writeUInt16LE(1, 0);
      field.writeUInt16LE(8 * numbers.length, 2);
      numbers.forEach((number, at) => {
        field.writeBigUInt64LE(BigInt(number), 4 + 8 * at);
      });
      return field;
    };
    const full = 0xffffffff;
    const localName = Buffer.from(member.localName ?? member.name, 'latin1');
    const isLater = member.isStreamed === true;
    const localExtra = Buffer.concat([
      isLater ? Buffer.alloc(0) : wide(size, packed.length),
      member.localExtra ?? Buffer.alloc(0),
    ]);
    const local = Buffer.concat([
      u32(LOCAL),
      isLater
        ? fixed(member.localMethod ?? method, 0, 0, 0)
        : fixed(
            member.localMethod ?? method,
            member.localCrc ?? crc,
            member.isWide ? full : packed.length,
            member.isWide ? full : size,
          ),
      u16(localName.length),
      u16(localExtra.length),
      localName,
      localExtra,
    ]);
    const descriptor = isLater
      ? Buffer.concat([
          u32(0x08074b50),
          u32(crc),
          ...[packed.length, size].map((n) => (member.isWide ? u64(n) : u32(n))),
        ])
      : Buffer.alloc(0);
    parts.push(local, packed, descriptor, member.behind ?? Buffer.alloc(0));
    const centralExtra = Buffer.concat([wide(size, packed.length), member.extra ?? Buffer.alloc(0)]);
    const comment = member.comment ?? Buffer.alloc(0);
    central.push(
      Buffer.concat([
        ...[
          u32(CENTRAL),
          u16(0x031e),
          fixed(method, crc, member.isWide ? full : packed.length, member.isWide ? full : size),
        ],
        ...[u16(name.length), u16(centralExtra.length), u16(comment.length), u16(0), u16(0)],
        ...[
          u32(member.externalAttributes ?? (0o100644 << 16) >>> 0),
          u32(member.offset ?? offset),
          name,
          centralExtra,
          comment,
        ],
      ]),
    );
    offset += local.length + packed.length + descriptor.length + (member.behind?.length ?? 0);
  }
  const directory = Buffer.concat(central);
  const count = trailer.count ?? members.length;
  const end = Buffer.concat([
    ...[u32(0x06054b50), u16(0), u16(0), u16(trailer.isWide ? 0xffff : count), u16(trailer.isWide ? 0xffff : count)],
    ...[u32(trailer.isWide ? 0xffffffff : directory.length), u32(trailer.isWide ? 0xffffffff : offset)],
    ...[u16(trailer.comment?.length ?? 0), Buffer.from(trailer.comment ?? '', 'latin1')],
  ]);
  const wideEnd = Buffer.concat([
    ...[u32(0x06064b50), u64(44), u16(45), u16(45), u32(0), u32(0), u64(count), u64(count), u64(directory.length)],
    ...[u64(offset + (trailer.wideOffsetError ?? 0)), u32(0x07064b50), u32(0), u64(offset + directory.length), u32(1)],
  ]);
  const none = Buffer.alloc(0);
  return Buffer.concat([
    ...[...parts, directory, trailer.isWide ? wideEnd : none, trailer.between ?? none, end, trailer.behind ?? none],
  ]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
