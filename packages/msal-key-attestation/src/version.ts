/** Version of this package; equals package.json, which a test asserts. */
export const VERSION = '0.0.0';
