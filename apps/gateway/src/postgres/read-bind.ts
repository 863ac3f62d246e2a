import { protocolViolation } from '../errors.js';

/** A NUL-ended string of a message: its bytes, and where the next thing begins. @throws GATEWAY_PROTOCOL_VIOLATION */
export function readCString(bytes: Buffer, at: number): { raw: Buffer; end: number } {
  const end = bytes.indexOf(0, at);
  if (end < 0) throw protocolViolation('a string without its end');
  return { raw: bytes.subarray(at, end), end: end + 1 };
}

export interface Bind {
  portal: Buffer;
  statement: Buffer;
  /** null is SQL NULL. */
  parameters: (Buffer | null)[];
  isBinary(parameter: number): boolean;
}

/** Reads a whole Bind message. @throws GATEWAY_PROTOCOL_VIOLATION where a length does not fit */
export function readBind(bytes: Buffer): Bind {
  const portal = readCString(bytes, 5);
  const statement = readCString(bytes, portal.end);
  let at = statement.end;
  const int16 = () => {
    if (at + 2 > bytes.length) throw protocolViolation('a Bind message that is too short');
    at += 2;
    return bytes.readUInt16BE(at - 2);
  };
  const formats = Array.from({ length: int16() }, int16);
  const parameters: (Buffer | null)[] = [];
  for (let count = int16(); count > 0; count--) {
    if (at + 4 > bytes.length) throw protocolViolation('a Bind message that is too short');
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length < -1 || (length > 0 && at + length > bytes.length)) {
      throw protocolViolation('a Bind parameter longer than its message');
    }
    parameters.push(length < 0 ? null : bytes.subarray(at, at + length));
    at += Math.max(0, length);
  }
  return {
    portal: portal.raw,
    statement: statement.raw,
    parameters,
    isBinary: (parameter) => (formats.length === 1 ? formats[0] : formats[parameter]) === 1,
  };
}
