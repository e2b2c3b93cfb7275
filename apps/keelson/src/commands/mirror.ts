import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { registryAccess } from '@keelson/deployment';
import { InvalidReferenceError, parsePlatform, parseRepository } from '@keelson/registry';
import type { Platform } from '@keelson/registry';
import { interruption } from '../interruption';
import { mirrorImage } from '../mirror/mirror-image';
import type { Mirrored } from '../mirror/mirror-image';
import { parseMirrorList } from '../mirror/mirror-list';
import { printableText } from '../report/printable';
import { byteCount } from '../report/byte-count';
import { remoteRegistries } from '../registries';
import { UsageError } from '../usage-error';
import { writeJson } from './context';
import type { Context } from './context';

export type MirrorOptions = { to?: string; platform: readonly string[]; dryRun?: boolean };

/** `keelson mirror LIST`: copies images from registry to registry. Returns the exit status: 1 when one could not be brought. */
export async function mirror(context: Context, file: string, options: MirrorOptions): Promise<number> {
  const platforms = options.platform.map(platformOf);
  checkPrefix(options.to);
  const images = parseMirrorList(await textOf(file), options.to);
  const client = registryAccess(remoteRegistries());
  const { signal, status } = interruption(context.output.gone);
  let failed = 0;
  try {
    for (const [index, image] of images.entries()) {
      const means = { client, platforms, isDryRun: options.dryRun === true };
      const mirrored = await mirrorImage(means, image, signal);
      if (mirrored.state === 'failed') failed += 1;
      await tell(context, mirrored, `${index + 1}/${images.length}`);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    return status() ?? 1;
  } finally {
    await client.close();
  }
  return failed === 0 ? 0 : 1;
}

async function textOf(file: string): Promise<string> {
  if (file === '-') return (await buffer(process.stdin)).toString('utf8');
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`the list ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function platformOf(text: string): Platform {
  const platform = parsePlatform(text);
  if (platform === undefined) throw new UsageError(`${JSON.stringify(text)} is no platform: it is like linux/arm64`);
  return platform;
}

function checkPrefix(prefix: string | undefined): void {
  if (prefix === undefined) return;
  try {
    parseRepository(`${prefix}/image`);
  } catch (error) {
    if (!(error instanceof InvalidReferenceError)) throw error;
    throw new UsageError(`--to: ${error.message}`, { cause: error });
  }
}

async function tell(context: Context, mirrored: Mirrored, place: string): Promise<void> {
  if (context.isJson) return writeJson(context, mirrored);
  const { from, to, state, digest, error } = mirrored;
  if (error !== null) return context.problems.write(printableText(`${place}  failed   ${from}: ${error}`));
  const size = state === 'there' ? '' : `  ${sizeText(mirrored)}`;
  await context.output.write(printableText(`${place}  ${state.padEnd(7)}  ${to}  ${digest}${size}`));
}

const sizeText = ({ sentBytes, mountedBytes, thereBytes }: Mirrored): string =>
  `${byteCount(sentBytes)} sent, ${byteCount(mountedBytes)} mounted, ${byteCount(thereBytes)} there`;
