/** Which source the environment names (D4). */
import { parseConfiguration } from 'core/config.js';
import { environmentSource } from 'core/source/select-source.js';

const NO_AGENT = () => false;
function sourceOf(env: Record<string, string>, fileExists: (path: string) => boolean = NO_AGENT): string | undefined {
  return environmentSource(parseConfiguration(undefined, env).environment, fileExists);
}
const IDENTITY_ENDPOINT = 'http://localhost:1/token';
const MSI_ENDPOINT = 'http://localhost:2/token';

test('nothing set: only IMDS can be asked', () => {
  expect(sourceOf({})).toBeUndefined();
});

test('A01: identity endpoint, header and server thumbprint mean Service Fabric', () => {
  expect(sourceOf({ IDENTITY_ENDPOINT, IDENTITY_HEADER: 'h', IDENTITY_SERVER_THUMBPRINT: 't' })).toBe('ServiceFabric');
});

test('A02: identity endpoint and header mean App Service, whatever else is set', () => {
  expect(sourceOf({ IDENTITY_ENDPOINT, IDENTITY_HEADER: 'h' })).toBe('AppService');
  const others = { MSI_ENDPOINT, MSI_SECRET: 's', IMDS_ENDPOINT: 'http://localhost:3' };
  expect(sourceOf({ IDENTITY_ENDPOINT, IDENTITY_HEADER: 'h', ...others })).toBe('AppService');
});

test('A03: MSI endpoint and secret mean Machine Learning', () => {
  expect(sourceOf({ MSI_ENDPOINT, MSI_SECRET: 's' })).toBe('MachineLearning');
});

test('A04: an MSI endpoint alone means Cloud Shell, also where Arc could be meant', () => {
  expect(sourceOf({ MSI_ENDPOINT })).toBe('CloudShell');
  expect(sourceOf({ MSI_ENDPOINT, IDENTITY_ENDPOINT, IMDS_ENDPOINT: 'http://localhost:3' })).toBe('CloudShell');
});

test('A05: identity and IMDS endpoint mean Azure Arc', () => {
  expect(sourceOf({ IDENTITY_ENDPOINT, IMDS_ENDPOINT: 'http://localhost:3' })).toBe('AzureArc');
});

test('A06: an installed agent means Azure Arc', () => {
  const looked: string[] = [];
  const isInstalled = (path: string) => looked.push(path) > 0;

  expect(sourceOf({}, isInstalled)).toBe('AzureArc');
  expect(looked).toEqual(['/opt/azcmagent/bin/himds']);
});

test('A07: an empty variable is not set', () => {
  expect(sourceOf({ IDENTITY_ENDPOINT, IDENTITY_HEADER: '' })).toBeUndefined();
  expect(sourceOf({ IDENTITY_ENDPOINT: '', IDENTITY_HEADER: 'h' })).toBeUndefined();
  expect(sourceOf({ IDENTITY_ENDPOINT, IDENTITY_HEADER: 'h', IDENTITY_SERVER_THUMBPRINT: '' })).toBe('AppService');
  expect(sourceOf({ MSI_ENDPOINT, MSI_SECRET: '' })).toBe('CloudShell');
  expect(sourceOf({ MSI_ENDPOINT: '', MSI_SECRET: 's' })).toBeUndefined();
  expect(sourceOf({ IDENTITY_ENDPOINT, IMDS_ENDPOINT: '' })).toBeUndefined();
});

test.each(['IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'IDENTITY_SERVER_THUMBPRINT', 'IMDS_ENDPOINT', 'MSI_SECRET'])(
  '%s alone names no source',
  (name) => {
    expect(sourceOf({ [name]: 'value' })).toBeUndefined();
  },
);
