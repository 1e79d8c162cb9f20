import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OutputBundle, Plugin, RolldownOutput } from 'rolldown';

const FOLDER = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const LICENCE = /^licen[cs]e(?:\.md|\.txt)?$/i;

export interface BuiltIn {
  readonly name: string;
  readonly version: string;
  /** SPDX. */
  readonly license: string;
  /** Of that licence. */
  readonly text: string;
}

/**
 * The packages whose code is in a bundle, by name, each with its version, its licence (SPDX) and the text of that.
 * Throws where a package comes without the text.
 */
export function builtIn(bundle: OutputBundle | RolldownOutput['output']): readonly BuiltIn[] {
  const ids = Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? Object.keys(file.modules) : []));
  const folders = new Set(ids.flatMap((id) => FOLDER.exec(id)?.[1] ?? []));
  return [...folders].map(packageIn).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function packageIn(folder: string): BuiltIn {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Omit<BuiltIn, 'text'>;
  const file = readdirSync(folder).find((one) => LICENCE.test(one));
  if (file === undefined) throw new Error(`${folder} has no licence text, which has to go with its code`);
  const { name, version, license } = manifest;
  return { name, version, license, text: readFileSync(join(folder, file), 'utf8').trim() };
}

/** Writes their licences beside the code: each of them asks for that. */
export const notices: Plugin = {
  name: 'notices',
  generateBundle(_options, bundle) {
    const parts = builtIn(bundle).map(
      ({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}\n`,
    );
    const source = `The code of these packages is in the files beside this one.\n\n${parts.join(`\n${'-'.repeat(78)}\n\n`)}`;
    this.emitFile({ type: 'asset', fileName: 'third-party.txt', source });
  },
};
