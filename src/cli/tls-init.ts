// `moorage tls init`: which files are made, in which order, and which of those that are there stay.
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError } from '../config/config-error.ts';
import { isError } from '../oci/is-error.ts';
import { makeTree } from '../storage/filesystem/make-tree.ts';
import { PrivateDirectory } from '../storage/filesystem/private-directory.ts';
import { CannotWriteError, publishFile } from '../storage/filesystem/published-file.ts';
import { type IssuingAuthority, issueAuthority, issueServer } from '../tls/issue/certificates.ts';
import { issuingKeyOf, newKey } from '../tls/issue/issuing-key.ts';
import { namesOfThisMachine, parseServerName, type ServerName } from '../tls/issue/server-names.ts';
import { parseKeyPair } from '../tls/key-pair.ts';
import { holdsAt } from '../tls/validity.ts';
import { CommandError } from './failure.ts';
import { tlsInitText } from './tls-init-text.ts';

export interface TlsInitRequest {
  /** As written; none: those of this machine. */
  readonly names: readonly string[];
  readonly directory: string;
  /** Where the server will listen. */
  readonly port: number;
}

const fileNames = {
  authority: 'ca.crt',
  authorityKey: 'ca.key',
  certificate: 'server.crt',
  key: 'server.key',
} as const;

/** Returns the exit code. Everything that is made is durable and whole, or not there. */
export async function tlsInit({ names: written, directory, port }: TlsInitRequest): Promise<number> {
  const names = namesOf(written);
  const path = resolve(directory);
  const nowMs = Date.now();
  const files = await CertificateDirectory.at(path);
  const authority = await files.authority(nowMs);
  const key = await files.key(fileNames.key);
  const certificate = await issuedBy(authority, { names, key: key.pem, nowMs, path });
  await files.publish(fileNames.certificate, certificate);
  process.stdout.write(
    tlsInitText({
      directory: path,
      isNewAuthority: authority.isNew,
      isNewKey: key.isNew,
      names: names.map(({ value }) => value),
      untilMs: Date.parse(new X509Certificate(certificate).validTo),
      port,
    }),
  );
  return 0;
}

function namesOf(written: readonly string[]): readonly ServerName[] {
  if (written.length === 0) return namesOfThisMachine(hostname());
  return written.map((each) => {
    const name = parseServerName(each);
    if (name !== undefined) return name;
    const message = `"${each}" is no name of a host and no address; write e.g. registry.example or 10.0.0.7, without scheme and port`;
    throw new ConfigError([{ origin: '--name', message }]);
  });
}

interface OwnAuthority extends IssuingAuthority {
  readonly isNew: boolean;
}

class CertificateDirectory {
  readonly #path: string;
  readonly #private: PrivateDirectory;

  private constructor(path: string) {
    this.#path = path;
    this.#private = new PrivateDirectory(path);
  }

  /** Made where it is not there. */
  static async at(path: string): Promise<CertificateDirectory> {
    try {
      await makeTree(path, 0o777);
      return new CertificateDirectory(path);
    } catch (error) {
      throw new CommandError(`cannot make ${path}: ${isError(error) ? error.message : 'unknown error'}`);
    }
  }

  /** The one that is there, or a new one. */
  async authority(nowMs: number): Promise<OwnAuthority> {
    const certificate = await this.#certificate(fileNames.authority);
    if (certificate !== undefined && this.#private.read(fileNames.authorityKey) === undefined) {
      throw this.#refusal(
        fileNames.authorityKey,
        `is not there, and ${fileNames.authority} is: restore it, or name another --dir`,
      );
    }
    const { pem } = await this.key(fileNames.authorityKey);
    if (certificate !== undefined) return { ...(await this.#checked(certificate, pem, nowMs)), isNew: false };
    const key = await issuingKeyOf(pem);
    const made = await issueAuthority(key, `moorage CA of ${hostname()} ${markOf(pem)}`, nowMs);
    await this.publish(fileNames.authority, made);
    return { certificate: made, key, isNew: true };
  }

  /** PEM, made where it is not there yet. */
  async key(name: string): Promise<{ readonly pem: string; readonly isNew: boolean }> {
    const isNew = await this.#private.create(name, newKey());
    const pem = this.#private.read(name);
    if (pem === undefined) throw this.#refusal(name, 'is gone again');
    return { pem, isNew };
  }

  async publish(name: string, text: string): Promise<void> {
    try {
      await publishFile(join(this.#path, name), bytesOf(text), { through: [], signal: new AbortController().signal });
    } catch (error) {
      if (error instanceof CannotWriteError) throw new CommandError(error.message);
      throw error;
    }
  }

  async #certificate(name: string): Promise<Buffer | undefined> {
    try {
      return await readFile(join(this.#path, name));
    } catch (error) {
      if (isError(error) && 'code' in error && error.code === 'ENOENT') return undefined;
      throw this.#refusal(name, `cannot be read: ${isError(error) ? error.message : 'unknown error'}`);
    }
  }

  async #checked(certificate: Buffer, key: string, nowMs: number): Promise<IssuingAuthority> {
    const pair = parseKeyPair(certificate, Buffer.from(key));
    if ('reason' in pair) {
      const name = pair.at === 'key' ? fileNames.authorityKey : fileNames.authority;
      throw this.#refusal(name, `cannot be used: ${pair.reason}`);
    }
    if (!pair.own.ca) throw this.#refusal(fileNames.authority, 'is no certificate of a CA');
    if (!holdsAt(pair.lifetime, nowMs)) {
      throw this.#refusal(
        fileNames.authority,
        `holds until ${pair.own.validTo} and not now: name another --dir for a new CA`,
      );
    }
    return { certificate: pair.own.toString(), key: await issuingKeyOf(pair.key) };
  }

  #refusal(name: string, why: string): CommandError {
    return new CommandError(`${join(this.#path, name)} ${why}`);
  }
}

/** Clients tell CAs apart by their names. Of the key, so that two who make the CA of one key at once make the same. */
function markOf(key: string): string {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 8);
}

interface IssueOptions {
  readonly names: readonly ServerName[];
  readonly key: string;
  readonly nowMs: number;
  readonly path: string;
}

async function issuedBy(authority: IssuingAuthority, { names, key, nowMs, path }: IssueOptions): Promise<string> {
  try {
    return await issueServer(authority, { names, publicKey: (await issuingKeyOf(key)).publicKey, nowMs });
  } catch (error) {
    const why = isError(error) ? error.message : 'unknown error';
    throw new CommandError(`${join(path, fileNames.key)} cannot be used: ${why}; remove it, and a new one is made`);
  }
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
