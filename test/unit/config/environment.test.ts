// The environment's names of the settings, and what is no setting.
import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../../src/config/environment.ts';

describe('readEnvironment', () => {
  it('spells a path in capitals with _ between words', () => {
    const { written, problems } = readEnvironment({
      MOORAGE_STORAGE_ROOT: '/srv/r',
      MOORAGE_SERVER_READ_ONLY: 'true',
      MOORAGE_LOG_REQUESTS: 'false',
      MOORAGE_UPLOADS_EXPIRE_AFTER: '1h',
    });
    expect(problems).toEqual([]);
    expect(written).toEqual([
      { path: 'storage.root', value: '/srv/r', origin: 'MOORAGE_STORAGE_ROOT' },
      { path: 'server.readOnly', value: 'true', origin: 'MOORAGE_SERVER_READ_ONLY' },
      { path: 'log.requests', value: 'false', origin: 'MOORAGE_LOG_REQUESTS' },
      { path: 'uploads.expireAfter', value: '1h', origin: 'MOORAGE_UPLOADS_EXPIRE_AFTER' },
    ]);
  });

  it('names the variable that was meant', () => {
    const { problems } = readEnvironment({ MOORAGE_SERVER_READONLY: 'true', MOORAGE_COLOUR: 'blue' });
    expect(problems).toEqual([
      {
        origin: 'MOORAGE_SERVER_READONLY',
        message: 'is not a setting of moorage; did you mean MOORAGE_SERVER_READ_ONLY?',
      },
      { origin: 'MOORAGE_COLOUR', message: 'is not a setting of moorage; unset it, or see config.example.yaml' },
    ]);
  });

  it.each(['MOORAGE', 'MOORAGE_EDGE', 'MOORAGE_SERVER', 'MOORAGE_2_READ_ONLY'])(
    'leaves alone what Kubernetes sets in every pod beside a service called %s',
    (service) => {
      const kubernetes = {
        [`${service}_SERVICE_HOST`]: '10.0.0.1',
        [`${service}_SERVICE_PORT`]: '5000',
        [`${service}_SERVICE_PORT_HTTP_ALT`]: '5000',
        [`${service}_PORT`]: 'tcp://10.0.0.1:5000',
        [`${service}_PORT_5000_TCP`]: 'tcp://10.0.0.1:5000',
        [`${service}_PORT_5000_TCP_PROTO`]: 'tcp',
        [`${service}_PORT_5000_TCP_PORT`]: '5000',
        [`${service}_PORT_5000_TCP_ADDR`]: '10.0.0.1',
        [`${service}_PORT_53_UDP`]: 'udp://[fd00::1]:53',
      };
      expect(readEnvironment(kubernetes)).toEqual({ written: [], problems: [] });
    },
  );

  it.each([
    ['MOORAGE_PORT', '5000'],
    ['MOORAGE_SERVER_PORT', '5001'],
    ['MOORAGE_SERVER_HOST', '10.0.0.1'],
    ['MOORAGE_PORT_HTTP', 'x'],
    ['MOORAGE_SERVICE', 'x'],
    ['MOORAGE_READ_ONLY', 'tcp://10.0.0.1:5000'],
  ])('takes %s=%s for a setting that somebody hoped for', (name, value) => {
    const { written, problems } = readEnvironment({ [name]: value });
    expect(written).toEqual([]);
    expect(problems).toMatchObject([{ origin: name, message: expect.stringContaining('is not a setting of moorage') }]);
    if (name.endsWith('_PORT')) expect(problems[0]?.message).toContain('did you mean MOORAGE_SERVER_LISTEN?');
  });

  it('takes an empty variable for an absent one, and ignores those of other programs', () => {
    const environment = { MOORAGE_STORAGE_ROOT: '', MOORAGE_CONFIG: 'x.yaml', PATH: '/bin', MY_MOORAGE_X: '1' };
    expect(readEnvironment(environment)).toEqual({ written: [], problems: [] });
  });

  it('refuses an empty variable of what is to keep people out', () => {
    const { written, problems } = readEnvironment({ MOORAGE_AUTH_HTPASSWD: '', MOORAGE_ACCESS: '' });
    expect(written).toEqual([]);
    expect(problems).toEqual([
      {
        origin: 'MOORAGE_AUTH_HTPASSWD',
        message: 'auth.htpasswd is written without a value; give it one, or leave it out',
      },
      { origin: 'MOORAGE_ACCESS', message: 'access is written without a value; give it one, or leave it out' },
    ]);
  });
});
