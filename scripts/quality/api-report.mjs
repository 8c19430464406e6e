/**
 * The public surface of every entry point, as reviewed text in `etc/*.api.md`.
 * `node scripts/quality/api-report.mjs` fails when a report is out of date, with `--update` it writes them. API Extractor
 * does the work; its own command line wants a configuration file and a compilation for each entry point.
 */
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { entryPoints, publishedPackages, root } from '../workspace.mjs';

const update = process.argv.includes('--update');
const reportFolder = resolve(root, 'etc');
const scratch = resolve(root, 'node_modules/.cache/api-report');
mkdirSync(scratch, { recursive: true });

function reportConfig(projectFolder, name, mainEntryPointFilePath) {
  const none = { logLevel: ExtractorLogLevel.None };
  const reported = { logLevel: ExtractorLogLevel.Warning, addToApiReportFile: true };
  const error = { logLevel: ExtractorLogLevel.Error };
  return ExtractorConfig.prepare({
    packageJsonFullPath: resolve(projectFolder, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder,
      mainEntryPointFilePath,
      compiler: { tsconfigFilePath: resolve(projectFolder, 'tsconfig.json') },
      newlineKind: 'lf',
      apiReport: { enabled: true, reportFileName: `${name}.api.md`, reportFolder, reportTempFolder: scratch },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: error },
        extractorMessageReporting: {
          default: error,
          // Everything that is exported is public; there are no release stages.
          'ae-missing-release-tag': none,
          // Shown in the report, for the reviewer to judge.
          'ae-forgotten-export': reported,
          'ae-undocumented': error,
        },
        tsdocMessageReporting: { default: none },
      },
    },
  });
}

function quietUnlessError(message) {
  message.handled = message.logLevel !== ExtractorLogLevel.Error;
}

const reports = new Set();
let hasFailed = false;
for (const { folder, manifest } of publishedPackages()) {
  const configs = entryPoints(manifest).map(({ subpath, conditions }) =>
    reportConfig(
      folder,
      subpath === '.' ? manifest.name : `${manifest.name}.${subpath.slice(2).replaceAll('/', '.')}`,
      resolve(folder, conditions.import.types),
    ),
  );
  // One compilation for all entry points of a package.
  const compilerState = CompilerState.create(configs[0], {
    additionalEntryPoints: configs.slice(1).map(({ mainEntryPointFilePath }) => mainEntryPointFilePath),
  });
  for (const config of configs) {
    reports.add(config.reportFilePath);
    const result = Extractor.invoke(config, { compilerState, localBuild: update, messageCallback: quietUnlessError });
    if (result.errorCount > 0 || (result.apiReportChanged && !update)) {
      hasFailed = true;
      console.error(`${relative(root, config.reportFilePath)} does not match the code.`);
    }
  }
}

for (const file of readdirSync(reportFolder).map((name) => resolve(reportFolder, name))) {
  if (reports.has(file)) continue;
  if (update) rmSync(file);
  else {
    hasFailed = true;
    console.error(`${relative(root, file)} belongs to no entry point.`);
  }
}
if (hasFailed) {
  console.error('Look at the change of the public surface, then run: pnpm api:update');
  process.exitCode = 1;
} else console.log(`${reports.size} public entry points ${update ? 'written to' : 'match'} etc/*.api.md`);
