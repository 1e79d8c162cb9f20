const ESC = 0x1b;
const BEL = 0x07;
const NEWLINE = 0x0a;

type State = 'text' | 'escape' | 'csi' | 'string' | 'string_escape';

/**
 * Removes terminal control sequences (ECMA-48: CSI, OSC, DCS and the short ones) from bytes that come in pieces; a
 * sequence may be cut anywhere. What comes out is a copy, the piece may be used again. A string sequence that nobody
 * closes ends with its line, so that one stray byte cannot swallow the rest.
 */
export function createAnsiStripper(): (piece: Uint8Array) => Buffer {
  let state: State = 'text';
  return (piece) => {
    if (state === 'text' && piece.indexOf(ESC) < 0) return Buffer.from(piece);
    const out = Buffer.allocUnsafe(piece.length);
    let length = 0;
    for (const byte of piece) {
      if (state === 'text' && byte !== ESC) {
        out[length++] = byte;
        continue;
      }
      state = next(state, byte);
      if (byte === NEWLINE) {
        out[length++] = byte;
        state = 'text';
      }
    }
    return out.subarray(0, length);
  };
}

function next(state: State, byte: number): State {
  switch (state) {
    case 'text':
      return 'escape';
    case 'escape':
      if (byte === 0x5b) return 'csi';
      // OSC ], DCS P, SOS X, PM ^, APC _
      if ([0x5d, 0x50, 0x58, 0x5e, 0x5f].includes(byte)) return 'string';
      // Intermediate bytes come before the last one, as in `ESC ( B`.
      return byte === ESC || (byte >= 0x20 && byte <= 0x2f) ? 'escape' : 'text';
    case 'csi':
      if (byte === ESC) return 'escape';
      return byte >= 0x40 && byte <= 0x7e ? 'text' : 'csi';
    case 'string':
      if (byte === ESC) return 'string_escape';
      return byte === BEL ? 'text' : 'string';
    case 'string_escape':
      // `ESC \` closes it; any other sequence that begins here replaces it.
      return byte === 0x5c ? 'text' : next('escape', byte);
  }
}
