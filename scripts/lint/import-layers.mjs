/**
 * ESLint rule: imports follow the table of `layers.mjs`. It looks at static and dynamic imports, re-exports, `require`
 * and `import('...')` types of every file below `packages/<published package>/src`.
 */
import { dirname, posix, relative, sep } from 'node:path';
import { CORE_LAYERS, PACKAGES } from './layers.mjs';

const WORKSPACE_PACKAGES = [...Object.keys(PACKAGES), 'msal-mi-core-tests'];

/** @returns the package and the path inside of its `src`, or undefined for files that are not published source */
function locate(cwd, filename) {
  const path = relative(cwd, filename).split(sep).join('/');
  const match = /^packages\/([^/]+)\/src\/(.+)$/.exec(path);
  return match && Object.hasOwn(PACKAGES, match[1]) ? { packageName: match[1], path: match[2] } : undefined;
}

function layerOf(path) {
  const file = path.replace(/\.js$/, '.ts');
  return Object.keys(CORE_LAYERS).find((layer) =>
    CORE_LAYERS[layer].files.some((entry) => (entry.endsWith('/') ? file.startsWith(entry) : file === entry)),
  );
}

/** All named parts are types: `import { type A, type B }`. */
const namesOnlyTypes = (node, kind) =>
  node.specifiers?.length > 0 && node.specifiers.every((specifier) => specifier[kind] === 'type');

export const importLayers = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      layer: '{{from}} may not import {{to}} (scripts/lint/layers.mjs says who may).',
      typesOnly: '{{from}} may import only types from {{to}}.',
      outside: '{{path}} leaves the src folder of its package.',
      tests: 'Nothing imports the tests.',
      package: '{{from}} may not import {{to}} like this ({{allowed}}).',
      unknown: '{{path}} belongs to no layer: give it a row in scripts/lint/layers.mjs.',
    },
  },
  create(context) {
    const file = locate(context.cwd, context.filename);
    if (file === undefined) return {};
    const isCore = file.packageName === 'msal-mi-core';
    const layer = isCore ? layerOf(file.path) : undefined;

    function checkPackage(node, specifier, kind) {
      const target = WORKSPACE_PACKAGES.find((name) => specifier === name || specifier.startsWith(`${name}/`));
      if (target === undefined) return;
      if (target === 'msal-mi-core-tests') return context.report({ node, messageId: 'tests' });
      const allowed = PACKAGES[file.packageName][target];
      const isAllowed =
        allowed?.kinds.includes(kind) && (allowed.only === undefined || allowed.only.includes(file.path));
      if (isAllowed) return;
      const how = allowed ? [...allowed.kinds, ...(allowed.only ?? [])].join(', ') : 'not at all';
      context.report({
        node,
        messageId: 'package',
        data: { from: file.packageName, to: target, allowed: `allowed: ${how}` },
      });
    }

    function checkRelative(node, specifier, kind) {
      const target = posix.join(dirname(file.path).split(sep).join('/'), specifier);
      if (/(^|\/)msal-mi-core-tests\//.test(target)) return context.report({ node, messageId: 'tests' });
      if (target.startsWith('..')) {
        // For its version: one level above src and dist.
        if (target === '../package.json') return;
        return context.report({ node, messageId: 'outside', data: { path: specifier } });
      }
      if (!isCore || layer === undefined) return;
      const to = layerOf(target);
      if (to === undefined) return context.report({ node, messageId: 'unknown', data: { path: target } });
      if (to === layer || CORE_LAYERS[layer].may.includes(to)) return;
      const typesAllowed = CORE_LAYERS[layer].types?.includes(to) ?? false;
      if (typesAllowed && kind === 'type') return;
      context.report({ node, messageId: typesAllowed ? 'typesOnly' : 'layer', data: { from: layer, to } });
    }

    function check(node, source, kind) {
      if (typeof source?.value !== 'string') return;
      const check = source.value.startsWith('.') ? checkRelative : checkPackage;
      check(node, source.value, kind);
    }

    return {
      Program(node) {
        if (isCore && layer === undefined) context.report({ node, messageId: 'unknown', data: { path: file.path } });
      },
      ImportDeclaration(node) {
        const isType = node.importKind === 'type' || namesOnlyTypes(node, 'importKind');
        check(node, node.source, isType ? 'type' : 'value');
      },
      ExportNamedDeclaration(node) {
        const isType = node.exportKind === 'type' || namesOnlyTypes(node, 'exportKind');
        check(node, node.source, isType ? 'type' : 'value');
      },
      ExportAllDeclaration: (node) => check(node, node.source, node.exportKind === 'type' ? 'type' : 'value'),
      ImportExpression: (node) => check(node, node.source, 'import()'),
      TSImportType: (node) => check(node, node.source ?? node.argument?.literal, 'type'),
      TSExternalModuleReference: (node) => check(node, node.expression, 'value'),
      'CallExpression[callee.name="require"]': (node) => check(node, node.arguments[0], 'value'),
      'CallExpression[callee.property.name="resolve"][callee.object.name="require"]': (node) =>
        check(node, node.arguments[0], 'value'),
    };
  },
};
