// Builds the web page into dist/page: one script and one style, named by what is in them, and no request to another host.
import { rmSync } from 'node:fs';
import { join } from 'node:path';

const directory = join('dist', 'page');

const vite = await load();
if (vite !== undefined) {
  rmSync(directory, { recursive: true, force: true });
  await vite.build({
    root: 'page',
    base: '/page/',
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: join('..', directory),
      emptyOutDir: true,
      assetsDir: '',
      target: 'es2022',
      // Of its own loader for old browsers nothing is needed, and it would be an inline script.
      modulePreload: { polyfill: false },
      // What is inlined would be a data: address, which the page's policy does not allow.
      assetsInlineLimit: 0,
      cssCodeSplit: false,
    },
  });
}

/** Its native parts want a C library, which a container image made FROM scratch may lack: then `/` is a plain page. */
async function load() {
  try {
    return await import('vite');
  } catch (error) {
    console.error(`the web page is not built: vite does not load here (${error.message.split('.', 1)[0]})`);
    return undefined;
  }
}
