/** What a service says. */
export const json = (body, status = 200) => ({ status, body });
export const headersOnly = (headers, status = 200) => ({ status, headers, body: '' });

/** What a management client is made for. */
export const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001';
