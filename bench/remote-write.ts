/** One series with one sample, for Prometheus's remote write. */
export interface WrittenSample {
  /** In the order of their names. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** Epoch milliseconds. */
  readonly at: number;
  readonly value: number;
}

/** Sends samples; all of them are newer than what was sent before, or Prometheus refuses them. */
export async function remoteWrite(url: string, samples: readonly WrittenSample[]): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: snappy(Buffer.concat(samples.map((sample) => field(1, series(sample))))),
  });
  if (!response.ok) throw new Error(`remote write answered ${response.status}: ${await response.text()}`);
}

/** https://github.com/prometheus/prometheus/blob/main/prompb/types.proto */
function series({ labels, at, value }: WrittenSample): Buffer {
  const number = Buffer.alloc(9);
  number[0] = 0x09;
  number.writeDoubleLE(value, 1);
  const sample = Buffer.concat([number, Buffer.from([0x10]), varint(at)]);
  const pairs = labels.map(([name, text]) =>
    field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(text))])),
  );
  return Buffer.concat([...pairs, field(2, sample)]);
}

function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

/** The block format without any compression: https://github.com/google/snappy/blob/main/format_description.txt */
function snappy(content: Buffer): Uint8Array<ArrayBuffer> {
  const parts: Buffer[] = [varint(content.length)];
  for (let from = 0; from < content.length; from += 65_536) {
    const literal = content.subarray(from, from + 65_536);
    const head = Buffer.from([61 << 2, 0, 0]);
    head.writeUInt16LE(literal.length - 1, 1);
    parts.push(head, literal);
  }
  return new Uint8Array(Buffer.concat(parts));
}
