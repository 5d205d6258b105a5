// What the config of an image says (image-spec, config.md), as named values. Whoever made it wrote what they liked: nothing is taken for granted.
import { isDigest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { isImageConfigType } from '../../oci/media-type.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { ImageSource } from '../../transfer/image-source.ts';
import type { ImageTreeNode } from '../../transfer/image-tree-node.ts';

type Values = ReadonlyMap<string, string>;

export interface ConfigValues {
  readonly values: Values;
  readonly environment: Values;
  readonly labels: Values;
  /** What made each layer, in their order; empty where it does not say so of each. */
  readonly commands: readonly string[];
  /** Why there are none, in words. */
  readonly problem: string | undefined;
}

/** JSON of a megabyte is parsed within some milliseconds. */
const largest = 1024 * 1024;
const none: ConfigValues = {
  values: new Map(),
  environment: new Map(),
  labels: new Map(),
  commands: [],
  problem: undefined,
};

type Json = Readonly<Record<string, unknown>>;

export async function configOf(
  source: ImageSource,
  name: RepositoryName,
  { config, layers }: ImageTreeNode,
): Promise<ConfigValues> {
  if (config === undefined || !isImageConfigType(config.mediaType)) return none;
  if (config.size > largest || !isDigest(config.digest))
    return { ...none, problem: 'its config is too large to be read' };
  const text = await textOf(source, name, config);
  const json = text === undefined ? undefined : objectOf(parsed(text));
  if (json === undefined) {
    return { ...none, problem: text === undefined ? 'its config is not here' : 'its config is no JSON object' };
  }
  const run = objectOf(json.config) ?? {};
  return {
    values: valuesIn(json, run),
    environment: environmentIn(run),
    labels: new Map(Object.entries(objectOf(run.Labels) ?? {}).filter(isText)),
    commands: commandsOf(json, layers.length),
    problem: undefined,
  };
}

async function textOf(
  source: ImageSource,
  name: RepositoryName,
  config: NonNullable<ImageTreeNode['config']>,
): Promise<string | undefined> {
  try {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of source.readBlob(name, config, 0)) {
      length += chunk.byteLength;
      // Of another size than its manifest says.
      if (length > largest) return undefined;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'BLOB_UNKNOWN') return undefined;
    throw error;
  }
}

function valuesIn(json: Json, run: Json): Values {
  const platform = [json.os, json.architecture, json.variant].filter((part) => typeof part === 'string').join('/');
  const all: readonly (readonly [string, unknown])[] = [
    ['Platform', platform],
    ['Created', json.created],
    ['Author', json.author],
    ['User', run.User],
    ['Working directory', run.WorkingDir],
    ['Entrypoint', run.Entrypoint],
    ['Command', run.Cmd],
    ['Ports', Object.keys(objectOf(run.ExposedPorts) ?? {})],
    ['Volumes', Object.keys(objectOf(run.Volumes) ?? {})],
    ['Stop signal', run.StopSignal],
  ];
  return new Map(all.map(([name, value]) => [name, shown(value)] as const).filter(([, value]) => value !== ''));
}

/** A list as JSON, since spaces in its words matter. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  const words = listOf(value).filter((each) => typeof each === 'string');
  return words.length === 0 ? '' : JSON.stringify(words);
}

function environmentIn({ Env: env }: Json): Values {
  const values = new Map<string, string>();
  for (const each of listOf(env)) {
    if (typeof each !== 'string') continue;
    const equals = each.indexOf('=');
    values.set(equals < 0 ? each : each.slice(0, equals), equals < 0 ? '' : each.slice(equals + 1));
  }
  return values;
}

/** An entry of the history for each layer, but for those that made none. */
function commandsOf(json: Json, layers: number): readonly string[] {
  const commands = listOf(json.history).flatMap((each) => {
    const line = objectOf(each);
    if (line === undefined || line.empty_layer === true) return [];
    return [typeof line.created_by === 'string' ? line.created_by : ''];
  });
  return commands.length === layers ? commands : [];
}

function isText(entry: [string, unknown]): entry is [string, string] {
  return typeof entry[1] === 'string';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
