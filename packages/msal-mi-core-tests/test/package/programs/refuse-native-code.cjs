/** Preloaded: makes loading any native addon an error. */
process.dlopen = (_module, filename) => {
  throw new Error(`native code was loaded: ${filename}`);
};
