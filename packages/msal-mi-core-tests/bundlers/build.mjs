/**
 * Bundles an application: `node bundlers/build.mjs <entry> <folder> <name>...`. Each name is a bundler with settings that
 * people use; its output goes to `<folder>/<name>/app.*`. Prints what the bundlers warned of, as JSON by name.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [entry, folder, ...names] = process.argv
  .slice(2)
  .map((argument, index) => (index < 2 ? resolve(argument) : argument));

const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const viaEsbuild = (options) => async (outdir) => {
  const { build } = await import('esbuild');
  const outExtension = { '.js': options.format === 'esm' ? '.mjs' : '.cjs' };
  const common = { entryPoints: { app: entry }, bundle: true, platform: 'node', logLevel: 'silent' };
  const { warnings } = await build({ ...common, outdir, outExtension, ...options });
  return warnings.map(({ text }) => text);
};

/** webpack and rspack take the same options. */
const viaWebpack =
  (load, options = {}) =>
  async (path) => {
    const webpack = await load();
    const { output, ...rest } = options;
    const common = { mode: 'production', target: 'node', entry, context: resolve(entry, '..') };
    const compiler = webpack({ ...common, output: { path, filename: 'app.cjs', ...output }, ...rest });
    const stats = await new Promise((done, fail) =>
      compiler.run((error, result) => (error ? fail(error) : done(result))),
    );
    const { warnings, errors } = stats.toJson({ all: false, warnings: true, errors: true });
    if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
    return warnings.map(({ message }) => message);
  };
const webpack = async () => (await import('webpack')).default;
const rspack = async () => (await import('@rspack/core')).rspack;
const MODULES = {
  experiments: { outputModule: true },
  output: { filename: 'app.mjs', module: true, chunkFormat: 'module' },
};

const viaRollup = (output) => async (dir) => {
  const { rollup } = await import('rollup');
  const plugins = await Promise.all(
    ['node-resolve', 'commonjs', 'json'].map((name) => import(`@rollup/plugin-${name}`)),
  );
  const warnings = [];
  const bundle = await rollup({
    input: { app: entry },
    plugins: plugins.map(({ default: plugin }) => plugin()),
    onwarn: ({ code, message }) => code !== 'CIRCULAR_DEPENDENCY' && warnings.push(message),
  });
  await bundle.write({ dir, ...output });
  return warnings.filter((text) => !/node_modules\/(?!msal-)/.test(text));
};

async function viaVite(outDir) {
  const { build } = await import('vite');
  await build({
    root: resolve(entry, '..'),
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: entry,
      outDir,
      rollupOptions: { output: { entryFileNames: 'app.mjs', chunkFileNames: '[name].mjs' } },
    },
    ssr: { noExternal: true },
  });
  return [];
}

const viaRolldown = (format) => async (dir) => {
  const { build } = await import('rolldown');
  const output = { dir, format, entryFileNames: format === 'esm' ? 'app.mjs' : 'app.cjs' };
  await build({ input: entry, platform: 'node', logLevel: 'silent', output });
  return [];
};

/** Bun bundles for Node.js too; its JavaScript interface is there in Bun alone. */
const viaBun =
  (...options) =>
  async (outdir) => {
    const bun = createRequire(import.meta.url).resolve(`@oven/bun-${process.platform}-${process.arch}/bin/bun`);
    const args = ['build', entry, '--target=node', `--outdir=${outdir}`, '--entry-naming=app.mjs', ...options];
    const { status, stderr } = spawnSync(bun, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return [];
  };

const viaRsbuild = (tools) => async (root) => {
  const { createRsbuild } = await import('@rsbuild/core');
  const output = { target: 'node', distPath: { root }, filename: { js: '[name].mjs' } };
  const config = { source: { entry: { app: entry } }, output, tools, logLevel: 'silent' };
  const rsbuild = await createRsbuild({ cwd: resolve(entry, '..'), rsbuildConfig: config });
  const { stats } = await rsbuild.build();
  return stats.toJson({ all: false, warnings: true }).warnings.map(({ message }) => message);
};

async function viaNcc(outdir) {
  process.noDeprecation = true; // its own code does what Node.js 26 deprecates
  const { default: ncc } = await import('@vercel/ncc');
  const { code, assets } = await ncc(entry, { quiet: true, filename: 'app.mjs', esm: true });
  const { writeFileSync } = await import('node:fs');
  writeFileSync(resolve(outdir, 'app.mjs'), code);
  for (const [name, { source }] of Object.entries(assets)) {
    mkdirSync(resolve(outdir, name, '..'), { recursive: true });
    writeFileSync(resolve(outdir, name), source);
  }
  return [];
}

const BUNDLERS = {
  'esbuild-esm': viaEsbuild({ format: 'esm' }),
  'esbuild-esm-banner': viaEsbuild({ format: 'esm', banner: { js: BANNER } }),
  'esbuild-split': viaEsbuild({ format: 'esm', splitting: true, minify: true }),
  'esbuild-cjs': viaEsbuild({ format: 'cjs' }),
  webpack: viaWebpack(webpack),
  'webpack-esm': viaWebpack(webpack, MODULES),
  'webpack-dirname-false': viaWebpack(webpack, { node: { __dirname: false } }),
  'webpack-dirname-true': viaWebpack(webpack, { node: { __dirname: true } }),
  'webpack-dirname-mock': viaWebpack(webpack, { node: { __dirname: 'mock' } }),
  rspack: viaWebpack(rspack),
  'rspack-dirname-false': viaWebpack(rspack, { node: { __dirname: false } }),
  'rspack-dirname-mock': viaWebpack(rspack, { node: { __dirname: 'mock' } }),
  'rollup-esm': viaRollup({ format: 'es', entryFileNames: 'app.mjs' }),
  'rollup-cjs': viaRollup({ format: 'cjs', entryFileNames: 'app.cjs' }),
  'rolldown-esm': viaRolldown('esm'),
  'rolldown-cjs': viaRolldown('cjs'),
  'vite-ssr': viaVite,
  bun: viaBun(),
  'bun-split': viaBun('--splitting', '--minify'),
  rsbuild: viaRsbuild({ rspack: { node: { __dirname: 'node-module' } } }),
  'rsbuild-dirname-false': viaRsbuild({}),
  ncc: viaNcc,
};

const warnings = {};
for (const name of names) {
  const outdir = resolve(folder, name);
  mkdirSync(outdir, { recursive: true });
  warnings[name] = await BUNDLERS[name](outdir);
}
process.stdout.write(JSON.stringify(warnings));
