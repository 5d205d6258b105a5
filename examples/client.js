// What is tested: pulls a manifest, and tries again where that may help.
const mostTries = 3;

async function pullManifest(url, name, tag) {
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await fetch(`${url}/v2/${name}/manifests/${tag}`, { headers: { accept: '*/*' } });
      await answer.arrayBuffer();
      if (answer.ok) return answer.headers.get('docker-content-digest');
      if (answer.status < 500) throw new NotRetried(`the registry answered ${answer.status}`);
      throw new Error(`the registry answered ${answer.status}`);
    } catch (error) {
      if (error instanceof NotRetried || tries === mostTries) throw error;
    }
  }
}

class NotRetried extends Error {}

module.exports = { pullManifest };
