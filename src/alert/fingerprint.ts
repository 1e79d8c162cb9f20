/**
 * The fingerprint that Prometheus and Alertmanager give to a set of labels: 64 bit FNV-1a over the names and values in
 * order of the names, each followed by the byte 255; 16 hexadecimal digits.
 */
export function fingerprintOf(labels: Readonly<Record<string, string>>): string {
  const hash = { high: 0xcbf29ce4, low: 0x84222325 };
  for (const name of Object.keys(labels).sort()) {
    add(hash, name);
    add(hash, labels[name]!);
  }
  return hex(hash.high) + hex(hash.low);
}

interface Hash {
  high: number;
  low: number;
}

const encoder = new TextEncoder();

function add(hash: Hash, text: string): void {
  for (const byte of encoder.encode(text)) mix(hash, byte);
  mix(hash, 255);
}

/** Times the prime 2^40 + 0x1b3, in two halves of 32 bits. */
function mix(hash: Hash, byte: number): void {
  const low = (hash.low ^ byte) >>> 0;
  const product = low * 0x1b3;
  const carry = Math.floor(product / 0x1_0000_0000);
  hash.high = (Math.imul(hash.high, 0x1b3) + carry + (low << 8)) >>> 0;
  hash.low = product >>> 0;
}

function hex(half: number): string {
  return half.toString(16).padStart(8, '0');
}
