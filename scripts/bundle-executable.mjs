// Bundles the executable after tsc has compiled it: a start then reads five files instead of hundreds, which takes little more
// than half the time on Node 20 (it has no compile cache). The library, dist/index.js, stays as tsc wrote it.

const rolldown = await load();
if (rolldown !== undefined) {
  const bundle = await rolldown({
    input: 'dist/main.js',
    platform: 'node',
    // koffi is optional and loads a binary of its own; our package.json is read where it is.
    external: ['koffi', 'moorage/package.json'],
  });
  await bundle.write({ dir: 'dist', format: 'esm', entryFileNames: 'main.js', chunkFileNames: 'bundle/[name].js' });
  await bundle.close();
}

/** Its native part wants a C library, which a container image made FROM scratch may lack: the program works unbundled too. */
async function load() {
  try {
    return (await import('rolldown')).rolldown;
  } catch (error) {
    console.error(
      `dist/main.js is not bundled and starts slower: rolldown does not load here (${error.message.split('.', 1)[0]})`,
    );
    return undefined;
  }
}
