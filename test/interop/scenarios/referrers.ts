// An artifact with two referrers: pushed, listed and pulled back by the tools that know referrers, and by each other.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expectEqual } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';
import { type Artifacts, isAble, type Tool } from '../tools/tool.ts';

const types = ['application/vnd.example.sbom.v1', 'application/vnd.example.signature.v1'];

export const referrers: Scenario = async (lab) => {
  const { checks, tools, registry } = lab;
  const able: { tool: Tool; artifacts: Artifacts }[] = [];
  for (const tool of tools) {
    const artifacts = tool.artifacts;
    if (isAble(artifacts)) able.push({ tool, artifacts });
    else checks.notApplicable(tool.name, 'an artifact with two referrers', artifacts.cannot);
  }
  for (const { tool, artifacts } of able) {
    await checks.check(tool.name, 'an artifact with two referrers', () => pushAndList(lab, tool, artifacts));
  }
  for (const reader of able) {
    for (const { tool: writer } of able) {
      if (reader.tool === writer) continue;
      const repository = repositoryOf(writer);
      await checks.check(reader.tool.name, "another tool's referrers", async () => {
        const seen = await reader.artifacts.referrers(registry.reference(repository, 'v1'));
        expectEqual(seen.length, types.length, `the referrers that ${writer.name} attached`);
        return `${seen.length} by ${writer.name}`;
      });
    }
  }
};

async function pushAndList({ registry, scratch, left }: Lab, tool: Tool, artifacts: Artifacts): Promise<string> {
  const repository = repositoryOf(tool);
  const reference = registry.reference(repository, 'v1');
  const file = join(scratch, 'artifact.txt');
  const content = `an artifact of ${tool.name}\n`;
  await writeFile(file, content);
  await artifacts.push(reference, 'application/vnd.example.artifact.v1', file);
  expectEqual((await artifacts.pull(reference)).toString(), content, 'the file pulled');
  const { digest, mediaType } = await registry.manifest(repository, 'v1');
  for (const type of types) {
    await writeFile(file, `${type} by ${tool.name}\n`);
    await artifacts.attach(reference, type, file);
  }
  const served = await registry.referrers(repository, digest);
  expectEqual(served.length, types.length, 'referrers that the registry lists');
  const seen = await artifacts.referrers(reference);
  expectEqual(seen.toSorted().join(), served.toSorted().join(), 'referrers that the tool lists');
  expectEqual((await registry.tags(repository)).join(), 'v1', 'the tags of the repository');
  left.push({ tool: tool.name, kind: 'artifact', repository, tag: 'v1', digest, mediaType });
  return `${seen.length} referrers of ${digest}`;
}

function repositoryOf(tool: Tool): string {
  return `interop/${tool.name}/artifact`;
}
