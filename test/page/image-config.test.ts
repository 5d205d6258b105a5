// Configs of images, as builders and strangers write them.
import { describe, expect, it } from 'vitest';
import { parseImageConfig } from '../../page/image-config.ts';

describe('the config of an image', () => {
  it('says what is run, and which command made each layer', () => {
    const config = parseImageConfig(
      JSON.stringify({
        ...{ os: 'linux', architecture: 'arm64', variant: 'v8', created: '2026-01-01T00:00:00Z' },
        config: { Env: ['A=1', 'B=2'], Cmd: ['sh', '-c', 'run'], ExposedPorts: { '80/tcp': {} }, Labels: { a: 'b' } },
        history: [
          { created_by: '/bin/sh -c #(nop) ADD file:1 in / ' },
          { created_by: 'ENV A=1', empty_layer: true },
          { created_by: 'RUN make', created: '2026-01-01T00:00:01Z' },
        ],
      }),
    );
    expect(config?.facts).toEqual([
      ['Platform', 'linux/arm64/v8'],
      ['Created', '2026-01-01T00:00:00Z'],
      ['Command', 'sh -c run'],
      ['Ports', '80/tcp'],
      ['Environment', 'A=1\nB=2'],
    ]);
    expect(config?.ofLayers).toEqual([
      { command: 'ADD file:1 in / ', created: undefined },
      { command: 'RUN make', created: '2026-01-01T00:00:01Z' },
    ]);
    expect([config?.without, config?.labels]).toEqual([1, { a: 'b' }]);
  });

  it('is taken as it comes when a stranger wrote it', () => {
    const odd = {
      config: { Env: 7, Labels: { a: 1, b: ['x'] }, ExposedPorts: [] },
      history: [null, 'x', { created_by: 3 }],
    };
    expect(parseImageConfig(JSON.stringify(odd))).toEqual({
      ...{ facts: [], labels: {}, ofLayers: [{ command: '', created: undefined }], without: 0 },
    });
    for (const text of ['', 'null', '[]', '7', '{']) expect(parseImageConfig(text)).toBeUndefined();
  });
});
