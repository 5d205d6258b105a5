// The package as another project uses it: by its name, with its types, as docs/testing.md shows it.
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { scratchDirectory } from './moorage-process.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

const compilerOptions = {
  module: 'nodenext',
  target: 'es2023',
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  types: ['node'],
  typeRoots: [join(repository, 'node_modules', '@types')],
};

/** A project of its own that has moorage among its dependencies. */
async function project(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await scratchDirectory();
  await mkdir(join(directory, 'node_modules'));
  await symlink(repository, join(directory, 'node_modules', 'moorage'));
  await writeFile(join(directory, 'package.json'), '{"type": "module"}');
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

async function compile(directory: string): Promise<string> {
  const compiler = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
  return run(process.execPath, [compiler, '-p', directory]).then(
    () => '',
    (failed: { stdout: string }) => failed.stdout,
  );
}

async function runModule(directory: string, name: string): Promise<string> {
  return (await run(process.execPath, [join(directory, name)], { cwd: directory })).stdout;
}

describe('import from "moorage"', () => {
  it('works as docs/testing.md shows it without a socket, types included', async () => {
    const text = await readFile(join(repository, 'docs', 'testing.md'), 'utf8');
    const [, example] = /^## Without a socket$[\s\S]*?^```ts\n([\s\S]*?)^```$/m.exec(text) ?? [];
    const directory = await project({ 'example.ts': example ?? 'there is no example' });
    expect(await compile(directory)).toBe('');
    expect(await runModule(directory, 'example.js')).toMatch(/^http:\/\/127\.0\.0\.1:\d+ 200\n201\n$/);
  });

  it('works as docs/testing.md shows it', async () => {
    const text = await readFile(join(repository, 'docs', 'testing.md'), 'utf8');
    const [, example] = /^```ts\n([\s\S]*?)^```$/m.exec(text) ?? [];
    const directory = await project({ 'example.ts': example ?? 'there is no example' });
    expect(await compile(directory)).toBe('');
    expect(await runModule(directory, 'example.js')).toBe('503 false\n503 false\n200 true\n[ 503, 503, 200 ]\n');
  });

  it('keeps what is pushed into a directory', async () => {
    const directory = await project({
      'main.js': `
        import { createRegistry } from 'moorage';
        const registry = await createRegistry({ root: 'store' });
        const manifest = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] });
        const { statusCode } = await registry.inject({
          method: 'PUT', url: '/v2/team/app/manifests/v1', payload: manifest,
          headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
        });
        await Promise.all([registry.close(), registry.close()]);
        const again = await createRegistry({ root: 'store', readOnly: true });
        const tags = await again.inject('/v2/team/app/tags/list');
        await again.close();
        console.log(statusCode, tags.body);
      `,
    });
    expect(await runModule(directory, 'main.js')).toBe('201 {"name":"team/app","tags":["v1"]}\n');
    expect(await readdir(join(directory, 'store', 'team', 'app'))).toEqual(
      expect.arrayContaining(['blobs', 'index.json', 'oci-layout']),
    );
  });

  it('answers to the names that it is given, and else to every name until it listens', async () => {
    const directory = await project({
      'main.js': `
        import { createRegistry } from 'moorage';
        const asked = async (options, host) => {
          const registry = await createRegistry(options);
          const { statusCode } = await registry.inject({ url: '/v2/', headers: { host } });
          await registry.close();
          return statusCode;
        };
        console.log(await asked({}, 'other.example'));
        console.log(await asked({ hosts: ['Registry.Example'] }, 'other.example'));
        console.log(await asked({ hosts: ['Registry.Example'] }, 'registry.example:443'));
        console.log(await asked({ hosts: 'any' }, 'other.example'));`,
    });
    expect(await runModule(directory, 'main.js')).toBe('200\n421\n200\n200\n');
  });

  it('refuses options of the wrong type', async () => {
    const directory = await project({
      'wrong.ts': `import { createRegistry } from 'moorage';\nawait createRegistry({ root: 1, raedOnly: true });\n`,
    });
    expect(await compile(directory)).toMatch(/wrong\.ts\(2,\d+\)/);
  });

  it('refuses options that it does not know, and says which was meant', async () => {
    const directory = await project({
      'main.js': `
        import { createRegistry } from 'moorage';
        const said = (error) => console.log(error.name, error.message);
        await createRegistry({ readonly: true }).catch(said);
        await createRegistry({ 'a\\nb': 1 }).catch(said);
        const registry = await createRegistry({});
        await registry.listen({ prot: 5000 }).catch(said);
        await registry.close();
      `,
    });
    const lines = (await runModule(directory, 'main.js')).split('\n');
    expect(lines[0]).toBe('TypeError createRegistry: readonly is not an option; did you mean readOnly?');
    expect(lines[1]).toMatch(
      /^TypeError createRegistry: a\\u\{a\}b is not an option; it knows root, paths, .*, warning$/,
    );
    expect(lines.slice(2)).toEqual(['TypeError listen: prot is not an option; did you mean port?', '']);
  });

  it('works inside the package itself, as exports say', async () => {
    const source = `import { createRegistry } from 'moorage'; const r = await createRegistry(); console.log((await r.inject('/v2/')).statusCode); await r.close();`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', source], { cwd: repository });
    expect(stdout).toBe('200\n');
  });
});

const keepsABlob = `
  const keepsABlob = async ({ createRegistry }) => {
    const registry = await createRegistry({ root: 'store' });
    const digest = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
    const headers = { 'content-type': 'application/octet-stream' };
    const url = '/v2/a/blobs/uploads/?digest=' + digest;
    const { statusCode } = await registry.inject({ method: 'POST', url, payload: 'hello', headers });
    const { body } = await registry.inject('/v2/a/blobs/' + digest);
    await registry.close();
    console.log(statusCode, body);
  };`;

describe('require("moorage")', () => {
  it('works where require() takes no ES modules', async () => {
    const directory = await project({ 'main.cjs': `${keepsABlob} keepsABlob(require('moorage'));` });
    const node = (flag: string) => run(process.execPath, [flag, 'main.cjs'], { cwd: directory });
    expect((await node('--no-experimental-require-module')).stdout).toBe('201 hello\n');
  });

  it('works in a realm of its own without import(), as jest runs programs', async () => {
    const directory = await project({
      'main.cjs': `
        const { createContext, compileFunction } = require('node:vm');
        const { createRequire } = require('node:module');
        const { readFileSync } = require('node:fs');
        const file = require.resolve('moorage');
        // What jest's environment of Node hands on. Error is not among it.
        const own = ['Error', 'TypeError', 'RangeError', 'SyntaxError', 'Object', 'Array', 'Map', 'Set', 'Promise', 'JSON', 'Math'];
        const names = Object.getOwnPropertyNames(globalThis).filter((name) => !own.includes(name) && name !== 'globalThis');
        const parsingContext = createContext(Object.fromEntries(names.map((name) => [name, globalThis[name]])));
        const load = (text, module) => {
          const given = ['module', 'exports', 'require', '__filename', '__dirname'];
          compileFunction(text, given, { parsingContext, filename: file })(module, module.exports, createRequire(file), file, '');
          return module.exports;
        };
        const registry = load(readFileSync(file, 'utf8'), { exports: {} });
        load(${JSON.stringify(`${keepsABlob} module.exports = keepsABlob;`)}, { exports: {} })(registry);`,
    });
    expect(await runModule(directory, 'main.cjs')).toBe('201 hello\n');
  });

  it('has types for a program of that kind', async () => {
    const directory = await project({
      'main.cts': `import { createRegistry } from 'moorage';\nexport const opened = createRegistry({ root: 'store' });\n`,
      'wrong.cts': `import { createRegistry } from 'moorage';\ncreateRegistry({ root: 1 });\n`,
    });
    const said = await compile(directory);
    expect(said).toMatch(/wrong\.cts\(2,\d+\)/);
    expect(said).not.toContain('main.cts');
  });
});
