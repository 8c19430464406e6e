/** Values that fail when they are looked at. */
export const untouchable = () =>
  new Proxy(
    {},
    {
      get() {
        throw new Error('get');
      },
      getPrototypeOf() {
        throw new Error('getPrototypeOf');
      },
    },
  );
