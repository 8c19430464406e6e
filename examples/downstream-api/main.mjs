import { readFile } from 'node:fs/promises';
import { createDownstreamApi } from 'msal-mi-core/downstream-api';

const settings = JSON.parse(await readFile(new URL('appsettings.json', import.meta.url), 'utf8'));
// What differs between development and production: where the API is, and that a key in memory will do.
const development = { BaseUrl: process.env.EMULATOR_API_URL, MinStrength: 'Software' };

const api = createDownstreamApi({ ...settings, Orders: { ...settings.Orders, ...development } });
const response = await api.callApiForApp('Orders');
const { method, path } = await response.json();
console.log(`${response.status}: ${method} ${path}`);
